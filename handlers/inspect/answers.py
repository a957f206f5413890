"""What a child process said of a file, as its parent understands it."""

from base64 import b64decode
from dataclasses import dataclass

from pydantic import BaseModel

from contracts.embedded import Embedded
from contracts.facts import Picture
from contracts.measures import Measures
from contracts.moments import Taken
from contracts.sketches import Sketch
from handlers.failures import Failure, Invalid, Unavailable
from handlers.inspect.frames import Header
from handlers.inspect.reasons import Reason

_FIELDS = ("format", "width", "height", "pixel_hash", "unreadable", "phash")
_MODELS: dict[str, type[BaseModel]] = {"measures": Measures, "embedded": Embedded, "taken": Taken}


@dataclass(frozen=True, slots=True)
class Answer:
    """A failure, or the source and, if it was asked to decode, what it found."""

    failure: Header | None = None
    source: Header | None = None
    decoded: Header | None = None
    rendition: bytes = b""

    @property
    def unreadable(self) -> str | None:
        """The child's reason, if it decoded and found no usable picture."""
        return None if self.decoded is None else self.decoded.get("unreadable")

    @property
    def detail(self) -> str:
        """More about an unreadable picture, for the ledger only."""
        return str((self.decoded or {}).get("detail", ""))

    def read_source(self) -> Header:
        """What the file is. Raises the failure, Invalid or Unavailable, if that is the answer."""
        if self.failure is not None:
            raise _failure(**self.failure)
        assert self.source is not None
        return self.source

    def read_picture(self) -> Picture:
        """What was decoded. Raises ValueError if it is nothing that a child of ours says."""
        decoded = self.decoded
        if decoded is None:
            empty = self.read_source()["size"] == 0
            return Picture(unreadable=(Reason.EMPTY_FILE if empty else Reason.FILE_TOO_LARGE).value)
        told = {name: value for name in (*_FIELDS, *_MODELS) if (value := decoded.get(name)) is not None}
        told |= {name: model.model_validate(told[name]) for name, model in _MODELS.items() if name in told}
        cells = decoded.get("sketch")
        return Picture(**told, sketch=None if cells is None else Sketch(b64decode(cells, validate=True)))


def _failure(failure: str, reason: str, detail: str) -> Exception:
    kinds: dict[str, type[Failure]] = {kind.kind: kind for kind in (Invalid, Unavailable)}
    if failure not in kinds:
        return RuntimeError(f"{reason} in a child process")
    return kinds[failure](reason, detail)
