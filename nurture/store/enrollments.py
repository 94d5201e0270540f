"""Runs of people through journeys: claiming what is due, moving on, ending."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.model import Run
from nurture.steps.base import around
from nurture.store import bulk, reading
from nurture.store.direct import Direct
from nurture.store.engine import Tx
from nurture.store.repeats import ENDED
from nurture.store.tables import contacts, enrollments, messages, tasks, traces

_RUN = (
    enrollments.c.id,
    enrollments.c.journey,
    enrollments.c.version_id,
    enrollments.c.contact_id,
    contacts.c.ref,
    enrollments.c.key,
    enrollments.c.anchor,
    enrollments.c.entered_at,
    sa.func.coalesce(enrollments.c.step, "", type_=sa.Text),  # a journey without a step left
    enrollments.c.arrived_at,
    contacts.c.zone,
    enrollments.c.memory,
    sa.case((enrollments.c.backfilled, enrollments.c.enrolled_at)),
    enrollments.c.leaving,
)  # in the order of Run's fields


def claim_due(tx: Tx, now: datetime, limit: int) -> list[Run]:
    """Active runs whose time has come, locked until the transaction ends."""
    return [Run(*row) for row in _DUE.all(tx, now=now, limit=limit)]


def runs(tx: Tx, ids: Collection[int]) -> list[Run]:
    """These runs, if they are active, locked."""
    return [Run(*row) for row in _THESE.all(tx, ids=ids)]


_ACTIVE = (
    sa.select(*_RUN)
    .select_from(enrollments.join(contacts, contacts.c.id == enrollments.c.contact_id))
    .where(enrollments.c.status == "active")
)
_DUE = Direct(
    _ACTIVE.where(enrollments.c.due_at <= sa.bindparam("now"))
    .order_by(enrollments.c.due_at, enrollments.c.id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .with_for_update(skip_locked=True, of=enrollments)
)
_THESE = Direct(
    _ACTIVE.where(bulk.given(enrollments.c.id)).order_by(enrollments.c.id).with_for_update(of=enrollments)
)


def active_of(tx: Tx, version_ids: Collection[int], contact_ids: Collection[int]) -> list[int]:
    """Active runs of these people in these versions."""
    return _ACTIVE_OF.column(tx, versions=version_ids, people=contact_ids)


_ACTIVE_OF = Direct(
    sa.select(enrollments.c.id)
    .where(
        enrollments.c.status == "active",
        bulk.given(enrollments.c.version_id, "versions"),
        bulk.given(enrollments.c.contact_id, "people"),
    )
    .order_by(enrollments.c.id)
)


def wake(tx: Tx, ids: Collection[int], now: datetime) -> None:
    """Have these runs looked at now, if they are still active."""
    if ids:
        _WAKE.run(tx, ids=ids, now=now)


_WAKE = Direct(
    sa.update(enrollments)
    .where(enrollments.c.status == "active", bulk.given(enrollments.c.id))
    .where(sa.or_(enrollments.c.due_at.is_(None), enrollments.c.due_at > sa.bindparam("now")))
    .values(due_at=sa.bindparam("now"))
)


def move(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write where runs stand now. Rows: id, and of step, arrived_at, due_at, memory what is new."""
    bulk.update(tx, enrollments, rows)


