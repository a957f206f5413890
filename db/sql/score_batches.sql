-- name: score_batches_join
-- Only who was not in the batch before comes back.
INSERT INTO bildwerk.score_batches (media_id, batch)
SELECT DISTINCT b.media_id, b.batch
FROM unnest($1::bigint[], $2::text[]) AS b (media_id, batch)
ORDER BY b.media_id, b.batch
ON CONFLICT DO NOTHING
RETURNING media_id, batch

-- name: score_batches_find
-- The next media that a person may mean: $1 the last one seen, $2 how many, $3 ids or null, $4 a pattern for LIKE or
-- null, $5 whether only those without scores.
SELECT p.id
FROM public.media AS p
WHERE p.id > $1::bigint AND ($3::bigint[] IS NULL OR p.id = ANY($3)) AND ($4::text IS NULL OR p.path LIKE $4)
    AND NOT ($5 AND EXISTS (SELECT FROM public.media_meta AS v WHERE v.media_id = p.id AND v.key = 'ollama.scores'))
ORDER BY p.id
LIMIT $2

-- name: score_batches_members
SELECT count(*) FROM bildwerk.score_batches WHERE batch = $1 AND media_id = ANY($2::bigint[])

-- name: score_batches_jobs
SELECT status, count(*) AS number FROM bildwerk.jobs WHERE job_type = $1 AND media_id = ANY($2::bigint[])
GROUP BY status

-- name: score_batches_of
SELECT batch FROM bildwerk.score_batches WHERE media_id = $1 ORDER BY asked_at, batch
