"""How many tokens a picture costs, by the model's name, and how many more fit into a request beside the first.

Where versions of Ollama and of its engine differ, the dearer figure counts: a request that is too long is refused, one
with a companion less is only asked more often. A picture's beginning and end marks are part of `WORDS`.
"""

import math
import re
from dataclasses import dataclass
from typing import Final

MAX_COMPANIONS: Final = 3
"""More pictures than these in one call blur what is said of each."""
WORDS: Final = 32
"""Tokens around one more picture: marks of the roles, its name, "Ready.", its own marks. Estimated on the safe side."""
LONGEST_SHAPE: Final = 10
"""Pictures longer than this many times their width may cost more than is reckoned with."""


@dataclass(frozen=True, slots=True)
class _Fixed:
    """Every picture costs the same, or at most this."""

    tokens: int

    def count(self, width: int, height: int) -> int:  # noqa: ARG002 - the size does not matter here
        return self.tokens

    def dearest(self, longest_side: int) -> int:  # noqa: ARG002 - as above
        return self.tokens


@dataclass(frozen=True, slots=True)
class _Grid:
    """One token per cell of `cell` x `cell` pixels, `least` to `most` of them; with `breaks`, one more per row."""

    cell: int
    least: int = 0
    most: int | None = None
    breaks: bool = False

    def count(self, width: int, height: int) -> int:
        across, down = width / self.cell, height / self.cell
        scale = max(1.0, math.sqrt(self.least / (across * down)))
        columns, rows = math.ceil(across * scale), math.ceil(down * scale)
        cells = columns * rows if self.most is None else min(columns * rows, self.most)
        return cells + rows if self.breaks else cells

    def dearest(self, longest_side: int) -> int:
        side = math.ceil(longest_side / self.cell)
        # Scaled up, a long picture has the most cells that are cut by its edges.
        columns = math.ceil(math.sqrt(self.least * LONGEST_SHAPE))
        scaled_up = self.least + columns + math.ceil(self.least / max(columns, 1)) + 1
        cells = max(side * side, scaled_up)
        cells = cells if self.most is None else min(cells, self.most)
        return cells + side if self.breaks else cells


@dataclass(frozen=True, slots=True)
class _Slices:
    """`tokens` for the whole and for each of at most `most` slices of about `side` x `side` pixels."""

    tokens: int
    side: int
    most: int

    def count(self, width: int, height: int) -> int:
        slices = math.ceil(width * height / self.side**2)
        # The grid that fits the picture's shape best may have one slice more.
        return self.tokens * (1 + (min(slices + 1, self.most) if slices > 1 else 0))

    def dearest(self, longest_side: int) -> int:
        return self.count(longest_side, longest_side)


_UNKNOWN: Final = _Fixed(2880)
_ONE_ONLY: Final = re.compile(r"llama32\w*vision|mllama|moondream")
_FAMILIES: Final = tuple(
    (re.compile(pattern), cost)
    for pattern, cost in (
        ("bildwerksimulated", _Fixed(256)),
        ("qwen25?vl", _Grid(28, 1024, 4096)),
        ("qwen3vl", _Grid(32, 1024, 4096)),
        ("qwen3[5-9]", _Grid(32, 8, 4096)),
        ("gemma4", _Fixed(1120)),
        ("gemma3", _Fixed(256)),
        ("granite[34]?[23]?vision", _Fixed(8019)),
        ("llama32\\w*vision|mllama", _Fixed(1)),
        ("moondream", _Fixed(729)),
        ("minicpm[vo]", _Slices(96, 448, 9)),
        ("mistralsmall3|ministral3", _Grid(28, breaks=True)),
        ("pixtral", _Grid(16, breaks=True)),
        ("llava(?:llama3|phi3)|bakllava|llava\\S*v15", _Fixed(576)),
        ("llava", _Fixed(2880)),
    )
)


def estimate_tokens(model: str, width: int, height: int) -> int:
    """What one picture of `width` x `height` pixels costs in the prompt of a model of this name, at most.

    - qwen2vl, qwen2.5vl: cells of 28 pixels (14, merged by 2), at most 4096, and at least 1024, up to which a smaller
      picture is scaled: llama.cpp `tools/mtmd/clip.cpp` and `clip-model.h`; Ollama `llm/llama_server.go`
      (`--image-min-tokens 1024` for qwen2vl, qwen25vl, qwen3vl, qwen3vlmoe).
    - qwen3-vl: the same with 32 pixels (16, merged by 2). qwen3.5 and later: as qwen3-vl, without that floor (there 8).
    - gemma3, gemma3n: 256 (clip.cpp; the model's card says the same).
    - gemma4: budgets of 70 to 1120 are chosen by engine and projector (Google's documentation of its vision; clip.cpp
      has 280): the highest.
    - llava: 576 per tile of 336 pixels (24 x 24), 1.6 up to four tiles and the whole, 2880 (`image_grid_pinpoints` of
      llava-v1.6's config.json). A bare `llava` is 1.6 in Ollama's library; 1.5, bakllava, llava-llama3, -phi3: 576.
    - granite vision: 729 per tile of 384 pixels (27 x 27), up to ten tiles and the whole, 8019 (`image_grid_pinpoints`
      of granite-vision's config.json).
    - minicpm-v: 64 per slice, 96 in version 2.5 and before (clip.cpp), one slice per 448 x 448 pixels, at most nine
      and the whole (`preprocessor_config.json`): reckoned with 96.
    - mistral-small3.x, ministral-3: cells of 28 pixels and one token per row (Ollama `model/models/mistral3`); newer
      engines stop at 1024 (clip.cpp), older ones do not. pixtral: as these with 16 pixels, which are not merged.
    - llama3.2-vision: 1, the picture is looked at beside the prompt (Ollama `model/models/mllama/model.go`).
    - moondream: 729, 27 x 27 of 378 pixels in cells of 14. An estimate from its vision tower's size.
    - bildwerk-simulated: what our own simulated server counts.
    - any other: 2880. An estimate: the dearest that is common.
    """
    return _cost(model).count(width, height)


def count_dearest(model: str, longest_side: int) -> int:
    """What a picture with sides of at most `longest_side` pixels costs at most."""
    return _cost(model).dearest(longest_side)


def count_companions(model: str, longest_side: int, num_ctx: int, reserved: int) -> int:
    """How many further pictures fit beside the first, 0 to 3.

    All pictures have sides of at most `longest_side` pixels. `num_ctx` is the context in tokens, `reserved` what of it
    text and answer need. 0 for models that take one picture per request: llama3.2-vision ("Mllama only supports one
    image per sample"; older Ollama refuses a second one) and moondream, whose context is 2048 tokens.
    """
    if _ONE_ONLY.search(_bare(model)):
        return 0
    picture = _cost(model).dearest(longest_side)
    left = num_ctx - reserved - picture
    return max(0, min(MAX_COMPANIONS, left // (picture + WORDS)))


def _cost(model: str) -> _Fixed | _Grid | _Slices:
    bare = _bare(model)
    return next((cost for pattern, cost in _FAMILIES if pattern.search(bare)), _UNKNOWN)


def _bare(model: str) -> str:
    """The name without case and the punctuation in which names of one family differ."""
    return re.sub(r"[\s_.-]", "", model.casefold())
