-- name: duplicates_claim
-- Taken by moving seek_at ahead: a process that dies leaves them to be looked for again after that time. Newcomers first: a
-- whole library may have to be looked for anew.
UPDATE bildwerk.media SET seek_at = now() + $2::interval
WHERE id IN (
    SELECT id FROM bildwerk.media WHERE seek_at <= now() AND deleted_at IS NULL
    ORDER BY seek_at DESC LIMIT $1 FOR UPDATE SKIP LOCKED
)
RETURNING id

-- name: duplicates_subject
-- `key` is what the search depends on.
SELECT
    m.content_hash, m.platform_hash, m.platform_phash, m.seek_at, bildwerk.seek_key(m, $2) AS key, m.sought,
    c.content_hash IS NOT NULL AS has_picture, c.width, c.height,
    c.pixel_hash, c.sketch, c.taken, c.embedded, c.prompt_key
FROM bildwerk.media AS m
LEFT JOIN bildwerk.pictures AS c ON c.content_hash = m.content_hash AND c.unreadable IS NULL
WHERE m.id = $1 AND m.seek_at IS NOT NULL AND m.deleted_at IS NULL

-- name: duplicates_equal
-- Other media with the same bytes, the same pixels, the same hash of the platform's, the same prompt and seed; up to $6
-- each: those before it, then those after it, so that a crowd is connected by a chain.
SELECT id FROM (
    SELECT m.id FROM bildwerk.media AS m WHERE m.content_hash = $2 AND m.id <> $1 AND m.deleted_at IS NULL
    ORDER BY m.id > $1, abs(m.id - $1) LIMIT $6
) AS same_bytes
UNION
SELECT id FROM (
    SELECT m.id
    FROM bildwerk.pictures AS c JOIN bildwerk.media AS m ON m.content_hash = c.content_hash
    WHERE c.pixel_hash = $3 AND m.id <> $1 AND m.deleted_at IS NULL
    ORDER BY m.id > $1, abs(m.id - $1) LIMIT $6
) AS same_pixels
UNION
SELECT id FROM (
    SELECT m.id FROM bildwerk.media AS m WHERE m.platform_hash = $4 AND m.id <> $1 AND m.deleted_at IS NULL
    ORDER BY m.id > $1, abs(m.id - $1) LIMIT $6
) AS same_hash
UNION
SELECT id FROM (
    SELECT m.id
    FROM bildwerk.pictures AS c JOIN bildwerk.media AS m ON m.content_hash = c.content_hash
    WHERE c.prompt_key = $5 AND m.id <> $1 AND m.deleted_at IS NULL
    ORDER BY m.id > $1, abs(m.id - $1) LIMIT $6
) AS same_prompt

-- name: duplicates_showing
-- Other media that show each of these pictures, up to $3 of each, in the same order.
SELECT s.id
FROM unnest($2::text[]) AS p (content_hash)
CROSS JOIN LATERAL (
    SELECT m.id FROM bildwerk.media AS m
    WHERE m.content_hash = p.content_hash AND m.id <> $1 AND m.deleted_at IS NULL
    ORDER BY m.id > $1, abs(m.id - $1) LIMIT $3
) AS s

-- name: duplicates_left_out
-- How many media are alike, too, but told of nowhere: of those named in $2, and of all that show one of the pictures $3,
-- those that are not among $4 and in no pair with the medium; up to $5 of each picture.
SELECT count(*) FROM (
    SELECT unnest($2::bigint[]) AS id
    UNION
    SELECT m.id
    FROM unnest($3::text[]) AS p (content_hash)
    CROSS JOIN LATERAL (
        SELECT m.id FROM bildwerk.media AS m
        WHERE m.content_hash = p.content_hash AND m.id <> $1 AND m.deleted_at IS NULL LIMIT $5
    ) AS m
) AS s
WHERE s.id <> ALL($4::bigint[])
    AND NOT EXISTS (SELECT FROM bildwerk.likenesses AS l WHERE l.media_id = $1 AND l.neighbour = s.id)

-- name: duplicates_candidates
SELECT
    m.id, m.content_hash, m.platform_hash, m.platform_phash, c.pixel_hash, c.width, c.height, c.sketch, c.taken, c.embedded, c.prompt_key
