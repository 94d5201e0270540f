"""People: finding them, changing them, and the facts about them that conditions read most."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from nurture import identity
from nurture.store import bulk, reading
from nurture.store.direct import Direct
from nurture.store.engine import Tx
from nurture.store.tables import contact_tags, contacts, orders

ContactRow = Mapping[str, Any]
_DIALLED = re.compile(r"[+\d][\d\s()./-]{6,24}|\(\d[\d\s()./-]{6,24}")  # digits as people write numbers


@dataclass(frozen=True, slots=True)
class Found:
    """Ids of known people by each way of naming them."""

    by_ref: Mapping[str, int]
    by_email: Mapping[str, int]
    by_phone: Mapping[str, int]


# Who somebody is now: a row that was merged into another leads there.
_NOW = sa.func.coalesce(contacts.c.merged_into, contacts.c.id)


def find(tx: Tx, refs: Collection[str], emails: Collection[str], phones: Collection[str]) -> Found:
    """Who is known; where an address is shared, the person seen first. Who was merged is who she is now."""

    def lookup(column: sa.Column[Any], values: Collection[str]) -> dict[str, int]:
        return dict(_first_of(column).all(tx, named=values)) if values else {}

    return Found(
        lookup(contacts.c.ref, refs), lookup(contacts.c.email, emails), lookup(contacts.c.phone, phones)
    )


@lru_cache
def _first_of(column: sa.Column[Any]) -> Direct:
    first = sa.select(sa.func.min(contacts.c.id)).where(bulk.given(column, "named")).group_by(column)
    return Direct(sa.select(column, _NOW).where(contacts.c.id.in_(first)))


def add(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Insert people and give their ids by ref."""
    bulk.insert(tx, contacts, rows)
    found = tx.execute(
        sa.select(contacts.c.ref, contacts.c.id).where(
            bulk.in_texts(tx, contacts.c.ref, [r["ref"] for r in rows])
        )
    )
    return dict(found.all())


def rows(tx: Tx, ids: Collection[int]) -> dict[int, ContactRow]:
    """The whole rows of these people, by id."""
    return {row["id"]: row for row in _ROWS.rows(tx, ids=ids)}


_ROWS = Direct(sa.select(contacts).where(bulk.given(contacts.c.id)))


def emails(tx: Tx, ids: Collection[int]) -> dict[int, str | None]:
    """The e-mail addresses of these people."""
    return dict(_EMAILS.all(tx, ids=ids))


_EMAILS = Direct(sa.select(contacts.c.id, contacts.c.email).where(bulk.given(contacts.c.id)))


def after(tx: Tx, last: int, limit: int) -> list[int]:
    """The ids of the next people behind this one, in their order; not of those who were erased."""
    chosen = sa.select(contacts.c.id).where(contacts.c.id > last, contacts.c.erased_at.is_(None))
    return list(tx.execute(chosen.order_by(contacts.c.id).limit(limit)).scalars())


def seen_by(tx: Tx, earliest: Mapping[int, datetime]) -> dict[str, datetime]:
    """Move `created_at` back to these instants where it is later; for whom, by ref."""
    found = _FIRST_SEEN.all(tx, ids=earliest)
    later = [(contact, ref) for contact, ref, seen_at in found if seen_at > earliest[contact]]
    bulk.update(tx, contacts, [{"id": contact, "created_at": earliest[contact]} for contact, _ in later])
    return {ref: earliest[contact] for contact, ref in later}


_FIRST_SEEN = Direct(
    sa.select(contacts.c.id, contacts.c.ref, contacts.c.created_at).where(bulk.given(contacts.c.id))
)


def refs(tx: Tx, ids: Collection[int]) -> dict[int, str]:
    """The refs of these people, by id."""
    return dict(_REFS.all(tx, ids=ids))


_REFS = Direct(sa.select(contacts.c.id, contacts.c.ref).where(bulk.given(contacts.c.id)))


