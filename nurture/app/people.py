"""People: who an event is about, what changes on them, and their word that they want no more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from nurture import digests, faults, identity
from nurture.app.changes import Occasion, moved, own_event
from nurture.app.ingest import plain
from nurture.app.runtime import Runtime
from nurture.engine import computed
from nurture.model import ADDRESS, BY_PHONE, CLOSED_BY, HERSELF, SUPPRESSIONS, Basis, Channel, Json, Origin
from nurture.store import consents, contacts, enrollments, events, messages
from nurture.store.engine import Tx
from nurture.store.types import to_micros
from nurture.vocabulary import CONTACT_FIELDS

Row = dict[str, Any]
COLUMNS = frozenset(
    name for name, field in CONTACT_FIELDS.items() if field.column and name not in ("ref", "created_at")
) - {"total_orders", "lifetime_value", "first_order_at", "last_order_at", "last_click_at"}
# Suppressions by which a person said herself that she wants nothing more.
HER_WORD = frozenset({"stop", "complaint", "unsubscribed"})


# --- who -----------------------------------------------------------------------------------


def identify(
    runtime: Runtime,
    tx: Tx,
    rows: Sequence[Row],
    spoken_of: Mapping[str, Mapping[str, Any]],
    heard: Collection[str],
    now: datetime,
) -> None:
    """Give each inbox row its `contact_id` and `message_id`; people not known yet are made.

    A ref names a person before an e-mail address does, and that before a phone number. An event
    that names only a message belongs to the message's person, or to nobody.
    """
    who = [_normalised(runtime, row["person"] or {}) for row in rows]
    found = contacts.find(
        tx,
        {w["ref"] for w in who if w["ref"]},
        {w["email"] for w in who if w["email"]},
        {w["phone"] for w in who if w["phone"]},
    )
    by_ref, by_email, by_phone = dict(found.by_ref), dict(found.by_email), dict(found.by_phone)
    new: dict[str, Row] = {}
    pending: list[tuple[Row, str]] = []
    for row, person in zip(rows, who, strict=True):
        message = spoken_of.get(person["message"] or "")
        row["message_id"] = message["id"] if message else None
        row["contact_id"] = _known(person, message, by_ref, by_email, by_phone)
        if row["contact_id"] is None and (person["ref"] or person["email"] or person["phone"]):
            ref = _ref(runtime, person)
            new.setdefault(ref, _new_contact(runtime, ref, person, row["occurred_at"], now))
            pending.append((row, ref))
    ids = contacts.add(tx, list(new.values())) if new else {}
    _respect_suppressions(tx, [{**contact, "id": ids[ref]} for ref, contact in new.items()])
    first: dict[str, Row] = {}
    for row, ref in pending:
        row["contact_id"] = ids[ref]
        first.setdefault(ref, row)
    events.append(tx, [_created(ids[ref], ref, row, heard, now) for ref, row in first.items()])
    made = set(ids.values())
    _seen_earlier(tx, [row for row in rows if row["contact_id"] not in made])


def _seen_earlier(tx: Tx, rows: Iterable[Row]) -> None:
    """Who is heard of late, by something that happened earlier, was first seen then."""
    earliest: dict[int, datetime] = {}
    for row in rows:
        if row["contact_id"] is not None:
            at = earliest.get(row["contact_id"], row["occurred_at"])
            earliest[row["contact_id"]] = min(at, row["occurred_at"])
    moved = contacts.seen_by(tx, earliest)
    events.happened_at(tx, "nurture", {f"created:{ref}": at for ref, at in moved.items()})


def _normalised(runtime: Runtime, person: Mapping[str, Any]) -> dict[str, str | None]:
    email, phone = person.get("email"), person.get("phone")
    return {
        "ref": person.get("ref"),
        "email": identity.email(email) if email else None,
        "phone": identity.phone(phone, runtime.settings.company.country) if phone else None,
        "message": person.get("message"),
    }


def _known(
    person: Mapping[str, str | None],
    message: Mapping[str, Any] | None,
    by_ref: Mapping[str, int],
    by_email: Mapping[str, int],
    by_phone: Mapping[str, int],
) -> int | None:
    if person["ref"]:
        return by_ref.get(person["ref"])
    if person["email"]:
        return by_email.get(person["email"])
    if person["phone"]:
        return by_phone.get(person["phone"])
    return message["contact_id"] if message else None


def _ref(runtime: Runtime, person: Mapping[str, str | None]) -> str:
    """The person's own ref, or one made from the address that nobody can read back."""
    if person["ref"]:
        return person["ref"]
    kind = "email" if person["email"] else "phone"
    return "~" + digests.address(runtime.secret, kind, person[kind] or "")


