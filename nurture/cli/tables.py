"""How the terminal shows things: tables without borders, at most 80 columns, times in the company's zone."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from textwrap import wrap
from typing import Any
from zoneinfo import ZoneInfo

WIDTH = 80
_NARROWEST = 20  # of a last column that is wrapped


def table(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns wide enough for their content; the columns in `right` are right-aligned.

    Where a line would be longer than the terminal, its last cell goes on below.
    """
    if not rows:
        return ""
    last = len(rows[0]) - 1
    widths = [max(len(row[column]) for row in rows) for column in range(last + 1)]
    room = max(WIDTH - sum(widths[:-1]) - 2 * last, _NARROWEST)
    lines = []
    for *before, cell in rows:
        parts = wrap(cell, room, break_on_hyphens=False) if last not in right and last else [cell]
        for part in parts or [""]:
            cells = [*before, part]
            lines.append(_line(cells, widths, right))
            before = [""] * last
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    padded = (
        cell.rjust(width) if column in right else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(padded).rstrip()


def paragraph(text: str, indent: int = 0) -> str:
    """The text in lines that fit; those after the first stand two columns further in."""
    margin = " " * indent
    lines = wrap(
        text,
        WIDTH,
        initial_indent=margin,
        subsequent_indent=margin + "  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
    return "\n".join(lines)


def letter(text: str) -> str:
    """Text of several paragraphs, each in lines that fit."""
    return "\n".join(line if len(line) <= WIDTH else paragraph(line) for line in text.splitlines())


def when(instant: datetime | None, zone: str, now: datetime) -> str:
    """`today 09:12`, or the date; a dash for never."""
    if instant is None:
        return "-"
    local, today = instant.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    return f"today {local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def wall(instant: datetime, zone: str) -> str:
    """The date and the time on the wall."""
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def now() -> datetime:
    return datetime.now(UTC)


def as_json(document: Any) -> None:
    """Print a document for machines."""
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False, default=_plain)
    print()


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case Mapping():
            return dict(value)
        case set() | frozenset():
            return sorted(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return str(value)


def counts(values: Mapping[str, int], total: str = "none") -> str:
    """`1,200 e-mail, 30 sms`."""
    return ", ".join(f"{count:,} {name}" for name, count in values.items() if count) or total


def cut(text: str, width: int) -> str:
    """The text on one line of at most `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 person`, `1,200 people`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