def names(tx: Tx, refs: Collection[str]) -> dict[str, str]:
    """What the people of these refs are called; empty where that isn't known."""
    columns = contacts.c.ref, contacts.c.first_name, contacts.c.last_name
    chosen = sa.select(*columns).where(bulk.in_texts(tx, contacts.c.ref, refs))
    return {row["ref"]: full_name(row) for row in reading.rows(tx.execute(chosen))}


def full_name(row: ContactRow) -> str:
    """First and last name, as far as they are known."""
    return " ".join(filter(None, (row["first_name"], row["last_name"])))


def tagged(tx: Tx, ids: Collection[int]) -> set[tuple[int, str]]:
    """Every tag of these people, as (contact, tag)."""
    chosen = sa.select(contact_tags.c.contact_id, contact_tags.c.tag)
    found = tx.execute(chosen.where(bulk.in_ids(tx, contact_tags.c.contact_id, ids)))
    return {(contact, name) for contact, name in found}


def change(tx: Tx, changed: Sequence[Mapping[str, Any]]) -> None:
    """Write changed columns; each row has `id` and the columns that it changes."""
    by_columns: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in changed:
        by_columns.setdefault(tuple(row), []).append(row)
    for group in by_columns.values():
        bulk.update(tx, contacts, group)


def tag(tx: Tx, pairs: Iterable[tuple[int, str]]) -> None:
    rows = [{"contact_id": contact, "tag": name} for contact, name in dict.fromkeys(pairs)]
    bulk.insert_new(tx, contact_tags, rows)


def untag(tx: Tx, pairs: Iterable[tuple[int, str]]) -> None:
    statement = sa.delete(contact_tags).where(
        contact_tags.c.contact_id == sa.bindparam("c"), contact_tags.c.tag == sa.bindparam("t")
    )
    rows = [{"c": contact, "t": name} for contact, name in pairs]
    if rows:
        tx.execute(statement, rows)


def note_clicks(tx: Tx, latest: Mapping[int, datetime]) -> None:
    """Move `last_click_at` forward."""
    if latest:
        tx.execute(_CLICKED, [{"c": contact, "at": at} for contact, at in latest.items()])


_CLICKED = (
    sa.update(contacts)
    .where(
        contacts.c.id == sa.bindparam("c"),
        sa.or_(contacts.c.last_click_at.is_(None), contacts.c.last_click_at < sa.bindparam("at")),
    )
    .values(last_click_at=sa.bindparam("at"))
)


def refresh_order_facts(tx: Tx, ids: Collection[int]) -> None:
    """Count these people's orders again from the orders themselves, so that the order in which
    events came in makes no difference."""
    _COUNT_AGAIN.run(tx, ids=ids)


def _counting_again() -> Direct:
    counts = orders.c.ordered_at.is_not(None) & orders.c.cancelled_at.is_(None)
    facts = (
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(orders.c.total - orders.c.refunded), 0),
            sa.func.min(orders.c.ordered_at),
            sa.func.max(orders.c.ordered_at),
        )
        .where(orders.c.contact_id == contacts.c.id, counts)
        .scalar_subquery()
    )
    names = (
        contacts.c.total_orders,
        contacts.c.lifetime_value,
        contacts.c.first_order_at,
        contacts.c.last_order_at,
    )
    return Direct(sa.update(contacts).where(bulk.given(contacts.c.id)).values({sa.tuple_(*names): facts}))


_COUNT_AGAIN = _counting_again()


def suppress(tx: Tx, contact_id: int, kind: str, reason: str) -> None:
    """Mark a person whose `kind` of address we don't know as not to be written to there."""
    column = contacts.c[f"{kind}_suppressed"]
    tx.execute(sa.update(contacts).where(contacts.c.id == contact_id).values({column: reason}))


