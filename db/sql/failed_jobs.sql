-- name: failed_jobs_of
-- Of the media $1 the jobs that failed, of the types $2.
SELECT j.media_id, j.job_type FROM bildwerk.jobs AS j
WHERE j.media_id = ANY($1::bigint[]) AND j.status = 'failed' AND j.job_type = ANY($2::text[])
ORDER BY j.media_id, j.job_type

-- name: failed_jobs_count
-- $1 job types, $2 reasons, $3 media, failed since $4 (null: any).
SELECT j.job_type, j.reason, count(*) AS number, max(j.changed_at) AS last_at
FROM bildwerk.jobs AS j
WHERE j.status = 'failed' AND ($1::text[] IS NULL OR j.job_type = ANY($1)) AND ($2::text[] IS NULL OR j.reason = ANY($2))
    AND ($3::bigint[] IS NULL OR j.media_id = ANY($3)) AND ($4::timestamptz IS NULL OR j.changed_at >= $4)
GROUP BY j.job_type, j.reason ORDER BY number DESC, j.job_type, j.reason

-- name: failed_jobs_page
-- By medium, above the id $5; with the job types of each.
SELECT j.media_id, array_agg(j.job_type ORDER BY j.job_type) AS job_types
FROM bildwerk.jobs AS j
WHERE j.status = 'failed' AND ($1::text[] IS NULL OR j.job_type = ANY($1)) AND ($2::text[] IS NULL OR j.reason = ANY($2))
    AND ($3::bigint[] IS NULL OR j.media_id = ANY($3)) AND ($4::timestamptz IS NULL OR j.changed_at >= $4)
    AND j.media_id > $5
GROUP BY j.media_id ORDER BY j.media_id LIMIT $6

-- name: failed_jobs_newest
SELECT j.media_id, j.job_type, j.reason, j.generation, j.changed_at
FROM bildwerk.jobs AS j
WHERE j.status = 'failed' AND ($1::text[] IS NULL OR j.job_type = ANY($1)) AND ($2::text[] IS NULL OR j.reason = ANY($2))
    AND ($3::bigint[] IS NULL OR j.media_id = ANY($3)) AND ($4::timestamptz IS NULL OR j.changed_at >= $4)
ORDER BY j.changed_at DESC, j.media_id, j.job_type LIMIT $5
