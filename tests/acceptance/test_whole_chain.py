"""All job types there are: an upload becomes a described, tagged, judged and decided picture, once, whatever dies."""

import asyncio
import random
from collections import Counter, defaultdict

import pytest

from bildwerk.demo.generated import GENERATED, generate
from contracts.duplicates import ASKS
from contracts.tags import fold_name
from contracts.topics import Topic
from contracts.values import KEYS
from handlers.registry import load_stages
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.world import World
from tests.contracts.schemas import validator

pytestmark = pytest.mark.asyncio(loop_scope="session")

STAGES = load_stages()
ALL = tuple(stage.job_type for stage in STAGES)
WRITTEN = {key for stage in STAGES for key in stage.writes if stage.job_type != ASKS}
"""By pictures that are like no other."""
PICTURES = 60
PROMPTS = "ollama_prompt_recon"
EVALUATIONS = ("quality_eval", "policy_eval")
SETTINGS = {"job_types": ",".join(ALL), "lease_seconds": 6, "decoder_seconds": 6, "sweep_seconds": 5}
# What many platforms do, and what must not make us look at our own writes again.
TOUCHING = """
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON public.media FOR EACH ROW EXECUTE FUNCTION touch();
"""


async def tags(world: World) -> dict[int, list[str]]:
    """The tags that we gave each medium, in order."""
    rows = await world.pool.fetch(
        "SELECT l.media_id, t.name FROM public.media_tags AS l JOIN public.tags AS t ON t.id = l.tag_id"
        " WHERE l.source = 'ollama_tags_normalize' AND num_nonnulls(l.confidence, l.weight) = 2 ORDER BY 1, 2"
    )
    found = defaultdict[int, list[str]](list)
    for row in rows:
        found[row["media_id"]].append(row["name"])
    return dict(found)


async def prompts(world: World) -> list[tuple[int, str, float]]:
    """Medium, prompt and confidence of each row of `prompt_history` that is ours, in order."""
    rows = await world.pool.fetch(
        "SELECT media_id, prompt, confidence FROM public.prompt_history WHERE source = $1 ORDER BY 1, 2", PROMPTS
    )
    return [(row["media_id"], row["prompt"], row["confidence"]) for row in rows]


async def require_tidy_tags(world: World, media: list[int]) -> None:
    """Every medium has tags, none twice in other spellings; nor has the library."""
    given = await tags(world)
    assert given.keys() == set(media)
    assert [names for names in given.values() if len({fold_name(name) for name in names}) < len(names)] == []
    known = [row["name"] for row in await world.pool.fetch("SELECT name FROM public.tags")]
    assert len({fold_name(name) for name in known}) == len(known)


async def evaluations(world: World) -> Counter[tuple[int, str]]:
    """How many lifecycle events of each kind each medium has."""
    rows = await world.pool.fetch("SELECT media_id, type FROM public.media_lifecycle_events")
    return Counter((row["media_id"], row["type"]) for row in rows)


async def test_an_upload_is_described_tagged_judged_and_decided(make: MakeWorld) -> None:
    world = await make(*QUICK)
    await world.pool.execute(TOUCHING)
    service = await world.serve(**SETTINGS)
    media = await world.add(3)
    (path,) = (path for path in generate(world.root) if path.endswith("lighthouse.png"))
    media += await world.add_paths([path])
    await world.wire.created(media)
    await world.settled(media, jobs=len(ALL))

    for media_id in media:
        meta = await world.meta(media_id)
        assert set(meta) >= WRITTEN
        for key in set(meta) & set(KEYS):
            validator(key).validate(meta[key])
        for key in ("ollama.quality", "ollama.scores", "ollama.policy_flags"):
            run = await world.pool.fetchrow("SELECT * FROM bildwerk.runs WHERE id = $1", meta[key]["run"])
            assert run["media_id"] == media_id
            assert f"ollama_{key.removeprefix('ollama.')}"[:12] in run["job_type"]
            assert meta[key]["version"]
    rows = await world.pool.fetch("SELECT quality_status, quality_score FROM public.media")
    assert all(row["quality_status"] != "unknown" and row["quality_score"] is not None for row in rows)
    assert await evaluations(world) == {(media_id, name): 1 for media_id in media for name in EVALUATIONS}
    await require_tidy_tags(world, media)
    wish = GENERATED["lighthouse.png"][-1]
    assert [row for row in await prompts(world) if row[0] == media[-1]] == [(media[-1], wish.prompt, 1.0)]
    assert {call["media"] for call in await world.calls() if call["job"] == PROMPTS} == set(map(str, media[:-1]))
    assert Counter(event["media_id"] for event in service.events("picture.inspected")) == dict.fromkeys(media, 1)
    (await gather(world)).check()


async def test_kills_and_repeats_double_no_evaluation(make: MakeWorld, dice: random.Random) -> None:
    world = await make("--picture-seconds", "0.1", "--token-seconds", "0.001", "--load-seconds", "0.05")
    media = await world.add(PICTURES)
    for _ in range(2):
        await (await world.serve(**SETTINGS)).started()
    await world.wire.created(media * 2)
    alive = list(world.services)
    for _ in range(4):
        await asyncio.sleep(dice.uniform(0.5, 3.0))
        await alive.pop(dice.randrange(2)).kill()
        alive.append(await world.serve(**SETTINGS))
    await world.settled(media, seconds=180, jobs=len(ALL))

    evidence = await gather(world)
    evidence.check()
    assert Counter(job["status"] for job in evidence.jobs.values()) == {
        "done": (len(ALL) - 1) * PICTURES,
        "skipped": PICTURES,
    }, "nobody is like them"
    assert await evaluations(world) == {(media_id, name): 1 for media_id in media for name in EVALUATIONS}
    assert {int(call["media"]) for call in evidence.calls} == set(media)
    await require_tidy_tags(world, media)
    kept = await prompts(world)
    assert len({media_id for media_id, *_ in kept}) == len(kept), "one per distinct result"

    calls, before = len(evidence.calls), await evaluations(world)
    await world.wire.created(media)
    for media_id in media[:20]:
        await world.wire.updated(media_id)
    await world.wire.taken_in(Topic.MEDIA_UPDATED)
    await world.settled(media, jobs=len(ALL))
    assert len(await world.calls()) == calls
    assert await evaluations(world) == before
    assert await prompts(world) == kept
