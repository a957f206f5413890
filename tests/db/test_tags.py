"""I17 for tags on a real PostgreSQL: what people lock, change, add or take away stays as they left it."""

from dataclasses import replace

import pytest

from handlers.chain import Chain
from handlers.registry import load_stages
from handlers.runner.planning import PlanRequest
from tests.ledger import Ledger
from tests.tagged import Tagged, link_statement, race

OURS = "ollama_tags_normalize"
GIVEN = (0.5, 0.25, False, OURS)
LOCKS = "INSERT INTO media_meta VALUES ($1, 'locks', $2::text::jsonb)"


@pytest.fixture
def tagged(ledger: Ledger) -> Tagged:
    return Tagged(ledger.pool)


async def test_tags_are_added_weighed_anew_and_dropped(tagged: Tagged) -> None:
    medium = await tagged.medium()

    await tagged.put(medium, "cat", "mat")
    assert await tagged.links(medium) == {"cat": GIVEN, "mat": GIVEN}
    await tagged.put(medium, "cat", "sofa", confidence=0.75)
    assert await tagged.links(medium) == {"cat": (0.75, 0.25, False, OURS), "sofa": (0.75, 0.25, False, OURS)}
    await tagged.put(medium, "mat")
    assert await tagged.links(medium) == {"mat": GIVEN}
    await tagged.put(medium)
    assert await tagged.links(medium) == {}
    assert await tagged.every("bildwerk.tag_links") == []


async def test_a_name_given_twice_is_one_tag_with_the_surer_value(tagged: Tagged) -> None:
    medium = await tagged.medium()

    await tagged.put(medium, "cat", "cat")

    assert await tagged.links(medium) == {"cat": GIVEN}


@pytest.mark.parametrize("locked", [False, True])
async def test_somebody_elses_link_is_never_touched(tagged: Tagged, locked: bool) -> None:
    """Neither weighed, nor dropped, locked or not, also where it says the same as ours would."""
    medium = await tagged.medium()
    await tagged.carry(medium, "cat", locked=locked)
    await tagged.carry(medium, "dog", 0.5, 0.25, locked=locked, source=OURS)
    before = await tagged.links(medium)

    await tagged.put(medium, "cat", "dog", confidence=0.9)
    assert await tagged.links(medium) == before
    await tagged.put(medium)
    assert await tagged.links(medium) == before


@pytest.mark.parametrize("change", ["confidence = 0.9", "weight = NULL", "locked = true", "source = 'person'"])
async def test_a_link_of_ours_that_somebody_took_hold_of_is_theirs(tagged: Tagged, change: str) -> None:
    medium = await tagged.medium()
    await tagged.put(medium, "cat")
    await tagged.act(change, medium, "cat")
    before = await tagged.links(medium)

    await tagged.put(medium, "cat", confidence=0.75)
    assert await tagged.links(medium) == before
    await tagged.put(medium)
    assert await tagged.links(medium) == before
    assert not any(tag.ours for tag in (await tagged.facts(medium)).tags)


async def test_what_somebody_took_away_does_not_come_back(tagged: Tagged) -> None:
    medium, other = await tagged.media(2)
    await tagged.put(medium, "cat")
    await tagged.carry(medium, "dog")
    await tagged.see(medium)
    await tagged.act("DELETE", medium, "cat")
    await tagged.act("DELETE", medium, "dog")

    await tagged.put(medium, "cat", "dog", "mat")
    await tagged.put(other, "cat", "dog")

    assert await tagged.named(medium) == ["mat"]
    assert (await tagged.facts(medium)).removed_tags == {"cat", "dog"}
    assert await tagged.named(other) == ["cat", "dog"]


async def test_what_stands_when_we_write_is_seen(tagged: Tagged) -> None:
    """A tag that somebody added after the last plan and took away after our job: seen in between."""
    medium = await tagged.medium()
    await tagged.carry(medium, "dog")
    await tagged.put(medium, "cat")
    await tagged.act("DELETE", medium, "dog")

    await tagged.put(medium, "cat", "dog")

    assert await tagged.named(medium) == ["cat"]


