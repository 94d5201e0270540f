"""Consent as an append-only record, what holds now, and addresses that must not be written to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.model import OPENED_BY_ALL, PERSONAL, SUPPRESSIONS
from nurture.store import bulk, reading
from nurture.store.engine import Tx
from nurture.store.tables import consents, contacts, permissions, suppressions

STARTED = "started"  # the kind of row that suppresses nothing: when START last came from a phone


def record(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append consent records, oldest first, and bring what holds now up to date. A yes to every channel opens those
    that need no yes by their name.

    The record that occurred last holds; of two at the same instant, the withdrawal. One that is `pending` holds
    nothing: it waits for the person to confirm it.
    """
    if not rows:
        return
    statement = sa.insert(consents).returning(consents.c.id, sort_by_parameter_order=True)
    ids = tx.execute(statement, list(rows)).scalars().all()
    held = [
        {
            "contact_id": row["contact_id"],
            "topic": row["topic"],
            "channel": channel,
            "given": row["given"],
            "consent_id": consent_id,
            "occurred_at": row["occurred_at"],
        }
        for consent_id, row in zip(ids, rows, strict=True)
        if not row.get("pending")
        for channel in ([row["channel"]] if row["channel"] else _EVERY[bool(row["given"])])
    ]
    hold(tx, held)


def hold(tx: Tx, held: Sequence[Mapping[str, Any]]) -> None:
    """Have these words hold where nothing was said later. Rows of `permissions`."""
    bulk.upsert(tx, permissions, held, key=("contact_id", "topic", "channel"), merge=_said, where=_holds)


_EVERY = {given: [c.value for c in (OPENED_BY_ALL if given else PERSONAL)] for given in (True, False)}


def _said(new: Any) -> Mapping[str, Any]:
    return {"given": new.given, "consent_id": new.consent_id, "occurred_at": new.occurred_at}


def _holds(new: Any) -> sa.ColumnElement[bool]:
    withdrawn = sa.and_(permissions.c.occurred_at == new.occurred_at, sa.not_(new.given))
    return sa.or_(permissions.c.occurred_at < new.occurred_at, withdrawn)


def given(tx: Tx, contact_id: int, topic: str) -> frozenset[str]:
    """The channels on which the person's yes to this topic holds."""
    held = permissions.c
    yes = sa.select(held.channel).where(held.contact_id == contact_id, held.topic == topic, held.given)
    return frozenset(tx.execute(yes).scalars())


def topics_of(tx: Tx, contact_ids: Collection[int]) -> tuple[str, ...]:
    """The topics that any of these people has ever said yes or no to."""
    found = tx.execute(
        sa.select(permissions.c.topic)
        .where(bulk.in_ids(tx, permissions.c.contact_id, contact_ids))
        .distinct()
        .order_by("topic")
    )
    return tuple(found.scalars())


def all_withdrawn(tx: Tx, contact_id: int, topics: Collection[str]) -> bool:
    """Whether the person has said no to every one of these topics on every channel."""
    held = permissions.c
    said = sa.select(held.topic, held.channel, held.given).where(
        held.contact_id == contact_id, held.topic.in_(topics)
    )
    words = {(topic, channel): given for topic, channel, given in tx.execute(said)}
    closed = all(words.get((topic, channel.value)) is False for topic in topics for channel in OPENED_BY_ALL)
    return closed and not any(words.values())


def still_open(
    tx: Tx, contact_ids: Collection[int], topics: Collection[str], channel: str, at: datetime
) -> list[str]:
    """The topics of which some of these people had said no such thing as no by `at`, nor yes after it."""
    held = permissions.c
    settled = sa.select(held.contact_id, held.topic).where(
        bulk.in_ids(tx, held.contact_id, contact_ids),
        held.channel == channel,
        sa.or_(sa.not_(held.given), held.occurred_at > at),
    )
    closed = {(contact_id, topic) for contact_id, topic in tx.execute(settled)}
    return [topic for topic in sorted(topics) if any((each, topic) not in closed for each in contact_ids)]


