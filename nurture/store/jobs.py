"""How each job is doing, and the lease that lets one of several schedulers poke it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nurture.store import bulk, reading
from nurture.store.engine import Tx, is_dead, this_process
from nurture.store.tables import jobs


def take(tx: Tx, name: str, clock: datetime, *, lease: timedelta) -> bool:
    """Try to become the one who runs `name` until `clock + lease` (real time)."""
    bulk.insert_new(tx, jobs, [{"name": name}])
    if _other(tx, _lease(name).with_for_update(), clock) is not None:
        return False
    mine = {"owner": this_process(), "lease_until": clock + lease}
    tx.execute(sa.update(jobs).where(jobs.c.name == name).values(mine))
    return True


def holder(tx: Tx, name: str, clock: datetime) -> str | None:
    """Which other process runs `name` now, as `this_process` writes it."""
    return _other(tx, _lease(name), clock)


def release(tx: Tx, name: str) -> None:
    """Let another process run `name` at once, where this one has been doing so."""
    mine = (jobs.c.name == name) & (jobs.c.owner == this_process())
    tx.execute(sa.update(jobs).where(mine).values(owner=None, lease_until=None))


def _lease(name: str) -> sa.Select[Any]:
    return sa.select(jobs.c.owner, jobs.c.lease_until).where(jobs.c.name == name)


def _other(tx: Tx, lease: sa.Select[Any], clock: datetime) -> str | None:
    row = tx.execute(lease).one_or_none()
    if row is None or row.owner in (None, this_process()) or row.lease_until <= clock or is_dead(row.owner):
        return None
    owner: str = row.owner
    return owner


def started(tx: Tx, name: str, now: datetime) -> None:
    bulk.insert_new(tx, jobs, [{"name": name}])
    tx.execute(sa.update(jobs).where(jobs.c.name == name).values(started_at=now))


def finished(
    tx: Tx, name: str, now: datetime, counts: Mapping[str, int], *, unproven_since: datetime | None = None
) -> None:
    """The job ended well. What failed after `unproven_since` counts as failing all the same, but for the database:
    that it works again is shown by this very statement."""
    ended: Any = sa.literal(now, jobs.c.finished_at.type)
    if unproven_since is not None:
        recent = (
            (jobs.c.failed_at > unproven_since)
            & (jobs.c.finished_at.is_(None) | (jobs.c.finished_at <= jobs.c.failed_at))
            & jobs.c.error.not_like("database:%")
        )
        ended = sa.case((recent, jobs.c.finished_at), else_=ended)
    tx.execute(sa.update(jobs).where(jobs.c.name == name).values(finished_at=ended, counts=dict(counts)))


def failed(tx: Tx, name: str, now: datetime, error: str) -> None:
    tx.execute(sa.update(jobs).where(jobs.c.name == name).values(failed_at=now, error=error))


def is_failing(row: Mapping[str, Any]) -> bool:
    """Whether the job has failed and not gone well since."""
    failed_at, finished_at = row["failed_at"], row["finished_at"]
    return failed_at is not None and (finished_at is None or finished_at <= failed_at)


def all_jobs(tx: Tx) -> dict[str, Mapping[str, Any]]:
    return {row["name"]: row for row in reading.rows(tx.execute(sa.select(jobs)))}
