"""What a new version does to the runs inside earlier ones: everybody in a few statements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.store import bulk
from nurture.store.engine import Tx
from nurture.store.messages import OPEN
from nurture.store.repeats import ENDED
from nurture.store.tables import coupons, enrollments, messages, tasks, traces
from nurture.store.tables import journeys as published

Test = sa.ColumnElement[bool]
_MARK = "~"  # no step's id begins with it


def inside(journey: str, version_id: int | None = None) -> Test:
    """Runs of this journey that go on, outside this version."""
    found = sa.and_(enrollments.c.journey == journey, enrollments.c.status == "active")
    return found if version_id is None else sa.and_(found, enrollments.c.version_id != version_id)


def of_version(journey: str, version_id: int) -> Test:
    """Runs of this version that go on."""
    return sa.and_(inside(journey), enrollments.c.version_id == version_id)


def standing(tx: Tx, journey: str, but: int | None = None) -> dict[int, dict[str, int]]:
    """How many people stand at each step of each version but this one."""
    found: dict[int, dict[str, int]] = {}
    columns = enrollments.c.version_id, enrollments.c.step
    chosen = sa.select(*columns, sa.func.count()).where(inside(journey, but)).group_by(*columns)
    for version_id, step, count in tx.execute(chosen.order_by(*columns)):
        if step:
            found.setdefault(version_id, {})[step] = count
    return found


def migrate(tx: Tx, chosen: Test, version_id: int, moves: Mapping[str, str], now: datetime) -> int:
    """These runs go on in this version, at the same step or where `moves` says; how many."""
    _trace(tx, chosen, "in_flight.migrate", now)
    step = sa.case(moves, value=enrollments.c.step, else_=enrollments.c.step) if moves else enrollments.c.step
    return _change(tx, chosen, {"version_id": version_id, "step": step, "due_at": now})


def take_back(tx: Tx, chosen: Test, now: datetime) -> None:
    """Cancel what these runs have not sent: they go on elsewhere."""
    _cancel(tx, chosen, "run_moved", now)


def rename(tx: Tx, chosen: Test, names: Mapping[str, str]) -> None:
    """What steps of these runs sent, made and remembered is of the steps that they are called now."""
    if not names:
        return
    for table in (messages, tasks, coupons):
        _rename(tx, table, chosen, names)
    kept = sa.select(enrollments.c.id, enrollments.c.memory).where(
        chosen, sa.cast(enrollments.c.memory, sa.Text) != "{}"
    )
    bulk.update(
        tx,
        enrollments,
        [
            {"id": run, "memory": {names.get(step, step): each for step, each in memory.items()}}
            for run, memory in tx.execute(kept).all()
            if not memory.keys().isdisjoint(names)
        ],
    )


def _rename(tx: Tx, table: sa.Table, chosen: Test, names: Mapping[str, str]) -> None:
    """In two turns, since steps may have exchanged their ids. Where a step of the run had that id before, it stays."""
    runs, other = sa.select(enrollments.c.id).where(chosen), table.alias("other")
    now = sa.case(names, value=table.c.step)
    taken = sa.exists().where(
        other.c.enrollment_id == table.c.enrollment_id, other.c.step == now, other.c.step.not_in(names)
    )
    hers = table.c.enrollment_id.in_(runs)
    tx.execute(sa.update(table).where(hers, table.c.step.in_(names), ~taken).values(step=_MARK + now))
    marked = table.c.step.startswith(_MARK)
    tx.execute(sa.update(table).where(hers, marked).values(step=sa.func.substr(table.c.step, 2)))


def drain(tx: Tx, journey: str, version_id: int | None, reason: str, now: datetime) -> int:
    """Everybody leaves when the step at which she stands is done; how many."""
    chosen = inside(journey, version_id)
    _trace(tx, chosen, reason, now)
    return _change(tx, chosen, {"leaving": reason})


def end(tx: Tx, chosen: Test, reason: str, now: datetime) -> int:
    """These runs end now, and what they have not sent is cancelled; how many."""
    _trace(tx, chosen, reason, now)
    her_own = messages.c.recipient.is_(None)  # what goes to somebody else outlives the run
    _cancel(tx, chosen, "run_ended", now, her_own)
    return _change(tx, chosen, {"status": "exited", "exit_reason": reason, "ended_at": now, "due_at": None})


def at_steps(chosen: Test, steps: list[str]) -> Test:
    """Those of these runs that stand at one of these steps."""
    return sa.and_(chosen, enrollments.c.step.in_(steps))


def of_people(journey: str, contact_ids: list[int]) -> Test:
    """Runs of these people that go on."""
    return sa.and_(inside(journey), enrollments.c.contact_id.in_(contact_ids))


def count(tx: Tx, chosen: Test) -> int:
    """How many runs these are."""
    return tx.execute(sa.select(sa.func.count()).select_from(enrollments).where(chosen)).scalar_one()


def journeys(tx: Tx) -> list[str]:
    """The journeys that were ever published."""
    return list(tx.execute(sa.select(published.c.name).order_by(published.c.name)).scalars())


def _change(tx: Tx, chosen: Test, values: Mapping[str, Any]) -> int:
    changed = sa.update(enrollments).where(chosen).values(values)
    return max(tx.execute(changed, execution_options={"preserve_rowcount": True}).rowcount, 0)


def _trace(tx: Tx, chosen: Test, reason: str, now: datetime) -> None:
    columns = ["enrollment_id", "at", "step", "reason"]
    rows = sa.select(
        enrollments.c.id, sa.literal(now, traces.c.at.type), enrollments.c.step, sa.literal(reason, sa.Text)
    ).where(chosen)
    tx.execute(sa.insert(traces).from_select(columns, rows))


def _cancel(tx: Tx, chosen: Test, reason: str, now: datetime, *which: Test) -> None:
    tx.execute(
        sa.update(messages)
        .where(
            messages.c.state.in_(OPEN),
            messages.c.enrollment_id.in_(sa.select(enrollments.c.id).where(chosen)),
            *which,
        )
        .values(state=ENDED, reason=reason, done_at=now)
    )
