"""Who stands in each segment: what entering and leaving are told from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from nurture.criteria import Condition
from nurture.store import bulk
from nurture.store.criteria import Criteria, Rows
from nurture.store.direct import Direct
from nurture.store.engine import Tx
from nurture.store.tables import contacts, segment_members, segments


@dataclass(frozen=True, slots=True)
class Moved:
    """Who came in and who is no longer in, as (contact, ref)."""

    entered: list[tuple[int, str]]
    left: list[tuple[int, str]]


class Kept(NamedTuple):
    """What is known of a segment: the condition by which its members were found, and when that was."""

    condition: str
    looked_at: datetime


def kept(tx: Tx) -> dict[str, Kept]:
    """The segments whose members are kept, by name."""
    return {name: Kept(condition, at) for name, condition, at in _KEPT.all(tx)}


_KEPT = Direct(sa.select(segments.c.name, segments.c.condition, segments.c.looked_at))


def forget_but(tx: Tx, names: Collection[str]) -> None:
    """Drop what is kept of segments that are not declared any more."""
    for table, column in ((segment_members, segment_members.c.segment), (segments, segments.c.name)):
        tx.execute(sa.delete(table).where(column.not_in(list(names))))


def settle(tx: Tx, criteria: Criteria, name: str, condition: Condition, now: datetime) -> None:
    """Find the members of a segment that is new, or whose condition was changed. Nobody moves by that."""
    tx.execute(sa.delete(segment_members).where(segment_members.c.segment == name))
    inside = criteria.where(condition.tree, Rows(contact=contacts))
    members = sa.select(
        sa.literal(name).label("segment"), contacts.c.id, sa.literal(now, segment_members.c.since.type)
    ).where(inside, contacts.c.erased_at.is_(None))
    insert = sa.insert(segment_members).from_select(["segment", "contact_id", "since"], members)
    tx.execute(insert, criteria.moments_of(insert))
    row = {"name": name, "condition": condition.text, "looked_at": now}
    bulk.upsert(tx, segments, [row], key=("name",), merge=_looked)


def _looked(new: Any) -> Mapping[str, Any]:
    return {"condition": new.condition, "looked_at": new.looked_at}


def looked(tx: Tx, names: Collection[str], now: datetime) -> None:
    """Note that everybody was looked at for these segments."""
    tx.execute(sa.update(segments).where(segments.c.name.in_(list(names))).values(looked_at=now))


def to_move(tx: Tx, criteria: Criteria, name: str, condition: Condition) -> list[int]:
    """Who is inside and no member, or a member and not inside; everybody is looked at."""
    return [contact for contact, _, _ in _moving(tx, criteria, name, condition, None)]


def move(
    tx: Tx, criteria: Criteria, name: str, condition: Condition, people: Collection[int], now: datetime
) -> Moved:
    """Bring the membership of these people up to date; who moved."""
    moving = _moving(tx, criteria, name, condition, people)
    moved = Moved(
        [(contact, ref) for contact, ref, was in moving if not was],
        [(contact, ref) for contact, ref, was in moving if was],
    )
    new = [{"segment": name, "contact_id": contact, "since": now} for contact, _ in moved.entered]
    bulk.insert_new(tx, segment_members, new)
    if moved.left:
        gone = bulk.in_ids(tx, segment_members.c.contact_id, [contact for contact, _ in moved.left])
        tx.execute(sa.delete(segment_members).where(segment_members.c.segment == name, gone))
    return moved


def _moving(
    tx: Tx, criteria: Criteria, name: str, condition: Condition, people: Collection[int] | None
) -> list[tuple[int, str, bool]]:
    """Whose membership is not what it should be, as (contact, ref, is a member); None: of everybody."""
    some = people is not None
    statement, _, moments = criteria.prepared(
        ("segment", name, condition, some), lambda: (_question(criteria, name, condition, some), None)
    )
    return statement.all(tx, **moments, **({"ids": people} if some else {}))


def _question(criteria: Criteria, name: str, condition: Condition, some: bool) -> sa.Select[Any]:
    inside = sa.and_(criteria.where(condition.tree, Rows(contact=contacts)), contacts.c.erased_at.is_(None))
    is_member = segment_members.c.contact_id.is_not(None)
    member = sa.and_(segment_members.c.contact_id == contacts.c.id, segment_members.c.segment == name)
    chosen = (
        sa.select(contacts.c.id, contacts.c.ref, is_member.label("was"))
        .select_from(contacts.outerjoin(segment_members, member))
        .where(sa.or_(sa.and_(~is_member, inside), sa.and_(is_member, ~inside)))
        .order_by(contacts.c.id)
    )
    return chosen.where(bulk.given(contacts.c.id)) if some else chosen


def members(tx: Tx, name: str) -> list[int]:
    """The people who stood in it at the last look."""
    chosen = sa.select(segment_members.c.contact_id).where(segment_members.c.segment == name)
    return list(tx.execute(chosen.order_by(segment_members.c.contact_id)).scalars())
