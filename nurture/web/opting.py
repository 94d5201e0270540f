"""STOP and START from a phone, and no more mail by word of a provider: in force at once."""

from __future__ import annotations

from datetime import datetime

from nurture import identity
from nurture.app import feedback, ingest, opt_outs, unheard
from nurture.channels.base import Stop
from nurture.model import Channel, NewEvent, Person
from nurture.web.desk import Desk


def stop(desk: Desk, asked: Stop, provider: str, now: datetime) -> None:
    """Suppress the number, whoever has it now or will; by e-mail, take the consent of whoever has the address back.

    An answer that is known had its effect already, and one that START overtook has none. One from a number that can't
    be read has none either, which is noted.
    """
    if asked.channel is Channel.EMAIL:
        feedback.unsubscribe(desk.runtime, asked, f"provider:{provider}", now)
    elif phone := _phone(desk, asked.person):
        answer = ingest.row(asked.answer, now) if asked.answer else None
        opt_outs.stop(desk.runtime, phone, asked.how, now, answer)
    else:
        with desk.runtime.store.begin() as tx:
            unheard.note(tx, provider, now)


def start(desk: Desk, answer: NewEvent, now: datetime) -> bool:
    """Take a STOP back that was said before this answer; whether there was one. Bounces and complaints stay."""
    phone = _phone(desk, answer.person)
    return phone is not None and opt_outs.start_again(desk.runtime, phone, ingest.row(answer, now))


def _phone(desk: Desk, person: Person) -> str | None:
    return identity.phone(person.phone, desk.runtime.settings.company.country) if person.phone else None
