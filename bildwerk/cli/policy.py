"""`bildwerk policy`: what other rules would change in the library, and deciding it again by them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from bildwerk.arguments import make_database, make_planner, make_policy, make_policy_stage, make_writer
from bildwerk.cli.connections import connected
from bildwerk.cli.problem import Problem
from bildwerk.cli.progress import make_progress
from bildwerk.environment import read
from bildwerk.redecisions import Tally, Tell, apply, simulate
from bildwerk.settings import Settings
from db import redecisions
from db.pool import Connection, open_pool
from db.reads import read_installation
from handlers.policy.policy import Policy
from handlers.policy.rule_file import load_rules
from handlers.redecision import Course
from handlers.runner.redeciding import JOB_TYPE, Redecider

app = typer.Typer(help="Decide by other rules whether pictures may be published.", no_args_is_help=True)

RuleFile = Annotated[Path | None, typer.Option("--file", help="Rules to decide by; without: those that are set.")]
COURSES = {
    Course.SAME: "stay as they are",
    Course.RESTATED: "keep their decision, from other figures or under another policy",
    Course.CHANGED: "change",
    Course.ASK: "need a second look of the model",
    Course.KEPT: "are held by a person and stay",
    Course.OPEN: "are not decided yet, or wait for their picture: apply again once it was looked at",
    Course.IDLE: "have nothing to decide",
}


@app.command("simulate")
def simulate_rules(
    file: RuleFile = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Look at so many media at most.")] = None,
) -> None:
    """Show what deciding again would change, by transition and with examples; nothing is written, no model is asked."""
    settings = read(Settings)
    policy = choose_policy(settings, file)
    tally = Tally()
    asyncio.run(_simulate(settings, policy, limit, tally))
    _print(describe(policy, tally))


@app.command("apply")
def apply_rules(
    file: RuleFile = None,
    after: Annotated[int, typer.Option("--after", min=0, help="Go on above this id.")] = 0,
) -> None:
    """Decide all media again by the rules, without asking a model; a person's values stay. May be stopped and repeated.

    Where the rules want a second look that the model was not asked for yet, the job becomes due, and the service asks.
    """
    settings = read(Settings)
    policy, tally = choose_policy(settings, file), Tally(last=after)
    if policy.hash != make_policy(settings).hash:
        typer.echo(
            "the service decides by other rules: set BILDWERK_POLICY_FILE to this file, start it again", err=True
        )
    try:
        asyncio.run(_apply(settings, policy, tally))
    except KeyboardInterrupt:
        _print(describe(policy, tally))
        typer.echo(f"stopped; `bildwerk policy apply --after {tally.last}` goes on", err=True)
        raise typer.Exit(130) from None
    _print(describe(policy, tally))


def choose_policy(settings: Settings, file: Path | None) -> Policy:
    """The rules of the file, or those that are set. Raises BadRules."""
    return make_policy(settings) if file is None else load_rules(file)


def describe(policy: Policy, tally: Tally) -> Iterator[str]:
    """Lines: the policy, how many media take which course, each transition with its first examples."""
    yield f"policy {policy.version} ({policy.hash}): {tally.media} media"
    for course, words in COURSES.items():
        if number := tally.courses[course]:
            yield f"{number:>8}  {words}"
    for (before, new), number in sorted(tally.transitions.items()):
        yield f"{before}, but for other reasons: {number}" if before == new else f"{before} -> {new}: {number}"
        for media_id, rules in tally.examples[before, new]:
            yield f"    {media_id}: {', '.join(rules) or 'no rule speaks against it'}"


async def _simulate(settings: Settings, policy: Policy, limit: int | None, tally: Tally) -> None:
    async with connected(settings) as connection:
        redecider = await _make_redecider(settings, policy, connection)
        total = await redecisions.count(connection, JOB_TYPE)
        with make_progress() as progress:
            await simulate(connection, redecider, limit, tally, _teller(progress, min(total, limit or total)))


async def _apply(settings: Settings, policy: Policy, tally: Tally) -> None:
    async with connected(settings) as connection:
        redecider = await _make_redecider(settings, policy, connection)
        total = await redecisions.count(connection, JOB_TYPE, tally.last)
    with make_progress() as progress:
        async with open_pool(make_database(settings)) as pool:
            await apply(pool, redecider, tally, _teller(progress, total))


async def _make_redecider(settings: Settings, policy: Policy, connection: Connection) -> Redecider:
    planner = make_planner(settings)
    if JOB_TYPE not in planner.chain.upstreams or JOB_TYPE in planner.chain.foreign:
        raise Problem(f"nothing is decided here: {JOB_TYPE} is switched off or done by another program")
    owns = (await read_installation(connection)).owns_platform
    return Redecider(planner, make_writer(settings, owns_platform=owns), make_policy_stage(settings, policy))


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        typer.echo(line)


def _teller(progress: Progress, total: int) -> Tell:
    task = progress.add_task("decide", total=total)
    return lambda tally: progress.update(task, completed=tally.media)
