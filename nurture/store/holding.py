"""What a pause holds, and letting it go."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nurture.store import enrollments as runs
from nurture.store.engine import Tx
from nurture.store.messages import READY
from nurture.store.repeats import ENDED
from nurture.store.tables import enrollments, messages
from nurture.store.types import to_micros

_STEP = 7919  # a prime: messages that were written one after the other don't leave one after the other
_PARTS = 1_000_003


def _open(journey: str) -> tuple[sa.ColumnElement[bool], ...]:
    return messages.c.journey == journey, messages.c.state.in_(READY)


def inside(tx: Tx, journey: str) -> int:
    """How many people are in it."""
    active = enrollments.c.journey == journey, enrollments.c.status == "active"
    return tx.execute(sa.select(sa.func.count()).where(*active)).scalar_one()


def waiting(tx: Tx, journey: str) -> dict[str, int]:
    """Messages that have not left, by channel."""
    found = sa.select(messages.c.channel, sa.func.count()).where(*_open(journey))
    return dict(tx.execute(found.group_by(messages.c.channel).order_by(messages.c.channel)).all())


def overdue(tx: Tx, journey: str, now: datetime) -> int:
    """How many of them should have left by now."""
    found = sa.select(sa.func.count()).where(*_open(journey), messages.c.due_at <= now)
    return tx.execute(found).scalar_one()


def spread(tx: Tx, journey: str, now: datetime, span: timedelta) -> None:
    """Let what is overdue leave one after the other over this time."""
    part: sa.ColumnElement[Any] = (messages.c.id * _STEP) % _PARTS
    micros = span // timedelta(microseconds=1) // _PARTS
    later = sa.literal(to_micros(now), sa.BigInteger) + part * sa.literal(micros, sa.BigInteger)
    tx.execute(
        sa.update(messages)
        .where(*_open(journey), messages.c.due_at <= now)
        .values(due_at=sa.type_coerce(later, messages.c.due_at.type))
    )


def skip(tx: Tx, journey: str, now: datetime) -> None:
    """Leave out what is overdue: its runs go on."""
    skipped = (
        sa.update(messages)
        .where(*_open(journey), messages.c.due_at <= now)
        .values(state=ENDED, reason="paused", done_at=now)
        .returning(messages.c.enrollment_id)
    )
    ids = [each for each in tx.execute(skipped).scalars() if each is not None]
    runs.wake(tx, ids, now)
