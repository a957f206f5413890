"""`bildwerk doctor`: looks at everything the service needs, one line each with what to do; exit status tells."""

import asyncio
from collections.abc import AsyncIterator

import typer

from bildwerk.arguments import make_chain, make_kafka, make_options
from bildwerk.cli.connections import blame_kafka, connected, name_kafka, name_postgres
from bildwerk.cli.finding import Finding
from bildwerk.cli.platform import examine_platform
from bildwerk.cli.probes import needs_probe, recall_probes, say_probe
from bildwerk.cli.problem import Problem
from bildwerk.cli.stores import examine_stores
from bildwerk.environment import read
from bildwerk.kafka_access import find_dangers
from bildwerk.reasons import say
from bildwerk.settings import Settings
from consumers.kafka import count_partitions
from db.pool import Connection
from db.reads import read_server
from handlers.inference.client import HostReport, Ollama
from handlers.inference.hosts import Host
from handlers.inference.manner import Fusing, choose
from handlers.inspect.nsfw import DetectorMissing, OpenNsfw

OLDEST_POSTGRES = 160_000


def doctor() -> None:
    """Check Kafka, topics, PostgreSQL, schema, grants, media root and every Ollama host."""
    failed = asyncio.run(_print_findings(read(Settings)))
    if failed:
        raise typer.Exit(1)


async def _print_findings(settings: Settings) -> bool:
    failed = False
    async for finding in examine(settings):
        typer.echo(str(finding))
        failed = failed or bool(finding.wrong and not finding.warning)
    return failed


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Everything there is to find, in order."""
    for part in (_examine_postgres, _examine_kafka, examine_stores, _examine_detector, _examine_ollama):
        async for finding in part(settings):
            yield finding


async def _examine_postgres(settings: Settings) -> AsyncIterator[Finding]:
    where = name_postgres(settings)
    try:
        async with connected(settings) as connection:
            yield Finding(where, fine="reachable, schema up to date")
            async for finding in _examine_database(connection, settings, where):
                yield finding
    except Problem as problem:
        yield Finding(where, str(problem).removeprefix(where).strip())


async def _examine_database(connection: Connection, settings: Settings, where: str) -> AsyncIterator[Finding]:
    server = await read_server(connection)
    if server.version < OLDEST_POSTGRES:
        yield Finding(where, f"is version {server.version // 10_000}: bildwerk needs 16 or newer")
    if server.standby:
        yield Finding(where, "is a standby and read-only: point DATABASE_URL at the primary")
    if server.synchronous_commit != "on":
        yield Finding(
            where, f"synchronous_commit is {server.synchronous_commit}: work acknowledged could be lost; set it to on"
        )
    if server.fsync != "on":
        yield Finding(where, "fsync is off: a power failure may lose everything; set it to on", warning=True)
    async for finding in examine_platform(connection, settings, server.role):
        yield finding


async def _examine_kafka(settings: Settings) -> AsyncIterator[Finding]:
    where = name_kafka(settings)
    try:
        with blame_kafka(settings):
            partitions = await count_partitions(make_kafka(settings))
    except Problem as problem:
        yield Finding(where, str(problem).removeprefix(where).strip())
        return
    yield Finding(where, fine="reachable")
    for danger in find_dangers(settings):
        yield Finding(where, danger, warning=True)
    for name, number in partitions.items():
        missing = "" if number else "is not there: run `bildwerk migrate --topics`"
        yield Finding(f"topic {name}", missing, fine=f"{number} partitions")


async def _examine_detector(settings: Settings) -> AsyncIterator[Finding]:
    if settings.nsfw_detector == "none":
        return
    try:
        async with await asyncio.to_thread(OpenNsfw):
            yield Finding("nsfw detector", fine="open_nsfw can be loaded")
    except DetectorMissing as missing:
        yield Finding("nsfw detector", f"{missing}, or set BILDWERK_NSFW_DETECTOR to none")


async def _examine_ollama(settings: Settings) -> AsyncIterator[Finding]:
    async with Ollama(settings.ollama_host, make_options(settings)) as ollama:
        for model in make_chain(settings).lines:
            async for finding in _examine_model(settings, ollama, model):
                yield finding


async def _examine_model(settings: Settings, ollama: Ollama, model: str) -> AsyncIterator[Finding]:
    reports = await asyncio.gather(*(ollama.inspect_host(host, model) for host in ollama.hosts))
    probed = await recall_probes(settings, model, reports)
    for host, report, found in zip(ollama.hosts, reports, probed, strict=True):
        yield judge_host(host, report, model, others=model != settings.model)
        if report.problem is None and needs_probe(settings) and model not in ollama.options.textual:
            manner = choose(ollama.options.layout, Fusing(settings.fused), found)
            yield Finding(f"Ollama at {host.name}", fine=say_probe(found, manner))
        if report.one_at_a_time and host.slots > 1:
            yield Finding(
                f"Ollama at {host.name}", f"runs {model} one call at a time: set {host.name}=1, "
                "or the other slots only queue there and push pictures out of its memory", warning=True,
            )  # fmt: skip
        if report.outdated:
            yield Finding(
                f"Ollama at {host.name}", f"{report.version} ignores the answer's form for {model}: update it",
                warning=True,
            )  # fmt: skip


def judge_host(host: Host, report: HostReport, model: str, *, others: bool = False) -> Finding:
    """What a look at one server means for the person who runs it; `others`: the model is for some job types only."""
    where = f"Ollama at {host.name}"
    if report.problem is None:
        can = "can see" if report.sees else "is shown no picture"
        fine = f"{report.version}, {model} is there and {can}, {host.slots} slot{'s' * (host.slots != 1)}"
        return Finding(where, fine=fine, host=True)
    setting = "BILDWERK_MODELS" if others else "BILDWERK_MODEL"
    match report.problem.reason:
        case "model_missing":
            mend = f"run `OLLAMA_HOST={host.url} ollama pull {model}`, or set {setting}"
        case "model_blind":
            mend = f"set {setting} to a vision model such as qwen3-vl:4b-instruct"
        case "unreachable" | "connect_timeout" | "timeout":
            mend = "is it running, and is OLLAMA_HOST right?"
        case _:
            mend = "check OLLAMA_HOST"
    return Finding(where, f"{say(report.problem.reason)}: {mend}", host=True)
