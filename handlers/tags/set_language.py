"""In which language a set of tags is: single words say little (Hotel, Baby, hand), a set says enough."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from contracts.tags import fold_name
from handlers.failures import BadAnswer
from handlers.languages import language_code
from handlers.tags.lexicon import ENGLISH, GERMAN, find_lemma, is_listed, is_supported, is_word

MOST_OWN: Final = 0.125
_STRICT: Final = (4, 6)
_LEAST: Final = {GERMAN: (2, 4)}
"""How many surely foreign names, and foreign ones, refuse a set. The German dictionary has half of the English words,
so that few are surely English; it also has brands and names, so more have to be German where English is asked for."""
_SHORTEST: Final = 3
_OWN, _FOREIGN = "own", "foreign"


def judge_languages(names: Iterable[str], language: str) -> tuple[int, int]:
    """How many names are of the asked language, and how many of the one that a model or a library drifts into.

    That is German where English is asked for, else English. A name counts surely where one dictionary has all its
    words and the other lacks one. What both have (cognates, loan words) counts by its capitals where only one has it
    written so (German nouns), beside at least one sure name of that language. What neither has (names), and words of
    one or two letters, count for neither. (0, 0) for a language without a dictionary.
    """
    sides = _count_sides(names, language)
    return _sum(sides, _OWN), _sum(sides, _FOREIGN)


def require_set_language(names: Iterable[str], language: str) -> None:
    """Raises BadAnswer("wrong_language") when many names are foreign, some of them surely, and hardly any own."""
    least_sure, least = _LEAST.get(language_code(language), _STRICT)
    sides = _count_sides(names, language)
    own, foreign = _sum(sides, _OWN), _sum(sides, _FOREIGN)
    if sides[_FOREIGN, True] >= least_sure and foreign >= least and own <= MOST_OWN * foreign:
        raise BadAnswer("wrong_language", f"{foreign} tags of another language, {own} of the one asked for")


def _sum(sides: Counter[tuple[str, bool]], side: str) -> int:
    return sides[side, True] + sides[side, False] if sides[side, True] else 0


def _count_sides(names: Iterable[str], language: str) -> Counter[tuple[str, bool]]:
    """Names by side, and whether they are sure."""
    asked = language_code(language)
    rival = GERMAN if asked == ENGLISH else ENGLISH
    if not is_supported(asked):
        return Counter()
    return Counter(side for name in names if (side := _side(name, asked, rival)) is not None)


def _side(name: str, asked: str, rival: str) -> tuple[str, bool] | None:
    words = [word for word in fold_name(name).split() if len(word) >= _SHORTEST]
    asked_has, rival_has = (bool(words) and all(is_word(word, code) for word in words) for code in (asked, rival))
    if asked_has != rival_has:
        loser = asked if rival_has else rival
        # A compound is no proof: parts of it may be found in any long word.
        sure = any(not is_listed(word, loser) for word in words)
        return (_OWN if asked_has else _FOREIGN, True) if sure else None
    if not asked_has:
        return None
    asked_spells, rival_spells = (all(find_lemma(word, code) for word in name.split()) for code in (asked, rival))
    return None if asked_spells == rival_spells else (_OWN if asked_spells else _FOREIGN, False)