def end(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """End runs, and cancel what those that were cut short have not sent. Rows: id, status, exit_reason, ended_at,
    memory, leaving."""
    if not rows:
        return
    bulk.update(tx, enrollments, [{**row, "due_at": None} for row in rows])
    cut = [row["id"] for row in rows if row["exit_reason"] != row["leaving"] and row["status"] != "completed"]
    cancel_open(tx, cut, "run_ended", rows[0]["ended_at"])


def restart(tx: Tx, begun: Collection[int], now: datetime) -> None:
    """End the runs that these new ones take the place of: of the same person, journey and key."""
    ended = list(tx.execute(_REPLACED, {"ids": begun}).scalars())
    if not ended:
        return
    tx.execute(_RESTART, {"ids": ended, "now": now})
    cancel_open(tx, ended, "run_ended", now)
    trace(
        tx,
        [{"enrollment_id": run, "at": now, "step": None, "reason": RESTARTED, "seen": None} for run in ended],
    )


RESTARTED = "exit.restarted"
_NEW = enrollments.alias("new")
_REPLACED = sa.select(enrollments.c.id).where(
    enrollments.c.status == "active",
    sa.exists()
    .where(
        bulk.given(_NEW.c.id),
        _NEW.c.contact_id == enrollments.c.contact_id,
        _NEW.c.journey == enrollments.c.journey,
        _NEW.c.key == enrollments.c.key,
        _NEW.c.id > enrollments.c.id,
    )
    .correlate(enrollments),
)
_RESTART = (
    sa.update(enrollments)
    .where(bulk.given(enrollments.c.id))
    .values(status="exited", exit_reason=RESTARTED, ended_at=sa.bindparam("now"), due_at=None)
)


def cancel_open(tx: Tx, ids: Collection[int], reason: str, at: datetime) -> None:
    """Cancel the messages of these runs that have not been handed over."""
    if ids:
        tx.execute(_CANCEL, {"ids": ids, "why": reason, "at": at})


_CANCEL = (
    sa.update(messages)
    .where(bulk.given(messages.c.enrollment_id))
    .where(messages.c.state.in_(("scheduled", "leased", "deferred")))
    .where(messages.c.recipient.is_(None))  # what goes to somebody else outlives the run
    .values(state=ENDED, reason=sa.bindparam("why"), done_at=sa.bindparam("at"))
)


def trace(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    bulk.insert(tx, traces, rows)


def open_tasks(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    bulk.insert_new(tx, tasks, rows)


def next_due(tx: Tx) -> datetime | None:
    found: datetime | None = _NEXT_DUE.one(tx)
    return found


# Said as the index has it: with a bound state every run would be looked at.
_NEXT_DUE = Direct(
    sa.select(sa.func.min(enrollments.c.due_at)).where(
        enrollments.c.status == sa.literal_column("'active'"), enrollments.c.due_at.is_not(None)
    )
)


def due(tx: Tx, now: datetime) -> tuple[int, datetime | None]:
    """How many runs are due, and since when the first is."""
    row = tx.execute(
        sa.select(sa.func.count(), sa.func.min(enrollments.c.due_at)).where(
            enrollments.c.status == "active", enrollments.c.due_at <= now
        )
    ).one()
    return row[0], row[1]


def started_by(tx: Tx, contact_id: int, journey: str, event_id: int) -> Mapping[str, Any] | None:
    """The person's run that an event started."""
    hers = enrollments.c.journey == journey, enrollments.c.contact_id == contact_id
    wanted = sa.select(enrollments).where(*hers, enrollments.c.trigger_event_id == event_id)
    return reading.first(tx.execute(wanted))


def of_contact(tx: Tx, contact_id: int, journey: str | None = None) -> list[Mapping[str, Any]]:
    statement = sa.select(enrollments).where(enrollments.c.contact_id == contact_id)
    if journey:
        statement = statement.where(enrollments.c.journey == journey)
    return reading.rows(tx.execute(statement.order_by(enrollments.c.entered_at, enrollments.c.id)))


def traces_of(tx: Tx, enrollment_id: int) -> list[Mapping[str, Any]]:
    found = tx.execute(sa.select(traces).where(traces.c.enrollment_id == enrollment_id).order_by(traces.c.id))
    return reading.rows(found)


def standing(tx: Tx, journey: str) -> dict[str, int]:
    """How many people stand at each step."""
    found = tx.execute(
        sa.select(enrollments.c.step, sa.func.count())
        .where(enrollments.c.journey == journey, enrollments.c.status == "active")
        .group_by(enrollments.c.step)
    )
    return {step: count for step, count in found if step}


def remember(tx: Tx, enrollment_id: int, step: str, values: Mapping[str, Any]) -> None:
    """Add what a step of this run brought back."""
    row = tx.execute(
        sa.select(enrollments.c.memory).where(enrollments.c.id == enrollment_id).with_for_update()
    ).one()
    memory = {**row.memory, step: {**row.memory.get(step, {}), **values}}
    if step.endswith("]"):  # behind a repeat its steps' ids mean the last pass
        memory |= dict.fromkeys(around(step), memory[step])
    tx.execute(sa.update(enrollments).where(enrollments.c.id == enrollment_id).values(memory=memory))
