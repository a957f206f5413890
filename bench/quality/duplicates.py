"""How well duplicates are found: edits of a picture, and how rarely other moments and other pictures pass for it."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.quality import alikeness_plot
from bench.quality.data import Split
from bench.quality.edits import EDITS
from bench.quality.moments import MOMENTS
from bench.quality.originals import KINDS, Kind, originals
from bench.quality.parts import Part, Plan, Section, Table
from contracts.sketches import Hashes, Resemblance, Sketch, Verdict
from handlers.duplicates.hashes import RADIUS, hash_sketch
from handlers.duplicates.same_picture import LIMITS, compare
from handlers.inspect.perceptual import hash_perceptually, sketch

TIMES = 3
"""How often each other moment is made of a picture, always differently."""
QUICK = 2
PROCESSES = 2
LONGEST = 800
"""Pixels of the long side, for moments."""

_ALL_BITS = (1 << 64) - 1
_HALVES: Sequence[Split] = ("tuning", "test")


@dataclass(frozen=True, slots=True)
class Made:
    """A picture that was made of an original, and what is said of both. `way` is what was done to it.

    `found` says that whichever comes later finds the other one, `said` is what `compare` says, `plain_bits` the
    distance of the hashes of `hash_perceptually`.
    """

    way: str
    sketch: Sketch
    found: bool
    said: Resemblance
    plain_bits: int


@dataclass(frozen=True, slots=True)
class Family:
    """An original and all that was made of it."""

    name: str
    kind: Kind
    sketch: Sketch
    edits: Sequence[Made]
    moments: Sequence[Made]


def evaluate(plan: Plan) -> Section:
    """Measure both halves; the tables are of the test half, but for one column of the tuning half."""
    work = [(split, number) for split in _HALVES for number in range(QUICK if plan.quick else len(originals(split)))]
    halves: dict[Split, list[Family]] = {split: [] for split in _HALVES}
    with ProcessPoolExecutor(PROCESSES) as pool:
        for done, (split, family) in enumerate(pool.map(_make, *zip(*work, strict=True)), start=1):
            halves[split].append(family)
            plan.advance(done, len(work))
    test, tuning = halves["test"], halves["tuning"]
    tables = [_edits(test, tuning), _others(test, tuning), _amounts(test), _pictures()]
    made = {way: [one for family in test for one in _by_way(family, way)] for way in (*EDITS, *MOMENTS)}
    moved = {way: [one.said.moved for one in found if one.said.moved is not None] for way, found in made.items()}
    figures: dict[str, Any] = {
        split: [_figures(one, family) for family in halves[split] for one in _all(family)] for split in _HALVES
    }
    return Section(tables, alikeness_plot.draw(moved, frozenset(EDITS), LIMITS.moved), figures)


def _make(split: Split, number: int) -> tuple[Split, Family]:
    sources = originals(split)
    image = sources[number].read()
    mine = sketch(image)
    edited = [
        (way, edit(image, np.random.default_rng([number, place]))) for place, (way, edit) in enumerate(EDITS.items())
    ]
    small, other = (_shrink(sources[place % len(sources)].read()) for place in (number, number + 1))
    moments = [
        (way, _to_image(moment(small, other, np.random.default_rng([number, place, time]))))
        for place, (way, moment) in enumerate(MOMENTS.items(), start=len(EDITS))
        for time in range(TIMES)
    ]
    edits, others = ([_judge(mine, image, way, one) for way, one in made] for made in (edited, moments))
    return split, Family(sources[number].name, sources[number].kind, mine, edits, others)


def _shrink(image: Image.Image) -> NDArray[np.float32]:
    image.thumbnail((LONGEST, LONGEST))
    return np.asarray(image, np.float32)


def _to_image(pixels: NDArray[np.float32]) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def _judge(mine: Sketch, image: Image.Image, way: str, made: Image.Image) -> Made:
    its = sketch(made)
    one, other = hash_sketch(mine), hash_sketch(its)
    said = compare(mine, its)
    bits = ((hash_perceptually(image) ^ hash_perceptually(made)) & _ALL_BITS).bit_count()
    return Made(way, its, _finds(one, other) and _finds(other, one), said, bits)


def _finds(asking: Hashes, stored: Hashes) -> bool:
    return any(
        question.kind == entry.kind and ((question.value ^ entry.value) & _ALL_BITS).bit_count() <= RADIUS
        for question in asking.questions
        for entry in stored.entries
    )


def _edits(test: Sequence[Family], tuning: Sequence[Family]) -> Table:
    rows = []
    for way in EDITS:
        of_kind = {kind: [_is_same(one) for one in _of(test, way, kind)] for kind in KINDS}
        made, before = _of(test, way), [_is_same(one) for one in _of(tuning, way)]
        same = [_is_same(one) for one in made]
        rows.append(
            (
                way,
                _share([one.found for one in made]),
                f"**{_share(same)}**" if all(same) or np.mean(same) >= 0.95 else _share(same),
                *(_count(hits) for hits in of_kind.values()),
                _share(before),
                _share([one.plain_bits <= RADIUS for one in made]),
            )
        )
    header = ("edit", "candidates", "told the same picture", *_NAMES, "tuning half", "pHash of the whole alone")
    return Table("Recall: edits of a picture", header, rows)


_NAMES = ("photographs", "drawn", "other kinds")


def _others(test: Sequence[Family], tuning: Sequence[Family]) -> Table:
    rows = [_unrelated_row(test, tuning)]
    for way in MOMENTS:
        scenes = [one for kind in KINDS[:2] for one in _of(test, way, kind)]
        rest, before = _of(test, way, "other"), [one for kind in KINDS[:2] for one in _of(tuning, way, kind)]
        near = sum(one.found and one.said.verdict is Verdict.NEAR for one in scenes)
        counts = (_count([_is_same(one) for one in ones]) for ones in (scenes, rest, before))
        rows.append((way, str(len(scenes)), str(sum(one.found for one in scenes)), str(near), *counts))
    header = (
        "what", "pairs of photographs and drawn (unrelated: of all kinds)", "candidates", "told near", "told the same",
        "the same, other kinds", "the same, tuning half",
    )  # fmt: skip
    return Table("False pairs: other moments, and unrelated pictures", header, rows)


def _unrelated_row(test: Sequence[Family], tuning: Sequence[Family]) -> tuple[str, ...]:
    pairs, candidates, near, same = _count_unrelated(test)
    before = _count_unrelated(tuning)
    what = "unrelated: originals with others' edits"
    return (what, f"{pairs:,}", str(candidates), str(near), f"{same} of {pairs:,}", "", f"{before[3]} of {before[0]:,}")


def _count_unrelated(families: Sequence[Family]) -> tuple[int, int, int, int]:
    """Pairs of an original and an edit of another one, candidates among them, and those told near or the same."""
    edits = [(number, one.sketch) for number, family in enumerate(families) for one in family.edits]
    entries = [(place, entry) for place, (_, one) in enumerate(edits) for entry in hash_sketch(one).entries]
    places = np.array([place for place, _ in entries])
    stored = np.array([entry.value for _, entry in entries], np.int64)
    kinds = np.array([entry.kind for _, entry in entries])
    verdicts = []
    for number, family in enumerate(families):
        asked = hash_sketch(family.sketch).questions
        near = [
            places[(np.bitwise_count((stored ^ one.value).view(np.uint64)) <= RADIUS) & (kinds == one.kind)]
            for one in asked
        ]
        found = {int(place) for some in near for place in some if edits[place][0] != number}
        verdicts += [compare(family.sketch, edits[place][1]).verdict for place in found]
    pairs = len(edits) * (len(families) - 1)
    return pairs, len(verdicts), verdicts.count(Verdict.NEAR), verdicts.count(Verdict.SAME)


def _amounts(test: Sequence[Family]) -> Table:
    sketches = [family.sketch for family in test] + [one.sketch for family in test for one in family.edits]
    hashes = [hash_sketch(one) for one in sketches]
    questions, entries = ([len(getattr(one, name)) for one in hashes] for name in ("questions", "entries"))
    spread = f"half: {np.median(questions):.0f}, 95 %: {np.percentile(questions, 95):.0f}, at most {max(questions)}"
    row = (
        str(len(hashes)),
        f"{np.mean(entries):.2f} (at most {max(entries)})",
        f"{np.mean(questions):.1f} ({spread})",
        str(sum(not count for count in entries)),
    )
    header = ("originals and edits", "entries in the index, each", "questions, each", "without meaning")
    return Table("How much is stored and asked", header, [row])


def _pictures() -> Table:
    rows = [
        (split, *(", ".join(_shorten([one.name for one in originals(split) if one.kind == kind])) for kind in KINDS))
        for split in _HALVES
    ]
    return Table("The halves", ("half", *_NAMES), rows)


def _shorten(names: Sequence[str]) -> Sequence[str]:
    return names if len(names) <= 12 else [f"{len(names)} scenes ({names[0]} to {names[-1].split()[-1]})"]


def _is_same(one: Made) -> bool:
    return one.found and one.said.verdict is Verdict.SAME


def _of(families: Sequence[Family], way: str, kind: Kind | None = None) -> list[Made]:
    return [one for family in families if kind in (None, family.kind) for one in _by_way(family, way)]


def _by_way(family: Family, way: str) -> list[Made]:
    return [one for one in _all(family) if one.way == way]


def _all(family: Family) -> list[Made]:
    return [*family.edits, *family.moments]


def _share(hits: Sequence[bool]) -> str:
    return f"{np.mean(hits):.3f}"


def _count(hits: Sequence[bool]) -> str:
    return f"{sum(hits)} of {len(hits)}"


def _figures(one: Made, family: Family) -> Mapping[str, object]:
    said = {name: getattr(one.said, name) for name in ("bits", "moved", "displaced", "overlaid", "light", "covered")}
    about = {"found": one.found, "verdict": one.said.verdict.value, "plain_bits": one.plain_bits}
    return {"picture": family.name, "kind": family.kind, "way": one.way, **about, **said}


PART = Part("duplicates", "duplicates: edits of pictures, and other moments of the same scene", evaluate)
