"""What a restored backup holds that may have been sent after it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nurture.store import bulk, enrollments
from nurture.store.engine import Tx
from nurture.store.messages import NOT_PAUSED, SETTLED, note, ready
from nurture.store.repeats import LEFT
from nurture.store.tables import attempts, events, jobs, messages

REASON, NOTE = "restored", "parked"
PARKED = (
    messages.c.state == sa.literal_column("'in_doubt'"),
    messages.c.reason == REASON,
)


def last_sign(tx: Tx) -> datetime | None:
    """When the jobs last ran on this database; where they never did, when the last thing happened that it knows of.

    An event is no sign beside that: it may have come in after the restore.
    """
    ran = _latest(tx, jobs.c.started_at, jobs.c.finished_at, jobs.c.failed_at)
    return ran or _latest(tx, messages.c.handed_at, events.c.received_at)


def _latest(tx: Tx, *columns: sa.Column[Any]) -> datetime | None:
    found = [tx.execute(sa.select(sa.func.max(column))).scalar_one() for column in columns]
    return max((at for at in found if at is not None), default=None)


def park(tx: Tx, at: datetime, lost_since: datetime, now: datetime) -> int:
    """Put in doubt what is due by `at` and what a worker had in hand. How many messages.

    It may have left at any time since the backup, though it was made anew just now; its runs go on as of `at`, as those
    that were lost did. What a pause holds stays, and `held` tells of it. The history says that it was done `now`.
    """
    in_hand = messages.c.state.in_([sa.literal_column("'leased'"), sa.literal_column("'handover'")])
    due = sa.and_(ready(at), NOT_PAUSED)
    since = sa.literal(lost_since, messages.c.due_at.type)
    earliest = sa.case((messages.c.due_at < since, messages.c.due_at), else_=since)
    values: dict[str, Any] = {
        "state": "in_doubt",
        "reason": REASON,
        "handed_at": sa.func.coalesce(messages.c.handed_at, earliest),
        "done_at": at,
        "lease_owner": None,
        "lease_until": None,
        "fence": messages.c.fence + 1,  # who had it in hand has it no longer
    }
    parking = sa.update(messages).values(values).returning(messages.c.id, messages.c.enrollment_id)
    moved = [row for where in (in_hand, due) for row in tx.execute(parking.where(where))]
    note(tx, [(id_, 0, now, NOTE, "", "") for id_, _ in moved])
    enrollments.wake(tx, [run for _, run in moved if run is not None], at)
    return len(moved)


def held(tx: Tx, now: datetime) -> list[tuple[str, int]]:
    """How many due messages a pause holds, or a release that was stopped, by journey."""
    counted = sa.select(messages.c.journey, sa.func.count()).where(ready(now), ~NOT_PAUSED)
    return sorted((row[0], row[1]) for row in tx.execute(counted.group_by(messages.c.journey)))


def parked_at(tx: Tx) -> datetime | None:
    """When the last of what waits for somebody's word was parked."""
    of_it = sa.select(messages.c.id).where(*PARKED)
    last = sa.select(sa.func.max(attempts.c.at)).where(attempts.c.message_id.in_(of_it))
    found: datetime | None = tx.execute(last.where(attempts.c.outcome == NOTE)).scalar_one()
    return found


def parked(tx: Tx) -> list[tuple[str, str, int]]:
    """How many messages wait for somebody's word, by journey and channel."""
    counted = sa.select(sa.func.coalesce(messages.c.journey, ""), messages.c.channel, sa.func.count())
    grouped = counted.where(*PARKED).group_by(messages.c.journey, messages.c.channel)
    return sorted((row[0], row[1], row[2]) for row in tx.execute(grouped))


def send(tx: Tx, now: datetime, ids: Collection[int] | None = None, why: str = "said_send") -> int:
    """Put what was parked, or these messages of it, back into the queue, in its order. How many.

    A run goes on as if it had stood still at the first of its messages: what it was to send later leaves as long
    after that one, and a wait ends as much later.
    """
    m = messages.c
    wanted = sa.select(m.id, m.enrollment_id, m.due_at, m.expires_at, m.done_at).where(*PARKED)
    if ids is not None:
        wanted = wanted.where(bulk.in_ids(tx, m.id, ids))
    rows = tx.execute(wanted.order_by(m.done_at, m.id)).all()
    stood: dict[int, timedelta] = {}
    again = []
    for id_, run, due_at, expires_at, done_at in rows:
        later = stood.get(run)
        if run is not None and later is None:
            stood[run] = now - (done_at or now)
        elif later is not None and expires_at is not None:
            expires_at += later
        due_at += stood.get(run, timedelta())
        again.append({"id": id_, "due_at": due_at, "expires_at": expires_at, **_QUEUED})
    bulk.update(tx, messages, again)
    note(tx, [(row["id"], 0, now, SETTLED, why, "") for row in again])
    runs = enrollments.runs(tx, stood.keys())
    moved = [{"id": run.id, "arrived_at": run.arrived_at + stood[run.id], "due_at": now} for run in runs]
    enrollments.move(tx, moved)
    return len(again)


_QUEUED = {"state": "scheduled", "reason": None, "handed_at": None, "done_at": None}


def drop(tx: Tx, now: datetime) -> int:
    """Leave what was parked in doubt, for good. How many."""
    values = {
        "reason": LEFT,
        "done_at": sa.func.coalesce(messages.c.done_at, sa.literal(now, messages.c.done_at.type)),
    }
    leaving = sa.update(messages).where(*PARKED).values(values)
    moved = tx.execute(leaving.returning(messages.c.id, messages.c.enrollment_id)).all()
    note(tx, [(id_, 0, now, SETTLED, "said_drop", "") for id_, _ in moved])
    return len(moved)
