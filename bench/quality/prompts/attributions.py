"""Whether artists' names go and nothing else does: parts of prompts written by hand, and what is left of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.quality.parts import Part, Plan, Section, Table
from bench.quality.statistics import upper_bound
from handlers.reconstruction.artists import drop_artists

PARTS: Final = ("development", "held out")
UNCHANGED: Final = "="
_FILES: Final = ("attributions.tsv", "attributions_held_out.tsv")
Cleaner = Callable[[str, str], tuple[str, tuple[str, ...]]]
"""Of a part's name and text: the text without artists' names, and those names."""


@dataclass(frozen=True)
class Attribution:
    """A part's text, the artists named in it, and what may be left of it."""

    slot: str
    text: str
    names: tuple[str, ...]
    rests: tuple[str, ...]
    held_out: bool
    """Whether it is among those that no rule may be made for."""

    def keeps_a_name(self, left: str) -> bool:
        """Whether one of the names is still there, in whatever form."""
        return any(name.casefold() in left.casefold() for name in self.names)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one text."""

    of: Attribution
    left: str

    @property
    def right(self) -> bool:
        """Whether just that is left which should be."""
        return self.left in self.of.rests


def read_attributions() -> tuple[Attribution, ...]:
    """Every text, those first that rules were made for, else in the order of the files."""
    return tuple(
        _read(line, held_out=file == _FILES[1])
        for file in _FILES
        for line in Path(__file__).with_name(file).read_text().splitlines()
        if line and not line.startswith("# ")
    )


def _read(line: str, *, held_out: bool) -> Attribution:
    slot, text, names, rests = line.split("\t")
    return Attribution(slot, text, tuple(filter(None, names.split(", "))), _list_rests(text, rests), held_out)


def evaluate(plan: Plan, cleaner: Cleaner = drop_artists) -> Section:
    """Count both parts; `quick`: the development part alone."""
    outcomes = [
        Outcome(one, cleaner(one.slot, one.text)[0]) for one in read_attributions() if not (plan.quick and one.held_out)
    ]
    plan.advance(1, 1)
    return Section([_count(outcomes)], figures=_figures(outcomes))


def _count(outcomes: Sequence[Outcome]) -> Table:
    rows = []
    for part in PARTS:
        of = [one for one in outcomes if PARTS[one.of.held_out] == part]
        named, nameless = ([one for one in of if bool(one.of.names) is wanted] for wanted in (True, False))
        rows.append(
            (
                part,
                _share(sum(one.of.keeps_a_name(one.left) for one in named), len(named)),
                f"{sum(one.right for one in named)} of {len(named)}",
                _share(sum(not one.right for one in nameless), len(nameless)),
            )
        )
    header = (
        "part",
        "a name left (at most, 95 %)",
        "the rest as it should be",
        "changed without a name (at most, 95 %)",
    )
    return Table("Artists' names in parts of prompts", header, rows)


def _figures(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Every text of the development part of which something else is left; the held-out ones stay unseen."""
    wrong = [one for one in outcomes if not one.of.held_out and not one.right]
    return {PARTS[0]: [[one.of.slot, one.of.text, one.left, *one.of.rests] for one in wrong]}


def _share(wrong: int, of: int) -> str:
    return f"{wrong} of {of} ({upper_bound(wrong, of):.1%})" if of else ""


def _list_rests(text: str, rests: str) -> tuple[str, ...]:
    return (text,) if rests == UNCHANGED else tuple(rest.strip() for rest in rests.split("|"))


PART = Part("artists", "artists' names taken out of parts of prompts, on texts written by hand", evaluate)
