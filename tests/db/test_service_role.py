"""The role of `bildwerk serve`, logged in by itself: what it needs works, and everything else is refused.

Intake, workers, inspector, relay and sweep are one program with one role. The role of `migrate` owns the schema.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from contracts.facts import PROMPTS, TAGS
from db.grants import list_closed, list_missing, list_needed
from db.migrate import migrate
from db.pool import Database, Pool, open_pool
from tests.ledger import Ledger

ROLE: Final = "bildwerk_service_alone"
NEEDED: Final = list_needed([TAGS, PROMPTS], ["tags", "prompts", "quality", "events"])
OURS: Final = (
    "DROP TABLE bildwerk.jobs", "TRUNCATE bildwerk.jobs", "ALTER TABLE bildwerk.jobs ADD COLUMN more text",
    "CREATE TABLE bildwerk.mine (id int)", "CREATE INDEX ON bildwerk.jobs (reason)", "DROP SCHEMA bildwerk CASCADE",
    "CREATE RULE r AS ON SELECT TO bildwerk.jobs DO INSTEAD SELECT 1",
    "CREATE FUNCTION bildwerk.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "ALTER TABLE bildwerk.jobs OWNER TO {role}",
    "DELETE FROM bildwerk.migrations", "INSERT INTO bildwerk.migrations (name) VALUES ('9999_mine.sql')",
    "UPDATE bildwerk.migrations SET name = 'x'", "UPDATE bildwerk.installation SET owns_platform = true",
    "DELETE FROM bildwerk.installation",
)  # fmt: skip
THEIRS: Final = (
    "INSERT INTO public.media (path) VALUES ('x')", "DELETE FROM public.media",
    "UPDATE public.media SET path = 'x'", "UPDATE public.media SET updated_at = now()",
    "DELETE FROM public.media_meta", "TRUNCATE public.media_meta",
    "UPDATE public.tags SET name = 'x'", "DELETE FROM public.tags",
    "UPDATE public.prompt_history SET prompt = 'x'", "DELETE FROM public.prompt_history",
    "SELECT * FROM public.media_lifecycle_events", "UPDATE public.media_lifecycle_events SET id = 1",
    "DELETE FROM public.media_lifecycle_events",
    "SELECT * FROM public.users", "INSERT INTO public.users VALUES ('x')", "SELECT * FROM elsewhere.secrets",
    "DROP TABLE public.media", "ALTER TABLE public.media ADD COLUMN more text", "CREATE TABLE public.mine (id int)",
    "CREATE TRIGGER t BEFORE INSERT ON public.media FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
)  # fmt: skip
THE_SERVERS: Final = (
    "CREATE ROLE mine", "CREATE DATABASE mine", "CREATE SCHEMA mine", "ALTER SYSTEM SET fsync = off",
    "SELECT pg_read_file('postgresql.conf')", "COPY (SELECT 1) TO PROGRAM 'true'", "COPY (SELECT 1) TO '/tmp/mine'",
    "SELECT pg_ls_dir('.')", "SELECT * FROM pg_authid", "SET ROLE {admin}", "CREATE FOREIGN DATA WRAPPER mine",
    "ALTER ROLE {role} SUPERUSER", "SELECT lo_import('/etc/hostname')", "SET session_replication_role = replica",
)  # fmt: skip


@asynccontextmanager
async def logged_in(ledger: Ledger, database: str) -> AsyncIterator[Pool]:
    """Connections of a role with exactly what we ask for, beside tables that it was never told of."""
    admin = ledger.pool
    await admin.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{ROLE}'")
    try:
        await admin.execute(
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE TABLE public.users (password text);"
            "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.secrets (secret text)"
        )
        await migrate(database, service=ROLE)
        await admin.execute(";".join(f"GRANT {grant} TO {ROLE}" for grant in NEEDED))
        parts = urlsplit(database)
        place = parts.netloc.rpartition("@")[2]
        async with open_pool(Database(urlunsplit(parts._replace(netloc=f"{ROLE}:{ROLE}@{place}")))) as pool:
            assert await pool.fetchval("SELECT session_user") == ROLE
            yield pool
    finally:
        await admin.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")


async def test_what_it_need_not_do_is_refused(ledger: Ledger, database: str) -> None:
    said = {}
    admin = await ledger.pool.fetchval("SELECT quote_ident(current_user)")
    async with logged_in(ledger, database) as pool, pool.acquire() as connection:
        for statement in (*OURS, *THEIRS, *THE_SERVERS):
            try:
                await connection.execute(statement.replace("{role}", ROLE).replace("{admin}", admin))
            except asyncpg.InsufficientPrivilegeError:
                continue
            except asyncpg.PostgresError as error:
                said[statement] = str(error)
            else:
                said[statement] = "allowed"
    assert said == {}


async def test_what_it_needs_is_there_and_nothing_is_said_to_be_missing(ledger: Ledger, database: str) -> None:
    async with logged_in(ledger, database) as pool, pool.acquire() as connection:
        assert await list_missing(connection, NEEDED) == ()
        assert await list_closed(connection) == ()
        await connection.execute("SELECT 1 FROM bildwerk.migrations, bildwerk.installation")
        await connection.execute("UPDATE public.media SET quality_score = quality_score")


async def test_every_table_of_ours_can_be_worked_with_but_those_of_migrate(ledger: Ledger, database: str) -> None:
    async with logged_in(ledger, database) as pool:
        rows = await pool.fetch(
            "SELECT c.relname, has_table_privilege(c.oid, 'INSERT') AS writes, has_table_privilege(c.oid, 'TRUNCATE')"
            " AS empties FROM pg_class AS c WHERE c.relnamespace = 'bildwerk'::regnamespace AND c.relkind = 'r'"
        )
    assert {row["relname"] for row in rows if not row["writes"]} == {"migrations", "installation"}
    assert not any(row["empties"] for row in rows)


@pytest.mark.parametrize("name", ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"])
async def test_no_session_waits_for_ever(database: str, name: str) -> None:
    async with open_pool(Database(database)) as pool:
        assert await pool.fetchval(f"SHOW {name}") != "0"
        assert await pool.fetchval("SHOW search_path") == "public"


async def test_an_owner_of_the_schema_can_be_named_and_migrates_again(ledger: Ledger, database: str) -> None:
    """One role for everything: nothing is taken from it that the next migration needs."""
    admin = ledger.pool
    await admin.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{ROLE}'")
    await admin.execute(f"CREATE DATABASE of_one_role OWNER {ROLE}")
    try:
        parts = urlsplit(database)
        place = parts.netloc.rpartition("@")[2]
        own = urlunsplit(parts._replace(netloc=f"{ROLE}:{ROLE}@{place}", path="/of_one_role"))
        await migrate(own, service=ROLE)
        await migrate(own, service=ROLE)
    finally:
        await admin.execute("DROP DATABASE of_one_role WITH (FORCE)")
        await admin.execute(f"DROP ROLE {ROLE}")
