"""Opening a spreadsheet export or an event file, whatever program wrote it.

Encoding, delimiter and newlines are found out; a file is read as a stream, so its size doesn't matter.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from nurture import identity
from nurture.problems import NurtureError

_CHUNK = 1 << 20
_LONGEST_CELL = 1 << 20
_LOOKED_AT = 100  # lines that show which sign stands between cells
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNDEFINED_IN_CP1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")
_NOT_TEXT = {
    b"PK\x03\x04": "an Excel file or archive; save it as CSV first",
    b"\xd0\xcf\x11\xe0": "an old Excel file; save it as CSV first",
    b"%PDF": "a PDF",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is written."""

    encoding: str
    delimiter: str | None  # None: NDJSON
    header: tuple[str, ...]  # of NDJSON: the names in its first object
    sha256: str

    @property
    def is_json(self) -> bool:
        return self.delimiter is None


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a file: the line it starts on, its cells by column, or what is wrong with it, and then as it stands in
    the file."""

    line: int
    cells: Mapping[str, Any]
    problem: str | None = None
    text: str | None = None


def inspect(path: Path, *, encoding: str | None = None, delimiter: str | None = None) -> Shape:
    """Find out how a file is written; what is given is believed, and checked.

    Raises NurtureError for a file that isn't there, is empty, isn't text or isn't in `encoding`.
    """
    found, sha256 = _encoding(path, encoding)
    with _text(path, found) as lines:
        first = next((line for line in lines if line.strip()), "")
    if not first.strip():
        raise NurtureError(f"{path.name}: the file is empty")
    if first.lstrip().startswith("{"):
        return Shape(found, None, tuple(_object(first)[0] or ()), sha256)
    if first.lower().startswith("sep=") and len(first.strip()) == 5:  # Excel's own way to name it
        delimiter = delimiter or first.strip()[4]
    with _text(path, found) as lines:
        start = next(line for line in lines if line.strip() and not line.lower().startswith("sep="))
    delimiter = delimiter or _delimiter(start)
    shape = Shape(found, delimiter, (), sha256)
    with _text(path, found) as lines:
        header = tuple(map(_plain, next(_rows(lines, shape))[1]))
    if any(identity.email(name) for name in header) or all(name.strip("-.,").isdigit() for name in header):
        raise NurtureError(f"{path.name}: the first row must name the columns; this one looks like data")
    return Shape(found, delimiter, header, sha256)


@dataclass(frozen=True, slots=True)
class Plain:
    """A file with or without a heading, in whatever encoding."""

    path: Path
    encoding: str
    sha256: str

    def lines(self) -> Iterator[tuple[int, list[str]]]:
        """Its lines with their numbers and cells, read as a stream. Each is CSV by itself, so that a quote which isn't
        closed hides no other line."""
        with _text(self.path, self.encoding) as text:
            first = list(islice(text, _LOOKED_AT))
            sign = max(";\t|,", key=lambda sign: sum(sign in _unquoted(line) for line in first))
            for number, line in enumerate(chain(first, text), 1):
                yield number, _cells(line.rstrip("\r\n"), sign)


def read(path: Path) -> Plain:
    """Find out how a file without a shape is written. Raises NurtureError where it isn't there or isn't text."""
    return Plain(path, *_encoding(path, None))


def records(path: Path, shape: Shape) -> Iterator[Record]:
    """The rows after the header, in order. One that can't be read comes with its problem."""
    with _text(path, shape.encoding) as lines:
        yield from _json_records(lines) if shape.is_json else _csv_records(lines, shape)


def _csv_records(lines: IO[str], shape: Shape) -> Iterator[Record]:
    rows = _rows(lines, shape)
    next(rows)
    names = shape.header
    for line, cells, problem, text in rows:
        if not any(cells) and not problem:
            continue
        if len(cells) > len(names) and any(cells[len(names) :]):
            problem = f"{len(cells)} cells under {len(names)} columns: a stray delimiter or quote"
        if not problem and _are_rows(text, shape):
            said = f"{len(text)} lines that look like rows are one row"
            problem = f"{said}: look for a quote that isn't closed, or take the line ends out of a cell"
        # Of two columns with one name the first counts, so it is written last.
        pairs = list(zip(names, cells, strict=False))
        found = {name: _plain(cell) for name, cell in reversed(pairs)}
        yield Record(line, found, problem, "".join(text) if problem else None)


def _are_rows(lines: list[str], shape: Shape) -> bool:
    """Whether the lines of one row could each be one: then two people may have become one."""
    signs = len(shape.header) - 1
    return len(lines) > 1 and signs > 0 and all(line.count(shape.delimiter or ",") == signs for line in lines)


