"""Stages that look at other media's pictures, and such pictures."""

import hashlib
from dataclasses import dataclass, field, replace

from PIL import Image

from contracts.facts import MediaFacts
from handlers.stage import Companion, Prompt
from handlers.stages.tags_normalize import TagsNormalizeStage
from handlers.stages.title import TitleStage
from tests.workshop import Workshop


@dataclass(frozen=True)
class Comparing(TitleStage):
    """A title that looks at other pictures, too."""

    companions: tuple[Companion, ...] = field(default=())

    def prompt(self, facts: MediaFacts) -> Prompt:
        return replace(super().prompt(facts), companions=self.companions)


@dataclass(frozen=True)
class ComparingTags(TagsNormalizeStage):
    """Tags that do: they are neither fused nor the last to be asked for."""

    companions: tuple[Companion, ...] = ()

    def prompt(self, facts: MediaFacts) -> Prompt:
        return replace(super().prompt(facts), companions=self.companions)


def put(workshop: Workshop, name: str, colour: str) -> Companion:
    """A picture in the media folder, of which nothing else is known."""
    file = workshop.folder / f"{name}.png"
    Image.new("RGB", (64, 48), colour).save(file)
    return Companion(name.upper(), file.name, hashlib.sha256(file.read_bytes()).hexdigest())