def sharing(tx: Tx, kind: str, digest: str) -> list[int]:
    """Everybody at this address: a family's mailbox, one person who came in twice, or who had it before she was
    merged."""
    found = sa.select(_NOW).where(contacts.c[f"{kind}_digest"] == digest).distinct()
    return sorted(tx.execute(found).scalars())


def formerly(tx: Tx, kind: str, digest: str) -> list[int]:
    """Who had this address before she was merged, and has another one now, or none."""
    address, now = contacts.c[f"{kind}_digest"], contacts.alias("now")
    elsewhere = sa.exists().where(
        now.c.id == contacts.c.merged_into, now.c[address.name].is_distinct_from(digest)
    )
    found = sa.select(contacts.c.merged_into).where(address == digest, elsewhere).distinct()
    return sorted(tx.execute(found).scalars())


def sharing_mail(tx: Tx, contact_id: int) -> list[int]:
    """Everybody at an e-mail address of this person, the one that she has or one that she had before she was merged;
    she herself in any case."""
    hers = with_merged(tx, is_now(tx, contact_id))
    digests = {row["email_digest"] for row in hers} - {None}
    return sorted({hers[0]["id"]}.union(*(sharing(tx, "email", digest) for digest in digests)))


def is_now(tx: Tx, contact_id: int) -> int:
    """Who this person is now: she, or who she was merged into."""
    return int(tx.execute(sa.select(_NOW).where(contacts.c.id == contact_id)).scalar_one())


def with_merged(tx: Tx, contact_id: int) -> list[ContactRow]:
    """This person's row, and then those that were merged into it, in the order in which they came in."""
    hers = sa.or_(contacts.c.id == contact_id, contacts.c.merged_into == contact_id)
    order = contacts.c.merged_into.is_not(None), contacts.c.id
    return reading.rows(tx.execute(sa.select(contacts).where(hers).order_by(*order)))


def by_anything(tx: Tx, text: str, country: str = "") -> ContactRow | None:
    """The person whose ref, else e-mail, else phone is `text`; a phone however it is written, in `country` without
    `+`. Where an address is shared, the person seen first."""
    found = _first(tx, contacts.c.ref == text, contacts.c.email == text.lower(), contacts.c.phone == text)
    if found is None and _DIALLED.fullmatch(text) and (phone := identity.phone(text, country)):
        found = _first(tx, contacts.c.phone == phone)
    return found


def _first(tx: Tx, *ways: sa.ColumnElement[bool]) -> ContactRow | None:
    """The first person of whom one of these holds; the ways that come first go before."""
    order = sa.case(*((way, place) for place, way in enumerate(ways)))
    chosen = sa.select(contacts).where(sa.or_(*ways)).order_by(order, contacts.c.id)
    found = reading.first(tx.execute(chosen.limit(1)))
    return rows(tx, [now])[now] if found and (now := found["merged_into"]) else found


def search(tx: Tx, text: str, limit: int, country: str = "") -> list[ContactRow]:
    """People whom `text` may mean: it is in a name or an address. Who is named by it exactly comes first."""
    columns = (
        contacts.c.ref,
        contacts.c.email,
        contacts.c.phone,
        contacts.c.first_name + " " + sa.func.coalesce(contacts.c.last_name, ""),
    )
    wanted = sa.or_(*(column.icontains(text, autoescape=True) for column in columns))
    meant = sa.select(_NOW).where(wanted)
    found = tx.execute(
        sa.select(contacts).where(contacts.c.id.in_(meant)).order_by(contacts.c.id).limit(limit)
    )
    exact = by_anything(tx, text, country)
    others = [row for row in reading.rows(found) if exact is None or row["id"] != exact["id"]]
    return [*([exact] if exact else []), *others][:limit]


def count(tx: Tx, where: sa.ColumnElement[bool] | None = None) -> int:
    """How many people there are, or of how many this holds."""
    chosen = sa.select(sa.func.count()).where(contacts.c.merged_into.is_(None))
    return tx.execute(chosen if where is None else chosen.where(where)).scalar_one()
