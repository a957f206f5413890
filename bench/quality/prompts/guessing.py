"""How the confidence of a reconstruction follows what is known of the picture: parts of it are those of another one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from bench.quality.parts import Part, Plan, Section, Table
from bench.quality.prompts.depictions import ENGLISH, GERMAN, Depiction
from bench.quality.prompts.plot import draw
from bench.quality.statistics import area
from handlers.reconstruction.agreement import measure_agreement
from handlers.reconstruction.confidence import compute_confidence
from handlers.reconstruction.rules import ReconstructionRules
from handlers.reconstruction.slots import DEPICTED, WEIGHTS, Certainty, Slot

CERTAINTIES: Final[tuple[Certainty, ...]] = ("sure", "likely", "guess")
APART: Final = (1, 5, 8)
"""How far down the list of its language the other picture is."""
NOTHING: Final = "nothing is known of the picture"


@dataclass(frozen=True, slots=True)
class Guess:
    """`wrong` of the parts are another picture's, None where nothing is known; confidence by certainty of all parts."""

    wrong: int | None
    agreement: float | None
    confidence: dict[Certainty, float]


def evaluate(plan: Plan) -> Section:
    """Every picture with its own parts, with those of others, and with nothing to compare with."""
    guesses = [guess for pictures in (ENGLISH, GERMAN) for guess in guess_all(pictures[: 4 if plan.quick else None])]
    plan.advance(1, 1)
    limit = ReconstructionRules().confidence_limit
    right, wrong = _agreements(guesses, 0), _agreements(guesses, len(DEPICTED))
    told = f"The right parts against those of another picture, by agreement: AUC {area(right, wrong):.3f}"
    return Section(
        [_table(guesses, limit, told)],
        draw({_name(wrong): _agreements(guesses, wrong) for wrong in range(len(DEPICTED) + 1)}),
        {"guesses": [[one.wrong, one.agreement, one.confidence] for one in guesses]},
    )


def guess_all(pictures: Sequence[Depiction]) -> Iterator[Guess]:
    """Each picture with its own parts, with none known, and with every choice of parts of three others."""
    for number, picture in enumerate(pictures):
        yield _guess(picture, picture.known, 0)
        yield _guess(picture, (), None)
        others = dict.fromkeys(pictures[(number + apart) % len(pictures)] for apart in APART)
        for other in (one for one in others if one is not picture):
            for wrong in range(1, len(DEPICTED) + 1):
                for parts in combinations(DEPICTED, wrong):
                    yield _guess(mix(picture, other, parts), picture.known, wrong)


def mix(picture: Depiction, other: Depiction, parts: Sequence[str]) -> Depiction:
    """The picture as known, with these parts told as the other's."""
    told = {name: getattr(other if name in parts else picture, name) for name in DEPICTED}
    return Depiction(picture.known, **told)


def _guess(picture: Depiction, known: Sequence[str], wrong: int | None) -> Guess:
    texts = {name: getattr(picture, name) for name in DEPICTED}
    agreement = measure_agreement(" ".join(texts.values()), known)
    said = [name for name in WEIGHTS if texts.get(name, "x")]
    confidence = {
        certainty: compute_confidence({name: Slot("x", certainty) for name in said}, agreement)
        for certainty in CERTAINTIES
    }
    return Guess(wrong, agreement, confidence)


def _table(guesses: Sequence[Guess], limit: float, told: str) -> Table:
    rows = []
    for wrong in (*range(len(DEPICTED) + 1), None):
        those = [one for one in guesses if one.wrong == wrong]
        agreements = [one.agreement for one in those if one.agreement is not None]
        cells = [_cell([one.confidence[certainty] for one in those], limit) for certainty in CERTAINTIES]
        rows.append((_name(wrong), str(len(those)), _spread(agreements), *cells))
    header = (
        "parts of another picture",
        "reconstructions",
        "agreement",
        *(f"confidence, all {c}" for c in CERTAINTIES),
    )
    return Table(f"Confidence and agreement. {told}", header, rows)


def _name(wrong: int | None) -> str:
    if wrong is None:
        return NOTHING
    return f"{wrong or 'none'} of {len(DEPICTED)}"


def _agreements(guesses: Sequence[Guess], wrong: int) -> list[float]:
    return [one.agreement for one in guesses if one.wrong == wrong and one.agreement is not None]


def _spread(shares: Sequence[float]) -> str:
    if not shares:
        return "none"
    return f"{sum(shares) / len(shares):.2f} ({min(shares):.2f} to {max(shares):.2f})"


def _cell(shares: Sequence[float], limit: float) -> str:
    return f"{_spread(shares)}; a prompt in {sum(share >= limit for share in shares)} of {len(shares)}"


PART = Part("guessed", "how the confidence of a reconstruction follows what is known of the picture", evaluate)
