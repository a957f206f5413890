-- name: prefix_probes_find
SELECT layout, ratio FROM bildwerk.prefix_probes WHERE version = $1 AND digest = $2 AND num_ctx = $3

-- name: prefix_probes_keep
-- The first one stands: several processes may have found out at the same time.
INSERT INTO bildwerk.prefix_probes (version, digest, num_ctx, layout, ratio) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