def history(tx: Tx, contact_id: int) -> list[Mapping[str, Any]]:
    found = tx.execute(sa.select(consents).where(consents.c.contact_id == contact_id).order_by(consents.c.id))
    return reading.rows(found)


def one(tx: Tx, consent_id: int) -> Mapping[str, Any] | None:
    """A record by its number."""
    return reading.first(tx.execute(sa.select(consents).where(consents.c.id == consent_id)))


def suppress(tx: Tx, kind: str, digest: str, *, reason: str, source: str, at: datetime) -> None:
    """Never write to this address again, whoever has it; the first reason stays."""
    row = {"kind": kind, "digest": digest, "reason": reason, "source": source, "since": at}
    bulk.insert_new(tx, suppressions, [row])
    mark, address = _columns(kind)
    tx.execute(sa.update(contacts).where(address == digest, mark.is_(None)).values({mark: reason}))


def _columns(kind: str) -> tuple[Any, Any]:
    """Where a contact is marked for this kind of suppression, and the digest of the address that it is about."""
    return contacts.c[f"{kind}_suppressed"], contacts.c[f"{SUPPRESSIONS[kind]}_digest"]


def said_again(tx: Tx, kind: str, digest: str, reasons: Collection[str], at: datetime) -> None:
    """Whose address is suppressed for one of these reasons said at `at` that it shall be."""
    ours = suppressions.c.kind == kind, suppressions.c.digest == digest, suppressions.c.reason.in_(reasons)
    tx.execute(sa.update(suppressions).where(*ours, suppressions.c.since < at).values(since=at))


def note_start(tx: Tx, digest: str, source: str, at: datetime) -> None:
    """Remember when START came from this phone: a STOP from before it, heard of later, takes nothing back."""
    row = {"kind": STARTED, "digest": digest, "reason": STARTED, "source": source, "since": at}
    bulk.upsert(tx, suppressions, [row], key=("kind", "digest"), merge=_started, where=_later)


def _started(new: Any) -> Mapping[str, Any]:
    return {"source": new.source, "since": new.since}


def _later(new: Any) -> sa.ColumnElement[bool]:
    return sa.and_(suppressions.c.since < new.since)


def started(tx: Tx, digest: str, after: datetime, now: datetime) -> bool:
    """Whether START came from this phone after that; one that lies ahead was noted by a wrong clock."""
    since = suppressions.c.since
    ours = suppressions.c.kind == STARTED, suppressions.c.digest == digest, since > after, since <= now
    return tx.execute(sa.select(suppressions.c.digest).where(*ours)).first() is not None


def lift(tx: Tx, kind: str, digest: str, *, reason: str, before: datetime | None = None) -> bool:
    """Take a suppression of this reason, and from before this instant, back (START after STOP); whether there was
    one."""
    ours = [suppressions.c.kind == kind, suppressions.c.digest == digest, suppressions.c.reason == reason]
    if before is not None:
        ours.append(suppressions.c.since < before)
    gone = tx.execute(sa.delete(suppressions).where(*ours).returning(suppressions.c.digest)).first()
    mark, address = _columns(kind)
    if gone is not None:
        tx.execute(sa.update(contacts).where(address == digest, mark == reason).values({mark: None}))
    return gone is not None


def respect(tx: Tx, kind: str, contact_ids: Collection[int]) -> None:
    """Mark those of these people who came with an address that is suppressed."""
    mark, address = _columns(kind)
    tx.execute(
        sa.update(contacts)
        .where(bulk.in_ids(tx, contacts.c.id, contact_ids))
        .where(suppressions.c.kind == kind, suppressions.c.digest == address)
        .values({mark: suppressions.c.reason})
    )


def suppressed(tx: Tx, kind: str, digest: str) -> str | None:
    """Why this address is suppressed, if it is."""
    reason: str | None = tx.execute(
        sa.select(suppressions.c.reason).where(suppressions.c.kind == kind, suppressions.c.digest == digest)
    ).scalar_one_or_none()
    return reason
