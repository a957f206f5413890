"""Writes the tables of docs/reference/ anew: `python docs/generate.py`. A test fails when they are out of date."""

# ruff: noqa: INP001, SLF001 - a script; what Prometheus' library knows of a metric without values is not public
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
import typer.main

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from bildwerk.cli.commands import app  # noqa: E402 - the checkout is not always installed
from bildwerk.cli.config import show  # noqa: E402
from bildwerk.cli.contracts import PRETTY  # noqa: E402
from bildwerk.environment import variable  # noqa: E402
from bildwerk.health_words import CHECKS  # noqa: E402
from bildwerk.reasons import LETTERS, REASONS  # noqa: E402
from bildwerk.settings import Settings  # noqa: E402
from bildwerk.telemetry.events import LOG_EVENTS  # noqa: E402
from bildwerk.telemetry.metrics import Metrics  # noqa: E402
from contracts.asyncapi import describe_topics  # noqa: E402
from contracts.events import EVENTS  # noqa: E402
from handlers.registry import load_stages  # noqa: E402

MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def settings() -> str:
    """Every setting with its default."""
    rows = []
    for name in sorted(Settings.model_fields, key=lambda name: name not in Settings.__annotations__):
        field = Settings.model_fields[name]
        default = "must be set" if field.is_required() else _default(name)
        rows.append((f"`{variable(Settings, name)}`", default, str(field.description)))
    return _table(("variable", "default", "meaning"), rows)


def _default(name: str) -> str:
    if name == "cache_folder":
        return "`~/.cache/bildwerk`"
    text = show(Settings.model_fields[name].get_default(call_default_factory=True, validated_data={}))
    return f"`{text}`" if text else ""


def commands() -> str:
    """Every command with its arguments and options."""
    return "\n".join(_commands(typer.main.get_command(app), "bildwerk"))


def _commands(command: Any, path: str) -> Iterable[str]:
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from _commands(inner, f"{path} {name}")
        return
    arguments = [_argument(p) for p in command.params if p.param_type_name == "argument"]
    options = [
        (f"`{', '.join(p.opts)}`", _option_default(p.default), str(p.help or ""))
        for p in command.params
        if p.param_type_name == "option" and p.name != "help"
    ]
    yield f"### `{' '.join([path, *arguments])}`\n\n{' '.join((command.help or '').split())}\n"
    if options:
        yield _table(("option", "default", "meaning"), options)


def _argument(parameter: Any) -> str:
    name = parameter.metavar or f"{parameter.name}".upper()
    many = f"{name.removesuffix('...').removesuffix('S')}..." if parameter.nargs == -1 else name
    return many if parameter.required else f"[{many}]"


def _option_default(value: object) -> str:
    return "" if value is None or value is False or callable(value) else f"`{value}`"


def events() -> str:
    """Every event with its fields."""
    parts = []
    for topic, model in EVENTS.items():
        schema = model.model_json_schema()
        rows = [
            (f"`{name}`", _type(field), "yes" if name in schema["required"] else "no")
            for name, field in schema["properties"].items()
        ]
        doc = " ".join((model.__doc__ or "").split())
        parts.append(f"### `{topic.value}`\n\n{doc}\n\n{_table(('field', 'type', 'required'), rows)}")
    return "\n".join(parts)


def _type(field: dict[str, object]) -> str:
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return " or ".join(f"`{word}`" for word in _list(field["enum"]))
    if "anyOf" in field:
        return " or ".join(_type(choice) for choice in _list(field["anyOf"]) if choice != {"type": "null"})
    if field.get("type") == "array":
        return "array of strings"
    bounds = [field.get("minimum"), field.get("maximum")]
    small = all(isinstance(bound, int) and abs(bound) < 2**31 for bound in bounds)
    return f"{field['type']} {bounds[0]} to {bounds[1]}" if small else str(field["type"])


def _list(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list)
    return value


def metrics() -> str:
    """Every metric with its labels."""
    rows = []
    for name, metric in sorted(_collectors(Metrics()).items()):
        labels = ", ".join(f"`{label}`" for label in metric._labelnames)
        rows.append((f"`{name}`", metric._type, labels, metric._documentation))
    return _table(("metric", "type", "labels", "meaning"), rows)


def _collectors(metrics: Metrics) -> dict[str, Any]:
    suffix = {"counter": "_total"}
    collectors: Iterable[Any] = metrics.registry._collector_to_names
    return {f"{c._name}{suffix.get(c._type, '')}": c for c in collectors}


def logs() -> str:
    """Every log event."""
    return _table(("event", "meaning"), [(f"`{name}`", text) for name, text in sorted(LOG_EVENTS.items())])


def reasons() -> str:
    """Every reason code of jobs, pictures, calls and hosts."""
    return _table(("code", "meaning"), [(f"`{code}`", text) for code, text in REASONS.items() if code])


def letters() -> str:
    """Every reason of a dead letter."""
    return _table(("code", "meaning"), [(f"`{code}`", text) for code, text in LETTERS.items()])


def stages() -> str:
    """Every stage in order."""
    rows = [
        (f"`{s.job_type}`", _names(s.after), _names(s.reads), _names(s.writes), "yes" if s.needs_picture else "no")
        for s in load_stages()
    ]
    return _table(("job type", "comes after", "reads", "writes", "looks at the picture"), rows)


def health() -> str:
    """Every check of `/readyz` with its reasons."""
    rows = [(f"`{check}`", f"`{code}`", text) for check, found in CHECKS.items() for code, text in found.items()]
    return _table(("check", "reason", "what it means"), rows)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in (head, ("---",) * len(head), *rows))


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


TABLES: dict[str, Callable[[], str]] = {
    make.__name__: make for make in (settings, commands, events, metrics, logs, reasons, letters, stages, health)
}


def documents() -> dict[Path, str]:
    """The files that are made as a whole."""
    return {HERE / "reference" / "asyncapi.json": orjson.dumps(describe_topics(), option=PRETTY).decode()}


def fill(text: str) -> str:
    """The page with each marked table made anew."""
    return MARKED.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}", text)


def pages() -> list[Path]:
    """The pages with tables."""
    return sorted((HERE / "reference").glob("*.md"))


if __name__ == "__main__":
    for page in pages():
        page.write_text(fill(page.read_text("utf-8")), "utf-8")
    for path, text in documents().items():
        path.write_text(text, "utf-8")
