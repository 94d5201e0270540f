"""Opt-outs, in force when they return; what takes them back, and addresses that are closed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from nurture import digests, faults
from nurture.app.changes import Occasion, consent_record, own_event
from nurture.app.ingest import plain
from nurture.app.runtime import Runtime
from nurture.channels.base import MEANINGS, Trouble
from nurture.model import ADDRESS, BY_PHONE, CLOSED_BY, HERSELF, Channel, Origin
from nurture.store import consents, contacts, enrollments, events, lanes, messages
from nurture.store.engine import Tx

# That she said STOP to the provider.
OPTED_OUT = MEANINGS[Trouble.OPTED_OUT].suppress or ""
# Suppressions by which a person said herself that she wants nothing more.
HER_WORD = frozenset({"stop", OPTED_OUT, "complaint", "unsubscribed"})
# Those that START takes back.
TAKEN_BACK = ("stop", OPTED_OUT, "erased")


def withdraw(
    runtime: Runtime,
    contact_id: int,
    *,
    topic: str | None,
    channel: Channel | None,
    how: str,
    now: datetime,
    origin: Origin = HERSELF,
) -> list[str]:
    """A person wants no more messages of a topic (None: of any). In force when this returns.

    It binds everybody at her e-mail address: she may have come in twice. Nothing of it is handed over
    afterwards: the record, what holds now and the cancelling of what is unsent are one transaction on the
    locked rows. Returns the topics concerned.
    """
    with runtime.store.begin() as tx:
        ids = _hold(tx, lambda: contacts.sharing_mail(tx, contact_id))
        topics = [topic] if topic else sorted({*runtime.settings.topics, *consents.topics_of(tx, ids)})
        _take_back(tx, ids, topics, [topic], channel, how, now, now, origin)
        faults.point("optout.before_commit")
    faults.point("optout.after_commit")
    return topics


def unsubscribe(
    runtime: Runtime,
    digest: str,
    how: str,
    at: datetime,
    now: datetime,
    origin: Origin = HERSELF,
    contact_id: int | None = None,
) -> None:
    """Who told a provider at `at` that she wants no more mail: in force when this returns, of every topic and for
    everybody at the address, given by its digest, and for the person to whom the mail went, if that is known. What
    somebody of them said yes to later stays.

    An address that belongs to nobody, any more or yet, is closed for who may come with it.
    """
    hers = [] if contact_id is None else [contact_id]
    with runtime.store.begin() as tx:
        _hold_address(tx, Channel.EMAIL, digest, hers)
        people = contacts.sharing(tx, "email", digest)
        ids = sorted({*people, *(contacts.is_now(tx, each) for each in hers)})
        if not people:
            _silence(tx, Channel.EMAIL, digest, "unsubscribed", how, now)
        _close_topics(runtime, tx, ids, Channel.EMAIL, how, at, now, origin)
        faults.point("optout.before_commit")
    faults.point("optout.after_commit")


def no_marketing(
    runtime: Runtime, channel: Channel, phone: str, how: str, at: datetime, now: datetime, origin: Origin
) -> None:
    """Who has this number (E.164) told a provider at `at` that she wants no more marketing by this channel: as
    `unsubscribe` by e-mail. The number stays open for all else."""
    digest = digests.address(runtime.secret, ADDRESS[channel], phone)
    with runtime.store.begin() as tx:
        _hold_address(tx, channel, digest)
        _close_topics(
            runtime, tx, contacts.sharing(tx, ADDRESS[channel], digest), channel, how, at, now, origin
        )
        faults.point("optout.before_commit")
    faults.point("optout.after_commit")


def give_back(
    runtime: Runtime, channel: Channel, phone: str, how: str, at: datetime, now: datetime, origin: Origin
) -> None:
    """Who said `no_marketing` in this way wants it again: what she had said yes to, where she said nothing since."""
    digest = digests.address(runtime.secret, ADDRESS[channel], phone)
    with runtime.store.begin() as tx:
        _hold_address(tx, channel, digest)
        for contact_id in contacts.sharing(tx, ADDRESS[channel], digest):
            words = _taken_by(consents.history(tx, contact_id), channel, how, at)
            said = consent_record(contact_id, "", channel.value, True, how, origin, at)
            same = ("topic", "basis", "text_version")
            consents.record(
                tx, [said | {name: word[name] for name in same} | {"recorded_at": now} for word in words]
            )
            _tell(tx, contact_id, "consent_given", [word["topic"] for word in words], channel, how, now)


def _taken_by(
    history: Iterable[Mapping[str, Any]], channel: Channel, how: str, at: datetime
) -> list[Mapping[str, Any]]:
    """Of each topic the yes by this channel that was taken back in this way before `at`, as the last that she said."""
    said: dict[str, list[Mapping[str, Any]]] = {}
    for row in sorted(history, key=lambda row: (row["occurred_at"], not row["given"])):
        of_all = row["channel"] is None and not row["given"]  # a yes to all channels is none to this one
        if not row["pending"] and (row["channel"] == channel or of_all):
            said.setdefault(row["topic"], []).append(row)
    pairs = [rows[-2:] for rows in said.values() if len(rows) > 1]
    return [
        yes
        for yes, no in pairs
        if yes["given"] and not no["given"] and no["how"] == how and no["occurred_at"] < at
    ]


def _close_topics(
    runtime: Runtime,
    tx: Tx,
    ids: Sequence[int],
    channel: Channel,
    how: str,
    at: datetime,
    now: datetime,
    origin: Origin,
) -> None:
    """Take back what these people said yes to by this channel, of every topic; what somebody said yes to after `at`
    stays."""
    every = {*runtime.settings.topics, *consents.topics_of(tx, ids)} if ids else set()
    if topics := consents.still_open(tx, ids, every, channel.value, at):
        _take_back(tx, ids, topics, topics, channel, how, at, now, origin)


def _hold(tx: Tx, find: Callable[[], list[int]]) -> list[int]:
    """Hold the people whom this finds. Who was merged while we waited for her is somebody else now."""
    held: list[int] = []
    while not set(found := find()) <= set(held):
        messages.lock_contacts(tx, found)
        held = found
    return found


def _take_back(
    tx: Tx,
    ids: Sequence[int],
    topics: Sequence[str],
    cancelled: Iterable[str | None],  # topics whose unsent messages go; None: those of every topic
    channel: Channel | None,
    how: str,
    at: datetime,
    now: datetime,
    origin: Origin,
) -> None:
    """Record a withdrawal, cancel what is unsent, and tell of it."""
    records = [
        consent_record(each, name, channel and channel.value, False, how, origin, at)
        for each in ids
        for name in topics
    ]
    consents.record(tx, [{**record, "recorded_at": now} for record in records])
    for topic in cancelled:
        runs = messages.cancel_for(
            tx, ids, "consent_withdrawn", now, channel=channel.value if channel else None, topic=topic
        )
        enrollments.wake(tx, runs, now)
    for each in ids:
        _tell(tx, each, "consent_withdrawn", topics, channel, how, now)


def close_address(
    runtime: Runtime, channel: Channel, address: str, reason: str, source: str, at: datetime, now: datetime
) -> None:
    """Never write to this address again, whosever it is: what a provider told of a message that is not ours, and of what
    happened at `at`."""
    digest = digests.address(runtime.secret, ADDRESS[channel], address)
    with runtime.store.begin() as tx:
        _silence(tx, channel, digest, reason, source, now, runtime.settings.topics, since=at)


def give(
    runtime: Runtime,
    contact_id: int,
    *,
    topic: str,
    channel: Channel | None,
    how: str,
    text_version: str,
    now: datetime,
    origin: Origin = HERSELF,
) -> None:
    """A person says yes to a topic."""
    with runtime.store.begin() as tx:
        (contact_id,) = _hold(tx, lambda: [contacts.is_now(tx, contact_id)])
        said = consent_record(contact_id, topic, channel and channel.value, True, how, origin, now)
        record = {**said, "text_version": text_version}
        consents.record(tx, [record])
        _tell(tx, contact_id, "consent_given", [topic], channel, how, now)


def stop(
    runtime: Runtime, phone: str, how: str, now: datetime, answer: Mapping[str, Any] | None = None
) -> None:
    """STOP on a phone, by SMS or WhatsApp: the number (E.164) is suppressed for both, whatever the topic and whoever
    has it.

    `answer` is the inbox row of what she wrote: it is taken in by the same transaction. One that is known had its
    effect then, and one from before a START has none. A number that belongs to nobody yet is remembered for who may
    come with it.
    """
    digest = digests.address(runtime.secret, "phone", phone)
    at = min(answer["occurred_at"], now) if answer else now
    with runtime.store.begin() as tx:
        _hold_address(tx, Channel.SMS, digest)
        if _new(tx, answer) and not consents.started(tx, digest, at, now):
            for channel in BY_PHONE:
                _stop_one(runtime, tx, channel, digest, how, at, now)
        faults.point("optout.before_commit")
    faults.point("optout.after_commit")


def _stop_one(
    runtime: Runtime, tx: Tx, channel: Channel, digest: str, how: str, at: datetime, now: datetime
) -> None:
    """Suppress a number on one channel; said again, it is only noted that she said so later."""
    if consents.suppressed(tx, CLOSED_BY[channel], digest):
        consents.said_again(tx, CLOSED_BY[channel], digest, TAKEN_BACK, at)
        return
    for contact_id in _silence(tx, channel, digest, "stop", how, now, runtime.settings.topics, since=at):
        _tell(tx, contact_id, "consent_withdrawn", ["*"], channel, how, now)


def start_again(runtime: Runtime, phone: str, answer: Mapping[str, Any] | None = None) -> bool:
    """START after STOP: whether there was a STOP to take back. Complaints and bounces stay.

    `answer` is the inbox row of what she wrote: it is taken in by the same transaction, has its effect once, and
    takes back only what was said before it.
    """
    digest = digests.address(runtime.secret, "phone", phone)
    with runtime.store.begin() as tx:
        _hold_address(tx, Channel.SMS, digest)
        if not _new(tx, answer):
            return False
        if answer:
            consents.note_start(
                tx, digest, answer["source"], min(answer["occurred_at"], answer["received_at"])
            )
        lifted = [
            consents.lift(tx, CLOSED_BY[channel], digest, reason=reason, before=_said_before(answer))
            for channel in BY_PHONE
            for reason in TAKEN_BACK
        ]
        return any(lifted)


def _new(tx: Tx, answer: Mapping[str, Any] | None) -> bool:
    """Take an answer in; whether it is heard for the first time."""
    return answer is None or events.append(tx, [answer]) > 0


def _said_before(answer: Mapping[str, Any] | None) -> datetime | None:
    """Up to when an answer takes back what was said; None: all, since it was said just now."""
    if answer is None or answer["occurred_at"] >= answer["received_at"]:
        return None
    at: datetime = answer["occurred_at"]
    return at


def suppress(
    runtime: Runtime,
    tx: Tx,
    contact_id: int,
    channel: str,
    reason: str,
    source: str,
    now: datetime,
    sent_to: str | None = None,
    at: datetime | None = None,
) -> None:
    """Never write to this person's address again, on whosever row it stands: the one with the digest `sent_to`, which
    a message to her went to and which she may have had before, or else the one that she has now. `at` is when the
    reason arose; None: now."""
    named = Channel(channel)
    digest = sent_to or contacts.rows(tx, [contact_id])[contact_id][f"{ADDRESS[named]}_digest"]
    if digest:
        hers = [contact_id] if sent_to else []
        _silence(tx, named, digest, reason, source, now, runtime.settings.topics, since=at, hers=hers)
    else:
        contacts.suppress(tx, contact_id, CLOSED_BY[named], reason)


def leave_recipient(runtime: Runtime, message: Mapping[str, Any], now: datetime) -> None:
    """Somebody else, to whom this message went, wants no more of them. What the person consented to stays."""
    with runtime.store.begin() as tx:
        suppress_recipient(tx, message, "unsubscribed", "web", now)


def suppress_recipient(
    tx: Tx, message: Mapping[str, Any], reason: str, source: str, now: datetime, at: datetime | None = None
) -> None:
    """Never write again to the address of somebody else, to whom this message went, for what happened at `at`."""
    _silence(tx, Channel(message["channel"]), message["recipient_digest"], reason, source, now, since=at)


def _silence(
    tx: Tx,
    channel: Channel,
    digest: str,
    reason: str,
    source: str,
    now: datetime,
    topics: Collection[str] = (),
    since: datetime | None = None,  # None: now
    hers: Collection[int] = (),
) -> Sequence[int]:
    """Suppress an address and cancel what would go there; whose address it is.

    Who had it before she was merged, or before she changed it (of `hers`, to whom a message went there), has another
    one, which stays open. Where it was her own word, she has taken back what she said yes to on this channel: `topics`,
    and those of which she ever spoke. What she told the provider before a START is over.
    """
    _hold_address(tx, channel, digest, hers)
    at = min(since or now, now)
    if reason == OPTED_OUT and channel in BY_PHONE:
        if consents.started(tx, digest, at, now):
            return ()
        consents.said_again(tx, CLOSED_BY[channel], digest, TAKEN_BACK, at)
    people = contacts.sharing(tx, ADDRESS[channel], digest)
    consents.suppress(tx, CLOSED_BY[channel], digest, reason=reason, source=source, at=at)
    changed = {contacts.is_now(tx, each) for each in hers}.difference(people)
    elsewhere = sorted(changed.union(contacts.formerly(tx, ADDRESS[channel], digest)))
    if elsewhere and reason in HER_WORD:
        every = sorted({*topics, *consents.topics_of(tx, elsewhere)})
        _take_back(tx, elsewhere, every, every, channel, source, now, now, HERSELF)
    whose = [contact_id for contact_id in people if contact_id not in elsewhere]
    runs = messages.cancel_for(tx, whose, "suppressed", now, channel=channel.value)
    enrollments.wake(tx, runs, now)
    return whose


def _hold_address(tx: Tx, channel: Channel, digest: str, hers: Collection[int] = ()) -> None:
    """Hold who is at an address, who these are now, and those whose messages are on their way there: who marks one has
    read that it is open."""

    def found() -> list[int]:
        now = [contacts.is_now(tx, each) for each in hers]
        return [*now, *contacts.sharing(tx, ADDRESS[channel], digest), *lanes.leased_to(tx, digest)]

    _hold(tx, found)


def _tell(
    tx: Tx,
    contact_id: int,
    name: str,
    topics: Sequence[str],
    channel: Channel | None,
    how: str,
    now: datetime,
) -> None:
    """Put the change into the inbox, so that exits and triggers hear of it."""
    ref = contacts.rows(tx, [contact_id])[contact_id]["ref"]
    told = []
    for topic in topics:
        occasion = Occasion(f"{name}:{contact_id}:{topic}:{channel or '*'}:{now.isoformat()}", now)
        payload = plain({"topic": topic, "channel": channel, "how": how})
        told.append(own_event(name, contact_id, ref, occasion, payload, (name,), now))
    events.append(tx, told)
