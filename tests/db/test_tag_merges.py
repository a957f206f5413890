"""Two tags made one and taken back, on a real PostgreSQL: nothing a person said is lost on either way."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from bildwerk import tag_merging
from bildwerk.tag_merging import Merged, begin_merge, move_links, undo
from bildwerk.tag_names import Refused
from contracts.facts import MediaFacts
from contracts.tags import WeightedTag
from db import tag_merges, tags
from db.purge import purge_media
from db.tag_merges import Moved, Returned
from tests.ledger import Ledger
from tests.tagged import Link, Tagged, link_statement, race

OURS = "ollama_tags_normalize"
GIVEN = (0.5, 0.25, False, OURS)
LOCKS = "INSERT INTO media_meta VALUES ($1, 'locks', $2::text::jsonb)"


@pytest.fixture
def tagged(ledger: Ledger) -> Tagged:
    return Tagged(ledger.pool)


def quiet(_done: int, _total: int) -> None:
    """Nobody listens."""


async def merge(tagged: Tagged, name: str, into: str) -> Merged:
    return await move_links(tagged.pool, await begin_merge(tagged.pool, name, into), quiet)


async def take_back(tagged: Tagged, merge_id: int = 1) -> Returned:
    return (await undo(tagged.pool, merge_id, quiet))[1]


async def everything(tagged: Tagged) -> list[Any]:
    """Links and what we remember."""
    return [await tagged.every(table) for table in ("media_tags", "bildwerk.tag_links")]


async def refusal(act: Callable[[], Awaitable[object]]) -> str:
    with pytest.raises(Refused) as refused:
        await act()
    return str(refused.value)


async def test_links_move_and_the_name_means_the_other_tag_from_now_on(tagged: Tagged) -> None:
    one, both, none = await tagged.media(3)
    await tagged.carry(one, "kitty", 0.9)
    await tagged.carry(both, "kitty", 0.9)
    await tagged.carry(both, "cat", 0.1, locked=True)
    await tagged.carry(none, "dog")

    merged = await merge(tagged, "kitty", "cat")

    assert (merged.links, merged.locked) == (Moved(1, 1), 0)
    assert await tagged.links(one) == {"cat": pytest.approx((0.9, None, False, "person"))}
    assert await tagged.links(both) == {"cat": pytest.approx((0.1, None, True, "person"))}
    assert await tagged.named(none) == ["dog"]
    vocabulary = (await tagged.facts(one)).vocabulary
    assert [vocabulary.find(name) for name in ("Kitty", "cat", "dog", "fox")] == ["cat", "cat", "dog", None]
    assert "kitty" in [row["name"] for row in await tagged.every("tags")]  # no row is ever deleted


async def test_ours_stay_ours_and_nothing_looks_taken_away(tagged: Tagged) -> None:
    one, both = await tagged.media(2)
    await tagged.put(one, "kitty")
    await tagged.put(both, "kitty", "cat")

    await merge(tagged, "kitty", "cat")

    for medium in (one, both):
        facts = await tagged.facts(medium)
        assert [(tag.name, tag.ours) for tag in facts.tags] == [("cat", True)]
        assert facts.removed_tags == frozenset()
    await tagged.put(one)
    assert await tagged.named(one) == []


async def test_locked_links_stay_and_are_counted_and_go_when_they_are_unlocked(tagged: Tagged) -> None:
    link, medium, free = await tagged.media(3)
    await tagged.carry(link, "kitty", locked=True)
    await tagged.carry(medium, "kitty")
    await tagged.pool.execute(LOCKS, medium, '["tags"]')
    await tagged.carry(free, "kitty")

    merged = await merge(tagged, "kitty", "cat")

    assert (merged.links, merged.locked) == (Moved(1, 0), 2)
    assert [await tagged.named(m) for m in (link, medium, free)] == [["kitty"], ["kitty"], ["cat"]]
    await tagged.act("locked = false", link, "kitty")
    again = await merge(tagged, "kitty", "cat")
    assert (again.merge.id, again.links, again.locked) == (merged.merge.id, Moved(1, 0), 1)


async def test_a_tag_taken_away_before_the_merge_does_not_come_back_under_the_other_name(tagged: Tagged) -> None:
    kitty, cat = await tagged.media(2)
    await tagged.put(kitty, "kitty")
    await tagged.act("DELETE", kitty, "kitty")
    await tagged.put(cat, "cat", "kitty")
    await tagged.act("DELETE", cat, "cat")  # and kitty, which is ours, stays for now

    merged = await merge(tagged, "kitty", "cat")
    for medium in (kitty, cat):
        await tagged.put(medium, "cat", "kitty", "mat")
        assert await tagged.named(medium) == ["mat"]
    assert merged.links == Moved(0, 1)

    await take_back(tagged)
    await tagged.put(kitty, "cat", "kitty")
    await tagged.put(cat, "cat", "kitty")
    assert [await tagged.named(m) for m in (kitty, cat)] == [["cat"], ["kitty"]]


async def test_a_stage_that_read_the_names_before_the_merge_gives_the_other_tag(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.carry(await tagged.medium(), "kitty")
    await merge(tagged, "kitty", "cat")
    await merge(tagged, "cat", "feline")

    await tagged.put(medium, "kitty", "mat")

    assert await tagged.named(medium) == ["feline", "mat"]


async def test_a_merge_waits_for_tags_that_are_being_given(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.carry(await tagged.medium(), "kitty")
    given = [WeightedTag("kitty", 0.5, 0.25)]

    merged = await race(
        tagged.pool,
        lambda giving: tags.put(giving, MediaFacts(medium), given, 1),
        lambda: merge(tagged, "kitty", "cat"),
    )

    assert merged.links == Moved(2, 0)
    assert await tagged.named(medium) == ["cat"]


async def test_undone_everything_is_as_it_was(tagged: Tagged) -> None:
    one, both, ours, gone, unknown = await tagged.media(5)
    await tagged.carry(one, "kitty", 0.9, 0.1)
    await tagged.carry(both, "kitty", 0.2)
    await tagged.carry(both, "cat", 0.3)
    await tagged.put(ours, "kitty", "cat", "mat")
    await tagged.put(gone, "kitty", "cat")
    await tagged.act("DELETE", gone, "cat")
    await tagged.pool.execute("DELETE FROM bildwerk.media WHERE id = $1", unknown)
    await tagged.carry(unknown, "kitty")
    await tagged.see(one, both, ours, gone)
    before = await everything(tagged)

    await merge(tagged, "kitty", "cat")
    assert await everything(tagged) != before
    counts = await take_back(tagged)

    assert counts == Returned(2, 3, 0)
    assert await everything(tagged) == before
    vocabulary = (await tagged.facts(one)).vocabulary
    assert (vocabulary.find("kitty"), vocabulary.find("cat")) == ("kitty", "cat")
    assert await tagged.every("bildwerk.tag_merge_links") == []


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ("DELETE", {}),
        ("confidence = 0.75", {"cat": (0.75, 0.25, False, OURS)}),
        ("locked = true", {"cat": (0.5, 0.25, True, OURS)}),
        ("source = 'person'", {"cat": (0.5, 0.25, False, "person")}),
    ],
)
async def test_what_somebody_did_after_the_merge_stays(tagged: Tagged, change: str, left: dict[str, Link]) -> None:
    medium = await tagged.medium()
    await tagged.put(medium, "kitty")
    await merge(tagged, "kitty", "cat")
    await tagged.act(change, medium, "cat")

    assert await take_back(tagged) == Returned(0, 0, 1)

    assert await tagged.links(medium) == left
    await tagged.put(medium, "cat", "kitty")  # what was taken away was both
    assert {name: link for name, link in (await tagged.links(medium)).items() if name == "cat"} == left


async def test_a_dropped_link_stays_away_where_somebody_took_the_other_away(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.put(medium, "kitty", "cat")
    await merge(tagged, "kitty", "cat")
    await tagged.act("DELETE", medium, "cat")

    assert await take_back(tagged) == Returned(0, 0, 1)

    await tagged.put(medium, "cat", "kitty")
    assert await tagged.named(medium) == []


async def test_links_that_came_otherwise_stay_and_what_we_dropped_since_may_come_back(tagged: Tagged) -> None:
    came, dropped, again = await tagged.media(3)
    await tagged.put(dropped, "kitty")
    await tagged.carry(again, "kitty", 0.5)
    await merge(tagged, "kitty", "cat")
    await tagged.carry(came, "cat")
    await tagged.put(dropped)
    await tagged.carry(again, "kitty", 0.75)

    assert await take_back(tagged) == Returned(0, 0, 2)

    assert [await tagged.named(m) for m in (came, dropped, again)] == [["cat"], [], ["cat", "kitty"]]
    await tagged.put(dropped, "kitty")
    assert await tagged.named(dropped) == ["kitty"]


async def test_what_was_moved_goes_back_also_where_the_name_was_given_anew_and_dropped(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.carry(medium, "kitty", 0.5)
    await merge(tagged, "kitty", "cat")
    await tagged.carry(medium, "kitty", 0.75)
    assert (await merge(tagged, "kitty", "cat")).links == Moved(0, 1)

    assert await take_back(tagged) == Returned(1, 0, 0)

    assert await tagged.links(medium) == {"kitty": (0.5, None, False, "person")}


async def test_chains_are_followed_and_undone_from_their_end(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.put(medium, "kitty")
    before = await everything(tagged)
    await merge(tagged, "kitty", "cat")
    await merge(tagged, "cat", "animal")
    assert await tagged.named(medium) == ["animal"]
    assert (await tagged.facts(medium)).vocabulary.find("kitty") == "animal"

    line = await refusal(lambda: take_back(tagged, 1))
    assert line == "cat became animal by merge 2: `bildwerk tags undo 2` first"
    await take_back(tagged, 2)
    await take_back(tagged, 1)

    assert await everything(tagged) == before


async def test_a_merge_that_others_rest_on_is_undone_after_them(tagged: Tagged) -> None:
    medium, other = await tagged.media(2)
    await tagged.carry(medium, "kitty")
    await tagged.carry(medium, "tom")
    await tagged.carry(other, "tom")
    await tagged.see(medium, other)
    before = await everything(tagged)
    await merge(tagged, "kitty", "cat")
    await merge(tagged, "tom", "cat")  # dropped beside what was kitty

    line = await refusal(lambda: take_back(tagged, 1))
    assert line == "merge 2 rests on what merge 1 moved: `bildwerk tags undo 2` first"
    await take_back(tagged, 2)
    await take_back(tagged, 1)

    assert await everything(tagged) == before


async def test_independent_merges_are_undone_in_any_order(tagged: Tagged) -> None:
    one, other = await tagged.media(2)
    await tagged.put(one, "kitty")
    await tagged.put(other, "tom")
    before = await everything(tagged)
    await merge(tagged, "kitty", "cat")
    await merge(tagged, "tom", "cat")

    await take_back(tagged, 1)
    assert [await tagged.named(m) for m in (one, other)] == [["kitty"], ["cat"]]
    await take_back(tagged, 2)

    assert await everything(tagged) == before


async def test_what_cannot_be_merged_is_refused_with_a_line(tagged: Tagged) -> None:
    medium = await tagged.medium()
    for name in ("kitty", "cat", "dog", "Tom", "tom"):
        await tagged.carry(medium, name)
    await merge(tagged, "kitty", "cat")
    before = [*await everything(tagged), await tagged.every("bildwerk.tag_merges")]
    said = [
        await refusal(lambda n=name, i=into: merge(tagged, n, i))  # type: ignore[misc]
        for name, into in [
            ("cat", "CAT"), ("cat", "kitty"), ("kitty", "dog"), ("nobody", "cat"), ("TOM", "dog"), ("...", "cat"),
            ("cat", "\u200b"),
        ]
    ]  # fmt: skip

    assert said == [
        "cat cannot be merged into itself",
        "kitty is another name of cat already: they cannot be merged the other way round",
        "kitty is another name of cat since merge 1: `bildwerk tags undo 1` first",
        "there is no tag nobody",
        "several tags are written like TOM: make them one first, `bildwerk tags merge tom Tom`",
        "'...' is no name",
        "'\\u200b' is no name",
    ]
    assert [*await everything(tagged), await tagged.every("bildwerk.tag_merges")] == before
    assert await refusal(lambda: take_back(tagged, 7)) == "there is no merge 7: `bildwerk tags merges` lists them"
    await take_back(tagged, 1)
    assert (await refusal(lambda: take_back(tagged, 1))).startswith("merge 1 was undone on 20")


async def test_spellings_of_one_name_become_one_and_the_name_chosen_stays(tagged: Tagged) -> None:
    one, two = await tagged.media(2)
    await tagged.carry(one, "Sunset")  # the oldest would give the spelling
    await tagged.carry(two, "sunset")
    assert (await tagged.facts(one)).vocabulary.find("SUNSET") == "Sunset"

    await merge(tagged, "Sunset", "sunset")
    assert [await tagged.named(m) for m in (one, two)] == [["sunset"], ["sunset"]]
    assert (await tagged.facts(one)).vocabulary.find("SUNSET") == "sunset"

    await merge(tagged, "sunset", "dusk")
    assert (await tagged.facts(one)).vocabulary.find("Sunset") == "dusk"
    await take_back(tagged, 2)
    await take_back(tagged, 1)
    assert [await tagged.named(m) for m in (one, two)] == [["Sunset"], ["sunset"]]
    assert (await tagged.facts(one)).vocabulary.find("SUNSET") == "Sunset"


async def test_a_merge_follows_the_names_it_is_given(tagged: Tagged) -> None:
    """Any spelling does; a target that became another tag, or is another name of one, means that one."""
    medium = await tagged.medium()
    for name in ("kitty", "cat", "Tom Cat", "animal"):
        await tagged.carry(medium, name)
    await tagging_alias(tagged, "beast", "animal")
    await merge(tagged, "cat", "Beast")
    await merge(tagged, "KITTY", "cat")

    await merge(tagged, "tom-cat", "a  new\tname")

    assert await tagged.named(medium) == ["a new name", "animal"]


async def tagging_alias(tagged: Tagged, alias: str, name: str) -> None:
    await tag_merging.add_alias(tagged.pool, alias, name)


async def test_aliases_are_added_and_removed_and_move_nothing(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.carry(medium, "cat")
    await tagged.carry(medium, "kitty")
    await merge(tagged, "kitty", "cat")
    await tagging_alias(tagged, "Moggy", "CAT")
    assert (await tagged.facts(medium)).vocabulary.find("moggy") == "cat"

    refused = [
        await refusal(lambda a=alias, n=name: tagging_alias(tagged, a, n))  # type: ignore[misc]
        for alias, name in [("moggy", "cat"), ("Cat", "cat"), ("cat", "moggy"), ("x", "y"), ("kitty", "cat")]
    ]
    assert refused == [
        "moggy is another name of cat: `bildwerk tags alias moggy --remove` first",
        "Cat and cat are spellings of one name: there is nothing to add",
        "cat and moggy are spellings of one name: there is nothing to add",
        "there is no tag y",
        "kitty is another name of cat since merge 1: `bildwerk tags undo 1` first",
    ]
    line = await refusal(lambda: tag_merging.remove_alias(tagged.pool, "kitty"))
    assert line == "kitty is another name of cat since merge 1: `bildwerk tags undo 1` first"
    await tagged.pool.execute("UPDATE tags SET name = 'feline' WHERE name = 'cat'")
    assert (await Tagged(tagged.pool).facts(medium)).vocabulary.find("moggy") == "feline"
    gone = await tag_merging.remove_alias(tagged.pool, "MOGGY")
    assert (gone.alias, gone.name) == ("Moggy", "feline")
    assert (await tagged.facts(medium)).vocabulary.find("moggy") is None
    line = await refusal(lambda: tag_merging.remove_alias(tagged.pool, "moggy"))
    assert line == "moggy is no other name of a tag: `bildwerk tags alias` lists them"


class Cut(Exception):
    """The power went."""


async def test_an_interrupted_merge_goes_on_and_so_does_its_undoing(
    tagged: Tagged, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = await tagged.media(7)
    for medium in media:
        await tagged.put(medium, "kitty")
    before = await everything(tagged)
    monkeypatch.setattr(tag_merging, "SLICE", 2)

    def cut(done: int, _total: int) -> None:
        if done == 4:
            raise Cut

    async def count(name: str) -> int:
        return sum([name in await tagged.named(medium) for medium in media])

    with pytest.raises(Cut):
        await move_links(tagged.pool, await begin_merge(tagged.pool, "kitty", "cat"), cut)
    assert (await count("kitty"), await count("cat")) == (3, 4)
    assert (await merge(tagged, "kitty", "cat")).links == Moved(3, 0)

    with pytest.raises(Cut):
        await undo(tagged.pool, 1, cut)
    assert (await count("kitty"), await count("cat")) == (4, 3)
    line = await refusal(lambda: merge(tagged, "kitty", "cat"))
    assert line == "merge 1 is not undone completely: `bildwerk tags undo 1` first"
    assert await take_back(tagged) == Returned(3, 0, 0)
    assert await everything(tagged) == before


@pytest.mark.parametrize("change", ["DELETE", "locked = true", "add"])
async def test_what_somebody_does_to_a_link_while_it_is_moved_wins(tagged: Tagged, change: str) -> None:
    """P17, and somebody who gives the medium the other tag at the same moment."""
    medium = await tagged.medium()
    await tagged.carry(medium, "kitty")
    await tagged.carry(await tagged.medium(), "cat")
    add = "INSERT INTO media_tags (media_id, tag_id) SELECT $1, id FROM tags WHERE name = 'cat' AND $2 = 'kitty'"
    statement = add if change == "add" else link_statement(change)
    begun = await begin_merge(tagged.pool, "kitty", "cat")

    merged = await race(
        tagged.pool,
        lambda person: person.execute(statement, medium, "kitty"),
        lambda: move_links(tagged.pool, begun, quiet),
    )

    left = {
        "DELETE": {},
        "locked = true": {"kitty": (None, None, True, "person")},
        "add": {"cat": (None, None, False, None)},
    }
    assert await tagged.links(medium) == left[change]
    assert (merged.links, merged.locked) == (Moved(0, int(change == "add")), int(change == "locked = true"))


async def test_rows_that_the_platform_deletes_or_renames_are_made_anew_or_followed(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.put(medium, "kitty")
    await merge(tagged, "kitty", "cat")
    await tagged.pool.execute("DELETE FROM tags WHERE name = 'kitty'")  # nobody carries it
    await tagged.pool.execute("UPDATE tags SET name = 'feline' WHERE name = 'cat'")
    assert (await tagged.facts(medium)).vocabulary.find("kitty") == "feline"

    assert await take_back(tagged) == Returned(1, 0, 0)

    assert await tagged.links(medium) == {"kitty": GIVEN}
    assert [tag.ours for tag in (await tagged.facts(medium)).tags] == [True]


async def scatter(tagged: Tagged, draw: random.Random, media: list[int]) -> None:
    """Give the media tags of ours and of others, and take some away."""
    for medium in media:
        for name in draw.sample(("kitty", "cat", "mat"), 2):
            if draw.random() < 0.6:
                await tagged.put(medium, name, *await tagged.named(medium))
            else:
                await tagged.carry(medium, name, draw.choice((None, 0.125)), locked=draw.random() < 0.3)
        if draw.random() < 0.2:
            await tagged.act("DELETE", medium, draw.choice(("kitty", "cat")))
    await tagged.see(*media)


@pytest.mark.parametrize("seed", range(4))
async def test_a_merge_and_its_undoing_leave_alone_what_people_touch(tagged: Tagged, seed: int) -> None:
    """Random links, a merge, random edits, and back: links nobody touched are as before, others as they left them."""
    draw = random.Random(seed)
    media = await tagged.media(40)
    await scatter(tagged, draw, media)
    before = {medium: await tagged.links(medium) for medium in media}

    merged = await merge(tagged, "kitty", "cat")
    between = {medium: await tagged.links(medium) for medium in media}
    for medium, links in before.items():
        assert keep(between[medium], lambda name, link: link[2] or name == "mat") == keep(
            links, lambda name, link: link[2] or name == "mat"
        )
        assert all(link[2] for link in keep(between[medium], lambda name, _: name == "kitty").values())
    assert merged.locked == sum("kitty" in links for links in between.values())

    for medium in draw.sample(media, 15):
        await tagged.act(draw.choice(("DELETE", "locked = true", "weight = 0.875")), medium, "cat")
    edited = {medium: await tagged.links(medium) for medium in media}
    await take_back(tagged)

    for medium in media:
        if edited[medium] == between[medium]:
            assert await tagged.links(medium) == before[medium]
            continue
        left = keep(edited[medium], lambda name, _: name == "cat")
        await tagged.put(medium, "cat", "kitty")  # what was taken away does not come back
        assert keep(await tagged.links(medium), lambda name, _: name == "cat") == left


def keep(links: dict[str, Link], wanted: Callable[[str, Link], bool]) -> dict[str, Link]:
    return {name: link for name, link in links.items() if wanted(name, link)}


async def test_nothing_is_kept_of_a_purged_medium(tagged: Tagged) -> None:
    medium = await tagged.medium()
    await tagged.put(medium, "kitty")
    await merge(tagged, "kitty", "cat")
    await tagged.pool.execute("DELETE FROM media")
    await tagged.pool.execute("UPDATE bildwerk.media SET deleted_at = now() - interval '1 day'")

    async with tagged.pool.acquire() as connection, connection.transaction():
        assert await purge_media(connection, timedelta(0), 10) == 1

    assert await tagged.every("bildwerk.tag_links") == []
    assert await tagged.every("bildwerk.tag_merge_links") == []


async def test_a_tag_is_counted_and_merges_are_listed(tagged: Tagged) -> None:
    one, two = await tagged.media(2)
    await tagged.carry(one, "kitty")
    await tagged.carry(two, "cat")
    await tagged.carry(one, "cat")
    async with tagged.pool.acquire() as connection:
        assert [(tag.name, tag.media) for tag in await tag_merges.list_tags(connection, count=True)] == [
            ("kitty", 1),
            ("cat", 2),
        ]
    await merge(tagged, "kitty", "cat")
    async with tagged.pool.acquire() as connection:
        (known,) = await tag_merges.list_merges(connection)
    assert (known.name, known.into_name, known.taken, known.undone_at) == ("kitty", "cat", 1, None)
