-- name: merges_names
-- Every tag and how many media carry it.
SELECT t.id, t.name, count(l.media_id) AS media
FROM public.tags AS t LEFT JOIN public.media_tags AS l ON l.tag_id = t.id
GROUP BY t.id, t.name
ORDER BY t.id

-- name: merges_tags
SELECT id, name, 0 AS media FROM public.tags ORDER BY id

-- name: merges_aliases
SELECT a.key, a.alias, a.tag_id, coalesce(t.name, a.name) AS name
FROM bildwerk.tag_aliases AS a LEFT JOIN public.tags AS t ON t.id = a.tag_id
ORDER BY a.alias

-- name: merges_list
SELECT g.id, g.tag_id, g.name, g.key, g.into_id, g.into_name, g.merged_at, g.undone_at,
    (SELECT count(*) FROM bildwerk.tag_merge_links AS l WHERE l.merge_id = g.id) AS taken
FROM bildwerk.tag_merges AS g
ORDER BY g.id

-- name: merges_hold
-- One change of the aliases at a time, and none while tags are being given; every process reads them again.
UPDATE bildwerk.tag_aliases_version SET version = version + 1

-- name: merges_create_tag
INSERT INTO {tags: name = $2::text}
WHERE NOT EXISTS (SELECT FROM public.tags WHERE id = $1::bigint OR name = $2::text)
ON CONFLICT DO NOTHING

-- name: merges_find_tag
-- A tag may have been renamed since we knew it ($1), or its row deleted and made anew.
SELECT id FROM public.tags WHERE id = $1::bigint OR name = $2::text ORDER BY id = $1::bigint DESC NULLS LAST LIMIT 1

-- name: merges_begin
INSERT INTO bildwerk.tag_merges (tag_id, name, key, into_id, into_name) VALUES ($1, $2, $3, $4, $5)
RETURNING id

-- name: merges_resume
UPDATE bildwerk.tag_merges SET into_id = $2 WHERE id = $1

-- name: merges_undone
-- The tag's row may have been deleted meanwhile, and made anew ($2).
UPDATE bildwerk.tag_merges SET undone_at = coalesce(undone_at, now()), tag_id = $2 WHERE id = $1

-- name: merges_in_the_way
-- Another merge into the same tag that dropped links because this one had moved some there.
SELECT min(o.id) AS id
FROM bildwerk.tag_merge_links AS l
JOIN bildwerk.tag_merge_links AS d ON d.media_id = l.media_id AND d.what = 'dropped'
JOIN bildwerk.tag_merges AS o ON o.id = d.merge_id AND o.undone_at IS NULL
WHERE l.merge_id = $1 AND l.what = 'moved' AND o.id <> $1 AND o.into_id = $2

-- name: merges_carriers
-- The media that carry the tag, and not locked; with those that are.
SELECT l.media_id, l.locked OR EXISTS (
    SELECT FROM public.media_meta AS m
    WHERE m.media_id = l.media_id AND m.key = 'locks' AND m.value ?| ARRAY['*', 'tags', 'media_tags']
) AS locked
FROM public.media_tags AS l WHERE l.tag_id = $1::bigint
ORDER BY l.media_id

-- name: merges_taken
SELECT media_id FROM bildwerk.tag_merge_links WHERE merge_id = $1 ORDER BY media_id

