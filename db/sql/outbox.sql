-- name: outbox_lock
SELECT pg_try_advisory_xact_lock($1)

-- name: outbox_list
-- No cursor: a slow transaction may commit a lower id later (I7). Topics that refuse us are left out for a while.
SELECT id, event_id, aggregateid, type, topic, payload, created_at
FROM bildwerk.outbox
WHERE topic <> ALL($2::text[])
ORDER BY id
LIMIT $1

-- name: outbox_delete
DELETE FROM bildwerk.outbox WHERE id = ANY($1::bigint[])

-- name: outbox_installation
SELECT id FROM bildwerk.installation
