-- name: completions_record
-- Before any medium is locked, ids sorted.
INSERT INTO bildwerk.foreign_completions (media_id, job_type)
SELECT DISTINCT c.media_id, c.job_type
FROM unnest($1::bigint[], $2::text[]) AS c (media_id, job_type)
ORDER BY c.media_id, c.job_type
ON CONFLICT DO NOTHING

-- name: completions_plan_numbers
SELECT id, plan_no FROM bildwerk.media WHERE id = ANY($1::bigint[])
