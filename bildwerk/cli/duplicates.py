"""`bildwerk duplicates`: which pictures are copies of one, what is known of two of them, and what a person says."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import orjson
import typer

from bildwerk import duplicates
from bildwerk.arguments import make_database, make_planner
from bildwerk.cli.connections import connected
from bildwerk.cli.naming import NAMED, find_named, printable
from bildwerk.cli.problem import Problem
from bildwerk.cluster_words import (
    describe_cluster,
    describe_decided,
    describe_medium,
    describe_open,
    tell_cluster,
    tell_open,
)
from bildwerk.duplicates import Undecidable
from bildwerk.environment import read
from bildwerk.settings import Settings
from contracts.duplicates import Level
from db import clusters
from db.pool import Connection, open_pool

app = typer.Typer(help="Show which pictures are copies of one, and say which are.", no_args_is_help=True)

First = Annotated[str, typer.Argument(metavar="A", help=NAMED)]
Second = Annotated[str, typer.Argument(metavar="B", help=NAMED)]
Result = TypeVar("Result")


@app.command("list")
def list_duplicates(
    undecided: Annotated[
        bool, typer.Option("--undecided", help="Instead: pairs that pixels and the model leave to a person.")
    ] = False,
    level: Annotated[
        Level | None,
        typer.Option(
            "--level", help="Only clusters in which two are alike in this way; with --undecided only such pairs."
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show so many at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Show copies of one picture, the one to keep first, with what makes them copies and who says so."""
    if undecided:
        pairs, total = asyncio.run(_look(lambda connection: clusters.list_open(connection, level, limit)))
        told: Mapping[str, Any] = {"pairs": [tell_open(pair) for pair in pairs], "left_out": total - len(pairs)}
        lines, none = [describe_open(pair) for pair in pairs], "no pair is left to a person"
    else:
        found, total = asyncio.run(_look(lambda connection: duplicates.list_clusters(connection, level, limit)))
        told = {"clusters": [tell_cluster(cluster) for cluster in found], "left_out": total - len(found)}
        lines, none = [line for cluster in found for line in describe_cluster(cluster)], "no two pictures are one"
    if as_json:
        typer.echo(orjson.dumps(told).decode())
        return
    for line in lines:
        typer.echo(printable(line))
    if not lines:
        typer.echo(none, err=True)
    if left_out := told["left_out"]:
        typer.echo(f"{left_out} more: --limit {total}", err=True)


@app.command()
def show(medium: Annotated[str, typer.Argument(metavar="MEDIA", help=NAMED)]) -> None:
    """Show everybody who is like one medium: by what, what the model and people said, and which copy is the best."""
    with _refusing():
        known = asyncio.run(_look(lambda connection: _find(connection, medium)))
    for line in describe_medium(known):
        typer.echo(printable(line))


@app.command()
def same(one: First, other: Second) -> None:
    """Say that A and B are one picture. It is never asked again, and holds until the pixels of one change."""
    _decide(one, other, same=True)


@app.command()
def different(one: First, other: Second) -> None:
    """Say that A and B are two pictures. It is never asked again, and holds until the pixels of one change."""
    _decide(one, other, same=False)


async def _find(connection: Connection, name: str) -> duplicates.Known:
    return await duplicates.read_known(connection, await find_named(connection, read(Settings), name))


def _decide(one: str, other: str, *, same: bool) -> None:
    with _refusing():
        decided = asyncio.run(_keep(one, other, same=same))
    for line in describe_decided(decided):
        typer.echo(line, err=True)


async def _keep(one: str, other: str, *, same: bool) -> duplicates.Decided:
    settings = read(Settings)
    planner = make_planner(settings)
    async with connected(settings) as connection:  # refused with a line, before a pool goes on trying
        ids = [await find_named(connection, settings, name) for name in (one, other)]
    async with open_pool(make_database(settings)) as pool:
        return await duplicates.decide(pool, planner, *ids, same=same)


async def _look(ask: Callable[[Connection], Coroutine[Any, Any, Result]]) -> Result:
    async with connected(read(Settings)) as connection:
        return await ask(connection)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except Undecidable as refused:
        raise Problem(str(refused)) from refused
