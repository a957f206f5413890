"""Whether a text is in the language that was asked for.

Function words decide: they are frequent, and English and German share hardly any. A trained detector (py3langid) was
weighed and left out: it needs longer texts than titles are, and takes "cat" for Italian.
"""

import re

from handlers.failures import BadAnswer
from handlers.languages import language_code

_ENGLISH = (
    "the a an of and with is are at by from on its his her their there this that to for behind "
    "under over near into while wearing standing against"
)
_GERMAN = (
    "der die das den dem des ein eine einen einem einer eines und mit ist sind auf im am vor von zu "
    "bei aus über unter hinter neben für sich nach wird einige mehrere"
)
_FUNCTION_WORDS = {"en": frozenset(_ENGLISH.split()), "de": frozenset(_GERMAN.split())}
_QUOTED = re.compile(r"[\"“„«‘][^\"“”„«»‘’]*[\"”“»’]")
_WORDS = re.compile(r"[^\W\d_]+")
_MIN_WORDS = 5
_MIN_EVIDENCE = 2


def require_language(text: str, language: str) -> None:
    """Raises BadAnswer("wrong_language") when the text is clearly in another known language.

    Quoted text may be in any language: it is what stands in the picture. Short texts and unknown languages pass.
    """
    wanted = language_code(language)
    words = [word.casefold() for word in _WORDS.findall(_QUOTED.sub(" ", text))]
    if wanted not in _FUNCTION_WORDS or len(words) < _MIN_WORDS:
        return
    counts = {code: sum(word in known for word in words) for code, known in _FUNCTION_WORDS.items()}
    expected = counts.pop(wanted)
    for code, count in counts.items():
        if count >= _MIN_EVIDENCE and count > 2 * expected:
            raise BadAnswer("wrong_language", f"looks like {code}, not {wanted}")
