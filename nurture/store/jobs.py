"""How each job is doing, and the lease that lets one of several schedulers poke it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nurture.store import bulk
from nurture.store.engine import Tx, is_dead, this_process
from nurture.store.tables import jobs


def take(tx: Tx, name: str, clock: datetime, *, lease: timedelta) -> bool:
    """Try to become the one who runs `name` until `clock + lease` (real time)."""
    bulk.insert_new(tx, jobs, [{"name": name}])
    row = tx.execute(
        sa.select(jobs.c.owner, jobs.c.lease_until).where(jobs.c.name == name).with_for_update()
    ).one()
    mine = this_process()
    held = row.owner is not None and row.owner != mine and row.lease_until > clock and not is_dead(row.owner)
    if held:
        return False
    tx.execute(sa.update(jobs).where(jobs.c.name == name).values(owner=mine, lease_until=clock + lease))
    return True


def started(tx: Tx, name: str, now: datetime) -> None:
    bulk.insert_new(tx, jobs, [{"name": name}])
    tx.execute(sa.update(jobs).where(jobs.c.name == name).values(started_at=now))


def finished(tx: Tx, name: str, now: datetime, counts: Mapping[str, int]) -> None:
    tx.execute(
        sa.update(jobs)
        .where(jobs.c.name == name)
        .values(finished_at=now, counts=dict(counts), error=None, owner=None, lease_until=None)
    )


def failed(tx: Tx, name: str, now: datetime, error: str) -> None:
    tx.execute(
        sa.update(jobs)
        .where(jobs.c.name == name)
        .values(failed_at=now, error=error, owner=None, lease_until=None)
    )


def all_jobs(tx: Tx) -> dict[str, Mapping[str, Any]]:
    return {row["name"]: row for row in tx.execute(sa.select(jobs)).mappings()}
