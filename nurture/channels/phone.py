"""What providers of SMS and WhatsApp tell: what became of a message, and what people answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from nurture.channels.base import MEANINGS, Heard, OutcomeKind, Receipt, Stop, Trouble
from nurture.channels.keywords import is_stop
from nurture.model import Channel, NewEvent, Person

_HOW = {Channel.SMS: "answer by SMS", Channel.WHATSAPP: "answer by WhatsApp"}


def with_plus(number: object) -> str | None:
    """A number as E.164 writes it, where a provider leaves the plus out; None for what is none."""
    digits = str(number or "").removeprefix("whatsapp:").removeprefix("+")
    return f"+{digits}" if digits.isdecimal() else None


def without_plus(number: str) -> str:
    return number.removeprefix("+")


@dataclass(frozen=True, slots=True)
class About:
    """Of which message a provider speaks, and when that happened."""

    source: str
    channel: Channel
    phone: str | None  # E.164
    key: str | None  # ours, if the provider kept it
    provider_id: str
    at: datetime

    def taken(self) -> Heard:
        """The provider has it: that ends doubt."""
        return Heard(receipts=(Receipt(self.key, self.provider_id),) if self.key else ())

    def delivered(self) -> Heard:
        return self._event("delivered", {})

    def read(self) -> Heard:
        """The person has it on her screen: by far surer than the opening of a mail."""
        return self._event("opened", {"class": "human"})

    def failed(self, trouble: Trouble, code: str) -> Heard:
        meaning = MEANINGS[trouble]
        why = {
            "code": code,
            "reason": meaning.words,
            "permanent": meaning.kind is OutcomeKind.REFUSED,
            "suppress": meaning.suppress,
        }
        return self._event("bounced", why)

    def _event(self, verb: str, payload: Mapping[str, Any]) -> Heard:
        name = f"{self.channel}_{verb}"
        event = NewEvent(
            name,
            Person(phone=self.phone),
            self.at,
            self.source,
            f"{self.provider_id}:{name}",
            {"provider_id": self.provider_id, **payload},
            message_key=self.key,
        )
        return replace(self.taken(), events=(event,) if self.key or self.phone or self.provider_id else ())


def answered(
    source: str,
    channel: Channel,
    phone: str | None,
    text: str,
    id_: str,
    at: datetime,
    *,
    stop: bool = False,
    start: bool = False,
    helped: bool = False,
) -> Heard:
    """What somebody wrote to us. `stop`: the provider itself says that she wants out; `start`: that she wants in again;
    `helped`: she asked for help, and it has answered her. What comes from no number is nobody's word; only that it was a STOP is told."""
    wants_out = stop or is_stop(text)
    if phone is None:
        return Heard(stops=(Stop(Person(), channel, _HOW[channel], at),) if wants_out else ())
    person = Person(phone=phone)
    told = {name: True for name, said in (("start", start), ("helped", helped)) if said}
    payload = {"text": text, "provider_id": id_, **told}
    event = NewEvent(f"{channel}_replied", person, at, source, f"{id_}:{channel}_replied", payload)
    stops = (Stop(person, channel, _HOW[channel], at, answer=event),) if wants_out else ()
    return Heard((event,), stops)
