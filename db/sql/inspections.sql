-- name: inspections_claim
-- Taken by moving inspect_at ahead: an inspector that dies leaves them to be looked at again after that time. The $4 that
-- have waited longest, and the first in line.
WITH oldest AS MATERIALIZED (
    SELECT id FROM bildwerk.media
    WHERE inspect_at <= now()
    ORDER BY inspect_at LIMIT $4 FOR UPDATE SKIP LOCKED
), fresh AS MATERIALIZED (
    SELECT id FROM bildwerk.media
    WHERE inspect_at <= now() AND id <> ALL (ARRAY(SELECT id FROM oldest))
    ORDER BY priority DESC, inspect_at
    LIMIT $1 - (SELECT count(*) FROM oldest) FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE bildwerk.media AS m SET inspect_at = now() + $2::interval
    WHERE m.id = ANY (ARRAY(SELECT id FROM oldest UNION ALL SELECT id FROM fresh))
    RETURNING m.id, m.inspect_tries, m.content_hash
)
SELECT
    now() AS now, t.id, t.inspect_tries, coalesce(p.path, '') AS path, p.id IS NULL AS gone,
    bildwerk.source_mark(p.path, p.updated_at, p.hash) AS mark,
    c.content_hash AS measured
FROM taken AS t
LEFT JOIN public.media AS p ON p.id = t.id
-- one that an inspector did not live to compare with the library is measured again, too, and so is one that could not be
-- read: by now its format may be known, or its decoding in time
LEFT JOIN bildwerk.pictures AS c
    ON c.content_hash = t.content_hash AND c.measures_version = $3 AND (c.phash IS NULL OR c.compared IS NOT NULL)
    AND c.unreadable IS NULL

-- name: inspections_current_mark
SELECT bildwerk.source_mark(path, updated_at, hash) FROM public.media WHERE id = $1::bigint

-- name: inspections_lock_pictures
-- The picture that the medium showed and the one it shows now, in order, before either is written (P23).
SELECT c.content_hash FROM bildwerk.pictures AS c
WHERE c.content_hash IN ($2, (SELECT m.content_hash FROM bildwerk.media AS m WHERE m.id = $1))
ORDER BY c.content_hash FOR UPDATE

-- name: inspections_leave
-- The picture is no living medium's any more.
UPDATE bildwerk.pictures AS p SET left_at = now()
WHERE p.content_hash = $1
    AND NOT EXISTS (SELECT FROM bildwerk.media AS m WHERE m.content_hash = $1 AND m.deleted_at IS NULL)
RETURNING content_hash

-- name: inspections_keep_picture
-- A content hash that crashed the model stays poison whatever the decoder says. What is to be compared is put down until
-- that is done.
WITH kept AS (
    INSERT INTO bildwerk.pictures AS p (
        content_hash, format, width, height, pixel_hash, unreadable, measures, phash, nsfw, measures_version,
        nsfw_tried, embedded, sketch, taken
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT (content_hash) DO UPDATE SET
        format = excluded.format, width = excluded.width, height = excluded.height, pixel_hash = excluded.pixel_hash,
        unreadable = excluded.unreadable, inspected_at = now(), measures = coalesce(excluded.measures, p.measures),
        phash = coalesce(excluded.phash, p.phash), nsfw = coalesce(excluded.nsfw, p.nsfw),
        measures_version = excluded.measures_version, nsfw_tried = p.nsfw_tried OR excluded.nsfw_tried,
        -- a picture that was measured was read, too, and may have turned out to hold nothing
        embedded = CASE WHEN excluded.measures IS NULL THEN p.embedded ELSE excluded.embedded END,
        taken = CASE WHEN excluded.measures IS NULL THEN p.taken ELSE excluded.taken END,
        sketch = coalesce(excluded.sketch, p.sketch), left_at = NULL
    WHERE p.unreadable IS DISTINCT FROM 'poison'
    RETURNING p.content_hash, p.phash, p.compared
)
INSERT INTO bildwerk.uncompared (content_hash)
SELECT content_hash FROM kept WHERE phash IS NOT NULL AND compared IS NULL
ON CONFLICT DO NOTHING

-- name: inspections_compare
-- How near the nearest other picture is, once per picture: what came later does not make it less new, nor what a medium
-- showed before, if none does now.
WITH compared AS (
    UPDATE bildwerk.pictures AS p SET nearest = n.nearest, compared = n.compared
    FROM (
        SELECT min(bit_count((o.phash # $2)::bit(64))) AS nearest, count(*) AS compared
        FROM bildwerk.pictures AS o
        -- by its number, which the index holds, too
        WHERE o.phash IS NOT NULL AND o.left_at IS NULL
            AND o.number <> (SELECT s.number FROM bildwerk.pictures AS s WHERE s.content_hash = $1)
    ) AS n
    WHERE p.content_hash = $1 AND p.phash = $2 AND p.compared IS NULL
    RETURNING p.content_hash
)
-- Once the picture is locked, as where it is kept (P23): therefore it looks at what was compared.
DELETE FROM bildwerk.uncompared WHERE content_hash = $1 AND (SELECT count(*) FROM compared) >= 0

-- name: inspections_claim_uncompared
-- Pictures whose inspector did not live to compare them. One that is forgotten by now is put down for nothing.
WITH late AS MATERIALIZED (
    SELECT content_hash FROM bildwerk.uncompared
    WHERE compare_at <= now()
    ORDER BY compare_at LIMIT $1 FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE bildwerk.uncompared AS u SET compare_at = now() + $2::interval FROM late
    WHERE u.content_hash = late.content_hash
    RETURNING u.content_hash
)
SELECT t.content_hash, p.phash FROM taken AS t LEFT JOIN bildwerk.pictures AS p USING (content_hash)

-- name: inspections_nsfw
SELECT nsfw FROM bildwerk.pictures WHERE content_hash = $1

-- name: inspections_settle
-- Others like it are looked for when anything changed that this rests on. A hash of the platform's counts as it is written
-- there; a perceptual one when it is 64 bits in hexadecimal.
WITH settled AS (
    SELECT
        nullif(lower(btrim(p.hash)), '') AS platform_hash,
        CASE WHEN p.phash ~ '^[0-9A-Fa-f]{16}$' THEN ('x' || p.phash)::bit(64)::bigint END AS platform_phash
    FROM public.media AS p WHERE p.id = $1::bigint
)
UPDATE bildwerk.media AS m
SET inspected_mark = $2, content_hash = $3, unreadable = $4, inspect_at = NULL, inspect_tries = 0,
    platform_hash = s.platform_hash, platform_phash = s.platform_phash
FROM settled AS s
WHERE m.id = $1::bigint

-- name: inspections_seek
-- A statement of its own: it sees what the one before wrote. At once, also where a search is under way: that one was for
-- another picture, and will not be kept.
UPDATE bildwerk.media AS m SET seek_at = now()
WHERE m.id = $1 AND m.sought IS DISTINCT FROM bildwerk.seek_key(m, $2)

-- name: inspections_platform_hashes
-- The platform's own perceptual hashes of all media that show this picture.
SELECT DISTINCT platform_phash FROM bildwerk.media
WHERE content_hash = $1 AND platform_phash IS NOT NULL AND deleted_at IS NULL

-- name: inspections_postpone
UPDATE bildwerk.media SET inspect_at = now() + $2::interval, inspect_tries = inspect_tries + $3 WHERE id = $1

-- name: inspections_poison
UPDATE bildwerk.pictures SET unreadable = 'poison' WHERE content_hash = $1
