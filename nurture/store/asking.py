"""Looking at conditions and events for many runs at once: one statement for all that stand at a step."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from nurture.criteria import Condition, EventMatch
from nurture.model import Truth
from nurture.store import bulk
from nurture.store.criteria import Criteria, Look, Rows, runs
from nurture.store.engine import Tx
from nurture.store.tables import contacts, enrollments


@dataclass(frozen=True, slots=True)
class Answers:
    """By run its conditions' truths, by their text; by run and name of the need the event that matched."""

    truths: Mapping[int, Mapping[str, Truth]]
    firsts: Mapping[tuple[int, str], int]


def ask(
    tx: Tx,
    criteria: Criteria,
    conditions: Collection[Condition],
    events: Sequence[tuple[str, EventMatch]],
    ids: Collection[int],
) -> Answers:
    """Look at these conditions and events for these runs."""
    if not (conditions or events) or not ids:
        return Answers({}, {})
    statement, look, moments = criteria.prepared(
        ("ask", tuple(conditions), tuple(events)), lambda: _question(criteria, conditions, events)
    )
    truths: dict[int, Mapping[str, Truth]] = {}
    firsts: dict[tuple[int, str], int] = {}
    for run, *values in statement.all(tx, **moments, ids=ids):
        for (name, _), event_id in zip(events, values, strict=False):
            if event_id is not None:
                firsts[run, name] = event_id
        truths[run] = look.truths(values[len(events) :] if events else values)
    return Answers(truths, firsts)


def _question(
    criteria: Criteria,
    conditions: Collection[Condition],
    events: Sequence[tuple[str, EventMatch]],
) -> tuple[sa.Select[Any], Look]:
    """The statement that answers for the runs `given`, and how to read the conditions' part of a row."""
    rows, source = runs()
    look = criteria.look(conditions, rows)
    found = [
        criteria.first_event(match, rows).label(f"first_{number}") for number, (_, match) in enumerate(events)
    ]
    columns = [column.label(f"look_{number}") for number, column in enumerate(look.columns)]
    chosen = sa.select(enrollments.c.id, *found, *columns).select_from(source)
    return chosen.where(bulk.given(enrollments.c.id)), look


@dataclass(frozen=True, slots=True)
class Started:
    """What started a run: the event, if one did, which of its items, and which of several triggers."""

    event_id: int | None
    item: Any
    name: str | None

    def fields(self) -> dict[str, Any]:
        """`trigger.item` and `trigger.name`, where there are such."""
        return {
            name: value for name, value in (("item", self.item), ("name", self.name)) if value is not None
        }


def triggers(tx: Tx, ids: Collection[int]) -> dict[int, Started]:
    """What started each of these runs."""
    return {run: Started(event, item, name) for run, event, item, name in tx.execute(_TRIGGERS, {"ids": ids})}


_TRIGGERS = sa.select(
    enrollments.c.id, enrollments.c.trigger_event_id, enrollments.c.item, enrollments.c.trigger_name
).where(bulk.given(enrollments.c.id))


def about_contact(tx: Tx, criteria: Criteria, condition: Condition, contact_id: int) -> Truth | None:
    """A condition looked at for one person; None where it speaks of an event or a run."""
    try:
        look = criteria.look([condition], Rows(contact=contacts))
    except ValueError:
        return None
    columns = [column.label(f"look_{number}") for number, column in enumerate(look.columns)]
    row = tx.execute(sa.select(*columns).select_from(contacts).where(contacts.c.id == contact_id)).one()
    return look.truths(tuple(row))[condition.text]
