"""Texts that speak to a model instead of about a picture: what gives them away, and the words they try to plant.

Patterns know the usual attempts in English and German and the plainest ones in French, Spanish and Italian. They do not
know every attempt: what a fooled model can do at most is limited elsewhere, by rules that do not depend on wording.
"""

import re
import unicodedata

_MOST = 4000
"""Characters of one text that are looked at; a prompt shows a model fewer."""
_SHORT = 3

_LOOKALIKES = str.maketrans("аеорсухіѕјԁοαειν", "aeopcyxisjdoaeiv")
_DIGIT_LETTERS = str.maketrans("013457", "oieast")
_LEET = re.compile(r"\b(?=\w*[a-z]\w*[a-z]\w*[a-z])[a-z]*[013457][a-z013457]*\b")
_SPACED_OUT = re.compile(r"\b(?:[^\W\d_][ .\-_*]){3,}[^\W\d_]\b")
_WORD = re.compile(r"[^\W_]{4,}")
_BLANKS = re.compile(r"\s+")

_START = (
    r"(?:^|[.!?:;,\"'“”„«»‹›<>(){}\[\]|/\n-]\s*|\b(?:and|then|please|just|must|should|und|dann|bitte|musst|sollst)\s+)"
)
_GAP = r"(?:\W+\w+){0,6}?\W+"
_FORGET = (
    r"\b(?:ignor\w*|disregard\w*|forget|overrid\w*|overrule|bypass\w*|circumvent\w*|skip"
    r"|vergiss|vergessen|missachte\w*|umgeh\w*|verwirf|überspringe?|oublie\w*|olvid\w*|dimentica\w*)"
)
_TOLD = (
    r"(?:instruct\w*|instruk\w*|instrucc\w*|istruzion\w*|anweisung\w*|vorgaben?|guidelines?|prompts?|directives?"
    r"|consignes?"
    r"|(?:all|any|your|previous|prior|earlier|system|safety|alle\w*|deine\w*|vorherige\w*|bisherige\w*)"
    r"\W+(?:\w+\W+)?(?:rules?|regeln?|polic\w+|commands?|orders?|befehle?|training)"
    r"|(?:all|everything|anything|the|alles)\W+(?:\w+\W+)?(?:above|before|previous|prior|davor|zuvor|obige)\b)"
)
_ANSWER = r"(?:answer|reply|respond|antworte(?:n sie)?|réponds|responde)"
_SAY = rf"(?:say|output|print|return|repeat|write|state|sage?|schreibe?|wiederhole|gib|{_ANSWER})"
_VERBATIM = (
    r"(?:only|exactly|simply|always|verbatim|instead|nothing but|the (?:single )?(?:word|phrase|text|string|token)"
    r"|as follows|in (?:all|every|each) (?:field|text|answer|string)s?|nur|genau|einfach|immer|stets|das wort"
    r"|den (?:satz|text)|seulement|solamente)"
)
_JUDGE = (
    r"(?:set|mark|rate|score|grade|treat|declare|classify|report|claim|assume|consider|give|choose|select|return|say|see"
    rf"|find|put|flag|make|keep|let|{_ANSWER}|setze?|markiere?|bewerte|stufe|melde|werte|finde|nenne)"
)
_VERDICT = (
    r"(?:publishable|needs[_ ]review|blocked[_ ]reason|objections?|severity|severities|quality_status"
    r"|(?:no|zero|without) (?:defects?|flaws?|artefacts?|objections?|issues?)"
    r"|(?:as|is|be|it) (?:safe|approved)|veröffentlichbar|freigegeben|einw[aä]nd\w*|mängel|mangelfrei|fehlerfrei"
    r"|schweregrad\w*|keine (?:fehler|defekte))"
)