-- name: merges_move
-- Links of these media ($2) to the tag $3 go to $4; where the medium carries both, or where ours would bring back what
-- somebody took away, they go. Locks are tested here (P17). What was there is written down, also what we remembered;
-- where a medium is here again, it was given the tag anew after its link had been moved: that it was moved counts.
WITH links AS (
    SELECT l.media_id, l.confidence, l.weight, l.source,
        EXISTS (SELECT FROM public.media_tags AS o WHERE o.media_id = l.media_id AND o.tag_id = $4::bigint) AS has_both,
        EXISTS (
            SELECT FROM bildwerk.tag_links AS b
            WHERE b.media_id = l.media_id AND b.tag_id = l.tag_id AND b.run_id IS NOT NULL
                AND (l.confidence, l.weight, l.source) IS NOT DISTINCT FROM (
                    {media_tags.confidence from b.confidence}, {media_tags.weight from b.weight},
                    {media_tags.source from $5::text}
                )
        ) AND EXISTS (
            SELECT FROM bildwerk.tag_links AS b WHERE b.media_id = l.media_id AND b.tag_id = $4::bigint
        ) AS withheld
    FROM public.media_tags AS l
    WHERE l.media_id = ANY($2::bigint[]) AND l.tag_id = $3::bigint
        AND NOT EXISTS (
            SELECT FROM public.media_meta AS m
            WHERE m.media_id = l.media_id AND m.key = 'locks' AND m.value ?| ARRAY['*', 'tags', 'media_tags']
        )
), moved AS (
    UPDATE {media_tags} AS l SET {media_tags as l: tag_id = $4::bigint}
    FROM links AS k
    WHERE l.{media_tags.media_id} = k.media_id AND l.{media_tags.tag_id} = $3::bigint AND NOT {media_tags.locked of l}
        AND NOT (k.has_both OR k.withheld)
    RETURNING l.{media_tags.media_id} AS media_id, 'moved' AS what, {media_tags.confidence of l} AS confidence,
        {media_tags.weight of l} AS weight, {media_tags.source of l} AS source
), dropped AS (
    DELETE FROM {media_tags} AS l
    USING links AS k
    WHERE l.{media_tags.media_id} = k.media_id AND l.{media_tags.tag_id} = $3::bigint AND NOT {media_tags.locked of l}
        AND (k.has_both OR k.withheld)
        AND ({media_tags.confidence of l}, {media_tags.weight of l}, {media_tags.source of l}) IS NOT DISTINCT FROM (
            k.confidence, k.weight, k.source
        )
    RETURNING l.{media_tags.media_id}, CASE WHEN k.has_both THEN 'dropped' ELSE 'withheld' END,
        {media_tags.confidence of l}, {media_tags.weight of l}, {media_tags.source of l}
), taken AS (
    SELECT * FROM moved UNION ALL SELECT * FROM dropped
), journal AS (
    INSERT INTO bildwerk.tag_merge_links AS j (merge_id, media_id, what, confidence, weight, source, memory)
    SELECT $1, t.media_id, t.what, t.confidence, t.weight, t.source, (
        SELECT coalesce(jsonb_agg(to_jsonb(b)), '[]') FROM bildwerk.tag_links AS b
        WHERE b.media_id = t.media_id AND b.tag_id IN ($3::bigint, $4::bigint)
    )
    FROM taken AS t
    ON CONFLICT (merge_id, media_id) DO UPDATE SET
        what = excluded.what, confidence = excluded.confidence, weight = excluded.weight, source = excluded.source,
        memory = excluded.memory
        WHERE excluded.what = 'moved'
)
SELECT media_id, what FROM taken

-- name: merges_move_memory
-- What was moved ($2) is remembered under the other tag ($4, $5), so that nothing looks taken away; what was dropped ($1,
-- all of them) is forgotten.
WITH forgotten AS (
    DELETE FROM bildwerk.tag_links AS b WHERE b.media_id = ANY($1::bigint[]) AND b.tag_id = $3 RETURNING b.*
)
INSERT INTO bildwerk.tag_links (media_id, tag_id, name, confidence, weight, run_id, content_hash)
SELECT f.media_id, $4, $5, f.confidence, f.weight, f.run_id, f.content_hash
FROM forgotten AS f WHERE f.media_id = ANY($2::bigint[])
ON CONFLICT (media_id, tag_id) DO UPDATE SET
    name = excluded.name, confidence = excluded.confidence, weight = excluded.weight, run_id = excluded.run_id,
    content_hash = excluded.content_hash

