-- name: facts_snapshots
-- One row per medium known to us, all of it in one snapshot: the platform's row and values, the inspected picture, what
-- we wrote, and the verdicts; and the parts that somebody wants: its tags, past prompts and what it has in common with
-- others. Most JSON comes as text, to be read when the medium's turn comes. Each part is planned by itself: together they
-- are too many tables for PostgreSQL to find an order of its own.
WITH asked AS (
    -- never read: without a part some of it is in no other place that would tell its type
    SELECT $1::bigint[] AS media, $2::text[] AS keys, $3::integer AS measures_version, $4::text AS source_of_tags,
        $5::text AS source_of_prompts, $6::text AS asks, $7::text[] AS levels_asked, $8::integer AS largest_group,
        $9::integer AS pairs
), known AS MATERIALIZED (
    SELECT
        now() AS now, m.id, m.seen, m.content_hash,
        -- a picture that an older version measured is not inspected
        CASE WHEN c.unreadable IS NOT NULL OR c.measures_version IS NULL OR c.measures_version >= $3
            THEN m.inspected_mark END AS inspected_mark,
        m.unreadable AS missing_reason, m.plan_no,
        m.inspect_at, m.inspect_tries, m.look_at, m.look_tries, m.deleted_at, m.due, m.run_at, m.priority, m.alone,
        m.plan_error,
        p.id IS NOT NULL AS exists, p.path, bildwerk.source_mark(p.path, p.updated_at, p.hash) AS mark,
        p.mime_type, p.width, p.height, p.file_size,
        -- no date of Python's is earlier or later
        CASE WHEN p.created_at BETWEEN '0001-01-02' AND '9999-12-30' THEN p.created_at END AS created_at,
        c.content_hash IS NOT NULL AS has_picture, c.format AS picture_format, c.width AS picture_width,
        c.height AS picture_height, c.pixel_hash, c.unreadable AS picture_unreadable,
        -- older figures may lack what Measures asks for
        CASE WHEN c.measures_version = $3 THEN c.measures::text END AS measures,
        c.phash, c.nearest, coalesce(c.compared, 0) AS compared, c.nsfw, c.nsfw_tried, c.embedded::text AS embedded,
        p.quality_status, p.quality_score, p.publish_state,
        EXISTS (SELECT FROM bildwerk.score_batches AS b WHERE b.media_id = m.id) AS score_batch,
        h.meta, h.written,
        (
            SELECT json_object_agg(j.job_type, json_build_array(
                j.status, j.reason, j.fingerprint, j.generation, j.forced, j.attempt, j.run_at
            ))::text FROM bildwerk.jobs AS j WHERE j.media_id = m.id
        ) AS verdicts,
        ARRAY(SELECT f.job_type FROM bildwerk.foreign_completions AS f WHERE f.media_id = m.id) AS foreign_completions
    FROM bildwerk.media AS m
    LEFT JOIN public.media AS p ON p.id = m.id
    LEFT JOIN bildwerk.pictures AS c ON c.content_hash = m.content_hash
    CROSS JOIN LATERAL (
        SELECT
            -- what is nested too deep for any reader counts as its text; nothing of ours is
            (json_object_agg(s.key, CASE
                WHEN s.stands THEN s.value
                WHEN s.value @? 'strict $.**{64}' THEN to_jsonb(s.value::text)
                ELSE s.value
            END) FILTER (WHERE s.key IS NOT NULL))::text AS meta,
            -- a value that stands as we wrote it is in `meta`, and is not sent twice
            (json_object_agg(s.field, CASE
                WHEN s.stands THEN json_build_array(s.content_hash)
                ELSE json_build_array(s.content_hash, s.ours)
            END) FILTER (WHERE s.field IS NOT NULL))::text AS written
        FROM (
            -- compared byte by byte, which costs a tenth of comparing JSON: what only looks different is sent, and
            -- compared then
            SELECT v.key, v.value, w.field, w.content_hash, w.value AS ours,
                ROW(v.value::jsonb)::record *= ROW(w.value)::record AS stands
            FROM (
                SELECT k.key, k.value FROM public.media_meta AS k
                WHERE k.media_id = m.id AND (k.key = ANY($2::text[]) OR starts_with(k.key, 'scan.'))
            ) AS v
            FULL JOIN (
                SELECT l.field, l.value, l.content_hash FROM bildwerk.written AS l WHERE l.media_id = m.id
            ) AS w ON w.field = v.key
        ) AS s
    ) AS h
    WHERE m.id = ANY($1::bigint[])
)
-- part tags
, tags AS MATERIALIZED (
    -- The tags each medium carries, the surest first; the names of those that were there once; whether any is new to us.
    -- And by what it is known whether more names or other aliases are known by now.
    SELECT
        m.id, c.tags, c.unseen,
        -- under the name it had, and the one that its tag has now
        ARRAY(
            SELECT n.name
            FROM bildwerk.tag_links AS b LEFT JOIN public.tags AS t ON t.id = b.tag_id
            CROSS JOIN LATERAL (VALUES (b.name), (t.name)) AS n (name)
            WHERE b.media_id = m.id AND n.name IS NOT NULL
                AND NOT EXISTS (
                    SELECT FROM public.media_tags AS l JOIN public.tags AS c ON c.id = l.tag_id
                    WHERE l.media_id = b.media_id AND (l.tag_id = b.tag_id OR c.name = n.name)
                )
        ) AS removed,
        (SELECT coalesce(max(t.id), 0) FROM public.tags AS t) AS last_tag_id,
        (SELECT v.version FROM bildwerk.tag_aliases_version AS v) AS aliases_version
    FROM unnest($1::bigint[]) AS m (id)
    CROSS JOIN LATERAL (
        SELECT
            jsonb_agg(
                jsonb_build_array(
                    t.name,
                    CASE WHEN l.confidence BETWEEN 0 AND 1 THEN l.confidence END,
                    CASE WHEN l.weight BETWEEN 0 AND 1 THEN l.weight END,
                    l.locked,
                    NOT l.locked AND b.run_id IS NOT NULL
                    AND (l.confidence, l.weight, l.source) IS NOT DISTINCT FROM (
                        {media_tags.confidence from b.confidence}, {media_tags.weight from b.weight},
                        {media_tags.source from $4::text}
                    )
                )
                ORDER BY l.confidence DESC NULLS LAST, t.name
            ) FILTER (WHERE t.id IS NOT NULL) AS tags,
            coalesce(bool_or(b.media_id IS NULL), false) AS unseen
        FROM public.media_tags AS l LEFT JOIN public.tags AS t ON t.id = l.tag_id
        LEFT JOIN bildwerk.tag_links AS b ON b.media_id = l.media_id AND b.tag_id = l.tag_id
        WHERE l.media_id = m.id
    ) AS c
)
-- end
-- part prompts
, prompts AS MATERIALIZED (
    -- What others keep of the medium's past, the latest first.
    SELECT m.id, array_agg(ARRAY[p.prompt, p.negative_prompt] ORDER BY p.created_at DESC, p.id DESC) AS prompts
    FROM unnest($1::bigint[]) AS m (id)
    CROSS JOIN LATERAL (
        SELECT h.id, h.created_at, left(h.prompt, 20000) AS prompt, left(h.negative_prompt, 20000) AS negative_prompt
        FROM public.prompt_history AS h
        WHERE h.media_id = m.id AND h.source IS DISTINCT FROM $5
        ORDER BY h.created_at DESC, h.id DESC LIMIT 3
    ) AS p
    GROUP BY m.id
)
-- end
-- part likeness
, likeness AS MATERIALIZED (
    -- What media have in common with others: up to $9 pairs from the medium's side, then everybody who is connected to it,
    -- or would be by what it is still to ask, and what is between those; of more than $8 only whom its own pairs connect. A
    -- pair is awaited while the other one is still to ask ($6 is the job type that asks, $7 the levels asked).
    SELECT
        m.id, m.seek_at IS NULL AS sought, m.left_out + p.cut AS left_out, m.search_limits, p.pairs, g.members,
        g.edges, g.large
    FROM bildwerk.media AS m
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object(
            'media_id', l.neighbour, 'level', l.level, 'evidence', l.evidence, 'closed', l.closed,
            'referee', l.referee = m.id,
            'awaited', l.referee = l.neighbour AND NOT l.closed AND l.decision IS NULL AND l.level = ANY($7::text[])
                AND coalesce(j.status IN ('waiting', 'due'), false),
            'relation', l.relation, 'keep', l.keep, 'reason', l.reason, 'decision', l.decision, 'path', n.path,
            'content_hash', l.content_hash, 'pixel_hash', l.neighbour_pixels,
            'pixels', coalesce(c.width * c.height, 0), 'file_size', n.file_size
        ) ORDER BY l.neighbour) AS pairs, greatest(coalesce(max(l.number) - $9, 0), 0)::integer AS cut
        FROM (
            SELECT k.*, count(*) OVER () AS number FROM bildwerk.likenesses AS k
            WHERE k.media_id = m.id
            ORDER BY k.referee = m.id DESC, k.neighbour LIMIT $9
        ) AS l
        JOIN public.media AS n ON n.id = l.neighbour
        JOIN bildwerk.pictures AS c ON c.content_hash = l.content_hash
        LEFT JOIN bildwerk.jobs AS j ON j.media_id = l.neighbour AND j.job_type = $6
    ) AS p
    LEFT JOIN LATERAL (
        WITH RECURSIVE reached (id) AS (
            SELECT s.id FROM (
                SELECT m.id
                UNION ALL
                SELECT l.neighbour FROM bildwerk.likenesses AS l
                WHERE l.media_id = m.id AND l.referee = m.id AND NOT l.closed AND l.decision IS NULL
                    AND l.level = ANY($7::text[])
            ) AS s (id)
            UNION
            -- OFFSET 0 keeps this a look-up of each, however little is known of the tables
            SELECT l.neighbour FROM reached AS r
            CROSS JOIN LATERAL (
                SELECT k.neighbour FROM bildwerk.likenesses AS k WHERE k.media_id = r.id AND k.joins OFFSET 0
            ) AS l
        ), group_of_it AS MATERIALIZED (
            SELECT id, count(*) OVER () > $8 AS large FROM (SELECT id FROM reached LIMIT $8 + 1) AS first_ones
        ), some_of_them AS MATERIALIZED (
            SELECT id FROM group_of_it WHERE NOT large
            UNION
            SELECT m.id
            UNION
            SELECT near.id FROM (
                SELECT l.neighbour AS id FROM bildwerk.likenesses AS l
                WHERE l.media_id = m.id AND l.joins ORDER BY l.neighbour LIMIT $8
            ) AS near
        )
        SELECT
            (SELECT bool_or(large) FROM group_of_it) AS large,
            (
                SELECT jsonb_agg(jsonb_build_array(s.id, coalesce(c.width * c.height, 0), n.file_size) ORDER BY s.id)
                FROM some_of_them AS s JOIN bildwerk.media AS b ON b.id = s.id JOIN public.media AS n ON n.id = s.id
                LEFT JOIN bildwerk.pictures AS c ON c.content_hash = b.content_hash
            ) AS members,
            (
                SELECT jsonb_agg(jsonb_build_object(
                    'one', l.media_id, 'other', l.neighbour, 'level', l.level, 'relation', l.relation,
                    'decision', l.decision
                ) ORDER BY l.media_id, l.neighbour)
                FROM some_of_them AS s
                CROSS JOIN LATERAL (
                    SELECT k.* FROM bildwerk.likenesses AS k
                    WHERE k.media_id = s.id AND k.media_id < k.neighbour OFFSET 0
                ) AS l
                JOIN some_of_them AS t ON t.id = l.neighbour
            ) AS edges
        -- here and not where it is joined: there it would be put together first, and then thrown away
        WHERE p.pairs IS NOT NULL
    ) AS g ON true
    WHERE m.id = ANY($1::bigint[])
)
-- end
SELECT * FROM known
-- part tags
LEFT JOIN tags USING (id)
-- end
-- part prompts
LEFT JOIN prompts USING (id)
-- end
-- part likeness
LEFT JOIN likeness USING (id)
-- end
ORDER BY id
