-- name: facts_media
-- One row per medium known to us, with the platform's row and the inspected picture where they are there.
SELECT
    now() AS now, m.id, m.seen, m.inspected_mark, m.content_hash, m.unreadable AS missing_reason, m.plan_no, m.inspect_at,
    m.inspect_tries, m.look_at, m.look_tries, m.deleted_at, m.due, m.run_at, m.priority, m.alone, m.plan_error,
    p.id IS NOT NULL AS exists, p.path, bildwerk.source_mark(p.path, p.updated_at, p.hash) AS mark,
    p.mime_type, p.width, p.height, p.file_size, p.created_at,
    c.content_hash IS NOT NULL AS has_picture, c.format AS picture_format, c.width AS picture_width,
    c.height AS picture_height, c.pixel_hash, c.unreadable AS picture_unreadable
FROM bildwerk.media AS m
LEFT JOIN public.media AS p ON p.id = m.id
LEFT JOIN bildwerk.pictures AS c ON c.content_hash = m.content_hash
WHERE m.id = ANY($1::bigint[])
ORDER BY m.id

-- name: facts_meta
SELECT media_id, key, value FROM public.media_meta WHERE media_id = ANY($1::bigint[]) AND key = ANY($2::text[])

-- name: facts_written
SELECT media_id, field, value, content_hash FROM bildwerk.written WHERE media_id = ANY($1::bigint[])

-- name: facts_verdicts
SELECT media_id, job_type, status, reason, fingerprint, generation, forced, attempt, run_at
FROM bildwerk.jobs
WHERE media_id = ANY($1::bigint[])

-- name: facts_foreign_completions
SELECT media_id, job_type FROM bildwerk.foreign_completions WHERE media_id = ANY($1::bigint[])
