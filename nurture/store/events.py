"""The inbox and the history: events are appended, and have their effect later, once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from nurture.model import Json
from nurture.store import bulk, reading
from nurture.store.direct import Direct
from nurture.store.engine import Tx
from nurture.store.tables import activity, events


def append(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> int:
    """Append events; how many were new. (source, source_id) says which are the same, and in its order they are written,
    so that two who tell of the same ones don't wait for each other."""
    return bulk.insert_new(tx, events, sorted(rows, key=_IDENTITY))


_IDENTITY = itemgetter("source", "source_id")


def unprocessed(tx: Tx, now: datetime, limit: int) -> list[Mapping[str, Any]]:
    """The next events whose time has come, oldest first; the order doesn't depend on how they came in."""
    return _UNPROCESSED.rows(tx, now=now, limit=limit)


_UNPROCESSED = Direct(
    sa.select(events)
    .where(events.c.processed_at.is_(None), events.c.occurred_at <= sa.bindparam("now"))
    .order_by(events.c.occurred_at, events.c.source, events.c.source_id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


def next_due(tx: Tx) -> datetime | None:
    """When the earliest event that waits in the inbox happens."""
    found: datetime | None = _NEXT_DUE.one(tx)
    return found


_NEXT_DUE = Direct(sa.select(sa.func.min(events.c.occurred_at)).where(events.c.processed_at.is_(None)))


def waiting(tx: Tx, now: datetime) -> int:
    return tx.execute(
        sa.select(sa.func.count()).where(events.c.processed_at.is_(None), events.c.occurred_at <= now)
    ).scalar_one()


def settle(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Mark events as processed. What named the person and what was applied to her goes."""
    bulk.update(tx, events, [{**row, "person": None, "traits": None, "consents": None} for row in rows])


def happened_at(tx: Tx, source: str, times: Mapping[str, datetime]) -> None:
    """Put right when these events of `source` happened, by their ids there."""
    statement = (
        sa.update(events)
        .where(events.c.source == source, events.c.source_id == sa.bindparam("which"))
        .values(occurred_at=sa.bindparam("at"))
    )
    if times:
        tx.execute(statement, [{"which": name, "at": at} for name, at in times.items()])


def note_activity(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Count who did what when. Rows: name, contact_id, times, first_at, last_at, updated_at."""
    merge = _counted_on_sqlite if tx.dialect.name == "sqlite" else _counted
    bulk.upsert(tx, activity, rows, key=("name", "contact_id"), merge=merge)


def _counted_on_sqlite(new: Any) -> Mapping[str, Any]:
    return _counted(new, lower=sa.func.min, upper=sa.func.max)


def _counted(new: Any, lower: Any = sa.func.least, upper: Any = sa.func.greatest) -> Mapping[str, Any]:
    return {
        "times": activity.c.times + new.times,
        "first_at": lower(activity.c.first_at, new.first_at),
        "last_at": upper(activity.c.last_at, new.last_at),
        "updated_at": new.updated_at,
    }


def payloads(tx: Tx, ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
    """Name, time and payload of these events."""
    if not ids:
        return {}
    return {row["id"]: row for row in _PAYLOADS.rows(tx, ids=ids)}


_PAYLOADS = Direct(
    sa.select(events.c.id, events.c.name, events.c.occurred_at, events.c.payload).where(
        bulk.given(events.c.id)
    )
)


def of_contact(tx: Tx, contact_id: int) -> list[Mapping[str, Any]]:
    """A person's history, oldest first."""
    found = tx.execute(
        sa.select(events).where(events.c.contact_id == contact_id).order_by(events.c.occurred_at, events.c.id)
    )
    return reading.rows(found)


def names(tx: Tx) -> list[str]:
    """What has happened to anybody: each name once, found by hopping along the index from one to the next."""
    found: list[str] = []
    while (name := tx.execute(_NEXT_NAME, {"before": found[-1] if found else ""}).scalar_one()) is not None:
        found.append(name)
    return found


_NEXT_NAME = sa.select(sa.func.min(events.c.name)).where(events.c.name > sa.bindparam("before"))


def latest(tx: Tx, name: str, count: int) -> list[Mapping[str, Json]]:
    """What the last events of this name said."""
    chosen = sa.select(events.c.payload).where(events.c.name == name)
    return list(tx.execute(chosen.order_by(events.c.occurred_at.desc()).limit(count)).scalars())


def id_of(tx: Tx, source: str, source_id: str) -> int:
    """The event that is known by this name."""
    found: int = tx.execute(_ID_OF, {"source": source, "source_id": source_id}).scalar_one()
    return found


def known_as(tx: Tx, source: str, source_id: str) -> int | None:
    """The event of this name, if there is one."""
    found: int | None = tx.execute(_ID_OF, {"source": source, "source_id": source_id}).scalar_one_or_none()
    return found


_ID_OF = sa.select(events.c.id).where(
    events.c.source == sa.bindparam("source"), events.c.source_id == sa.bindparam("source_id")
)


def lasts(tx: Tx, name: str, count: int, people: Collection[int], now: datetime) -> dict[int, list[Json]]:
    """By person what her last events of this name said, at most `count` of them, the newest first."""
    found: dict[int, list[Json]] = {}
    for person, payload, at in tx.execute(
        _LASTS, {"name": name, "count": count, "ids": people, "now": now}
    ).all():
        found.setdefault(person, []).append({**payload, "occurred_at": at.isoformat()})
    return found


_NEWEST = (
    sa.select(
        events.c.contact_id,
        events.c.payload,
        events.c.occurred_at,
        sa.func.row_number()
        .over(partition_by=events.c.contact_id, order_by=(events.c.occurred_at.desc(), events.c.id.desc()))
        .label("place"),
    )
    .where(
        bulk.given(events.c.contact_id),
        events.c.name == sa.bindparam("name"),
        events.c.occurred_at <= sa.bindparam("now"),
    )
    .subquery()
)
_LASTS = (
    sa.select(_NEWEST.c.contact_id, _NEWEST.c.payload, _NEWEST.c.occurred_at)
    .where(_NEWEST.c.place <= sa.bindparam("count"))
    .order_by(_NEWEST.c.contact_id, _NEWEST.c.place)
)
