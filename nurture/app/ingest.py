"""Taking events in: they are appended to the inbox and answered; their effect comes later, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from nurture import faults
from nurture.model import ConsentRecord, Json, NewEvent
from nurture.store import events as event_store
from nurture.store.engine import Store

BATCH = 1000
_EXACT = 2**53  # up to here a float tells whole numbers apart


@dataclass(frozen=True, slots=True)
class Ingested:
    """How many events were new, and how many the inbox had already."""

    new: int = 0
    known: int = 0


def ingest(store: Store, events: Iterable[NewEvent], now: datetime) -> Ingested:
    """Append events to the inbox. An event with the same (source, source_id) is the same event.

    When this returns, everything taken in is committed; a crash half way leaves whole batches,
    and the same call again adds the rest.
    """
    new = total = 0
    for batch in _batches(iter(events)):
        rows = [row(event, now) for event in batch]
        with store.begin() as tx:
            new += event_store.append(tx, rows)
            faults.point("ingest.before_commit")
        faults.point("ingest.after_commit")
        total += len(rows)
    return Ingested(new, total - new)


def row(event: NewEvent, now: datetime) -> dict[str, Any]:
    """The inbox row of an event. Raises ValueError for an event that names nobody."""
    person = event.person
    if not (person.ref or person.email or person.phone or event.message_key):
        raise ValueError(f"event {event.name!r} ({event.source}/{event.source_id}) names no person")
    return {
        "name": event.name,
        "person": {
            "ref": person.ref,
            "email": person.email,
            "phone": person.phone,
            "message": event.message_key,
        },
        "occurred_at": event.occurred_at,
        "received_at": now,
        "source": event.source,
        "source_id": event.source_id,
        "payload": plain(event.payload),
        "traits": plain(event.traits) if event.traits else None,
        "consents": [_consent(consent) for consent in event.consents] or None,
        "silent": event.silent,
    }


def about_message(message: Mapping[str, Any]) -> dict[str, Any]:
    """What the payload of an event says of the message that it is about."""
    return {"message": message["key"], **{name: message[name] for name in ("journey", "step", "template")}}


def plain(values: Mapping[str, Any]) -> dict[str, Json]:
    """Values as JSON keeps them: instants in UTC, always written alike, so that text order is time order."""
    return {_kept(name): _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Json:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return _kept(value)
    if value is None or isinstance(value, int):
        return value
    return _number(float(value))


def _number(value: float) -> int | float:
    """A whole one without a fraction: a message says 3, and not 3.0."""
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def _kept(text: str) -> str:
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL keeps no NUL


def _consent(consent: ConsentRecord) -> dict[str, Json]:
    return {
        "topic": consent.topic,
        "given": consent.given,
        "basis": consent.basis.value,
        "channel": consent.channel.value if consent.channel else None,
        "text_version": consent.text_version,
        "how": consent.how,
        "at": _plain(consent.at),
        **({"by": consent.by} if consent.by else {}),
        **({"ip": consent.ip} if consent.ip else {}),
        **({"confirmed": True} if consent.confirmed else {}),
    }


def _batches(events: Iterator[NewEvent]) -> Iterator[list[NewEvent]]:
    while batch := list(islice(events, BATCH)):
        yield batch