async def test_what_is_dropped_may_come_back(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.put(medium, "cat")
    await tagged.put(medium)
    assert (await tagged.facts(medium)).removed_tags == frozenset()

    await tagged.put(medium, "cat")

    assert await tagged.links(medium) == {"cat": GIVEN}


async def test_a_tag_whose_row_was_deleted_does_not_come_back_under_a_new_id(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.put(medium, "cat")
    await tagged.pool.execute("DELETE FROM tags WHERE name = 'cat'")

    await tagged.put(medium, "cat")
    assert await tagged.every("tags") == []  # not even its row

    await tagged.pool.execute("INSERT INTO tags (name) VALUES ('cat')")
    await tagged.put(medium, "cat")
    assert await tagged.named(medium) == []
    assert (await tagged.facts(medium)).removed_tags == {"cat"}


async def test_a_tag_that_is_there_again_under_a_new_id_is_not_removed(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.put(medium, "cat")
    await tagged.pool.execute("DELETE FROM tags WHERE name = 'cat'")
    await tagged.carry(medium, "cat")

    assert (await tagged.facts(medium)).removed_tags == frozenset()


async def test_a_renamed_tag_stays_while_we_mean_it_and_its_old_name_is_not_made_anew(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.put(medium, "sky", "sea")
    await tagged.pool.execute("UPDATE tags SET name = 'heavens' WHERE name = 'sky'")

    await tagged.put(medium, "sky", "sea")
    assert await tagged.links(medium) == {"heavens": GIVEN, "sea": GIVEN}
    assert await tagged.pool.fetchval("SELECT count(*) FROM tags WHERE name = 'sky'") == 0
    await tagged.put(medium, "heavens", confidence=0.75)
    assert await tagged.links(medium) == {"heavens": (0.75, 0.25, False, OURS)}

    await tagged.act("DELETE", medium, "heavens")
    assert (await tagged.facts(medium)).removed_tags == {"sky", "heavens"}
    await tagged.put(medium, "sky", "heavens")
    assert await tagged.named(medium) == []


async def test_no_tag_is_made_that_no_medium_gets(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.pool.execute(LOCKS, medium, '["tags"]')

    await tagged.put(medium, "cat")

    assert await tagged.every("tags") == []


@pytest.mark.parametrize("locks", ['["tags"]', '["x", "media_tags"]', '["*"]', '"*"', '"tags"'])
async def test_a_locked_medium_keeps_all_its_tags(tagged: Tagged, locks: str) -> None:
    medium = await tagged.medium()
    await tagged.put(medium, "cat", "mat")
    await tagged.pool.execute(LOCKS, medium, locks)
    before = await tagged.links(medium)

    await tagged.put(medium, "cat", "sofa", confidence=0.75)
    assert await tagged.links(medium) == before
    await tagged.put(medium)
    assert await tagged.links(medium) == before


async def test_a_lock_on_other_fields_leaves_the_tags_to_us(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.pool.execute(LOCKS, medium, '["title", "ollama.caption"]')

    await tagged.put(medium, "cat")

    assert await tagged.named(medium) == ["cat"]


@pytest.mark.parametrize("change", ["confidence = 0.9", "locked = true", "source = 'person'", "DELETE"])
@pytest.mark.parametrize("wanted", [("cat",), ()])
async def test_an_edit_that_commits_while_we_wait_stands(tagged: Tagged, change: str, wanted: tuple[str, ...]) -> None:
    """P17: between the snapshot and the writing statement."""
    medium = await tagged.medium()
    await tagged.put(medium, "cat")
    left = {"confidence = 0.9": (0.9, 0.25, False, OURS), "locked = true": (0.5, 0.25, True, OURS)}
    left |= {"source = 'person'": (0.5, 0.25, False, "person")}

    await race(
        tagged.pool,
        lambda person: person.execute(link_statement(change), medium, "cat"),
        lambda: tagged.put(medium, *wanted, confidence=0.75),
    )

    assert await tagged.links(medium) == ({"cat": pytest.approx(left[change])} if change in left else {})
    await tagged.put(medium, "cat")
    assert await tagged.links(medium) == ({"cat": pytest.approx(left[change])} if change in left else {})


async def test_a_link_that_somebody_adds_while_we_wait_is_theirs(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.pool.execute("INSERT INTO tags (name) VALUES ('cat')")
    add = "INSERT INTO media_tags (media_id, tag_id) SELECT $1, id FROM tags WHERE name = 'cat'"

    await race(tagged.pool, lambda person: person.execute(add, medium), lambda: tagged.put(medium, "cat"))

    assert await tagged.links(medium) == {"cat": (None, None, False, None)}
    await tagged.put(medium)
    assert await tagged.named(medium) == ["cat"]


async def test_a_plan_sees_tags_and_they_do_not_come_back(ledger: Ledger, tagged: Tagged) -> None:
    medium = await ledger.add()
    await tagged.carry(medium, "dog")
    ledger.planner = replace(ledger.planner, chain=Chain(load_stages()))
    async with ledger.pool.acquire() as connection, connection.transaction():
        await ledger.planner.plan_media(connection, [PlanRequest(medium)])
    await tagged.act("DELETE", medium, "dog")

    await tagged.put(medium, "dog")

    assert await tagged.named(medium) == []


async def test_facts_say_whose_tags_they_are_and_pass_over_what_is_no_fraction(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.pool.execute("ALTER TABLE media_tags DROP CONSTRAINT media_tags_confidence_check")
    await tagged.put(medium, "cat", "mat")
    await tagged.act("locked = true", medium, "mat")
    await tagged.carry(medium, "dog", 87.0)
    await tagged.carry(medium, "fox", float("nan"), 0.5)

    tags = {tag.name: (tag.confidence, tag.weight, tag.locked, tag.ours) for tag in (await tagged.facts(medium)).tags}

    assert tags == {
        "cat": (0.5, 0.25, False, True),
        "mat": (0.5, 0.25, True, False),
        "dog": (None, None, False, False),
        "fox": (None, 0.5, False, False),
    }
