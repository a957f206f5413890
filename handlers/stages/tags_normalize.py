"""J3: tags: a model names what it sees, an engine makes them the library's, rules weigh them."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from contracts.effects import Effects, PutMeta, PutTags
from contracts.facts import TAGS, MediaFacts, Standing
from contracts.tags import Tag, WeightedTag, fold_name
from handlers.failures import BadAnswer
from handlers.orders import gives_orders
from handlers.own_words import EMBEDDED, is_planted, list_planted, strip_links
from handlers.prompt_data import ask_language, data_block, plain_text, read_ours
from handlers.scan_words import say_scan_flags
from handlers.stage import Condition, Due, Impossible, Prompt, Satisfied
from handlers.tags.carried import NORMALIZED, RAW
from handlers.tags.consistency import list_foreign, needs_tags
from handlers.tags.normalize import LEVELS, Named, Normalizer
from handlers.tags.rules import TagRules
from handlers.tags.set_language import require_set_language
from handlers.tags.support import list_texts

NAME_LIMIT: Final = 60
_UNSTORABLE: Final = ("Cc", "Cf", "Cs", "Co", "Cn")
_TASK: Final = """\
Tag this picture.
main: at most 5 tags for what it is about.
other: at most 10 tags for what else is clearly visible in it.
unsure: at most 5 tags for what may be in it.
A tag is one noun in the singular, with at most two words before it. Each stands in one list only. Reuse the media \
tags that fit, as they are spelled; leave out those that do not.
Give no tag for what is missing, for how good the picture is, or that would fit any picture. Invent nothing: no names, \
ages, places, dates or brands unless they can be read. Few tags that are right are better than many."""
INSTRUCTIONS: Final = frozenset(fold_name(word) for word in re.findall(r"[^\W\d_]+", _TASK))

Name = Annotated[str, Field(max_length=NAME_LIMIT)]


class TagsAnswer(BaseModel):
    """What the model is to answer: levels are words, figures are ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    main: Annotated[tuple[Name, ...], Field(max_length=5)]
    other: Annotated[tuple[Name, ...], Field(max_length=10)]
    unsure: Annotated[tuple[Name, ...], Field(max_length=5)]


