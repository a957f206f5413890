"""What is the same in every call: the model's options, time-outs, and how a request is laid out."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

READING_SECONDS: Final = 30.0
"""How long a server may go on reading a picture after its call was given up."""


class Layout(StrEnum):
    """Where the picture stands in a request. In each of them a server can reuse the picture it has already read.

    Never one message with the job's text and the picture: there the text comes first on some prompt paths, and the
    picture is read anew for every job (measured on Ollama 0.33: later calls cost 1.02 of the first, here 0.045).
    """

    TWO_USER_TURNS = "B"
    """System text, the picture, the job's text: works with every Go template and renderer."""
    READY_BETWEEN = "C"
    """As B with an assistant's "Ready." between, for templates that insist on alternating roles."""
    GENERATE = "G"
    """`/api/generate`, which puts the picture first by itself."""


@dataclass(frozen=True, slots=True)
class InferenceOptions:
    """Settings of the one `Ollama` of a process.

    `num_ctx` decides how the model is loaded: two values for one server reload it for ever. Times are in seconds;
    `total_timeout` must exceed the worst reading time of a picture, because giving up does not stop it. `rate` limits
    the calls per second and host. `layout` None: each host's own, as a probe found it. `rendition_policy` names how
    pictures are prepared; it is part of the recipe. `model` is the usual one; `textual` ones are shown no picture.
    """

    model: str
    num_ctx: int = 8192
    seed: int = 1
    temperature: float = 0.0
    total_timeout: float = 600.0
    connect_timeout: float = 5.0
    probe_timeout: float = 10.0
    rate: float | None = None
    layout: Layout | None = Layout.TWO_USER_TURNS
    rendition_policy: str = "jpeg-1024"
    textual: frozenset[str] = frozenset()
    api_key: str | None = field(default=None, repr=False)

    @property
    def usual_layout(self) -> Layout:
        """The layout where nobody found out a better one."""
        return self.layout or Layout.TWO_USER_TURNS
