"""What is said of a file's generation data, bounded and fit for a database."""

import json
from collections.abc import Iterable
from typing import Any

from contracts.embedded import Embedded

MAX_PROMPT = 20_000
"""Characters of a prompt that are kept. The longest that generators take are a tenth of that."""
_MAX_MODEL = 300
_MAX_SEED = 2**64
_MAX_DIGITS = 20


def tell(
    generator: str,
    prompt: str | Iterable[str],
    negative_prompt: str | Iterable[str] = "",
    *,
    certain: bool = True,
    model: object = None,
    seed: object = None,
) -> Embedded:
    """Put together what was read; several prompts become lines. A model or seed of the wrong type is not told."""
    return Embedded(
        generator=generator,
        prompt=_copy(prompt),
        negative_prompt=_copy(negative_prompt),
        certain=certain,
        model=storable(model, _MAX_MODEL) or None if isinstance(model, str) else None,
        seed=_whole(seed),
    )


def storable(text: str, limit: int) -> str:
    """At most `limit` characters, without those that no database stores."""
    return text[:limit].replace("\x00", "").encode("utf-8", "ignore").decode()


def parse_json(text: object) -> Any:
    """The JSON value of a text, integers of more than 20 digits as None. Raises ValueError, RecursionError."""
    if not isinstance(text, str):
        raise ValueError(type(text))  # noqa: TRY004 - one kind of error for whatever is no JSON
    return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) <= _MAX_DIGITS else None)


def _copy(prompt: str | Iterable[str]) -> str:
    return storable(prompt if isinstance(prompt, str) else "\n".join(prompt), MAX_PROMPT)


def _whole(seed: object) -> int | None:
    if isinstance(seed, str) and seed.isascii() and seed.isdecimal() and len(seed) <= _MAX_DIGITS:
        seed = int(seed)
    return seed if type(seed) is int and 0 <= seed < _MAX_SEED else None
