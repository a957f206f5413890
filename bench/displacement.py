"""Whether a question without a picture costs the pictures that a server remembers, on a real engine.

Each slot has a picture of its own, and asks three times about it. Between two of these a question may come that shows
none, as the second look at a decision about publishing does; or the same question with the picture before it.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

import httpx

from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bench.prefix import ANSWER_TOKENS, REAL_SLOTS, SLOTS, ask, list_questions, make_picture, start_engines
from contracts.facts import MediaFacts
from handlers.inference.answers import answer_schema
from handlers.inference.layout import Question
from handlers.registry import load_stages

NOTHING, TEXT, SHOWN = "nothing", "a question without a picture", "the same question with the picture"
BETWEEN: Final = (NOTHING, TEXT, SHOWN)
JOB: Final = "ollama_policy_flags"
"""The one job type that is asked about without its picture."""
CALLS: Final = 3
"""About each picture."""
PICTURES: Final = 4
"""In each round with one slot; with several, two in each of them."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Prompt times (ms) of the calls about one picture, in their order, and of those that came between."""

    calls: Sequence[float]
    between: Sequence[float]

    @property
    def later(self) -> float:
        """A later call about the picture by the first: the median."""
        return median(self.calls[1:]) / self.calls[0]

    @property
    def text(self) -> float:
        """A call between by the first one about the picture: the median."""
        return median(self.between) / self.calls[0]


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Ask about new pictures with each of the three between, round after round, on every engine."""
    async with AsyncExitStack() as exits:
        clients = {}
        for name, (url, slots) in (await start_engines(plan, exits, ["full"])).items():
            client = httpx.AsyncClient(base_url=url, timeout=None, trust_env=False)  # noqa: S113 - it may take long
            clients[name] = await exits.enter_async_context(client), slots
        for number in range(plan.rounds):
            figures: dict[str, dict[str, float]] = {}
            for name, (client, slots) in clients.items():
                spent = {b: await _ask_side_by_side(client, slots, b, plan) for b in take_turns(BETWEEN, number)}
                figures[f"{name} later"] = {b: median(one.later for one in spent[b]) for b in BETWEEN}
                figures[f"{name} worst"] = {b: max(one.later for one in spent[b]) for b in BETWEEN}
                figures[f"{name} text"] = {b: median(one.text for one in spent[b]) for b in (TEXT, SHOWN)}
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
    calls: list[float] = []
    others: list[float] = []
    for question in list_questions(0, picture, model)[:CALLS]:
        if calls and between != NOTHING:
            others.append(await ask(client, text if between == TEXT else replace(text, rendition=picture)))
        calls.append(await ask(client, question))
    return Spent(calls, others)


def _ask_without(model: str) -> Question:
    (stage,) = (stage for stage in load_stages() if stage.job_type == JOB)
    facts = MediaFacts(media_id=0, path="0.jpg")
    prompt: Any = replace(stage.prompt(facts), num_predict=ANSWER_TOKENS)
    return Question(model, prompt, "en", None, answer_schema(stage), 0, JOB)


def _make_tables() -> dict[str, Table]:
    tables = {}
    for kind, word, numbers in (
        ("full", "full attention", SLOTS), ("real", "the Ollama that was named", (*SLOTS, *REAL_SLOTS)),
    ):  # fmt: skip
        for slots in numbers:
            name, where = f"{kind} {slots}", f"{word}, {slots} slot{'s' * (slots > 1)}"
            about = f"prompt time of a later call about a picture, by what came between, {where}"
            tables[f"{name} later"] = Table(about, "of the first")
            tables[f"{name} worst"] = Table(f"the same, the worst picture, {where}", "of the first")
            tables[f"{name} text"] = Table(f"prompt time of what came between, {where}", "of the first")
    return tables


COMPARISON = Comparison(
    "displacement",
    "whether a question without a picture displaces the pictures that a real engine with random weights remembers",
    _make_tables(),
    measure,
)
