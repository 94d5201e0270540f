"""Taking messages out of the outbox by lanes: what is most urgent first, and from each lane as many as may leave.

A lane is a channel, or the queue of one domain in it that has a limit of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from nurture.store import bulk
from nurture.store.direct import Direct
from nurture.store.engine import Tx, this_process
from nurture.store.messages import NOT_PAUSED, WAITING, ready
from nurture.store.tables import enrollments, messages
from nurture.store.types import Instant

URGENCY = ("transactional", "survey", "marketing")  # what goes first


def _lane() -> sa.ColumnElement[str]:
    """Where a message waits: as the index over lanes has it."""
    return sa.func.coalesce(messages.c.queue, messages.c.channel)


@dataclass(frozen=True, slots=True)
class Lane:
    """A channel, or the queue of one domain in it, and how many messages may be taken from it: of all, and of those
    that aren't transactional."""

    name: str
    most: int
    others: int


def lease(tx: Tx, now: datetime, until: datetime, lanes: Sequence[Lane]) -> list[Mapping[str, Any]]:
    """Take ready messages of journeys and versions that aren't paused, until real time `until`: from each lane the
    most urgent first.

    They come with what was written with them and what was kept when they were finished before, and with the
    memory of their run and the event that started it.
    """
    given: dict[str, Any] = {"now": now, "owner": this_process(), "until": until}
    for number, lane in enumerate(lanes):
        given |= {f"lane_{number}": lane.name, f"most_{number}": lane.most, f"others_{number}": lane.others}
    ids = [row[0] for row in _leasing(len(lanes)).all(tx, **given)] if lanes else []
    return _LEASED.rows(tx, ids=ids) if ids else []


@lru_cache
def _leasing(lanes: int) -> Direct:
    """The statement for so many lanes."""
    chosen = (
        sa.union_all(*(sa.select(_of_lane(number).c.id) for number in range(lanes)))
        .cte("chosen")
        .prefix_with("MATERIALIZED")
    )
    owner, until = sa.bindparam("owner", type_=sa.Text), sa.bindparam("until", type_=Instant)
    return Direct(
        sa.update(messages)
        .where(messages.c.id.in_(sa.select(chosen.c.id)))
        .values(state="leased", lease_owner=owner, lease_until=until, fence=messages.c.fence + 1)
        .returning(messages.c.id)
    )


def _of_lane(number: int) -> sa.Subquery:
    """The ids to take from a lane: rows are looked at, and locked, only as far as they are wanted."""
    urgent = sa.union_all(
        *(
            sa.select(_of_class(kind, number, "most" if kind == "transactional" else "others").c.id)
            for kind in URGENCY
        )
    ).subquery()
    most = sa.bindparam(f"most_{number}", type_=sa.Integer)
    return sa.select(urgent.c.id).limit(most).subquery()


def _of_class(kind: str, number: int, limit: str) -> sa.Subquery:
    lane = sa.bindparam(f"lane_{number}", type_=sa.Text)
    return (
        sa.select(messages.c.id)
        .where(
            _lane() == lane,
            messages.c["class"] == sa.literal_column(f"'{kind}'"),
            WAITING,
            messages.c.due_at <= sa.bindparam("now", type_=Instant),
            NOT_PAUSED,
        )
        .order_by(messages.c.due_at, messages.c.id)
        .limit(sa.bindparam(f"{limit}_{number}", type_=sa.Integer))
        .with_for_update(skip_locked=True)
        .subquery()
    )


_LEASED = Direct(
    sa.select(
        messages,
        enrollments.c.memory,
        enrollments.c.trigger_event_id,
        enrollments.c.item,
        enrollments.c.trigger_name,
    )
    .outerjoin(enrollments, enrollments.c.id == messages.c.enrollment_id)
    .where(bulk.given(messages.c.id))
    .order_by(messages.c.due_at, messages.c.id)
)


def queue(tx: Tx, held: Collection[tuple[int, int, str | None]]) -> None:
    """Return leased messages, each (id, fence, queue), whose turn has not come: they wait in their queue."""
    free = {"state": "scheduled", "lease_owner": None, "lease_until": None}
    rows = [{"id": message_id, "fence": fence, "queue": name, **free} for message_id, fence, name in held]
    bulk.update_if(tx, messages, rows, key=("id", "fence"), guard="t.state = 'leased'")


def let_out(tx: Tx, lane: str) -> None:
    """What waits in this queue waits there no longer."""
    tx.execute(sa.update(messages).where(_lane() == lane, WAITING).values(queue=None))


def leased_to(tx: Tx, digest: str) -> list[int]:
    """The people about whom a worker is to write to somebody else, at this address. On SQLite nobody else writes just
    now."""
    return _LEASED_TO.column(tx, digest=digest) if tx.dialect.name == "postgresql" else []


_LEASED_TO = Direct(
    sa.select(messages.c.contact_id).where(
        messages.c.state == sa.literal_column("'leased'"),
        messages.c.recipient_digest == sa.bindparam("digest", type_=sa.Text),
    )
)


def waits(tx: Tx, lane: str, now: datetime, *, others: bool) -> bool:
    """Whether anything in this lane is due: transactional, or one of the others."""
    found = sa.select(messages.c.id).where(*_due_in(lane, now, others))
    return tx.execute(found.limit(1)).first() is not None


def due_in(tx: Tx, lane: str, now: datetime, *, others: bool) -> tuple[int, datetime | None]:
    """How many of them there are, and since when the first has been due."""
    counted = sa.select(sa.func.count(), sa.func.min(messages.c.due_at))
    row = tx.execute(counted.where(*_due_in(lane, now, others))).one()
    return row[0], row[1]


def _due_in(lane: str, now: datetime, others: bool) -> tuple[sa.ColumnElement[bool], ...]:
    kinds = [f"'{kind}'" for kind in URGENCY if (kind != "transactional") == others]
    of_kind = messages.c["class"].in_([sa.literal_column(kind) for kind in kinds])
    return _lane() == lane, of_kind, ready(now), NOT_PAUSED