def _new_contact(
    runtime: Runtime, ref: str, person: Mapping[str, str | None], seen_at: datetime, now: datetime
) -> Row:
    company = runtime.settings.company
    zone, source = identity.zone_of(person["phone"], None, None, company.zone, native=company.country)
    return {
        "ref": ref,
        "email": person["email"],
        "phone": person["phone"],
        "email_digest": _digest(runtime, "email", person["email"]),
        "phone_digest": _digest(runtime, "phone", person["phone"]),
        "zone": zone,
        "zone_source": source,
        "locale": None,
        "hash31": digests.hash31(ref),
        "created_at": seen_at,
        "updated_at": now,
    }


def _created(contact_id: int, ref: str, row: Row, heard: Collection[str], now: datetime) -> Row:
    occasion = Occasion(f"created:{ref}", row["occurred_at"], row["silent"])
    return own_event("contact_created", contact_id, ref, occasion, {}, heard, now)


def _digest(runtime: Runtime, kind: str, value: str | None) -> str | None:
    return digests.address(runtime.secret, kind, value) if value else None


# --- what changes -----------------------------------------------------------------------------


def set_traits(
    runtime: Runtime,
    tx: Tx,
    rows: Sequence[Mapping[str, Any]],
    heard: Collection[str],
    now: datetime,
    *,
    again: bool = False,
) -> None:
    """Set fields from events, at most one event a person; each change is itself an event.

    What is said of a field holds from when it occurred: an older word that comes in late changes nothing. Computed
    dates follow what was said of the date that they are made of; `again`: all of them are worked out.
    """
    if not rows:
        return
    before = contacts.rows(tx, [row["contact_id"] for row in rows])
    changed: list[Row] = []
    told: list[Row] = []
    for row in rows:
        old, at = before[row["contact_id"]], to_micros(row["occurred_at"])
        traits = {name: value for name, value in row["traits"].items() if at >= old["told"].get(name, at)}
        new = _columns(runtime, old, traits)
        if runtime.computed:
            new = _with_computed(runtime, old, new, again)
        differences = {name: value for name, value in new.items() if name != "fields" and value != old[name]}
        fields = {**old["fields"], **new.get("fields", {})}
        seen = [(name, old[name], value) for name, value in differences.items() if name in COLUMNS]
        seen += [
            (name, old["fields"].get(name), value)
            for name, value in new.get("fields", {}).items()
            if old["fields"].get(name) != value
        ]
        told += [_change(row, old["ref"], *difference, heard, now) for difference in seen]
        if differences.get("stage"):
            told.append(_stage(row, old, differences["stage"], heard, now))
        if fields != old["fields"]:
            differences["fields"] = fields
        times = {"told": {**old["told"], **dict.fromkeys(traits, at)}}
        if differences:
            changed.append(
                {"id": old["id"], **differences, **times, **_unmarked(old, differences), "updated_at": now}
            )
        elif times["told"] != old["told"]:
            changed.append({"id": old["id"], **times})
    contacts.change(tx, changed)
    _respect_suppressions(tx, changed)
    events.append(tx, told)


def _with_computed(runtime: Runtime, old: Mapping[str, Any], new: Row, again: bool) -> Row:
    """With computed dates among its fields. What somebody else says of those counts for nothing."""
    own = {name: value for name, value in new.get("fields", {}).items() if name not in runtime.computed}
    birthday = {"birthday": new["birthday"]} if "birthday" in new else {}
    known = {**old["fields"], "birthday": old["birthday"], **own, **birthday}
    told = None if again else own.keys() | birthday.keys()
    made = computed.dates(
        runtime.computed, known, new.get("zone", old["zone"]), told, runtime.settings.leap_day
    )
    return {**new, "fields": {**own, **made}}


