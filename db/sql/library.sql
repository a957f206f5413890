-- name: library_known
SELECT id, path, hash FROM public.media WHERE path = ANY($1::text[])

-- name: library_put
-- New files are inserted, known ones changed only where their bytes did; other people's columns stay as they are.
INSERT INTO public.media (path, hash, mime_type, file_size, created_at)
SELECT f.path, f.hash, f.mime_type, f.file_size, f.created_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[])
    AS f (path, hash, mime_type, file_size, created_at)
ORDER BY f.path
ON CONFLICT (path) DO UPDATE SET
    hash = excluded.hash, mime_type = excluded.mime_type, file_size = excluded.file_size, width = NULL, height = NULL,
    updated_at = now()
WHERE media.hash IS DISTINCT FROM excluded.hash
RETURNING id, xmax = 0 AS added

-- name: library_scanned
-- A scanner's flag for files that have none: whoever put them there looked at them.
INSERT INTO public.media_meta (media_id, key, value)
SELECT id, 'scan.nsfw', 'false'::jsonb FROM public.media WHERE path = ANY($1::text[])
ON CONFLICT (media_id, key) DO NOTHING

-- name: library_name_tags
INSERT INTO public.tags (name) SELECT DISTINCT name FROM unnest($1::text[]) AS g (name) ORDER BY name ON CONFLICT DO NOTHING

-- name: library_give_tags
INSERT INTO public.media_tags (media_id, tag_id, locked)
SELECT m.id, t.id, g.locked
FROM unnest($1::text[], $2::text[], $3::boolean[]) AS g (path, name, locked)
JOIN public.media AS m ON m.path = g.path JOIN public.tags AS t ON t.name = g.name
ORDER BY m.id, t.id
ON CONFLICT DO NOTHING
