"""Words that tell a style, a time, a technique or a place from a person's name."""

from collections.abc import Iterable
from typing import Final

_STYLES = """
art deco nouveau bauhaus jugendstil studio lighting light impressionism ukiyo e film noir pop op low poly pixel vector
flat line ink sketch comic comics manga anime cartoon cartoons cinema hollywood bollywood lego minecraft marvel dc
vogue magazine national geographic gothic baroque renaissance rococo romantic romanticism medieval byzantine egyptian
greek roman classical neoclassical victorian edwardian georgian colonial modern modernist contemporary abstract
minimalist minimal surreal surrealist cubist fauvist expressionist impressionist impressionistic realist dada memphis
brutalist constructivist suprematist futurist futuristic retro vintage antique old early late high mid century golden
age hour blue silver bronze black white red green yellow orange purple pink sepia monochrome watercolour watercolor
watercolours oil acrylic gouache pastel charcoal pencil pen crayon woodcut woodblock linocut etching engraving
lithograph lithography screen print prints printing poster posters painting paintings painter painters master masters
drawing drawings illustration illustrations photograph photographs photography photo photos picture pictures book
books cover covers storybook fairy tale tales fantasy science fiction sci fi cyberpunk steampunk dieselpunk vaporwave
synthwave dark light soft hard natural digital analog analogue traditional folk naive street graffiti urban
documentary fashion editorial advertising product portrait portraits landscape landscapes still life concept matte
matt unreal engine octane render polaroid kodak fujifilm fuji leica canon nikon hasselblad portra ektar velvia tri x
kodachrome cinestill technicolor super imax panavision vhs cctv ww1 ww2 world war cold japanese chinese korean indian
persian islamic african american mexican latin french italian spanish dutch flemish german austrian british english
scottish irish scandinavian nordic russian soviet polish czech european asian oriental western eastern northern
southern school movement period dynasty edo meiji ming tang song qing heian viking celtic norse aztec maya inca navajo
aboriginal nature christmas halloween easter fine plein air trompe oeil mixed media collage paper cut cutout origami
stained glass mosaic fresco tapestry embroidery ceramic porcelain marble chiaroscuro sfumato tenebrism pointillism
tonalism luminism realism surrealism expressionism cubism fauvism symbolism pre raphaelite raphaelites barbizon hudson
river ashcan de stijl art brut neo geo new objectivity neue sachlichkeit barock gotik renaissance romantik klassik
klassizismus biedermeier aufklärung mittelalter antike moderne alte alten alter meister meistern comic comics
zeichentrick märchen märchenbuch bilderbuch kinderbuch ölgemälde ölgemälden öl aquarell aquarells aquarelle bleistift
kohle tusche holzschnitt holzschnitts kupferstich radierung plakat plakate plakats fotografie fotografien foto fotos
gemälde gemälden malerei kunst zeichnung illustration jahrhundert jahrhunderts goldenen zwanziger zwanzigerjahre
achtziger neunziger jahre jahren japanischer japanische niederländischer niederländische deutscher deutsche
französischer französische italienischer italienische licht schwarz weiß
"""
STYLES: Final = frozenset(_STYLES.split())
"""Words of styles, schools, techniques, formats, nations and times: a name made of them alone is no person's."""
_CRAFTS = """
aizome amigurumi aquatint azulejo azulejos batik biomechanical biopunk bokeh boro brutalism cartoonish chibi
chinoiserie cloisonne cloisonné cosplay cottagecore decoupage dhokra doujin encaustic fauvism filigree frottage fumage
gekiga glitch gond gongbi gopro grisaille gyotaku halftone hygge hyperrealism ikat ikebana impasto intarsia iphone
isometric japonisme josei kabuki kalamkari kawaii kente kilim kintsugi kirigami kolam lofi lomo lomography lowpoly
celadon donghua hanok manhua manhwa webtoon webtoons
madhubani maki-e mecha mehndi memphis mezzotint midjourney millefiori mokuhanga mughal neoprimitivism noir nihonga
notan op-art pantone papercut paperquilling pattachitra photobash photorealism photorealistic pichwai pixelart
quilling raku rangoli risograph rotoscope sashiko scrimshaw seinen sgraffito shanshui shibori shodo shojo shonen
shoujo shounen sumi sumi-e suminagashi synthwave talavera tempera tiffany wedgwood toile toon tonalism trompe-l'oeil
uki ukiyo ukiyo-e vaporwave veduta vorticism wabi wabi-sabi warli washi wireframe wuxia y2k yakishime zellige
zentangle
"""
CRAFTS: Final = frozenset(_CRAFTS.split())
"""Crafts, techniques and moods that no dictionary of ours has."""
_BETWEEN: Final = frozenset(("the", "of", "a", "an", "and", "in", "with", "on", "for"))
_STYLE_ENDS: Final = (
    "ism", "ismus", "istic", "istisch", "istische", "punk", "core", "wave", "malerei", "kunst", "druck", "grafie",
    "graphy", "stil", "style", "zeit", "era", "gemälde", "gemälden", "bilder", "bildern", "plakate", "plakaten",
    "fotos", "fotografien", "zeichnungen", "stiche", "stichen", "drucke", "drucken", "filme", "filmen", "bücher",
    "büchern", "karten", "schnitte", "schnitten", "malereien", "collagen", "mosaike", "mosaiken", "fresken",
    "ikonen", "teppiche", "teppichen",
)  # fmt: skip
_PLACES = """
lago lac pond rue via calle plaza platz plein museum museo musée galerie gallery lake mount mt mont mountain river
loch san santa saint st new york los las rio port fort cape north south east west times central grand great upper
lower square park street avenue road bridge beach bay harbour harbor tower palace station castle cathedral church
canal valley island islands coast sea ocean desert forest woods hill hills falls city town village airport pier dam
pass peak ridge creek springs wall gate house hall museum bad sankt see berg berge burg schloss platz straße strasse
brücke strand bucht hafen turm kirche dom tal insel meer wald stadt dorf alpen alps paris london berlin vienna japan
china africa egypt india greece italy spain france mexico morocco persia scandinavia iceland norway bali tibet nepal
peru cuba brazil havana marrakesh kyoto osaka florence siena tuscany provence naples sicily istanbul cairo moscow
prague budapest amsterdam brooklyn manhattan miami chicago delft murano meissen atlantis afrika ägypten indien
griechenland italien spanien frankreich mexiko marokko persien skandinavien island norwegen florenz toskana neapel
sizilien moskau prag vienna wien rom rome tokyo venice venedig hongkong hong kong
"""
PLACES: Final = frozenset(_PLACES.split())
"""Words by which a name is known to be a place's."""
_LOWER_CASE_ENDS = """
a an the my his her their our one two some any hand hands machine ai night day moonlight candlelight candle sunlight
sun moon window fire firelight light lights lamp lamplight lake sea river road water shore side numbers number layers
dots child children kid kids unknown anonymous someone computer robot himself herself means way artist painter using
"""
LOWER_CASE_ENDS: Final = frozenset(_LOWER_CASE_ENDS.split())
"""Words after "painted by" that no person is called."""


def is_style(word: str) -> bool:
    """Whether the word belongs to styles and not to persons."""
    return word.casefold() in STYLES or word.casefold().endswith(_STYLE_ENDS)


def is_free_of_names(words: Iterable[str]) -> bool:
    """Whether a style can be called by these words alone; figures are years."""
    return all(is_style(word) or word.casefold() in _BETWEEN or word.isdigit() for word in words)
