"""What is wrong with a picture: one word for it, whoever found it."""

from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect of one picture.

    `severity` is 0 (just noticeable) to 1 (the picture is spoilt), None when it is unclear whether the defect is there.
    `place` says where in the picture (`whole`, `centre`, `left`, ...), `evidence` why we think so: figures for what was
    `measured`, words for what the `model` saw.
    """

    code: str
    severity: float | None
    place: str
    evidence: str
    source: Literal["measured", "model"]

    def to_json(self) -> dict[str, JsonValue]:
        """The JSON object that stands in `ollama.quality`."""
        return {
            "code": self.code,
            "severity": self.severity,
            "place": self.place,
            "evidence": self.evidence,
            "source": self.source,
        }
