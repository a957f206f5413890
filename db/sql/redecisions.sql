-- name: redecisions_count
SELECT count(*) FROM bildwerk.jobs WHERE job_type = $1 AND media_id > $2 AND status IN ('done', 'skipped', 'failed')

-- name: redecisions_page
SELECT media_id FROM bildwerk.jobs
WHERE job_type = $1 AND media_id > $2 AND status IN ('done', 'skipped', 'failed')
ORDER BY media_id LIMIT $3
