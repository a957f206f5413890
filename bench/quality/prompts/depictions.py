"""Made-up pictures: what others say of each, and what a reconstruction says in words of its own."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Depiction:
    """`known`: caption and tags. The rest: the parts of a prompt that say what is there, by somebody else."""

    known: tuple[str, ...]
    subject: str
    action: str
    setting: str


ENGLISH: Final = (
    Depiction(
        ("A red fox walks through deep snow at the edge of a pine forest.", "fox", "snow", "winter"),
        "a red fox with thick fur", "walking slowly", "snowy forest clearing",
    ),
    Depiction(
        ("Two children build a sandcastle on a beach while waves roll in.", "children", "beach", "sandcastle"),
        "two small children", "building a castle of sand", "sunny beach by the sea",
    ),
    Depiction(
        ("An old man reads a newspaper on a park bench.", "man", "park", "newspaper", "bench"),
        "elderly man in a grey coat", "reading a newspaper", "bench in a city park",
    ),
    Depiction(
        ("A cyberpunk street at night with neon signs and rain.", "cyberpunk", "neon", "rain", "night"),
        "hooded figure with an umbrella", "walking in the rain", "neon-lit street at night",
    ),
    Depiction(
        ("A dragon circles above a ruined castle on a cliff.", "dragon", "castle", "fantasy"),
        "a huge dragon", "flying in circles", "ruined castle on a cliff",
    ),
    Depiction(
        ("A bowl of ramen with egg and spring onions on a wooden table.", "ramen", "food", "noodles"),
        "bowl of ramen noodles with a boiled egg", "", "rustic wooden table",
    ),
    Depiction(
        ("A steam train crosses a stone viaduct in the hills.", "train", "viaduct", "steam locomotive"),
        "black steam locomotive with carriages", "crossing a viaduct", "green hills in the highlands",
    ),
    Depiction(
        ("A ballerina dances alone on a dark stage.", "ballet", "dancer", "stage"),
        "young ballet dancer in white", "dancing on one leg", "dark empty stage",
    ),
    Depiction(
        ("A sailing boat on a calm lake at sunset, mountains behind it.", "lake", "sailing boat", "sunset"),
        "small sailing boat", "drifting", "mountain lake in the evening",
    ),
    Depiction(
        ("An astronaut plants a flag on a red desert planet.", "astronaut", "planet", "science fiction"),
        "astronaut in a white suit", "planting a flag", "desert of a red planet",
    ),
    Depiction(
        ("A black cat sleeps on a windowsill beside a potted plant.", "cat", "window", "plant"),
        "black cat", "sleeping curled up", "windowsill with houseplants",
    ),
    Depiction(
        ("A crowded market with fruit stalls under striped awnings.", "market", "fruit", "crowd"),
        "fruit sellers and customers", "haggling", "busy street market",
    ),
)  # fmt: skip
GERMAN: Final = (
    Depiction(
        ("Ein Bergsee mit klarem Wasser, dahinter schneebedeckte Gipfel.", "Bergsee", "Alpen", "Schnee"),
        "klarer See", "", "Berge mit Schnee auf den Gipfeln",
    ),
    Depiction(
        ("Eine junge Frau fährt mit dem Fahrrad durch eine Allee im Herbst.", "Fahrrad", "Herbst", "Frau"),
        "junge Frau mit Schal", "Radfahren", "herbstliche Allee mit bunten Blättern",
    ),
    Depiction(
        ("Drei Kühe stehen auf einer grünen Wiese vor einem Bauernhof.", "Kuh", "Wiese", "Bauernhof"),
        "drei braune Kühe", "auf der Wiese stehend", "Weide vor einem alten Hof",
    ),
    Depiction(
        ("Ein Ritter in Rüstung kämpft gegen einen feuerspeienden Drachen.", "Ritter", "Drache", "Feuer"),
        "Ritter in silberner Rüstung", "kämpft mit dem Schwert gegen einen Drachen", "brennendes Dorf",
    ),
    Depiction(
        ("Menschen sitzen abends in einem Biergarten unter Kastanien.", "Biergarten", "Abend", "Menschen"),
        "fröhliche Menschen an langen Tischen", "trinken Bier", "Garten unter großen Bäumen",
    ),
    Depiction(
        ("Der Kölner Dom bei Nacht, beleuchtet, mit dem Rhein im Vordergrund.", "Kölner Dom", "Nacht", "Rhein"),
        "beleuchteter Dom", "", "Flussufer bei Nacht",
    ),
    Depiction(
        ("Ein Kind bläst Seifenblasen im Garten.", "Kind", "Seifenblasen", "Garten"),
        "kleines Mädchen", "bläst bunte Seifenblasen", "sonniger Garten",
    ),
    Depiction(
        ("Ein Roboter gießt Blumen auf einem Balkon in einer großen Stadt.", "Roboter", "Blumen", "Balkon"),
        "freundlicher Roboter", "gießt Blumen", "Balkon über der Großstadt",
    ),
    Depiction(
        ("Ein Leuchtturm an der Nordsee bei Sturm.", "Leuchtturm", "Sturm", "Nordsee"),
        "rot-weißer Leuchtturm", "von Wellen umspült", "stürmische Küste",
    ),
    Depiction(
        ("Brotlaibe liegen in der Auslage einer Bäckerei.", "Brot", "Bäckerei"),
        "frische Brote und Brötchen", "", "Schaufenster einer Bäckerei",
    ),
    Depiction(
        ("Eine Elfe mit langen Haaren spielt Harfe in einem leuchtenden Wald.", "Elfe", "Harfe", "Wald"),
        "Elfe mit silbernem Haar", "spielt auf einer Harfe", "Zauberwald mit leuchtenden Pilzen",
    ),
    Depiction(
        ("Zwei Fußballspieler kämpfen im Regen um den Ball.", "Fußball", "Regen", "Sport"),
        "zwei Spieler in roten Trikots", "kämpfen um den Ball", "nasser Rasen im Stadion",
    ),
)  # fmt: skip
