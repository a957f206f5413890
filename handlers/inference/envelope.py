"""What Ollama wraps around the model's words, and whether those are complete."""

from typing import Annotated

import orjson
from pydantic import BaseModel, Field, ValidationError

from handlers.failures import BadAnswer, Transient, Unavailable
from handlers.inference.refusals import failure_of_status

OK = 200


Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Nanoseconds = Annotated[int, Field(ge=0, le=2**63 - 1)]


class Message(BaseModel):
    """A chat answer's message."""

    content: str = ""
    thinking: str | None = None


class Envelope(BaseModel):
    """A body of `/api/chat` (message) or `/api/generate` (response). Counts are left out when 0; durations in ns."""

    model: str = ""
    message: Message | None = None
    response: str = ""
    thinking: str | None = None
    done: bool = False
    done_reason: str = ""
    total_duration: Nanoseconds = 0
    load_duration: Nanoseconds = 0
    prompt_eval_count: Count = 0
    prompt_eval_duration: Nanoseconds = 0
    eval_count: Count = 0
    eval_duration: Nanoseconds = 0

    @property
    def text(self) -> str:
        """What the model wrote. PostgreSQL's text holds no NUL, so neither does this."""
        text = self.message.content if self.message is not None else self.response
        return text.replace("\x00", "\ufffd")

    @property
    def has_thought(self) -> bool:
        """Whether the model used the channel that nobody reads."""
        return bool(self.thinking or (self.message is not None and self.message.thinking))


def open_envelope(status: int, content_type: str, body: bytes) -> Envelope:
    """The complete answer of a call. Raises Invalid, BadAnswer, Transient or Unavailable.

    Status 200 alone says nothing: a runaway ends in `done: false`, a full answer in `done_reason: "length"`, and an
    error after the first token in a body that holds only an error.
    """
    if status != OK:
        raise failure_of_status(status, body)
    if "json" not in content_type:
        raise Unavailable("not_ollama", "the answer is not JSON by its own account")
    try:
        document = orjson.loads(body)
        envelope = Envelope.model_validate(document, strict=True)
    except (orjson.JSONDecodeError, ValidationError):
        raise Transient("garbled_response", "the answer's envelope is not what Ollama sends") from None
    if "error" in document:
        raise failure_of_status(status, body)
    _require_complete(envelope)
    return envelope


def _require_complete(envelope: Envelope) -> None:
    raw = envelope.text
    if not envelope.done:
        raise BadAnswer("unfinished", "done is not true", raw=raw)
    if envelope.done_reason == "length":
        raise BadAnswer("length", "the answer does not fit", raw=raw)
    if envelope.done_reason != "stop":
        raise BadAnswer("unfinished", f"done_reason {envelope.done_reason[:40]!r}", raw=raw)
    if not raw.strip():
        raise BadAnswer("only_thoughts" if envelope.has_thought else "empty", raw=raw)
