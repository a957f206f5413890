"""What a picture costs, and which layouts spare it: the ratios measured on real servers.

`prompt_eval_duration` of a later job of the same picture over that of the first, on one slot, for the layouts
A system, user(job + picture) · B system, user(words + picture), user(job) · C as B with an assistant's turn between ·
E job in system, user(picture) · G `/api/generate` with system, prompt = job, picture.
"""

import asyncio
from typing import Any

import pytest

from tests.bildwerk.simulated_ollama.conftest import SCHEMA, Server, Start, picture

SYSTEM = {"role": "system", "content": "You look at pictures and answer questions about them."}
JOBS = ["Write a caption for it.", "Give it a title of eight words.", "Is it a photograph?", "Name its colours."]
PATHS = {
    "rendered": ("--pose", "0.33.0", "--prompt-path", "rendered"),
    "native": ("--pose", "0.33.0", "--prompt-path", "native"),
    "sliding": ("--pose", "0.33.0", "--attention", "sliding"),
    "0.24": ("--pose", "0.24.0"),
    "0.13": ("--pose", "0.13.5"),
}
REUSED, KEPT, NOTHING = (0.02, 0.08), (0.15, 0.27), (0.9, 1.1)
MEASURED = {
    ("A", "rendered"): REUSED, ("A", "native"): NOTHING,
    ("B", "rendered"): REUSED, ("B", "native"): REUSED,
    ("C", "rendered"): REUSED, ("C", "native"): REUSED,
    ("E", "rendered"): NOTHING, ("E", "native"): NOTHING,
    ("G", "rendered"): REUSED, ("G", "native"): REUSED,
} | {(layout, "sliding"): NOTHING for layout in "ABCG"} | {
    (layout, version): KEPT for layout in "ABCG" for version in ("0.24", "0.13")
}  # fmt: skip


def request(layout: str, job: str, shown: str) -> tuple[str, dict[str, Any]]:
    """Path and body of a job in a layout."""
    body: dict[str, Any] = {"model": "bildwerk-simulated", "stream": False, "format": SCHEMA}
    look = {"role": "user", "content": "Look at this picture.", "images": [shown]}
    asking = {"role": "user", "content": job}
    if layout == "G":
        more = {"system": SYSTEM["content"], "prompt": job, "images": [shown]}
        return "/api/generate", body | more
    turns = {
        "A": [SYSTEM, {**asking, "images": [shown]}],
        "B": [SYSTEM, look, asking],
        "C": [SYSTEM, look, {"role": "assistant", "content": "Ready."}, asking],
        "E": [{"role": "system", "content": job}, look],
    }
    return "/api/chat", body | {"messages": turns[layout]}


async def duration(server: Server, layout: str, job: str, shown: str) -> int:
    """Prompt time in nanoseconds."""
    path, body = request(layout, job, shown)
    answer = await server.ollama.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["prompt_eval_duration"])


@pytest.mark.parametrize("path", PATHS)
async def test_later_jobs_of_a_picture_cost_what_was_measured(start: Start, path: str) -> None:
    """Three pictures, four jobs each, one slot, every layout."""
    server = await start("--slots", "1", *PATHS[path])
    for layout in [layout for layout, way in MEASURED if way == path]:
        ratios: list[float] = []
        for shade in (40, 120, 200):
            shown = picture((shade, ord(layout), 60))
            times = [await duration(server, layout, job, shown) for job in JOBS]
            ratios.extend(later / times[0] for later in times[1:])
        low, high = MEASURED[layout, path]
        assert low < sorted(ratios)[len(ratios) // 2] < high, (layout, path, ratios)


async def test_the_same_pixels_in_other_bytes_are_another_picture(start: Start) -> None:
    """A cache knows a picture by its bytes."""
    server = await start("--slots", "1")
    first = await duration(server, "B", JOBS[0], picture(quality=90))
    again = await duration(server, "B", JOBS[0], picture(quality=90))
    other = await duration(server, "B", JOBS[0], picture(quality=91))
    assert again < 0.1 * first < 0.9 * other


async def test_pictures_in_order_hit_and_all_jobs_at_once_miss(start: Start) -> None:
    """Four pictures with six jobs: a chain per picture reads each once; jobs at once on cold slots read it anew."""
    server = await start("--slots", "4")
    pictures = [picture((60 * n, 100, 50)) for n in range(4)]

    async def chain(shown: str) -> None:
        for job in [*JOBS, "Where is it?", "When was it?"]:
            await duration(server, "B", job, shown)

    await asyncio.gather(*map(chain, pictures))
    calls = await server.calls()
    assert sum(call["cached_tokens"] > 256 for call in calls) == 20
    await server.control.delete("/control/calls")
    await server.spoil("hang")
    asking = asyncio.gather(*(duration(server, "B", job, picture((1, 2, 3))) for job in JOBS))

    async def all_run() -> bool:
        return bool((await server.state())["running"] == len(JOBS))

    await server.until(all_run)
    await server.heal()
    await asking
    assert not any(call["cached_tokens"] > 256 for call in await server.calls())


async def test_a_displaced_prompt_comes_back(start: Start) -> None:
    """On one slot a second picture between two jobs of the first does not cost the first its reading."""
    server = await start("--slots", "1")
    mine, other = picture((250, 10, 10)), picture((10, 250, 10))
    first = await duration(server, "B", JOBS[0], mine)
    assert await duration(server, "B", JOBS[0], other) > 0.8 * first
    assert await duration(server, "B", JOBS[1], mine) < 0.1 * first


async def test_an_old_message_is_dropped_before_the_prompt_is_cut(start: Start) -> None:
    """With `truncate` left on, the picture in an earlier message is lost; with `truncate: false` it is refused."""
    server = await start("--num-ctx", "600")
    path, body = request("B", "x" * 2200, picture())
    blind = await server.ollama.post(path, json=body)
    assert "without a picture" in blind.json()["message"]["content"]
    refused = await server.ollama.post(path, json=body | {"truncate": False})
    assert refused.status_code == 400
    assert "exceed_context_size_error" in refused.json()["error"]
