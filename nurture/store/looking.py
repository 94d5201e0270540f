"""A trigger's condition looked at for one person and one event of hers."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from nurture.criteria import Condition
from nurture.model import Truth
from nurture.store.criteria import Criteria, Rows
from nurture.store.engine import Tx
from nurture.store.tables import contacts, events


class Happened(NamedTuple):
    """An event that has had its effect; a silent one starts nothing."""

    id: int
    occurred_at: datetime
    processed_at: datetime
    silent: bool


def last_event(tx: Tx, contact_id: int, name: str) -> Happened | None:
    """Her latest event of this name."""
    found = tx.execute(
        sa.select(events.c.id, events.c.occurred_at, events.c.processed_at, events.c.silent)
        .where(events.c.contact_id == contact_id, events.c.name == name, events.c.processed_at.is_not(None))
        .order_by(events.c.occurred_at.desc(), events.c.id.desc())
        .limit(1)
    ).first()
    return Happened(*found) if found else None


def about_event(tx: Tx, criteria: Criteria, condition: Condition, name: str, event_id: int) -> Truth:
    """The condition as the trigger would have looked at it, with what is known of her now."""
    look = criteria.look([condition], Rows(contact=contacts, event=events, trigger=events, event_name=name))
    columns = [column.label(f"look_{number}") for number, column in enumerate(look.columns)]
    chosen = sa.select(*columns).select_from(events.join(contacts, contacts.c.id == events.c.contact_id))
    row = tx.execute(chosen.where(events.c.id == event_id)).one()
    return look.truths(tuple(row))[condition.text]
