"""What changes on people is itself an event: history at once, unless somebody listens; then it goes through the
inbox like any other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.store import consents, contacts, enrollments, events, messages
from nurture.store.engine import Tx

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Occasion:
    """On what occasion somebody changed: the start of the events' ids, when, and whether it starts journeys."""

    source_id: str
    at: datetime
    silent: bool = False


def own_event(
    name: str,
    contact_id: int,
    ref: str,
    occasion: Occasion,
    payload: Row,
    heard: Collection[str],
    now: datetime,
) -> Row:
    """An event of our own making. `heard` are the names that somebody listens to."""
    waits = name in heard
    return {
        "name": name,
        "contact_id": None if waits else contact_id,
        "person": {"ref": ref, "email": None, "phone": None, "message": None} if waits else None,
        "occurred_at": occasion.at,
        "received_at": now,
        "processed_at": None if waits else now,
        "source": "nurture",
        "source_id": occasion.source_id,
        "payload": payload,
        "silent": occasion.silent,
    }


@dataclass(frozen=True, slots=True)
class TagChange:
    contact_id: int
    tag: str
    add: bool
    occasion: Occasion


def set_tags(tx: Tx, wanted: Sequence[TagChange], heard: Collection[str], now: datetime) -> None:
    """Put tags on and take them off; what was so already is no change."""
    if not wanted:
        return
    people = {change.contact_id for change in wanted}
    before, refs = contacts.tagged(tx, people), contacts.refs(tx, people)
    after, told = set(before), []
    for change in wanted:
        pair = (change.contact_id, change.tag)
        if (pair in after) == change.add:
            continue
        (after.add if change.add else after.remove)(pair)
        name = "tag_added" if change.add else "tag_removed"
        payload, ref = {"tag": change.tag}, refs[change.contact_id]
        told.append(own_event(name, change.contact_id, ref, change.occasion, payload, heard, now))
    contacts.tag(tx, sorted(after - before))
    contacts.untag(tx, sorted(before - after))
    events.append(tx, told)


def record_consents(
    tx: Tx, said: Sequence[tuple[Row, Occasion]], heard: Collection[str], now: datetime
) -> None:
    """Append what people said yes or no to. A no takes back what has not left in the same transaction."""
    if not said:
        return
    in_order = sorted(said, key=lambda each: each[0]["occurred_at"])
    messages.lock_contacts(tx, {record["contact_id"] for record, _ in said if not record["given"]})
    consents.record(tx, [record for record, _ in in_order])
    for record, _ in in_order:
        if not record["given"] and not consents.given(tx, record["contact_id"], record["topic"]):
            _take_back(tx, record, now)
    refs = contacts.refs(tx, {record["contact_id"] for record, _ in said})
    told = [_of_consent(record, occasion, refs, heard, now) for record, occasion in in_order]
    events.append(tx, told)


def _take_back(tx: Tx, record: Mapping[str, Any], now: datetime) -> None:
    runs = messages.cancel_for(
        tx,
        [record["contact_id"]],
        "consent_withdrawn",
        now,
        channel=record["channel"],
        topic=record["topic"],
    )
    enrollments.wake(tx, runs, now)


def _of_consent(
    record: Mapping[str, Any],
    occasion: Occasion,
    refs: Mapping[int, str],
    heard: Collection[str],
    now: datetime,
) -> Row:
    name = "consent_given" if record["given"] else "consent_withdrawn"
    payload = {"topic": record["topic"], "channel": record["channel"], "how": record["how"]}
    return own_event(name, record["contact_id"], refs[record["contact_id"]], occasion, payload, heard, now)
