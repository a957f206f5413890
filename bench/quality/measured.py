"""How well defects are found that pixels show by themselves: made from clean pictures, and looked for in them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from PIL import Image

from bench.quality import plot
from bench.quality.data import SOURCES, Sample, Split, load
from bench.quality.defects import DEFECTS, to_image
from bench.quality.looks import LOOKS
from bench.quality.outcomes import CLEAN, Outcome
from bench.quality.parts import Part, Plan, Section, Table
from bench.quality.statistics import area, area_interval, upper_bound
from handlers.inspect.measuring import measure
from handlers.quality.measured import LIMITS, find_defects, scores

TIMES = 3
"""How often each look is made of a picture, always differently."""
QUICK = 2
"""Pictures of each half that show that it runs."""
PROCESSES = 2


def evaluate(plan: Plan) -> Section:
    """Measure both halves; the tables are of the test half, but for one line each of the tuning half beside it."""
    halves: Sequence[Split] = ("tuning", "test")
    work = [(split, number) for split in halves for number in range(QUICK if plan.quick else len(load(split)))]
    outcomes: dict[Split, list[Outcome]] = {split: [] for split in halves}
    with ProcessPoolExecutor(PROCESSES) as pool:
        for done, (split, found) in enumerate(pool.map(_look, *zip(*work, strict=True)), start=1):
            outcomes[split] += found
            plan.advance(done, len(work))
    test, tuning = outcomes["test"], outcomes["tuning"]
    tables = [_areas(test, tuning), _alarms(test, tuning), _names(test), _pictures(halves)]
    return Section(
        tables, plot.draw(test, DEFECTS, LIMITS), {split: list(map(_figures, outcomes[split])) for split in halves}
    )


def _look(split: Split, number: int) -> tuple[Split, list[Outcome]]:
    sample = load(split)[number]
    return split, [_judge(sample.name, made, way, image) for made, way, image in _make(sample, number)]


def _make(sample: Sample, number: int) -> Iterator[tuple[str, str, Image.Image]]:
    """Everything that is made from one clean picture, the same in every run."""
    pixels = sample.read()
    for place, (name, look) in enumerate(LOOKS.items()):
        for time in range(1 if name == "plain" else TIMES):
            yield CLEAN, name, to_image(look(pixels, np.random.default_rng([number, place, time])))
    for place, (code, ways) in enumerate(DEFECTS.items(), start=len(LOOKS)):
        for time, (name, spoil) in enumerate(ways.items()):
            yield code, name, to_image(spoil(pixels, np.random.default_rng([number, place, time])))


def _judge(picture: str, made: str, way: str, image: Image.Image) -> Outcome:
    measures = measure(image)
    found = find_defects(measures, *image.size)
    return Outcome(picture, made, way, scores(measures, *image.size), tuple(defect.code for defect in found))


def _areas(test: Sequence[Outcome], tuning: Sequence[Outcome]) -> Table:
    rows = []
    for code, ways in DEFECTS.items():
        for way in ways:
            bad, good = _scores(test, code, code, way), _scores(test, code, CLEAN)
            low, high = area_interval(bad, good)
            before = area(_flatten(_scores(tuning, code, code, way)), _flatten(_scores(tuning, code, CLEAN)))
            named = [code in one.found for one in test if (one.made, one.way) == (code, way)]
            anything = [bool(one.found) for one in test if (one.made, one.way) == (code, way)]
            interval = f"{area(_flatten(bad), _flatten(good)):.3f} ({low:.3f} to {high:.3f})"
            rows.append((f"`{code}`", way, interval, f"{before:.3f}", _share(named), _share(anything)))
    header = ("defect", "strength", "AUC (95 %)", "AUC, tuning half", "found, and named so", "found at all")
    return Table("Defects against all clean pictures, the looks among them", header, rows)


def _alarms(test: Sequence[Outcome], tuning: Sequence[Outcome]) -> Table:
    rows = [_alarm_row(look, test, tuning, lambda one, look=look: one.way == look) for look in LOOKS]  # type: ignore[misc]
    rows.append(_alarm_row("**all**", test, tuning, lambda _: True))
    header = ("clean pictures", "with a defect found", "share", "at most (95 %)", "which", "tuning half")
    return Table("False alarms", header, rows)


def _alarm_row(
    name: str, test: Sequence[Outcome], tuning: Sequence[Outcome], chosen: Callable[[Outcome], bool]
) -> tuple[str, ...]:
    clean = [one for one in test if one.made == CLEAN and chosen(one)]
    before = [one for one in tuning if one.made == CLEAN and chosen(one)]
    alarms = [one for one in clean if one.found]
    which = Counter(f"`{code}` ({one.picture})" for one in alarms for code in one.found)
    return (
        name,
        f"{len(alarms)} of {len(clean)}",
        f"{len(alarms) / len(clean):.1%}",
        f"{upper_bound(len(alarms), len(clean)):.1%}",
        ", ".join(f"{code} x {count}" if count > 1 else code for code, count in which.items()),
        f"{sum(bool(one.found) for one in before)} of {len(before)}",
    )


def _names(test: Sequence[Outcome]) -> Table:
    """What each defect is called: rows are what was made, columns what was found."""
    rows = []
    for made in DEFECTS:
        of = [one for one in test if one.made == made]
        counts = Counter(code for one in of for code in one.found)
        cells = [str(counts[code] or "") if code != made else f"**{counts[code]}**" for code in LIMITS]
        rows.append((f"`{made}`", str(len(of)), *cells, str(sum(not one.found for one in of) or "")))
    header = ("made", "pictures", *(f"`{code}`" for code in LIMITS), "nothing")
    return Table("What was made, and what was found", header, rows)


def _pictures(halves: Sequence[Split]) -> Table:
    rows = []
    for split in halves:
        samples = load(split)
        drawn = sum(sample.drawn for sample in samples)
        photographs = ", ".join(f"{source.name} ({source.package})" for source in SOURCES[split])
        rows.append((split, str(len(samples) - drawn), photographs, str(drawn)))
    return Table("The halves", ("half", "photographs", "which (package)", "drawn scenes"), rows)


def _scores(outcomes: Sequence[Outcome], code: str, made: str, way: str | None = None) -> dict[str, list[float]]:
    """The scores for this code, by picture, of what was made so."""
    by_picture: dict[str, list[float]] = defaultdict(list)
    for one in outcomes:
        if one.made == made and way in (None, one.way):
            by_picture[one.picture].append(one.scores[code])
    return by_picture


def _flatten(by_picture: Mapping[str, Sequence[float]]) -> list[float]:
    return [score for scores_there in by_picture.values() for score in scores_there]


def _share(hits: Sequence[bool]) -> str:
    return f"{sum(hits)} of {len(hits)}"


def _figures(one: Outcome) -> dict[str, object]:
    rounded = {code: round(score, 4) for code, score in one.scores.items()}
    return {"picture": one.picture, "made": one.made, "way": one.way, "scores": rounded, "found": one.found}


PART = Part("defects", "defects that pixels show, made from clean pictures", evaluate)
