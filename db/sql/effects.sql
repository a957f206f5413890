-- The lock and the last value are tested in the writing statement (P17): a value that somebody edits or deletes while
-- the model is at work is never overwritten, and never one upsert for both cases.

-- name: effects_replace_meta
UPDATE public.media_meta AS m SET value = $3
WHERE m.media_id = $1 AND m.key = $2 AND m.value = $4
    AND NOT EXISTS (
        SELECT FROM public.media_meta AS l
        WHERE l.media_id = $1 AND l.key = 'locks' AND l.value ?| ARRAY['*', $2, regexp_replace($2, '^ollama\.', '')]
    )

-- name: effects_insert_meta
INSERT INTO public.media_meta (media_id, key, value)
SELECT $1, $2, $3
WHERE NOT EXISTS (
    SELECT FROM public.media_meta AS l
    WHERE l.media_id = $1 AND l.key = 'locks' AND l.value ?| ARRAY['*', $2, regexp_replace($2, '^ollama\.', '')]
)
ON CONFLICT DO NOTHING

-- name: effects_remember
INSERT INTO bildwerk.written (media_id, field, value, content_hash, run_id) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (media_id, field) DO UPDATE SET
    value = excluded.value, content_hash = excluded.content_hash, run_id = excluded.run_id, written_at = now()
