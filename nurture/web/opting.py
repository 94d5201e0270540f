"""STOP and START from a phone, and no more mail by word of a provider: in force at once."""

from __future__ import annotations

from datetime import datetime

from nurture import identity
from nurture.app import feedback, opt_outs
from nurture.channels.base import Stop
from nurture.model import Channel, Person
from nurture.web.desk import Desk


def stop(desk: Desk, asked: Stop, provider: str, now: datetime) -> None:
    """Suppress the number, whoever has it now or will; by e-mail, take the consent of whoever has the address back."""
    if asked.channel is Channel.EMAIL:
        feedback.unsubscribe(desk.runtime, asked, f"provider:{provider}", now)
    elif phone := _phone(desk, asked.person):
        opt_outs.stop(desk.runtime, phone, asked.how, now)


def start(desk: Desk, person: Person) -> bool:
    """Take a STOP back; whether there was one. Bounces and complaints stay."""
    phone = _phone(desk, person)
    return phone is not None and opt_outs.start_again(desk.runtime, phone)


def _phone(desk: Desk, person: Person) -> str | None:
    return identity.phone(person.phone, desk.runtime.settings.company.country) if person.phone else None
