-- The lock and the last value are tested in the writing statement (P17): a value that somebody edits or deletes while
-- the model is at work is never overwritten, and never one upsert for both cases.

-- name: effects_replace_meta
WITH ours AS (
    UPDATE {media_meta} AS m SET {media_meta as m: value = $3::jsonb}
    WHERE m.{media_meta.media_id} = $1::bigint AND m.{media_meta.key} = $2::text AND {media_meta.value of m} = $6
        AND NOT EXISTS (
            SELECT FROM public.media_meta AS l
            WHERE l.media_id = $1::bigint AND l.key = 'locks'
                AND l.value ?| ARRAY['*', $2::text, regexp_replace($2::text, '^[^.]+\.', '')]
        )
    RETURNING true
)
INSERT INTO bildwerk.written (media_id, field, value, content_hash, run_id) SELECT $1, $2, $3, $4, $5 FROM ours
ON CONFLICT (media_id, field) DO UPDATE SET
    value = excluded.value, content_hash = excluded.content_hash, run_id = excluded.run_id, written_at = now()

-- name: effects_insert_meta
WITH ours AS (
    INSERT INTO {media_meta: media_id = $1::bigint, key = $2::text, value = $3::jsonb}
    WHERE NOT EXISTS (
        SELECT FROM public.media_meta AS l
        WHERE l.media_id = $1::bigint AND l.key = 'locks'
            AND l.value ?| ARRAY['*', $2::text, regexp_replace($2::text, '^[^.]+\.', '')]
    )
    ON CONFLICT DO NOTHING
    RETURNING true
)
INSERT INTO bildwerk.written (media_id, field, value, content_hash, run_id) SELECT $1, $2, $3, $4, $5 FROM ours
ON CONFLICT (media_id, field) DO UPDATE SET
    value = excluded.value, content_hash = excluded.content_hash, run_id = excluded.run_id, written_at = now()

-- name: effects_remember
INSERT INTO bildwerk.written (media_id, field, value, content_hash, run_id) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (media_id, field) DO UPDATE SET
    value = excluded.value, content_hash = excluded.content_hash, run_id = excluded.run_id, written_at = now()

-- name: effects_set_quality_status
-- Only where it says nothing or still holds our last value ($3). Our own write keeps the inspected state: it is made only
-- under the inspected mark ($4), whose successor comes back (P6).
UPDATE {media} AS m SET {media.quality_status} = {media.quality_status from $2::text}
WHERE m.{media.id} = $1::bigint
    AND (coalesce({media.quality_status of m}, 'unknown') = 'unknown' OR {media.quality_status of m} = $3::text)
    AND bildwerk.source_mark({media.path of m}, {media.updated_at of m}, {media.hash of m}) = $4
    AND NOT EXISTS (
        SELECT FROM public.media_meta AS l
        WHERE l.media_id = $1::bigint AND l.key = 'locks'
            AND l.value ?| ARRAY['*', 'media.quality_status', 'quality_status']
    )
RETURNING bildwerk.source_mark({media.path of m}, {media.updated_at of m}, {media.hash of m})

-- name: effects_set_quality_score
UPDATE {media} AS m SET {media.quality_score} = {media.quality_score from $2::real}
WHERE m.{media.id} = $1::bigint AND (m.{media.quality_score} IS NULL OR {media.quality_score of m} = $3::real)
    AND bildwerk.source_mark({media.path of m}, {media.updated_at of m}, {media.hash of m}) = $4
    AND NOT EXISTS (
        SELECT FROM public.media_meta AS l
        WHERE l.media_id = $1::bigint AND l.key = 'locks'
            AND l.value ?| ARRAY['*', 'media.quality_score', 'quality_score']
    )
RETURNING bildwerk.source_mark({media.path of m}, {media.updated_at of m}, {media.hash of m})

-- name: effects_add_event
INSERT INTO {media_lifecycle_events: media_id = $1::bigint, type = $2::text, payload = $3, created_at = now()}

-- name: effects_add_prompt
-- One row per distinct result, also when somebody deleted it since; none while somebody locked the prompt.
WITH result AS (
    SELECT md5(jsonb_build_array($2::text, $3::text)::text) AS digest, $4::real AS confidence
), added AS (
    INSERT INTO {prompt_history: media_id = $1::bigint, prompt = $2::text, negative_prompt = $3::text,
        source = $5::text,
        confidence = r.confidence, created_at = now()}
    FROM result AS r
    WHERE NOT EXISTS (SELECT FROM bildwerk.added_prompts AS a WHERE a.media_id = $1::bigint AND a.digest = r.digest)
        AND NOT EXISTS (
            SELECT FROM public.prompt_history AS p
            WHERE p.media_id = $1::bigint AND p.source = $5::text AND p.prompt = $2::text
                AND p.negative_prompt IS NOT DISTINCT FROM $3::text
        )
        AND NOT EXISTS (
            SELECT FROM public.media_meta AS l
            WHERE l.media_id = $1::bigint AND l.key = 'locks' AND l.value ?| ARRAY['*', 'prompt', 'prompt_history']
        )
    RETURNING {prompt_history.media_id} AS media_id
)
INSERT INTO bildwerk.added_prompts (media_id, digest, run_id)
SELECT a.media_id, r.digest, $6 FROM added AS a, result AS r
