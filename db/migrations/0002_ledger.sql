-- The ledger. Every row of a medium is written under the lock of its row in bildwerk.media.

-- One row: who we are. The id names this installation in the events we send, so that our own echo is recognised.
CREATE TABLE bildwerk.installation (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    owns_platform boolean NOT NULL
);

-- What tells that a medium's file may have changed. Never part of a fingerprint: a touched file is no new picture.
CREATE FUNCTION bildwerk.source_mark(path text, updated_at timestamptz, hash text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN md5(jsonb_build_array(path, extract(epoch FROM updated_at), hash)::text);

CREATE TABLE bildwerk.media (
    id bigint PRIMARY KEY,
    -- the platform had this medium once: its absence is a deletion, not an event that came too early
    seen boolean NOT NULL DEFAULT false,
    -- the source mark the picture was inspected under; the medium is claimable only while the platform's equals it
    inspected_mark text,
    content_hash text,
    -- why there is no picture to look at, for reasons without a content hash (missing file, ...)
    unreadable text,
    -- when the inspector is to look (null: nothing to look at) and how often it failed in vain
    inspect_at timestamptz,
    inspect_tries integer NOT NULL DEFAULT 0,
    -- an event named a medium that the platform does not have: when to look again, how often we did, and the event
    look_at timestamptz,
    look_tries integer NOT NULL DEFAULT 0,
    missing_event jsonb,
    deleted_at timestamptz,
    -- what was kept of a deleted medium is gone; the row stays as a tombstone
    purged_at timestamptz,
    plan_no bigint NOT NULL DEFAULT 0,
    plan_error text,
    -- the due job types in chain order and the earliest moment one of them may run; empty: nothing to claim
    due text[] NOT NULL DEFAULT '{}',
    run_at timestamptz NOT NULL DEFAULT now(),
    priority smallint NOT NULL DEFAULT 0,
    -- a due job was under way when the model's runner crashed: it is tried again alone on a host
    alone boolean NOT NULL DEFAULT false,
    -- the lease; lease_no only grows and is the fencing token
    lease_no bigint NOT NULL DEFAULT 0,
    owner uuid,
    until timestamptz,
    lost integer NOT NULL DEFAULT 0,
    CHECK ((owner IS NULL) = (until IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX media_ready ON bildwerk.media (priority DESC, run_at, id) WHERE owner IS NULL AND due <> '{}';
CREATE INDEX media_leased ON bildwerk.media (until) WHERE owner IS NOT NULL;
CREATE INDEX media_uninspected ON bildwerk.media (inspect_at) WHERE inspect_at IS NOT NULL;
CREATE INDEX media_deleted ON bildwerk.media (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX media_content ON bildwerk.media (content_hash) WHERE content_hash IS NOT NULL;
CREATE INDEX media_missing ON bildwerk.media (look_at) WHERE look_at IS NOT NULL;

CREATE TABLE bildwerk.jobs (
    media_id bigint NOT NULL REFERENCES bildwerk.media (id) ON DELETE CASCADE,
    job_type text NOT NULL,
    status text NOT NULL CHECK (status IN ('waiting', 'due', 'done', 'skipped', 'failed')),
    reason text NOT NULL DEFAULT '',
    fingerprint text,
    generation integer NOT NULL DEFAULT 0,
    forced boolean NOT NULL DEFAULT false,
    attempt integer NOT NULL DEFAULT 0,
    run_at timestamptz,
    last_error jsonb,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (media_id, job_type)
) WITH (fillfactor = 70);

CREATE TABLE bildwerk.slots (
    host text NOT NULL,
    number integer NOT NULL,
    lease_no bigint NOT NULL DEFAULT 0,
    owner uuid,
    until timestamptz,
    -- a call given up while the picture is read goes on inside the server: not free before this
    busy_until timestamptz,
    PRIMARY KEY (host, number),
    CHECK ((owner IS NULL) = (until IS NULL))
);

CREATE TABLE bildwerk.pictures (
    content_hash text PRIMARY KEY,
    format text,
    width integer,
    height integer,
    pixel_hash text,
    unreadable text,
    inspected_at timestamptz NOT NULL DEFAULT now()
);

-- The last value we wrote into a field. A platform value that differs, or has no row here, is somebody else's.
CREATE TABLE bildwerk.written (
    media_id bigint NOT NULL,
    field text NOT NULL,
    value jsonb NOT NULL,
    content_hash text,
    run_id bigint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (media_id, field)
);

CREATE TABLE bildwerk.runs (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    media_id bigint NOT NULL,
    job_type text NOT NULL,
    generation integer NOT NULL,
    lease_no bigint NOT NULL,
    fingerprint text NOT NULL,
    content_hash text,
    recipe text NOT NULL,
    host text NOT NULL,
    model text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    -- done, kept, superseded, failed, retry, unavailable; null: still running, or its process died
    outcome text,
    reason text,
    detail text,
    prompt_tokens integer,
    answer_tokens integer,
    load_ms real,
    prompt_ms real,
    answer_ms real,
    total_ms real,
    raw_answer text
);
CREATE INDEX runs_of_medium ON bildwerk.runs (media_id, id);
CREATE INDEX runs_ended ON bildwerk.runs (ended_at);
CREATE INDEX runs_answered ON bildwerk.runs (ended_at) WHERE raw_answer IS NOT NULL;

-- Rows are inserted under the medium's lock and deleted when the broker acknowledged them, so ids are in commit order
-- per medium. Column names follow the Debezium outbox event router, so that it can take the relay's place.
CREATE TABLE bildwerk.outbox (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    aggregatetype text NOT NULL DEFAULT 'media',
    aggregateid text NOT NULL,
    type text NOT NULL,
    topic text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0
);

-- Force requests already honoured, so that redelivery and replay are no-ops.
CREATE TABLE bildwerk.forces (
    media_id bigint NOT NULL,
    force_id text NOT NULL,
    honoured_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (media_id, force_id)
);

-- Completions that another program sent for a job type which is its own.
CREATE TABLE bildwerk.foreign_completions (
    media_id bigint NOT NULL,
    job_type text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (media_id, job_type)
);

CREATE TABLE bildwerk.dead_letters (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    timestamp_ms bigint NOT NULL,
    key bytea,
    -- the first 64 KiB of the value, its whole length and the SHA-256 of all of it
    value bytea,
    value_length bigint NOT NULL,
    value_hash text NOT NULL,
    headers jsonb NOT NULL DEFAULT '[]',
    reason text NOT NULL,
    detail text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (topic, partition, "offset", timestamp_ms, value_hash)
);

-- Work that one process at a time does for all: who, until when, and how far it came.
CREATE TABLE bildwerk.watches (
    name text PRIMARY KEY,
    owner uuid,
    until timestamptz,
    cursor bigint NOT NULL DEFAULT 0
);
INSERT INTO bildwerk.watches (name) VALUES ('sweep');
