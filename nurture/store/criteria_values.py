"""The values of a condition as SQL: fields of the contact, of events, of what steps brought, and literals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import sqlalchemy as sa

from nurture.criteria import Literal, Name, Value
from nurture.criteria.scope import ITEM, OCCURRED_AT, SCORE, STEP_AT, score_field
from nurture.model import Field, FieldType, Json
from nurture.store.criteria_json import Column, Dialect
from nurture.store.tables import contacts, enrollments, events, scores
from nurture.store.types import from_micros
from nurture.vocabulary import BROUGHT

DATES = (FieldType.DATE, FieldType.INSTANT)
KNOWN = "(known)"  # stands for a personal value in traces


@dataclass(frozen=True, slots=True)
class Rows:
    """The tables of a statement that a condition speaks of, as the caller has joined them.

    `event_name` is what `event` is known to be called; without it a field's type comes from what it is
    compared with.
    """

    contact: sa.FromClause = contacts
    event: sa.FromClause | None = None
    trigger: sa.FromClause | None = None
    enrollment: sa.FromClause | None = None
    event_name: str | None = None

    def __iter__(self) -> Iterator[sa.FromClause]:
        """The tables that there are."""
        tables = (self.contact, self.event, self.trigger, self.enrollment)
        return (table for table in tables if table is not None)

    def run(self) -> sa.FromClause:
        """The enrollments. Raises ValueError outside of a run."""
        if self.enrollment is None:
            raise ValueError("this condition can only be looked at inside a run")
        return self.enrollment


def runs() -> tuple[Rows, sa.FromClause]:
    """Enrollments with their contacts and the events that started them, and how they are joined."""
    trigger = events.alias("trigger_event")
    joined = enrollments.join(contacts, contacts.c.id == enrollments.c.contact_id).outerjoin(
        trigger, trigger.c.id == enrollments.c.trigger_event_id
    )
    return Rows(contact=contacts, trigger=trigger, enrollment=enrollments), joined


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a test. `sql` is NULL when the value is unknown."""

    kind: FieldType
    sql: Column
    raw: Column  # the same, but perhaps an empty text
    known: bool = False  # never NULL
    plain: bool = False  # a column, whose being NULL costs nothing to ask
    scale: int = 1
    micros: bool = False  # an instant as a number, not as in JSON
    literal: str | Decimal | bool | date | None = None
    document: Column | None = None  # where a list stands
    path: tuple[str, ...] = ()

    def shown(self, value: Any) -> Json:
        """A selected value of this operand as a trace keeps it."""
        if value is None:
            return None
        if self.kind is FieldType.NUMBER:
            return _number(value, self.scale)
        if self.kind is FieldType.BOOLEAN:
            return bool(value)
        if self.micros:
            return from_micros(value).isoformat()
        if self.kind is FieldType.LIST:
            found: list[Json] = json.loads(value) if isinstance(value, str) else value
            return found
        return str(value)


def _number(value: int | float | Decimal, scale: int) -> int | float:
    number = value / scale if scale != 1 else value
    return int(number) if number == int(number) else float(number)


