"""Files that still name somebody who was erased: those that nurture wrote are put right, the others are told."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nurture.app.importing.refused import COLUMNS

_PIECE = 1 << 20
_OVERLAP = 400  # bytes: nothing that is sought is longer
_OTHERS = frozenset((".git", ".venv", "node_modules", "__pycache__"))
_TELLING = 8  # letters from which a ref without a digit is no common word
_AROUND = 80  # bytes before and behind
_BETWEEN = rb"[ ().\-/]{0,3}"


@dataclass(frozen=True, slots=True)
class Name:
    """One thing that names a person: bytes in lower case that are there wherever it stands, and what stands around them."""

    fixed: bytes
    pattern: re.Pattern[bytes]

    def within(self, lowered: bytes) -> bool:
        # to look for the fixed part first is a hundred times quicker in a large file
        place = lowered.find(self.fixed)
        while place >= 0:
            if self.pattern.search(lowered[max(0, place - _AROUND) : place + len(self.fixed) + _AROUND]):
                return True
            place = lowered.find(self.fixed, place + 1)
        return False


@dataclass(frozen=True, slots=True)
class Sought:
    """What names a person, as it may stand in a file."""

    names: tuple[Name, ...]

    def within(self, content: bytes) -> bool:
        lowered = content.lower()
        return any(name.within(lowered) for name in self.names)


def sought(people: Iterable[Mapping[str, Any]]) -> Sought:
    """The e-mail addresses, phone numbers, full names and refs of these people; not what is an everyday word."""
    return Sought(tuple(name for person in people for name in _names(person)))


def _names(person: Mapping[str, Any]) -> Iterator[Name]:
    if person["email"]:
        yield _word(person["email"])
    if person["phone"]:
        yield _phone(person["phone"])
    if person["first_name"] and person["last_name"]:
        yield _word(f"{person['first_name']} {person['last_name']}")
    ref = person["ref"]
    if len(ref) >= _TELLING or (len(ref) > 1 and any(letter.isdigit() for letter in ref)):
        yield _word(ref, rb"(?<![\w-])", rb"(?![\w-])")


def _word(text: str, before: bytes = b"", after: bytes = b"") -> Name:
    fixed = text.encode().lower()
    return Name(fixed, re.compile(before + re.escape(fixed) + after))


def _phone(phone: str) -> Name:
    """The number (E.164) as people write it: with or without its country, a Brazilian mobile's ninth digit and signs
    in between."""
    import phonenumbers as lib  # its tables take a while to load

    number = lib.parse(phone, None)
    digits = [digit.encode() for digit in lib.national_significant_number(number)]
    last = b"".join(digits[-2:])
    if number.country_code == 55 and len(digits) == 11:
        digits[2] += b"?"
    country = rb"(?:\+?" + str(number.country_code).encode() + _BETWEEN + rb")?"
    return Name(last, re.compile(rb"(?<!\d)" + country + _BETWEEN.join(digits) + rb"(?!\d)"))


def naming(folder: Path, who: Sought, but: Sequence[Path] = ()) -> list[Path]:
    """The files of a folder in which somebody is named."""
    if not who.names:
        return []
    left_out = {path.resolve() for path in but}
    return [path for path in _files(folder) if path.resolve() not in left_out and names(path, who)]


def _files(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _OTHERS)
        yield from (path for name in sorted(files) if (path := Path(where) / name).is_file())


def names(path: Path, who: Sought) -> bool:
    """Whether a file names somebody. What can't be read is taken for a file that doesn't."""
    before = b""
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                if who.within(before + piece):
                    return True
                before = piece[-_OVERLAP:]
    except OSError:
        return False
    return False


def clean_refused(path: Path, who: Sought) -> bool:
    """Take the rows that name somebody out of a file of refused rows; whether it is one."""
    if ".refused." not in path.name:
        return False
    is_csv = path.suffix == ".csv"
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        text = file.read()
    kept = _without_rows(text, who) if is_csv else _without_lines(text, who)
    encoding = "utf-8-sig" if is_csv else "utf-8"
    path.write_text(kept, encoding=encoding, errors="surrogateescape", newline="")
    return True


def _without_lines(text: str, who: Sought) -> str:
    return "".join(
        line
        for line in text.splitlines(keepends=True)
        if not who.within(line.encode(errors="surrogateescape"))
    )


def _without_rows(text: str, who: Sought) -> str:
    place = text.find(COLUMNS[0])
    delimiter = text[place - 1] if place > 0 and text[place - 1] in ",;\t|" else ","
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        if not who.within("\n".join(row).encode(errors="surrogateescape")):
            writer.writerow(row)
    return out.getvalue()
