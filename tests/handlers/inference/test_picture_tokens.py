"""What pictures cost, and that no request is planned that does not fit."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from handlers.inference.picture_tokens import LONGEST_SHAPE, WORDS, count_companions, estimate_tokens

MODELS = [
    "bildwerk-simulated", "qwen2.5vl:7b", "qwen3-vl:8b", "qwen3.5:9b", "gemma3:4b", "gemma3n", "gemma4", "llava:13b",
    "llava-llama3", "granite3.2-vision", "llama3.2-vision:11b", "moondream", "minicpm-v:8b", "mistral-small3.2:24b",
    "pixtral:12b", "somebody/never-heard-of:1b",
]  # fmt: skip
MODEL = st.sampled_from(MODELS)
CONTEXT = st.integers(0, 1 << 17)
SIDE = st.integers(64, 2048)


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        ("qwen2.5vl:7b", (1024, 1024), 37 * 37),
        ("hf.co/unsloth/Qwen2.5-VL-7B-Instruct-GGUF:Q4_K_M", (1024, 768), 37 * 28),
        ("qwen2.5vl", (28, 28), 1024),
        ("qwen2.5vl", (4096, 4096), 4096),
        ("qwen3-vl:8b-instruct", (1024, 1024), 1024),
        ("qwen3-vl", (1024, 768), 37 * 28),
        ("Qwen3.5:9b", (1024, 768), 32 * 24),
        ("gemma3:27b", (1024, 10), 256),
        ("gemma3n:e4b", (64, 64), 256),
        ("gemma4:26b", (64, 64), 1120),
        ("llava:7b", (1024, 768), 2880),
        ("llava:7b-v1.5-q4_0", (1024, 768), 576),
        ("llava-llama3", (1024, 768), 576),
        ("granite3.2-vision:2b", (1024, 768), 8019),
        ("ibm/granite3.3-vision", (1024, 768), 8019),
        ("llama3.2-vision:90b", (1024, 768), 1),
        ("moondream:1.8b", (1024, 768), 729),
        ("minicpm-v:8b", (400, 400), 96),
        ("minicpm-v4.5", (1024, 768), 96 * 6),
        ("openbmb/minicpm-o2.6", (1024, 1024), 96 * 8),
        ("mistral-small3.1:24b", (1024, 768), 37 * 28 + 28),
        ("Mistral-Small-3.2", (768, 1024), 37 * 28 + 37),
        ("pixtral:12b", (1024, 768), 64 * 48 + 48),
        ("bildwerk-simulated", (1024, 768), 256),
        ("never-heard-of", (64, 64), 2880),
    ],
)
def test_what_a_picture_costs(model: str, size: tuple[int, int], tokens: int) -> None:
    assert estimate_tokens(model, *size) == tokens


@pytest.mark.parametrize(
    ("model", "num_ctx", "fit"),
    [
        ("qwen2.5vl:7b", 8192, 3),
        ("qwen2.5vl:7b", 4096, 1),
        ("qwen3-vl:8b", 8192, 3),
        ("gemma3:4b", 4096, 3),
        ("llava:7b", 8192, 1),
        ("llava-llama3", 4096, 3),
        ("granite3.2-vision", 8192, 0),
        ("granite3.2-vision", 32768, 2),
        ("llama3.2-vision:11b", 1 << 17, 0),
        ("moondream", 1 << 17, 0),
        ("minicpm-v:8b", 8192, 3),
        ("mistral-small3.2", 8192, 3),
        ("pixtral", 8192, 0),
        ("bildwerk-simulated", 2048, 2),
        ("never-heard-of", 8192, 1),
        ("never-heard-of", 2048, 0),
    ],
)
def test_how_many_fit_beside_the_first(model: str, num_ctx: int, fit: int) -> None:
    assert count_companions(model, 1024, num_ctx, 1200) == fit


@given(MODEL, SIDE, CONTEXT, CONTEXT, st.integers(0, 4096))
def test_more_room_never_means_fewer(model: str, side: int, one: int, other: int, reserved: int) -> None:
    low, high = sorted((one, other))
    assert 0 <= count_companions(model, side, low, reserved) <= count_companions(model, side, high, reserved) <= 3


@given(MODEL, SIDE, CONTEXT, st.integers(0, 4096), st.integers(0, 4096))
def test_a_longer_text_never_means_more(model: str, side: int, num_ctx: int, one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert count_companions(model, side, num_ctx, high) <= count_companions(model, side, num_ctx, low)


@st.composite
def sizes(draw: st.DrawFn, side: int) -> tuple[int, int]:
    """A picture's width and height."""
    long = draw(st.integers(1, side))
    short = draw(st.integers(-(-long // LONGEST_SHAPE), long))
    return draw(st.sampled_from([(long, short), (short, long)]))


@given(MODEL, SIDE, CONTEXT, st.integers(0, 4096), st.data())
def test_what_fits_is_within_the_context(
    model: str, side: int, num_ctx: int, reserved: int, data: st.DataObject
) -> None:
    """Whatever the shapes of the pictures."""
    fit = count_companions(model, side, num_ctx, reserved)
    assume(fit)
    pictures = data.draw(st.lists(sizes(side), min_size=fit + 1, max_size=fit + 1))
    costs = sum(estimate_tokens(model, *size) for size in pictures)
    assert costs + fit * WORDS + reserved <= num_ctx


@given(MODEL, SIDE, st.data())
def test_no_picture_costs_more_than_is_reckoned_with(model: str, side: int, data: st.DataObject) -> None:
    """One token short of two pictures is one picture."""
    assume(count_companions(model, side, 1 << 20, 0))
    cost = max(estimate_tokens(model, *size) for size in data.draw(st.lists(sizes(side), min_size=1)))
    assert count_companions(model, side, 2 * cost + WORDS - 1, 0) == 0
