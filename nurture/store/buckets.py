"""What the limits of sending remember: buckets of tokens, and how far a new sender has come in its plan.

Rows are locked before they are read, so that all workers together take what there is, once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from nurture.store import bulk
from nurture.store.engine import Tx
from nurture.store.tables import buckets, warm_ups
from nurture.store.types import EPOCH


def hold(tx: Tx, names: Collection[str]) -> dict[str, datetime]:
    """When each of these buckets is full again; nobody else takes from them until this transaction ends."""
    found = _held(tx, names)
    if missing := set(names) - found.keys():
        bulk.insert_new(tx, buckets, [{"name": name, "full_at": EPOCH} for name in sorted(missing)])
        found = _held(tx, names)
    return found


def _held(tx: Tx, names: Collection[str]) -> dict[str, datetime]:
    chosen = sa.select(buckets.c.name, buckets.c.full_at).where(buckets.c.name.in_(names))
    return dict(tx.execute(chosen.order_by(buckets.c.name).with_for_update()).all())


def look(tx: Tx) -> dict[str, datetime]:
    """When each bucket that was ever taken from is full again."""
    return dict(tx.execute(sa.select(buckets.c.name, buckets.c.full_at)).all())


def fill(tx: Tx, full_at: Mapping[str, datetime]) -> None:
    """Write down when buckets that are held will be full again."""
    bulk.update(tx, buckets, [{"name": n, "full_at": at} for n, at in full_at.items()], key="name")


def forget(tx: Tx, name: str) -> None:
    """Nothing has this limit any more."""
    tx.execute(sa.delete(buckets).where(buckets.c.name == name))


@dataclass(frozen=True, slots=True)
class Warmth:
    """The day of its plan at which a new sender is, from 1, and what it has sent on it."""

    day: int
    sent: int


def warmth(tx: Tx, senders: Collection[str], today: date) -> dict[str, Warmth]:
    """How far these senders have come today; nobody else may write that until this transaction ends."""
    names = sorted(senders)
    first = [{"sender": name, "day": 1, "date": today.isoformat(), "sent": 0} for name in names]
    chosen = sa.select(warm_ups).where(warm_ups.c.sender.in_(names)).order_by(warm_ups.c.sender)
    rows = tx.execute(chosen.with_for_update()).all()
    if len(rows) < len(names):
        bulk.insert_new(tx, warm_ups, first)
        rows = tx.execute(chosen.with_for_update()).all()
    return {row.sender: _today(row.day, row.sent, row.date, today) for row in rows}


def _today(day: int, sent: int, last: str, today: date) -> Warmth:
    """A day on which nothing was sent is not one of the plan. What was sent while the clock was ahead was not sent
    today, and the day of the plan begins anew: it stands still on none that is yet to come."""
    if last > today.isoformat():
        return Warmth(day, 0)
    if last == today.isoformat() or not sent:
        return Warmth(day, sent)
    return Warmth(day + 1, 0)


def warm(tx: Tx, senders: Mapping[str, Warmth], today: date) -> None:
    """Write down how far these senders have come."""
    rows = [
        {"sender": name, "day": now.day, "date": today.isoformat(), "sent": now.sent}
        for name, now in senders.items()
    ]
    bulk.update(tx, warm_ups, rows, key="sender")


def cool(tx: Tx, sender: str, unspent: int, today: date) -> None:
    """Take back what a sender was to send today and did not."""
    chosen = (
        warm_ups.c.sender == sender,
        warm_ups.c.date == today.isoformat(),
        warm_ups.c.sent >= unspent,
    )
    tx.execute(sa.update(warm_ups).where(*chosen).values(sent=warm_ups.c.sent - unspent))


def warming(tx: Tx, today: date) -> dict[str, Warmth]:
    """How far every sender has come, without holding anything."""
    rows = tx.execute(sa.select(warm_ups))
    return {row.sender: _today(row.day, row.sent, row.date, today) for row in rows}
