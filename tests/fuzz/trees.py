"""Changes to JSON that leave it JSON: what changes single bytes seldom gets past a parser."""

import base64
import json
from collections.abc import Sequence
from random import Random
from typing import Any

LEAVES: Sequence[Any] = (
    None, True, False, 0, 1, 2, 7, -1, 91, 100, 101, 1.0, 2**63, 10**25, "", "7", "1.0", "done", "media.updated",
    "stage.completed", "\ud800", "\x00", "e30=", "{}", '{"media_id":7}', "ollama_title", [], {}, ["ollama_title"],
    [[]], {"media_id": 7}, {"mediaId": 7},
)  # fmt: skip


def change_json(text: str, names: Sequence[str], dice: Random) -> str | None:
    """The text with one to three changes to its tree; None where it is no JSON."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for _ in range(dice.randint(1, 3)):
        tree = _change(tree, names, dice)
    return json.dumps(tree, ensure_ascii=dice.random() < 0.5)


def _change(tree: Any, names: Sequence[str], dice: Random) -> Any:
    """Change one place: go down for a while, then put something else there."""
    inner = list(tree) if isinstance(tree, dict) else list(range(len(tree))) if isinstance(tree, list) else []
    if inner and dice.random() < 0.75:
        place = dice.choice(inner)
        copy = tree.copy()
        copy[place] = _change(copy[place], names, dice)
        return copy
    return _put(tree, inner, names, dice)


def _put(tree: Any, inner: list[Any], names: Sequence[str], dice: Random) -> Any:
    name = dice.choice(names)
    if not isinstance(tree, dict | list):
        return _other(tree, dice)
    match dice.randrange(6):
        case 0 if isinstance(tree, dict):
            return {**tree, name: dice.choice(LEAVES)}
        case 1 if isinstance(tree, dict) and inner:
            old = dice.choice(inner)
            return {(name if key == old else key): value for key, value in tree.items()}
        case 2 if inner:
            copy = tree.copy()
            del copy[dice.choice(inner)]
            return copy
        case 3:
            return {name: tree}
        case 4:
            return json.dumps(tree)
        case 5:
            return base64.b64encode(json.dumps(tree).encode()).decode()
        case _:
            return dice.choice(LEAVES)


def _other(leaf: Any, dice: Random) -> Any:
    """Another value, of the same type more often than not."""
    match leaf:
        case bool() if dice.random() < 0.7:
            return not leaf
        case int() if dice.random() < 0.7:
            return dice.choice([leaf - 1, leaf + 1, leaf * 10, -leaf, 100, 2**63 - 1, 2**63])
        case str() if leaf and dice.random() < 0.5:
            at = dice.randrange(len(leaf))
            return leaf[:at] + dice.choice(["", "\0", "\ud800", "_", "A", leaf[at] * 70]) + leaf[at + 1 :]
        case _:
            return dice.choice(LEAVES)