-- name: merges_return
-- Links that stand as the merge ($1) left them go back to the tag $3; dropped ones are there again, unless the other tag
-- ($4) was taken away meanwhile.
WITH journal AS (
    SELECT j.* FROM bildwerk.tag_merge_links AS j
    WHERE j.merge_id = $1 AND j.media_id = ANY($2::bigint[])
        AND EXISTS (SELECT FROM public.media AS p WHERE p.id = j.media_id)
        AND NOT EXISTS (SELECT FROM public.media_tags AS l WHERE l.media_id = j.media_id AND l.tag_id = $3::bigint)
        AND NOT EXISTS (
            SELECT FROM public.media_meta AS m
            WHERE m.media_id = j.media_id AND m.key = 'locks' AND m.value ?| ARRAY['*', 'tags', 'media_tags']
        )
), moved AS (
    UPDATE {media_tags} AS l SET {media_tags as l: tag_id = $3::bigint}
    FROM journal AS j
    WHERE j.what = 'moved' AND l.{media_tags.media_id} = j.media_id AND l.{media_tags.tag_id} = $4::bigint
        AND NOT {media_tags.locked of l}
        AND ({media_tags.confidence of l}, {media_tags.weight of l}, {media_tags.source of l}) IS NOT DISTINCT FROM (
            j.confidence, j.weight, j.source
        )
    RETURNING l.{media_tags.media_id} AS media_id, true AS moved
), added AS (
    INSERT INTO {media_tags: media_id = j.media_id, tag_id = $3::bigint, confidence = j.confidence, weight = j.weight,
        source = j.source}
    FROM journal AS j
    WHERE j.what = 'withheld' OR j.what = 'dropped' AND EXISTS (
        SELECT FROM public.media_tags AS l WHERE l.media_id = j.media_id AND l.tag_id = $4::bigint
    )
    ORDER BY j.media_id
    ON CONFLICT DO NOTHING
    RETURNING {media_tags.media_id}, false
)
SELECT * FROM moved UNION ALL SELECT * FROM added

-- name: merges_forget_moved
-- Of those that went back ($1): the other tag ($2) was there through the merge only.
DELETE FROM bildwerk.tag_links WHERE media_id = ANY($1::bigint[]) AND tag_id = $2

-- name: merges_return_memory
-- What we remembered before, of those that went back ($3) and of those whose tag somebody took away meanwhile: both names
-- stay away from them. What we dropped ourselves has no memory, and what somebody took hold of stays where it is.
INSERT INTO bildwerk.tag_links (media_id, tag_id, name, confidence, weight, run_id, content_hash)
SELECT j.media_id, CASE r.tag_id WHEN $5::bigint THEN $5::bigint ELSE $4::bigint END, r.name, r.confidence, r.weight,
    r.run_id, r.content_hash
FROM bildwerk.tag_merge_links AS j
CROSS JOIN LATERAL jsonb_populate_recordset(NULL::bildwerk.tag_links, j.memory) AS r
WHERE j.merge_id = $1 AND j.media_id = ANY($2::bigint[])
    AND (
        j.media_id = ANY($3::bigint[])
        OR NOT EXISTS (SELECT FROM public.media_tags AS l WHERE l.media_id = j.media_id AND l.tag_id = $5::bigint)
        AND EXISTS (SELECT FROM bildwerk.tag_links AS b WHERE b.media_id = j.media_id AND b.tag_id = $5::bigint)
    )
ORDER BY j.media_id
ON CONFLICT DO NOTHING

-- name: merges_forget_journal
DELETE FROM bildwerk.tag_merge_links WHERE merge_id = $1 AND media_id = ANY($2::bigint[])

-- name: merges_add_alias
INSERT INTO bildwerk.tag_aliases (key, alias, tag_id, name) VALUES ($1, $2, $3, $4)

-- name: merges_remove_alias
DELETE FROM bildwerk.tag_aliases WHERE key = $1
