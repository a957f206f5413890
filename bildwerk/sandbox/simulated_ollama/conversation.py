"""`/api/chat` and `/api/generate`: one request from its body to its last byte."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from bildwerk.sandbox.simulated_ollama import errors, replies
from bildwerk.sandbox.simulated_ollama.answers import Answer, compose
from bildwerk.sandbox.simulated_ollama.calls import Call
from bildwerk.sandbox.simulated_ollama.errors import ClientGone, Rejected, RunnerCrashed
from bildwerk.sandbox.simulated_ollama.faults import TEXT_FAULTS, Rule
from bildwerk.sandbox.simulated_ollama.looks import Look, Undecodable, look_at
from bildwerk.sandbox.simulated_ollama.models import Model
from bildwerk.sandbox.simulated_ollama.prompts import Prompt, lay_out
from bildwerk.sandbox.simulated_ollama.requests import Ask, check_options
from bildwerk.sandbox.simulated_ollama.simulation import Simulation

Reset = Callable[[tuple[str, int]], None]
Emit = Callable[[Answer], Awaitable[None]]
_BREATH = 0.004  # seconds of generation that one wake-up of a stream covers at least
_DRIPS = 20
_DEFAULT_ERRORS = {500: errors.STOPPED, 503: errors.BUSY}


@dataclass(frozen=True, slots=True)
class Conversation:
    """The ASGI application of one endpoint; `read` decodes its body, `reset` cuts a client off."""

    simulation: Simulation
    read: Callable[[bytes], Ask]
    reset: Reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            raw = await request.body()
        except ClientDisconnect:
            return
        call = self.simulation.log.open(request.url.path, request.headers)
        watching = asyncio.ensure_future(_watch(receive, call))
        reply = replies.Reply(send)
        try:
            await self._answer(call, raw, reply, scope["client"])
        except (Rejected, RunnerCrashed) as failure:
            status = failure.status if isinstance(failure, Rejected) else 500
            call.record.status = call.record.status or status
            self.simulation.log.close(call)
            await reply.error(status, failure.text)
        except ClientGone:
            pass
        finally:
            watching.cancel()
            self.simulation.log.close(call)

    async def _answer(self, call: Call, raw: bytes, reply: replies.Reply, client: tuple[str, int]) -> None:
        ask = self.read(raw)
        rule = note(self.simulation, call, ask)
        if rule is not None and rule.fault == "hang_up":
            self.reset(client)
            raise ClientGone
        if rule is not None and rule.fault == "body":
            await reply.verbatim(rule.status, rule.text, rule.headers)
            call.record.status = rule.status
            return
        model = admissible(self.simulation, ask)
        if ask.empty:
            await reply.json(200, await self._load(call, ask, model))
            return

        async def emit(answer: Answer) -> None:
            await self._stream(call, ask, answer, reply, rule, client)

        answer = await run(self.simulation, call, ask, model, rule, emit if ask.stream else None)
        call.record.done_reason, call.record.status = answer.reason, 200
        self.simulation.log.close(call)
        text = "" if ask.stream else answer.text
        body = replies.final(ask, answer, text, call.record, self.simulation.token_seconds)
        if not ask.stream:
            await self._whole(call, reply, orjson.dumps(body), rule, client)
        else:
            await reply.more(b"" if answer.reason is None else replies.line(body), last=True)

    async def _load(self, call: Call, ask: Ask, model: Model) -> dict[str, object]:
        runner, reason = self.simulation.runner, "load"
        if ask.keep_alive == 0:
            # As recorded: the modern server loads first, which drops any other model; the older ones leave those alone.
            runner.unload(None if self.simulation.pose.modern else model)
            reason = "unload"
        else:
            await runner.admit(call, model, self.simulation.context_of(ask.options.get("num_ctx")), None)
            runner.touch(ask.keep_alive)
        call.record.done_reason, call.record.status = reason, 200
        self.simulation.log.close(call)
        return replies.idle(ask, reason)

    async def _stream(
        self, call: Call, ask: Ask, answer: Answer, reply: replies.Reply, rule: Rule | None, client: tuple[str, int]
    ) -> None:
        seconds = self.simulation.token_seconds
        if rule is not None and rule.fault == "drip":
            seconds += (rule.seconds or 2.0) / max(1, len(answer.pieces))
        step = max(1, math.ceil(_BREATH / seconds)) if seconds else len(answer.pieces)
        pieces = answer.pieces
        if rule is not None and rule.fault == "reset":
            pieces = pieces[: len(pieces) // 2]
        call.record.status = 200
        await reply.start(200, replies.NDJSON)
        for at in range(0, len(pieces), step):
            batch = pieces[at : at + step]
            await call.pause(len(batch) * seconds)
            await reply.more(replies.lines(ask, batch))
        if rule is not None and rule.fault == "reset":
            self.reset(client)
            raise ClientGone

    async def _whole(
        self, call: Call, reply: replies.Reply, raw: bytes, rule: Rule | None, client: tuple[str, int]
    ) -> None:
        fault = rule.fault if rule is not None else None
        if fault == "broken_body":
            raw = raw[: len(raw) // 2]
        await reply.start(200, replies.JSON, len(raw))
        if fault == "reset":
            await reply.more(raw[: len(raw) // 2])
            self.reset(client)
        elif fault == "drip" and rule is not None:
            size = math.ceil(len(raw) / _DRIPS)
            for at in range(0, len(raw), size):
                await call.pause((rule.seconds or 2.0) / _DRIPS)
                await reply.more(raw[at : at + size], last=at + size >= len(raw))
        else:
            await reply.more(raw, last=True)


def note(simulation: Simulation, call: Call, ask: Ask) -> Rule | None:
    """Write down what the call is for, and the rule that spoils it. Raises `Rejected` for a status by script."""
    call.record.model = ask.model
    call.record.picture = ask.pictures[0].digest if ask.pictures else None
    call.record.pictures = len(ask.pictures)
    rule = simulation.script.choose(call.record)
    if rule is None:
        return None
    call.record.fault = rule.fault
    if rule.fault == "status":
        missing = f"model '{ask.model}' not found" if rule.status == 404 else "simulated failure"
        raise Rejected(rule.status, rule.error or _DEFAULT_ERRORS.get(rule.status, missing))
    return rule


def admissible(simulation: Simulation, ask: Ask) -> Model:
    """The model that will answer. Raises `Rejected` for what it does not have or cannot do."""
    model = simulation.find(ask.model)
    if ask.think:
        raise Rejected(400, f'"{ask.model}" does not support thinking')
    for wanted, capability in ((ask.tools, "tools"), (ask.suffix, "insert")):
        if wanted:
            text = f"registry.ollama.ai/library/{model.tagged} does not support {capability}"
            raise Rejected(400, text)
    check_options(ask.options)
    return model


async def run(
    simulation: Simulation, call: Call, ask: Ask, model: Model, rule: Rule | None, emit: Emit | None
) -> Answer:
    """Wait for a slot, read the prompt, generate. Raises `Rejected`, `RunnerCrashed`, `ClientGone`."""
    num_ctx = simulation.context_of(ask.options.get("num_ctx"))
    prompt = lay_out(ask, model, simulation.pose, num_ctx)
    slot = await simulation.runner.admit(call, model, num_ctx, prompt)
    if slot is None:
        raise ClientGone
    try:
        looks = _look(simulation, call, ask, prompt)
        fault = rule.fault if rule is not None and rule.fault in TEXT_FAULTS else None
        answer = compose(ask, looks, model, simulation.pose, num_ctx, fault)
        if rule is not None and fault == "say":
            answer = Answer((rule.text,), "stop")
        reading = simulation.runner.memory.read(slot, prompt)
        seconds = simulation.drawn.of(call.record) if simulation.drawn else reading.seconds
        _measure(call, prompt, answer, reading.cached, seconds)
        # Reading a picture does not stop when the client leaves; generating does.
        await call.pause(seconds, deaf=True)
        if rule is not None:
            await _spoil(simulation, call, rule)
        if emit is None:
            await call.pause(answer.tokens * simulation.token_seconds)
        else:
            await emit(answer)
    finally:
        simulation.runner.release(call, slot)
        simulation.runner.touch(ask.keep_alive)
    return answer


def _measure(call: Call, prompt: Prompt, answer: Answer, cached: int, seconds: float) -> None:
    record = call.record
    record.prompt_tokens, record.cached_tokens = prompt.tokens, cached
    record.prompt_seconds, record.eval_tokens = seconds, answer.tokens


async def _spoil(simulation: Simulation, call: Call, rule: Rule) -> None:
    if rule.fault == "delay":
        await call.pause(1.0 if rule.seconds is None else rule.seconds)
    elif rule.fault == "hang":
        await call.pause(rule.seconds or math.inf, until=lambda: rule.healed)
    elif rule.fault == "runner_crash":
        simulation.runner.crash(call)
        raise RunnerCrashed(errors.STOPPED)


def _look(simulation: Simulation, call: Call, ask: Ask, prompt: Prompt) -> tuple[Look, ...]:
    pictures = {picture.digest: picture for picture in ask.pictures}
    try:
        return tuple(look_at(pictures[digest]) for digest in prompt.pictures)
    except Undecodable:
        if simulation.pose.modern:
            raise errors.engine_error(errors.BAD_PICTURE) from None
        if any(not picture.data for picture in ask.pictures):
            raise Rejected(500, errors.EMPTY_PICTURE) from None
        simulation.runner.crash(call)
        raise RunnerCrashed(errors.STOPPED) from None


async def _watch(receive: Receive, call: Call) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    call.hang_up()
