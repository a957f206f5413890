-- The lock and the last value are tested in the writing statement (P17): a value that somebody edits or deletes while
-- the model is at work is never overwritten, and never one upsert for both cases.

-- name: effects_replace_meta
UPDATE public.media_meta AS m SET value = $3
WHERE m.media_id = $1 AND m.key = $2 AND m.value = $4
    AND NOT EXISTS (
        SELECT FROM public.media_meta AS l
        WHERE l.media_id = $1 AND l.key = 'locks' AND l.value ?| ARRAY['*', $2, regexp_replace($2, '^[^.]+\.', '')]
    )

-- name: effects_insert_meta
INSERT INTO public.media_meta (media_id, key, value)
SELECT $1, $2, $3
WHERE NOT EXISTS (
    SELECT FROM public.media_meta AS l
    WHERE l.media_id = $1 AND l.key = 'locks' AND l.value ?| ARRAY['*', $2, regexp_replace($2, '^[^.]+\.', '')]
)
ON CONFLICT DO NOTHING

-- name: effects_remember
INSERT INTO bildwerk.written (media_id, field, value, content_hash, run_id) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (media_id, field) DO UPDATE SET
    value = excluded.value, content_hash = excluded.content_hash, run_id = excluded.run_id, written_at = now()

-- name: effects_set_quality_status
-- Only where it says nothing or still holds our last value ($3). Our own write keeps the inspected state: it is made only
-- under the inspected mark ($4), whose successor comes back (P6).
UPDATE public.media AS m SET quality_status = $2
WHERE m.id = $1 AND (coalesce(m.quality_status, 'unknown') = 'unknown' OR m.quality_status = $3)
    AND bildwerk.source_mark(m.path, m.updated_at, m.hash) = $4
    AND NOT EXISTS (
        SELECT FROM public.media_meta AS l
        WHERE l.media_id = $1 AND l.key = 'locks' AND l.value ?| ARRAY['*', 'media.quality_status', 'quality_status']
    )
RETURNING bildwerk.source_mark(m.path, m.updated_at, m.hash)

-- name: effects_set_quality_score
UPDATE public.media AS m SET quality_score = $2::real
WHERE m.id = $1 AND (m.quality_score IS NULL OR m.quality_score = $3::real)
    AND bildwerk.source_mark(m.path, m.updated_at, m.hash) = $4
    AND NOT EXISTS (
        SELECT FROM public.media_meta AS l
        WHERE l.media_id = $1 AND l.key = 'locks' AND l.value ?| ARRAY['*', 'media.quality_score', 'quality_score']
    )
RETURNING bildwerk.source_mark(m.path, m.updated_at, m.hash)

-- name: effects_add_event
INSERT INTO public.media_lifecycle_events (media_id, type, payload) VALUES ($1, $2, $3)

-- name: effects_add_prompt
-- One row per distinct result, also when somebody deleted it since; none while somebody locked the prompt.
WITH result AS (
    SELECT md5(jsonb_build_array($2::text, $3::text)::text) AS digest
), added AS (
    INSERT INTO public.prompt_history (media_id, prompt, negative_prompt, source, confidence)
    SELECT $1, $2, $3, $5, $4 FROM result AS r
    WHERE NOT EXISTS (SELECT FROM bildwerk.added_prompts AS a WHERE a.media_id = $1 AND a.digest = r.digest)
        AND NOT EXISTS (
            SELECT FROM public.prompt_history AS p
            WHERE p.media_id = $1 AND p.source = $5 AND p.prompt = $2 AND p.negative_prompt IS NOT DISTINCT FROM $3
        )
        AND NOT EXISTS (
            SELECT FROM public.media_meta AS l
            WHERE l.media_id = $1 AND l.key = 'locks' AND l.value ?| ARRAY['*', 'prompt', 'prompt_history']
        )
    RETURNING media_id
)
INSERT INTO bildwerk.added_prompts (media_id, digest, run_id)
SELECT a.media_id, r.digest, $6 FROM added AS a, result AS r
