"""How it is worded that somebody made a picture, or is imitated by it: English and German."""

import re
from functools import cache
from typing import Final

from handlers.reconstruction.artist_names import FULL_NAMES, SURNAMES
from handlers.reconstruction.namesakes import NAMESAKES, STUDIOS
from handlers.reconstruction.spelling import spell_any

_TERMS = (
    r"rembrandt[\s-]*(?:light|licht|beleuchtung)|van dyck brown|m(?:ö|oe|œ)bius[\s-]*(?:strip|band)|titian[\s-]+red"
    r"|tizian[\s-]*rot|disney\s*(?:land|world)"
)
"""What is called after somebody, and no imitation of his work."""
_NO_TERM = rf"\b(?!{_TERMS})"
_GENITIVE = r"(?:['’]s|['’]|s)?(?!\w)"

_WHO = (
    r"(?:(?:the|a|an|dem|der|den|des)\s+)?"
    r"(?:(?:great|famous|late|legendary|old|young|gro(?:ß|ss)en|jungen|berühmten)\s+)?"
)
_CALLED = (
    r"(?:(?:works?|art|artworks?|paintings?|photography|photographs|photos|films?|movies|style|palette|painter|artist"
    r"|photographer|illustrator|director|filmmaker|masters?|animator|sculptor|maler\w*|künstler\w*|fotograf\w*"
    r"|illustrator\w*|regisseur\w*|werke?n?|bilder\w*|gemälden?|filme?n?)\s+(?:of\s+|by\s+|von\s+)?)?"
)
_MADE = (
    r"painted|drawn|illustrated|photographed|shot|designed|created|made|rendered|sculpted|directed|sketched|inked|etched"
    r"|engraved|signed|composed|animated|imagined"
)
_GEMACHT = (
    r"gemalt|gezeichnet|fotografiert|illustriert|entworfen|geschaffen|gestaltet|gestochen|skizziert|animiert"
    r"|aufgenommen"
)
_WORK = (
    r"art|artwork|painting|illustration|drawing|photo|photograph|photography|picture|image|portrait|sketch|print|poster"
    r"|render|rendering|design|cover|page|panel|comic|manga|mural|fresco|sculpture|watercolou?r|oil|gouache|pastel"
    r"|engraving|etching|woodcut|linocut|lithograph|cinematography|animation|anime|masterpiece|composition|collage|work"
    r"|landscape|seascape|scene|study|frame|map|editorial|light|lighting|palette|linework|logo|concept|visual|grafik"
    r"|radierung|studie|gemälde|foto|fotografie|aufnahme|aquarell|zeichnung|kunst|druck|stich|holzschnitt|skizze"
    r"|plakat|entwurf|werk|bild|still"
)
_STYLE = (
    r"in\s+(?:the\s+)?(?:\w+\s+)?(?:style|manner|spirit|tradition|vein|look)s?\s+of|(?:\w+\s+)?styles?\s+of"
    r"|(?:\w+ly\s+)?(?:inspired|influenced)(?:\s+\w+ly)?\s+by|(?:an?\s+|paying\s+|eine\s+)?(?:homage|tribute|hommage)\s+(?:to|an)|(?:reminiscent|evocative)\s+of|evoking|recalling|echoing"
    r"|channell?ing|imitating|mimicking|emulating|à\s+la|a\s+la|im\s+stile?(?:\s+(?:von|des|der))?"
    r"|in\s+der\s+(?:art|manier|tradition)(?:\s+(?:von|des|der))?|nach\s+(?:art\s+(?:von|des|der)|dem\s+vorbild(?:\s+(?:von|des|der))?)|in\s+manier\s+von"
    r"|im\s+geiste?\s+(?:von|des|der)|(?:inspiriert|beeinflusst)\s+(?:von|durch)|frei\s+nach"
    r"|(?:in\s+)?(?:anlehnung|angelehnt|erinnert(?:\s+\w+)?)\s+an|(?:art\s*)?style\s*:|stil\s*:"
)
_WEAK = (
    r"as\s+(?:seen\s+)?in|nods?\s+to|recalls|resembl(?:es|ing)|with\s+the\s+(?:palette|brushwork|eye|hand)\s+of|after|nach|(?:(?:who|that|which)\s+)?looks?\s+like|like|wie(?:\s+bei)?|part|attributed\s+to|(?:school|follower|workshop|circle|pupil)\s+of|(?:schule|werkstatt|umkreis)\s+(?:von|des|der)"
    r"|(?:eine\s+)?mischung\s+aus|zwischen|between"
    r"|(?:an?\s+|eine\s+)?(?:mix|mixture|mash-?up|blend|fusion|hybrid|cross|combination)\s+of|(?:somewhere|halfway)\s+between"
)
_SIGNED = (
    rf"(?:as\s+)?(?:if\s+)?(?:{_MADE})\s+by|(?:{_GEMACHT})\s+von"
    r"|(?:artist|painter|photographer|illustrator|director|author|künstler(?:in)?|maler(?:in)?|fotograf(?:in)?)\s*:"
    r"|(?:photo\s+)?credits?\s*:|©|signed|signiert(?:\s+von)?"
)
_ROLE = (
    r"(?:the\s+|der\s+|die\s+)?(?:artist|painter|photographer|illustrator|director|cinematographer|sculptor|filmmaker"
    r"|künstler(?:in)?|maler(?:in)?|fotograf(?:in)?|illustrator(?:in)?|regisseur(?:in)?)"
)
LEAD: Final = re.compile(
    rf"(?<!\w)(?:(?P<style>(?:{_STYLE})\s*(?<=[\s:])(?:an?\s+|einem\s+|eines\s+)?)|(?P<signed>(?:{_SIGNED})\s*(?<=[\s:©])[\"“„]?)"
    rf"|(?P<weak>(?:{_WEAK})\s+(?:an?\s+)?)|(?P<by>(?:wie\s+)?(?:by|von)\s+)|(?P<tailed>an\s+)|(?P<role>{_ROLE}\s+)){_WHO}{_CALLED}",
    re.IGNORECASE,
)
"""What names follow. `style`: whom it is like; `signed`, `by`: who made it; `weak`: more often other words; `tailed`:
only where `TAIL` comes after the name; `role`: what he is by trade."""
TAIL: Final = re.compile(
    r"\s+(?:(?:inspirierte?[nrsm]?|beeinflusste?[nrsm]?|geprägte?[nrsm]?|erinnernde?[nrsm]?|angelehnte?[nrsm]?"
    rf"|nachempfundene?[nrsm]?)|(?:{_GEMACHT})\w{{0,2}})\b",
    re.IGNORECASE,
)
"""What German says after the name: von Klee inspiriert."""
WORK_BEFORE: Final = re.compile(rf"(?:^|[\s(,-])\w*(?:{_WORK})s?\s*[,(]?\s*$", re.IGNORECASE)
"""A word for a picture, right before a place."""

