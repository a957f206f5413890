"""Whether the tags that others gave a medium are enough, and of one piece."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from contracts.facts import MediaFacts
from contracts.tags import Tag, fold_name
from handlers.languages import language_code
from handlers.tags.lexicon import ENGLISH, is_supported, is_word
from handlers.tags.naming import Naming
from handlers.tags.rules import TagRules
from handlers.tags.set_language import judge_languages
from handlers.tags.support import Support, list_texts


@dataclass(frozen=True, slots=True)
class Consistency:
    """Four shares of the tags, each 0 to 1; 0 where there is nothing to judge.

    - `duplicates`: 1 - distinct / all. Distinct are those that differ in more than case, spelling, number or an alias.
    - `variants`: those that are spelled otherwise than their canonical name / all.
    - `mixed`: those of the rarer language / those that can only be of one. Languages as `judge_languages` sees them.
    - `unknown`: those that neither a dictionary (of the library's language, or English) nor the medium's own texts
      have, and that are no other name or spelling of a known tag / all. Languages without a dictionary: 0.
    """

    distinct: int
    duplicates: float
    variants: float
    mixed: float
    unknown: float

    @property
    def inconsistency(self) -> float:
        """The largest of the four."""
        return max(self.duplicates, self.variants, self.mixed, self.unknown)


def list_foreign(facts: MediaFacts, rules: TagRules) -> tuple[Tag, ...]:
    """The tags that others gave it, without those of reserved name spaces."""
    return tuple(tag for tag in facts.tags if not tag.ours and fold_name(tag.name) and not rules.is_reserved(tag.name))


def needs_tags(facts: MediaFacts, rules: TagRules) -> bool:
    """Whether it carries fewer distinct tags than `rules.minimum`, or they are less consistent than the rules ask."""
    names = [tag.name for tag in list_foreign(facts, rules)]
    # No dictionary is read for a medium without tags.
    if len(names) < rules.minimum:
        return True
    judged = weigh_tags(facts, names)
    return judged.distinct < rules.minimum or judged.inconsistency > rules.inconsistency


def weigh_tags(facts: MediaFacts, names: Iterable[str]) -> Consistency:
    """The consistency of these names of the medium's tags."""
    told = sorted(names)
    naming = Naming(facts.vocabulary, facts.language)
    canonical = naming.unify(told)
    distinct = len({naming.root(name) for name in canonical.values()})
    support = Support(list_texts(facts, ()), facts.language)
    sides = judge_languages(told, facts.language)
    return Consistency(
        distinct,
        duplicates=_share(len(told) - distinct, len(told)),
        variants=_share(sum(canonical[name] != name for name in told), len(told)),
        mixed=_share(min(sides), sum(sides)),
        unknown=_share(sum(map(partial(_is_unknown, naming, support.has), told)), len(told)),
    )


def _is_unknown(naming: Naming, is_told: Callable[[str], bool], name: str) -> bool:
    code = language_code(naming.language)
    if not is_supported(code) or naming.find(name) not in (None, name):
        return False
    known = all(any(is_word(word, each) for each in (code, ENGLISH)) for word in fold_name(name).split())
    return not known and not is_told(name)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
