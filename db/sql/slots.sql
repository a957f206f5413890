-- name: slots_register
-- Those that are there are left out: to come into conflict with one is to wait for whoever holds its row, even if frozen.
INSERT INTO bildwerk.slots (host, number)
SELECT h.host, n FROM unnest($1::text[], $2::integer[]) AS h (host, slots), generate_series(0, h.slots - 1) AS n
WHERE NOT EXISTS (SELECT FROM bildwerk.slots AS s WHERE s.host = h.host AND s.number = n)
ORDER BY h.host, n
ON CONFLICT DO NOTHING

-- name: slots_claim
-- A free slot of one of the hosts named, below the number of slots that host is configured with.
WITH free AS MATERIALIZED (
    SELECT s.host, s.number FROM bildwerk.slots AS s
    JOIN unnest($3::text[], $4::integer[]) AS h (host, slots) ON h.host = s.host AND s.number < h.slots
    WHERE (s.owner IS NULL OR s.until < now()) AND (s.busy_until IS NULL OR s.busy_until < now())
    ORDER BY s.number, s.host LIMIT 1 FOR UPDATE OF s SKIP LOCKED
)
UPDATE bildwerk.slots AS s SET lease_no = s.lease_no + 1, owner = $1, until = now() + $2::interval, busy_until = NULL
FROM free WHERE s.host = free.host AND s.number = free.number
RETURNING s.host, s.number, s.lease_no

-- name: slots_claim_for_next
-- A slot for whom leases_claim takes next, or leases_claim_in_line of those in line for the job types $6. Who that is is
-- looked up, not locked: while one is next that is to be alone, everybody is to see it. For that one it is all slots of the
-- first host that is free, or none. Where a lease ran out a moment ago (recent) the call of whoever died may go on, and the
-- one that is to be alone would not be.
WITH next AS MATERIALIZED (
    SELECT coalesce(
-- part of_all
        (SELECT alone FROM bildwerk.media WHERE owner IS NOT NULL AND until < now() ORDER BY until LIMIT 1),
        CASE WHEN $5 THEN (
            SELECT alone FROM bildwerk.media WHERE owner IS NULL AND due <> '{}' AND run_at <= now()
            ORDER BY run_at, id LIMIT 1
        ) ELSE (
            SELECT alone FROM bildwerk.media WHERE owner IS NULL AND due <> '{}' AND run_at <= now()
            ORDER BY priority DESC, run_at, id LIMIT 1
        ) END,
-- end
-- part in_line
        CASE WHEN $5 THEN (
            SELECT head.alone FROM unnest($6::text[]) AS j (job_type) CROSS JOIN LATERAL (
                SELECT id, run_at, alone FROM bildwerk.media
                WHERE owner IS NULL AND due <> '{}' AND due[1] = j.job_type AND run_at <= now()
                ORDER BY run_at, id LIMIT 1
            ) AS head ORDER BY head.run_at, head.id LIMIT 1
        ) ELSE (
            SELECT head.alone FROM unnest($6::text[]) AS j (job_type) CROSS JOIN LATERAL (
                SELECT id, priority, run_at, alone FROM bildwerk.media
                WHERE owner IS NULL AND due <> '{}' AND due[1] = j.job_type AND run_at <= now()
                ORDER BY priority DESC, run_at, id LIMIT 1
            ) AS head ORDER BY head.priority DESC, head.run_at, head.id LIMIT 1
        ) END,
-- end
        false
    ) AS alone
), whole AS MATERIALIZED (
    SELECT s.host FROM bildwerk.slots AS s
    JOIN unnest($3::text[], $4::integer[]) AS h (host, slots) ON h.host = s.host AND s.number < h.slots
    WHERE (s.owner IS NULL OR s.until < now() - interval '30 s') AND (s.busy_until IS NULL OR s.busy_until < now())
    GROUP BY s.host, h.slots HAVING count(*) = h.slots
    ORDER BY s.host LIMIT 1
), free AS MATERIALIZED (
    SELECT s.host, s.number, coalesce(s.until > now() - interval '30 s', false) AS recent FROM bildwerk.slots AS s
    JOIN unnest($3::text[], $4::integer[]) AS h (host, slots) ON h.host = s.host AND s.number < h.slots
    WHERE (s.owner IS NULL OR s.until < now()) AND (s.busy_until IS NULL OR s.busy_until < now())
        AND CASE WHEN (SELECT alone FROM next) THEN s.host = (SELECT host FROM whole) ELSE true END
    ORDER BY s.number, s.host LIMIT (SELECT CASE WHEN alone THEN NULL ELSE 1 END FROM next) FOR UPDATE OF s SKIP LOCKED
)
UPDATE bildwerk.slots AS s SET lease_no = s.lease_no + 1, owner = $1, until = now() + $2::interval, busy_until = NULL
FROM free WHERE s.host = free.host AND s.number = free.number
RETURNING s.host, s.number, s.lease_no, free.recent

-- name: slots_claim_rest
-- The other slots of a host, as many of them as are free, and at which the call of one who died cannot go on any more.
WITH free AS MATERIALIZED (
    SELECT s.host, s.number FROM bildwerk.slots AS s
    WHERE s.host = $3 AND s.number <> $4 AND s.number < $5
        AND (s.owner IS NULL OR s.until < now() - interval '30 s') AND (s.busy_until IS NULL OR s.busy_until < now())
    ORDER BY s.number FOR UPDATE SKIP LOCKED
)
UPDATE bildwerk.slots AS s SET lease_no = s.lease_no + 1, owner = $1, until = now() + $2::interval, busy_until = NULL
FROM free WHERE s.host = free.host AND s.number = free.number
RETURNING s.host, s.number, s.lease_no

-- name: slots_heartbeat
WITH mine AS MATERIALIZED (
    SELECT s.host, s.number FROM bildwerk.slots AS s
    JOIN unnest($1::text[], $2::integer[], $3::bigint[]) AS l (host, number, lease_no)
        ON l.host = s.host AND l.number = s.number AND l.lease_no = s.lease_no
    WHERE s.owner IS NOT NULL
    ORDER BY s.host, s.number FOR NO KEY UPDATE OF s
)
UPDATE bildwerk.slots AS s SET until = now() + $4::interval
FROM mine WHERE s.host = mine.host AND s.number = mine.number
RETURNING s.host, s.number, s.lease_no

-- name: slots_release
-- busy: how long the server goes on with a call that was given up; the slot is nobody's, but not free.
UPDATE bildwerk.slots
SET owner = NULL, until = NULL, busy_until = CASE WHEN $4::interval > '0' THEN now() + $4::interval END
WHERE host = $1 AND number = $2 AND lease_no = $3
