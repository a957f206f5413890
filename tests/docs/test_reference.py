"""The reference documents what there is: settings, commands, events, metrics, log events, reasons, stages."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from bildwerk.reasons import LETTERS, REASONS
from bildwerk.telemetry.events import LOG_EVENTS
from consumers.reader import PROBLEMS
from handlers.inspect.reasons import Reason

ROOT = Path(__file__).parents[2]
ROOMS = ("contracts", "db", "handlers", "consumers", "bildwerk")
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
FAILURES = {"Invalid", "BadAnswer", "Transient", "Unavailable", "Stale", "Satisfied", "Impossible", "Awaiting"}
LINK = re.compile(r"\]\(([\w./-]+\.md)")
CODE = re.compile(r"[a-z][a-z0-9_]+")


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """Return the program that writes the tables."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def calls() -> Iterator[tuple[str, str]]:
    """Yield (name of what is called, first argument) wherever our code calls something with a literal word first."""
    return ((name, word) for name, position, word in literals() if position == 0)


def literals() -> Iterator[tuple[str, int, str]]:
    """Yield (name of what is called, position, argument) for every literal word that our code calls something with."""
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                    for position, given in enumerate(node.args):
                        if isinstance(given, ast.Constant) and isinstance(given.value, str):
                            yield name, position, given.value


def words() -> set[str]:
    """Return every literal of our code and our queries that could be a code."""
    found = {word for path in (ROOT / "db" / "sql").glob("*.sql") for word in re.findall(r"'(\w+)'", path.read_text())}
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            if path.name != "reasons.py" or path.parent.name == "inspect":
                nodes = ast.walk(ast.parse(path.read_text()))
                found |= {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return found


def test_every_table_is_up_to_date(generate: ModuleType) -> None:
    stale = [
        page.name for page in generate.pages() if generate.fill(page.read_text("utf-8")) != page.read_text("utf-8")
    ]

    assert stale == [], "run `python docs/generate.py`"


def test_every_document_is_up_to_date(generate: ModuleType) -> None:
    stale = [path.name for path, text in generate.documents().items() if path.read_text("utf-8") != text]

    assert stale == [], "run `python docs/generate.py`"


def test_every_table_is_on_some_page(generate: ModuleType) -> None:
    text = "".join(page.read_text("utf-8") for page in generate.pages())

    assert [name for name in generate.TABLES if f"<!-- table: {name} -->" not in text] == []


def test_every_log_event_is_documented_and_every_documented_one_is_logged() -> None:
    logged = {word for name, word in calls() if name in LEVELS and re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", word)}
    passed_on = {word for word in words() if re.fullmatch(r"(intake|library)\.[a-z_]+", word)}

    assert logged - LOG_EVENTS.keys() == set()
    assert LOG_EVENTS.keys() - logged - passed_on == set()


def test_every_reason_has_a_sentence() -> None:
    raised = {word for name, word in calls() if name in FAILURES and CODE.fullmatch(word)}

    assert raised - REASONS.keys() == set()
    assert {reason.value for reason in Reason} - REASONS.keys() == set()


def test_every_sentence_has_a_reason() -> None:
    assert {code for code in REASONS if code} - words() == set()
    known = words() | {
        f"{kind}_{what}" for kind in ("missing", "bad") for what in ("media_id", "field")
    }  # put together
    assert LETTERS.keys() - known == set()


def test_every_reason_of_a_dead_letter_has_a_sentence() -> None:
    places = {("Undecodable", 0), ("DeadLetter", 1), ("make_letter", 2)}
    raised = {word for name, position, word in literals() if (name, position) in places}

    assert raised - LETTERS.keys() == set()
    assert set(PROBLEMS.values()) - LETTERS.keys() == set()


def test_every_page_is_reached_from_the_readme() -> None:
    """By itself, or from a page that it leads to."""
    pages = {page.resolve() for folder in ("docs", "docs/reference") for page in (ROOT / folder).glob("*.md")}
    reached, new = set[Path](), {ROOT / "README.md"}
    while new:
        reached |= new
        links = {(page.parent / link).resolve() for page in new for link in LINK.findall(page.read_text("utf-8"))}
        new = links & pages - reached

    assert pages - reached == set()
