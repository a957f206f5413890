"""Moments as people write them, and as they are shown."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

AGO: Final = re.compile(r"(\d{1,6})([smhd])")
UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
HOW: Final = (
    "as 2026-05-01, 2026-05-01T12:30 or 2026-05-01T12:30+02:00 (UTC where no zone is given), or 90m, 24h, 7d ago"
)


def read_moment(text: str) -> datetime:
    """The moment with its zone. Raises typer.BadParameter."""
    try:
        if ago := AGO.fullmatch(text):
            return datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no moment: write it {HOW}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def show_moment(moment: datetime) -> str:
    """To the second, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def show_milliseconds(milliseconds: int) -> str:
    """A message's timestamp; a dash for those that have none, or none that a calendar knows."""
    try:
        return "-" if milliseconds < 0 else show_moment(datetime.fromtimestamp(milliseconds / 1000, UTC))
    except (ValueError, OverflowError, OSError):
        return "-"


def to_milliseconds(moment: datetime | None) -> int | None:
    """Since 1970, as messages have it."""
    return None if moment is None else round(moment.timestamp() * 1000)


Since = Annotated[
    datetime | None, typer.Option("--since", parser=read_moment, metavar="WHEN", help=f"From then on, {HOW}.")
]
Until = Annotated[
    datetime | None, typer.Option("--until", parser=read_moment, metavar="WHEN", help="Before then; written likewise.")
]
