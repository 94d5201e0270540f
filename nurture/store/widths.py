"""The longest values that people have: what the longest text of a message is made with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from nurture.model import Field, FieldType
from nurture.store.criteria_json import Column, Dialect, dialect
from nurture.store.engine import Tx
from nurture.store.tables import contacts

_COUNTED = 1_000_000  # before a value's length: texts of equally many digits are ordered as their numbers are
_DIGITS = 7
_ASCII = frozenset(map(chr, range(128)))


@dataclass(frozen=True, slots=True)
class Longest:
    """Of one field: values among which the longest one is, and whether somebody has none."""

    values: tuple[Any, ...]
    missing: bool


def longest(tx: Tx, field: Field, alphabets: Sequence[str]) -> Longest | None:
    """Of the people with a phone number; None where nobody has one.

    Of a text the longest value and the longest first word of those within each alphabet, where it isn't within one
    before, and of those outside of all; of a number the smallest and the largest.
    """
    database, name = dialect(tx.dialect.name), tx.dialect.name
    reached = contacts.c.phone.is_not(None) & contacts.c.erased_at.is_(None)
    each = sa.select(_value(database, field).label("value")).where(reached).distinct().subquery()
    value: Column = each.c.value
    if field.type is FieldType.TEXT:
        columns = list(_longest(database, name, value, alphabets))
    else:
        columns = [sa.func.min(value), sa.func.max(value)]
    rows, known, *found = tx.execute(sa.select(sa.func.count(), sa.func.count(value), *columns)).one()
    read = _read_text if field.type is FieldType.TEXT else partial(_read_number, field.scale)
    given = dict.fromkeys([read(one) for one in found if one is not None])
    return Longest(tuple(given), known < rows) if rows else None


def _read_text(key: str) -> str:
    return key[_DIGITS:]


def _read_number(scale: int, found: Any) -> float:
    number = float(found) / scale
    return int(number) if scale == 1 and number.is_integer() else number


def _longest(database: Dialect, name: str, value: Column, alphabets: Sequence[str]) -> Iterator[Column]:
    space = (sa.func.instr if name == "sqlite" else sa.func.strpos)(value, " ", type_=sa.Integer)
    first = sa.func.substr(value, 1, space - 1, type_=sa.Text)
    for text, there in ((value, sa.true()), (first, space > 0)):
        key = sa.cast(_COUNTED + sa.func.char_length(text), sa.Text).concat(text)
        for fits in _classes(name, text, alphabets):
            yield sa.func.max(database.ordered(sa.case((sa.and_(there, fits), key))))


def _value(database: Dialect, field: Field) -> Column:
    if not field.column:
        return database.json(contacts.c.fields, (field.name,), field.type)
    column = contacts.c[field.column]
    return column if field.type is FieldType.NUMBER else sa.func.nullif(column, "", type_=sa.Text)


def _classes(name: str, text: Column, alphabets: Sequence[str]) -> Iterator[sa.ColumnElement[bool]]:
    """Within the first alphabet; within the next and not that; outside of the last."""
    outside = [_outside(name, text, alphabet) for alphabet in alphabets]
    yield sa.not_(outside[0])
    for narrow, wide in pairwise(outside):
        yield sa.and_(narrow, sa.not_(wide))
    yield outside[-1]


def _outside(name: str, text: Column, alphabet: str) -> sa.ColumnElement[bool]:
    """Whether a sign of the text isn't in the alphabet."""
    plain, other = (f"[^{''.join(ranges(signs))}]" for signs in (_ASCII & set(alphabet), alphabet))
    if name == "sqlite":  # which looks at every range for every sign: most texts have few
        return sa.and_(*(text.bool_op("GLOB")(f"*{each}*") for each in (plain, other)))
    return text.bool_op("~")(other)


def ranges(alphabet: Iterable[str]) -> Iterator[str]:
    """The alphabet as the inside of a class of a pattern: `a-c` for a, b, c."""
    signs = sorted(set(alphabet))
    start = before = signs[0]
    for sign in [*signs[1:], ""]:
        if not sign or ord(sign) != ord(before) + 1:
            yield start if start == before else f"{start}-{before}"
            start = sign
        before = sign
