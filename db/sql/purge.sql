-- name: purge_media
-- Never under an unexpired lease. The row stays as a tombstone: lease_no, plan_no, generations and forces go on from where
-- they were if the medium comes back; the fingerprint no longer fits, so that its jobs are then a new generation (P22).
WITH gone AS MATERIALIZED (
    SELECT id, content_hash FROM bildwerk.media
    WHERE deleted_at < now() - $1::interval AND (purged_at IS NULL OR purged_at < deleted_at)
        AND (owner IS NULL OR until < now())
    ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
), jobs AS (
    UPDATE bildwerk.jobs AS j SET fingerprint = 'purged', last_error = NULL FROM gone WHERE j.media_id = gone.id
), runs AS (
    UPDATE bildwerk.runs AS r SET raw_answer = NULL, detail = NULL FROM gone WHERE r.media_id = gone.id
), written AS (
    DELETE FROM bildwerk.written AS w USING gone WHERE w.media_id = gone.id
), tags AS (
    DELETE FROM bildwerk.tag_links AS t USING gone WHERE t.media_id = gone.id
), merged AS (
    DELETE FROM bildwerk.tag_merge_links AS l USING gone WHERE l.media_id = gone.id
), prompts AS (
    DELETE FROM bildwerk.added_prompts AS a USING gone WHERE a.media_id = gone.id
), pairs AS (
    DELETE FROM bildwerk.duplicate_pairs AS d USING gone WHERE gone.id IN (d.one, d.other)
), batches AS (
    DELETE FROM bildwerk.score_batches AS b USING gone WHERE b.media_id = gone.id
)
UPDATE bildwerk.media AS m SET
    purged_at = now(), lease_no = m.lease_no + 1, owner = NULL, until = NULL, inspected_mark = NULL, content_hash = NULL,
    unreadable = NULL, platform_hash = NULL, platform_phash = NULL, seek_at = NULL, sought = NULL, left_out = 0,
    search_limits = '{}'
FROM gone WHERE m.id = gone.id
RETURNING gone.content_hash

-- name: purge_lock_pictures
-- A statement of its own: the next one sees the medium for which an inspector just found the same picture (as in P1).
SELECT FROM bildwerk.pictures WHERE content_hash = ANY($1::text[]) ORDER BY content_hash FOR UPDATE

-- name: purge_pictures
-- Pictures that no medium shows any more; a poisonous one is remembered.
DELETE FROM bildwerk.pictures AS p
WHERE p.content_hash = ANY($1::text[]) AND p.unreadable IS DISTINCT FROM 'poison'
    AND NOT EXISTS (SELECT FROM bildwerk.media AS m WHERE m.content_hash = p.content_hash)
    -- whoever showed it a moment ago kept its hashes in the index
    AND NOT EXISTS (SELECT FROM bildwerk.picture_hashes AS e WHERE e.picture = p.number)

-- name: purge_left
-- Pictures that the last medium that showed them left a while ago.
SELECT content_hash FROM bildwerk.pictures WHERE content_hash = ANY(ARRAY(
    SELECT content_hash FROM bildwerk.pictures WHERE left_at < now() - $1::interval ORDER BY left_at LIMIT $2
))
ORDER BY content_hash FOR UPDATE

-- name: purge_stay
-- Those of them that stay: a medium shows them, a deleted one did, or they are poisonous.
UPDATE bildwerk.pictures SET left_at = NULL WHERE content_hash = ANY($1::text[])

-- name: purge_answers
UPDATE bildwerk.runs SET raw_answer = NULL
WHERE id IN (
    SELECT id FROM bildwerk.runs WHERE raw_answer IS NOT NULL AND ended_at < now() - $1::interval
    ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
