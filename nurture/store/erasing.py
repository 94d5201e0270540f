"""All that is kept of a person, table by table: giving it out, and stripping it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.store import bulk, moving, reading, trouble
from nurture.store.engine import Store, Tx
from nurture.store.messages import OPEN
from nurture.store.repeats import ENDED
from nurture.store.tables import contacts, enrollments, events, messages, metadata, suppressions, tasks
from nurture.store.tables.personal import TREATMENTS, Fate

Row = Mapping[str, Any]
Renamed = Callable[[str], str]
Thinned = Callable[[str, Any], Any]
KNOWN = "erased"  # the kind of suppression that says of an address or ref: who had it was erased
_VIA = {"enrollment_id": enrollments, "message_id": messages}


def tables_of_people() -> list[sa.Table]:
    """The tables that hold something of people, in the order in which they refer to each other."""
    return [table for table in metadata.sorted_tables if TREATMENTS[table.name].of is not None]


def _hers(table: sa.Table, ids: Collection[int]) -> sa.ColumnElement[bool]:
    of = TREATMENTS[table.name].of
    assert of is not None
    if of in _VIA:
        via = _VIA[of]
        return table.c[of].in_(sa.select(via.c.id).where(via.c.contact_id.in_(ids)))
    return table.c[of].in_(ids)


# --- giving out ----------------------------------------------------------------------------


def rows(tx: Tx, table: sa.Table, ids: Collection[int]) -> list[Row]:
    """What a table holds of these people."""
    chosen = sa.select(table).where(_hers(table, ids)).order_by(*table.primary_key)
    return reading.rows(tx.execute(chosen))


def listed(tx: Tx, digests: Collection[str]) -> list[Row]:
    """The suppressions of these addresses."""
    found = sa.select(suppressions).where(suppressions.c.digest.in_(digests))
    return reading.rows(tx.execute(found.order_by(suppressions.c.kind, suppressions.c.since)))


def waiting(tx: Tx) -> Iterator[Row]:
    """The events in the inbox that name a person: id, person."""
    inbox = events.c.processed_at.is_(None), events.c.person.is_not(None)
    found = tx.execute(
        sa.select(events.c.id, events.c.person).where(*inbox).execution_options(yield_per=5000)
    )
    with found:
        for event_id, person in found:
            yield {"id": event_id, "person": person}


def whole(tx: Tx, ids: Collection[int]) -> list[Row]:
    """These events."""
    return reading.rows(tx.execute(sa.select(events).where(bulk.in_ids(tx, events.c.id, ids))))


# --- erasing -------------------------------------------------------------------------------


def lock(tx: Tx, ids: Collection[int]) -> None:
    """Hold these people's runs: whoever is working on one is waited for. Their own rows are held already."""
    if tx.dialect.name == "postgresql":
        chosen = (
            sa.select(enrollments.c.id).where(enrollments.c.contact_id.in_(ids)).order_by(enrollments.c.id)
        )
        tx.execute(chosen.with_for_update()).all()


def end(
    tx: Tx, ids: Collection[int], digests: Collection[str], reason: str, now: datetime
) -> tuple[int, int]:
    """Cancel what has not left of what is written to or about these people, and end their runs; how many runs and
    messages that was. Open tasks about them are closed."""
    written = sa.or_(messages.c.contact_id.in_(ids), messages.c.recipient_digest.in_(digests))
    cancelled = tx.execute(
        sa.update(messages)
        .where(messages.c.state.in_(OPEN), written)
        .values(state=ENDED, reason=reason, done_at=now)
        .returning(messages.c.id)
    ).all()
    tx.execute(
        sa.update(tasks)
        .where(tasks.c.contact_id.in_(ids), tasks.c.done_at.is_(None))
        .values(done_at=now, outcome=reason)
    )
    return moving.end(tx, _going_on(ids), reason, now), len(cancelled)


def going_on(tx: Tx, ids: Collection[int], digests: Collection[str]) -> tuple[int, int]:
    """How many runs and messages `end` would end."""
    written = sa.or_(messages.c.contact_id.in_(ids), messages.c.recipient_digest.in_(digests))
    unsent = sa.select(sa.func.count()).select_from(messages).where(messages.c.state.in_(OPEN), written)
    return moving.count(tx, _going_on(ids)), tx.execute(unsent).scalar_one()


def _going_on(ids: Collection[int]) -> sa.ColumnElement[bool]:
    return sa.and_(enrollments.c.contact_id.in_(ids), enrollments.c.status == "active")


def leaving(tx: Tx, ids: Collection[int]) -> int:
    """How many messages to these people are being handed over."""
    chosen = messages.c.contact_id.in_(ids), messages.c.state == "handover"
    return tx.execute(sa.select(sa.func.count()).select_from(messages).where(*chosen)).scalar_one()


def keys(tx: Tx, ids: Collection[int]) -> list[str]:
    """The keys of the messages to or about these people."""
    return list(tx.execute(sa.select(messages.c.key).where(messages.c.contact_id.in_(ids))).scalars())


def take(tx: Tx, event_ids: Collection[int], contact_id: int, note: str, now: datetime) -> None:
    """Events that wait in the inbox have no effect any more: they are this person's."""
    chosen = bulk.in_ids(tx, events.c.id, event_ids)
    tx.execute(sa.update(events).where(chosen).values(contact_id=contact_id, processed_at=now, note=note))


