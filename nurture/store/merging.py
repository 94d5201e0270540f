"""Two people become one: what each of them has, what becomes of it, and the row that stays behind.

The row of who was merged stays with what it was known by, points to who she is now and counts as erased: nobody is
let in, written to or counted by it. What names it is led on, by `contacts` and by `messages.merged_from`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from nurture.model import ADDRESS
from nurture.store import bulk, consents, events, reading, scores
from nurture.store.engine import Tx
from nurture.store.messages import OPEN
from nurture.store.repeats import PERHAPS
from nurture.store.tables import (
    activity,
    contact_tags,
    contacts,
    coupons,
    enrollments,
    messages,
    orders,
    permissions,
    segment_members,
    splits,
    tasks,
)
from nurture.store.tables import consents as records
from nurture.store.tables import events as inbox
from nurture.store.tables import scores as points

Row = Mapping[str, Any]
_ANEW = ("values", "sha256", "template_hash", "link_key", "dated_at", "segments")  # of a message: made again
# What is known of a person and isn't needed to lead somebody on.
_PERSONAL = ("first_name", "last_name", "birthday", "city", "state", "country", "owner", "stage", "locale")


class Standing(NamedTuple):
    """A run that goes on."""

    id: int
    contact_id: int
    journey: str
    version_id: int
    key: str
    entered_at: datetime


class Sums(NamedTuple):
    """How many events, orders, messages and unsent messages somebody has."""

    events: int
    orders: int
    messages: int
    unsent: int


def hold(tx: Tx, people: Collection[int]) -> bool:
    """Hold these people's rows, their runs and their messages, if nobody else has one of them; never waits.

    Others take these in several orders: whoever waited for one while holding another might wait in a ring.
    """
    if tx.dialect.name == "sqlite":
        return True  # the transaction is the only writer already
    hers = bulk.in_ids(tx, contacts.c.id, people)
    wanted = (
        (contacts, hers),
        *((t, bulk.in_ids(tx, t.c.contact_id, people)) for t in (enrollments, messages)),
    )
    return all(_held(tx, table, mine) for table, mine in wanted)


def _held(tx: Tx, table: sa.Table, mine: sa.ColumnElement[bool]) -> bool:
    chosen = sa.select(table.c.id).where(mine)
    got = set(tx.execute(chosen.with_for_update(skip_locked=True)).scalars())
    return got == set(tx.execute(chosen).scalars())


def standing(tx: Tx, people: Collection[int]) -> list[Standing]:
    """The runs of these people that go on, the oldest first."""
    columns = (enrollments.c[name] for name in Standing._fields)
    chosen = sa.select(*columns).where(
        enrollments.c.status == "active", bulk.in_ids(tx, enrollments.c.contact_id, people)
    )
    return [Standing(*row) for row in tx.execute(chosen.order_by(enrollments.c.entered_at, enrollments.c.id))]


def these(tx: Tx, runs: Collection[int]) -> sa.ColumnElement[bool]:
    """These runs, of those that go on."""
    return sa.and_(enrollments.c.status == "active", bulk.in_ids(tx, enrollments.c.id, runs))


def sums(tx: Tx, contact_id: int) -> Sums:
    def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> Any:
        return sa.select(sa.func.count()).where(table.c.contact_id == contact_id, *where).scalar_subquery()

    unsent = count(messages, messages.c.state.in_(OPEN))
    return Sums(*tx.execute(sa.select(count(inbox), count(orders), count(messages), unsent)).one())


def move(tx: Tx, kept: Row, other: Row, now: datetime) -> None:
    """What is one's becomes the other's. Both rows are held."""
    to, of = kept["id"], other["id"]
    _tell_apart(tx, to, of)
    _take_back(tx, kept, other)
    for table in (inbox, orders, records, messages, enrollments, tasks, coupons):
        tx.execute(sa.update(table).where(table.c.contact_id == of).values(contact_id=to))
    _add_up(tx, to, of, now)
    for table, same in ((contact_tags, ("tag",)), (splits, ("journey", "name"))):
        _move_new(tx, table, same, to, of)
    tx.execute(sa.delete(segment_members).where(segment_members.c.contact_id == of))


def _tell_apart(tx: Tx, to: int, of: int) -> None:
    """Runs of both that were started by the same: those that come get an anchor that says whence."""
    hers = enrollments.alias("hers")
    same = sa.exists().where(
        hers.c.contact_id == to,
        hers.c.journey == enrollments.c.journey,
        hers.c.key == enrollments.c.key,
        hers.c.anchor == enrollments.c.anchor,
    )
    anchor = sa.literal("merged:") + sa.cast(enrollments.c.id, sa.Text)
    tx.execute(sa.update(enrollments).where(enrollments.c.contact_id == of, same).values(anchor=anchor))


def _take_back(tx: Tx, kept: Row, other: Row) -> None:
    """What a worker has just leased goes back, and what was finished for another address is finished anew; not what
    may have arrived with those bytes. What has left remembers where it went."""
    hers, of = messages.c.contact_id == other["id"], other["id"]
    leased = sa.and_(hers, messages.c.state == "leased")
    free = {"state": "scheduled", "lease_owner": None, "lease_until": None}
    tx.execute(sa.update(messages).where(leased).values(free))
    elsewhere = sa.and_(hers, messages.c.recipient.is_(None), messages.c.channel.in_(_elsewhere(kept, other)))
    anew = {**dict.fromkeys(_ANEW, sa.null()), "queue": None}
    unsent = sa.and_(messages.c.state.in_(OPEN), sa.or_(messages.c.reason.is_(None), ~PERHAPS))
    tx.execute(sa.update(messages).where(elsewhere, unsent).values(anew))
    went = {"merged_from": sa.func.coalesce(messages.c.merged_from, of)}
    tx.execute(sa.update(messages).where(elsewhere, messages.c.handed_at.is_not(None), ~unsent).values(went))


def _elsewhere(kept: Row, other: Row) -> list[str]:
    """The channels by which they have different addresses."""
    return [
        channel.value
        for channel, name in ADDRESS.items()
        if kept[f"{name}_digest"] != other[f"{name}_digest"]
    ]


def _add_up(tx: Tx, to: int, of: int, now: datetime) -> None:
    """When each of them did what, and the points that they have."""
    done = reading.rows(tx.execute(sa.select(activity).where(activity.c.contact_id == of)))
    events.note_activity(tx, [{**row, "contact_id": to, "updated_at": now} for row in done])
    tx.execute(sa.delete(activity).where(activity.c.contact_id == of))
    found = scores.locked(tx, [to, of])
    sums: dict[tuple[int, str], int] = {}
    for (_, name), value in found.items():
        sums[to, name] = sums.get((to, name), 0) + value
    scores.put(tx, sums, now)
    tx.execute(sa.delete(points).where(points.c.contact_id == of))


def _move_new(tx: Tx, table: sa.Table, same: Sequence[str], to: int, of: int) -> None:
    """The rows that the other doesn't have; the rest is dropped."""
    found = reading.rows(tx.execute(sa.select(table).where(table.c.contact_id == of)))
    had = {
        tuple(row)
        for row in tx.execute(sa.select(*(table.c[name] for name in same)).where(table.c.contact_id == to))
    }
    tx.execute(sa.delete(table).where(table.c.contact_id == of))
    bulk.insert(
        tx,
        table,
        [{**row, "contact_id": to} for row in found if tuple(row[name] for name in same) not in had],
    )