class Values:
    """Makes operands."""

    def __init__(
        self,
        dialect: Dialect,
        contact_fields: Mapping[str, Field],
        event_fields: Mapping[str, tuple[Field, ...]],
    ) -> None:
        self._dialect = dialect
        self._contact = contact_fields
        self._events = event_fields
        declared = [STEP_AT, *_all(event_fields), *_all(BROUGHT)]
        self._anywhere = _agreed(declared)
        self._harmless = {f.name for f in declared} - {f.name for f in declared if f.personal}

    def pairs(self, left: Value, right: Value, row: Rows) -> list[tuple[Operand, Operand]]:
        """Both sides of a comparison; a side whose type nothing else tells is taken to be of the other's.

        Where that leaves a choice there are several pairs: of a value of one type every other reading is unknown.
        """
        kinds = self._sure(left, row), self._sure(right, row)
        if not any(kinds):
            return self._unsure(left, right, row)
        return list(product(self.ways(left, row, kinds[1]), self.ways(right, row, kinds[0])))

    def ways(self, value: Value, row: Rows, beside: FieldType | None) -> list[Operand]:
        """The value as what a test asks for: where nothing tells its type, as a day and as an instant, or, where
        nothing is asked for, as a list and as a text."""
        if self._sure(value, row) is not None or self._told(value, beside):
            return [self.operand(value, row)]
        kinds = (FieldType.LIST, FieldType.TEXT) if beside is None else (beside,)
        return [self.operand(value, row, kind) for kind in (DATES if beside in DATES else kinds)]

    def _told(self, value: Value, beside: FieldType | None) -> bool:
        """Whether it is a field that all events which have one declare with one type, as the test wants it."""
        if not isinstance(value, Name) or value.owner not in ("event", "trigger"):
            return False
        found = self._anywhere.get(value.last)
        return found is not None and (beside is None or (beside in DATES and found.type in DATES))

    def _unsure(self, left: Value, right: Value, row: Rows) -> list[tuple[Operand, Operand]]:
        """Two fields of events or steps: each as it is declared, or as the other is, or both as any type."""
        found = [self._anywhere.get(name.last) for name in (left, right) if isinstance(name, Name)]
        kinds = [field.type for field in found if field is not None]
        if len(kinds) == 2:
            return [(self.operand(left, row), self.operand(right, row))]
        if kinds:
            return list(product(self.ways(left, row, kinds[0]), self.ways(right, row, kinds[0])))
        each = (FieldType.TEXT, FieldType.NUMBER, FieldType.BOOLEAN)
        return [(self.operand(left, row, kind), self.operand(right, row, kind)) for kind in each]

    def operand(self, value: Value, row: Rows, beside: FieldType | None = None) -> Operand:
        """The value as SQL. `beside` is the type that the test asks for."""
        if isinstance(value, Literal):
            return _literal(value)
        field = self._declared(value, row) or self._guessed(value, beside)
        if value.owner == SCORE:
            points = _points(value.last, row)
            return Operand(FieldType.NUMBER, points, points, known=True)
        if value.owner == "contact" and field.column is not None:
            return _of_column(row.contact.c[field.column], field)
        if value.owner in ("event", "trigger") and value.last == OCCURRED_AT.name:
            return _instant(self._occurred_at(value.owner, row))
        found = self._in_json(value, field, row)
        if value.owner == "trigger" and value.last == "name" and row.enrollment is not None:
            named = sa.func.coalesce(row.enrollment.c.trigger_name, found.sql)
            return replace(found, sql=named, raw=named)
        return found

    def readings(self, value: Value, row: Rows) -> list[Column]:
        """The value in its type, or in every type where nothing tells which it has."""
        if isinstance(value, Literal):
            return [_literal(value).sql]
        if self._declared(value, row) or value.last in self._anywhere:
            return [self.operand(value, row).sql]
        kinds = (FieldType.TEXT, FieldType.NUMBER, FieldType.BOOLEAN, FieldType.LIST)
        return [self.operand(value, row, kind).sql for kind in kinds]

    def personal(self, name: Name, row: Rows) -> bool:
        """Whether the value may identify somebody, or may be anything."""
        field = self._declared(name, row)
        return field.personal if field is not None else name.last not in self._harmless

    # --- types ------------------------------------------------------------------------------

    def _sure(self, value: Value, row: Rows) -> FieldType | None:
        if isinstance(value, Literal):
            return _literal(value).kind
        field = self._declared(value, row)
        return field.type if field else None

    def _declared(self, name: Name, row: Rows) -> Field | None:
        if name.owner == "contact":
            return self._contact.get(name.last)
        if name.owner == SCORE:
            return score_field(name.last)
        if name.owner in ("event", "trigger") and name.last == OCCURRED_AT.name:
            return OCCURRED_AT
        if name.owner == "event" and row.event_name is not None:
            fields = self._events.get(row.event_name, ())
            return next((field for field in fields if field.name == name.last), None)
        return STEP_AT if name.owner not in ("event", "trigger") and name.last == STEP_AT.name else None

    def _guessed(self, name: Name, beside: FieldType | None) -> Field:
        """A field that isn't known by name here: of an event or step, or one that the workspace has dropped
        while a published journey still uses it.

        `check` saw its type when the journey was compiled: it agrees with what it is compared with.
        """
        if beside is not None:
            return Field(name.last, beside)
        return self._anywhere.get(name.last) or Field(name.last, FieldType.TEXT)

    # --- places -----------------------------------------------------------------------------

    def _occurred_at(self, owner: str, row: Rows) -> Column:
        table = row.event if owner == "event" else row.trigger
        if owner == "trigger" and row.enrollment is not None:
            entered = sa.type_coerce(row.enrollment.c.entered_at, sa.BigInteger)
            if table is None:
                return entered
            return sa.func.coalesce(sa.type_coerce(table.c.occurred_at, sa.BigInteger), entered)
        if table is None:
            raise ValueError(f"there is no {owner} here")
        return sa.type_coerce(table.c.occurred_at, sa.BigInteger)

    def _in_json(self, name: Name, field: Field, row: Rows) -> Operand:
        document, path = _place(name, row)
        value = self._dialect.json(document, path, field.type)
        return Operand(field.type, value, value, scale=field.scale, document=document, path=path)


