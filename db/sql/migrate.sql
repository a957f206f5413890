-- name: migrate_lock
SELECT pg_advisory_xact_lock($1)

-- name: migrate_create_schema
CREATE SCHEMA IF NOT EXISTS bildwerk;
CREATE TABLE IF NOT EXISTS bildwerk.migrations (
    name text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
)

-- name: migrate_schema_exists
SELECT to_regclass('bildwerk.migrations') IS NOT NULL

-- name: migrate_list
SELECT name FROM bildwerk.migrations

-- name: migrate_platform_exists
-- Looked up in the catalogue, which says it without any privilege.
SELECT EXISTS (
    SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
)

-- name: migrate_record
INSERT INTO bildwerk.migrations (name) VALUES ($1)

-- name: migrate_installation
-- The answer of the first migration stands.
WITH made AS (
    INSERT INTO bildwerk.installation (owns_platform) VALUES ($1) ON CONFLICT DO NOTHING RETURNING owns_platform
)
SELECT owns_platform FROM made UNION ALL SELECT owns_platform FROM bildwerk.installation LIMIT 1

-- name: migrate_has_media
SELECT EXISTS (SELECT FROM public.media)

-- name: migrate_give
-- What `bildwerk serve` needs in our schema, as it is now; the_role is put in by name.
GRANT USAGE ON SCHEMA bildwerk TO the_role;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bildwerk TO the_role;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bildwerk TO the_role

-- name: migrate_take
REVOKE INSERT, UPDATE, DELETE ON bildwerk.migrations, bildwerk.installation FROM the_role

-- name: migrate_is_owner
-- From an owner nothing is taken: the next migration would be refused.
SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'bildwerk' AND tableowner = $1
    AND tablename IN ('migrations', 'installation'))
