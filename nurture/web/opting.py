"""STOP and START from a phone, in force at once."""

from __future__ import annotations

from datetime import datetime

from nurture import digests, identity
from nurture.app import people
from nurture.channels.base import Stop
from nurture.model import Channel, Person
from nurture.store import consents, contacts
from nurture.web.desk import Desk


def stop(desk: Desk, asked: Stop, now: datetime) -> None:
    """Suppress the number; one that belongs to nobody yet is remembered for who may come with it."""
    phone = _phone(desk, asked.person)
    if phone is None:
        return
    contact = _contact(desk, phone)
    if contact is None:
        digest = digests.address(desk.runtime.secret, "phone", phone)
        with desk.runtime.store.begin() as tx:
            consents.suppress(tx, "phone", digest, reason="stop", source=asked.how, at=now)
    elif contact["phone_suppressed"] is None:
        people.stop(desk.runtime, contact["id"], asked.channel, asked.how, now)


def start(desk: Desk, person: Person, now: datetime) -> bool:
    """Take a STOP back; whether there was one. Bounces and complaints stay."""
    phone = _phone(desk, person)
    contact = _contact(desk, phone) if phone else None
    return contact is not None and people.start_again(desk.runtime, contact["id"], Channel.SMS, now)


def _phone(desk: Desk, person: Person) -> str | None:
    return identity.phone(person.phone, desk.runtime.settings.company.country) if person.phone else None


def _contact(desk: Desk, phone: str) -> contacts.ContactRow | None:
    with desk.runtime.store.read() as tx:
        contact_id = contacts.find(tx, [], [], [phone]).by_phone.get(phone)
        return contacts.rows(tx, [contact_id])[contact_id] if contact_id is not None else None