@dataclass(frozen=True)
class TagsNormalizeStage:
    """Writes `ollama.tags_raw` and `ollama.tags_normalized`, and gives the medium tags beside those of others."""

    rules: TagRules = field(default_factory=TagRules)

    job_type: ClassVar[str] = "ollama_tags_normalize"
    after: ClassVar[tuple[str, ...]] = ("ollama_caption",)
    reads: ClassVar[tuple[str, ...]] = ("caption", "description", "prompt", "scan.*", TAGS, "title")
    writes: ClassVar[tuple[str, ...]] = (RAW, NORMALIZED)
    needs_picture: ClassVar[bool] = True
    Answer: ClassVar[type[TagsAnswer]] = TagsAnswer

    def condition(self, facts: MediaFacts) -> Condition:
        """Due when others gave it too few tags, or tags that do not go together, and while there are none of ours."""
        if facts.unreadable is not None:
            return Impossible("unreadable_picture")
        standing = facts.standing(NORMALIZED)
        if standing is Standing.KEPT or _is_locked(facts):
            return Impossible("kept_for_person")
        if standing is Standing.OURS:
            return Satisfied("present")
        # Tags of ours from other pixels have to go, whatever others gave it.
        if standing is Standing.STALE or needs_tags(facts, self.rules):
            return Due()
        return Satisfied("tagged")

    def triggers(self, facts: MediaFacts) -> dict[str, JsonValue]:  # noqa: ARG002
        """Nothing but the picture: what a person does to its tags afterwards is that person's."""
        return {}

    def decide(self, facts: MediaFacts) -> Effects | None:  # noqa: ARG002
        """Never: only a model sees what is in a picture."""
        return None

    def prompt(self, facts: MediaFacts) -> Prompt:
        """The task after what is known about the picture."""
        return Prompt(data_block(self._list_known(facts)) + _TASK + ask_language(facts.language), num_predict=384)

    def check(self, facts: MediaFacts, answer: TagsAnswer) -> TagsAnswer:
        """The answer without addresses, and without tags that somebody planted.

        Raises BadAnswer: `no_tags`, `bare_word`, `wrong_language`.
        """
        planted = list_planted(facts)
        # One word is what a tag is: no sign of an order.
        kept = _filter(answer, lambda name: _is_name(name) and not is_planted(name, planted))
        normalizer = self._normalizer(facts)
        usable = [tag.name for tag in list_named(kept) if normalizer.is_usable(tag.name)]
        if not usable:
            raise BadAnswer("no_tags")
        if _is_one_word_over_and_over(usable) and not normalizer.is_supported(usable[0]):
            raise BadAnswer("bare_word", usable[0])
        shown = {fold_name(tag.name) for tag in list_foreign(facts, self.rules)}
        require_set_language((name for name in usable if fold_name(name) not in shown), facts.language)
        return kept

    def effects(self, facts: MediaFacts, answer: TagsAnswer) -> Effects:
        """What the model named, the whole normalised set, and what of it the medium gets from us."""
        named, normalizer = list_named(answer), self._normalizer(facts)
        normal = normalizer.normalize(named)
        said: list[JsonValue] = [{"name": tag.name, "level": tag.level} for tag in named]
        ours: list[JsonValue] = [
            {"name": t.name, "confidence": t.confidence, "weight": t.weight, "level": t.level, "source": "model"}
            for t in normal
        ]
        results = PutMeta(RAW, said), PutMeta(NORMALIZED, [*self._tell_foreign(facts, normalizer.distinct), *ours])
        if facts.standing(NORMALIZED) is Standing.KEPT or _is_locked(facts):
            return results
        return *results, PutTags(tuple(WeightedTag(tag.name, tag.confidence, tag.weight) for tag in normal))

    def _normalizer(self, facts: MediaFacts) -> Normalizer:
        carried = tuple(tag.name for tag in list_foreign(facts, self.rules))
        return Normalizer(
            facts.vocabulary,
            facts.language,
            self.rules,
            carried,
            facts.removed_tags,
            list_texts(facts, carried),
            INSTRUCTIONS,
        )

    def _tell_foreign(self, facts: MediaFacts, canonical: Mapping[str, str]) -> list[JsonValue]:
        """The others' tags by their canonical names, each once, with the surest of the figures they came with."""
        told: dict[str, JsonValue] = {}
        for tag in sorted(self._list_harmless(facts), key=lambda tag: (-(tag.confidence or 0), tag.name)):
            name = canonical[tag.name]
            entry: JsonValue = {"name": name, "confidence": tag.confidence, "weight": tag.weight, "source": "media"}
            told.setdefault(name, entry)
        return list(told.values())

    def _list_harmless(self, facts: MediaFacts) -> list[Tag]:
        """The others' tags without those that give orders: they are nothing to hand on."""
        return [tag for tag in list_foreign(facts, self.rules) if not gives_orders(tag.name)]

    def _list_known(self, facts: MediaFacts) -> dict[str, str | None]:
        """Of captions and descriptions the platform's go before ours."""
        caption, description = plain_text(facts.meta.get("caption")), plain_text(facts.meta.get("description"))
        embedded = facts.picture.embedded if facts.picture else None
        tags = [tag.name for tag in self._list_harmless(facts)]
        return {
            "media caption": caption,
            "model caption": None if caption else read_ours(facts, "ollama.caption"),
            "media description": description,
            "model description": None if description else read_ours(facts, "ollama.description"),
            "media prompt": plain_text(facts.meta.get("prompt")),
            EMBEDDED: plain_text(embedded.prompt) if embedded else None,
            "media tags": plain_text(", ".join(tags)),
            "scan flags": say_scan_flags(facts.meta),
        }


def list_named(answer: TagsAnswer) -> tuple[Named, ...]:
    """The tags of an answer, the main ones first."""
    return tuple(Named(name, level) for level in LEVELS for name in getattr(answer, level))


def _filter(answer: TagsAnswer, keep: Callable[[str], bool]) -> TagsAnswer:
    """The answer with the names that are kept, without characters that no database stores and no page should show."""
    plain = {
        level: ("".join(c for c in name if unicodedata.category(c) not in _UNSTORABLE) for name in names)
        for level, names in answer
    }
    return TagsAnswer.model_validate({level: tuple(filter(keep, names)) for level, names in plain.items()})


def _is_name(name: str) -> bool:
    """Whether there are letters in it, and no address."""
    return bool(fold_name(name)) and strip_links(name) == name


def _is_one_word_over_and_over(names: Sequence[str]) -> bool:
    """Whether there is one name only, repeated or shouted: so a model answers that was told what to say."""
    return len(set(map(fold_name, names))) == 1 and (len(names) > 1 or names[0].isupper())


def _is_locked(facts: MediaFacts) -> bool:
    return facts.is_locked("tags") or facts.is_locked(TAGS)


STAGE = TagsNormalizeStage()
