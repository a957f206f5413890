"""A contact sheet: one HTML page and its thumbnails, which need nothing else to be looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from importlib.resources import files
from pathlib import Path

from bildwerk.demo import likenesses, suggestions, verdicts
from bildwerk.demo.pictures import Credit
from bildwerk.reasons import say
from db.reads import Print

PAGE = "index.html"
_LEGEND = (
    '<p>Tags: <span class="tag ours">ours</span> the larger, the more a picture is about it; '
    '<span class="tag">there before</span> and <span class="tag locked">locked</span> ones are not touched.</p>'
)
_UNWEIGHED = 0.5


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
        '<p class="simulated">Simulated model: these words are made from colours and shapes, not by a vision model. '
        "What is measured is measured.</p>"
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
{_LEGEND if any(p.tags for p in sheet.prints) else ""}
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
{_badges(shot)}{_alike(shot, sheet)}{_tags(shot)}{_prompt(shot)}{_scores(shot)}{_details(shot)}
<p class="facts">{escape(_facts(shot))}</p>
</figcaption>
</figure>
"""


def _badges(shot: Print) -> str:
    badges = [badge for badge in (verdicts.read_quality(shot.quality), verdicts.read_policy(shot.policy)) if badge]
    items = "".join(f'<li class="{badge.tone}">{escape(badge.words)}</li>' for badge in badges)
    return f'<ul class="badges">{items}</ul>\n' if items else ""


def _alike(shot: Print, sheet: Sheet) -> str:
    """The pictures it is like, small, each with what it is to this one."""
    items = "".join(
        f'<li><img src="thumbnails/{other.media_id}.jpg" alt="" loading="lazy"><span>{escape(other.words)}</span></li>'
        for other in likenesses.list_others(shot.duplicates)
        if other.media_id in sheet.thumbnails
    )
    return f'<ul class="alike">{items}</ul>\n' if items else ""


def _tags(shot: Print) -> str:
    items = "".join(map(_tag, suggestions.label_tags(shot.tags)))
    return f'<ul class="tags">{items}</ul>\n' if items else ""


def _tag(label: suggestions.Label) -> str:
    kinds = " ".join(["tag", *["ours"] * label.ours, *["locked"] * label.locked])
    about = _UNWEIGHED if label.about is None else label.about
    words = escape(label.name) + " <small>locked</small>" * label.locked
    return f'<li class="{kinds}" style="--about: {about:.2f}" title="{escape(label.details)}">{words}</li>'


def _prompt(shot: Print) -> str:
    wish = suggestions.read_prompt(shot.prompt, shot.history)
    if wish is None:
        return ""
    negative = f"<p>without: {escape(wish.negative)}</p>" if wish.negative else ""
    kept = "kept in prompt_history" if wish.kept else "not in prompt_history"
    return (
        f'<blockquote class="{"kept" if wish.kept else "doubtful"}"><p>{escape(wish.prompt)}</p>{negative}'
        f"<footer>Prompt, {escape(wish.origin)}: {kept}</footer></blockquote>\n"
    )


def _scores(shot: Print) -> str:
    rows = "".join(map(_row, verdicts.list_scores(shot.scores)))
    return f"<table><caption>Scores</caption>\n{rows}</table>\n" if rows else ""


def _row(axis: verdicts.Axis) -> str:
    bar = "" if axis.score is None else f'<meter min="0" max="1" value="{axis.score:.2f}">{axis.score:.2f}</meter>'
    number = "&mdash;" if axis.score is None else f"{axis.score:.2f}"
    level, basis = axis.level, axis.basis
    if axis.limited:
        level, basis = "limited", f"{basis} The model says {axis.level}, but what is known allows no more."
    return (
        f'<tr title="{escape(basis)}"><th scope="row">{escape(axis.name)}</th><td>{bar}</td>'
        f"<td>{number}</td><td>{escape(level)}</td></tr>\n"
    )


def _details(shot: Print) -> str:
    defects, flags = verdicts.list_defects(shot.quality), verdicts.list_flags(shot.policy)
    description = f"<p>{_text(shot.description)}</p>" if shot.description else ""
    return "".join((
        _fold("Description", description),
        _fold(f"{len(defects)} defects" if len(defects) != 1 else "1 defect", _list(defects), unfolded=True),
        _fold(f"{len(flags)} flags" if len(flags) != 1 else "1 flag", _list(flags)),
    ))  # fmt: skip


def _fold(summary: str, inside: str, *, unfolded: bool = False) -> str:
    mark = " open" if unfolded else ""
    return f"<details{mark}><summary>{escape(summary)}</summary>{inside}</details>\n" if inside else ""


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""


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
