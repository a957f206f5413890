"""Metrics are counted from log events and read from the ledger's queues."""

from bildwerk.telemetry.metrics import Metrics
from db.reads import Queues

QUEUES = Queues(
    ready=3, leased=2, uninspected=1, unsought=6, neighbours=7, missing=0, outbox=5, outbox_seconds=1.5,
    dead_letters=4, slots_taken=2, slots=8,
)  # fmt: skip


def test_an_ended_call_counts_with_its_time_and_tokens() -> None:
    metrics = Metrics()
    fields = {"level": "info", "job_type": "ollama_title", "host": "gpu1", "outcome": "done", "total_ms": 1500.0}
    metrics.watch("job.ended", {**fields, "prompt_tokens": 300, "answer_tokens": 20})

    text = metrics.show(None).decode()

    assert 'bildwerk_log_events_total{event="job.ended",level="info"} 1.0' in text
    assert 'bildwerk_model_calls_total{job_type="ollama_title",outcome="done"} 1.0' in text
    assert 'bildwerk_model_call_seconds_bucket{job_type="ollama_title",le="2.0"} 1.0' in text
    assert 'bildwerk_model_call_seconds_bucket{job_type="ollama_title",le="1.0"} 0.0' in text
    assert 'bildwerk_model_tokens_total{job_type="ollama_title",kind="prompt"} 300.0' in text


def test_a_call_without_an_answer_has_no_tokens() -> None:
    metrics = Metrics()
    fields = {"job_type": "ollama_title", "host": "gpu1", "outcome": "unavailable", "total_ms": None}
    metrics.watch("job.ended", fields)

    text = metrics.show(None).decode()

    assert 'outcome="unavailable"} 1.0' in text
    assert "bildwerk_model_tokens_total{" not in text


def test_what_rules_decide_is_no_call() -> None:
    """Nor is a try that ended before its call: nobody was asked."""
    metrics = Metrics()
    metrics.watch("job.ended", {"job_type": "ollama_title", "host": None, "outcome": "done", "reused_from": None})
    metrics.watch("job.ended", {"job_type": "ollama_title", "host": None, "outcome": "postponed", "fused_in": None})

    text = metrics.show(None).decode()

    assert 'bildwerk_log_events_total{event="job.ended",level="info"} 2.0' in text
    assert 'job_type="ollama_title"' not in text


def test_an_answer_that_was_taken_over_is_no_call() -> None:
    metrics = Metrics()
    metrics.watch("job.ended", {"job_type": "ollama_title", "host": None, "outcome": "done", "reused_from": 7})

    text = metrics.show(None).decode()

    assert 'bildwerk_answers_reused_total{job_type="ollama_title",outcome="done"} 1.0' in text
    assert "bildwerk_model_calls_total{" not in text


def test_an_answer_that_came_in_another_call_is_no_call() -> None:
    metrics = Metrics()
    fields = {"job_type": "ollama_title", "host": "gpu1", "outcome": "done", "reused_from": None, "fused_in": 7}
    metrics.watch("job.ended", fields)

    text = metrics.show(None).decode()

    assert 'bildwerk_answers_fused_total{job_type="ollama_title",outcome="done"} 1.0' in text
    assert "bildwerk_model_calls_total{" not in text


def test_the_time_of_slots_is_told_apart() -> None:
    metrics = Metrics()
    for _ in range(2):
        metrics.watch("medium.ended", {"calling_ms": 3000, "between_ms": 40, "idle_ms": 5})

    text = metrics.show(None).decode()

    assert 'bildwerk_slot_seconds_total{state="calling"} 6.0' in text
    assert 'bildwerk_slot_seconds_total{state="between"} 0.08' in text
    assert 'bildwerk_slot_seconds_total{state="idle"} 0.01' in text


def test_queues_are_shown_as_they_are_now() -> None:
    metrics = Metrics()

    text = metrics.show(QUEUES).decode()

    for line in ("bildwerk_media_ready 3.0", "bildwerk_outbox_rows 5.0", "bildwerk_outbox_age_seconds 1.5"):
        assert line in text.splitlines()