def _columns(runtime: Runtime, old: Mapping[str, Any], traits: Mapping[str, Json]) -> Row:
    """Traits as columns; what is no column and is declared in the workspace goes into `fields`."""
    columns: Row = {}
    own: dict[str, Json] = {}
    for name, value in traits.items():
        if name == "email" and value:
            columns["email"] = identity.email(str(value))
            columns["email_digest"] = _digest(runtime, "email", columns["email"])
        elif name == "phone" and value:
            columns["phone"] = identity.phone(str(value), runtime.settings.company.country)
            columns["phone_digest"] = _digest(runtime, "phone", columns["phone"])
        elif name == "zone" and value:
            columns["zone"], columns["zone_source"] = str(value), "given"
        elif name in COLUMNS:
            columns[name] = value if value != "" else None
        elif name not in CONTACT_FIELDS:
            own[name] = value
    if (
        old["zone_source"] != "given"
        and "zone" not in columns
        and {"phone", "state", "country", "city"} & columns.keys()
    ):
        merged, company = {**old, **columns}, runtime.settings.company
        columns["zone"], columns["zone_source"] = identity.zone_of(
            merged["phone"],
            merged["country"],
            merged["state"],
            company.zone,
            city=merged["city"],
            native=company.country,
        )
    if own:
        columns["fields"] = own
    return columns


def _change(
    row: Mapping[str, Any], ref: str, field: str, old: Json, new: Json, heard: Collection[str], now: datetime
) -> Row:
    source_id = f"field:{row['source']}:{row['source_id']}:{field}"
    occasion = Occasion(source_id, row["occurred_at"], row["silent"])
    payload: Row = {"field": field, "old": old, "new": new}
    return own_event("field_changed", row["contact_id"], ref, occasion, payload, heard, now)


def _stage(
    row: Mapping[str, Any], old: Mapping[str, Any], stage: str, heard: Collection[str], now: datetime
) -> Row:
    occasion = Occasion(f"stage:{row['source']}:{row['source_id']}", row["occurred_at"], row["silent"])
    return moved(row["contact_id"], old["ref"], old["stage"], stage, occasion, heard, now)


def _unmarked(old: Mapping[str, Any], new: Mapping[str, Any]) -> Row:
    """A suppression is of an address: who gets another one can be written to there."""
    return {
        f"{kind}_suppressed": None
        for kind, address in SUPPRESSIONS.items()
        if (before := old[f"{address}_digest"]) and new.get(f"{address}_digest", before) != before
    }


def _respect_suppressions(tx: Tx, changed: Iterable[Mapping[str, Any]]) -> None:
    """An address that came back by import stays suppressed."""
    for kind, address in SUPPRESSIONS.items():
        if ids := [row["id"] for row in changed if row.get(f"{address}_digest")]:
            consents.respect(tx, kind, ids)


# --- no more ------------------------------------------------------------------------------------


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
    runtime: Runtime, email: str, how: str, at: datetime, now: datetime, origin: Origin = HERSELF
) -> None:
    """Who told a provider at `at` that she wants no more mail: in force when this returns, of every topic and for
    everybody at the address. What somebody there said yes to later stays.

    An address that belongs to nobody yet is remembered for who may come with it.
    """
    digest = digests.address(runtime.secret, "email", email)
    with runtime.store.begin() as tx:
        ids = _hold(tx, lambda: contacts.sharing(tx, "email", digest))
        if not ids:
            _silence(tx, Channel.EMAIL, digest, "unsubscribed", how, now)
        every = {*runtime.settings.topics, *consents.topics_of(tx, ids)} if ids else set()
        if topics := consents.still_open(tx, ids, every, Channel.EMAIL.value, at):
            _take_back(tx, ids, topics, topics, Channel.EMAIL, how, at, now, origin)
        faults.point("optout.before_commit")
    faults.point("optout.after_commit")


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
    records = [_withdrawal(each, name, channel, how, at, origin) for each in ids for name in topics]
    consents.record(tx, [{**record, "recorded_at": now} for record in records])
    for topic in cancelled:
        runs = messages.cancel_for(
            tx, ids, "consent_withdrawn", now, channel=channel.value if channel else None, topic=topic
        )
        enrollments.wake(tx, runs, now)
    for each in ids:
        _tell(tx, each, "consent_withdrawn", topics, channel, how, now)


def close_address(
    runtime: Runtime, channel: Channel, address: str, reason: str, source: str, now: datetime
) -> None:
    """Never write to this address again, whosever it is: what a provider told of a message that is not ours."""
    digest = digests.address(runtime.secret, ADDRESS[channel], address)
    with runtime.store.begin() as tx:
        _silence(tx, channel, digest, reason, source, now, runtime.settings.topics)


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
        record = {
            **_withdrawal(contact_id, topic, channel, how, now, origin),
            "given": True,
            "text_version": text_version,
        }
        consents.record(tx, [record])
        _tell(tx, contact_id, "consent_given", [topic], channel, how, now)


