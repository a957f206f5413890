"""What a picture's calls cost on a real engine, by the order in which they come, and all in one call.

llama.cpp with vision models of random weights (`bench.engine`), one of full attention and one with a sliding window; or
a real Ollama, when one is named. The engine forgets a prompt that loses its slot, as it must with a library: the 8 GiB
that are usual hold 48 pictures of qwen3-vl 8B and 124 of qwen2.5vl 7B (1200 tokens of 144 and 56 KiB). The questions
are those of the stages, without the comparison with other pictures, and answers are cut off early: reading is what
differs.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from io import BytesIO
from random import Random
from statistics import median
from time import monotonic
from typing import Any, Final

import httpx

from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bench.engine.front import Way
from bench.engine.models import Attention, Size, write_models
from bench.engine.process import MEMORY, start_engine
from bench.pictures import draw
from contracts.facts import MediaFacts
from handlers.inference.answers import answer_schema
from handlers.inference.fusing import fuse
from handlers.inference.hosts import MAX_SLOTS, parse_hosts
from handlers.inference.layout import Question, request_body, request_path, system_text
from handlers.inference.options import InferenceOptions
from handlers.registry import load_stages

TOGETHER, BY_JOB, FREE, FUSED = "picture by picture", "job by job", "in any order", "one fused call"
ORDERS: Final = (TOGETHER, BY_JOB, FREE, FUSED)
SLOTS: Final = (1, 4)
REAL_SLOTS: Final = range(1, MAX_SLOTS + 1)
"""As many as a server may be said to have."""
CALL_SECONDS: Final = 1800.0
"""No call takes so long."""
PICTURES: Final = 3
"""At least; and two for each slot: of a library only few pictures have one."""
ANSWER_TOKENS: Final = 24
"""Per job: a fused call may write as much as all of its jobs."""
SIDE: Final = (896, 896)
SMALL: Final = Size(width=64, layers=2, heads=4, inner=128, sight_width=32, sight_layers=1, sight_inner=64, side=448)
WAYS: Final[dict[Attention, Way]] = {"full": Way.NATIVE, "sliding": Way.RENDERED}
"""As Ollama does for a plain import, and for the gemma3 of its library."""
_KINDS: Final = {"full": "full attention", "sliding": "sliding window", "real": "the Ollama that was named"}


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by the clock per picture, and the prompt times (ms) of each picture's calls in their order."""

    wall: float
    prompts: Sequence[Sequence[float]]

    @property
    def later(self) -> float:
        """Prompt time of a later call by that of its picture's first: the median."""
        return median(ms / times[0] for times in self.prompts for ms in times[1:])

    @property
    def reading(self) -> float:
        """Prompt time per picture in seconds, all calls together: the median."""
        return median(sum(times) for times in self.prompts) / 1000


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Ask about new pictures in every order, round after round, on every engine."""
    async with AsyncExitStack() as exits:
        clients = {}
        for name, (url, slots) in (await start_engines(plan, exits, memory=0)).items():
            client = httpx.AsyncClient(base_url=url, timeout=CALL_SECONDS, trust_env=False)
            clients[name] = await exits.enter_async_context(client), slots
        for number in plan.numbers:
            figures: dict[str, dict[str, float]] = {}
            for name, (client, slots) in clients.items():
                orders = take_turns(ORDERS, number)
                spent = {o: await _ask_all(client, slots, o, Random(number), plan) for o in orders}
                figures[f"{name} wall"] = {order: spent[order].wall for order in orders}
                figures[f"{name} reading"] = {order: spent[order].reading for order in orders}
                figures[f"{name} later"] = {order: spent[order].later for order in orders if order != FUSED}
            yield figures


async def start_engines(
    plan: Plan, exits: AsyncExitStack, kinds: Sequence[Attention] = ("full", "sliding"), memory: int = MEMORY
) -> Mapping[str, tuple[str, int]]:
    """URL and slots of each engine to be measured, by the name of its tables."""
    if plan.ollama:
        return {f"real {host.slots}": (host.url, host.slots) for host in parse_hosts(plan.ollama)[:1]}
    engines = {}
    texts = [system_text("en"), *(question.prompt.task for question in list_questions(0, b"", ""))]
    for kind in kinds:
        models = write_models(plan.folder, kind, texts, SMALL if plan.quick else None)
        for slots in SLOTS:
            engine = await start_engine(plan.folder, models, slots, WAYS[kind], memory)
            exits.push_async_callback(engine.process.stop)
            engines[f"{kind} {slots}"] = engine.url, slots
    return engines


async def _ask_all(client: httpx.AsyncClient, slots: int, order: str, random: Random, plan: Plan) -> Spent:
    """Ask every question about pictures that nobody has seen, as many at once as there are slots."""
    pictures = [
        list_questions(number, make_picture(quick=plan.quick), plan.model or "random")
        for number in range(max(PICTURES, 2 * slots))
    ]
    prompts: list[list[float]] = [[] for _ in pictures]
    queue = _arrange(pictures, order, random)
    began = monotonic()

    async def work() -> None:
        while queue:
            for question in queue.pop(0):
                prompts[question.media_id].append(await ask(client, question))

    async with asyncio.TaskGroup() as group:
        for _ in range(slots):
            group.create_task(work())
    return Spent((monotonic() - began) / len(pictures), prompts)


def _arrange(pictures: Sequence[Sequence[Question]], order: str, random: Random) -> list[Sequence[Question]]:
    """What one slot does without a break: a picture's questions, or one question."""
    if order == TOGETHER:
        return list(pictures)
    if order == FUSED:
        return [[_cap(fuse(questions), len(questions))] for questions in pictures]
    single: list[Sequence[Question]] = [[question] for job in zip(*pictures, strict=True) for question in job]
    if order == FREE:
        random.shuffle(single)
    return single