def words(tx: Tx, contact_id: int) -> dict[tuple[str, str], bool]:
    """What somebody last said to each topic on each channel."""
    held = permissions.c
    found = tx.execute(sa.select(held.topic, held.channel, held.given).where(held.contact_id == contact_id))
    return {(topic, channel): given for topic, channel, given in found}


def take_words(tx: Tx, to: int, of: int) -> None:
    """What both said holds for one: of each topic and channel, what was said last."""
    found = reading.rows(tx.execute(sa.select(permissions).where(permissions.c.contact_id == of)))
    consents.hold(tx, [{**row, "contact_id": to} for row in found])
    tx.execute(sa.delete(permissions).where(permissions.c.contact_id == of))


def bury(tx: Tx, kept: int, other: int, now: datetime) -> None:
    """Leave a row behind that leads on; and those that led to it lead there at once."""
    led = sa.or_(contacts.c.id == other, contacts.c.merged_into == other)
    tx.execute(sa.update(contacts).where(led).values(merged_into=kept))
    empty = dict.fromkeys(_PERSONAL, sa.null())
    nothing = {"fields": {}, "told": {}, "total_orders": 0, "lifetime_value": 0}
    never = {"first_order_at": None, "last_order_at": None, "last_click_at": None}
    tx.execute(
        sa.update(contacts)
        .where(contacts.c.id == other)
        .values({**empty, **nothing, **never, "erased_at": now, "updated_at": now})
    )
