"""People: who an event is about, and what changes on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from nurture import digests, identity
from nurture.app.changes import OURS, Occasion, moved, own_event
from nurture.app.runtime import Runtime
from nurture.engine import computed
from nurture.model import SUPPRESSIONS, Json
from nurture.store import consents, contacts, enrollments, events
from nurture.store.engine import Tx
from nurture.store.types import to_micros
from nurture.vocabulary import CONTACT_FIELDS

Row = dict[str, Any]
COLUMNS = frozenset(
    name for name, field in CONTACT_FIELDS.items() if field.column and name not in ("ref", "created_at")
) - {"total_orders", "lifetime_value", "first_order_at", "last_order_at", "last_click_at"}


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
    events.happened_at(tx, OURS, {f"created:{ref}": at for ref, at in moved.items()})


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


def wake_runs_of(tx: Tx, rows: Iterable[Mapping[str, Any]], now: datetime) -> None:
    enrollments.wake(tx, [row["enrollment_id"] for row in rows if row["enrollment_id"] is not None], now)
