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
    reached = contacts.c.phone.is_not(None) & contacts.c.erased_at.is_(None)
    value = _value(dialect(tx.dialect.name), field).label("value")
    values = sa.select(value).where(reached).distinct().cte("known")
    text = field.type is FieldType.TEXT
    wanted = _longest(tx.dialect.name, values, alphabets) if text else _extremes(values)
    rows, known, *found = tx.execute(wanted).one()
    read = _read_text if text else partial(_read_number, field.scale)
    given = dict.fromkeys([read(one) for one in found if one is not None])
    return Longest(tuple(given), known < rows) if rows else None


def _extremes(values: sa.CTE) -> sa.Select[Any]:
    value: Column = values.c.value
    counts: list[Column] = [sa.func.count(), sa.func.count(value)]
    return sa.select(*counts, sa.func.min(value), sa.func.max(value))


def _longest(name: str, values: sa.CTE, alphabets: Sequence[str]) -> sa.Select[Any]:
    """Of the values as they are, and of their first words, which are few."""
    value: Column = values.c.value
    space = (sa.func.instr if name == "sqlite" else sa.func.strpos)(value, " ", type_=sa.Integer)
    first = sa.case((space > 0, sa.func.substr(value, 1, space - 1, type_=sa.Text)), else_=value)
    words = sa.select(first.label("value")).distinct().cte("words")
    counts = sa.select(sa.func.count().label("rows"), sa.func.count(value).label("known")).subquery()
    whole, short = (_of_each_sort(name, texts, alphabets) for texts in (values, words))
    every = counts.join(whole, sa.true()).join(short, sa.true())  # one row of each
    return sa.select(*counts.c, *whole.c, *short.c).select_from(every)


def _of_each_sort(name: str, texts: sa.CTE, alphabets: Sequence[str]) -> sa.Subquery:
    outside = [_outside(name, texts.c.value, each).label(f"of_{n}") for n, each in enumerate(alphabets)]
    judged = sa.select(texts.c.value, *outside).distinct().subquery()  # DISTINCT: judged once, not once a use
    value, *found = judged.c
    fits = [sa.not_(found[0]), *(narrow & sa.not_(wide) for narrow, wide in pairwise(found)), found[-1]]
    key = sa.cast(_COUNTED + sa.func.char_length(value), sa.Text).concat(value)
    longest = [sa.func.max(dialect(name).ordered(sa.case((fit, key)))) for fit in fits]
    return sa.select(*(each.label(f"sort_{n}") for n, each in enumerate(longest))).subquery()


def _read_text(key: str) -> str:
    return key[_DIGITS:]


def _read_number(scale: int, found: Any) -> float:
    number = float(found) / scale
    return int(number) if scale == 1 and number.is_integer() else number


def _value(database: Dialect, field: Field) -> Column:
    if not field.column:
        return database.json(contacts.c.fields, (field.name,), field.type)
    column = contacts.c[field.column]
    return column if field.type is FieldType.NUMBER else sa.func.nullif(column, "", type_=sa.Text)


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
