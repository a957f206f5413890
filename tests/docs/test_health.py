"""Every reason that `/readyz` can give is documented, and nothing else is."""

import ast
from pathlib import Path

from bildwerk.health_words import CHECKS

HEALTH = Path(__file__).parents[2] / "bildwerk" / "health.py"
ELSEWHERE = {"timeout"}
"""Given by the page itself."""


def test_every_reason_is_in_the_table() -> None:
    tree = ast.parse(HEALTH.read_text())
    methods = [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]
    given = {code for method in methods for code in list_codes(method)}

    assert given == {code for reasons in CHECKS.values() for code in reasons} - ELSEWHERE


def test_every_check_is_in_the_table() -> None:
    tree = ast.parse(HEALTH.read_text())
    (names,) = [node.keys for node in ast.walk(tree) if isinstance(node, ast.Dict)]

    assert [name.value for name in names if isinstance(name, ast.Constant)] == list(CHECKS)


def list_codes(method: ast.AsyncFunctionDef) -> set[str]:
    """The codes at the beginning of what a check may say."""
    texts = [node.value for node in ast.walk(method) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    heads = {text.partition(":")[0] for text in texts if text.partition(":")[0].replace("_", "").isalpha()}
    return {head for head in heads if head.islower() and (head in texts or f"{head}: " in texts)}
