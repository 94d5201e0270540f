"""Lists of telephone numbers that must get no advertising, kept as keyed digests; each is renewed as a whole.

A number on such a list is no suppression: it is let go by the next list without it, and it says nothing of receipts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.store import bulk, reading
from nurture.store.direct import Direct
from nurture.store.engine import Tx
from nurture.store.tables import contacts, messages
from nurture.store.tables import do_not_disturb as numbers
from nurture.store.tables import do_not_disturb_lists as lists


def add(tx: Tx, name: str, digests: Collection[str], now: datetime) -> int:
    """Put these numbers on the list `name`, seen at `now`; how many are new there."""
    rows = [{"list": name, "digest": digest, "since": now, "seen_at": now} for digest in digests]
    new = bulk.insert_new(tx, numbers, rows)
    known = numbers.c.list == name, bulk.in_texts(tx, numbers.c.digest, digests)
    tx.execute(sa.update(numbers).where(*known, numbers.c.seen_at < now).values(seen_at=now))
    return new


def renewed(
    tx: Tx, name: str, file: str, sha256: str, now: datetime, *, let_go: bool = True
) -> tuple[int, int]:
    """The list is what was seen at `now`: the others are let go, if any may be. How many it holds, and how many those
    were."""
    others = numbers.c.list == name, numbers.c.seen_at < now
    gone = tx.execute(sa.delete(numbers).where(*others)).rowcount if let_go else 0
    held = tx.execute(
        sa.select(sa.func.count()).select_from(numbers).where(numbers.c.list == name)
    ).scalar_one()
    row = {"name": name, "file": file, "sha256": sha256, "numbers": held, "since": now, "renewed_at": now}
    bulk.upsert(tx, lists, [row], key=("name",), merge=_renewal)
    return held, gone


def _renewal(new: Any) -> Mapping[str, Any]:
    return {name: getattr(new, name) for name in ("file", "sha256", "numbers", "renewed_at")}


def held(tx: Tx) -> dict[str, int]:
    """The lists, and how many numbers each holds."""
    return dict(tx.execute(sa.select(lists.c.name, lists.c.numbers).order_by(lists.c.name)).all())


def of_number(tx: Tx, digest: str) -> list[Mapping[str, Any]]:
    """The lists that this number is on: `name`, `since` and the `file` that they were last renewed from."""
    found = (
        sa.select(numbers.c.list.label("name"), numbers.c.since, lists.c.file)
        .outerjoin(lists, lists.c.name == numbers.c.list)
        .where(numbers.c.digest == digest)
        .order_by(numbers.c.list)
    )
    return reading.rows(tx.execute(found))


def people(tx: Tx, ids: Collection[int]) -> set[int]:
    """Those of these people whose number is on a list."""
    return set(_PEOPLE.column(tx, ids=ids))


def of_messages(tx: Tx, ids: Collection[int]) -> set[int]:
    """Those of these messages of the outbox that go to a number on a list."""
    return set(_MESSAGES.column(tx, ids=ids))


_PEOPLE = Direct(
    sa.select(contacts.c.id)
    .join(numbers, numbers.c.digest == contacts.c.phone_digest)
    .where(bulk.given(contacts.c.id))
)
_MESSAGES = Direct(
    sa.select(messages.c.id)
    .join(contacts, contacts.c.id == messages.c.contact_id)
    .join(numbers, numbers.c.digest == sa.func.coalesce(messages.c.recipient_digest, contacts.c.phone_digest))
    .where(bulk.given(messages.c.id))
)