def _cap(fused: Question, jobs: int) -> Question:
    """Models with random weights use all the room there is."""
    return replace(fused, prompt=replace(fused.prompt, num_predict=jobs * ANSWER_TOKENS))


async def ask(client: httpx.AsyncClient, question: Question) -> float:
    """The prompt time of a call, in milliseconds."""
    return prompt_ms(await post(client, question))


async def post(client: httpx.AsyncClient, question: Question) -> Mapping[str, Any]:
    """What the server answers, with what it says of its work."""
    options = InferenceOptions(question.model, num_ctx=8192)
    response = await client.post(request_path(options.usual_layout), content=request_body(question, options))
    answer: Mapping[str, Any] = response.raise_for_status().json()
    return answer


def prompt_ms(answer: Mapping[str, Any]) -> float:
    """How long the server was at the prompt, in milliseconds."""
    return float(answer.get("prompt_eval_duration", 0)) / 1e6


def list_questions(number: int, picture: bytes, model: str) -> list[Question]:
    """What is asked about a picture, job by job, without the comparison with others."""
    facts, questions = MediaFacts(media_id=number, path=f"{number}.jpg"), []
    for stage in load_stages():
        if not stage.needs_picture or stage.job_type == "ollama_duplicate_assist":
            continue
        prompt: Any = replace(stage.prompt(facts), num_predict=ANSWER_TOKENS)
        questions.append(Question(model, prompt, "en", picture, answer_schema(stage), number, stage.job_type))
    return questions


def make_picture(*, quick: bool) -> bytes:
    """A picture that nobody has seen, as JPEG."""
    data = BytesIO()
    draw((448, 448) if quick else SIDE).save(data, "JPEG", quality=85)
    return data.getvalue()


def _make_tables() -> dict[str, Table]:
    tables = {}
    for kind, word in _KINDS.items():
        for slots in REAL_SLOTS if kind == "real" else SLOTS:
            name, where = f"{kind} {slots}", f"{word}, {slots} slot{'s' * (slots > 1)}"
            tables[f"{name} wall"] = Table(f"time by the clock per picture, {where}", "s", FREE)
            tables[f"{name} reading"] = Table(f"prompt time of all calls of a picture, {where}", "s", FREE)
            tables[f"{name} later"] = Table(f"prompt time of a later call, {where}", "of the first")
    return tables


COMPARISON = Comparison(
    "prefix",
    "what the calls about a picture cost on a real engine with random weights, by their order and fused",
    _make_tables(),
    measure,
)
