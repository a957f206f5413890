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
