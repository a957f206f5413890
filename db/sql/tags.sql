-- name: tags_names
-- The names that came after $1. Ids of concurrent transactions may be committed out of order: who asks, asks for all
-- of them from time to time.
SELECT id, name FROM public.tags WHERE id > $1::bigint ORDER BY id

-- name: tags_extent
-- By what it is known whether there are more names, or other aliases.
SELECT
    now() AS now, (SELECT coalesce(max(t.id), 0) FROM public.tags AS t) AS last_tag_id,
    (SELECT v.version FROM bildwerk.tag_aliases_version AS v) AS aliases_version

-- name: tags_aliases
-- Every other name with the present name of its tag: the last merge of a name, else what a person said of it.
SELECT DISTINCT ON (a.key) a.key, coalesce(t.name, a.name) AS name
FROM (
    SELECT key, tag_id, name, NULL::bigint AS merge_id FROM bildwerk.tag_aliases
    UNION ALL
    SELECT key, into_id, into_name, id FROM bildwerk.tag_merges WHERE undone_at IS NULL
) AS a
LEFT JOIN public.tags AS t ON t.id = a.tag_id
ORDER BY a.key, a.merge_id DESC NULLS LAST

-- name: tags_see
-- Remember what media known to us carry, so that what is taken away does not come back.
INSERT INTO bildwerk.tag_links (media_id, tag_id, name)
SELECT l.media_id, l.tag_id, t.name
FROM public.media_tags AS l
JOIN public.tags AS t ON t.id = l.tag_id
JOIN bildwerk.media AS k ON k.id = l.media_id
WHERE l.media_id = ANY($1::bigint[])
    AND NOT EXISTS (SELECT FROM bildwerk.tag_links AS b WHERE b.media_id = l.media_id AND b.tag_id = l.tag_id)
ORDER BY l.media_id, l.tag_id
ON CONFLICT DO NOTHING

-- name: tags_hold_merges
-- No merge begins or is undone until this transaction ends. A statement of its own: the next one sees the last of them.
SELECT version FROM bildwerk.tag_aliases_version FOR SHARE

-- name: tags_follow_merges
-- The names among $1 whose tags were made another, and which: what a merge that began a moment ago makes of them.
WITH RECURSIVE steps AS (
    SELECT t.name AS wanted, t.id::bigint AS id FROM public.tags AS t WHERE t.name = ANY($1::text[])
    UNION
    SELECT s.wanted, g.into_id
    FROM steps AS s JOIN bildwerk.tag_merges AS g ON g.tag_id = s.id AND g.undone_at IS NULL
)
SELECT s.wanted, t.name
FROM steps AS s JOIN public.tags AS t ON t.id = s.id
WHERE s.wanted <> t.name
    AND NOT EXISTS (SELECT FROM bildwerk.tag_merges AS g WHERE g.tag_id = s.id AND g.undone_at IS NULL)

-- name: tags_claim_spellings
-- Of names that no tag has yet whoever comes first says how they are spelled; others wait for it, by key (P23).
INSERT INTO bildwerk.tag_spellings (key, name)
SELECT w.key, w.name FROM unnest($1::text[], $2::text[]) AS w (key, name)
WHERE NOT EXISTS (SELECT FROM public.tags AS o WHERE o.name = w.name)
ORDER BY w.key
ON CONFLICT DO NOTHING

-- name: tags_agree_on_spellings
-- How others spelled those names, perhaps a moment ago: a statement of its own sees what the one before waited for (P1).
SELECT w.name AS wanted, s.name
FROM unnest($1::text[], $2::text[]) AS w (key, name) JOIN bildwerk.tag_spellings AS s ON s.key = w.key
WHERE s.name <> w.name AND NOT EXISTS (SELECT FROM public.tags AS o WHERE o.name = w.name)

-- name: tags_create
-- Only names that the medium may get, so that no tag that people deleted or renamed is there again for nothing. By name,
-- so that several workers with the same new names wait for each other instead of locking each other up (P23).
INSERT INTO {tags: name = w.name} FROM unnest($2::text[]) AS w (name)
WHERE NOT EXISTS (SELECT FROM public.tags AS t WHERE t.name = w.name)
    AND NOT EXISTS (SELECT FROM bildwerk.tag_links AS b WHERE b.media_id = $1::bigint AND b.name = w.name)
    AND NOT EXISTS (
        SELECT FROM public.media_meta AS m
        WHERE m.media_id = $1::bigint AND m.key = 'locks' AND m.value ?| ARRAY['*', 'tags', 'media_tags']
    )
ORDER BY w.name
ON CONFLICT DO NOTHING

