-- name: leases_claim
-- Expired leases first, then, if $3, the medium that has waited longest, else the first in line, in one statement and
-- materialized CTEs: no rescuer, and LIMIT is exact.
WITH stale AS MATERIALIZED (
    SELECT id FROM bildwerk.media
    WHERE owner IS NOT NULL AND until < now()
    ORDER BY until LIMIT 1 FOR UPDATE SKIP LOCKED
), oldest AS MATERIALIZED (
    SELECT id FROM bildwerk.media
    WHERE owner IS NULL AND due <> '{}' AND run_at <= now()
    ORDER BY run_at, id
    LIMIT (SELECT CASE WHEN $3 THEN 1 - count(*) ELSE 0 END FROM stale) FOR UPDATE SKIP LOCKED
), fresh AS MATERIALIZED (
    SELECT id FROM bildwerk.media
    WHERE owner IS NULL AND due <> '{}' AND run_at <= now()
    ORDER BY priority DESC, run_at, id
    LIMIT (SELECT CASE WHEN $3 THEN 0 ELSE 1 - count(*) END FROM stale) FOR UPDATE SKIP LOCKED
)
UPDATE bildwerk.media AS m
SET lease_no = m.lease_no + 1, owner = $1, until = now() + $2::interval, lost = m.lost + (m.owner IS NOT NULL)::integer
-- An array, not a join: the planner cannot guess how many come out of the CTEs, and would scan the whole table.
WHERE m.id = ANY (ARRAY(SELECT id FROM stale UNION ALL SELECT id FROM oldest UNION ALL SELECT id FROM fresh))
RETURNING m.id, m.lease_no, m.lost, m.alone

-- name: leases_claim_in_line
-- As leases_claim, of the media alone whose first due job is of one of the types $4: the first, or the oldest, in line for
-- each of them, and of these the first. Leases that ran out were let go before.
WITH heads AS MATERIALIZED (
    SELECT head.* FROM unnest($4::text[]) AS j (job_type) CROSS JOIN LATERAL (
        SELECT id, priority, run_at FROM bildwerk.media
        WHERE NOT $3 AND owner IS NULL AND due <> '{}' AND due[1] = j.job_type AND run_at <= now()
        ORDER BY priority DESC, run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) AS head
), eldest AS MATERIALIZED (
    SELECT head.* FROM unnest($4::text[]) AS j (job_type) CROSS JOIN LATERAL (
        SELECT id, run_at FROM bildwerk.media
        WHERE $3 AND owner IS NULL AND due <> '{}' AND due[1] = j.job_type AND run_at <= now()
        ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) AS head
)
UPDATE bildwerk.media AS m SET lease_no = m.lease_no + 1, owner = $1, until = now() + $2::interval
WHERE m.id = ANY (ARRAY(
    (SELECT id FROM heads ORDER BY priority DESC, run_at, id LIMIT 1)
    UNION ALL (SELECT id FROM eldest ORDER BY run_at, id LIMIT 1)
))
RETURNING m.id, m.lease_no, m.lost, m.alone

-- name: leases_let_go
-- Whose lease ran out: in line again, and one lease more is lost. Who held it has no say any more (leases_fence).
UPDATE bildwerk.media SET owner = NULL, until = NULL, lost = lost + 1
WHERE id = ANY (ARRAY(
    SELECT id FROM bildwerk.media WHERE owner IS NOT NULL AND until < now() ORDER BY id FOR UPDATE SKIP LOCKED
))

-- name: leases_hurry
SELECT set_config('lock_timeout', '100ms', true)

-- name: leases_look_ahead
-- Whom the next claims take as things are: the first $1 in line, and the $2 that have waited longest. Nothing is locked.
WITH fresh AS MATERIALIZED (
    SELECT id FROM bildwerk.media
    WHERE owner IS NULL AND due <> '{}' AND run_at <= now()
    ORDER BY priority DESC, run_at, id LIMIT $1
), oldest AS MATERIALIZED (
    SELECT id FROM bildwerk.media
    WHERE owner IS NULL AND due <> '{}' AND run_at <= now()
    ORDER BY run_at, id LIMIT $2
)
SELECT m.id AS media_id, m.due, p.path, m.content_hash
FROM bildwerk.media AS m JOIN public.media AS p ON p.id = m.id
WHERE m.id = ANY (ARRAY(SELECT id FROM fresh UNION SELECT id FROM oldest))
ORDER BY m.priority DESC, m.run_at, m.id

-- name: leases_heartbeat
-- What is not returned is lost: its work is to be cancelled.
WITH mine AS MATERIALIZED (
    SELECT m.id FROM bildwerk.media AS m
    JOIN unnest($1::bigint[], $2::bigint[]) AS l (id, lease_no) ON l.id = m.id AND l.lease_no = m.lease_no
    WHERE m.owner IS NOT NULL
    ORDER BY m.id FOR NO KEY UPDATE OF m
)
UPDATE bildwerk.media AS m SET until = now() + $3::interval FROM mine WHERE m.id = mine.id RETURNING m.id, m.lease_no

-- name: leases_release
UPDATE bildwerk.media SET owner = NULL, until = NULL WHERE id = $1 AND lease_no = $2

-- name: leases_postpone
-- Nothing of its jobs: an outage burns no attempt. What waits longer for its next try goes on waiting.
UPDATE bildwerk.media SET run_at = greatest(run_at, now() + $3::interval) WHERE id = $1 AND lease_no = $2

-- name: leases_fence
-- A statement of its own; facts and verdicts are read by the next one (P1). No look at until: a late answer is good (P8).
-- The rest of the transaction is about this one medium, as it always is: to plan its statements anew each time costs more
-- than to run them, and by itself PostgreSQL would, because it takes every array for a long one.
SELECT id, set_config('plan_cache_mode', 'force_generic_plan', true) FROM bildwerk.media
WHERE id = $1 AND lease_no = $2 AND owner IS NOT NULL AND deleted_at IS NULL
FOR UPDATE

-- name: leases_reset_lost
UPDATE bildwerk.media SET lost = 0 WHERE id = $1 AND lost <> 0

-- name: leases_accept_mark
UPDATE bildwerk.media SET inspected_mark = $2 WHERE id = $1

-- name: leases_ask_inspection
UPDATE bildwerk.media SET inspected_mark = NULL, inspect_at = now() WHERE id = $1 AND lease_no = $2
