"""What providers tell of messages, before it goes into the inbox: whose it is, and what it closes at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from nurture import digests, identity
from nurture.app import opt_outs
from nurture.app.ingest import about_message
from nurture.app.runtime import Runtime
from nurture.app.stripping import COUNTED
from nurture.channels.base import Stop
from nurture.channels.visitors import HUMAN, SUSPECT, hasty
from nurture.model import Channel, NewEvent, Origin, Person
from nurture.store import contacts, messages

Row = Mapping[str, Any]
_OF_A_MESSAGE = ("_delivered", "_opened", "_clicked", "_bounced", "_complained")


def unsubscribe(runtime: Runtime, asked: Stop, by: str, now: datetime) -> None:
    """Somebody told a provider, or answered, that she wants no more mail. `by`: who recorded it."""
    found = _find(runtime, [asked.message_key or ""], [asked.provider_id or ""])
    row = next(iter(found.values()), None)
    if row is not None and row["recipient_digest"]:
        opt_outs.leave_recipient(runtime, row, now)
    elif digest := _came_from(runtime, asked, row):
        origin = Origin(by, message_id=row["id"] if row else None)
        hers = row["contact_id"] if row else None
        opt_outs.unsubscribe(runtime, digest, asked.how, min(asked.at or now, now), now, origin, hers)


def ours(runtime: Runtime, events: Iterable[NewEvent], now: datetime) -> list[NewEvent]:
    """The events that are for the inbox.

    What is told of a message belongs to that message's person, whatever address it names. An account with a provider
    may be shared with other systems: of their mails nothing is kept, but an address that bounced for good, or whose
    owner complained, is closed here too.
    """
    told = list(events)
    found = _spoken_of(runtime, filter(_of_a_message, told))
    kept = []
    for event in told:
        row = found.get(event.message_key or "") or found.get(_provider_id(event))
        if not _of_a_message(event):
            kept.append(event)
        elif row is not None:
            kept.append(_told_of(row, event))
        else:
            _close(runtime, event, now)
    return kept


def _spoken_of(runtime: Runtime, events: Iterable[NewEvent]) -> dict[str, Row]:
    named = [(event.message_key or "", _provider_id(event)) for event in events]
    keys, provider_ids = {key for key, _ in named} - {""}, {id_ for _, id_ in named} - {""}
    return _find(runtime, keys, provider_ids) if named else {}


def _of_a_message(event: NewEvent) -> bool:
    return event.name.endswith(_OF_A_MESSAGE)


def _provider_id(event: NewEvent) -> str:
    return str(event.payload.get("provider_id") or "")


def _find(runtime: Runtime, keys: Collection[str], provider_ids: Collection[str]) -> dict[str, Row]:
    """Messages by key, and by the id that a provider gave them."""
    with runtime.store.read() as tx:
        return {**messages.by_provider_ids(tx, provider_ids), **messages.by_keys(tx, keys)}


def _told_of(row: Row, event: NewEvent) -> NewEvent:
    payload = {**about_message(row), **event.payload}
    if row["sha256"] is not None and row["values"] is None:  # she was erased meanwhile: providers name her
        payload = {name: value for name, value in payload.items() if name in COUNTED}
    accepted_at = row["accepted_at"] or row["handed_at"]
    if payload.get("class") == HUMAN and hasty(accepted_at, event.occurred_at):
        payload["class"] = SUSPECT
    return replace(event, person=Person(), message_key=row["key"], payload=payload)


def _close(runtime: Runtime, event: NewEvent, now: datetime) -> None:
    channel = Channel(event.name.partition("_")[0])
    complained = event.name.endswith("_complained")
    reason = "complaint" if complained else event.payload.get("suppress")
    if channel is Channel.EMAIL:
        address = identity.email(event.person.email) if event.person.email else None
    else:
        country = runtime.settings.company.country
        address = identity.phone(event.person.phone, country) if event.person.phone else None
    if reason and address:
        opt_outs.close_address(runtime, channel, address, str(reason), event.source, event.occurred_at, now)


def _came_from(runtime: Runtime, asked: Stop, row: Row | None) -> str | None:
    """The digest of the e-mail address that this came from: the one that it names, or that the message went to."""
    if email := identity.email(asked.person.email or ""):
        return digests.address(runtime.secret, "email", email)
    if row is None:
        return None
    with runtime.store.read() as tx:
        person = contacts.rows(tx, [row["contact_id"]])[row["contact_id"]]
    digest: str | None = row["sent_to"] or person["email_digest"]
    return None if person["erased_at"] else digest
