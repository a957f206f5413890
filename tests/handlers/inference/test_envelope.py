"""The numbers in an answer's envelope: what the ledger cannot hold is no answer of Ollama's."""

import orjson
import pytest

from handlers.failures import Transient
from handlers.inference.envelope import open_envelope

GOOD = {"message": {"content": "{}"}, "done": True, "done_reason": "stop", "eval_count": 7, "total_duration": 10**12}


def test_counts_and_durations_are_read() -> None:
    envelope = open_envelope(200, "application/json", orjson.dumps(GOOD))
    assert (envelope.eval_count, envelope.total_duration) == (7, 10**12)


@pytest.mark.parametrize("wrong", [{"eval_count": 2**31}, {"prompt_eval_count": -1}, {"total_duration": -1}])
def test_a_number_out_of_range_is_a_garbled_answer(wrong: dict[str, int]) -> None:
    """It would fail the job as a bug of ours when the run is recorded."""
    with pytest.raises(Transient) as failure:
        open_envelope(200, "application/json", orjson.dumps(GOOD | wrong))
    assert failure.value.reason == "garbled_response"
