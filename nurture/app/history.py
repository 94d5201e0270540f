"""One message from its wish to what came of it: every state, the gate's answers, the consent, the bytes again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.app.compose import Before
from nurture.app.runtime import Runtime
from nurture.channels.smtp.server import signs
from nurture.model import Channel
from nurture.problems import NurtureError
from nurture.store import consents, contacts, enrollments, journeys, messages
from nurture.store.engine import Tx

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened to a message. `what` is a word of the outbox or an event's verb."""

    at: datetime
    what: str  # wanted, decided, gate, handed_over, accepted, deferred, refused, in_doubt, parked, settled, cancelled, ...
    code: str = ""
    words: str = ""
    number: int | None = None  # of an attempt


@dataclass(frozen=True, slots=True)
class Again:
    """The message made again from what was kept: its bytes, and whether they are those that were handed over."""

    body: bytes | None
    identical: bool
    why: str = ""  # where they aren't, or can't be made
    signed: bool = False  # a DKIM signature, made at handover, went before them


@dataclass(frozen=True, slots=True)
class History:
    """What there is to say of a message."""

    id: int
    key: str
    person: str
    channel: str
    journey: str | None
    version: int | None
    step: str | None
    template: str
    message_class: str
    topic: str | None
    to_somebody_else: bool
    state: str
    reason: str | None
    due_at: datetime
    expires_at: datetime | None
    attempts: int
    provider: str | None
    provider_id: str | None
    consent: Row | None
    sha256: str | None
    entries: tuple[Entry, ...]
    again: Again | None  # None: it was never finished


def history(runtime: Runtime, named: str) -> History:
    """What became of a message, by its number or its key. Raises NurtureError where there is none."""
    with runtime.store.read() as tx:
        row = messages.find(tx, named)
        if row is None:
            raise NurtureError(
                f"there is no message {named!r}; `nurture explain` shows a person's, with their numbers"
            )
        person = contacts.rows(tx, [row["contact_id"]])[row["contact_id"]]
        version = journeys.version(tx, row["version_id"]) if row["version_id"] is not None else None
        return History(
            **{name: row[name] for name in _AS_THEY_STAND},
            person=person["ref"],
            version=version["number"] if version else None,
            message_class=row["class"],
            to_somebody_else=row["recipient"] is not None,
            consent=consents.one(tx, row["consent_id"]) if row["consent_id"] is not None else None,
            entries=tuple(sorted(_entries(tx, row), key=_place)),
            again=_again(runtime, tx, row),
        )


_AS_THEY_STAND = (
    *("id", "key", "channel", "journey", "step", "template", "topic", "state", "reason", "due_at"),
    *("expires_at", "attempts", "provider", "provider_id", "sha256"),
)


# of what happened at one instant this comes first, and everything else behind it
_AS_WRITTEN = ("handed_over", "accepted", "deferred", "refused", "in_doubt", "parked", "settled")
_FIRST = (
    ("wanted",),
    ("decided",),
    ("gate",),
    _AS_WRITTEN,
    ("sent",),
    ("delivered",),
    ("opened",),
)
_ORDER = {what: place for place, words in enumerate(_FIRST) for what in words}


def _place(entry: Entry) -> tuple[datetime, int]:
    return entry.at, _ORDER.get(entry.what, len(_ORDER))


def _entries(tx: Tx, row: Row) -> list[Entry]:
    return [
        Entry(row["planned_at"], "wanted", "" if row["step"] else row["template"], row["step"] or ""),
        *_decisions(tx, row),
        *_attempts(tx, row),
        *([Entry(row["done_at"], "cancelled", row["reason"] or "")] if row["state"] == "cancelled" else []),
        *(_told(event) for event in messages.told_of(tx, row["id"])),
    ]


def _decisions(tx: Tx, row: Row) -> list[Entry]:
    """What the step decided for this run."""
    if row["enrollment_id"] is None:
        return []
    traces = enrollments.traces_of(tx, row["enrollment_id"])
    return [
        Entry(trace["at"], "decided", trace["reason"]) for trace in traces if trace["step"] == row["step"]
    ]


def _attempts(tx: Tx, row: Row) -> list[Entry]:
    """Each attempt, and before the last one when the message was handed over; what was said in between."""
    found = [_attempt(each) for each in messages.attempts_of(tx, row["id"])]
    # of what was parked after a restore nobody knows whether it was
    if row["handed_at"] and row["provider"]:
        numbered = (n for n in reversed(range(len(found))) if found[n].number is not None)
        last = next((n for n in numbered if found[n].at >= row["handed_at"]), len(found))
        found.insert(last, Entry(row["handed_at"], "handed_over", words=row["provider"] or ""))
    return found


def _attempt(row: Row) -> Entry:
    return Entry(row["at"], row["outcome"], row["code"] or "", row["detail"] or "", row["number"] or None)


def _told(event: Row) -> Entry:
    """An event of it: `sent`, `delivered`, `clicked`, ... With it who did it, and what a bounce said."""
    payload = event["payload"]
    words = payload.get("link") or payload.get("reason") or ""
    return Entry(
        event["occurred_at"],
        event["name"].partition("_")[2],
        payload.get("class") or payload.get("code") or "",
        words,
    )


def _again(runtime: Runtime, tx: Tx, row: Row) -> Again | None:
    if row["sha256"] is None:
        return None
    if row["channel"] == Channel.WEBHOOK.value:
        return Again(None, False, "a call is kept by its digest only")
    if row["values"] is None:
        return Again(None, False, "what it was filled with has been erased")
    try:
        rendered = Before(runtime, tx).made(row)
    except NurtureError as error:
        return Again(None, False, error.problems[0].message if error.problems else str(error))
    same = rendered.sha256 == row["sha256"]
    return Again(rendered.body, same, "" if same else "it comes out differently now", _signed(runtime, row))


def _signed(runtime: Runtime, row: Row) -> bool:
    """Whether its channel, as it is set up now, signs what it hands over to the provider that had it."""
    config = runtime.settings.channels.get(Channel(row["channel"]))
    return config is not None and row["provider"] == config.provider == "smtp" and signs(config)
