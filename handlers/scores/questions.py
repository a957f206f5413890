"""What a model is asked about each axis, and what it means by each level."""

from dataclasses import dataclass
from typing import Final

from handlers.scores.anchors import ANCHORS


@dataclass(frozen=True, slots=True)
class Question:
    """One axis: what is judged, the meaning of each anchor, worst first, and what else may be said."""

    axis: str
    asks: str
    meanings: tuple[str, ...]
    besides: str = ""

    def __str__(self) -> str:
        levels = "; ".join(f"{level} = {meaning}" for level, meaning in zip(ANCHORS, self.meanings, strict=True))
        return f"{self.axis}: {self.asks} {levels}{self.besides}."


QUESTIONS: Final = (
    Question(
        "aesthetic",
        "how good the picture is to look at, in composition, light and colour.",
        ("spoilt", "careless", "ordinary", "well made", "outstanding"),
    ),
    Question(
        "completeness",
        "how much of what can be seen the caption, description, title and tags tell.",
        ("nothing or something else", "little", "the subject only", "subject and surroundings", "all that matters"),
    ),
    Question(
        "compliance",
        "whether the picture can be shown to everybody: nudity, violence, hate, private data, somebody's mark on it.",
        ("must not be shown", "only to adults who ask for it", "doubtful", "harmless but for trifles", "harmless"),
    ),
    Question(
        "fidelity",
        "how well the picture shows what the media prompt asks for.",
        ("something else", "one part of it", "about half of it", "nearly all of it", "all of it"),
        "; no_prompt when the data hold no media prompt",
    ),
    Question(
        "novelty",
        "how unusual subject and treatment are among pictures of this kind.",
        ("a copy or a cliché", "seen very often", "usual", "has an idea of its own", "never seen before"),
    ),
)
"""In the order of their names, in which the answer has them."""
