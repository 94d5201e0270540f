"""A/B tests of messages: how their arms do, and what was decided, once for each (version, step)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from nurture.store import reading
from nurture.store.engine import Tx
from nurture.store.report_sets import Goal, later, meets
from nurture.store.tables import ab_tests, contacts, enrollments, events, messages

_HERE = (
    messages.c.version_id == sa.bindparam("version_id"),
    messages.c.step == sa.bindparam("step"),
    messages.c.arm.is_not(None),
    messages.c.accepted_at.is_not(None),
)
_FIRST = sa.select(sa.func.min(messages.c.accepted_at)).where(*_HERE)
_WINNER = sa.select(ab_tests.c.winner).where(
    ab_tests.c.version_id == sa.bindparam("version_id"), ab_tests.c.step == sa.bindparam("step")
)


def first_at(tx: Tx, version_id: int, step: str) -> datetime | None:
    """When the test's first message was accepted."""
    return reading.instant(tx.execute(_FIRST, {"version_id": version_id, "step": step}))


def counted(tx: Tx, version_id: int, step: str, by: str) -> dict[str, tuple[int, int]]:
    """By arm the people who got its message, and those of them who reached it: `by` is clicks or opens. Who got
    it in several runs is one person."""
    found = tx.execute(_counting(by), {"version_id": version_id, "step": step})
    return {arm: (people, reached) for arm, people, reached in found}


@lru_cache
def _counting(by: str) -> sa.Select[Any]:
    reached = {"clicks": messages.c.clicked_at, "opens": messages.c.opened_at}[by]
    who = sa.case((reached.is_not(None), messages.c.contact_id))
    people = sa.func.count(sa.distinct(messages.c.contact_id))
    chosen = sa.select(messages.c.arm, people, sa.func.count(sa.distinct(who)))
    return chosen.where(*_HERE).group_by(messages.c.arm)


def converted(
    tx: Tx, version_id: int, step: str, goal: Goal, window: timedelta, now: datetime
) -> dict[str, tuple[int, int]]:
    """By arm the people who got its message, and those of them who then reached the goal, within the window after
    their run began."""
    event, started = events.alias("goal"), events.alias("started")
    reached = (
        sa.select(sa.literal(1))
        .where(
            event.c.contact_id == messages.c.contact_id,
            event.c.name == goal.event,
            event.c.occurred_at > messages.c.accepted_at,
            event.c.occurred_at <= now,
            sa.type_coerce(event.c.occurred_at, sa.BigInteger) <= later(enrollments.c.entered_at, window),
            *meets(goal, event, started, enrollments),
        )
        .correlate(messages, enrollments, contacts, started)
        .exists()
    )
    who = sa.case((reached, messages.c.contact_id))
    chosen = (
        sa.select(
            messages.c.arm,
            sa.func.count(sa.distinct(messages.c.contact_id)),
            sa.func.count(sa.distinct(who)),
        )
        .join(enrollments, enrollments.c.id == messages.c.enrollment_id)
        .join(contacts, contacts.c.id == messages.c.contact_id)
        .outerjoin(started, started.c.id == enrollments.c.trigger_event_id)
        .where(*_HERE)
        .group_by(messages.c.arm)
    )
    found = tx.execute(chosen, {"version_id": version_id, "step": step})
    return {arm: (people, met) for arm, people, met in found}


@dataclass(frozen=True, slots=True)
class Decided:
    """What a test came to. `figures`: of each arm the people and those who reached it, as known then."""

    at: datetime
    winner: str | None
    figures: Mapping[str, tuple[int, int]]


def decided(tx: Tx) -> dict[tuple[int, str], Decided]:
    """Every test that was decided, by version and step."""
    return {
        (row["version_id"], row["step"]): Decided(
            row["decided_at"],
            row["winner"],
            {arm: (people, reached) for arm, (people, reached) in row["figures"].items()},
        )
        for row in reading.rows(tx.execute(sa.select(ab_tests)))
    }


def decide(tx: Tx, version_id: int, step: str, found: Decided) -> bool:
    """Write down what a test came to; False where it stands there already."""
    made = (postgresql if tx.dialect.name == "postgresql" else sqlite).insert(ab_tests)
    values = {"decided_at": found.at, "winner": found.winner, "figures": dict(found.figures)}
    written = made.values(version_id=version_id, step=step, **values).on_conflict_do_nothing()
    return tx.execute(written.returning(ab_tests.c.step)).first() is not None


def winner(tx: Tx, version_id: int, step: str) -> str | None:
    return tx.execute(_WINNER, {"version_id": version_id, "step": step}).scalar_one_or_none()
