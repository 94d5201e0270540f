"""Do-not-disturb lists from files: a telephone number on each line, whatever else stands there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TypeAlias

from nurture import digests, identity
from nurture.app.importing import files
from nurture.app.runtime import Runtime
from nurture.problems import NurtureError
from nurture.store import do_not_disturb as store

Progress: TypeAlias = Callable[[int], None]
_Line: TypeAlias = tuple[int, list[str]]  # its number and cells
BATCH = 5000
HEADINGS = 3  # lines before the first number that may hold none
SHOWN = 3  # lines without a number that are told
FEW = 100  # one of so many lines may hold no number without a doubt about the others
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_SEVERAL = re.compile(r"[;,\t|/]")  # between the numbers of one cell
_NUMBER = re.compile(r"fone|phone|celular|n[uú]mero|linha|terminal|msisdn", re.IGNORECASE)
_AREA = re.compile(r"ddd|[aá]rea", re.IGNORECASE)
_SHORTEST = 7  # digits of a number without its area code


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of a list: the numbers that it holds, those that are new and those that it let go."""

    list: str
    file: str
    numbers: int
    new: int
    released: int
    unread: int  # lines without a telephone number
    examples: tuple[int, ...]  # where some of those stand
    whole: bool  # else there were too many of those to let anybody go


def load(runtime: Runtime, path: Path, name: str, now: datetime, progress: Progress | None = None) -> Renewed:
    """Make the list `name` what this file says. Each number binds at once, also where nobody has it; what the file
    no longer holds is let go at its end, unless many of its lines hold no number: then it may have been on them.

    Raises NurtureError for a name that is none, and for a file that holds hardly any telephone numbers: then the
    list stays as it was.
    """
    if not _NAME.fullmatch(name):
        raise NurtureError(
            f"{name!r} is no name for a list: small letters, digits and hyphens, such as procon-sp"
        )
    text = files.read(path)
    _must_be_numbers(path, text.lines(), runtime)
    found = _Numbers(text.lines(), runtime)
    numbers, new = iter(found), 0
    while batch := list(islice(numbers, BATCH)):
        with runtime.store.begin() as tx:
            new += store.add(
                tx, name, [digests.address(runtime.secret, "phone", each) for each in batch], now
            )
        if progress:
            progress(found.read)
    whole = found.unread <= max(SHOWN, found.read // FEW)
    with runtime.store.begin() as tx:
        held, released = store.renewed(tx, name, path.name, text.sha256, now, let_go=whole)
    return Renewed(name, path.name, held, new, released, found.unread, tuple(found.examples), whole)


def _must_be_numbers(path: Path, lines: Iterator[_Line], runtime: Runtime) -> None:
    """The beginning of the file is looked at before anything is written."""
    found = _Numbers(islice(lines, BATCH), runtime)
    for _ in found:
        pass
    some = found.read - found.unread
    if some == 0:
        raise NurtureError(f"{path.name}: no telephone number in it; a list has one on each line")
    if found.unread > some:
        raise NurtureError(
            f"{path.name}: {found.unread} of the first {found.read} lines hold no telephone number (the first is "
            f"line {found.examples[0]}); is that the list?"
        )


class _Numbers:
    """The numbers of a file in E.164; a heading says in which columns they are."""

    def __init__(self, lines: Iterator[_Line], runtime: Runtime) -> None:
        self._lines, self._country = iter(lines), runtime.settings.company.country
        self._heading: list[str] = []
        self._columns: list[tuple[int | None, int]] = []
        self._before = 0  # lines that stand before the numbers
        self.read = self.unread = 0
        self.examples: list[int] = []

    def __iter__(self) -> Iterator[str]:
        for line, cells in self._lines:
            phones = self._of(cells)
            if not any(cells) or (not phones and self._is_heading(cells)):
                continue
            self.read += 1
            yield from phones
            if phones:
                continue
            self.unread += 1
            if len(self.examples) < SHOWN:
                self.examples.append(line)

    def _is_heading(self, cells: list[str]) -> bool:
        """Whether the line stands before the numbers and can't be meant to hold one itself."""
        too_late = self._columns or self.read > self.unread or self._before == HEADINGS
        if too_late or any(map(_may_be_number, cells)):
            return False
        self._before += 1
        self._heading, self._columns = cells, _columns(cells)
        return True

    def _of(self, cells: list[str]) -> list[str]:
        """The numbers of a line. Where no heading tells or it doesn't fit, whatever may be one: a number too many
        gets no advertising, one too few would get it."""
        if not self._columns or len(cells) != len(self._heading):
            return self._among(cells)
        found = (
            self._among([cells[number]], "" if area is None else cells[area])
            for area, number in self._columns
        )
        return list(dict.fromkeys(chain.from_iterable(found)))

    def _among(self, cells: list[str], area: str = "") -> list[str]:
        pieces = [piece.strip() for cell in cells for piece in _SEVERAL.split(cell)]
        alone = [self._phone(area, piece) for piece in pieces]
        pairs = [self._phone(one, other) for one, other in pairwise(pieces) if len(one) == 2]
        return list(dict.fromkeys(filter(None, alone))) or list(filter(None, pairs))

    def _phone(self, area: str, text: str) -> str | None:
        if not _may_be_number(text):
            return None
        return identity.phone(area + text, self._country) or identity.phone(text, self._country)


def _may_be_number(text: str) -> bool:
    return sum(map(str.isdigit, text)) >= _SHORTEST


def _columns(heading: list[str]) -> list[tuple[int | None, int]]:
    """The columns with numbers, each with that of its area codes: the last before it, else the first."""
    numbers = [place for place, name in enumerate(heading) if _NUMBER.search(name)]
    areas = [place for place, name in enumerate(heading) if _AREA.search(name) and place not in numbers]
    first = areas[0] if areas else None
    return [(max((area for area in areas if area < number), default=first), number) for number in numbers]
