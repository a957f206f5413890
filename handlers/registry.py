"""The stages there are: every module of `handlers.stages` holds exactly one, named STAGE."""

import importlib
import pkgutil
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from types import ModuleType
from typing import Any

from handlers import stages as stages_package
from handlers.stage import Stage

OUR_PREFIX = "ollama."
LOCKS = "locks"


class BrokenRegistry(Exception):
    """The stages do not fit together: a mistake in the program, found at start-up."""


def load_stages(package: ModuleType = stages_package) -> tuple[Stage[Any], ...]:
    """All stages in the order of the chain. Raises BrokenRegistry naming what does not fit."""
    found = []
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        stage = getattr(module, "STAGE", None)
        if stage is None:
            raise BrokenRegistry(f"{module.__name__} holds no STAGE")
        found.append(stage)
    return order_stages(found)


def order_stages(stages: Sequence[Stage[Any]]) -> tuple[Stage[Any], ...]:
    """The stages, upstreams first and otherwise by name. Raises BrokenRegistry when they do not fit together."""
    by_name = {stage.job_type: stage for stage in stages}
    if len(by_name) != len(stages):
        raise BrokenRegistry("two stages have the same job type")
    for stage in stages:
        if unknown := set(stage.after) - by_name.keys():
            raise BrokenRegistry(f"{stage.job_type} comes after {sorted(unknown)}, which do not exist")
    _require_own_fields(stages)
    sorter = TopologicalSorter({name: sorted(by_name[name].after) for name in sorted(by_name)})
    try:
        sorter.prepare()
    except CycleError as error:
        raise BrokenRegistry(f"stages come after each other: {' > '.join(error.args[1])}") from None
    ordered: list[Stage[Any]] = []
    while ready := sorted(sorter.get_ready()):
        ordered.extend(by_name[name] for name in ready)
        sorter.done(*ready)
    return tuple(ordered)


def _require_own_fields(stages: Sequence[Stage[Any]]) -> None:
    owners: dict[str, str] = {}
    for stage in stages:
        if wrong := [key for key in stage.reads if key.startswith(OUR_PREFIX) or key == LOCKS]:
            raise BrokenRegistry(f"{stage.job_type} reads {wrong}: only the platform's own fields may be named")
        for key in stage.writes:
            if not key.startswith(OUR_PREFIX):
                raise BrokenRegistry(f"{stage.job_type} writes {key}, which is not ours")
            if key in owners:
                raise BrokenRegistry(f"{stage.job_type} and {owners[key]} both write {key}")
            owners[key] = stage.job_type
