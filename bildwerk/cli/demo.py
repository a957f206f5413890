"""`bildwerk demo`: two dozen pictures through the whole pipeline, and a contact sheet of the results."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bildwerk.arguments import make_database, make_planner
from bildwerk.cli.connections import blame_postgres
from bildwerk.cli.ingest import name_unreadable
from bildwerk.cli.migrate import make_topics, migrate_database
from bildwerk.cli.problem import Problem
from bildwerk.cli.serve import require_services
from bildwerk.demo import progress
from bildwerk.demo.flaws import spoil
from bildwerk.demo.generated import generate
from bildwerk.demo.pictures import Credit, lay_out
from bildwerk.demo.run import Results, Show, run
from bildwerk.demo.suggestions import Wish, read_prompt
from bildwerk.demo.surroundings import adopt, forget_services
from bildwerk.demo.untidy import TAGS
from bildwerk.demo.verdicts import Badge, read_policy, read_quality
from bildwerk.environment import read
from bildwerk.ingest import TYPES, find_files
from bildwerk.reasons import say
from bildwerk.sandbox.stack import start_stack
from bildwerk.settings import Settings
from contracts.tags import Tag
from db.migrate import holds_media
from db.pool import connect
from db.reads import Print

Folder = Annotated[Path | None, typer.Option(help="Pictures of yours instead of the demo's; nothing is written there.")]
Language = Annotated[str, typer.Option(help="Language of the captions and titles: en, de, ...")]
Output = Annotated[Path, typer.Option(help="Folder for the contact sheet.")]
Slots = Annotated[int, typer.Option(min=1, help="Parallel calls of the simulated Ollama.")]
Real = Annotated[
    bool, typer.Option("--real", help="Use your own PostgreSQL, Kafka and Ollama instead of the embedded ones.")
]

WIDEST_TABLE, ROOM_FOR_CAPTIONS = 140, 110
WIDE_VERDICT, NARROW_VERDICT = len("blocked: compliance"), len("defect · C ·")
STYLES = {"good": "green", "care": "yellow", "bad": "red", "none": ""}


@dataclass(frozen=True, slots=True)
class Pictures:
    """What is shown: whom to thank, which pictures are known to be harmless, and which tags they carry."""

    thanks: Sequence[Credit] = ()
    harmless: Sequence[str] = ()
    tags: Mapping[str, Sequence[Tag]] = field(default_factory=dict)


def demo(
    folder: Folder = None,
    language: Language = "en",
    output: Output = Path("demo-output"),
    slots: Slots = 4,
    real: Real = False,
) -> None:
    """Describe, tag and judge two dozen pictures, decide on each, and make a contact sheet of the results."""
    if folder is not None:
        require_pictures(folder)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bildwerk-demo-") as scratch:
        pictures = folder or Path(scratch, "pictures")
        shown = Pictures() if folder else make_pictures(pictures)
        ours = {"BILDWERK_MEDIA_ROOT": str(pictures.resolve()), "BILDWERK_LANGUAGE": language, "BILDWERK_WEB_PORT": "0"}
        if real:
            adopt(ours)
            results = asyncio.run(_show_real(output, shown))
        else:
            forget_services()
            adopt({**ours, "BILDWERK_CACHE_FOLDER": str(Path(scratch, "cache"))})
            results = asyncio.run(_show_embedded(output, shown, slots))
    _print(results)


def require_pictures(folder: Path) -> None:
    """Raise Problem unless the folder is one and has pictures in it or below."""
    if not folder.is_dir():
        raise Problem(f"{folder} is not a folder")
    if next(find_files(folder, [folder]), None) is None:
        raise Problem(f"{folder} holds no pictures: they end in {', '.join(TYPES)}")


def make_pictures(folder: Path) -> Pictures:
    """Lay out the good pictures, and make flawed ones of some; nobody scanned those. Raises PicturesMissing."""
    thanks = lay_out(folder)
    spoil(folder)
    generated = generate(folder)
    return Pictures(thanks, [*(credit.file for credit in thanks), *generated], TAGS)


async def _show_embedded(output: Path, shown: Pictures, slots: int) -> Results:
    typer.echo("starting PostgreSQL, a Kafka broker and a simulated Ollama ...", err=True)
    async with start_stack(slots=slots, fsync=False) as stack:
        adopt(stack.environment())
        return await _show(output, shown, simulated=True)


async def _show_real(output: Path, shown: Pictures) -> Results:
    settings = read(Settings)
    with blame_postgres(settings):
        connection = await connect(make_database(settings))
        try:
            taken = await holds_media(connection)
        finally:
            await connection.close()
    if taken:
        raise Problem(
            "this database holds media already, or is a platform's, and a demo is not for those: "
            "use an empty database, or `bildwerk ingest` and `bildwerk serve`"
        )
    return await _show(output, shown, simulated=settings.model == "bildwerk-simulated")


async def _show(output: Path, shown: Pictures, *, simulated: bool) -> Results:
    settings = read(Settings)
    await migrate_database(settings)
    await make_topics(settings)
    await require_services(settings)
    job_types = tuple(stage.job_type for stage in make_planner(settings).chain.stages)
    with progress.shown(Console(stderr=True), job_types) as tell:
        return await run(Show(settings, output, tell, shown.thanks, simulated, shown.harmless, shown.tags))


def _print(results: Results) -> None:
    console = Console()
    table = Table(title=None, width=min(console.width, WIDEST_TABLE))
    captions = console.width >= ROOM_FOR_CAPTIONS
    for name, share in (("picture", 3), ("title", 4), ("caption", 6)):
        if name != "caption" or captions:
            table.add_column(name, overflow="fold", ratio=share)
    for name in ("quality", "policy"):
        table.add_column(name, width=WIDE_VERDICT if captions else NARROW_VERDICT)
    for name in ("seconds", "tokens"):
        table.add_column(name, justify="right")
    for shot in results.prints:
        why = say(shot.unreadable) if shot.unreadable else shot.failed or ""
        words = [shot.path, str(shot.title or why), *([str(shot.caption or why)] if captions else [])]
        verdicts = map(_style, (read_quality(shot.quality), read_policy(shot.policy)))
        table.add_row(*map(Text, words), *verdicts, f"{shot.seconds:.1f}", str(shot.tokens))
    console.print(table)
    for line in name_unreadable(results.tally):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(_sum_up(results.prints), highlight=False)
    tokens = sum(shot.tokens for shot in results.prints)
    console.print(f"{len(results.prints)} pictures, {tokens} tokens, {results.took.total_seconds():.1f} s")
    console.print(f"contact sheet: {results.page.resolve()}", soft_wrap=True)


def _style(badge: Badge | None) -> Text:
    return Text(badge.words.removeprefix("quality "), STYLES[badge.tone]) if badge else Text()


def _sum_up(prints: Sequence[Print]) -> Text:
    """How many pictures got which quality status, decision and kind of prompt, and how many tags."""
    quality = [
        badge.words.split(" · ")[0].removeprefix("quality ") for shot in prints if (badge := read_quality(shot.quality))
    ]
    policy = [badge.words.split(":")[0] for shot in prints if (badge := read_policy(shot.policy))]
    tags = ["ours" if tag.ours else "there before" for shot in prints for tag in shot.tags]
    prompts = [_name_prompt(wish) for shot in prints if (wish := read_prompt(shot.prompt, shot.history))]
    told = {"quality": Counter(quality), "policy": Counter(policy), "tags": Counter(tags), "prompts": Counter(prompts)}
    return Text("; ".join(f"{name}: {_count(counts)}" for name, counts in told.items() if counts))


def _name_prompt(wish: Wish) -> str:
    if wish.embedded:
        return "embedded"
    return "reconstructed" if wish.kept else "too uncertain"


def _count(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {word}" for word, number in counts.most_common())
