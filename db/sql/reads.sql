-- name: reads_queues
-- What waits where; every count is one of a partial index or of a table that is small when all is well. Rows of slots are
-- never deleted: those count that the hosts $1 have ($2 slots), and others that somebody holds.
SELECT
    (SELECT count(*) FROM bildwerk.media WHERE owner IS NULL AND due <> '{}') AS ready,
    (SELECT count(*) FROM bildwerk.media WHERE owner IS NOT NULL) AS leased,
    (SELECT count(*) FROM bildwerk.media WHERE inspect_at IS NOT NULL) AS uninspected,
    (SELECT count(*) FROM bildwerk.media WHERE seek_at IS NOT NULL) AS unsought,
    (SELECT count(DISTINCT media_id) FROM bildwerk.neighbours) AS neighbours,
    (SELECT count(*) FROM bildwerk.media WHERE look_at IS NOT NULL) AS missing,
    (SELECT count(*) FROM bildwerk.outbox) AS outbox,
    (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM bildwerk.outbox) AS outbox_seconds,
    (SELECT count(*) FROM bildwerk.dead_letters) AS dead_letters,
    (SELECT count(*) FROM bildwerk.slots WHERE until > now()) AS slots_taken,
    (SELECT count(*) FROM bildwerk.slots AS s WHERE s.until > now() OR EXISTS (
        SELECT FROM unnest($1::text[], $2::integer[]) AS h (host, slots) WHERE h.host = s.host AND s.number < h.slots
    )) AS slots,
    (SELECT count(*) FROM bildwerk.intake_stop) AS intake_stopped

-- name: reads_jobs
SELECT job_type, status, reason, count(*) AS number FROM bildwerk.jobs GROUP BY job_type, status, reason

-- name: reads_media
SELECT count(*) AS media, count(*) FILTER (WHERE plan_error IS NOT NULL) AS plan_errors FROM bildwerk.media

-- name: reads_pace
-- The model calls (rules have no host) that ended within $1; the rate counts from the first of them, so that a fresh start is not diluted.
SELECT
    count(*) AS calls, count(*) FILTER (WHERE outcome IN ('done', 'kept')) AS useful,
    extract(epoch FROM now() - min(started_at))::float8 AS seconds, max(ended_at) AS last_ended_at
FROM bildwerk.runs WHERE ended_at > now() - $1::interval AND host <> '' AND fused_in IS NULL

-- name: reads_tokens
SELECT coalesce(sum(prompt_tokens), 0) AS prompt, coalesce(sum(answer_tokens), 0) AS answer, count(*) AS calls
FROM bildwerk.runs WHERE host <> '' AND fused_in IS NULL

-- name: reads_find
-- A medium by its id or, exactly, by its path.
SELECT id FROM public.media WHERE path = $1
UNION ALL SELECT id FROM bildwerk.media WHERE id::text = $1
LIMIT 1

-- name: reads_ledger
SELECT
    m.owner IS NOT NULL AS leased, m.until, m.lost, m.inspect_at, m.inspect_tries, m.look_at, m.look_tries,
    m.plan_error, m.plan_no, m.deleted_at, now() AS now
FROM bildwerk.media AS m WHERE m.id = $1

-- name: reads_job_errors
SELECT job_type, last_error, changed_at FROM bildwerk.jobs WHERE media_id = $1

-- name: reads_runs
SELECT
    r.id, r.job_type, r.generation, r.host, r.model, r.recipe, r.started_at, r.ended_at, r.outcome, r.reason, r.detail,
    r.prompt_tokens, r.answer_tokens, r.total_ms, r.reused_from, f.media_id AS reused_medium, r.fused_in
FROM bildwerk.runs AS r LEFT JOIN bildwerk.runs AS f ON f.id = r.reused_from
WHERE r.media_id = $1 ORDER BY r.id DESC LIMIT $2

-- name: reads_writers
SELECT w.field, w.run_id, w.written_at FROM bildwerk.written AS w WHERE w.media_id = $1

-- name: reads_sheet
-- Pictures with what we know of them, for a contact sheet.
SELECT
    p.id AS media_id, p.path, m.content_hash, coalesce(c.width, p.width) AS width, coalesce(c.height, p.height) AS height,
    (SELECT value FROM public.media_meta WHERE media_id = p.id AND key = 'ollama.title') AS title,
    (SELECT value FROM public.media_meta WHERE media_id = p.id AND key = 'ollama.caption') AS caption,
    (SELECT value FROM public.media_meta WHERE media_id = p.id AND key = 'ollama.description') AS description,
    (SELECT value FROM public.media_meta WHERE media_id = p.id AND key = 'ollama.quality') AS quality,
    (SELECT value FROM public.media_meta WHERE media_id = p.id AND key = 'ollama.scores') AS scores,
    (SELECT value FROM public.media_meta WHERE media_id = p.id AND key = 'ollama.policy_flags') AS policy,
    (SELECT value FROM public.media_meta WHERE media_id = p.id AND key = 'ollama.prompt_reconstruction') AS prompt,
    (SELECT value FROM public.media_meta WHERE media_id = p.id AND key = 'ollama.duplicate_assist') AS duplicates,
    ARRAY(
        SELECT h.prompt FROM public.prompt_history AS h WHERE h.media_id = p.id AND h.source = $2 ORDER BY h.id
    ) AS history,
    (
        SELECT jsonb_agg(
            jsonb_build_array(
                t.name, l.confidence, l.weight, l.locked,
                NOT l.locked AND b.run_id IS NOT NULL
                AND (l.confidence, l.weight, l.source) IS NOT DISTINCT FROM (
                    {media_tags.confidence from b.confidence}, {media_tags.weight from b.weight},
                    {media_tags.source from $3::text}
                )
            )
            ORDER BY l.weight DESC NULLS FIRST, l.confidence DESC NULLS FIRST, t.name
        )
        FROM public.media_tags AS l JOIN public.tags AS t ON t.id = l.tag_id
        LEFT JOIN bildwerk.tag_links AS b ON b.media_id = l.media_id AND b.tag_id = l.tag_id
        WHERE l.media_id = p.id
    ) AS tags,
    coalesce(m.unreadable, c.unreadable) AS unreadable,
    (SELECT string_agg(DISTINCT j.reason, ', ') FROM bildwerk.jobs AS j
     WHERE j.media_id = p.id AND j.status = 'failed') AS failed,
    r.seconds, r.tokens, r.model
FROM public.media AS p
LEFT JOIN bildwerk.media AS m ON m.id = p.id
LEFT JOIN bildwerk.pictures AS c ON c.content_hash = m.content_hash
LEFT JOIN LATERAL (
    SELECT
        coalesce(sum(total_ms), 0)::float8 / 1000 AS seconds, max(model) AS model,
        coalesce(sum(prompt_tokens + answer_tokens), 0) AS tokens
    FROM bildwerk.runs WHERE media_id = p.id
) AS r ON true
ORDER BY p.path
LIMIT $1

-- name: reads_server
SELECT
    current_setting('server_version_num')::integer AS version, current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('fsync') AS fsync, quote_ident(current_user) AS role, pg_is_in_recovery() AS standby

-- name: reads_installation
SELECT id, owns_platform FROM bildwerk.installation
