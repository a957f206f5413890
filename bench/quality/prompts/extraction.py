"""How exactly prompts are read from files as generators write them, and that none is found in ordinary photographs."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from bench.quality.data import SOURCES, find
from bench.quality.parts import Part, Plan, Section, Table
from bench.quality.prompts.ordinary import load_photographs, name_file, write_all
from bench.quality.statistics import upper_bound
from contracts.embedded import Embedded
from handlers.inspect.embedded.reading import read_embedded
from tests.handlers.inspect.corpus import scene
from tests.handlers.inspect.generated.cases import Case
from tests.handlers.inspect.generators import CASES

Reader = Callable[[Image.Image, bytes], Embedded | None]
FORMATS = ("PNG", "JPEG", "WEBP")
SIZE = (160, 120)
"""Pixels of the generated picture: enough to hide a text in."""
QUICK = 2
"""Photographs that show that it runs."""
NAMES = {
    "a1111": "A1111 (also Forge, SD.Next, Civitai)",
    "comfyui": "ComfyUI",
    "fooocus": "Fooocus",
    "invokeai": "InvokeAI",
    "novelai": "NovelAI",
    "swarmui": "SwarmUI",
    "easydiffusion": "Easy Diffusion",
    "drawthings": "Draw Things",
}
AS_THEY_ARE = "as they are in the packages"
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif"}


@dataclass(frozen=True, slots=True)
class Find:
    """What was found in an ordinary file; nothing should be."""

    picture: str
    way: str
    kind: str
    found: Embedded | None


def evaluate(plan: Plan, reader: Reader = read_embedded) -> Section:
    """Read every generator's files, then every ordinary one."""
    read = [(case, _read(reader, case.write(scene(SIZE, "RGBA")))) for case in CASES]
    finds = list(_read_ordinary(reader, plan))
    return Section(
        [_exactness(read), _false_finds(finds)],
        figures={
            "not exact": [case.name for case, found in read if found != case.expected],
            "false finds": [[one.picture, one.way, one.kind] for one in finds if one.found is not None],
        },
    )


def _read_ordinary(reader: Reader, plan: Plan) -> Iterator[Find]:
    photographs = load_photographs()[: QUICK if plan.quick else None]
    for number, photograph in enumerate(photographs):
        for way, kind, data in write_all(photograph, number):
            yield Find(photograph.name, way, kind, _read(reader, data))
        plan.advance(number + 1, len(photographs))
    for path in [] if plan.quick else list_installed():
        yield Find(name_file(path), AS_THEY_ARE, path.suffix, _read(reader, path.read_bytes()))


def list_installed() -> list[Path]:
    """Every picture in the folders that the photographs are from, as a file: others, drawings and icons too."""
    folders = {find(source).parent for sources in SOURCES.values() for source in sources}
    return sorted({path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES})


def _read(reader: Reader, data: bytes) -> Embedded | None:
    with Image.open(BytesIO(data)) as image:
        image.load()
        return reader(image, data)


def _exactness(read: Sequence[tuple[Case, Embedded | None]]) -> Table:
    rows = []
    for code, name in NAMES.items():
        of = [(case.kind, found == case.expected) for case, found in read if case.expected.generator == code]
        cells = [_exact([exact for kind, exact in of if kind == one]) for one in FORMATS]
        others = [(kind, exact) for kind, exact in of if kind not in FORMATS]
        named = ", ".join(f"{kind} {_exact([e for k, e in others if k == kind])}" for kind in dict(others))
        rows.append((name, *cells, named))
    header = ("generator", "PNG", "JPEG", "WebP", "others")
    return Table("Prompts read from files as generators write them", header, rows)


def _exact(exact: Sequence[bool]) -> str:
    if not exact:
        return "not written by it"
    if all(exact):
        return f"exact, {len(exact)} of {len(exact)}"
    return f"**not exact**, {sum(exact)} of {len(exact)}"


def _false_finds(finds: Sequence[Find]) -> Table:
    rows = [_row(way, [one for one in finds if one.way == way]) for way in dict.fromkeys(one.way for one in finds)]
    header = ("ordinary files", "pictures", "files", "a prompt found", "at most (95 %)", "which")
    return Table("Prompts found where there are none", header, [*rows, _row("**all**", finds)])


def _row(name: str, finds: Sequence[Find]) -> tuple[str, ...]:
    wrong = Counter(f"{one.found.generator} ({one.picture}, {one.kind})" for one in finds if one.found is not None)
    bound = upper_bound(wrong.total(), len(finds))
    return (
        name,
        str(len({one.picture for one in finds})),
        str(len(finds)),
        f"{wrong.total()} of {len(finds)}",
        f"{bound:.1%}",
        ", ".join(wrong),
    )


PART = Part("embedded", "prompts read from generated files, and none from ordinary photographs", evaluate)
