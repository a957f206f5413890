"""Every metric there is: counted from log events, or read from the ledger when somebody asks.

Rooms below know nothing of metrics; they log events, and this is where an event becomes a number.
"""

from collections.abc import Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from db.reads import Queues

CALL_SECONDS: Final = (0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 240, 600)
"""From a small model with a warm picture to the longest call that is waited for."""


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.events = Counter("bildwerk_log_events", "Log events by name and level.", ["event", "level"], registry=r)
        self.calls = Counter("bildwerk_model_calls", "Ended model calls.", ["job_type", "outcome"], registry=r)
        self.reused = Counter(
            "bildwerk_answers_reused", "Answers taken over instead of a call.", ["job_type", "outcome"], registry=r
        )
        self.fused = Counter(
            "bildwerk_answers_fused", "Answers that came in another job's call.", ["job_type", "outcome"], registry=r
        )
        self.slots = Counter(
            "bildwerk_slot_seconds",
            "Slots' time: calling, between calls, idle with work waiting.",
            ["state"],
            registry=r,
        )
        self.seconds = Histogram(
            "bildwerk_model_call_seconds", "How long calls took.", ["job_type"], buckets=CALL_SECONDS, registry=r
        )
        self.tokens = Counter("bildwerk_model_tokens", "Tokens read and written.", ["job_type", "kind"], registry=r)
        self.queues = {
            "ready": Gauge("bildwerk_media_ready", "Media with due work that nobody has taken.", registry=r),
            "leased": Gauge("bildwerk_media_leased", "Media being worked on.", registry=r),
            "uninspected": Gauge("bildwerk_media_uninspected", "Media whose picture is to be looked at.", registry=r),
            "unsought": Gauge("bildwerk_media_unsought", "Media whose duplicates are to be looked for.", registry=r),
            "neighbours": Gauge(
                "bildwerk_media_neighbours", "Media to be planned because one like them has changed.", registry=r
            ),
            "missing": Gauge("bildwerk_media_missing", "Media named by events that are not there yet.", registry=r),
            "outbox": Gauge("bildwerk_outbox_rows", "Events that are not published yet.", registry=r),
            "outbox_seconds": Gauge("bildwerk_outbox_age_seconds", "Age of the oldest of them.", registry=r),
            "dead_letters": Gauge("bildwerk_dead_letters", "Events that could not be understood.", registry=r),
            "slots_taken": Gauge("bildwerk_slots_taken", "Ollama slots that a worker owns.", registry=r),
            "slots": Gauge("bildwerk_slots", "Ollama slots of this instance's hosts, and others in use.", registry=r),
            "intake_stopped": Gauge(
                "bildwerk_intake_stopped", "1 while dead letters have stopped the intake of events.", registry=r
            ),
        }

    def watch(self, event: str, fields: Mapping[str, Any]) -> None:
        """Count one log event; what it holds beyond its name decides what else it counts for."""
        self.events.labels(event, fields.get("level", "info")).inc()
        if event == "job.ended":
            self._count_job(str(fields.get("job_type")), fields)
        if event == "medium.ended":
            for state in ("calling", "between", "idle"):
                self.slots.labels(state).inc(float(fields.get(f"{state}_ms", 0)) / 1000)

    def _count_job(self, job_type: str, fields: Mapping[str, Any]) -> None:
        if fields.get("host") is None and fields.get("reused_from") is None:
            return  # rules decided, or no call was made
        counter = self.calls
        for field, other in (("reused_from", self.reused), ("fused_in", self.fused)):
            counter = counter if fields.get(field) is None else other
        counter.labels(job_type, str(fields.get("outcome"))).inc()
        if isinstance(total := fields.get("total_ms"), int | float):
            self.seconds.labels(job_type).observe(total / 1000)
        for kind in ("prompt", "answer"):
            if isinstance(number := fields.get(f"{kind}_tokens"), int):
                self.tokens.labels(job_type, kind).inc(number)

    def show(self, queues: Queues | None) -> bytes:
        """The exposition text; without `queues` (no database) the gauges are left out of date."""
        for name, gauge in self.queues.items() if queues else ():
            gauge.set(getattr(queues, name))
        return generate_latest(self.registry)
