-- name: sweep_claim
-- One process sweeps at a time; where it is dead, another goes on from its cursor.
UPDATE bildwerk.watches SET owner = $1, until = now() + $2::interval
WHERE name = 'sweep' AND (owner = $1 OR until IS NULL OR until < now())
RETURNING cursor

-- name: sweep_advance
UPDATE bildwerk.watches SET cursor = $2 WHERE name = 'sweep' AND owner = $1

-- name: sweep_slice
-- Media that are still missing have looks of their own.
SELECT id FROM bildwerk.media WHERE id > $1 AND look_at IS NULL ORDER BY id LIMIT $2

-- name: sweep_missing
SELECT id FROM bildwerk.media WHERE look_at <= now() ORDER BY look_at LIMIT $1

-- name: sweep_give_up
-- The event that named it comes back, for its dead letter. No force was honoured: sent once more, it is to be.
WITH forces AS (
    DELETE FROM bildwerk.forces WHERE media_id = ANY($1::bigint[])
), jobs AS (
    DELETE FROM bildwerk.jobs WHERE media_id = ANY($1::bigint[])
)
SELECT id, missing_event FROM bildwerk.media WHERE id = ANY($1::bigint[]) ORDER BY id
