"""What people, cameras and editors write into files that nobody generated. Some of it sounds like a generator."""

from typing import Final

SAID: Final = (
    "Sunset over the harbour, taken from the old pier",
    "Urlaub an der Ostsee: Oma und die Kinder am Strand, Blende 8, ISO 100",
    "Steps: 199, tower of the cathedral, view from the top",
    "Prompt: write two pages about what this picture makes you feel (school project, due Friday)",
    "Seed: sunflower, Model: 2024 harvest, Size: 3 x 4 m, bed no. 12",
    "scanned from a negative, 35 mm, Kodak Tri-X; negative no. 14, contact sheet 3",
    "Rezept: 3 Schritte, Kuchenform (Size: 26 cm), Backzeit 40 min, CFG Rezeptbuch S. 12",
    "photo of a cat, best quality print ordered, matte, 20x30",
    "Anniversaire de maman à Besançon, été 2019, tout le monde était là",
    "Vacaciones en Málaga: ¿quién hizo esta foto? Niños en la playa",
    "富士山と桜、河口湖にて。三脚使用、絞り優先",
    "Вид на Неву утром, плёнка, скан",
    "منظر من شرفة الفندق في مراكش",
    "노을이 지는 한강, 스마트폰으로 촬영",
    "Η παλιά πόλη της Ρόδου το απόγευμα",
    "夕阳下的长城，游客很多",
    "{place: garden, light: evening, mood: calm}",
    "(unedited) [raw file available] <www.example.org/portfolio>",
    "masterpiece exhibition, hall 3, portrait of a lady, oil on canvas, 8k visitors a day",
    "Sampler: Uni of the quilting club, 12 blocks, Negative prompt response from the jury",
    "#sunset #beach #nofilter #travel #photooftheday",
    "IMG_2034.JPG",
    "f/2.8, 1/250 s, ISO 400, 85 mm; Sampler quilt, Steps: 2",
    "Hochzeit Anna & Jürgen, Kirche St. Jakob, 14. Mai, Foto: M. Groß",
)
"""Captions in ten languages, some with the words that A1111 and others use for their settings."""

LONG: Final = (
    (
        "Apple cake\n\nSteps: 1. peel four apples 2. stir 200 g butter, 150 g sugar, 3 eggs 3. bake\nSize: "
        "26 cm, Time: 45 min, Model: springform\nNegative: too sweet with more sugar"
    ),
    (
        "Rote Grütze (4 Personen)\nSchritte: 3, Größe: mittel, Dauer: 20 min\n1. Beeren waschen\n2. mit Saf"
        "t aufkochen\n3. binden"
    ),
    (
        'def sample(prompt, steps=20, seed=42):\n    """Negative prompt: none."""\n    return model(prompt'
        ", steps, seed)\n"
    ),
    (
        "for i in range(20):  # Steps: 20, Sampler: Euler, as the textbook says\n    y += h * f(t, y)\n# S"
        "eed: none, Size: n\n"
    ),
    (
        "We talked about prompts for an hour. My negative prompt: no trees. His steps: 20. The seed: his"
        " idea. We painted it by hand afterwards, in oil, 40 x 60 cm."
    ),
    (
        "Knitting pattern. Steps: cast on 24, knit 4 rows. Sampler: stocking stitch, Model: Anna, Size: "
        "38, Seed: stitch only"
    ),
    ("Negativ-Nr. 14, Abzug auf Baryt, Entwickler 1:50, Schritte: 11 min entwickeln, 30 s stoppen, 5 min fixieren"),
    (
        "SELECT prompt, negative_prompt, seed, steps FROM generations WHERE model = 'x' ORDER BY id; -- "
        "slide 12 of the talk"
    ),
    ("Chess game, round 3. 1. e4 e5 2. Nf3 Nc6; Model: board no. 4, Size: 50 cm, Steps: 42, Sampler: none"),
    ("Growing log\nSeed: 2024 harvest\nSteps: sow, thin out, water\nSize: 30x30 cm, Model: raised bed, Version: 3"),
)
"""Longer texts: recipes, code, prose about prompts, with the words of generators in their places."""

