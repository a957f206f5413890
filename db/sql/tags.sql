-- name: tags_names
-- The names that came after $1. Ids of concurrent transactions may be committed out of order: who asks, asks for all
-- of them from time to time.
SELECT id, name FROM public.tags WHERE id > $1 ORDER BY id

-- name: tags_aliases
SELECT key, alias, name, merge_id FROM bildwerk.tag_aliases ORDER BY key

-- name: tags_see
-- Remember what a medium carries, so that what is taken away does not come back.
INSERT INTO bildwerk.tag_links (media_id, tag_id, name)
SELECT l.media_id, l.tag_id, t.name
FROM public.media_tags AS l JOIN public.tags AS t ON t.id = l.tag_id
WHERE l.media_id = ANY($1::bigint[])
    AND NOT EXISTS (SELECT FROM bildwerk.tag_links AS b WHERE b.media_id = l.media_id AND b.tag_id = l.tag_id)
ORDER BY l.media_id, l.tag_id
ON CONFLICT DO NOTHING

-- name: tags_create
-- By name, so that several workers with the same new names wait for each other instead of locking each other up (P23).
INSERT INTO public.tags (name)
SELECT w.name FROM unnest($1::text[]) AS w (name)
WHERE NOT EXISTS (SELECT FROM public.tags AS t WHERE t.name = w.name)
ORDER BY w.name
ON CONFLICT DO NOTHING

-- name: tags_drop
-- What we once gave the medium and would not give it any more, as far as it stands as we left it.
WITH dropped AS (
    DELETE FROM public.media_tags AS l
    USING bildwerk.tag_links AS b, public.tags AS t
    WHERE l.media_id = $1 AND b.media_id = l.media_id AND b.tag_id = l.tag_id AND t.id = l.tag_id
        AND t.name <> ALL($2::text[]) AND b.run_id IS NOT NULL AND NOT l.locked
        AND (l.confidence, l.weight) IS NOT DISTINCT FROM (b.confidence, b.weight)
        AND NOT EXISTS (
            SELECT FROM public.media_meta AS m
            WHERE m.media_id = $1 AND m.key = 'locks' AND m.value ?| ARRAY['*', 'tags', 'media_tags']
        )
    RETURNING l.tag_id
)
DELETE FROM bildwerk.tag_links AS b USING dropped AS d WHERE b.media_id = $1 AND b.tag_id = d.tag_id

-- name: tags_weigh
-- Ours that stand as we left them.
WITH wanted AS (
    SELECT t.id, w.confidence, w.weight
    FROM unnest($2::text[], $3::real[], $4::real[]) AS w (name, confidence, weight)
    JOIN public.tags AS t ON t.name = w.name
), weighed AS (
    UPDATE public.media_tags AS l SET confidence = w.confidence, weight = w.weight
    FROM wanted AS w, bildwerk.tag_links AS b
    WHERE l.media_id = $1 AND l.tag_id = w.id AND b.media_id = l.media_id AND b.tag_id = l.tag_id
        AND b.run_id IS NOT NULL AND NOT l.locked
        AND (l.confidence, l.weight) IS NOT DISTINCT FROM (b.confidence, b.weight)
        AND NOT EXISTS (
            SELECT FROM public.media_meta AS m
            WHERE m.media_id = $1 AND m.key = 'locks' AND m.value ?| ARRAY['*', 'tags', 'media_tags']
        )
    RETURNING l.tag_id, w.confidence, w.weight
)
UPDATE bildwerk.tag_links AS b SET confidence = w.confidence, weight = w.weight, run_id = $5, content_hash = $6
FROM weighed AS w WHERE b.media_id = $1 AND b.tag_id = w.tag_id

-- name: tags_add
-- Only what the medium never carried, as far as we know: a row in tag_links is a tag that is there, or that somebody took
-- away. Somebody may have taken it away under an id that is gone, so the name counts too.
WITH wanted AS (
    SELECT t.id, t.name, w.confidence, w.weight
    FROM unnest($2::text[], $3::real[], $4::real[]) AS w (name, confidence, weight)
    JOIN public.tags AS t ON t.name = w.name
), added AS (
    INSERT INTO public.media_tags (media_id, tag_id, confidence, weight, source)
    SELECT $1, w.id, w.confidence, w.weight, $7 FROM wanted AS w
    WHERE NOT EXISTS (
            SELECT FROM bildwerk.tag_links AS b WHERE b.media_id = $1 AND (b.tag_id = w.id OR b.name = w.name)
        )
        AND NOT EXISTS (
            SELECT FROM public.media_meta AS m
            WHERE m.media_id = $1 AND m.key = 'locks' AND m.value ?| ARRAY['*', 'tags', 'media_tags']
        )
    ORDER BY w.name
    ON CONFLICT DO NOTHING
    RETURNING tag_id
)
INSERT INTO bildwerk.tag_links (media_id, tag_id, name, confidence, weight, run_id, content_hash)
SELECT $1, w.id, w.name, w.confidence, w.weight, $5, $6 FROM wanted AS w JOIN added AS a ON a.tag_id = w.id
ON CONFLICT DO NOTHING
