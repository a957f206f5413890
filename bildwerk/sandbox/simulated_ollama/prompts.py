"""Where the parts of a request land in the prompt: that decides what a server can reuse.

Rendered path (a Go template): a picture goes before its message's text, or where `[img]` stands. Native path (the
template of the model file, `/api/chat` only): after it. Positions and token counts were compared with real servers.
"""

from dataclasses import dataclass, replace

from bildwerk.sandbox.simulated_ollama.errors import (
    BAD_MARKS,
    NOT_MULTIMODAL,
    TOO_LONG,
    Rejected,
    engine_error,
    too_many_tokens,
)
from bildwerk.sandbox.simulated_ollama.models import Model
from bildwerk.sandbox.simulated_ollama.poses import Pose
from bildwerk.sandbox.simulated_ollama.requests import Ask, Message

_BEGIN, _OPEN, _CLOSE, _OLD = "\x01", "\x02", "\x03", "\x04"  # one token each
_MARK = "[img]"


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture's place in a prompt."""

    digest: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """Text and pictures in the order the model reads them, and what they count in tokens."""

    parts: tuple[str | Seen, ...]
    characters_per_token: int
    picture_tokens: int
    limit: int | None = None

    @property
    def tokens(self) -> int:
        """All tokens, pictures included; a truncated prompt counts its limit."""
        whole = sum(self._count(part) for part in self.parts)
        return whole if self.limit is None else self.limit

    @property
    def pictures(self) -> tuple[str, ...]:
        """Digests of the pictures, in order."""
        return tuple(part.digest for part in self.parts if isinstance(part, Seen))

    def shared(self, other: "Prompt | None") -> tuple[int, int]:
        """How much of this prompt `other` begins with: tokens, and whole pictures among them."""
        if other is None:
            return 0, 0
        tokens = pictures = 0
        for mine, theirs in zip(self.parts, other.parts, strict=False):
            if mine == theirs:
                tokens += self._count(mine)
                pictures += isinstance(mine, Seen)
                continue
            if isinstance(mine, str) and isinstance(theirs, str):
                tokens += _beginning(mine, theirs) // self.characters_per_token
            break
        return tokens, pictures

    def _count(self, part: str | Seen) -> int:
        if isinstance(part, Seen):
            return self.picture_tokens
        return -(-len(part) // self.characters_per_token)


def lay_out(ask: Ask, model: Model, pose: Pose, num_ctx: int) -> Prompt:
    """The prompt the model reads. Raises `Rejected` where a real server refuses it (400)."""
    if model.vision or not ask.pictures:
        prompt = _build(ask, ask.messages, model, pose)
    elif pose.modern:
        raise engine_error(NOT_MULTIMODAL)
    else:
        prompt = _build(ask, tuple(map(_blinded, ask.messages)), model, pose)
    if prompt.tokens <= num_ctx:
        return prompt
    if ask.truncate:
        prompt = _drop_oldest(ask, prompt, model, pose, num_ctx)
        if prompt.tokens <= num_ctx:
            return prompt
    if pose.modern and (prompt.pictures or not ask.truncate):
        raise too_many_tokens(prompt.tokens, num_ctx)
    if not ask.truncate:
        raise Rejected(400, TOO_LONG)
    # The modern engine keeps half of its context free when it cuts; the older ones fill it. Pictures are cut out.
    text = tuple(part for part in prompt.parts if isinstance(part, str))
    return replace(prompt, parts=text, limit=num_ctx // 2 + 3 if pose.modern else num_ctx)


def _blinded(message: Message) -> Message:
    return replace(message, content="[img-0]" * len(message.pictures) + message.content, pictures=())


def _drop_oldest(ask: Ask, prompt: Prompt, model: Model, pose: Pose, num_ctx: int) -> Prompt:
    system = tuple(m for m in ask.messages if m.role == "system")
    turns = [m for m in ask.messages if m.role != "system"]
    while len(turns) > 1 and prompt.tokens > num_ctx:
        turns.pop(0)
        prompt = _build(ask, (*system, *turns), model, pose)
    return prompt


def _build(ask: Ask, messages: tuple[Message, ...], model: Model, pose: Pose) -> Prompt:
    native = model.native and pose.modern and ask.endpoint == "chat"
    parts: list[str | Seen] = [_BEGIN + _OLD * len(ask.context)]
    for message in messages:
        if ask.raw:
            parts.extend(_raw_turn(message, pose))
            continue
        parts.append(f"{_OPEN}{message.role}\n")
        parts.extend(_native_turn(message) if native else _rendered_turn(message))
        parts.append(f"{_CLOSE}\n")
    if not ask.raw:
        parts.append(f"{_OPEN}assistant\n")
    marks = model.picture_tokens + pose.picture_marks
    return Prompt(_joined(parts), model.characters_per_token, marks)


def _rendered_turn(message: Message) -> list[str | Seen]:
    pieces = message.content.split(_MARK, len(message.pictures))
    marked, first = len(pieces) - 1, len(message.pictures) - len(pieces) + 1
    parts: list[str | Seen] = [Seen(picture.digest) for picture in message.pictures[:first]]
    parts.append(pieces[0])
    for picture, text in zip(message.pictures[first:], pieces[1:], strict=True):
        parts.extend((Seen(picture.digest), text))
    return parts if marked or message.content else parts[:-1]


def _native_turn(message: Message) -> list[str | Seen]:
    return [message.content, *(Seen(picture.digest) for picture in message.pictures)]


def _raw_turn(message: Message, pose: Pose) -> list[str | Seen]:
    if not message.pictures:
        return [message.content]
    if message.content.count(_MARK) == len(message.pictures):
        return _rendered_turn(message)
    if pose.modern:
        raise engine_error(BAD_MARKS)
    return [message.content]


def _beginning(mine: str, theirs: str) -> int:
    """How many characters two texts have in common at their start."""
    low, high = 0, min(len(mine), len(theirs))
    while low < high:
        middle = (low + high + 1) // 2
        if mine[low:middle] == theirs[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _joined(parts: list[str | Seen]) -> tuple[str | Seen, ...]:
    joined: list[str | Seen] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)
