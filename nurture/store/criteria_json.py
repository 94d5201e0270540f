"""What the two databases say differently: values in JSON, days, case.

A value of another JSON type than wanted is NULL and never an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from nurture import clock
from nurture.criteria.folding import CAPITALS, SMALL, fold
from nurture.model import FieldType
from nurture.store.types import from_micros

Column = sa.ColumnElement[Any]
Path = Sequence[str]

DAY = r"\d{4}-[01]\d-[0-3]\d"
_SECOND = rf"{DAY}T[0-2]\d:[0-5]\d:[0-5]\d"
# In UTC, as `datetime.isoformat` writes it too: with or without microseconds.
INSTANTS = tuple(_SECOND + part + zone for part in (r"\.\d{6}", "") for zone in ("Z", r"\+00:00"))
_SHAPES = {FieldType.DATE: (DAY,), FieldType.INSTANT: INSTANTS}


class Dialect(Protocol):
    """What the other modules of the criteria ask of a database."""

    def json(self, document: Column, path: Path, kind: FieldType) -> Column:
        """The value at `path` if it is of this kind; NULL otherwise, and for empty texts and lists."""
        ...

    def number(self, value: Any) -> Column:
        """A bound number that keeps its decimals."""
        ...

    def scaled(self, column: Column, scale: int) -> Column:
        """`column` divided by `scale`, with decimals."""
        ...

    def has(self, document: Column, path: Path, item: Column, letters: str | None) -> sa.ColumnElement[bool]:
        """Whether the list at `path` has a text that is `item` in small letters. Never NULL for a known item."""
        ...

    def fold(self, column: Column, letters: str | None) -> Column:
        """The text in small letters; where `letters` are given, only these need be made small."""
        ...

    def find(self, text: Column, part: Column) -> sa.ColumnElement[bool]: ...

    def day_of(self, instant: Column, zone: str) -> Column:
        """The day, as text, of microseconds or of an instant in JSON."""
        ...

    def as_text(self, micros: Column) -> Column:
        """Microseconds the way instants stand in JSON, where the order of texts is that of time."""
        ...

    def ordered(self, text: Column) -> Column:
        """The text, compared letter by letter and not by the rules of a language."""
        ...

    def key(self, document: Column, path: Path) -> Column:
        """A text or whole number at `path`, as text."""
        ...

    def items(self, document: Column, field: str, by: str) -> tuple[sa.FromClause, Column, Column]:
        """What to join for the items of a list, an item as a document, and its key: its field `by`, or itself if it
        is a text or whole number; NULL if it is neither."""
        ...


def _parts(micros: Column) -> tuple[Column, Column]:
    """Whole seconds and the microseconds above them, before 1970 too."""
    million = sa.literal(1_000_000, sa.BigInteger)
    above = ((micros % million) + million) % million
    return (micros - above) // million, above


def _one_way(text: Column, kind: FieldType) -> Column:
    """An instant always written alike, so that the order of texts is that of time."""
    if kind is not FieldType.INSTANT:
        return text
    part = sa.case((sa.func.substr(text, 20, 1) == ".", sa.func.substr(text, 20, 7)), else_=".000000")
    return sa.func.substr(text, 1, 19, type_=sa.Text).concat(part).concat("Z")


class Sqlite:
    def json(self, document: Column, path: Path, kind: FieldType) -> Column:
        where = _sqlite_path(path)
        found = sa.func.json_type(document, where)
        value = sa.func.json_extract(document, where, type_=sa.Text)
        match kind:
            case FieldType.NUMBER:
                number = sa.func.json_extract(document, where, type_=sa.Float)
                return sa.case((found.in_(("integer", "real")), number))
            case FieldType.BOOLEAN:
                return sa.case((found == "true", sa.true()), (found == "false", sa.false()))
            case FieldType.LIST:
                some = sa.func.json_array_length(document, where) > 0
                return sa.case((sa.and_(found == "array", some), value))
        shapes = [value.op("GLOB")(_glob(shape)) for shape in _SHAPES.get(kind, ())]
        fits = sa.or_(*shapes) if shapes else value != ""
        return sa.case((sa.and_(found == "text", fits), _one_way(value, kind)))

    def number(self, value: Any) -> Column:
        whole = value == int(value)
        return sa.literal(int(value), sa.BigInteger) if whole else sa.literal(float(value), sa.Float)

    def scaled(self, column: Column, scale: int) -> Column:
        return column.op("/", return_type=sa.Float())(sa.literal(float(scale), sa.Float))

    def has(self, document: Column, path: Path, item: Column, letters: str | None) -> sa.ColumnElement[bool]:
        where = _sqlite_path(path)
        each = sa.func.json_each(document, where).table_valued("value", "type")
        same = sa.and_(each.c.type == "text", self.fold(each.c.value, letters) == item)
        found = sa.select(sa.literal(1)).select_from(each).where(same)
        is_list = sa.func.coalesce(sa.func.json_type(document, where), "") == "array"
        return sa.and_(is_list, found.correlate_except(each).exists())

    def fold(self, column: Column, letters: str | None) -> Column:
        return sa.func.nurture_fold(column, type_=sa.Text)

    def find(self, text: Column, part: Column) -> sa.ColumnElement[bool]:
        return sa.func.instr(text, part) > 0

    def day_of(self, instant: Column, zone: str) -> Column:
        return sa.func.nurture_day(instant, zone, type_=sa.Text)

    def as_text(self, micros: Column) -> Column:
        seconds, above = _parts(micros)
        start = sa.func.strftime("%Y-%m-%dT%H:%M:%S", seconds, "unixepoch", type_=sa.Text)
        return start.concat(sa.func.printf(".%06dZ", above, type_=sa.Text))

    def ordered(self, text: Column) -> Column:
        return text

    def key(self, document: Column, path: Path) -> Column:
        where = _sqlite_path(path)
        value = sa.cast(sa.func.json_extract(document, where), sa.Text)
        return sa.case((sa.func.json_type(document, where).in_(("text", "integer")), value))

    def items(self, document: Column, field: str, by: str) -> tuple[sa.FromClause, Column, Column]:
        where = _sqlite_path((field,))
        listed = sa.case(
            (sa.func.json_type(document, where) == "array", sa.func.json_extract(document, where)), else_="[]"
        )
        each = sa.func.json_each(listed).table_valued("value", "type", name="item")
        value, kind = each.c.value, each.c.type
        item = sa.case((kind.in_(("object", "array")), value), else_=sa.func.json_quote(value))
        own = sa.case((kind.in_(("text", "integer")), sa.cast(value, sa.Text)))
        return each, item, sa.case((kind == "object", self.key(value, (by,))), else_=own)


def _sqlite_path(path: Path) -> sa.BindParameter[str]:
    return sa.literal("$" + "".join(f'."{part}"' for part in path), sa.Text)


def _glob(pattern: str) -> str:
    """A pattern of digits, classes and letters as SQLite's GLOB has it."""
    counted = re.sub(r"\\d\{(\d+)\}", lambda found: r"\d" * int(found[1]), pattern)
    return counted.replace(r"\d", "[0-9]").replace(r"\.", ".").replace(r"\+", "+")


