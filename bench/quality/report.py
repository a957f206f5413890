"""Sections into docs/quality.md, between their markers, and every figure into a file for programs."""

import re
from pathlib import Path

import orjson
from rich.table import Table as Grid

from bench.quality.parts import Section, Table

DOCUMENT = "quality.md"


def write(folder: Path, name: str, section: Section) -> None:
    """Put a section into `folder`/quality.md, and its plot beside it. Raises ValueError if it has no place there."""
    path = folder / DOCUMENT
    text = path.read_text()
    place = re.compile(rf"(<!-- measured: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    body = "\n\n".join([*map(_markdown, section.tables), *([f"![{name}](quality-{name}.svg)"] if section.plot else [])])
    written, places = place.subn(lambda found: f"{found[1]}\n{body}\n\n{found[2]}", text)
    if places != 1:
        raise ValueError(f"{path} has {places} places for {name}")
    path.write_text(written)
    if section.plot:
        (folder / f"quality-{name}.svg").write_text(section.plot)


def keep(path: Path, sections: dict[str, Section]) -> None:
    """Every figure, for programs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps({name: section.figures for name, section in sections.items()}))


def draw(table: Table) -> Grid:
    """The table at a terminal."""
    grid = Grid(title=table.title, title_justify="left")
    for name in table.header:
        grid.add_column(name)
    for row in table.rows:
        grid.add_row(*(cell.replace("`", "").replace("**", "") for cell in row))
    return grid


def _markdown(table: Table) -> str:
    rows = [table.header, ["---"] * len(table.header), *table.rows]
    return "\n".join([f"**{table.title}**", "", *("| " + " | ".join(row) + " |" for row in rows)])
