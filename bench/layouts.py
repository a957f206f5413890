"""How much of a picture's reading a request's layout saves for the later jobs, on a simulated server.

The simulation was fitted to servers that were measured; this shows what follows from it for our requests, no more.
"""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from io import BytesIO
from statistics import median
from typing import Any

import httpx
import orjson

from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bench.pictures import SMALL, draw
from bildwerk.sandbox.ollama import start_simulated_ollama
from bildwerk.sandbox.simulated_ollama.models import SIMULATED
from contracts.facts import MediaFacts
from handlers.inference.answers import answer_schema
from handlers.inference.layout import Question, request_body, request_path
from handlers.inference.options import InferenceOptions, Layout
from handlers.registry import load_stages
from handlers.stage import Stage

PATHS = ("native", "rendered")
OURS = {
    "B two user turns": Layout.TWO_USER_TURNS,
    "C Ready. between": Layout.READY_BETWEEN,
    "G generate": Layout.GENERATE,
}
USUAL = "A text and picture in one message"
OPTIONS = ("--picture-seconds", "0.05", "--token-seconds", "0", "--load-seconds", "0")


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Ask every stage about a new picture in every layout, on each prompt path."""
    async with AsyncExitStack() as exits:
        clients = {}
        for path in PATHS:
            folder = plan.folder / path
            folder.mkdir()
            server = await start_simulated_ollama(folder, 1, (*OPTIONS, "--prompt-path", path))
            exits.push_async_callback(server.process.stop)
            client = httpx.AsyncClient(base_url=server.url, trust_env=False)
            clients[path] = await exits.enter_async_context(client)
        for number in plan.numbers:
            yield {
                path: {name: await _share_of_first(client, name) for name in take_turns((USUAL, *OURS), number)}
                for path, client in clients.items()
            }


async def _share_of_first(client: httpx.AsyncClient, name: str) -> float:
    """Prompt time of the later calls of one picture, their median, by that of the first."""
    picture = BytesIO()
    draw(SMALL).save(picture, "JPEG")
    layout = OURS.get(name, Layout.TWO_USER_TURNS)
    times = []
    for stage in load_stages():
        if not stage.needs_picture:
            continue
        body = request_body(_question(stage, picture.getvalue()), InferenceOptions(SIMULATED, layout=layout))
        content = body if name in OURS else put_together(body)
        response = (await client.post(request_path(layout), content=content)).raise_for_status()
        times.append(response.json()["prompt_eval_duration"])
    first, *later = times
    return float(median(later) / first)


def put_together(body: bytes) -> bytes:
    """Layout A out of layout B: the job's text and the picture in one message, as nearly every program sends it."""
    document = orjson.loads(body)
    system, picture, task = document["messages"]
    document["messages"] = [system, {**task, "images": picture["images"]}]
    return orjson.dumps(document)


def _question(stage: Stage[Any], picture: bytes) -> Question:
    facts = MediaFacts(media_id=1)
    return Question(SIMULATED, stage.prompt(facts), "en", picture, answer_schema(stage), 1, stage.job_type)


COMPARISON = Comparison(
    "layouts",
    "prompt time of a picture's later calls by that of its first, by the layout of the request",
    {path: Table(f"later/first prompt time, {path} prompt path", "of the first call") for path in PATHS},
    measure,
    simulated=True,
)
