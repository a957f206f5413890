"""What there is to do: messages in their order, and how long the model takes over each. Nothing here does I/O."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

JOBS = ("ollama_caption", "ollama_title", "ollama_quality", "ollama_score_multi")
"""In the order of bildwerk's chain; each of them asks the model whatever the others said."""
CAP = 6.0
"""No call is longer than so many times the usual one."""


class Message(NamedTuple):
    """One thing to do: a message to a peer, a job of a medium to bildwerk. The medium is the key."""

    media_id: int
    job: str


@dataclass(frozen=True, slots=True)
class Workload:
    """Messages of media 1, 2, 3 ..., those of a medium in the order of its jobs, and the seconds of each call."""

    messages: Sequence[Message]
    seconds: Mapping[Message, float]

    @property
    def media(self) -> list[int]:
        """The media in the order in which they are first named."""
        return list(dict.fromkeys(message.media_id for message in self.messages))

    @property
    def jobs(self) -> list[str]:
        """The job types, in the order of the chain."""
        used = {message.job for message in self.messages}
        return [job for job in JOBS if job in used]

    def add(self, other: "Workload") -> "Workload":
        """This and then the other one."""
        return Workload([*self.messages, *other.messages], {**self.seconds, **other.seconds})

    def floor(self, slots: int) -> float:
        """The least seconds in which it can be done, a medium's calls one after the other, `slots` calls at once."""
        chains = defaultdict[int, float](float)
        for message, seconds in self.seconds.items():
            chains[message.media_id] += seconds
        return max(sum(self.seconds.values()) / slots, *chains.values())


def make_even(number: int, seconds: float, first: int = 1) -> Workload:
    """So many media, from the `first` on, with one call each, all of them equally long."""
    messages = [Message(media_id, JOBS[0]) for media_id in range(first, first + number)]
    return Workload(messages, dict.fromkeys(messages, seconds))


def make_skewed(dice: random.Random, number: int, total: float, hot: int = 4, share: float = 0.3) -> Workload:
    """So many media with every job; `total` seconds of calls, of which `hot` media have the `share`.

    Calls are lognormal; messages of different media stand in any order.
    """
    media = list(range(1, number + 1))
    messages = _shuffle(dice, media)
    drawn = {message: min(dice.lognormvariate(0, 1), CAP) for message in messages}
    chosen = set(dice.sample(media, hot))
    seconds: dict[Message, float] = {}
    for those, amount in ((chosen, share * total), (set(media) - chosen, (1 - share) * total)):
        part = {message: length for message, length in drawn.items() if message.media_id in those}
        scale = amount / sum(part.values())
        seconds |= {message: length * scale for message, length in part.items()}
    return Workload(messages, seconds)


def _shuffle(dice: random.Random, media: Sequence[int]) -> list[Message]:
    """Every job of every medium, in any order that keeps those of a medium in theirs."""
    order = [media_id for media_id in media for _ in JOBS]
    dice.shuffle(order)
    seen: Counter[int] = Counter()
    messages = []
    for media_id in order:
        messages.append(Message(media_id, JOBS[seen[media_id]]))
        seen[media_id] += 1
    return messages
