"""Failures, named by what the caller must do.

Failure
├── Invalid        never again: the input cannot work (undecodable picture, refused request)
├── BadAnswer      the model's answer is unusable; the same question would get it again
├── Transient      try again later, with back-off; counts as an attempt
├── Unavailable    the host or the store is away: wait for it; counts as nothing
└── Stale          the facts moved under us: drop this, inspect and plan again
"""

from typing import ClassVar


class Failure(Exception):
    """Something a job ran into.

    `reason` is a short snake_case code that may be logged and shown; `detail` is for the ledger only and may name
    paths or quote answers.
    """

    kind: ClassVar[str] = "failure"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Invalid(Failure):
    """The input can never work."""

    kind = "invalid"


class BadAnswer(Failure):
    """The model answered, but not usably. `raw` is what it said (None: nothing)."""

    kind = "bad_answer"

    def __init__(self, reason: str, detail: str = "", *, raw: str | None = None) -> None:
        super().__init__(reason, detail)
        self.raw = raw


class Transient(Failure):
    """It may work in a moment."""

    kind = "transient"


class Unavailable(Failure):
    """A host or store is away altogether. After `pause` seconds it is worth another look; 0: nobody said so."""

    kind = "unavailable"

    def __init__(self, reason: str, detail: str = "", *, pause: float = 0.0) -> None:
        super().__init__(reason, detail)
        self.pause = pause


class Stale(Failure):
    """What we were about to use is no longer what the facts say."""

    kind = "stale"