def _points(score: str, row: Rows) -> Column:
    """The person's points of a score; 0 before the first."""
    found = sa.select(scores.c.value).where(scores.c.contact_id == row.contact.c.id, scores.c.name == score)
    return sa.func.coalesce(found.correlate(*row).scalar_subquery(), 0)


def _place(name: Name, row: Rows) -> tuple[Column, tuple[str, ...]]:
    """The document that has the value, and the path to it."""
    if name.owner == "contact":
        return row.contact.c.fields, (name.last,)
    if name.parts[:2] == ITEM and len(name.parts) > 2:
        return row.run().c.item, (name.last,)
    if name.owner in ("event", "trigger"):
        table = row.event if name.owner == "event" else row.trigger
        if table is None:
            raise ValueError(f"there is no {name.owner} here")
        return table.c.payload, (name.last,)
    return row.run().c.memory, (name.owner, name.last)


def _of_column(column: Column, field: Field) -> Operand:
    known = getattr(column, "nullable", True) is False
    if field.type is FieldType.INSTANT:
        return replace(_instant(sa.type_coerce(column, sa.BigInteger)), known=known, plain=True)
    if field.type in (FieldType.TEXT, FieldType.DATE):
        return Operand(field.type, sa.func.nullif(column, "", type_=sa.Text), column, plain=True)
    return Operand(field.type, column, column, known=known, plain=True, scale=field.scale)


def _instant(micros: Column) -> Operand:
    return Operand(FieldType.INSTANT, micros, micros, known=True, micros=True)


def _literal(literal: Literal) -> Operand:
    value = literal.value
    kind, bound = _LITERALS[type(value)]
    column = bound(value)
    return Operand(kind, column, column, known=value != "", literal=value)


_LITERALS: Mapping[type, tuple[FieldType, Callable[[Any], Column]]] = {
    bool: (FieldType.BOOLEAN, lambda value: sa.literal(value, sa.Boolean)),
    Decimal: (FieldType.NUMBER, lambda value: sa.literal(float(value), sa.Float)),
    date: (FieldType.DATE, lambda value: sa.literal(value.isoformat(), sa.Text)),
    str: (FieldType.TEXT, lambda value: sa.literal(value, sa.Text)),
}


def _all(fields: Mapping[str, tuple[Field, ...]]) -> list[Field]:
    return [field for group in fields.values() for field in group]


def _agreed(fields: list[Field]) -> dict[str, Field]:
    """By name, the fields that are declared with one type."""
    found: dict[str, Field | None] = {}
    for field in fields:
        before = found.setdefault(field.name, field)
        if before is not None and before.type is not field.type:
            found[field.name] = None
    return {name: field for name, field in found.items() if field is not None}
