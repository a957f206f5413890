"""The cases of the crash matrix, and their order."""

import itertools
import random
from collections import defaultdict
from dataclasses import dataclass

from contracts.topics import Topic
from tests.crash.points import POINTS, Point


@dataclass(frozen=True, slots=True)
class Case:
    """A point, a subject, and the how-manieth passage is the last."""

    point: Point
    subject: str
    number: int = 1

    @property
    def name(self) -> str:
        """As CRASH_AT has it."""
        return f"{self.point.name}:{self.subject}:{self.number}"


def list_cases() -> list[Case]:
    """All of them."""
    return [Case(point, subject) for point in POINTS for subject in point.subjects]


def pick(cases: list[Case], dice: random.Random) -> list[Case]:
    """One of each point."""
    by_point = defaultdict[str, list[Case]](list)
    for case in cases:
        by_point[case.point.name].append(case)
    return [dice.choice(of_one) for of_one in by_point.values()]


def mix(cases: list[Case]) -> list[Case]:
    """One subject after another: a medium that a crash cut off is not at once cut off in the same job again."""
    by_subject = defaultdict[str, list[Case]](list)
    for case in cases:
        by_subject[case.subject].append(case)
    return [case for row in itertools.zip_longest(*by_subject.values()) for case in row if case is not None]


def is_about_events(case: Case) -> bool:
    """Whether a case is one of the library where events are what counts."""
    room = case.point.name.split(".")[0]
    return room in ("intake", "letter", "replay", "retry", "sweep") or case.subject == Topic.DEAD_LETTER
