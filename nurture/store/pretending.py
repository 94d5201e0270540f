"""What is read and written only on a copy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.store import reading
from nurture.store.engine import Tx
from nurture.store.messages import READY
from nurture.store.tables import journeys, messages

_READY = (
    sa.select(messages)
    .where(
        messages.c.state.in_([sa.literal_column(f"'{state}'") for state in READY]),
        messages.c.due_at <= sa.bindparam("now"),
    )
    .order_by(messages.c.due_at, messages.c.id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


def ready(tx: Tx, now: datetime, limit: int) -> list[Any]:
    """Messages that are due, without taking a lease."""
    return [dict(row) for row in reading.rows(tx.execute(_READY, {"now": now, "limit": limit}))]


def go_on(tx: Tx, journey: str) -> None:
    """The journey as if nobody had paused it."""
    tx.execute(sa.update(journeys).where(journeys.c.name == journey).values(paused_at=None))