MACHINES: Final = (
    ("Canon", "Canon EOS R6", "Firmware Version 1.8.1"),
    ("NIKON CORPORATION", "NIKON D750", "Ver.1.15"),
    ("Apple", "iPhone 15 Pro", "17.5.1"),
    ("samsung", "SM-S918B", "S918BXXS7CXE5"),
    ("SONY", "ILCE-7M4", "Adobe Photoshop Lightroom Classic 13.2 (Windows)"),
    ("FUJIFILM", "X-T5", "Digital Camera X-T5 Ver2.04"),
    ("Google", "Pixel 8", "HDR+ 1.0.585804376zd"),
    ("Epson", "Perfection V600", "VueScan 9 x64 (9.8.24)"),
)
"""Make, model and software, as EXIF has them."""

APPS: Final = (
    '{"data":{"os":"android","product":"video editor","exportType":"image_export","pictureId":"8f1e-22"}}',
    '{"source":"camera","filter":"vivid","strength":0.8,"seed":false,"prompt":null}',
    '{"c":"city walk","uc":"user content","v":2,"scale":1.5,"size":"1080x1920"}',
    '{"parameters":{"exposure":0.3,"contrast":12,"model":"portrait"},"steps":4}',
    '{"title":"Sonnenuntergang","keywords":["Meer","Abend"],"rating":4}',
)
"""JSON that apps leave in comments, with names that generators use too."""

CHUNKS: Final = (
    {"Comment": "Created with GIMP"},
    {"Software": "Adobe ImageReady"},
    {"Software": "gnome-screenshot", "Creation Time": "Tue 14 May 2024 10:11:12 AM CEST"},
    {"date:create": "2024-05-14T08:11:12+00:00", "exif:Model": "NIKON D70", "jpeg:colorspace": "2"},
    {"Software": "Matplotlib version3.8.4, https://matplotlib.org/"},
    {"File": "renders/scene.blend", "Frame": "001", "Camera": "Camera", "Scene": "Scene", "RenderTime": "00:12.40"},
    {"Title": "%s", "Author": "M. Groß", "Description": "%s", "Copyright": "CC BY 4.0", "Comment": "%s"},
    {"Title": "%s", "Description": "%s", "Software": "digiKam-8.3.0", "Source": "NIKON D70", "Comment": "%s"},
    {"mxfile": '<mxfile host="app"><diagram name="Page-1">7VhNc9owEP01HNuxJ</diagram></mxfile>'},
    {"description": "%s", "keywords": "beach; evening; prompt delivery", "Model": "X-T5", "Seed": "no", "Steps": "3"},
    {"Raw profile type exif": "\nexif\n      20\n4578696600004d4d002a000000080000\n", "Comment": "%s"},
    {"Description": "%s", "Software": "NovaScan 3", "Source": "flatbed", "Comment": '{"dpi": 600, "seed": 0}'},
)
"""A PNG's text chunks, as editors, scanners and programs for figures write them; %s is what somebody said."""

PACKET: Final = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
 xmp:CreatorTool="{tool}" xmp:Rating="4" crs:Exposure2012="+0.35" crs:HasSettings="True">
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{said}</rdf:li></rdf:Alt></dc:description>
<dc:subject><rdf:Bag><rdf:li>beach</rdf:li><rdf:li>Abend</rdf:li></rdf:Bag></dc:subject>
<exif:UserComment><rdf:Alt><rdf:li xml:lang="x-default">{said}</rdf:li></rdf:Alt></exif:UserComment>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
TOOLS: Final = ("Adobe Lightroom Classic 13.2", "digiKam-8.3.0", "darktable 4.6.1", "Screenshot", "Draw Things Gallery")
"""What wrote the packet of XMP; the last is a made-up name that begins as a generator's does."""
COMMENTS: Final = (
    "CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 85",
    "Created with GIMP",
    "File written by Adobe Photoshop 5.2",
    "Lavc58.54.100",
    "LEAD Technologies Inc. V1.01",
)
"""A JPEG's comment."""
