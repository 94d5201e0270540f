"""What is read and written only on a copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nurture.model import IMPERSONAL
from nurture.store import reading
from nurture.store.engine import Tx
from nurture.store.messages import WAITING
from nurture.store.tables import contacts, enrollments, journeys, messages, traces
from nurture.store.types import Instant

_READY = (
    sa.select(messages)
    .where(
        WAITING,
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


# --- counting what would have happened -----------------------------------------------------------

_MICRO = timedelta(microseconds=1)
_QUARTER = 900_000_000  # a quarter of an hour in microseconds: no zone is off by less


def people(tx: Tx) -> int:
    """How many people are known at the end."""
    known = sa.select(sa.func.count()).select_from(contacts).where(contacts.c.erased_at.is_(None))
    return tx.execute(known).scalar_one()


def _quarter(instant: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    micros = sa.type_coerce(instant, sa.BigInteger)
    return sa.type_coerce(micros - micros % _QUARTER, Instant)


def _of(journey: str, since: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return enrollments.c.journey == journey, enrollments.c.entered_at >= since


def entered(tx: Tx, journey: str, since: datetime) -> list[tuple[datetime, int]]:
    """How many runs began when, to the quarter of an hour."""
    at = _quarter(enrollments.c.entered_at)
    found = sa.select(at, sa.func.count()).where(*_of(journey, since)).group_by(at)
    return [(row[0], row[1]) for row in tx.execute(found)]


def runs(tx: Tx, journey: str, since: datetime) -> list[tuple[Any, ...]]:
    """Whose runs began when, and how each stands."""
    e = enrollments.c
    found = sa.select(contacts.c.ref, e.entered_at, e.status, e.step, e.exit_reason, e.ended_at)
    found = found.join(contacts, contacts.c.id == e.contact_id).where(*_of(journey, since))
    return [tuple(row) for row in tx.execute(found.order_by(e.entered_at, contacts.c.ref))]


def held_out(tx: Tx, journey: str, since: datetime) -> int:
    """How many runs went into the control group."""
    chosen = sa.select(sa.func.count()).where(*_of(journey, since), enrollments.c.status == "held_out")
    return tx.execute(chosen).scalar_one()


def sent(tx: Tx, journey: str, since: datetime) -> list[tuple[datetime, str, int]]:
    """How many messages were accepted when, to the quarter of an hour, by channel."""
    at = _quarter(messages.c.accepted_at)
    found = (
        sa.select(at, messages.c.channel, sa.func.count())
        .where(
            messages.c.journey == journey,
            messages.c.accepted_at >= since,
            messages.c.channel.not_in(IMPERSONAL),
        )
        .group_by(at, messages.c.channel)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(found)]


@dataclass(frozen=True, slots=True)
class Waited:
    """How many messages a pace let leave at least so long after they were due, the longest of these waits, and how many
    wait still."""

    count: int
    longest: timedelta
    still: int


def waited(tx: Tx, journey: str, since: datetime, tick: timedelta, end: datetime) -> Waited:
    """Messages for which a limit left no room in the tick in which they were due."""
    late = sa.type_coerce(messages.c.accepted_at, sa.BigInteger) - sa.type_coerce(
        messages.c.due_at, sa.BigInteger
    )
    found = sa.select(sa.func.count(), sa.func.max(late)).where(
        messages.c.journey == journey, messages.c.accepted_at >= since, late >= tick // _MICRO
    )
    count, longest = tx.execute(found).one()
    waiting = sa.select(sa.func.count()).where(
        messages.c.journey == journey, WAITING, messages.c.due_at <= end
    )
    return Waited(count, (longest or 0) * _MICRO, tx.execute(waiting).scalar_one())


def sent_by(tx: Tx, journey: str, since: datetime) -> dict[str, int]:
    """How many messages of each step were accepted."""
    found = (
        sa.select(messages.c.step, sa.func.count())
        .where(messages.c.journey == journey, messages.c.accepted_at >= since, messages.c.step.is_not(None))
        .group_by(messages.c.step)
    )
    return dict(tx.execute(found).all())


def by_whatsapp(tx: Tx, journey: str, since: datetime) -> dict[str, int]:
    """How many WhatsApp messages of each template were accepted."""
    found = (
        sa.select(messages.c.template, sa.func.count())
        .where(
            messages.c.journey == journey, messages.c.accepted_at >= since, messages.c.channel == "whatsapp"
        )
        .group_by(messages.c.template)
    )
    return dict(tx.execute(found).all())


def reasons(tx: Tx, journey: str, since: datetime, *, sent: bool) -> dict[str, int]:
    """Why messages went out later than wanted, or not at all."""
    went = messages.c.accepted_at.is_not(None) if sent else messages.c.state == "cancelled"
    found = (
        sa.select(messages.c.reason, sa.func.count())
        .where(messages.c.journey == journey, messages.c.planned_at >= since, went)
        .where(messages.c.reason.is_not(None))
        .group_by(messages.c.reason)
        .order_by(sa.func.count().desc())
    )
    return dict(tx.execute(found).all())


def ended(tx: Tx, journey: str, since: datetime) -> dict[str, int]:
    """How runs ended: completed, or by which exit."""
    why = sa.func.coalesce(enrollments.c.exit_reason, enrollments.c.status)
    found = (
        sa.select(why, sa.func.count())
        .where(*_of(journey, since), enrollments.c.ended_at.is_not(None))
        .group_by(why)
        .order_by(sa.func.count().desc())
    )
    return dict(tx.execute(found).all())


def reached(tx: Tx, journey: str, since: datetime) -> dict[str, int]:
    """How many runs came to each step: it decided something, or they stand there."""
    decided = sa.select(traces.c.step, traces.c.enrollment_id).join(
        enrollments, enrollments.c.id == traces.c.enrollment_id
    )
    standing = sa.select(enrollments.c.step, enrollments.c.id).where(enrollments.c.status == "active")
    came = sa.union(*(each.where(*_of(journey, since)) for each in (decided, standing))).subquery()
    found = sa.select(came.c.step, sa.func.count()).where(came.c.step.is_not(None)).group_by(came.c.step)
    return dict(tx.execute(found).all())