FROM bildwerk.media AS m
JOIN bildwerk.pictures AS c ON c.content_hash = m.content_hash AND c.unreadable IS NULL AND c.pixel_hash IS NOT NULL
WHERE m.id = ANY($1::bigint[])
ORDER BY m.id

-- name: duplicates_sought
-- Only if what was looked for is what it is now, and nobody asked for another search since this one began.
UPDATE bildwerk.media AS m SET sought = $2, seek_at = NULL, left_out = $3, search_limits = $6::text[]
WHERE m.id = $1 AND bildwerk.seek_key(m, $4) = $2 AND m.seek_at = $5
RETURNING id

-- name: duplicates_outdated
-- Pairs of other pixels than the medium has now; who was in them. Without a picture that can be read nothing is known.
DELETE FROM bildwerk.duplicate_pairs
WHERE (one = $1 AND one_pixels <> $2) OR (other = $1 AND other_pixels <> $2)
RETURNING CASE WHEN one = $1 THEN other ELSE one END AS media_id

-- name: duplicates_put
-- What was said of the same pixels is kept. One that has other pixels by now finds this medium by itself, or found it: what
-- was compared with its older ones must not take the place of that. Who came later asks: one that others were never looked
-- for ($7 is the medium that is looked for now, $8 whether it was before), after one that they were; of two that came
-- together the newer one. What two have in common that both were looked for is found because another is gone, and is not
-- asked about.
INSERT INTO bildwerk.duplicate_pairs AS p (one, other, one_pixels, other_pixels, level, evidence, referee, closed)
SELECT
    f.one, f.other, f.one_pixels, f.other_pixels, f.level, f.evidence,
    CASE WHEN v.is_new <> $8 THEN f.other WHEN v.is_new THEN v.id ELSE $7 END, $8 AND NOT v.is_new
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::jsonb[])
    AS f (one, other, one_pixels, other_pixels, level, evidence)
JOIN bildwerk.media AS m ON m.id = f.one JOIN bildwerk.pictures AS c USING (content_hash)
JOIN bildwerk.media AS n ON n.id = f.other JOIN bildwerk.pictures AS d ON d.content_hash = n.content_hash
CROSS JOIN LATERAL (
    SELECT n.id, n.seek_at IS NOT NULL AND n.sought IS DISTINCT FROM bildwerk.seek_key(n, $9) AS is_new WHERE f.one = $7
    UNION ALL
    SELECT m.id, m.seek_at IS NOT NULL AND m.sought IS DISTINCT FROM bildwerk.seek_key(m, $9) WHERE f.other = $7
) AS v
WHERE (c.pixel_hash, d.pixel_hash) = (f.one_pixels, f.other_pixels)
ORDER BY f.one, f.other
ON CONFLICT (one, other) DO UPDATE SET
    one_pixels = excluded.one_pixels, other_pixels = excluded.other_pixels, level = excluded.level,
    evidence = excluded.evidence, referee = excluded.referee, found_at = now(), closed = excluded.closed, relation = NULL, keep = NULL, reason = NULL,
    run_id = NULL
WHERE (p.one_pixels, p.other_pixels) IS DISTINCT FROM (excluded.one_pixels, excluded.other_pixels)

-- name: duplicates_restate
-- The same pixels: only what metadata tell may have changed.
UPDATE bildwerk.duplicate_pairs AS p SET level = f.level, evidence = f.evidence
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::jsonb[])
    AS f (one, other, one_pixels, other_pixels, level, evidence)
WHERE (p.one, p.other, p.one_pixels, p.other_pixels) = (f.one, f.other, f.one_pixels, f.other_pixels)
    AND (p.level, p.evidence) IS DISTINCT FROM (f.level, f.evidence)

-- name: duplicates_retell
-- What people said of the medium as it is now, and of others as they are.
INSERT INTO bildwerk.duplicate_pairs (one, other, one_pixels, other_pixels, level, evidence, referee, closed)
SELECT d.one, d.other, d.one_pixels, d.other_pixels, 'told', '{}', d.other, true
FROM bildwerk.duplicate_decisions AS d
JOIN bildwerk.media AS m ON m.id = d.one JOIN bildwerk.pictures AS c ON c.content_hash = m.content_hash
JOIN bildwerk.media AS n ON n.id = d.other JOIN bildwerk.pictures AS e ON e.content_hash = n.content_hash
WHERE $1 IN (d.one, d.other) AND (c.pixel_hash, e.pixel_hash) = (d.one_pixels, d.other_pixels)
ON CONFLICT DO NOTHING

