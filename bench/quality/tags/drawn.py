"""How often two names become one tag, on pairs that were drawn by lot from dictionaries, which it fetches."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench.quality.packages import FOLDER, Apt, Package
from bench.quality.parts import Part, Plan, Section, Table
from bench.quality.tags.counting import Count, count
from bench.quality.tags.dictionaries import read_ding, read_usual, read_wordnet
from bench.quality.tags.drawing import draw_pairs
from bench.quality.tags.gold import Pair, gather_vocabulary, read_pairs
from bench.quality.tags.merging import ask, ask_elsewhere, is_told_by_more_than_case

DING, WORDNET = Package("trans-de-en"), Package("wordnet-base")
_DING = Path("usr/share/trans/de-en")
_NOUNS, _INDEX = Path("usr/share/wordnet/data.noun"), Path("usr/share/wordnet/index.noun")


def evaluate(plan: Plan) -> Section:
    """Fetch, draw, count. Raises FileNotFoundError where a dictionary cannot be had. No pair is shown."""
    apt = Apt(FOLDER)
    apt.update()
    places = {package.name: apt.fetch(package) for package in (DING, WORDNET)}
    ding, wordnet = places[DING.name], places[WORDNET.name]
    if ding is None or wordnet is None:
        raise FileNotFoundError(f"could not be fetched: {', '.join(name for name, at in places.items() if at is None)}")
    pairs = draw_pairs(
        list(read_ding(_read(ding / _DING))),
        list(read_wordnet(_read(wordnet / _NOUNS))),
        read_usual(_read(wordnet / _INDEX)),
        read_pairs(),
    )
    plan.advance(1, 1)
    return tell(pairs)


def tell(pairs: Sequence[Pair]) -> Section:
    """The counts of these pairs, all met in one library."""
    libraries = gather_vocabulary([], aliases=False), gather_vocabulary(pairs, aliases=False)
    engine = partial(ask, libraries)
    ways: dict[str, tuple[Callable[[Pair], bool], Callable[[Pair], bool]]] = {
        "all pairs": (engine, lambda _: True),
        "pairs that case, ß or punctuation alone tells apart left out": (engine, is_told_by_more_than_case),
        "the library's language set wrongly": (partial(ask_elsewhere, libraries), lambda _: True),
    }
    counts = {name: count(filter(belongs, pairs), how) for name, (how, belongs) in ways.items()}
    kinds = dict.fromkeys((pair.kind, pair.language) for pair in pairs)
    rows = [
        (kind, language, *_cells(count((p for p in pairs if (p.kind, p.language) == (kind, language)), engine))[:2])
        for kind, language in kinds
    ]
    header = ("one tag, and made one", "two tags, but made one")
    return Section(
        [
            Table(
                f"Names made one tag: {len(pairs)} pairs drawn from dictionaries",
                ("how", *header, "precision (95 %)", "recall"),
                [(name, *_cells(of)) for name, of in counts.items()],
            ),
            Table("By kind, drawn from dictionaries", ("kind", "language", *header), rows),
        ],
        figures={name: [of.same, of.found, of.different, of.wrong] for name, of in counts.items()},
    )


def _cells(of: Count) -> tuple[str, str, str, str]:
    found = f"{of.found} of {of.same}" if of.same else ""
    wrong = f"{of.wrong} of {of.different}" if of.different else ""
    sure = "" if of.precision is None else f"{of.precision:.3f} (at least {of.precision_at_least:.3f})"
    return found, wrong, sure, "" if of.recall is None else f"{of.recall:.3f}"


def _read(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


PART = Part("drawn", "two names for one tag told from two tags, on pairs from dictionaries, which it fetches", evaluate)
