"""A file is read, and its rows become events.

It is read as a stream and its rows become events of the inbox, so an import needs no more memory
for a larger file. Each row has an identity of its own (the order's id, the person and what is said of
her), whatever file it stands in: importing it again changes nothing. Imported events are silent, they
start no journey, unless asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from nurture.app.importing import files, headers
from nurture.app.importing.cells import RowError
from nurture.app.importing.files import Record, Shape
from nurture.app.importing.mapping import SEGMENT, ColumnMapping, Kind, defaults
from nurture.app.importing.refused import Refused, RefusedFile, beside
from nurture.app.importing.rows import REQUIRED, Row, RowReader
from nurture.app.ingest import ingest
from nurture.model import NewEvent
from nurture.problems import NurtureError, nearest
from nurture.settings import Settings
from nurture.store import imports
from nurture.store.engine import Store
from nurture.store.scratch import Seen

Progress: TypeAlias = Callable[[int], None]
BATCH = 1000
_LOOKED_AT = 1000  # objects of NDJSON whose names are its columns


@dataclass(frozen=True, slots=True)
class Preview:
    """How a file would be understood. Nothing was written."""

    file: str
    kind: Kind
    encoding: str
    delimiter: str | None
    columns: Mapping[str, str]  # our field -> column
    unused: tuple[str, ...]  # columns that nothing is read from
    first: tuple[Row, ...]
    rows: int
    events: Mapping[str, int]  # by name
    with_consent: int
    ahead: int  # events that are dated after now
    refused: int
    reasons: Mapping[str, int]  # most frequent first
    examples: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. `known` events were there already and changed nothing."""

    file: str
    kind: Kind
    rows: int
    accepted: int
    refused: int
    new: int
    known: int
    events: Mapping[str, int]
    may_start_journeys: int
    ahead: int = 0  # events that are dated after now: they wait in the inbox
    reasons: Mapping[str, int] = field(default_factory=dict)
    refused_file: Path | None = None


def preview(
    path: Path,
    settings: Settings,
    now: datetime,
    *,
    mapping: ColumnMapping | None = None,
    kind: Kind | None = None,
    first: int = 5,
) -> Preview:
    """Read the whole file and say what an import would do. Raises NurtureError like `load`."""
    mapping, shape = _prepared(path, settings, mapping, kind)
    tally = _Tally(first, now)
    with Seen() as seen:
        for record, outcome in _understood(path, shape, RowReader(mapping, now), seen):
            tally.add(record, outcome)
    return Preview(
        file=path.name,
        kind=mapping.kind,
        encoding=shape.encoding,
        delimiter=shape.delimiter,
        columns=mapping.columns,
        unused=tuple(name for name in shape.header if name and name not in _used(mapping)),
        first=tuple(tally.first),
        rows=tally.rows,
        events=dict(tally.events),
        with_consent=tally.with_consent,
        ahead=tally.ahead,
        refused=tally.refused,
        reasons=dict(tally.reasons.most_common()),
        examples=tuple(tally.examples),
    )


def load(
    store: Store,
    path: Path,
    settings: Settings,
    now: datetime,
    *,
    mapping: ColumnMapping | None = None,
    kind: Kind | None = None,
    trigger_journeys: bool = False,
    refused_to: Path | None = None,
    progress: Progress | None = None,
    by: str | None = None,
) -> Imported:
    """Put the rows of a file into the inbox; what can't be taken goes to `refused_to`. What they consent to is
    recorded as `by` whom (see Origin).

    Refused rows are written beside the file (`people.refused.csv`) with line and reason, so that they
    can be put right and imported. `progress` is called with the rows read so far.
    Raises NurtureError where the file can't be read or lacks a column; nothing is written then.
    """
    mapping, shape = _prepared(path, settings, mapping, kind)
    tally, new, known = _Tally(0, now), 0, 0
    reader = RowReader(mapping, now, silent=not trigger_journeys, by=by)
    with Seen() as seen, RefusedFile(refused_to or beside(path), shape) as refused:
        outcomes = _understood(path, shape, reader, seen)
        while batch := list(islice(outcomes, BATCH)):
            events: list[NewEvent] = []
            for record, outcome in batch:
                tally.add(record, outcome)
                if isinstance(outcome, Row):
                    events += outcome.events
                else:
                    refused.write(outcome)
            taken = ingest(store, events, now)
            new, known = new + taken.new, known + taken.known
            if progress:
                progress(tally.rows)
    done = Imported(
        file=path.name,
        kind=mapping.kind,
        rows=tally.rows,
        accepted=tally.rows - tally.refused,
        refused=tally.refused,
        new=new,
        known=known,
        events=dict(tally.events),
        may_start_journeys=new if trigger_journeys else 0,
        ahead=tally.ahead,
        reasons=dict(tally.reasons.most_common()),
        refused_file=refused.path if tally.refused else None,
    )
    with store.begin() as tx:
        imports.note(tx, shape.sha256, mapping.kind.value, done.rows, done.accepted, known, done.refused, now)
    return done


# --- reading ------------------------------------------------------------------------------------


