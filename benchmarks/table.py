"""The rows of the table: what was measured, and the floor that it must keep."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

SQLITE, POSTGRESQL, NONE = "SQLite", "PostgreSQL", ""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `unit` is "x" for a ratio, "/s", "ms", "s", "MB" or, for a number of things, ""; `note` says what
    it was made of."""

    what: str
    database: str
    figure: float | None  # None: could not be measured here, which the note says loudly
    unit: str
    floor: float | None  # None: nothing was promised
    at_least: bool  # the figure must be at least the floor; else at most
    note: str

    @property
    def met(self) -> bool:
        if self.figure is None or self.floor is None:
            return True
        return self.figure >= self.floor if self.at_least else self.figure <= self.floor

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        limit = "-"
        if self.floor is not None:
            limit = f"{'at least' if self.at_least else 'at most'} {shown(self.floor, self.unit)}"
        measured = "not measured" if self.figure is None else shown(self.figure, self.unit)
        said = "" if self.met else " **missed**"
        return self.what, self.database or "-", measured + said, limit, self.note

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def at_least(what: str, database: str, figure: float, unit: str, floor: float, note: str) -> Row:
    return Row(what, database, figure, unit, floor, True, note)


def at_most(what: str, database: str, figure: float, unit: str, floor: float, note: str) -> Row:
    return Row(what, database, figure, unit, floor, False, note)


def told(what: str, database: str, figure: float, unit: str, note: str) -> Row:
    """A figure without a floor."""
    return Row(what, database, figure, unit, None, True, note)


def left_out(what: str, unit: str, floor: float, why: str) -> Row:
    """A row that can't be measured on this machine."""
    return Row(what, NONE, None, unit, floor, True, why)


def shown(figure: float, unit: str) -> str:
    """The figure with as many digits as mean something."""
    if unit == "x":
        return f"{figure:.2f}" if figure < 10 else f"{figure:.1f}"
    if not unit:
        return f"{figure:,.0f}"
    digits = 0 if figure >= 100 or unit == "MB" else 1 if figure >= 10 else 2
    return f"{figure:,.{digits}f}{unit if unit.startswith('/') else ' ' + unit}"


def markdown(rows: Iterable[Row]) -> str:
    head = ("what", "database", "measured", "floor", "from")
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row.cells) + " |" for row in rows]) + "\n"


def plain(rows: Iterable[Row]) -> str:
    """The table for a terminal: its notes below the figures they explain."""
    lines = []
    for row in rows:
        what, database, figure, limit, note = row.cells
        lines.append(f"{what:<52} {database:<11} {figure.replace('**', ''):>16}   {limit}")
        lines.append(f"    {note}")
    return "\n".join(lines)
