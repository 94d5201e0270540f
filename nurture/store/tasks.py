"""Work for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.store import reading
from nurture.store.direct import Direct
from nurture.store.engine import Tx
from nurture.store.tables import contacts, enrollments, tasks

_WHO = [contacts.c[name] for name in ("ref", "first_name", "last_name", "email", "phone")]


def open_ones(tx: Tx) -> list[Mapping[str, Any]]:
    """Open tasks with their person's names and addresses, the most urgent first."""
    return _OPEN.rows(tx)


_OPEN = Direct(
    sa.select(tasks, *_WHO)
    .join(contacts, contacts.c.id == tasks.c.contact_id)
    .where(tasks.c.done_at.is_(None))
    .order_by(tasks.c.due_at, tasks.c.id)
)


def one(tx: Tx, task_id: int) -> Mapping[str, Any] | None:
    """A task with its person's names and addresses and its run's memory and start, open or not."""
    found = tx.execute(
        sa.select(
            tasks,
            *_WHO,
            enrollments.c.memory,
            enrollments.c.trigger_event_id,
        )
        .join(contacts, contacts.c.id == tasks.c.contact_id)
        .join(enrollments, enrollments.c.id == tasks.c.enrollment_id)
        .where(tasks.c.id == task_id)
    )
    return reading.first(found)


def close(tx: Tx, task_id: int, outcome: str, at: datetime) -> Mapping[str, Any] | None:
    """Close an open task; its row with its run's journey and person, or None where none was open."""
    closed = tx.execute(
        sa.update(tasks)
        .where(tasks.c.id == task_id, tasks.c.done_at.is_(None))
        .values(done_at=at, outcome=outcome)
        .returning(tasks.c.id)
    ).first()
    if closed is None:
        return None
    found = tx.execute(
        sa.select(tasks, enrollments.c.journey, enrollments.c.memory, contacts.c.ref)
        .join(enrollments, enrollments.c.id == tasks.c.enrollment_id)
        .join(contacts, contacts.c.id == tasks.c.contact_id)
        .where(tasks.c.id == task_id)
    )
    return reading.one(found)
