"""Drawn call times: the same for the same call on every server, and lognormal."""

import math
from statistics import mean, stdev

from bildwerk.sandbox.simulated_ollama.calls import Record
from bildwerk.sandbox.simulated_ollama.drawn_times import DrawnTimes
from tests.bildwerk.simulated_ollama.conftest import Server, Start, picture


def draw_many(times: DrawnTimes) -> list[float]:
    return [times.of(Record(0, "", 0.0, media=str(media), job="ollama_caption")) for media in range(4000)]


def test_times_have_the_mean_and_the_spread_that_were_asked_for() -> None:
    drawn = draw_many(DrawnTimes(2.0, 0.5))

    assert abs(mean(drawn) - 2.0) < 0.1
    assert abs(stdev(map(math.log, drawn)) - 0.5) < 0.02


def test_without_a_spread_every_call_takes_the_mean() -> None:
    assert set(draw_many(DrawnTimes(2.0, 0.0))) == {2.0}


async def ask_all(server: Server) -> dict[tuple[str, str], float]:
    """Ask for two jobs of two media, and say how long each call took by its own account."""
    for media, job in (("1", "a"), ("1", "b"), ("2", "a"), ("2", "b")):
        headers = {"X-Bildwerk-Media": media, "X-Bildwerk-Job": job}
        answer = await server.ask("Describe it.", picture(), headers=headers)
        assert answer.json()["eval_duration"] < 1e6, "all of the time is reading"
    return {(call["media"], call["job"]): call["prompt_seconds"] for call in await server.calls()}


async def test_a_call_takes_its_time_on_every_server(start: Start) -> None:
    options = ("--call-seconds", "0.1", "--token-seconds", "100")
    first, second = await ask_all(await start(*options)), await ask_all(await start("--slots", "1", *options))

    assert first == second
    assert len(set(first.values())) == 4