def strip(tx: Tx, ids: Collection[int], renamed: Renamed, thinned: Thinned, words: Collection[str]) -> None:
    """Do to every table what `TREATMENTS` says."""
    for table in reversed(tables_of_people()):
        hers, treatment = _hers(table, ids), TREATMENTS[table.name]
        if treatment.dropped:
            stays = table.c[treatment.but].in_(words) if treatment.but else sa.false()
            tx.execute(sa.delete(table).where(hers, sa.not_(stays)))
            continue
        _clear(tx, table, hers)
        _rewrite(tx, table, hers, renamed, thinned)


def forget_recipient(tx: Tx, digests: Collection[str]) -> None:
    """Messages about others that went to one of these addresses."""
    values = {"recipient": "", "values": None, "variables": None, "queue": None}
    tx.execute(sa.update(messages).where(messages.c.recipient_digest.in_(digests)).values(values))


def _columns(table: sa.Table, *fates: Fate) -> list[sa.Column[Any]]:
    found = TREATMENTS[table.name].columns
    return [column for column in table.c if found[column.name] in fates]


def _clear(tx: Tx, table: sa.Table, hers: sa.ColumnElement[bool]) -> None:
    values: dict[str, Any] = {column.name: None for column in _columns(table, Fate.GONE)}
    for column in _columns(table, Fate.EMPTIED):
        empty: Any = sa.literal({} if isinstance(column.type, sa.JSON) else "", column.type)
        values[column.name] = sa.case((column.is_not(None), empty))
    if values:
        tx.execute(sa.update(table).where(hers).values(values))


def _rewrite(
    tx: Tx, table: sa.Table, hers: sa.ColumnElement[bool], renamed: Renamed, thinned: Thinned
) -> None:
    """What has to be looked at row by row."""
    names = [column.name for column in _columns(table, Fate.RENAMED)]
    documents = [column.name for column in _columns(table, Fate.THINNED)]
    if not names and not documents:
        return
    own = list(table.primary_key)
    chosen = sa.select(*own, *(table.c[name] for name in (*names, *documents))).where(hers)
    changed = []
    for row in tx.execute(chosen).mappings().all():
        new = {name: renamed(row[name]) for name in names if row[name] is not None}
        new |= {name: thinned(name, row[name]) for name in documents if row[name] is not None}
        new = {name: value for name, value in new.items() if value != row[name]}
        if new:
            changed.append(([row[key.name] for key in own], new))
    for key, values in changed:
        same = (column == value for column, value in zip(own, key, strict=True))
        tx.execute(sa.update(table).where(*same).values(values))


def clear(tx: Tx, ids: Collection[int]) -> None:
    """Once more what is plainly cleared: what was being handed over had its outcome written afterwards."""
    for table in tables_of_people():
        if not TREATMENTS[table.name].dropped:
            _clear(tx, table, _hers(table, ids))


def mark(tx: Tx, numbers: Mapping[int, int], zone: str, now: datetime) -> None:
    """These people, by id with the number that stands for their new name, are erased."""
    for contact_id, number in numbers.items():
        values = {"erased_at": now, "updated_at": now, "zone": zone, "zone_source": "company"}
        changed = sa.update(contacts).where(contacts.c.id == contact_id)
        tx.execute(changed.values({**values, "hash31": number}))


def remember(tx: Tx, digests: Collection[str], now: datetime) -> None:
    """Note that whoever was known by these was erased."""
    known = suppressions.c.kind == KNOWN, suppressions.c.digest.in_(digests)
    tx.execute(sa.delete(suppressions).where(*known))
    row = {"kind": KNOWN, "reason": KNOWN, "source": "erase", "since": now}
    bulk.insert_new(tx, suppressions, [{**row, "digest": digest} for digest in digests])


def erased_then(tx: Tx, at: datetime) -> list[int]:
    """Who was erased at this instant; who was merged then is nobody who was erased."""
    then = sa.select(contacts.c.id).where(contacts.c.erased_at == at)
    whole = sa.or_(contacts.c.merged_into.is_(None), contacts.c.merged_into.in_(then))
    return list(tx.execute(then.where(whole).order_by(contacts.c.id)).scalars())


def erased_since(tx: Tx, digests: Collection[str]) -> datetime | None:
    """When somebody who was known by one of these was erased, the last time."""
    chosen = suppressions.c.kind == KNOWN, suppressions.c.digest.in_(digests)
    found = tx.execute(sa.select(sa.func.max(suppressions.c.since)).where(*chosen))
    return reading.instant(found)


# --- the files of the database --------------------------------------------------------------


def scrub(store: Store) -> bool:
    """Take out of the database's files what was changed or deleted; whether all of it could be.

    SQLite writes its file anew, and empties its log. PostgreSQL lets go of old rows, and of the samples that its planner
    took of them; what its files hold in their gaps only `VACUUM FULL` writes over.
    """
    with trouble.told(store.url), _unbound(store) as connection:
        if not store.is_sqlite:
            names = ", ".join(table.name for table in [*tables_of_people(), suppressions])
            connection.exec_driver_sql(f"VACUUM (ANALYZE) {names}")
            return True
        driver: Any = connection.connection.driver_connection
        try:
            driver.execute("VACUUM")
            busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:  # somebody writes all the time, or the disk has no room for a copy
            return False
        return not busy


@contextmanager
def _unbound(store: Store) -> Iterator[sa.Connection]:
    """A connection outside any transaction."""
    level = {} if store.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
    with store.engine.connect().execution_options(**level) as connection:
        yield connection


def database_files(store: Store) -> Sequence[str]:
    """Where SQLite keeps the database."""
    path = store.url.database if store.is_sqlite else None
    return [f"{path}{suffix}" for suffix in ("", "-wal", "-journal")] if path else []
