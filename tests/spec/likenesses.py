"""What media have in common, as the cells of duplicates look at it."""

from collections.abc import Iterable
from typing import Any

from PIL import Image

from bildwerk import duplicates
from handlers.chain import Chain
from handlers.runner.planning import Planner
from tests.spec.album import draw_scene, save
from tests.spec.cells import find_stages
from tests.spec.desk import Desk

JOB, KEY = "ollama_duplicate_assist", "ollama.duplicate_assist"
DIFFERENCE = "Both show the same scene, only the size differs."
HALF = (240, 180)
PAIRS = "SELECT one, other, level FROM bildwerk.duplicate_pairs ORDER BY one, other"
EVENTS = "SELECT payload FROM bildwerk.outbox ORDER BY id"


def follow(desk: Desk) -> None:
    """From here on duplicates are looked for, and nothing else is done."""
    desk.plan_with(Planner(Chain(find_stages(JOB))))


def say(*relations: str, keep: str = "neither", difference: str = DIFFERENCE) -> dict[str, Any]:
    """The answer of a model that says this of the pictures it was shown, by place."""
    named = zip("ABC", relations, strict=False)
    return {
        "others": [
            {"alias": alias, "difference": difference, "keep": keep, "relation": relation} for alias, relation in named
        ]
    }


async def upload(desk: Desk, *pictures: Image.Image | bytes) -> list[int]:
    """Upload pictures, or their files; each comes when those before it are known."""
    media = []
    for picture in pictures:
        media.append(await desk.upload(picture if isinstance(picture, bytes) else save(picture)))
        await desk.workshop.inspect()
    return media


async def upload_copy(desk: Desk, *answers: Any, scene: int | None = None) -> tuple[int, int]:
    """Upload a scene, then a picture of half its size, about which the model answers this."""
    whole = draw_scene(1000 + desk.pictures if scene is None else scene)
    older, newer = await upload(desk, whole, whole.resize(HALF))
    for answer in answers:
        await desk.answer(newer, JOB, answer)
    return older, newer


async def decide(desk: Desk, one: int, other: int, *, same: bool) -> None:
    """Say of two media, as a person does, that they are the same or that they are not."""
    await duplicates.decide(desk.pool, desk.workshop.ledger.planner, one, other, same=same)


async def reports(desk: Desk, media: Iterable[int]) -> list[dict[str, Any]]:
    """What is written of each."""
    return [(await desk.ours(media_id))[KEY] for media_id in media]


async def called(desk: Desk, media: Iterable[int]) -> list[int]:
    """How often the model was asked by each."""
    return [await desk.calls(media_id, JOB) for media_id in media]


async def pairs(desk: Desk) -> list[tuple[int, int, str]]:
    """The graph: older, newer, level."""
    return [(row["one"], row["other"], row["level"]) for row in await desk.pool.fetch(PAIRS)]


async def told(desk: Desk, media_id: int) -> list[str]:
    """The outcomes of the medium's completions of this job, in order."""
    payloads = [row["payload"] for row in await desk.pool.fetch(EVENTS)]
    mine = {"media_id": media_id, "job_type": JOB}
    return [payload["outcome"] for payload in payloads if mine.items() <= payload.items()]


def similar(report: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """The media that a report names, by id."""
    return {other["media_id"]: other for other in report["similar"]}
