"""R4: whatever is logged, by us or by a library, no path, prompt, caption, base64 or secret comes out."""

import base64
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bildwerk.telemetry import logs

CAPTION = "Ein Fuchs im Schnee"
SECRETS = [
    CAPTION,
    "/srv/photos/2024/Anna's birthday.jpg",
    "photo.jpg",
    "postgresql://bildwerk:geheim@db:5432/media",
    "Bearer abcdefGHIJKL",
    base64.b64encode(bytes(range(256))).decode(),
    "aGVsbG8gd29ybGQ=",
]
KEYS = ["detail", "path", "reason", "host", "model", "at", "error", "type", "name", "media_id", "event_id", "hash"]

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """Configures logging at its loudest; call it for the lines since the last call."""
    hook, level, show = sys.excepthook, logging.root.level, warnings.showwarning
    logs.configure("debug")
    logging.getLogger().setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    structlog.reset_defaults()
    sys.excepthook = hook
    warnings.showwarning = show
    logging.root.handlers.clear()
    logging.root.setLevel(level)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("key", KEYS)
def test_no_key_lets_a_secret_through(lines: Lines, key: str, secret: str) -> None:
    structlog.get_logger().warning("work.done", **{key: secret, "deep": [{key: (secret, Path(secret))}]})

    (line,) = lines()

    assert line["event"] == "work.done"
    assert line["level"] == "warning"
    if not (key in ("model", "host") and secret == "photo.jpg"):  # it might be the name of one
        assert secret not in json.dumps(line, ensure_ascii=False)


@given(text=st.text(min_size=1).filter(lambda text: not text.replace(".", "").replace("-", "").isalnum()))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sentence_passes_as_an_event_a_key_or_a_value(lines: Lines, text: str) -> None:
    text = f"{text} {CAPTION}"
    structlog.get_logger().info(text, detail=text, reason=text, bag={text: text})

    (line,) = lines()

    assert CAPTION not in json.dumps(line, ensure_ascii=False)
    assert line["event"].startswith("sha256:")


def test_what_we_say_about_ourselves_passes(lines: Lines) -> None:
    run = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
    fields = {"reason": "timeout", "job_type": "ollama_caption", "host": "gpu1:11434", "model": "qwen3-vl:4b-instruct"}
    structlog.get_logger().info("job.ended", **fields, media_id=7, total_ms=3.5, event_id=run, content_hash="ab" * 32)

    (line,) = lines()

    assert fields.items() <= line.items()
    assert (line["media_id"], line["total_ms"], line["event_id"], line["content_hash"]) == (7, 3.5, str(run), "ab" * 32)


def test_equal_values_have_equal_stand_ins(lines: Lines) -> None:
    structlog.get_logger().info("a", path="x y")
    structlog.get_logger().info("b", path="x y")
    structlog.get_logger().info("c", path="x z")

    first, second, third = (line["path"] for line in lines())

    assert first == second != third


def test_of_an_exception_only_types_codes_and_places_are_told(lines: Lines) -> None:
    def fail() -> None:
        try:
            Path(SECRETS[1]).resolve(strict=True)
        except OSError as error:
            raise ValueError(CAPTION) from error

    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("job.crashed")

    (line,) = lines()
    outer, inner = line["exception"]

    assert outer["type"] == "builtins.ValueError"
    assert "fail" in outer["at"][-1]
    assert (inner["type"], inner["errno"]) == ("builtins.FileNotFoundError", 2)
    assert CAPTION not in json.dumps(line)
    assert "Anna" not in json.dumps(line)


def test_libraries_are_heard_but_not_quoted(lines: Lines) -> None:
    logging.getLogger("aiokafka.cluster").error("cannot reach %s", SECRETS[3])
    logging.getLogger("httpx").debug(f"POST {CAPTION}")  # noqa: G004 - as libraries do
    warnings.simplefilter("default")
    warnings.warn(CAPTION, UserWarning, stacklevel=1)

    found = lines()

    assert [line["event"] for line in found] == ["library.logged", "library.logged", "library.warned"]
    assert [line.get("logger") for line in found] == ["aiokafka.cluster", "httpx", None]
    assert found[2]["error"] == "UserWarning"
    assert "test_libraries_are_heard" in found[0]["at"]
    assert "geheim" not in json.dumps(found)
    assert CAPTION not in json.dumps(found)


def test_a_library_that_says_the_same_for_ever_is_heard_now_and_then(lines: Lines) -> None:
    handler = logs.Libraries()
    for tenth in range(250):
        record = logging.LogRecord("aiokafka", logging.ERROR, "client.py", 435, "no broker", None, None, "connect")
        record.created = 1_000_000 + tenth / 10
        handler.handle(record)
    other = logging.LogRecord("aiokafka", logging.ERROR, "client.py", 436, "another place", None, None, "connect")
    handler.handle(other)

    assert [(line["at"][-3:], line["unheard"]) for line in lines()] == [
        ("435", 0),
        ("435", 99),
        ("435", 99),
        ("436", 0),
    ]


def test_what_a_library_raises_is_always_heard(lines: Lines) -> None:
    for word in ("one", "two"):
        try:
            raise ValueError(word)  # noqa: TRY301 - what is raised is the point
        except ValueError:
            logging.getLogger("asyncio").exception("a task failed")

    assert [line["event"] for line in lines()] == ["library.logged"] * 2


def test_an_uncaught_exception_is_logged_and_not_printed(lines: Lines) -> None:
    error = RuntimeError(CAPTION)
    sys.excepthook(RuntimeError, error, None)

    (line,) = lines()

    assert line["event"] == "process.crashed"
    assert CAPTION not in json.dumps(line)


@pytest.mark.usefixtures("lines")
def test_the_watcher_sees_what_the_level_hides(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []
    logs.configure("error", watcher=lambda event, _fields: seen.append(event))
    structlog.get_logger().debug("job.started")
    structlog.get_logger().error("job.crashed")

    assert seen == ["job.started", "job.crashed"]
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.usefixtures("lines")
def test_a_terminal_gets_the_same_redaction(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "console")
    structlog.get_logger().info("job.ended", path=SECRETS[1], caption=CAPTION)

    text = capsys.readouterr().err

    assert "job.ended" in text
    assert "Anna" not in text
    assert "Fuchs" not in text
