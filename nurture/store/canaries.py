"""Canaries: versions that a share of newcomers enters beside the live one, and what came back of their messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.store import reading
from nurture.store.engine import Tx
from nurture.store.tables import canaries, events, journey_versions, messages

BY_ITSELF = ("complaints", "hard_bounces")  # outcomes that nobody asked for
HELD = sa.select(canaries.c.version_id).where(canaries.c.held)
RUNNING = canaries.c.ended_at.is_(None)


def begin(tx: Tx, version_id: int, journey: str, share: int, now: datetime) -> None:
    """Open this version to a share of newcomers. No other of the journey may be running."""
    values = {"version_id": version_id, "journey": journey, "share": share, "began_at": now}
    tx.execute(sa.insert(canaries).values(values))


def widen(tx: Tx, version_id: int, share: int) -> None:
    tx.execute(sa.update(canaries).where(canaries.c.version_id == version_id).values(share=share))


def end(
    tx: Tx,
    journey: str,
    outcome: str,
    now: datetime,
    *,
    version_id: int | None = None,
    held: bool = False,
    figures: Mapping[str, Any] | None = None,
) -> bool:
    """Close the canary of this journey that is running (if it is this version); False where none is. What a `held` one sends waits from now
    on, and `settled_at` stays open until somebody has seen to it."""
    values = {"ended_at": now, "outcome": outcome, "held": held, "figures": figures}
    ended = sa.update(canaries).where(canaries.c.journey == journey, RUNNING)
    if version_id is not None:
        ended = ended.where(canaries.c.version_id == version_id)
    return bool(tx.execute(ended.values(values).returning(canaries.c.version_id)).first())


def settle(tx: Tx, journey: str, now: datetime) -> list[int]:
    """Somebody has seen to what stopped by itself; the versions."""
    waiting = canaries.c.outcome.in_(BY_ITSELF) & canaries.c.settled_at.is_(None)
    settled = sa.update(canaries).where(canaries.c.journey == journey, waiting).values(settled_at=now)
    return list(tx.execute(settled.returning(canaries.c.version_id)).scalars())


def release(tx: Tx, journey: str) -> None:
    """What its versions send waits no longer."""
    tx.execute(sa.update(canaries).where(canaries.c.journey == journey, canaries.c.held).values(held=False))


def of_journey(tx: Tx, journey: str) -> dict[int, Mapping[str, Any]]:
    """Every canary that the journey has had, by its version."""
    found = tx.execute(sa.select(canaries).where(canaries.c.journey == journey))
    return {row["version_id"]: row for row in reading.rows(found)}


def stopped(tx: Tx) -> Sequence[Mapping[str, Any]]:
    """Those that stopped by themselves and still hold messages or wait for somebody to see to them."""
    open_ones = canaries.c.held | canaries.c.settled_at.is_(None)
    return reading.rows(
        tx.execute(
            sa.select(canaries, journey_versions.c.number)
            .join(journey_versions, journey_versions.c.id == canaries.c.version_id)
            .where(canaries.c.outcome.in_(BY_ITSELF), open_ones)
            .order_by(canaries.c.journey, canaries.c.version_id)
        )
    )


def failed(tx: Tx, journey: str, behavior: str) -> Mapping[str, Any] | None:
    """The last version of this journey that did the same and stopped by itself: its `number` and `figures`."""
    found = (
        sa.select(journey_versions.c.number, canaries.c.figures)
        .join(journey_versions, journey_versions.c.id == canaries.c.version_id)
        .where(canaries.c.journey == journey, canaries.c.outcome.in_(BY_ITSELF))
        .where(journey_versions.c.hash == behavior)
        .order_by(journey_versions.c.number.desc())
    )
    return next(iter(reading.rows(tx.execute(found))), None)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What came back of a version's messages on one channel: delivered are those that the provider took, and those
    that it refused for their address."""

    delivered: int
    complaints: int
    hard_bounces: int


def feedback(tx: Tx, version_id: int, journey: str, since: datetime) -> dict[str, Feedback]:
    """By channel, where anything bounced or was complained of at all."""
    troubled = {channel: rest for channel, *rest in tx.execute(_TROUBLED, {"version_id": version_id}).all()}
    if not troubled:
        return {}
    given = {"version_id": version_id, "journey": journey, "since": since}
    accepted: dict[str, int] = dict(tx.execute(_ACCEPTED, given).all())
    return {
        channel: Feedback(accepted.get(channel, 0) + refused, complaints, hard)
        for channel, (refused, complaints, hard) in troubled.items()
    }


def bounced_hard() -> sa.ColumnElement[bool]:
    """Whether a bounce of the message blames its address: `suppress` may be missing, but is not null."""
    told = events.c.payload.op("->", return_type=sa.Text())(sa.literal_column("'suppress'"))
    return sa.exists().where(
        events.c.message_id == messages.c.id,
        events.c.name == messages.c.channel + "_bounced",
        sa.func.coalesce(sa.cast(told, sa.Text), "") != "null",
    )


def _counting() -> sa.Select[Any]:
    hard = sa.case((messages.c.bounced_at.is_(None), None), (bounced_hard(), 1))
    refused = sa.case((messages.c.accepted_at.is_(None), 1))
    counts = (sa.func.count(each) for each in (refused, messages.c.complained_at, hard))
    return (
        sa.select(messages.c.channel, *counts)
        .where(
            messages.c.version_id == sa.bindparam("version_id"),
            sa.or_(messages.c.bounced_at.is_not(None), messages.c.complained_at.is_not(None)),
        )
        .group_by(messages.c.channel)
    )


_TROUBLED = _counting()
_ACCEPTED = (
    sa.select(messages.c.channel, sa.func.count())
    .where(
        messages.c.journey == sa.bindparam("journey"),
        messages.c.accepted_at >= sa.bindparam("since"),
        messages.c.version_id == sa.bindparam("version_id"),
    )
    .group_by(messages.c.channel)
)