def stop(runtime: Runtime, phone: str, how: str, now: datetime) -> None:
    """STOP on a phone, by SMS or WhatsApp: the number (E.164) is suppressed for both, whatever the topic and whoever
    has it.

    One that belongs to nobody yet is remembered for who may come with it.
    """
    digest = digests.address(runtime.secret, "phone", phone)
    with runtime.store.begin() as tx:
        for channel in BY_PHONE:
            if consents.suppressed(tx, CLOSED_BY[channel], digest):
                continue
            for contact_id in _silence(tx, channel, digest, "stop", how, now, runtime.settings.topics):
                _tell(tx, contact_id, "consent_withdrawn", ["*"], channel, how, now)
        faults.point("optout.before_commit")
    faults.point("optout.after_commit")


def start_again(runtime: Runtime, phone: str) -> bool:
    """START after STOP: whether there was a STOP to take back. Complaints and bounces stay."""
    with runtime.store.begin() as tx:
        digest = digests.address(runtime.secret, "phone", phone)
        lifted = [
            consents.lift(tx, CLOSED_BY[channel], digest, reason=reason)
            for channel in BY_PHONE
            for reason in ("stop", "erased")
        ]
        return any(lifted)


def suppress(
    runtime: Runtime, tx: Tx, contact_id: int, channel: str, reason: str, source: str, now: datetime
) -> None:
    """Never write to this person's address again, on whosever row it stands."""
    named = Channel(channel)
    digest = contacts.rows(tx, [contact_id])[contact_id][f"{ADDRESS[named]}_digest"]
    if digest:
        _silence(tx, named, digest, reason, source, now, runtime.settings.topics)
    else:
        contacts.suppress(tx, contact_id, CLOSED_BY[named], reason)


def leave_recipient(runtime: Runtime, message: Mapping[str, Any], now: datetime) -> None:
    """Somebody else, to whom this message went, wants no more of them. What the person consented to stays."""
    with runtime.store.begin() as tx:
        suppress_recipient(tx, message, "unsubscribed", "web", now)


def suppress_recipient(tx: Tx, message: Mapping[str, Any], reason: str, source: str, now: datetime) -> None:
    """Never write again to the address of somebody else, to whom this message went."""
    _silence(tx, Channel(message["channel"]), message["recipient_digest"], reason, source, now)


def _silence(
    tx: Tx,
    channel: Channel,
    digest: str,
    reason: str,
    source: str,
    now: datetime,
    topics: Collection[str] = (),
) -> Sequence[int]:
    """Suppress an address and cancel what would go there; whose address it is.

    Who had it before she was merged has another one, which stays open. Where it was her own word, she has taken back
    what she said yes to on this channel: `topics`, and those of which she ever spoke.
    """
    people = _hold(tx, lambda: contacts.sharing(tx, ADDRESS[channel], digest))
    consents.suppress(tx, CLOSED_BY[channel], digest, reason=reason, source=source, at=now)
    elsewhere = contacts.formerly(tx, ADDRESS[channel], digest)
    if elsewhere and reason in HER_WORD:
        every = sorted({*topics, *consents.topics_of(tx, elsewhere)})
        _take_back(tx, elsewhere, every, every, channel, source, now, now, HERSELF)
    whose = [contact_id for contact_id in people if contact_id not in elsewhere]
    runs = messages.cancel_for(tx, whose, "suppressed", now, channel=channel.value)
    enrollments.wake(tx, runs, now)
    return whose


def wake_runs_of(tx: Tx, rows: Iterable[Mapping[str, Any]], now: datetime) -> None:
    enrollments.wake(tx, [row["enrollment_id"] for row in rows if row["enrollment_id"] is not None], now)


def _withdrawal(
    contact_id: int, topic: str, channel: Channel | None, how: str, now: datetime, origin: Origin
) -> Row:
    return {
        "contact_id": contact_id,
        "topic": topic,
        "channel": channel.value if channel else None,
        "given": False,
        "basis": Basis.CONSENT.value,
        "text_version": "",
        "how": how,
        "event_id": None,
        "recorded_by": origin.by,
        "ip": origin.ip,
        "message_id": origin.message_id,
        "occurred_at": now,
        "recorded_at": now,
    }


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
