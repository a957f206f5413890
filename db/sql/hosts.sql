-- name: hosts_lock
-- Whoever chooses what a host runs, or takes a slot because of it, is alone at it. A statement of its own: slots are read by
-- the next one.
SELECT host FROM bildwerk.hosts WHERE host = ANY ($1::text[]) ORDER BY host FOR UPDATE

-- name: hosts_register
-- Those that are there are left out, as in slots_register.
INSERT INTO bildwerk.hosts (host)
SELECT w.host FROM unnest($1::text[]) AS w (host)
WHERE NOT EXISTS (SELECT FROM bildwerk.hosts AS h WHERE h.host = w.host)
ORDER BY w.host
ON CONFLICT DO NOTHING

-- name: hosts_standing
-- What each host runs, and how many of its slots ($2) are free, the least busy first; also a slot beyond them that somebody
-- holds is busy. One whose lease ran out a moment ago is both: somebody may take it, but the call of whoever died may go on.
SELECT h.host, h.model, h.served, extract(epoch FROM now() - h.since)::float8 AS seconds,
    coalesce(h.reserved_until > now(), false) AS reserved,
    count(*) FILTER (WHERE s.free AND s.number < w.slots) AS free, count(*) FILTER (WHERE s.busy) AS busy
FROM unnest($1::text[], $2::integer[]) AS w (host, slots)
JOIN bildwerk.hosts AS h ON h.host = w.host
JOIN (
    SELECT host, number, (owner IS NULL OR until < now()) AND (busy_until IS NULL OR busy_until < now()) AS free,
        coalesce(owner IS NOT NULL AND until > now() - interval '30 s', false) OR coalesce(busy_until >= now(), false) AS busy
    FROM bildwerk.slots
) AS s ON s.host = h.host
GROUP BY h.host, h.model, h.served, h.since, h.reserved_until
ORDER BY busy, h.host

-- name: hosts_waiting
-- Of these job types those that a medium is in line for.
SELECT j.job_type FROM unnest($1::text[]) AS j (job_type)
WHERE EXISTS (
    SELECT FROM bildwerk.media AS m
    WHERE m.owner IS NULL AND m.due <> '{}' AND m.due[1] = j.job_type AND m.run_at <= now()
)

-- name: hosts_serve
-- One more medium for the model that the host runs, or the first one for another.
UPDATE bildwerk.hosts SET model = $2, reserved_until = NULL,
    since = CASE WHEN model IS NOT DISTINCT FROM $2 THEN since ELSE now() END,
    served = CASE WHEN model IS NOT DISTINCT FROM $2 THEN served ELSE 0 END + $3
WHERE host = $1

-- name: hosts_reserve
-- Nothing more is begun there for a moment: it is to be free for somebody who needs the whole of it.
UPDATE bildwerk.hosts SET reserved_until = now() + $2::interval WHERE host = $1

-- name: hosts_open
-- Who waited for it waits no more; somebody else who does reserves it again.
UPDATE bildwerk.hosts SET reserved_until = NULL WHERE host = $1
