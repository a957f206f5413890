"""A contact sheet: one HTML page and its thumbnails, which need nothing else to be looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from importlib.resources import files
from pathlib import Path

from bildwerk.demo.pictures import Credit
from bildwerk.reasons import say
from db.reads import Print

PAGE = "index.html"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a contact sheet shows. `thumbnails` are JPEGs by media id; `simulated` is said loudly."""

    prints: Sequence[Print]
    thumbnails: Mapping[int, bytes]
    language: str
    model: str
    took: timedelta | None = None
    simulated: bool = False
    thanks: Sequence[Credit] = ()


def write_sheet(sheet: Sheet, folder: Path) -> Path:
    """Write the page and its thumbnails; returns the page."""
    pictures = folder / "thumbnails"
    pictures.mkdir(parents=True, exist_ok=True)
    for media_id, jpeg in sheet.thumbnails.items():
        (pictures / f"{media_id}.jpg").write_bytes(jpeg)
    page = folder / PAGE
    page.write_text(render(sheet), "utf-8")
    return page


def render(sheet: Sheet) -> str:
    """The page. Every word from outside is escaped."""
    style = (files("bildwerk.demo") / "contact_sheet.css").read_text("utf-8")
    done = sum(bool(p.title or p.caption) for p in sheet.prints)
    facts = f"{done} of {len(sheet.prints)} pictures described by {sheet.model}"
    if sheet.took:
        facts += f" in {sheet.took.total_seconds():.1f} s"
    label = (
        '<p class="simulated">Simulated model: these words are made from colours and shapes, not by a vision model.</p>'
    )
    return f"""<!doctype html>
<html lang="{escape(sheet.language)}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>bildwerk contact sheet</title>
<style>
{style}</style>
<header>
<h1>bildwerk</h1>
<p>{escape(facts)}</p>
{label if sheet.simulated else ""}
</header>
<main>
{"".join(_figure(p, sheet) for p in sheet.prints)}</main>
{_thanks(sheet.thanks)}</html>
"""


def _figure(shot: Print, sheet: Sheet) -> str:
    image = '<div class="none">no picture</div>'
    if shot.media_id in sheet.thumbnails:
        image = f'<img src="thumbnails/{shot.media_id}.jpg" alt="{_text(shot.caption)}" loading="lazy">'
    return f"""<figure>
{image}
<figcaption>
<h2>{_text(shot.title) or "&mdash;"}</h2>
<p>{_text(shot.caption) or escape(_why(shot))}</p>
{_details(shot)}<p class="facts">{escape(_facts(shot))}</p>
</figcaption>
</figure>
"""


def _details(shot: Print) -> str:
    if not shot.description:
        return ""
    return f"<details><summary>Description</summary><p>{_text(shot.description)}</p></details>\n"


def _why(shot: Print) -> str:
    if shot.unreadable:
        return f"No picture: {say(shot.unreadable)}."
    return f"Failed: {', '.join(say(reason) for reason in shot.failed.split(', '))}." if shot.failed else ""


def _facts(shot: Print) -> str:
    size = f" · {shot.width} × {shot.height}" if shot.width else ""
    cost = f" · {shot.seconds:.1f} s · {shot.tokens} tokens" if shot.tokens else ""
    return f"{shot.path}{size}{cost}"


def _thanks(thanks: Sequence[Credit]) -> str:
    if not thanks:
        return ""
    items = "".join(
        f'<li><a href="{escape(c.source)}">{escape(c.subject)}</a>, {escape(c.author)} ({escape(c.licence)})</li>\n'
        for c in thanks
    )
    return f"<footer>\n<h2>Pictures</h2>\n<ul>\n{items}</ul>\n</footer>\n"


def _text(value: object) -> str:
    return escape(value) if isinstance(value, str) else ""
