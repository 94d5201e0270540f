"""How the terminal shows things: tables without borders, times in the company's zone."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo


def table(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns wide enough for their content; the columns in `right` are right-aligned."""
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = (
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
    return "\n".join(lines)


def when(instant: datetime | None, zone: str, now: datetime) -> str:
    """`today 09:12`, or the date; a dash for never."""
    if instant is None:
        return "-"
    local, today = instant.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    return f"today {local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def now() -> datetime:
    return datetime.now(UTC)


def as_json(document: Any) -> None:
    """Print a document for machines."""
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False, default=_plain)
    print()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def counts(values: Mapping[str, int], total: str = "none") -> str:
    """`1,200 e-mail, 30 sms`."""
    return ", ".join(f"{count:,} {name}" for name, count in values.items() if count) or total
