"""All the state of one simulated server."""

from dataclasses import dataclass
from datetime import UTC, datetime

from bildwerk.sandbox.simulated_ollama import replies
from bildwerk.sandbox.simulated_ollama.calls import CallLog
from bildwerk.sandbox.simulated_ollama.drawn_times import DrawnTimes
from bildwerk.sandbox.simulated_ollama.errors import Rejected
from bildwerk.sandbox.simulated_ollama.faults import Script
from bildwerk.sandbox.simulated_ollama.models import Model
from bildwerk.sandbox.simulated_ollama.poses import Pose
from bildwerk.sandbox.simulated_ollama.requests import check_name
from bildwerk.sandbox.simulated_ollama.runner import Runner

_MOST = 2**31


@dataclass(frozen=True, slots=True)
class Simulation:
    """What the endpoints work on. `token_seconds` is the time of one generated token.

    With `drawn` a call takes a drawn time, all of it for reading, and neither what is read nor what is written matters.
    """

    pose: Pose
    models: dict[str, Model]
    runner: Runner
    script: Script
    log: CallLog
    token_seconds: float
    num_ctx: int
    drawn: DrawnTimes | None = None
    modified_at: str = replies.stamp(datetime(2026, 1, 1, tzinfo=UTC))

    def find(self, name: str) -> Model:
        """The model of that name. Raises `Rejected` (400, 404)."""
        model = self.models.get(check_name(name, self.pose.bad_name))
        if model is None:
            raise Rejected(404, f"model '{name}' not found")
        return model

    def context_of(self, asked: object) -> int:
        """The context length a request runs under."""
        wanted = int(asked) if isinstance(asked, int | float) and asked > 0 else self.num_ctx
        return min(wanted, _MOST)
