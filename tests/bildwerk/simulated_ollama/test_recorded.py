"""The simulated server answers 75 requests as three real Ollama servers did.

`recorded.json` holds the requests and the answers. Compared are status, content type, whether the body is chunked, the
keys (recursively; of lists the emptiness and the first entry), `done`, `done_reason` and error texts, of streams the
first and the last line. Texts, counts, times, digests and the version number are not compared: the recorded models are
random ones.

Shortened strings of the recording ("<18152 characters>") are replaced by material of the same kind. What was loaded
before the recording began is unknown, so where it starts with a loaded model, the test loads one first.
"""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bildwerk.simulated_ollama.conftest import Server, Start, picture

RECORDING = json.loads((Path(__file__).parent / "recorded.json").read_text())
DIFFERENCES = {
    ("chat format number range", "0.33.0"): (
        "the engine of that recording left objects open without additionalProperties, so the random model went on to "
        "the limit; the converter of a released server closes them, as the two older recordings and ours do"
    ),
    ("chat picture truncated jpeg", "0.33.0"): (
        "chance: the random model repeated itself less than 30 times, so it stopped at the limit and did not run away"
    ),
}
LONG = "a" * 20000


def test_the_whole_recording_is_here() -> None:
    """Nothing was left out, and no more is excused than may be."""
    assert len(RECORDING["cases"]) == 75
    assert len(DIFFERENCES) <= 5


@pytest.mark.parametrize("version", ["0.13.5", "0.24.0", "0.33.0"])
async def test_it_answers_as_recorded(start: Start, version: str) -> None:
    """Every recorded request, in order, gets an answer of the recorded shape."""
    server = await start("--pose", version, "--slots", "2", "--recorded-models")
    found = {}
    for case in RECORDING["cases"]:
        recorded = case["answers"][version]
        if case["case"] == "ps idle" and recorded["body"]["models"]:
            await server.ollama.post("/api/chat", json={"model": "tiny"})
        answer = await replay(server, case["case"], case["request"])
        wanted, got = shape(recorded), shape(seen(answer))
        if wanted != got:
            found[case["case"], version] = f"\nwanted {wanted}\ngot    {got}"
    unexcused = {key: text for key, text in found.items() if key not in DIFFERENCES}
    assert not unexcused, "\n".join(f"{key}: {text}" for key, text in unexcused.items())
    assert set(found) == {key for key in DIFFERENCES if key[1] == version}


async def replay(server: Server, name: str, request: dict[str, Any]) -> httpx.Response:
    """Send a recorded request."""
    body = request["body"]
    raw = None
    if body is not None:
        raw = body["raw"] if set(body) == {"raw"} else json.dumps(unabridged(name, body))
    headers = {"content-type": "application/json"}
    return await server.ollama.request(request["method"], request["path"], content=raw, headers=headers)


def unabridged(name: str, value: Any) -> Any:
    """The request with pictures and texts in the place of what was shortened."""
    if isinstance(value, dict):
        return {key: unabridged(name, entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [unabridged(name, entry) for entry in value]
    if not re.fullmatch(r"<\d+ characters>", str(value)):
        return value
    if value == "<20000 characters>":
        return LONG
    if value == "<936 characters>":
        return picture(size=(800, 600))[:936]
    whole = picture(kind="PNG")
    return f"data:image/png;base64,{whole}" if "data url" in name else whole


def seen(answer: httpx.Response) -> dict[str, Any]:
    """An answer in the recording's form."""
    kind = answer.headers["content-type"]
    whole = {
        "status": answer.status_code,
        "content_type": kind,
        "chunked": answer.headers.get("transfer-encoding") == "chunked",
    }
    if kind == "application/x-ndjson":
        lines = [json.loads(line) for line in answer.text.splitlines()]
        return {**whole, "first": lines[0], "last": lines[-1]}
    if kind.startswith("application/json"):
        return {**whole, "body": answer.json()}
    return {**whole, "text": answer.text}


def shape(answer: dict[str, Any]) -> dict[str, Any]:
    """What is compared of an answer."""
    parts = {key: answer[key] for key in ("body", "first", "last") if key in answer}
    plain = {key: answer.get(key) for key in ("status", "content_type", "chunked", "text")}
    said = {
        (part, key): body[key]
        for part, body in parts.items()
        for key in ("error", "done", "done_reason")
        if key in body
    }
    return {**plain, "keys": {part: keys(body) for part, body in parts.items()}, "said": said}


def keys(value: Any) -> Any:
    """The keys of a JSON value, however deep."""
    if isinstance(value, dict):
        return {key: keys(entry) for key, entry in sorted(value.items())}
    if isinstance(value, list):
        return [keys(entry) for entry in value[:1]]
    return None
