"""Do-not-disturb lists from files: one telephone number a line, whatever else stands there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import TypeAlias

from nurture import digests, identity
from nurture.app.importing import files
from nurture.app.runtime import Runtime
from nurture.problems import NurtureError
from nurture.store import do_not_disturb as store

Progress: TypeAlias = Callable[[int], None]
BATCH = 5000
HEADINGS = 3  # lines before the first number that may hold none
SHOWN = 3  # lines without a number that are told
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_CELLS = re.compile(r"[;,\t|]")
_NUMBER = re.compile(r"fone|phone|celular|n[uú]mero|linha|terminal|msisdn", re.IGNORECASE)
_AREA = re.compile(r"ddd|c[oó]d.*[aá]rea|area", re.IGNORECASE)


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


def load(runtime: Runtime, path: Path, name: str, now: datetime, progress: Progress | None = None) -> Renewed:
    """Make the list `name` what this file says. Each number binds at once, also where nobody has it; what the file
    no longer holds is let go at its end.

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
    with runtime.store.begin() as tx:
        held, released = store.renewed(tx, name, path.name, text.sha256, now)
    return Renewed(name, path.name, held, new, released, found.unread, tuple(found.examples))


def _must_be_numbers(path: Path, lines: Iterator[tuple[int, str]], runtime: Runtime) -> None:
    """The beginning of the file is looked at before anything is written."""
    found = _Numbers(islice(lines, BATCH), runtime)
    some = sum(1 for _ in found)
    if some == 0:
        raise NurtureError(f"{path.name}: no telephone number in it; a list has one on each line")
    if found.unread > some:
        raise NurtureError(
            f"{path.name}: {found.unread} of the first {found.read} lines hold no telephone number (the first is "
            f"line {found.examples[0]}); is that the list?"
        )


class _Numbers:
    """The numbers of a file in E.164, one a line; a header says in which column they are."""

    def __init__(self, lines: Iterator[tuple[int, str]], runtime: Runtime) -> None:
        self._lines, self._country = iter(lines), runtime.settings.company.country
        self._area = self._number = -1
        self._headings = 0
        self.read = self.unread = 0
        self.examples: list[int] = []

    def __iter__(self) -> Iterator[str]:
        for line, text in self._lines:
            cells = [cell.strip().strip('"').strip() for cell in _CELLS.split(text)]
            if not any(cells) or (self.read == 0 and self._headings < HEADINGS and self._is_heading(cells)):
                continue
            self.read += 1
            phone = self._of(cells)
            if phone is not None:
                yield phone
                continue
            self.unread += 1
            if len(self.examples) < SHOWN:
                self.examples.append(line)

    def _is_heading(self, cells: list[str]) -> bool:
        if self._of(cells) is not None:
            return False
        self._headings += 1
        self._area = next((place for place, cell in enumerate(cells) if _AREA.search(cell)), -1)
        self._number = next((place for place, cell in enumerate(cells) if _NUMBER.search(cell)), -1)
        return True

    def _of(self, cells: list[str]) -> str | None:
        if 0 <= self._number < len(cells):
            area = cells[self._area] if 0 <= self._area < len(cells) and self._area != self._number else ""
            return identity.phone(area + cells[self._number], self._country)
        pairs = [one + other for one, other in pairwise(cells) if len(one) == 2]
        tried = (identity.phone(cell, self._country) for cell in (*cells, *pairs) if cell)
        return next((phone for phone in tried if phone is not None), None)
