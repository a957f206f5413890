"""Knowing the library's tags before work begins."""

from handlers.chain import Chain
from handlers.runner.names import learn_names
from handlers.runner.planning import Planner
from handlers.tags.naming import Naming
from tests.ledger import Ledger, choose

TAGS = "ollama_tags_normalize"


async def test_the_names_of_the_library_are_known_at_once(ledger: Ledger) -> None:
    await ledger.pool.execute("INSERT INTO tags (name) VALUES ('Hund'), ('Rote Rose')")
    planner = Planner(choose(TAGS), "de")
    await learn_names(ledger.pool, planner)

    async with ledger.pool.acquire() as connection:
        vocabulary = await planner.names.catch_up(connection)
    assert vocabulary.spellings == {"hund": "Hund", "rote rose": "Rote Rose"}
    assert Naming(vocabulary, "de").find("roten Rosen") == "Rote Rose"


async def test_where_no_stage_looks_at_tags_none_are_read(ledger: Ledger) -> None:
    captions = Chain(ledger.planner.chain.stages[:1])
    await ledger.pool.execute("DROP TABLE public.media_tags, public.tags")
    await learn_names(ledger.pool, Planner(captions))
