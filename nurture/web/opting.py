"""STOP and START from a phone, and no more mail by word of a provider: in force at once."""

from __future__ import annotations

from datetime import datetime

from nurture import identity
from nurture.app import feedback, ingest, opt_outs, unheard
from nurture.channels.base import Preference, Stop
from nurture.model import Channel, NewEvent, Origin, Person
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
        _unheard(desk, provider, now)


def prefer(desk: Desk, said: Preference, provider: str, now: datetime) -> None:
    """Take back what whoever has the number said yes to by this channel, or give that back."""
    if phone := _phone(desk, said.person):
        change = opt_outs.give_back if said.wanted else opt_outs.no_marketing
        change(desk.runtime, said.channel, phone, said.how, said.at, now, Origin(f"provider:{provider}"))
    elif not said.wanted:
        _unheard(desk, provider, now)


def start(desk: Desk, answer: NewEvent, now: datetime) -> bool:
    """Take a STOP back that was said before this answer; whether there was one. Bounces and complaints stay."""
    phone = _phone(desk, answer.person)
    return phone is not None and opt_outs.start_again(desk.runtime, phone, ingest.row(answer, now))


def _phone(desk: Desk, person: Person) -> str | None:
    return identity.phone(person.phone, desk.runtime.settings.company.country) if person.phone else None


def _unheard(desk: Desk, provider: str, now: datetime) -> None:
    with desk.runtime.store.begin() as tx:
        unheard.note(tx, provider, now)
