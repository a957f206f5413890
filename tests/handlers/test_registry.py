"""The stages there are, and that they fit together."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from handlers.chain import Chain
from handlers.registry import BrokenRegistry, load_stages, order_stages


def _stage(name: str, *after: str, reads: tuple[str, ...] = (), writes: tuple[str, ...] | None = None) -> Any:
    own = (f"ollama.{name}",) if writes is None else writes
    return SimpleNamespace(job_type=name, after=after, reads=reads, writes=own)


def _names(stages: Any) -> list[str]:
    return [stage.job_type for stage in stages]


def test_the_stages_of_the_product_in_chain_order() -> None:
    names = _names(load_stages())
    assert names[0] == "ollama_caption"
    assert {"ollama_quality", "ollama_title"} < set(names)


def test_upstreams_come_first_and_the_order_does_not_depend_on_the_files() -> None:
    stages = [_stage("d", "b", "c"), _stage("c", "a"), _stage("b", "a"), _stage("a"), _stage("e")]
    assert _names(order_stages(stages)) == _names(order_stages(stages[::-1])) == ["a", "e", "b", "c", "d"]


def test_after_is_closed_transitively() -> None:
    chain = Chain(order_stages([_stage("a"), _stage("b", "a"), _stage("c", "b"), _stage("x")]))
    assert chain.upstreams == {"a": set(), "b": {"a"}, "c": {"a", "b"}, "x": set()}
    assert chain.select(("a",), cascade=True) == {"a", "b", "c"}
    assert chain.select(("a", "unknown"), cascade=False) == {"a"}
    assert chain.select((), cascade=False) == {"a", "b", "c", "x"}


@pytest.mark.parametrize(
    ("stages", "complaint"),
    [
        ([_stage("a"), _stage("a", writes=())], "same job type"),
        ([_stage("a", "ghost")], "ghost"),
        ([_stage("a", "b"), _stage("b", "a")], "after each other"),
        ([_stage("a", "a")], "after each other"),
        ([_stage("a", reads=("ollama.b",))], "platform's own"),
        ([_stage("a", reads=("locks",))], "platform's own"),
        ([_stage("a", writes=("caption",))], "not ours"),
        ([_stage("a"), _stage("b", writes=("ollama.a",))], "both write"),
    ],
)
def test_what_does_not_fit_is_found(stages: list[Any], complaint: str) -> None:
    with pytest.raises(BrokenRegistry, match=complaint):
        order_stages(stages)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    folder = tmp_path / "some_stages"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("some_stages")
    for name in [name for name in sys.modules if name.split(".")[0] == "some_stages"]:
        del sys.modules[name]


def test_every_module_is_a_stage(package: ModuleType, tmp_path: Path) -> None:
    source = (
        "from types import SimpleNamespace\nSTAGE = SimpleNamespace(job_type={!r}, after=(), reads=(), writes=())\n"
    )
    for name in ("two", "one"):
        (tmp_path / "some_stages" / f"{name}.py").write_text(source.format(name))
    assert _names(load_stages(package)) == ["one", "two"]


def test_a_module_without_a_stage_is_a_mistake(package: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "some_stages" / "stray.py").write_text("")
    with pytest.raises(BrokenRegistry, match="stray"):
        load_stages(package)
