-- name: intake_stop_put
-- The first one stands: the others found the same.
INSERT INTO bildwerk.intake_stop (dead, events, reason, topic, partition, "offset")
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING

-- name: intake_stop_read
SELECT dead, events, reason, topic, partition, "offset", stopped_at FROM bildwerk.intake_stop

-- name: intake_stop_lift
DELETE FROM bildwerk.intake_stop