class Postgresql:
    def json(self, document: Column, path: Path, kind: FieldType) -> Column:
        node = _pg_node(document, path)
        found = sa.func.jsonb_typeof(node)
        value = _pg_text(document, path)
        match kind:
            case FieldType.NUMBER:
                return sa.case((found == "number", sa.cast(value, sa.Numeric)))
            case FieldType.BOOLEAN:
                return sa.case((found == "boolean", sa.cast(value, sa.Boolean)))
            case FieldType.LIST:
                # PostgreSQL may look at both sides of an AND, so the length has a CASE of its own
                length = sa.case((found == "array", sa.func.jsonb_array_length(node)))
                return sa.case((length > 0, node))
        shapes = _SHAPES.get(kind)
        fits = value.regexp_match(f"^({'|'.join(shapes)})$") if shapes else value != ""
        return sa.case((sa.and_(found == "string", fits), _one_way(value, kind)))

    def number(self, value: Any) -> Column:
        return sa.literal(value, sa.Numeric)

    def scaled(self, column: Column, scale: int) -> Column:
        return sa.cast(column, sa.Numeric).op("/", return_type=sa.Numeric())(sa.literal(scale, sa.Numeric))

    def has(self, document: Column, path: Path, item: Column, letters: str | None) -> sa.ColumnElement[bool]:
        node = _pg_node(document, path)
        empty = sa.literal([], JSONB)
        items = sa.case((sa.func.jsonb_typeof(node) == "array", node), else_=empty)
        each = sa.func.jsonb_array_elements(items).table_valued(sa.column("value", JSONB))
        value = each.c.value.op("#>>")(sa.text("'{}'"))
        same = sa.and_(sa.func.jsonb_typeof(each.c.value) == "string", self.fold(value, letters) == item)
        found = sa.select(sa.literal(1)).select_from(each).where(same)
        return found.correlate_except(each).exists()

    def fold(self, column: Column, letters: str | None) -> Column:
        ascii_small: Column = sa.func.lower(sa.collate(sa.cast(column, sa.Text), "C"), type_=sa.Text)
        pairs = [pair for pair in zip(CAPITALS, SMALL, strict=True) if letters is None or pair[1] in letters]
        if not pairs:
            return ascii_small
        capitals, small = ("".join(side) for side in zip(*pairs, strict=True))
        return sa.func.translate(ascii_small, capitals, small, type_=sa.Text)

    def find(self, text: Column, part: Column) -> sa.ColumnElement[bool]:
        return sa.func.strpos(text, part) > 0

    def day_of(self, instant: Column, zone: str) -> Column:
        moment = _pg_moment(instant) if isinstance(instant.type, sa.BigInteger) else _pg_parsed(instant)
        there = sa.func.timezone(zone, sa.func.timezone("UTC", moment))
        return sa.func.to_char(there, "YYYY-MM-DD", type_=sa.Text)

    def as_text(self, micros: Column) -> Column:
        _, above = _parts(micros)
        start = sa.func.to_char(_pg_moment(micros), 'YYYY-MM-DD"T"HH24:MI:SS', type_=sa.Text)
        return (
            start.concat(".").concat(sa.func.lpad(sa.cast(above, sa.Text), 6, "0", type_=sa.Text)).concat("Z")
        )

    def ordered(self, text: Column) -> Column:
        return sa.collate(text, "C")

    def key(self, document: Column, path: Path) -> Column:
        found, value = sa.func.jsonb_typeof(_pg_node(document, path)), _pg_text(document, path)
        whole = sa.and_(found == "number", value.regexp_match(r"^-?\d+$"))
        return sa.case((sa.or_(found == "string", whole), value))

    def items(self, document: Column, field: str, by: str) -> tuple[sa.FromClause, Column, Column]:
        node = _pg_node(document, (field,))
        none = sa.literal_column("'[]'::jsonb", JSONB)
        listed = sa.case((sa.func.jsonb_typeof(node) == "array", node), else_=none)
        each = sa.func.jsonb_array_elements(listed).table_valued(sa.column("value", JSONB), name="item")
        value: Column = each.c.value
        text: Column = value.op("#>>")(sa.literal_column("'{}'::text[]"))
        kind = sa.func.jsonb_typeof(value)
        whole = sa.and_(kind == "number", sa.cast(text, sa.Text).regexp_match(r"^-?\d+$"))
        own = sa.case((sa.or_(kind == "string", whole), sa.cast(text, sa.Text)))
        return each, value, sa.case((kind == "object", self.key(value, (by,))), else_=own)


