"""Reading a request as Go's JSON decoder does: the same things refused, with the same words.

Shapes: `api/types.go` of Ollama; texts: Go's `encoding/json`, `encoding/base64` and `time`.
"""

import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from bildwerk.sandbox.simulated_ollama.errors import Rejected

Endpoint = Literal["chat", "generate"]
_SHAPES: dict[str, dict[str, str]] = {
    "ChatRequest": {
        "model": "string", "messages": "[]api.Message", "stream": "bool", "tools": "api.Tools",
        "options": "map[string]interface {}", "truncate": "bool", "shift": "bool",
    },
    "GenerateRequest": {
        "model": "string", "prompt": "string", "suffix": "string", "system": "string",
        "template": "string", "raw": "bool", "stream": "bool", "images": "[]api.ImageData",
        "context": "[]int", "options": "map[string]interface {}", "truncate": "bool", "shift": "bool",
    },
    "ShowRequest": {"model": "string", "name": "string"},
}  # fmt: skip
_MESSAGE = {"role": "string", "content": "string", "images": "[]api.ImageData"}
_INTEGERS = "num_ctx num_batch num_gpu main_gpu num_thread num_keep seed num_predict top_k repeat_last_n"
_FLOATS = "top_p min_p typical_p temperature repeat_penalty presence_penalty frequency_penalty"
_DURATION = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)*(?::[\w.-]+)?")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's bytes as sent; `digest` is their SHA-256 in hex, all that a cache knows it by."""

    digest: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: str
    content: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """A decoded request. `keep_alive` is in seconds (negative: for ever), None when not sent."""

    endpoint: Endpoint
    model: str
    messages: tuple[Message, ...]
    stream: bool
    format: Any
    options: Mapping[str, Any]
    keep_alive: float | None
    think: bool | str | None
    tools: bool
    truncate: bool
    suffix: str
    raw: bool
    context: tuple[int, ...]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All pictures, in order."""
        return tuple(picture for message in self.messages for picture in message.pictures)

    @property
    def empty(self) -> bool:
        """Whether it only asks for the model to be loaded or unloaded."""
        return not self.messages if self.endpoint == "chat" else not self.messages[-1].content


def decode(raw: bytes, shape: str) -> dict[str, Any]:
    """The JSON object of a body. Raises `Rejected` (400)."""
    if not raw:
        raise Rejected(400, "missing request body")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as broken:
        rest = raw.decode(errors="replace")[broken.pos :].lstrip()
        text = f"invalid character '{rest[0]}' looking for beginning of value" if rest else "unexpected EOF"
        raise Rejected(400, text) from None
    if not isinstance(body, dict):
        text = f"json: cannot unmarshal {_kind(body)} into Go value of type api.{shape}"
        raise Rejected(400, text)
    _check(body, _SHAPES[shape], shape)
    return body


def read_chat(raw: bytes) -> Ask:
    """A `/api/chat` request. Raises `Rejected`."""
    body = decode(raw, "ChatRequest")
    messages = []
    for entry in body.get("messages") or []:
        if not isinstance(entry, dict):
            raise _mismatch(entry, "ChatRequest.messages", "api.Message")
        _check(entry, _MESSAGE, "ChatRequest.messages")
        role = (entry.get("role") or "").lower()
        messages.append(Message(role, entry.get("content") or "", _pictures(entry)))
    return _ask("chat", body, tuple(messages))


def read_generate(raw: bytes) -> Ask:
    """A `/api/generate` request; its prompt and pictures become the one user message. Raises `Rejected`."""
    body = decode(raw, "GenerateRequest")
    messages = [Message("user", body.get("prompt") or "", _pictures(body))]
    if body.get("system") and not body.get("raw"):
        messages.insert(0, Message("system", body["system"], ()))
    return _ask("generate", body, tuple(messages))


def check_name(name: str, bad_name: str) -> str:
    """The bare name of a model (without `:latest`). Raises `Rejected` (400)."""
    if not name:
        raise Rejected(400, "model is required")
    if not _NAME.fullmatch(name):
        raise Rejected(400, bad_name)
    return name.removesuffix(":latest")


def check_options(options: Mapping[str, Any]) -> None:
    """Raises `Rejected` (500) for an option of the wrong type; unknown ones are ignored, as everywhere."""
    for name, value in options.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is None or number:
            continue
        if name in _INTEGERS.split():
            raise Rejected(500, f'option "{name}" must be of type integer')
        if name in _FLOATS.split():
            raise Rejected(500, f'option "{name}" must be of type float32')


def check_format(value: Any) -> dict[str, Any] | Literal["json"] | None:
    """The schema, "json", or None for free text. Raises `Rejected` (500)."""
    if value is None or value == "":
        return None
    if value == "json" or isinstance(value, dict):
        return value  # type: ignore[no-any-return]
    quoted = json.dumps(orjson.dumps(value).decode())
    text = f'invalid format: {quoted}; expected "json" or a valid JSON Schema object'
    raise Rejected(500, text)


def _ask(endpoint: Endpoint, body: dict[str, Any], messages: tuple[Message, ...]) -> Ask:
    think = body.get("think")
    if isinstance(think, str) and think not in {"low", "medium", "high", "max"}:
        text = f'invalid think value: "{think}" (must be "high", "medium", "low", true, or false)'
        raise Rejected(400, text)
    return Ask(
        endpoint=endpoint,
        model=body.get("model") or "",
        messages=messages,
        stream=body.get("stream") is not False,
        format=body.get("format"),
        options=body.get("options") or {},
        keep_alive=_seconds(body.get("keep_alive")),
        think=think,
        tools=bool(body.get("tools")),
        truncate=body.get("truncate") is not False,
        suffix=body.get("suffix") or "",
        raw=body.get("raw") is True,
        context=tuple(body.get("context") or ()),
    )


def _check(body: dict[str, Any], shape: dict[str, str], where: str) -> None:
    for name, wanted in shape.items():
        value = body.get(name)
        kind = "object" if wanted.startswith("map") else wanted
        kind = "array" if kind.startswith("[]") or kind == "api.Tools" else kind
        if value is not None and _kind(value) != kind:
            raise _mismatch(value, f"{where}.{name}", wanted)


def _mismatch(value: Any, where: str, wanted: str) -> Rejected:
    text = f"json: cannot unmarshal {_kind(value)} into Go struct field {where} of type {wanted}"
    return Rejected(400, text)


def _kind(value: Any) -> str:
    names = {bool: "bool", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "number")


def _pictures(body: dict[str, Any]) -> tuple[Picture, ...]:
    pictures = []
    for text in body.get("images") or ():
        if not isinstance(text, str):
            raise _mismatch(text, "ChatRequest.messages.images", "api.ImageData")
        data = _decode(text)
        pictures.append(Picture(hashlib.sha256(data).hexdigest(), data))
    return tuple(pictures)


def _decode(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        pass
    joined = text.replace("\r", "").replace("\n", "")
    try:
        return binascii.a2b_base64(joined, strict_mode=True)
    except ValueError:
        bad = re.search(r"[^A-Za-z0-9+/=\r\n]|$", text)
        at = bad.start() if bad else 0
        raise Rejected(400, f"illegal base64 data at input byte {at}") from None


def _seconds(value: float | str | None) -> float | None:
    if not isinstance(value, str):
        return value
    if value == "0":
        return 0.0
    parts = list(_DURATION.finditer(value))
    if not parts or "".join(part[0] for part in parts) != value:
        raise Rejected(400, f'time: invalid duration "{value}"')
    total = sum(abs(float(part[0].removesuffix(part[1]))) * _SECONDS[part[1]] for part in parts)
    return -total if value.startswith("-") else total