_LOOSE_FORM = r"[\s-]+(?:style[ds]?|inspired|esque|like|stile?s?|inspiriert\w{0,2}|vibes?|aesthetics?)"
_CLOSE_FORM = (
    r"-(?:like|ish|looks?|artig\w{0,2}|ähnlich\w{0,2}|haft\w{0,2}|esk\w{0,2}|manier)|[\s-]+(?:style[ds]?|inspired|vibes?|mood|feel|fashion|aesthetics?)|[\s-]+look(?=\s*(?:$|[,.;:)]))"
    r"|-?esque|-?inspiriert\w{0,2}|-?artig\w{0,2}|-?stile?s?|haft\w{0,2}|ian|ean"
)
_IN = r"(?:\b(?:in|im)\s+(?:the\s+|an?\s+)?(?={name}['’]?s?(?:{form})\b))?"
_WORKS = (
    r"fresco(?:es)?|paintings?|portraits?|(?:land|sea|city)scapes?|madonnas?|palette|colou?rs?|brush\s?(?:work|strokes?)"
    r"|linework|sketch(?:es)?|drawings?|prints?|etchings?|engravings?|woodcuts?|watercolou?rs?|illustrations?|stencils?"
    r"|collages?|cut-?outs?|films?|movies?|photographs?|photos?|figures|still\s+lifes?|claymation|stop\s?motion|animation"
    r"|lighting|light|reds|blues|greens|yellows|pinks|golds|atmosphere|skies|interiors?|nudes?|posters?|mural|abstraction|gemälde|fresko|holzschnitt|aquarell"
)
WORK_AFTER: Final = re.compile(rf"(?:['’]s|['’])?[\s-]+(?:{_WORKS})(?!\w)", re.IGNORECASE)
"""A word for a picture or what is seen of its maker in it, right after a name."""
WORKS_AFTER: Final = re.compile(
    r"(?:['’]s|['’])?\s+(?:works?|paintings|films|movies|photographs|photos|drawings|illustrations|art|artworks?|portraits"
    r"|landscapes|prints|comics|animations?|photography|studios?|gemälden?|filmen?)(?=\s*(?:$|[,.;:)]))",
    re.IGNORECASE,
)
"""The same at the end of a clause: in the style of Wes Anderson movies."""
FORM: Final = re.compile(
    r"(?<=\w)(?:['’]s)?(?:[\s-]+(?:style[ds]?|inspired|vibes?|aesthetics?)|-(?:esque|stil|inspiriert\w{0,2}))(?!\w)",
    re.IGNORECASE,
)
"""What makes an imitation of a name before it: jane doe style."""
SEGMENT: Final = re.compile(r"(?:(?<=,)|^)\s*(?P<names>[^\W\d_][\w'’.-]*(?: [^\W\d_][\w'’.-]*){1,4})\s*(?=,|$)")
"""A few words between commas."""
LIKENESS: Final = re.compile(r"(?P<names>[^\W\d_]{3,})-?esque(?!\w)", re.IGNORECASE)
"""One word that is like another: Kafkaesque, picturesque."""


