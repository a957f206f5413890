"""Job types as options."""

from collections.abc import Iterable
from typing import Annotated

import typer

from bildwerk.cli.problem import Problem
from handlers.registry import load_stages

OnlyJobTypes = Annotated[list[str] | None, typer.Option("--job-type", help="Only this job type; may be repeated.")]


def check_job_types(names: Iterable[str]) -> None:
    """Raises Problem when there is none of that name."""
    known = [stage.job_type for stage in load_stages()]
    if unknown := sorted(set(names).difference(known)):
        raise Problem(f"there is no job type {', '.join(unknown)}: they are {', '.join(known)}")
