"""How often two names become one tag, where they should and where they should not, without a model."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from bench.quality.parts import Part, Plan, Section, Table
from bench.quality.tags.counting import Count, Engine, count
from bench.quality.tags.gold import Pair, gather_vocabulary, read_pairs
from bench.quality.tags.plot import draw
from contracts.tags import Vocabulary, fold_name
from handlers.tags.naming import same_tag

PARTS = ("development", "held out", "second set")
Libraries = tuple[Vocabulary, Vocabulary]
"""The library of the first set of pairs, and that of the second."""
QUICK = 150
"""Pairs that show that it runs; none of them held out."""
PLURALS = ("plural", "irregular_plural", "phrase_plural")
OTHERS = {"en": "de", "de": "en", "mixed": "en"}


def evaluate(plan: Plan) -> Section:
    """Count all parts; names that are one tag only by an alias are asked without aliases and with them."""
    pairs = read_pairs()
    parts = _split(pairs, quick=plan.quick)
    plain, helped = (gather_libraries(pairs, aliases=aliases) for aliases in (False, True))
    engine = partial(ask, plain)
    kinds = _by(parts, lambda pair: pair.kind, engine)
    plan.advance(1, 2)
    tables = [
        _ways(parts, plain, helped),
        _groups("By language and domain", "pairs", _by(parts, lambda pair: f"{pair.language}, {pair.domain}", engine)),
        _groups("By kind", "kind", kinds),
        _plurals(parts, plain),
        _wrong(parts[0], engine),
    ]
    plan.advance(2, 2)
    return Section(
        tables,
        draw({kind: (counts[0], counts[1] if len(counts) > 1 else None) for kind, counts in kinds.items()}),
        _figures(parts, engine),
    )


def gather_libraries(pairs: Sequence[Pair], *, aliases: bool) -> Libraries:
    """The library of each set: the pairs of one are not known to the other's."""
    first, second = ([pair for pair in pairs if pair.second is wanted] for wanted in (False, True))
    return gather_vocabulary(first, aliases=aliases), gather_vocabulary(second, aliases=aliases)


def ask(libraries: Libraries, pair: Pair) -> bool:
    """What the engine says in a library of the pair's language; one of mixed languages is met in a German library."""
    return same_tag(pair.one, pair.other, libraries[pair.second], "en" if pair.language == "en" else "de")


def ask_elsewhere(libraries: Libraries, pair: Pair) -> bool:
    """What it says in a library whose language is the other one."""
    return same_tag(pair.one, pair.other, libraries[pair.second], OTHERS[pair.language])


def is_told_by_more_than_case(pair: Pair) -> bool:
    """Whether an engine that folds case, ß and punctuation, as ours must, could keep two different names apart."""
    return pair.same or fold_name(pair.one) != fold_name(pair.other)


def _split(pairs: Sequence[Pair], *, quick: bool) -> tuple[list[Pair], ...]:
    development = [pair for pair in pairs if not pair.held_out]
    if quick:
        return development[:: len(development) // QUICK], [], []
    held_out = [pair for pair in pairs if pair.held_out]
    return development, [pair for pair in held_out if not pair.second], [pair for pair in held_out if pair.second]


def _by(parts: Sequence[Iterable[Pair]], group: Callable[[Pair], str], engine: Engine) -> dict[str, tuple[Count, ...]]:
    """The counts of all parts for each group, in the order in which groups come."""
    names = dict.fromkeys(group(pair) for part in parts for pair in part)
    return {
        name: tuple(count((pair for pair in part if group(pair) == name), engine) for part in parts) for name in names
    }


def _ways(parts: Sequence[Sequence[Pair]], plain: Libraries, helped: Libraries) -> Table:
    ways: Mapping[str, tuple[Engine, Callable[[Pair], bool]]] = {
        "no aliases": (partial(ask, plain), lambda _: True),
        "no aliases, pairs that case, ß or punctuation alone tells apart left out": (
            partial(ask, plain),
            is_told_by_more_than_case,
        ),
        "with the table of aliases": (partial(ask, helped), lambda _: True),
        "no aliases, the library's language set wrongly": (partial(ask_elsewhere, plain), lambda _: True),
    }
    rows = []
    every = [pair for part in parts for pair in part]
    for part, pairs in zip((*PARTS, "all"), (*parts, every), strict=True):
        for way, (engine, belongs) in ways.items():
            of = count(filter(belongs, pairs), engine)
            sure = f"{_number(of.precision)} (at least {_number(of.precision_at_least)})"
            rows.append((part, way, _of(of.found, of.same), _of(of.wrong, of.different), sure, _number(of.recall)))
    header = ("part", "how", "one tag, and made one", "two tags, but made one", "precision (95 %)", "recall")
    return Table("Names made one tag", header, rows)


def _groups(title: str, name: str, groups: Mapping[str, tuple[Count, ...]]) -> Table:
    rows = [
        (
            group.replace("_", " "),
            *(_of(one.found, one.same) for one in counts),
            *(_of(one.wrong, one.different) for one in counts),
        )
        for group, counts in groups.items()
    ]
    header = (
        name,
        *(f"one tag, and made one: {part}" for part in PARTS),
        *(f"two, but made one: {h}" for h in PARTS),
    )
    return Table(title, header, rows)


def _plurals(parts: Sequence[Iterable[Pair]], libraries: Libraries) -> Table:
    """Whether the singular is known decides: a plural is replaced by nothing that nobody knows."""
    rows = []
    for kind in PLURALS:
        of_kind = [[pair for pair in part if pair.kind == kind] for part in parts]
        groups = _by(of_kind, lambda pair: _knowledge(pair, libraries[pair.second]), partial(ask, libraries))
        for group, counts in sorted(groups.items()):
            rows.append((kind.replace("_", " "), group, *(_of(one.found, one.same) for one in counts)))
    return Table("Plurals, and what the library knows", ("kind", "known", *PARTS), rows)


def _knowledge(pair: Pair, vocabulary: Vocabulary) -> str:
    singular, plural = (vocabulary.find(name) is not None for name in (pair.one, pair.other))
    if singular:
        return "the singular, and the plural" if plural else "the singular"
    return "the plural alone" if plural else "neither"


def _wrong(development: Iterable[Pair], engine: Engine) -> Table:
    """Those of the development part; the held-out ones stay unseen."""
    rows = [
        (f"`{pair.one}`", f"`{pair.other}`", pair.language, pair.kind.replace("_", " "))
        for pair in development
        if not pair.same and engine(pair)
    ]
    return Table("Two tags, but made one, in the development part", ("one", "other", "language", "kind"), rows)


def _figures(parts: Sequence[Iterable[Pair]], engine: Engine) -> dict[str, Any]:
    """Every pair of the development part with what was made of it; the held-out ones stay unseen."""
    return {PARTS[0]: [[p.one, p.other, p.same, p.language, p.kind, engine(p)] for p in parts[0]]}


def _of(hits: int, of: int) -> str:
    return f"{hits} of {of}" if of else ""


def _number(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"


PART = Part("tags", "two names for one tag told from two tags, on pairs written by hand", evaluate)
