-- name: ledger_register
INSERT INTO bildwerk.media (id)
SELECT id FROM unnest($1::bigint[]) AS id ORDER BY id
ON CONFLICT DO NOTHING

-- name: ledger_lock
-- A statement of its own: facts and verdicts are read by the next one, under a new snapshot (P1). To plan the statements
-- about a few media anew each time costs many times what it costs to run them (see leases_fence).
SELECT id, CASE WHEN cardinality($1::bigint[]) <= 32 THEN set_config('plan_cache_mode', 'force_generic_plan', true) END
FROM bildwerk.media WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE

-- name: ledger_honour_forces
-- Only requests seen for the first time come back (P21).
INSERT INTO bildwerk.forces (media_id, force_id)
SELECT DISTINCT f.media_id, f.force_id
FROM unnest($1::bigint[], $2::text[]) AS f (media_id, force_id)
ORDER BY f.media_id, f.force_id
ON CONFLICT DO NOTHING
RETURNING media_id, force_id

-- name: ledger_unseen_forces
-- Of these requests those that were never seen.
SELECT f.media_id, f.force_id
FROM unnest($1::bigint[], $2::text[]) AS f (media_id, force_id)
WHERE NOT EXISTS (SELECT FROM bildwerk.forces AS k WHERE k.media_id = f.media_id AND k.force_id = f.force_id)

-- name: ledger_write
-- Verdicts, the media's rows, and events, whose ids are drawn under the media's locks: in commit order per medium (P20).
-- What is done has no error any more.
WITH verdicts AS (
    INSERT INTO bildwerk.jobs (media_id, job_type, status, reason, fingerprint, generation, forced, attempt, run_at)
    SELECT * FROM unnest(
        $1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::boolean[], $8::integer[],
        $9::timestamptz[]
    )
    ON CONFLICT (media_id, job_type) DO UPDATE SET
        status = excluded.status, reason = excluded.reason, fingerprint = excluded.fingerprint,
        generation = excluded.generation, forced = excluded.forced, attempt = excluded.attempt,
        run_at = excluded.run_at, changed_at = now(),
        last_error = CASE WHEN excluded.status <> 'done' THEN jobs.last_error END
), rows AS (
    UPDATE bildwerk.media AS m SET
        seen = w.seen, inspect_at = w.inspect_at, look_at = w.look_at, look_tries = w.look_tries,
        missing_event = CASE WHEN NOT w.seen THEN coalesce(w.missing_event, m.missing_event) END,
        -- one that comes back has missed who came meanwhile
        seek_at = CASE WHEN m.deleted_at IS NOT NULL AND w.deleted_at IS NULL THEN now() ELSE m.seek_at END,
        sought = CASE WHEN m.deleted_at IS NOT NULL AND w.deleted_at IS NULL THEN NULL ELSE m.sought END,
        deleted_at = w.deleted_at, plan_no = w.plan_no, plan_error = w.plan_error,
        due = string_to_array(w.due, ','), run_at = w.run_at, priority = w.priority, alone = w.alone
    FROM unnest(
        $10::bigint[], $11::boolean[], $12::timestamptz[], $13::timestamptz[], $14::integer[], $15::jsonb[],
        $16::timestamptz[], $17::bigint[], $18::text[], $19::text[], $20::timestamptz[], $21::smallint[],
        $22::boolean[]
    ) AS w (
        id, seen, inspect_at, look_at, look_tries, missing_event, deleted_at, plan_no, plan_error, due, run_at,
        priority, alone
    )
    WHERE m.id = w.id
)
INSERT INTO bildwerk.outbox (aggregateid, type, topic, payload)
SELECT e.aggregateid, e.type, e.type, e.payload
FROM unnest($23::text[], $24::text[], $25::jsonb[]) WITH ORDINALITY AS e (aggregateid, type, payload, position)
ORDER BY e.position

-- name: ledger_write_error
UPDATE bildwerk.jobs SET last_error = $3 WHERE media_id = $1 AND job_type = $2

-- name: ledger_emit
-- Events alone, under the medium's lock, too.
INSERT INTO bildwerk.outbox (aggregateid, type, topic, payload)
SELECT e.aggregateid, e.type, e.type, e.payload
FROM unnest($1::text[], $2::text[], $3::jsonb[]) WITH ORDINALITY AS e (aggregateid, type, payload, position)
ORDER BY e.position
