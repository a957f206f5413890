"""Whether a question without a picture costs the pictures that a server remembers, on a real engine.

Each slot has a picture of its own, and asks three times about it. Between two of these a question may come that shows
none, as the second look at a decision about publishing does; or the same question with the picture before it. The
engine keeps what loses its slot in the host's memory, as it does unless told otherwise; or it forgets it, as it must in
a library that is larger than that memory.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from statistics import mean, median
from typing import Any, Final

import httpx

from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bench.engine.process import MEMORY
from bench.prefix import (
    ANSWER_TOKENS,
    CALL_SECONDS,
    REAL_SLOTS,
    SLOTS,
    list_questions,
    make_picture,
    post,
    prompt_ms,
    start_engines,
)
from contracts.facts import MediaFacts
from handlers.inference.answers import answer_schema
from handlers.inference.layout import Question
from handlers.registry import load_stages

NOTHING, TEXT, SHOWN = "nothing", "a question without a picture", "the same question with the picture"
BETWEEN: Final = (NOTHING, TEXT, SHOWN)
JOB: Final = "ollama_policy_flags"
"""The one job type that is asked about without its picture."""
HALF: Final = 0.5
FORGETFUL: Final = "forgetful"
CALLS: Final = 3
"""About each picture."""
PICTURES: Final = 4
"""In each round with one slot; with several, two in each of them."""


@dataclass(frozen=True, slots=True)
class Call:
    """Prompt time in ms, and the share of the prompt that was reused, where the server tells it."""

    ms: float
    reused: float | None


@dataclass(frozen=True, slots=True)
class Spent:
    """The calls about one picture, in their order, and those that came between."""

    calls: Sequence[Call]
    between: Sequence[Call]

    @property
    def later(self) -> list[float]:
        """Prompt time of each later call by the first."""
        return [call.ms / self.calls[0].ms for call in self.calls[1:]]

    @property
    def anew(self) -> list[bool]:
        """Whether each later call read the picture again: most of a prompt is the picture."""
        times = zip(self.calls[1:], self.later, strict=True)
        return [time > HALF if call.reused is None else call.reused < HALF for call, time in times]

    @property
    def text(self) -> list[float]:
        """Prompt time of each call between by the first one about the picture."""
        return [call.ms / self.calls[0].ms for call in self.between]


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Ask about new pictures with each of the three between, round after round, on every engine."""
    async with AsyncExitStack() as exits:
        engines = dict(await start_engines(plan, exits, ["full"], MEMORY))
        if not plan.ollama:
            forgetful = await start_engines(plan, exits, ["full"], memory=0)
            engines |= {f"{FORGETFUL} {slots}": (url, slots) for url, slots in forgetful.values()}
        clients = {}
        for name, (url, slots) in engines.items():
            client = httpx.AsyncClient(base_url=url, timeout=CALL_SECONDS, trust_env=False)
            clients[name] = await exits.enter_async_context(client), slots
        for number in plan.numbers:
            figures: dict[str, dict[str, float]] = {}
            for name, (client, slots) in clients.items():
                spent = {b: await _ask_side_by_side(client, slots, b, plan) for b in take_turns(BETWEEN, number)}
                figures[f"{name} anew"] = {b: 100 * mean(a for one in spent[b] for a in one.anew) for b in BETWEEN}
                figures[f"{name} later"] = {b: median(t for one in spent[b] for t in one.later) for b in BETWEEN}
                figures[f"{name} text"] = {b: median(t for one in spent[b] for t in one.text) for b in (TEXT, SHOWN)}
            yield figures


async def _ask_side_by_side(client: httpx.AsyncClient, slots: int, between: str, plan: Plan) -> list[Spent]:
    """As many pictures at once as there are slots, one after the other in each."""

    async def work() -> list[Spent]:
        count = 1 if plan.quick else max(2, PICTURES // slots)
        return [await _ask_about_one(client, between, plan) for _ in range(count)]

    return [spent for done in await asyncio.gather(*(work() for _ in range(slots))) for spent in done]


async def _ask_about_one(client: httpx.AsyncClient, between: str, plan: Plan) -> Spent:
    picture, model = make_picture(quick=plan.quick), plan.model or "random"
    text = _ask_without(model)
    calls: list[Call] = []
    others: list[Call] = []
    for question in list_questions(0, picture, model)[:CALLS]:
        if calls and between != NOTHING:
            others.append(await _ask(client, text if between == TEXT else replace(text, rendition=picture)))
        calls.append(await _ask(client, question))
    return Spent(calls, others)


async def _ask(client: httpx.AsyncClient, question: Question) -> Call:
    answer = await post(client, question)
    reused = answer.get("reused")
    return Call(prompt_ms(answer), None if reused is None else reused / answer["prompt_eval_count"])


def _ask_without(model: str) -> Question:
    (stage,) = (stage for stage in load_stages() if stage.job_type == JOB)
    facts = MediaFacts(media_id=0, path="0.jpg")
    prompt: Any = replace(stage.prompt(facts), num_predict=ANSWER_TOKENS)
    return Question(model, prompt, "en", None, answer_schema(stage), 0, JOB)


def _make_tables() -> dict[str, Table]:
    tables = {}
    for kind, word, numbers in (
        ("full", "full attention", SLOTS), (FORGETFUL, "full attention, no memory beside the slots", SLOTS),
        ("real", "the Ollama that was named", REAL_SLOTS),
    ):  # fmt: skip
        for slots in numbers:
            name, where = f"{kind} {slots}", f"{word}, {slots} slot{'s' * (slots > 1)}"
            tables[f"{name} anew"] = Table(
                f"later calls that read the picture again, by what came between, {where}", "%"
            )
            tables[f"{name} later"] = Table(
                f"prompt time of a later call, by what came between, {where}", "of the first"
            )
            tables[f"{name} text"] = Table(f"prompt time of what came between, {where}", "of the first")
    return tables


COMPARISON = Comparison(
    "displacement",
    "whether a question without a picture displaces the pictures that a real engine with random weights remembers",
    _make_tables(),
    measure,
)
