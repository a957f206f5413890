"""The privileges we need, and what a role lacks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bildwerk.tag_merging import begin_merge, move_links, undo
from contracts.effects import AddPrompt
from contracts.facts import PROMPTS, TAGS
from db.effects import add_prompt
from db.grants import Grant, list_missing, list_needed
from db.pool import Database, Pool, open_pool
from tests.ledger import Ledger
from tests.tagged import Tagged

ALL = list_needed([TAGS], ["quality", "events"])
OURS = (
    "GRANT USAGE ON SCHEMA bildwerk TO {0}; GRANT ALL ON ALL TABLES IN SCHEMA bildwerk TO {0};"
    "ALTER DATABASE {1} SET role = {0}"
)


async def test_the_owner_lacks_nothing(ledger: Ledger) -> None:
    async with ledger.pool.acquire() as connection:
        assert await list_missing(connection, ALL) == ()


async def test_a_role_lacks_what_it_was_not_given(ledger: Ledger) -> None:
    await ledger.pool.execute("CREATE ROLE stranger")
    async with ledger.pool.acquire() as connection:
        try:
            await connection.execute(
                "GRANT SELECT, UPDATE (quality_status) ON media TO stranger;"
                "GRANT SELECT, INSERT ON media_meta TO stranger; SET ROLE stranger"
            )
            missing = await list_missing(connection, ALL)
        finally:
            await connection.execute("RESET ROLE; DROP OWNED BY stranger; DROP ROLE stranger")
    assert [str(grant) for grant in missing] == [
        "UPDATE ON public.media_meta",
        "SELECT ON public.media_tags",
        "SELECT ON public.tags",
        "UPDATE (quality_score) ON public.media",
        "INSERT ON public.media_lifecycle_events",
    ]


async def test_a_schema_is_to_be_used_too(ledger: Ledger, database: str) -> None:
    await ledger.pool.execute("CREATE ROLE stranger; REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    try:
        async with open_pool(Database(f"{database}?role=stranger")) as pool, pool.acquire() as connection:
            missing = await list_missing(connection, ALL)
    finally:
        await ledger.pool.execute("DROP ROLE stranger")
    assert "USAGE ON SCHEMA public" in map(str, missing)


async def test_what_is_not_there_is_not_asked_for(ledger: Ledger) -> None:
    """That it is missing is said by the catalogue."""
    await ledger.pool.execute(
        "ALTER TABLE media_meta RENAME TO elsewhere; ALTER TABLE media RENAME quality_score TO other"
    )
    async with ledger.pool.acquire() as connection:
        assert await list_missing(connection, ALL) == ()


def test_only_what_is_read_and_written_is_asked_for() -> None:
    needed = list_needed(["caption"], ["provenance"])
    assert {grant.table for grant in needed} == {"public.media", "public.media_meta", "public"}
    assert Grant("public.media", "UPDATE", "quality_status") not in list_needed([TAGS], ["events"])


def test_tags_and_prompts_are_asked_for_where_they_are_read_and_written() -> None:
    def ask(keys: list[str], writes: list[str]) -> list[str]:
        always = list_needed([], [])
        return [str(grant) for grant in list_needed(keys, writes) if grant not in always]

    assert ask([TAGS], []) == ["SELECT ON public.media_tags", "SELECT ON public.tags"]
    assert ask([], ["tags"]) == [
        "INSERT ON public.tags",
        *(f"{privilege} ON public.media_tags" for privilege in ("INSERT", "UPDATE", "DELETE")),
    ]
    assert ask([PROMPTS], ["prompts"]) == ["SELECT ON public.prompt_history", "INSERT ON public.prompt_history"]


@asynccontextmanager
async def restricted(ledger: Ledger, database: str, role: str, grants: tuple[Grant, ...]) -> AsyncIterator[Pool]:
    """A pool whose connections act as a role with these grants, and all there is on what is ours."""
    name = await ledger.pool.fetchval("SELECT current_database()")
    await ledger.pool.execute(f"CREATE ROLE {role}")
    try:
        await ledger.pool.execute(";".join(f"GRANT {grant} TO {role}" for grant in grants))
        await ledger.pool.execute(OURS.format(role, name))
        async with open_pool(Database(database)) as pool:
            assert await pool.fetchval("SELECT current_user") == role
            yield pool
    finally:
        await ledger.pool.execute(f"ALTER DATABASE {name} RESET role; DROP OWNED BY {role}; DROP ROLE {role}")


async def test_tags_are_given_merged_and_undone_and_prompts_added_under_exactly_these_grants(
    ledger: Ledger, database: str
) -> None:
    grants = list_needed([TAGS, PROMPTS], ["tags", "prompts"])
    medium, other = await Tagged(ledger.pool).media(2)
    await Tagged(ledger.pool).carry(other, "kitty")
    async with restricted(ledger, database, "tagger", grants) as pool:
        tagged = Tagged(pool)
        await tagged.put(medium, "kitty", "cat", "mat")
        await tagged.put(medium, "kitty", "cat", confidence=0.75)
        await move_links(pool, await begin_merge(pool, "kitty", "feline"), lambda *_: None)
        assert await tagged.named(other) == ["feline"]
        await undo(pool, 1, lambda *_: None)
        assert await tagged.named(medium) == ["cat", "kitty"]
        assert len((await tagged.facts(medium)).tags) == 2
        async with pool.acquire() as connection:
            await add_prompt(connection, medium, AddPrompt("a cat", None, 0.5), 1)


async def test_one_of_them_less_is_too_few(ledger: Ledger, database: str) -> None:
    grants = tuple(g for g in list_needed([TAGS], ["tags"]) if str(g) != "DELETE ON public.media_tags")
    medium = await Tagged(ledger.pool).medium()
    async with restricted(ledger, database, "half_a_tagger", grants) as pool:
        with pytest.raises(Exception, match="permission denied for table media_tags"):
            await Tagged(pool).put(medium, "cat")
