-- name: runs_start
-- Only under a lease that holds. By the clock: the transaction may have begun with the end of another run.
INSERT INTO bildwerk.runs
    (
        media_id, job_type, generation, lease_no, fingerprint, content_hash, recipe, host, model, language, reused_from,
        fused_in, started_at
    )
SELECT m.id, $3, $4, m.lease_no, $5, $6, $7, $8, $9, $10, $11, $12, clock_timestamp()
FROM bildwerk.media AS m
WHERE m.id = $1 AND m.lease_no = $2 AND m.owner IS NOT NULL
RETURNING id

-- name: runs_end
-- The first word stands: a transaction that is repeated after an unknown commit finds its run ended (I14).
UPDATE bildwerk.runs SET
    ended_at = now(), outcome = $2, reason = $3, detail = $4, prompt_tokens = $5, answer_tokens = $6, load_ms = $7,
    prompt_ms = $8, answer_ms = $9, total_ms = $10, raw_answer = $11
WHERE id = $1 AND ended_at IS NULL

-- name: runs_end_open
-- Of a lease: what was put on record with the end of a run whose commit was not heard of, and is not asked for.
UPDATE bildwerk.runs SET ended_at = now(), outcome = 'superseded', reason = ''
WHERE media_id = $1 AND lease_no = $2 AND ended_at IS NULL

-- name: runs_outcome
SELECT outcome FROM bildwerk.runs WHERE id = $1

-- name: runs_begin
-- Under the media's locks, without leases: rules decide, no model is asked. The ids come back in the order of the media.
WITH begun AS (
    INSERT INTO bildwerk.runs
        (media_id, job_type, generation, lease_no, fingerprint, content_hash, recipe, host, model)
    SELECT m.id, q.job_type, q.generation, m.lease_no, q.fingerprint, q.content_hash, '', '', ''
    FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::text[], $5::text[])
        AS q (media_id, job_type, generation, fingerprint, content_hash)
    JOIN bildwerk.media AS m ON m.id = q.media_id
    RETURNING id, media_id
)
SELECT media_id, id FROM begun

-- name: runs_end_all
UPDATE bildwerk.runs AS r SET ended_at = now(), outcome = e.outcome, reason = ''
FROM unnest($1::bigint[], $2::text[]) AS e (id, outcome)
WHERE r.id = e.id AND r.ended_at IS NULL

-- name: runs_standing
-- Of the media $1 each job that is done, with the last run that answered it (null: there is none on record).
SELECT j.media_id, j.job_type, r.recipe, r.model, r.language, r.reused_from
FROM bildwerk.jobs AS j
LEFT JOIN LATERAL (
    SELECT n.recipe, n.model, n.language, n.reused_from FROM bildwerk.runs AS n
    WHERE n.media_id = j.media_id AND n.job_type = j.job_type AND n.generation = j.generation
        AND n.outcome IN ('done', 'kept')
    ORDER BY n.id DESC LIMIT 1
) AS r ON true
WHERE j.media_id = ANY($1::bigint[]) AND j.status = 'done' AND j.job_type = ANY($2::text[])
ORDER BY j.media_id, j.job_type
