"""What conditions mean: the SQL that they compile to.

For triggers a whole tree is one expression; for steps each atom is a column, and `and`, `or` and `not` are
put together in Python, so that `explain` can show what each atom saw. Every atom is true or false and never
NULL: with an unknown value a positive test is false. `now` is bound, never the database's clock.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from nurture.criteria import (
    And,
    Atom,
    BoolName,
    Call,
    Compare,
    Condition,
    Contains,
    Did,
    EventMatch,
    Expr,
    InList,
    IsEmpty,
    Name,
    Not,
    OlderThan,
    Or,
    Value,
    WithinLast,
    WithinNext,
    atoms,
    names,
    to_text,
)
from nurture.model import Field, FieldType
from nurture.store.criteria_calls import call, messages_of, since, tasks_of
from nurture.store.criteria_compare import Tests, certain
from nurture.store.criteria_json import Column, dialect, register
from nurture.store.criteria_look import Look, Looked, Witness
from nurture.store.criteria_time import Moments
from nurture.store.criteria_values import Operand, Rows, Values, runs
from nurture.store.direct import Direct
from nurture.store.tables import events

__all__ = ["Criteria", "Look", "Rows", "register", "runs"]

Test = sa.ColumnElement[bool]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Prepared(Generic[T]):
    """A statement, how its rows are read, and the names of what it binds of the time."""

    statement: Direct
    reading: T
    moments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EachItem:
    """What to join for the items of a list, an item as a document, and its key: NULL without one."""

    source: sa.FromClause
    item: Column
    key: Column


class Criteria:
    """Compiles conditions for one database as of `now`; days are those of `zone`, the company's."""

    def __init__(
        self,
        dialect_name: str,
        contact_fields: Mapping[str, Field],
        event_fields: Mapping[str, tuple[Field, ...]],
        now: datetime,
        zone: str,
        segments: Mapping[str, Condition] | None = None,
    ) -> None:
        self.dialect = dialect_name
        self.zone = zone
        self._contact_fields = contact_fields
        self._database = dialect(dialect_name)
        self._values = Values(self._database, contact_fields, event_fields)
        self._segments = segments or {}
        self._prepared: dict[Hashable, Prepared[Any]] = {}
        self._look_from(Moments(now, zone))

    def _look_from(self, moments: Moments) -> None:
        self._moments = moments
        self._tests = Tests(self._database, moments, self.zone)

    # --- statements that are made once ------------------------------------------------------

    def at(self, now: datetime) -> Criteria:
        """The same, as of another `now`."""
        other = copy.copy(self)
        other._look_from(self._moments.at(now))
        return other

    @property
    def now(self) -> datetime:
        return self._moments.now

    def moment(self, ago: timedelta = timedelta()) -> Column:
        """So long before now, in microseconds."""
        return self._moments.micros(ago)

    def prepared(
        self, about: Hashable, make: Callable[[], tuple[Any, T]]
    ) -> tuple[Direct, T, dict[str, Any]]:
        """The statement about this, made once, with how its rows are read, and what it binds of the time.

        Making one costs ten times as much as executing it for a few people.
        """
        if about not in self._prepared:
            statement, reading = make()
            self._prepared[about] = Prepared(Direct(statement), reading, self._moments.bound_in(statement))
        found = self._prepared[about]
        return found.statement, found.reading, self._moments.values(found.moments)

    def moments_of(self, statement: Any) -> dict[str, Any]:
        """What a statement that is executed once binds of the time."""
        return self._moments.values(self._moments.bound_in(statement))

    # --- whole trees ------------------------------------------------------------------------

    def where(self, tree: Condition | Expr, row: Rows) -> Test:
        """The condition as one expression that is never NULL."""
        match tree:
            case Condition():
                return self.where(tree.tree, row)
            case And(items):
                return sa.and_(sa.true(), *(self.where(item, row) for item in items))
            case Or(items):
                return sa.or_(sa.false(), *(self.where(item, row) for item in items))
            case Not(item):
                return sa.not_(self.where(item, row))
            case atom:
                return self._atom(atom, row)

    # --- atoms as columns ---------------------------------------------------------------------

    def look(self, conditions: Iterable[Condition], row: Rows) -> Look:
        """What to select for these conditions, and how to read it."""
        wanted = tuple(dict.fromkeys(conditions))
        seen = tuple(dict.fromkeys(atom for condition in wanted for atom in atoms(condition)))
        return Look(wanted, tuple(self._looked(atom, row) for atom in seen))

    def _looked(self, atom: Atom, row: Rows) -> Looked:
        return Looked(atom, to_text(atom), self._atom(atom, row), tuple(self._witnesses(atom, row)))

    def _witnesses(self, atom: Atom, row: Rows) -> Iterator[Witness]:
        if isinstance(atom, Did) and (atom.op, atom.count) != (">=", 1):
            times = self._times(atom, row)
            yield Witness("times", Operand(FieldType.NUMBER, times, times))
        for operands in self._ways(atom, row):
            for value, operand in zip(_values(atom), operands, strict=True):
                if isinstance(value, Name):
                    yield Witness(str(value), operand, self._values.personal(value, row))

    def _ways(self, atom: Atom, row: Rows) -> list[tuple[Operand, ...]]:
        """The values that an atom tests, as SQL, in each way in which they can be read."""
        values = self._values
        match atom:
            case Compare(left, _, right):
                return [*values.pairs(left, right, row)]
            case InList(value, items):
                return [(one,) for one, _ in values.pairs(value, items[0], row)]
            case Contains(value, item):
                part = values.operand(item, row, FieldType.TEXT)
                return [(one, part) for one in values.ways(value, row, None)]
            case OlderThan(value) | WithinLast(value) | WithinNext(value):
                return [(one,) for one in values.ways(value, row, FieldType.INSTANT)]
            case IsEmpty(value):
                return [(values.operand(value, row),)]
            case BoolName(name):
                return [(values.operand(name, row, FieldType.BOOLEAN),)]
        return [()]

    # --- events -------------------------------------------------------------------------------

    def first_event(self, match: EventMatch, row: Rows) -> Column:
        """The id of the first event that matches, or NULL: a subquery on the run's row."""
        event, tests = self._matching(match, row)
        found = sa.select(event.c.id).where(*tests).order_by(event.c.occurred_at, event.c.id).limit(1)
        return found.correlate(*row).scalar_subquery()

    def _matching(self, match: EventMatch, row: Rows) -> tuple[sa.FromClause, list[Test]]:
        event = events.alias()
        run = row.run()
        tests: list[Test] = [
            event.c.contact_id == run.c.contact_id,
            event.c.name == match.name,
            event.c.occurred_at <= self._moments.micros(),
            event.c.id.is_distinct_from(run.c.trigger_event_id),
            *since(match.since, event, run),
        ]
        tests += self.genuine(event, match.name, match.where)
        if match.of is not None and match.name == "task_done":
            tests.append(self.event_key(event, "task").in_(tasks_of(match.of, row)))
        elif match.of is not None:
            tests.append(event.c.message_id.in_(messages_of(match.of, row)))
        if match.key is not None:
            tests.append(self.event_key(event, match.key) == run.c.key)
        if match.where is not None:
            tests.append(self.where(match.where, replace(row, event=event, event_name=match.name)))
        return event, tests

    def genuine(self, event: sa.FromClause, name: str, where: Condition | Expr | None) -> list[Test]:
        """Clicks and opens of scanners and proxies prove nothing about the person: they count only for a
        `where` that asks for their class itself."""
        asked = names(where) if where is not None else ()
        if not name.endswith(("_clicked", "_opened")) or "event.class" in asked or "trigger.class" in asked:
            return []
        return [sa.func.coalesce(self._database.key(event.c.payload, ("class",)), "human") == "human"]

    def each_item(self, event: sa.FromClause, field: str, by: str) -> EachItem:
        """The items of a list that the event carries, each with its key: a field of the item, or itself if it is a
        text or a whole number."""
        return EachItem(*self._database.items(event.c.payload, field, by))

    def event_key(self, event: sa.FromClause, field: str) -> Column:
        """The event's field as the key of a run: a text or whole number, as text; NULL without it."""
        return self._database.key(event.c.payload, (field,))

    def field(self, name: str, row: Rows | None = None, zone: str | None = None) -> Column:
        """A date of the contact as text, YYYY-MM-DD; of an instant, the day in `zone`."""
        parts = (name.removeprefix("contact."),)
        operand = self._values.operand(Name(parts), row or Rows())
        if operand.kind is FieldType.INSTANT:
            return self._database.day_of(operand.sql, zone or self.zone)
        return operand.raw

    # --- one atom -------------------------------------------------------------------------------

    def _atom(self, atom: Atom, row: Rows) -> Test:
        ways = [self._test(atom, tested, row) for tested in self._ways(atom, row)]
        return sa.or_(*ways) if len(ways) > 1 else ways[0]

    def _test(self, atom: Atom, tested: tuple[Operand, ...], row: Rows) -> Test:
        match atom:
            case Compare(op=op):
                return self._tests.compare(tested[0], op, tested[1])
            case InList(value, items):
                return self._tests.one_of(tested[0], [self._values.operand(item, row) for item in items])
            case Contains():
                return self._tests.contains(tested[0], tested[1])
            case IsEmpty(value):
                return sa.and_(*(reading.is_(None) for reading in self._values.readings(value, row)))
            case OlderThan(_, span):
                return self._tests.older_than(tested[0], span)
            case WithinLast(_, span):
                return self._tests.within_last(tested[0], span)
            case WithinNext(_, span):
                return self._tests.within_next(tested[0], span)
            case BoolName():
                return certain(tested[0].sql, replace(tested[0], plain=False))
            case Did():
                return self._did(atom, row)
            case Call(fn, arg):
                return self._call(fn, arg, row)
        raise TypeError(f"{type(atom).__name__} is no atom")

    def _did(self, did: Did, row: Rows) -> Test:
        if (did.op, did.count) == (">=", 1):
            return self._done(did, row).exists()
        if did.count == 0 and did.op != ">=":
            return sa.not_(self._done(did, row).exists())
        times = self._times(did, row)
        return {">=": times >= did.count, "<=": times <= did.count, "=": times == did.count}[did.op]

    def _times(self, did: Did, row: Rows) -> Column:
        return (
            self._done(did, row)
            .with_only_columns(sa.func.count(), maintain_column_froms=True)
            .scalar_subquery()
        )

    def _done(self, did: Did, row: Rows) -> sa.Select[Any]:
        """The events that a did counts."""
        event = events.alias()
        found = sa.select(event.c.id).where(
            event.c.contact_id == row.contact.c.id,
            event.c.name == did.event,
            event.c.occurred_at <= self._moments.micros(),
        )
        if did.within is not None:
            found = found.where(event.c.occurred_at > self._moments.micros(did.within.elapsed()))
        if did.since_entry:
            run = row.run()
            found = found.where(
                *since("entry", event, run), event.c.id.is_distinct_from(run.c.trigger_event_id)
            )
        found = found.where(*self.genuine(event, did.event, did.where))
        if did.where is not None:
            found = found.where(self.where(did.where, replace(row, event=event, event_name=did.event)))
        return found.correlate(*row)

    def _call(self, fn: str, arg: str, row: Rows) -> Test:
        if fn == "in_segment":
            found = self._segments.get(arg)  # a published journey may name one that is gone: nobody is in it
            return (
                sa.false() if found is None else self.where(found, replace(row, event=None, event_name=None))
            )
        return call(fn, arg, row, self._moments.micros())


def _values(atom: Atom) -> tuple[Value, ...]:
    """The values that an atom tests, in the order in which `Criteria` reads them."""
    match atom:
        case Compare(left, _, right):
            return left, right
        case Contains(value, item):
            return value, item
        case InList(value) | OlderThan(value) | WithinLast(value) | WithinNext(value) | IsEmpty(value):
            return (value,)
        case BoolName(name):
            return (name,)
    return ()
