"""Channels whose marketing has stopped by itself, and what that is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nurture.store import bulk, reading
from nurture.store.canaries import bounced_hard
from nurture.store.direct import Direct
from nurture.store.engine import Tx
from nurture.store.tables import messages, stops, tallies

OPEN = stops.c.ended_at.is_(None)
KEPT = timedelta(days=60)  # no window is longer
_STOPPED = Direct(sa.select(stops.c.channel).where(OPEN))


def stopped(tx: Tx) -> frozenset[str]:
    """The channels whose marketing has stopped."""
    return frozenset([row[0] for row in _STOPPED.all(tx)])


def rows(tx: Tx) -> list[Mapping[str, Any]]:
    """The same with since when and why."""
    return reading.rows(tx.execute(sa.select(stops).where(OPEN).order_by(stops.c.channel)))


def ended(tx: Tx, channel: str) -> datetime | None:
    """When somebody last let this channel go on."""
    found: datetime | None = tx.execute(
        sa.select(stops.c.ended_at).where(stops.c.channel == channel)
    ).scalar_one_or_none()
    return found


def stop(tx: Tx, channel: str, reason: str, figures: Mapping[str, Any], now: datetime) -> None:
    """Stop a channel's marketing, unless it stands already."""
    row = {"channel": channel, "since": now, "reason": reason, "figures": dict(figures), "ended_at": None}
    bulk.upsert(tx, stops, [row], key=("channel",), merge=_anew, where=_went_on)


def _anew(new: Any) -> Mapping[str, Any]:
    return {name: new[name] for name in ("since", "reason", "figures", "ended_at")}


def _went_on(new: Any) -> sa.ColumnElement[bool]:
    return stops.c.ended_at.is_not(None)


def go_on(tx: Tx, channel: str, now: datetime) -> bool:
    """Let a channel's marketing go on; False where it hadn't stopped."""
    ending = sa.update(stops).where(stops.c.channel == channel, OPEN).values(ended_at=now)
    if tx.execute(ending.returning(stops.c.channel)).first() is None:
        return False
    # an hour that is counted whole would hold against the channel what came before
    tx.execute(sa.delete(tallies).where(tallies.c.channel == channel))
    return True


# --- what is counted --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CameBack:
    """Of a channel's deliveries in a time: how many, and what came back of them. Delivered are those that the provider
    took, and those that it refused for their address or by policy."""

    delivered: int
    complaints: int
    hard_bounces: int
    policy: int


def tally(tx: Tx, channel: str, now: datetime, delivered: int, policy: int) -> None:
    """Count what a provider has answered."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    row = {"channel": channel, "hour": hour, "delivered": delivered, "policy": policy}
    bulk.upsert(tx, tallies, [row], key=("channel", "hour"), merge=_added)


def _added(new: Any) -> Mapping[str, Any]:
    return {name: tallies.c[name] + new[name] for name in ("delivered", "policy")}


def came_back(tx: Tx, channel: str, since: datetime) -> CameBack:
    """What came back of a channel's messages since then. Old tallies are thrown away."""
    tx.execute(sa.delete(tallies).where(tallies.c.channel == channel, tallies.c.hour < since - KEPT))
    hour = since.replace(minute=0, second=0, microsecond=0)
    sums = [sa.func.coalesce(sa.func.sum(tallies.c[name]), 0) for name in ("delivered", "policy")]
    counted = sa.select(*sums).where(tallies.c.channel == channel, tallies.c.hour >= hour)
    delivered, policy = tx.execute(counted).one()
    complaints, hard = tx.execute(_troubled(channel, since)).one()
    return CameBack(int(delivered), complaints, hard, int(policy))


def _troubled(channel: str, since: datetime) -> sa.Select[int, int]:
    hard = sa.case((sa.and_(messages.c.bounced_at >= since, bounced_hard()), 1))
    complained = sa.case((messages.c.complained_at >= since, 1))
    return sa.select(sa.func.count(complained), sa.func.count(hard)).where(
        messages.c.channel == channel,
        sa.or_(messages.c.bounced_at.is_not(None), messages.c.complained_at.is_not(None)),
        sa.or_(messages.c.bounced_at >= since, messages.c.complained_at >= since),
    )