# Thousands of names make patterns whose compiling takes a noticeable part of every program's start: the first use does.


@cache
def compile_listed() -> re.Pattern[str]:
    """A name that is known, where wording introduces one."""
    return re.compile(_spell((*FULL_NAMES, *SURNAMES, *NAMESAKES, *STUDIOS)) + _GENITIVE, re.IGNORECASE)


@cache
def compile_known() -> re.Pattern[str]:
    """A name of artists and of nobody else."""
    return re.compile(_spell((*FULL_NAMES, *SURNAMES)), re.IGNORECASE)


@cache
def compile_studio() -> re.Pattern[str]:
    """A studio's name, and the s after it."""
    return re.compile(rf"(?P<names>{_spell(STUDIOS)}){_GENITIVE}", re.IGNORECASE)


@cache
def compile_anywhere() -> re.Pattern[str]:
    """A name that goes wherever it stands, with what makes an imitation of it."""
    known = _spell((*FULL_NAMES, *SURNAMES))
    return re.compile(
        rf"{_IN.format(name=known, form=f'{_LOOSE_FORM}|{_CLOSE_FORM}')}(?P<names>{known})"
        rf"(?:(?:['’]?s)?(?:{_LOOSE_FORM}|{_CLOSE_FORM})|['’]s|['’]|s)?(?!\w)",
        re.IGNORECASE,
    )


@cache
def compile_imitation() -> re.Pattern[str]:
    """Klee-inspired, Klee style, Boschian, im Ghibli-Stil."""
    namesake = _spell((*NAMESAKES, *STUDIOS))
    return re.compile(
        rf"{_IN.format(name=namesake, form=_CLOSE_FORM)}(?P<names>{namesake})(?:['’]?s)?(?:{_CLOSE_FORM})(?!\w)",
        re.IGNORECASE,
    )


@cache
def compile_lone() -> re.Pattern[str]:
    """A name as an item of a list."""
    return re.compile(
        rf"(?P<before>^\s*|,\s*|(?:\b(?:and|und|x|meets)|&)\s+)(?P<names>{_spell((*NAMESAKES, *STUDIOS))})"
        r"(?=\s*(?:$|,|(?:\b(?:and|und|x|meets)\b|&)))",
        re.IGNORECASE,
    )


@cache
def compile_work_of() -> re.Pattern[str]:
    """A Raphael fresco."""
    return re.compile(
        rf"(?P<names>{_spell((*NAMESAKES, *STUDIOS))})(?:['’]s|['’])?(?=[\s-]+(?:{_WORKS})(?!\w))", re.IGNORECASE
    )


@cache
def _spell(names: tuple[str, ...]) -> str:
    return _NO_TERM + spell_any(names)
