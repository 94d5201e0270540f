"""Who stands in each segment: what entering and leaving are told from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.criteria import Condition
from nurture.store import bulk
from nurture.store.criteria import Criteria, Rows
from nurture.store.engine import Tx
from nurture.store.tables import contacts, segment_members, segments


@dataclass(frozen=True, slots=True)
class Moved:
    """Who came in and who is no longer in, as (contact, ref)."""

    entered: list[tuple[int, str]]
    left: list[tuple[int, str]]


def forget_but(tx: Tx, names: Collection[str]) -> None:
    """Drop what is kept of segments that are not declared any more."""
    for table, column in ((segment_members, segment_members.c.segment), (segments, segments.c.name)):
        tx.execute(sa.delete(table).where(column.not_in(list(names))))


def look(
    tx: Tx,
    criteria: Criteria,
    name: str,
    condition: Condition,
    now: datetime,
    only: Collection[int] | None = None,
) -> Moved:
    """Bring the members of a segment up to date, or `only` these people; who moved. At its first look, and at the
    first after its condition was changed, nobody has moved: people stand where they stand."""
    known = tx.execute(sa.select(segments.c.condition).where(segments.c.name == name)).scalar()
    inside = criteria.where(condition.tree, Rows(contact=contacts))
    if known != condition.text and only is not None:
        return Moved([], [])  # the first look at everybody is yet to come
    if known != condition.text:
        _settle(tx, criteria, name, inside, now)
        row = {"name": name, "condition": condition.text, "looked_at": now}
        bulk.upsert(tx, segments, [row], key=("name",), merge=_looked)
        return Moved([], [])
    moved = _moved(tx, criteria, name, inside, only)
    if only is None:
        tx.execute(sa.update(segments).where(segments.c.name == name).values(looked_at=now))
    bulk.insert_new(
        tx,
        segment_members,
        [{"segment": name, "contact_id": contact, "since": now} for contact, _ in moved.entered],
    )
    gone = bulk.in_ids(tx, segment_members.c.contact_id, [contact for contact, _ in moved.left])
    if moved.left:
        tx.execute(sa.delete(segment_members).where(segment_members.c.segment == name, gone))
    return moved


def _looked(new: Any) -> Mapping[str, Any]:
    return {"condition": new.condition, "looked_at": new.looked_at}


def _settle(tx: Tx, criteria: Criteria, name: str, inside: sa.ColumnElement[bool], now: datetime) -> None:
    tx.execute(sa.delete(segment_members).where(segment_members.c.segment == name))
    members = sa.select(
        sa.literal(name).label("segment"), contacts.c.id, sa.literal(now, segment_members.c.since.type)
    ).where(inside, contacts.c.erased_at.is_(None))
    columns = ["segment", "contact_id", "since"]
    insert = sa.insert(segment_members).from_select(columns, members)
    tx.execute(insert, criteria.moments_of(insert))


def _moved(
    tx: Tx, criteria: Criteria, name: str, inside: sa.ColumnElement[bool], only: Collection[int] | None
) -> Moved:
    member = sa.and_(segment_members.c.contact_id == contacts.c.id, segment_members.c.segment == name)
    source = contacts.outerjoin(segment_members, member)
    is_member, stays = (
        segment_members.c.contact_id.is_not(None),
        sa.and_(inside, contacts.c.erased_at.is_(None)),
    )
    chosen = sa.select(contacts.c.id, contacts.c.ref, is_member.label("was")).select_from(source)
    statement = chosen.where(sa.or_(sa.and_(~is_member, stays), sa.and_(is_member, ~stays)))
    if only is not None:
        statement = statement.where(bulk.in_ids(tx, contacts.c.id, only))
    found = tx.execute(statement.order_by(contacts.c.id), criteria.moments_of(statement)).all()
    return Moved(
        [(row.id, row.ref) for row in found if not row.was], [(row.id, row.ref) for row in found if row.was]
    )


def members(tx: Tx, name: str) -> list[int]:
    """The people who stood in it at the last look."""
    chosen = sa.select(segment_members.c.contact_id).where(segment_members.c.segment == name)
    return list(tx.execute(chosen.order_by(segment_members.c.contact_id)).scalars())
