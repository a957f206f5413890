"""The privileges we need, and what a role lacks."""

from contracts.facts import TAGS
from db.grants import Grant, list_missing, list_needed
from tests.ledger import Ledger

ALL = list_needed([TAGS], ["quality", "events"])


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


async def test_what_is_not_there_is_missing(ledger: Ledger) -> None:
    await ledger.pool.execute(
        "ALTER TABLE media_meta RENAME TO elsewhere; ALTER TABLE media RENAME quality_score TO other"
    )
    async with ledger.pool.acquire() as connection:
        missing = await list_missing(connection, ALL)
    assert {(grant.table, grant.column) for grant in missing} == {
        ("public.media_meta", ""),
        ("public.media", "quality_score"),
    }


def test_only_what_is_read_and_written_is_asked_for() -> None:
    assert {grant.table for grant in list_needed(["caption"], ["provenance"])} == {"public.media", "public.media_meta"}
    assert Grant("public.media", "UPDATE", "quality_status") not in list_needed([TAGS], ["events"])
