-- name: clusters_edges
-- Every pair that makes two media one picture, and every two that a person told apart.
SELECT l.media_id AS one, l.neighbour AS other, l.level, l.relation, l.decision
FROM bildwerk.likenesses AS l
WHERE l.media_id < l.neighbour AND (l.joins OR NOT l.decision)

-- name: clusters_copies
SELECT p.id AS media_id, p.path, c.width, c.height, p.file_size
FROM public.media AS p JOIN bildwerk.media AS m ON m.id = p.id
JOIN bildwerk.pictures AS c ON c.content_hash = m.content_hash
WHERE p.id = ANY($1::bigint[])

-- name: clusters_open
-- Pairs about which no person said anything, and of which neither pixels nor the model know more, or one contradicts the
-- other; not those of which $1 is still to ask. At most $3, with how many there are; of the level $2, if there is one.
SELECT
    l.media_id AS one, l.neighbour AS other, l.level, l.evidence, l.relation, l.keep, l.reason,
    a.path AS one_path, b.path AS other_path, l.referee, count(*) OVER () AS total
FROM bildwerk.likenesses AS l
JOIN public.media AS a ON a.id = l.media_id
JOIN public.media AS b ON b.id = l.neighbour
LEFT JOIN bildwerk.jobs AS j ON j.media_id = l.referee AND j.job_type = $1 AND j.status IN ('waiting', 'due')
WHERE l.media_id < l.neighbour AND l.decision IS NULL AND ($2::text IS NULL OR l.level = $2)
    AND (l.closed OR j.media_id IS NULL)
    AND (
        (l.level = 'near' AND l.relation IS NULL)
        OR (l.level = 'same_picture' AND l.relation IN ('burst', 'variant', 'unrelated'))
        OR (l.level IN ('same_moment', 'same_prompt') AND l.relation IN ('same', 'edited'))
    )
ORDER BY l.media_id, l.neighbour
LIMIT $3

-- name: clusters_standing
-- Whether two media can be told the same: whether this one shows a picture, and which one.
SELECT
    m.deleted_at IS NOT NULL OR (m.seen AND p.id IS NULL) AS deleted, p.id IS NULL AS missing,
    coalesce(m.unreadable, c.unreadable) AS unreadable, c.pixel_hash IS NOT NULL AS has_pixels,
    m.inspected_mark IS DISTINCT FROM bildwerk.source_mark(p.path, p.updated_at, p.hash) AS moved
FROM bildwerk.media AS m
LEFT JOIN public.media AS p ON p.id = m.id
LEFT JOIN bildwerk.pictures AS c ON c.content_hash = m.content_hash
WHERE m.id = $1