def _prepared(
    path: Path, settings: Settings, mapping: ColumnMapping | None, kind: Kind | None
) -> tuple[ColumnMapping, Shape]:
    """The mapping, whole, and the file's shape. Raises NurtureError where the two don't fit."""
    given = mapping or ColumnMapping(kind or Kind.CONTACTS, {})
    shape = files.inspect(path, encoding=given.encoding, delimiter=given.delimiter)
    if mapping is None or not mapping.columns or (mapping.columns == SEGMENT and not shape.is_json):
        mapping = _without_columns(path, settings, mapping, kind, shape)
    _must_fit(path, mapping, shape)
    return mapping, shape


def _without_columns(
    path: Path, settings: Settings, mapping: ColumnMapping | None, kind: Kind | None, shape: Shape
) -> ColumnMapping:
    """Columns known by their names in well-known exports; events in NDJSON are in Segment's shape."""
    guessed = Kind.EVENTS if shape.is_json else headers.looks_like(shape.header)
    base = mapping or defaults(kind or guessed, settings, {})
    if shape.is_json and base.kind is Kind.EVENTS:
        return replace(base, columns=SEGMENT)
    names = _names(path, shape)
    columns = headers.recognise(base.kind, names)
    named = {*columns, *base.values}
    lacking = [name for name in REQUIRED[base.kind] if name not in named]
    if not named & {"ref", "email", "phone"}:
        lacking.append("ref, email or phone")
    if lacking:
        if shape.is_json and {"event", "timestamp"} <= set(names):
            raise NurtureError(f"{path.name} holds events: nurture import events {path}")
        raise NurtureError(
            f"{path.name}: no column is known to be {', '.join(lacking)}; name it in a mapping "
            f"(docs/how-to/import.md). The columns are: {_listed(names)}"
        )
    return replace(base, columns=columns)


def _names(path: Path, shape: Shape) -> Sequence[str]:
    """The columns; of NDJSON the names in its first objects, of which none need have all."""
    if not shape.is_json:
        return shape.header
    first = islice(files.records(path, shape), _LOOKED_AT)
    return tuple(dict.fromkeys(name for record in first for name in record.cells))


def _must_fit(path: Path, mapping: ColumnMapping, shape: Shape) -> None:
    """Every column that the mapping names is in the file. NDJSON shows that row by row."""
    if shape.is_json:
        return
    wrong = [name for name in _used(mapping) if name not in shape.header]
    if not wrong:
        return
    lines = []
    for name in wrong:
        near = nearest(name, shape.header) or _same_but_signs(name, shape.header)
        lines.append(f"no column {name!r}" + (f" (did you mean {near!r}?)" if near else ""))
    raise NurtureError(f"{path.name}: {'; '.join(lines)}. The columns are: {_listed(shape.header)}")


def _same_but_signs(name: str, header: Sequence[str]) -> str | None:
    plain = headers.plain(name)
    return next((column for column in header if headers.plain(column) == plain), None)


def _used(mapping: ColumnMapping) -> list[str]:
    rule = mapping.consent
    extra = [rule.date_from, rule.only_if, rule.unless, rule.ip_from] if rule else []
    return [*dict.fromkeys([*mapping.columns.values(), *(name for name in extra if name)])]


def _listed(header: Iterable[str]) -> str:
    return ", ".join(name for name in header if name)


def _understood(
    path: Path, shape: Shape, reader: RowReader, seen: Seen
) -> Iterator[tuple[Record, Row | Refused]]:
    for record in files.records(path, shape):
        try:
            row = reader.read(record)
        except RowError as error:
            yield record, Refused(record.line, str(error), record.cells, record.text)
            continue
        before = seen.first(row.key, record.line, row.digest)
        if before is None:
            yield record, row
        else:
            yield record, Refused(record.line, _repeated(before, row), record.cells)


def _repeated(before: tuple[int, str], row: Row) -> str:
    line, digest = before
    if digest == row.digest:
        return f"the same as line {line}"
    return f"line {line} is about the same one and says otherwise, the first counts"


class _Tally:
    """What a pass over a file counts."""

    def __init__(self, first: int, now: datetime) -> None:
        self.wanted, self.now = first, now
        self.rows = self.refused = self.with_consent = self.ahead = 0
        self.events: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.first: list[Row] = []
        self.examples: list[Refused] = []

    def add(self, record: Record, outcome: Row | Refused) -> None:
        self.rows += 1
        if isinstance(outcome, Refused):
            self.refused += 1
            self.reasons[_kind_of(outcome.reason)] += 1
            if len(self.examples) < self.wanted:
                self.examples.append(outcome)
            return
        self.events.update(event.name for event in outcome.events)
        self.ahead += sum(event.occurred_at > self.now for event in outcome.events)
        self.with_consent += any(consent.given for event in outcome.events for consent in event.consents)
        if len(self.first) < self.wanted:
            self.first.append(outcome)


def _kind_of(reason: str) -> str:
    """A reason without the row's own values, to count by: nothing personal is left. What is to be written stands
    in backticks and stays."""
    quoted = re.compile(r"(`[^`]*`)|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
    without = quoted.sub(lambda found: found[1] or "…", reason)
    return re.sub(r" at character \d+$", "", re.sub(r"line \d+", "another line", without))