def _plain(cell: str) -> str:
    """Without spaces around, and without the apostrophe that keeps a spreadsheet from running it."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell


def _rows(lines: IO[str], shape: Shape) -> Iterator[tuple[int, list[str], str | None, list[str]]]:
    """The line each row starts on, its cells, what the CSV reader had against it, and the lines that it took: they
    hold until the next row."""
    csv.field_size_limit(_LONGEST_CELL)
    taken: list[str] = []
    reader = csv.reader(
        _noted(lines, taken), delimiter=shape.delimiter or ",", skipinitialspace=True, strict=True
    )
    begun = False
    while True:
        start, cells, problem = reader.line_num + 1, [], None
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = f"cannot be read as CSV ({error}): look for a quote that isn't closed"
        if not begun and (not any(cells) or _names_delimiter(cells)):
            continue
        begun = True
        yield start, cells, problem, taken


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        read = csv.reader([line], delimiter=delimiter, skipinitialspace=True)
        return [cell.strip() for cell in next(read, [])]
    except csv.Error:  # longer than any cell may be
        return [line]


def _noted(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        yield line


def _names_delimiter(cells: list[str]) -> bool:
    return cells[0].lower().startswith("sep=")


def _json_records(lines: IO[str]) -> Iterator[Record]:
    for line, text in enumerate(lines, 1):
        if text.strip():
            found, problem = _object(text)
            yield Record(line, found or {}, problem, text.rstrip("\r\n") if problem else None)


def _object(text: str) -> tuple[dict[str, Any] | None, str | None]:
    try:
        found = json.loads(text.rstrip(), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        return None, f"is not JSON: {error.msg} at character {error.colno}"
    except (ValueError, RecursionError) as error:
        return None, f"is not JSON: {error}"
    return (found, None) if isinstance(found, dict) else (None, "is not a JSON object in { }")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


@contextmanager
def _text(path: Path, encoding: str) -> Iterator[IO[str]]:
    with _open(path) as raw, io.TextIOWrapper(raw, encoding=encoding, newline="") as text:
        yield text


def _open(path: Path) -> Any:
    try:
        return gzip.open(path) if path.suffix == ".gz" else path.open("rb")
    except OSError as error:
        raise NurtureError(f"{path}: {error.strerror or error}") from None


def _encoding(path: Path, given: str | None) -> tuple[str, str]:
    """The file's encoding, and the SHA-256 of its (unpacked) bytes. Reads it once."""
    digest, head = hashlib.sha256(), b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf8, undefined = True, False
    for chunk in _chunks(path):
        head = head or chunk[:4096]
        digest.update(chunk)
        undefined = undefined or any(byte in chunk for byte in _UNDEFINED_IN_CP1252)
        if utf8:
            utf8 = _decodes(decoder, chunk)
    utf8 = utf8 and _decodes(decoder, b"", final=True)
    _must_be_text(path, head)
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    found = marked or ("utf-8" if utf8 else "latin-1" if undefined else "cp1252")
    if marked and not utf8:
        _must_decode(path, marked, "its first bytes say so; export it anew, as CSV in UTF-8")
    if given:
        _must_decode(path, given, "leave `encoding` out of the mapping and it is found out")
        found = marked if marked and codecs.lookup(given).name == "utf-8" else given
    return found, digest.hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with _open(path) as raw:
            while chunk := raw.read(_CHUNK):
                yield chunk
    except (OSError, EOFError) as error:  # a torn .gz
        raise NurtureError(f"{path.name}: {error}") from None


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _must_be_text(path: Path, head: bytes) -> None:
    for start, what in _NOT_TEXT.items():
        if head.startswith(start):
            raise NurtureError(f"{path.name}: this is {what}")
    if b"\x00" in head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise NurtureError(f"{path.name}: this is not a text file")


def _must_decode(path: Path, encoding: str, way_out: str) -> None:
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise NurtureError(f"{path.name}: no encoding is called {encoding!r}; try utf-8 or latin-1") from None
    line = 1
    for chunk in chain(_chunks(path), (b"",)):
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            line += chunk[: error.start].count(b"\n")
            raise NurtureError(f"{path.name}:{line}: is not {encoding}; {way_out}") from None
        line += chunk.count(b"\n")


def _delimiter(header: str) -> str:
    """The sign between the names of the header row, outside quotes."""
    return max(",;\t|", key=_unquoted(header).count)


def _unquoted(line: str) -> str:
    return re.sub(r'"[^"]*("|$)', "", line)