-- name: tags_drop
-- What we once gave the medium and would not give it any more, as far as it stands as we left it. A tag that was renamed
-- stays as long as we would give it under its old name.
WITH dropped AS (
    DELETE FROM {media_tags} AS l
    USING bildwerk.tag_links AS b, public.tags AS t
    WHERE l.{media_tags.media_id} = $1::bigint AND b.media_id = l.{media_tags.media_id}
        AND b.tag_id = l.{media_tags.tag_id} AND t.id = l.{media_tags.tag_id}
        AND t.name <> ALL($2::text[]) AND b.name <> ALL($2::text[])
        AND b.run_id IS NOT NULL AND NOT {media_tags.locked of l}
        AND ({media_tags.confidence of l}, {media_tags.weight of l}, {media_tags.source of l}) IS NOT DISTINCT FROM (
            {media_tags.confidence from b.confidence}, {media_tags.weight from b.weight},
            {media_tags.source from $3::text}
        )
        AND NOT EXISTS (
            SELECT FROM public.media_meta AS m
            WHERE m.media_id = $1::bigint AND m.key = 'locks' AND m.value ?| ARRAY['*', 'tags', 'media_tags']
        )
    RETURNING l.{media_tags.tag_id} AS tag_id
)
DELETE FROM bildwerk.tag_links AS b USING dropped AS d WHERE b.media_id = $1::bigint AND b.tag_id = d.tag_id

-- name: tags_weigh
-- Ours that stand as we left them.
WITH wanted AS (
    SELECT t.id::bigint AS id, w.confidence, w.weight
    FROM unnest($2::text[], $3::real[], $4::real[]) AS w (name, confidence, weight)
    JOIN public.tags AS t ON t.name = w.name
), weighed AS (
    UPDATE {media_tags} AS l SET {media_tags as l: confidence = w.confidence, weight = w.weight}
    FROM wanted AS w, bildwerk.tag_links AS b
    WHERE l.{media_tags.media_id} = $1::bigint AND l.{media_tags.tag_id} = w.id
        AND b.media_id = $1::bigint AND b.tag_id = w.id
        AND b.run_id IS NOT NULL AND NOT {media_tags.locked of l}
        AND ({media_tags.confidence of l}, {media_tags.weight of l}, {media_tags.source of l}) IS NOT DISTINCT FROM (
            {media_tags.confidence from b.confidence}, {media_tags.weight from b.weight},
            {media_tags.source from $7::text}
        )
        AND NOT EXISTS (
            SELECT FROM public.media_meta AS m
            WHERE m.media_id = $1::bigint AND m.key = 'locks' AND m.value ?| ARRAY['*', 'tags', 'media_tags']
        )
    RETURNING l.{media_tags.tag_id} AS tag_id, w.confidence, w.weight
)
UPDATE bildwerk.tag_links AS b SET confidence = w.confidence, weight = w.weight, run_id = $5, content_hash = $6
FROM weighed AS w WHERE b.media_id = $1::bigint AND b.tag_id = w.tag_id

-- name: tags_add
-- Only what the medium never carried, as far as we know: a row in tag_links is a tag that is there, or that somebody took
-- away. Somebody may have taken it away under an id that is gone, so the name counts too; and so does every tag that was
-- merged into it.
WITH RECURSIVE wanted AS (
    SELECT t.id::bigint AS id, t.name, w.confidence, w.weight, $7::text AS source
    FROM unnest($2::text[], $3::real[], $4::real[]) AS w (name, confidence, weight)
    JOIN public.tags AS t ON t.name = w.name
), same AS (
    SELECT w.id, w.id AS tag_id FROM wanted AS w
    UNION
    SELECT s.id, g.tag_id
    FROM same AS s JOIN bildwerk.tag_merges AS g ON g.into_id = s.tag_id AND g.undone_at IS NULL
), added AS (
    INSERT INTO {media_tags: media_id = $1::bigint, tag_id = w.id, confidence = w.confidence, weight = w.weight,
        source = w.source}
    FROM wanted AS w
    WHERE NOT EXISTS (SELECT FROM bildwerk.tag_links AS b WHERE b.media_id = $1::bigint AND b.name = w.name)
        AND NOT EXISTS (
            SELECT FROM bildwerk.tag_links AS b JOIN same AS s ON s.tag_id = b.tag_id
            WHERE b.media_id = $1::bigint AND s.id = w.id
        )
        AND NOT EXISTS (
            SELECT FROM public.media_meta AS m
            WHERE m.media_id = $1::bigint AND m.key = 'locks' AND m.value ?| ARRAY['*', 'tags', 'media_tags']
        )
    ORDER BY w.name
    ON CONFLICT DO NOTHING
    RETURNING {media_tags.tag_id} AS tag_id
)
INSERT INTO bildwerk.tag_links (media_id, tag_id, name, confidence, weight, run_id, content_hash)
SELECT $1::bigint, w.id, w.name, w.confidence, w.weight, $5, $6 FROM wanted AS w JOIN added AS a ON a.tag_id = w.id
ON CONFLICT DO NOTHING