def _pg_node(document: Column, path: Path) -> Column:
    node: Column = sa.type_coerce(document, JSONB)
    for part in path:
        node = node[part]
    return node


def _pg_text(document: Column, path: Path) -> Column:
    *outer, last = path
    node: Any = _pg_node(document, outer)
    text: Column = node[last].astext
    return text


def _pg_moment(micros: Column) -> Column:
    """Microseconds as a timestamp in UTC."""
    seconds, _ = _parts(micros)
    return sa.literal_column("TIMESTAMP 'epoch'") + seconds * sa.literal_column(
        "INTERVAL '1 second'", sa.Interval
    )


def _pg_parsed(instant: Column) -> Column:
    """An instant in JSON as a timestamp. By adding up, since a cast fails on 30 February."""

    def part(start: int, length: int, less: int) -> Column:
        return sa.cast(sa.func.substr(instant, start, length), sa.Integer) - less

    since_1970 = sa.func.make_interval(
        part(1, 4, 1970), part(6, 2, 1), 0, part(9, 2, 1), part(12, 2, 0), part(15, 2, 0), part(18, 2, 0)
    )
    return sa.literal_column("TIMESTAMP 'epoch'") + since_1970


def dialect(name: str) -> Dialect:
    """Raises KeyError for a database that isn't supported."""
    kinds: dict[str, type[Sqlite] | type[Postgresql]] = {"sqlite": Sqlite, "postgresql": Postgresql}
    return kinds[name]()


def register(connection: Any) -> None:
    """Give an SQLite connection the functions that conditions use."""
    connection.create_function("nurture_fold", 1, _fold, deterministic=True)
    connection.create_function("nurture_day", 2, _day, deterministic=True)


def _fold(text: object) -> str | None:
    return fold(text) if isinstance(text, str) else None


def _day(instant: object, zone: str) -> str | None:
    if isinstance(instant, int):
        return _local_day(from_micros(instant), zone)
    if not isinstance(instant, str):
        return None
    try:
        return _local_day(datetime.fromisoformat(instant).astimezone(UTC), zone)
    except ValueError:  # 30 February
        return None


def _local_day(instant: datetime, zone: str) -> str:
    day: date = clock.local(instant, zone).date()
    return day.isoformat()
