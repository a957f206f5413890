-- name: dead_letters_bury
-- A redelivered message is the same letter; only a new one is published. The topic of a row in the outbox is its name
-- in the contract.
WITH given AS (
    SELECT * FROM unnest(
        $1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bigint[], $8::text[],
        $9::text[], $10::text[], $11::jsonb[]
    ) WITH ORDINALITY AS g (
        topic, partition, "offset", timestamp_ms, key, value, value_length, value_hash, reason, detail, body, position
    )
), buried AS (
    INSERT INTO bildwerk.dead_letters (
        topic, partition, "offset", timestamp_ms, key, value, value_length, value_hash, headers, reason, detail
    )
    SELECT topic, partition, "offset", timestamp_ms, key, value, value_length, value_hash, body -> 'headers', reason, detail
    FROM given ORDER BY position
    ON CONFLICT DO NOTHING
    RETURNING topic, partition, "offset", timestamp_ms, value_hash
), published AS (
    INSERT INTO bildwerk.outbox (aggregatetype, aggregateid, type, topic, payload)
    SELECT 'dead_letter', format('%s/%s/%s', g.topic, g.partition, g."offset"), $12, $12, g.body
    FROM given AS g JOIN buried USING (topic, partition, "offset", timestamp_ms, value_hash)
    ORDER BY g.position
)
SELECT count(*) FROM buried

-- name: dead_letters_count
-- By reason, what is most frequent first; $1 ids, $2 reasons, from $3 until before $4 (null: any).
SELECT l.reason, count(*) AS number, min(l.created_at) AS first_at, max(l.created_at) AS last_at
FROM bildwerk.dead_letters AS l
WHERE ($1::bigint[] IS NULL OR l.id = ANY($1)) AND ($2::text[] IS NULL OR l.reason = ANY($2))
    AND ($3::timestamptz IS NULL OR l.created_at >= $3) AND ($4::timestamptz IS NULL OR l.created_at < $4)
GROUP BY l.reason ORDER BY number DESC, l.reason

-- name: dead_letters_page
-- Those above the id $5, in order of their ids.
SELECT
    l.id, l.topic, l.partition, l."offset", l.timestamp_ms, l.key, l.value, l.value_length, l.value_hash, l.headers,
    l.reason, l.detail, l.created_at
FROM bildwerk.dead_letters AS l
WHERE ($1::bigint[] IS NULL OR l.id = ANY($1)) AND ($2::text[] IS NULL OR l.reason = ANY($2))
    AND ($3::timestamptz IS NULL OR l.created_at >= $3) AND ($4::timestamptz IS NULL OR l.created_at < $4)
    AND l.id > $5
ORDER BY l.id LIMIT $6

-- name: dead_letters_newest
-- Without their values.
SELECT
    l.id, l.topic, l.partition, l."offset", l.timestamp_ms, l.key, NULL::bytea AS value, l.value_length, l.value_hash,
    l.headers, l.reason, l.detail, l.created_at
FROM bildwerk.dead_letters AS l
WHERE ($1::bigint[] IS NULL OR l.id = ANY($1)) AND ($2::text[] IS NULL OR l.reason = ANY($2))
    AND ($3::timestamptz IS NULL OR l.created_at >= $3) AND ($4::timestamptz IS NULL OR l.created_at < $4)
ORDER BY l.id DESC LIMIT $5

-- name: dead_letters_remove
DELETE FROM bildwerk.dead_letters WHERE id = ANY($1::bigint[])

-- name: dead_letters_drop
-- Up to $5 of them, so that no statement takes long.
DELETE FROM bildwerk.dead_letters WHERE id IN (
    SELECT l.id FROM bildwerk.dead_letters AS l
    WHERE ($1::bigint[] IS NULL OR l.id = ANY($1)) AND ($2::text[] IS NULL OR l.reason = ANY($2))
        AND ($3::timestamptz IS NULL OR l.created_at >= $3) AND ($4::timestamptz IS NULL OR l.created_at < $4)
    ORDER BY l.id LIMIT $5
)