_TO_MODELS = (
    rf"{_FORGET}{_GAP}{_TOLD}",
    rf"{_START}{_SAY}\W+(?:\w+\W+)?{_VERBATIM}\b",
    rf"{_START}{_ANSWER}\W+(?:with|mit|that|dass|con|avec)\b",
    (
        r"\b(?:you are|you're|du bist|sie sind) (?:now|jetzt|nun|no longer|ab jetzt) "
        r"(?:an?|the|in \w+ mode|free|dan|ein\w*|im|frei|bound)\b"
    ),
    (
        r"\b(?:reveal|print|show|repeat|output|leak|verrate|zeige?)\b(?:\W+\w+){0,3}?\W+(?:system|your|deine\w*|hidden)"
        r"\W+(?:system\W*)?(?:prompts?|instructions?|anweisung\w*)"
    ),
    r"\b(?:im_start|start_header_id|start_of_turn)\W+(?:system|user|assistant|model)\b",
    rf"{_START}(?:system|assistant|developer|new instructions?|neue anweisung\w*)\s*:",
    r"\b(?:jailbreak\w*|developer mode|entwicklermodus|prompt injection)\b",
    (
        r"\b(?:note|message|attention|instructions?|hinweis|anweisung\w*|nachricht)\W+(?:to|for|an|für)\W+"
        r"(?:the |all |any |die |das )?(?:ai|ki|model|llm|assistant|vlm|captioner|classifier|modell|assistent\w*)\b"
    ),
)
_ABOUT_VERDICTS = (
    rf"{_START}{_JUDGE}{_GAP}{_VERDICT}\b",
    (
        rf"{_START}(?:rate|score|grade|set|bewerte)\W+(?:it|this|the|every\w*|each|all|them|as|alles|alle|dies\w*|das)\b"
        rf"(?:{_GAP}|\W+)(?:excellent|perfect|hervorragend|exzellent|10|100)\b"
    ),
    (
        r"\b(?:objections?|publishable|needs[_ ]review|blocked[_ ]reason|quality_status|einwand)"
        r"\W{0,20}(?:is|are|to|must be|should be|ist|auf)?\W{0,20}(?:none|null|false|true|ok|keine?r?)\b"
    ),
    (
        r"\b(?:severity|levels?|schweregrad)\W{0,20}(?:to|must be|should be|auf)?\W{0,20}"
        r"(?:none|null|excellent|keine?r?|hervorragend)\b"
    ),
    (
        r"\b(?:approved|cleared|freigegeben|geprüft)\W+(?:by|for|von|für|zur)\W+(?:the |der |die |our )?"
        r"(?:moderat\w+|admin\w*|polic\w+|publication|publishing|veröffentlichung|redaktion|reviewers?)\b"
    ),
    r"\b(?:do not|don't|never)\W+(?:flag|block|review|reject)\W+(?:it|this|any|the (?:picture|image|photo))\b",
    r"\b(?:dieses |das )?(?:bild|foto)\W+nicht\W+(?:markier\w*|sperr\w*|beanstand\w*)\b",
)
_SPEAKING = re.compile("|".join(_TO_MODELS))
_ORDERING = re.compile("|".join((*_TO_MODELS, *_ABOUT_VERDICTS)))
_PLANTING = re.compile(
    rf"(?i:{_START}(?:{_SAY}|mention|include|insert|add|append|(?:call|name|title|caption|tag) it(?: as)?"
    r"|erwähne|nenne es)\b)\W*?"
    r"(?P<planted>[\"'“„«‹](?:\W?\b\w+\b){1,8}[\"'”“»›]|(?:\W?\b[A-Z0-9_-]{4,}\b){1,8})"
)


def fold(text: str) -> str:
    """The text as a reader would take it: one case, no look-alike or spaced-out letters, no invisible ones."""
    plain = unicodedata.normalize("NFKC", text[:_MOST]).casefold()
    plain = "".join(c for c in plain if unicodedata.category(c) != "Cf").translate(_LOOKALIKES)
    plain = _SPACED_OUT.sub(lambda match: re.sub(r"[ .\-_*]", "", match[0]), plain)
    return _LEET.sub(lambda match: match[0].translate(_DIGIT_LETTERS), _close_up(plain))


def speaks_to_model(text: str) -> bool:
    """Whether the text tells a model what to do: no caption does, not even one that quotes a sign."""
    return _SPEAKING.search(fold(text)) is not None


def gives_orders(text: str) -> bool:
    """Whether the text speaks to a model, or says what our verdicts should be: nothing to show a model as data."""
    return _ORDERING.search(fold(text)) is not None


def planted_words(text: str) -> frozenset[str]:
    """The words, folded, that a text wants said: what an order is about, else what "say" and its kind shout or quote.

    A title in plain words is nobody's order, not even "Say it with flowers".
    """
    folded = fold(text)
    if _ORDERING.search(folded):
        return frozenset(_WORD.findall(_ORDERING.sub(" ", folded)))
    if text.isupper() and len(text.split()) > _SHORT:
        return frozenset()
    found = " ".join(fold(match["planted"]) for match in _PLANTING.finditer(_close_up(text[:_MOST])))
    return frozenset(_WORD.findall(found))


def _close_up(text: str) -> str:
    """One blank for many: over a page of them the patterns would take minutes."""
    return _BLANKS.sub(lambda match: "\n" if "\n" in match[0] else " ", text)
