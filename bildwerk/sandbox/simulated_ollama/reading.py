"""What reading a prompt costs, and what of it a slot already knows.

Modern engine: nothing but a common prefix in the slot's own cache helps; a displaced prompt waits in host memory and
comes back. Older engines: the picture's embedding is kept, its tokens are read again. The shares below give, for
layouts like those measured, the measured ratios of later to first prompt time: about 0.045 (modern, picture first), 0.2
(older), 1 (no reuse).
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from bildwerk.sandbox.simulated_ollama.prompts import Prompt

_ENCODING = 0.85  # of a picture's reading time goes into its embedding ...
_PER_TOKEN = 0.15 / 256  # ... the rest into its tokens; text tokens cost the same each
_OVERHEAD = 0.025
_WORTH_IT = 0.1  # a slot's prefix counts from this share of the prompt on
_WORTH_MOVING = 0.25  # a displaced prompt comes back when at least this share of it is wanted
_KEPT_PROMPTS = 64
_KEPT_EMBEDDINGS = 4


@dataclass(slots=True)
class Slot:
    """One of the runner's places; `prompt` is what its cache holds, `used` when it was last given out."""

    number: int
    prompt: Prompt | None = None
    used: int = 0
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The reading of one prompt: seconds, and how many tokens were known already."""

    seconds: float
    cached: int


@dataclass(slots=True)
class Memory:
    """What a runner remembers besides its slots; lost when the runner is."""

    picture_seconds: float
    modern: bool
    sliding: bool
    displaced: list[Prompt] = field(default_factory=list)
    embeddings: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def choose(self, free: list[Slot], prompt: Prompt) -> Slot:
        """The free slot with the best prefix, else the one unused for longest."""
        best = max(free, key=lambda slot: (prompt.shared(slot.prompt)[0], -slot.used))
        if prompt.shared(best.prompt)[0] > _WORTH_IT * prompt.tokens:
            return best
        return min(free, key=lambda slot: slot.used)

    def read(self, slot: Slot, prompt: Prompt) -> Reading:
        """Put the prompt into the slot and say what that costs."""
        if not self.modern:
            return self._read_older(slot, prompt)
        tokens, pictures = self._reuse(slot, prompt)
        slot.prompt = prompt
        tokens = min(tokens, max(prompt.tokens - 1, 0))
        new = len(prompt.pictures) - pictures
        return Reading(self._cost(prompt.tokens - tokens, new), tokens)

    def forget(self) -> None:
        """The runner is gone."""
        self.displaced.clear()
        self.embeddings.clear()

    def _reuse(self, slot: Slot, prompt: Prompt) -> tuple[int, int]:
        if self.sliding:
            return 0, 0
        best = prompt.shared(slot.prompt)
        if slot.prompt is not None and best[0] < slot.prompt.tokens / 2:
            self.displaced.append(slot.prompt)
            del self.displaced[:-_KEPT_PROMPTS]
        worthy = [k for k in self.displaced if prompt.shared(k)[0] >= _WORTH_MOVING * k.tokens]
        back = max(worthy, key=prompt.shared, default=None)
        if back is not None and prompt.shared(back) > best:
            best = prompt.shared(back)
            self.displaced.remove(back)
        return best

    def _read_older(self, slot: Slot, prompt: Prompt) -> Reading:
        new = sum(digest not in self.embeddings for digest in prompt.pictures)
        for digest in prompt.pictures:
            self.embeddings[digest] = None
            self.embeddings.move_to_end(digest)
            while len(self.embeddings) > _KEPT_EMBEDDINGS:
                self.embeddings.popitem(last=False)
        slot.prompt = prompt
        return Reading(self._cost(prompt.tokens, new), 0)

    def _cost(self, tokens: int, pictures: int) -> float:
        return self.picture_seconds * (_OVERHEAD + _PER_TOKEN * tokens + _ENCODING * pictures)
