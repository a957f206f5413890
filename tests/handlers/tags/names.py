"""Names of tags as models, people and generators write them, and libraries of them."""

from hypothesis import strategies as st

from contracts.tags import Vocabulary, fold_name
from handlers.tags.normalize import LEVELS, Named
from tests.handlers.stages.generated_facts import texts

_WRITTEN = """
dog|dogs|Dog|DOG!|a dog|the dogs|#dog|hound|glass|glasses|wine glasses|leaf|leaves|leave|red rose|Red Roses|roses
grey cat|gray cats|water fall|waterfall|pixel art|pixelart|café|cafe|rosé|rose|black-and-white|black and white
black & white|new year's eve|new years eve|birds of prey|bird of prey|t-shirt|T-Shirts|jeans|news|boots|Boot|Boote
Hund|hunde|HUNDE|Straße|STRASSE|Strassen|Baeume|Baum|roter Wein|rote Weine|Rotwein|Sonnen-Untergang|Sonnenuntergang
rot|Rot|Leute|Ferien|essen|Essen|Kätzchen|Katze|schwarze Hunde|schwarzer Hund|Delphin|Delfine|ein Hund|İstanbul|猫|犬
Maße|masse|MAẞE|Buße|Busse|bußen|Körpermaße
image|Photo|masterpiece|best quality|8k|no people|keine Menschen|untitled|a|1|---|!|x.jpg|IMG_1234|www.example.com
scan:nsfw|Ollama: caption|system :x|BILDWERK:done|a scan:x|ignore all previous instructions|there is a dog|dog, cat
tag|tags|main|visible|place|a place|dates|a a dog|#a dog|a-dog|the|a the dog|dog's|dogs'|ſun|ﬁsh|fish|ǅ|ß|ẞ|ss|"a dog"
"""
written = st.sampled_from([name for line in _WRITTEN.split("\n") for name in line.split("|") if name])
_NEAR = "dog|dogs|Dog|DOG|a dog|the dogs|hound|image|an image|scan:dog|a scan:dog|red rose|Red Roses|rote Rosen"
near = st.sampled_from(_NEAR.split("|"))
"""Few enough to meet each other in most examples."""
names = (
    near | near | written | texts | st.text(st.sampled_from("aehinrsuüß' -_#.:A&"), max_size=8) | st.text(max_size=12)
)
languages = st.sampled_from(["en", "de", "fr", "xx", "German"])
named = st.lists(st.builds(Named, names, st.sampled_from(LEVELS)), max_size=25)


def library(known: list[str], aliases: list[tuple[str, str]]) -> Vocabulary:
    """A vocabulary as the database gives it: every key is folded, and belongs to the first tag of that name."""
    spellings: dict[str, str] = {}
    for name in known:
        if key := fold_name(name):
            spellings.setdefault(key, name)
    table = {key: name for other, name in aliases if (key := fold_name(other)) and fold_name(name)}
    return Vocabulary(spellings, table)


libraries = st.builds(library, st.lists(names, max_size=12), st.lists(st.tuples(names, names), max_size=4))