-- name: duplicates_standing
SELECT neighbour AS id FROM bildwerk.likenesses WHERE media_id = $1

-- name: duplicates_partners
SELECT CASE WHEN one = $1 THEN other ELSE one END AS media_id FROM bildwerk.duplicate_pairs WHERE $1 IN (one, other)

-- name: duplicates_group
-- Everybody who is one picture with the medium, directly or not; up to $2.
WITH RECURSIVE reached (id) AS (
    SELECT $1::bigint
    UNION
    SELECT l.neighbour FROM reached AS r
    CROSS JOIN LATERAL (
        SELECT k.neighbour FROM bildwerk.likenesses AS k WHERE k.media_id = r.id AND k.joins OFFSET 0
    ) AS l
)
SELECT id FROM reached LIMIT $2

-- name: duplicates_joined
SELECT neighbour AS id FROM bildwerk.likenesses WHERE media_id = $1 AND joins ORDER BY neighbour LIMIT $2

-- name: duplicates_opine
-- Of the pairs that the medium referees; null where it was left unasked.
UPDATE bildwerk.duplicate_pairs AS p
SET closed = true, relation = o.relation, keep = o.keep, reason = o.reason, run_id = $2
FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[]) AS o (media_id, relation, keep, reason)
WHERE p.one = least(o.media_id, $1) AND p.other = greatest(o.media_id, $1) AND p.referee = $1

-- name: duplicates_call
INSERT INTO bildwerk.neighbours (media_id, gone) SELECT id, $2 FROM unnest($1::bigint[]) AS id ORDER BY id

-- name: duplicates_called
-- Whose neighbours changed, and whether one is gone.
WITH called AS (
    DELETE FROM bildwerk.neighbours
    WHERE id IN (SELECT id FROM bildwerk.neighbours ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING media_id, gone
)
SELECT media_id, bool_or(gone) AS gone FROM called GROUP BY media_id ORDER BY media_id

-- name: duplicates_lock_deleted
SELECT c.content_hash FROM bildwerk.pictures AS c
WHERE c.content_hash IN (
    SELECT m.content_hash FROM bildwerk.media AS m WHERE m.id = ANY($1::bigint[]) AND m.deleted_at IS NOT NULL
)
ORDER BY c.content_hash FOR UPDATE

-- name: duplicates_seek_again
UPDATE bildwerk.media SET seek_at = now()
WHERE id = ANY($1::bigint[]) AND deleted_at IS NULL

-- name: duplicates_decide
INSERT INTO bildwerk.duplicate_decisions AS d (one, other, one_pixels, other_pixels, same)
SELECT $1, $2, a.pixel_hash, b.pixel_hash, $3
FROM (
    SELECT c.pixel_hash FROM bildwerk.media AS m JOIN bildwerk.pictures AS c ON c.content_hash = m.content_hash
    WHERE m.id = $1 AND m.deleted_at IS NULL AND c.pixel_hash IS NOT NULL
) AS a, (
    SELECT c.pixel_hash FROM bildwerk.media AS m JOIN bildwerk.pictures AS c ON c.content_hash = m.content_hash
    WHERE m.id = $2 AND m.deleted_at IS NULL AND c.pixel_hash IS NOT NULL
) AS b
ON CONFLICT (one, other) DO UPDATE SET
    one_pixels = excluded.one_pixels, other_pixels = excluded.other_pixels, same = excluded.same, decided_at = now()
RETURNING one_pixels, other_pixels

-- name: duplicates_tell
-- A decision about two that were not found alike.
INSERT INTO bildwerk.duplicate_pairs AS p (one, other, one_pixels, other_pixels, level, evidence, referee, closed)
VALUES ($1, $2, $3, $4, 'told', '{}', $2, true)
ON CONFLICT (one, other) DO UPDATE SET
    one_pixels = excluded.one_pixels, other_pixels = excluded.other_pixels, level = 'told', evidence = '{}',
    found_at = now(), closed = true, relation = NULL, keep = NULL, reason = NULL, run_id = NULL
WHERE (p.one_pixels, p.other_pixels) IS DISTINCT FROM (excluded.one_pixels, excluded.other_pixels)
