-- name: likenesses_stay_in_the_indexes
-- For this transaction. A plan made when the tables were small must not scan them when they are large, thousands of times
-- over. With these there is only one plan, so that it is made once per connection; and its costs, guessed far too high, are
-- no reason to compile anything.
SELECT
    set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
    set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
    set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true)

-- name: likenesses_near
-- Every hash within $3 bits of the hashes asked for, once for each part that led to it. $4 to $6 are the bits to change in
-- the first, second and third part, where a turned hash has that part: 22, 21 and 21 bits from the top. OFFSET 0 keeps each
-- look-up one scan of one index.
WITH asked AS MATERIALIZED (
    SELECT a.number, a.kind::"char" AS kind, a.hash, bildwerk.turn(a.hash, 22) AS second, bildwerk.turn(a.hash, 43) AS third
    FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS a (kind, hash, number)
)
SELECT a.number, n.hash, n.distance
FROM asked AS a
CROSS JOIN unnest($4::bigint[]) AS change (bits)
CROSS JOIN LATERAL (
    SELECT h.hash, bit_count((h.hash # a.hash)::bit(64)) AS distance
    FROM bildwerk.perceptual_hashes AS h
    WHERE h.kind = a.kind
        AND h.hash BETWEEN (a.hash # change.bits) & -4398046511104 AND (a.hash # change.bits) | 4398046511103
        AND bit_count((h.hash # a.hash)::bit(64)) <= $3::integer
    OFFSET 0
) AS n
UNION ALL
SELECT a.number, bildwerk.turn(n.second, 42), n.distance
FROM asked AS a
CROSS JOIN unnest($5::bigint[]) AS change (bits)
CROSS JOIN LATERAL (
    SELECT h.second, bit_count((h.second # a.second)::bit(64)) AS distance
    FROM bildwerk.perceptual_hashes AS h
    WHERE h.kind = a.kind
        AND h.second BETWEEN (a.second # change.bits) & -8796093022208 AND (a.second # change.bits) | 8796093022207
        AND bit_count((h.second # a.second)::bit(64)) <= $3::integer
    OFFSET 0
) AS n
UNION ALL
SELECT a.number, bildwerk.turn(n.third, 21), n.distance
FROM asked AS a
CROSS JOIN unnest($6::bigint[]) AS change (bits)
CROSS JOIN LATERAL (
    SELECT h.third, bit_count((h.third # a.third)::bit(64)) AS distance
    FROM bildwerk.perceptual_hashes AS h
    WHERE h.kind = a.kind
        AND h.third BETWEEN (a.third # change.bits) & -8796093022208 AND (a.third # change.bits) | 8796093022207
        AND bit_count((h.third # a.third)::bit(64)) <= $3::integer
    OFFSET 0
) AS n

-- name: likenesses_pictures
-- Which pictures have these hashes, the first $4 of each: other ones than $3, and only such that a medium shows.
SELECT f.number, s.content_hash, s.copies
FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS f (kind, hash, number)
CROSS JOIN LATERAL (
    SELECT p.content_hash, e.copies
    FROM bildwerk.picture_hashes AS e JOIN bildwerk.pictures AS p ON p.number = e.picture
    WHERE e.kind = f.kind::"char" AND e.hash = f.hash AND p.content_hash IS DISTINCT FROM $3::text
        AND EXISTS (
            SELECT FROM bildwerk.media AS m WHERE m.content_hash = p.content_hash AND m.deleted_at IS NULL
        )
    ORDER BY e.picture LIMIT $4
) AS s

-- name: likenesses_count
-- How many pictures have these hashes, counted up to $3.
SELECT f.number, c.pictures
FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS f (kind, hash, number)
CROSS JOIN LATERAL (
    SELECT count(*) AS pictures FROM (
        SELECT FROM bildwerk.picture_hashes AS e WHERE e.kind = f.kind::"char" AND e.hash = f.hash LIMIT $3
    ) AS some_of_them
) AS c

-- name: likenesses_lock_picture
SELECT number FROM bildwerk.pictures WHERE content_hash = $1 FOR NO KEY UPDATE

-- name: likenesses_of
SELECT kind::text, hash, copies FROM bildwerk.picture_hashes WHERE picture = $1

-- name: likenesses_hold_hashes
-- Have these in the index, and nobody else give them to a picture or remove them until this transaction ends. One by one, in
-- order, as everywhere here: who needs the same ones waits instead of locking the other up (P23). The update is for its lock.
INSERT INTO bildwerk.perceptual_hashes AS h (kind, hash)
SELECT DISTINCT a.kind::"char", a.hash FROM unnest($1::text[], $2::bigint[]) AS a (kind, hash) ORDER BY 1, 2
ON CONFLICT (kind, hash) DO UPDATE SET hash = excluded.hash WHERE false

-- name: likenesses_lock_hashes
-- A statement of its own: the next one sees who gave them to a picture meanwhile (P1).
SELECT FROM bildwerk.perceptual_hashes AS h
WHERE (h.kind, h.hash) IN (SELECT a.kind::"char", a.hash FROM unnest($1::text[], $2::bigint[]) AS a (kind, hash))
ORDER BY h.kind, h.hash FOR UPDATE

-- name: likenesses_add
INSERT INTO bildwerk.picture_hashes (kind, hash, picture, copies)
SELECT a.kind::"char", a.hash, $3, array_agg(a.copy ORDER BY a.copy)
FROM unnest($1::text[], $2::bigint[], $4::smallint[]) AS a (kind, hash, copy)
GROUP BY 1, 2
ON CONFLICT (kind, hash, picture) DO UPDATE SET copies = excluded.copies

-- name: likenesses_drop
DELETE FROM bildwerk.picture_hashes AS e
USING unnest($1::text[], $2::bigint[]) AS a (kind, hash)
WHERE e.kind = a.kind::"char" AND e.hash = a.hash AND e.picture = $3

-- name: likenesses_drop_unshown
-- What pictures have that no living medium shows.
DELETE FROM bildwerk.picture_hashes AS e
USING bildwerk.pictures AS p
WHERE p.content_hash = ANY($1::text[]) AND e.picture = p.number
    AND NOT EXISTS (
        SELECT FROM bildwerk.media AS m WHERE m.content_hash = p.content_hash AND m.deleted_at IS NULL
    )
RETURNING e.kind::text, e.hash

-- name: likenesses_forget
-- Those among these hashes that no picture has any more.
DELETE FROM bildwerk.perceptual_hashes AS h
USING unnest($1::text[], $2::bigint[]) AS a (kind, hash)
WHERE h.kind = a.kind::"char" AND h.hash = a.hash
    AND NOT EXISTS (SELECT FROM bildwerk.picture_hashes AS e WHERE e.kind = h.kind AND e.hash = h.hash)
