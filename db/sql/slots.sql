-- name: slots_register
INSERT INTO bildwerk.slots (host, number)
SELECT h.host, n FROM unnest($1::text[], $2::integer[]) AS h (host, slots), generate_series(0, h.slots - 1) AS n
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

-- name: slots_claim_rest
-- The other slots of a host, as many of them as are free.
WITH free AS MATERIALIZED (
    SELECT s.host, s.number FROM bildwerk.slots AS s
    WHERE s.host = $3 AND s.number <> $4 AND s.number < $5
        AND (s.owner IS NULL OR s.until < now()) AND (s.busy_until IS NULL OR s.busy_until < now())
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
RETURNING s.host, s.number

-- name: slots_release
-- busy: how long the server goes on with a call that was given up; the slot is nobody's, but not free.
UPDATE bildwerk.slots
SET owner = NULL, until = NULL, busy_until = CASE WHEN $4::interval > '0' THEN now() + $4::interval END
WHERE host = $1 AND number = $2 AND lease_no = $3
