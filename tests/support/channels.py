"""Envelopes and carriers for tests of the channels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nurture.channels.api import Api
from nurture.channels.base import Carrier, Envelope, Outcome
from nurture.channels.smtp import Smtp
from nurture.channels.smtp import open_carrier as open_smtp
from nurture.channels.twilio import open_carrier as open_twilio
from nurture.model import Channel
from nurture.settings import ChannelConfig, Sender
from tests.support.sink import Sink, running

SENDER = Sender("volta@example.com", "Volta")
TEXT = b"From: volta@example.com\r\nMessage-ID: <%s@example.com>\r\nSubject: Oi\r\n\r\nOi!\r\n"


def email(number: int, name: str, body: bytes | None = None) -> Envelope:
    """A mail for `name`@example.com."""
    key = f"key{number}"
    content = TEXT % key.encode() if body is None else body
    return Envelope(number, key, Channel.EMAIL, SENDER.address, f"{name}@example.com", content)


def emails(*names: str) -> list[Envelope]:
    """One mail for each, numbered from 0."""
    return [email(number, name) for number, name in enumerate(names)]


def send(carrier: Carrier, wave: Sequence[Envelope], but: Iterable[int] = ()) -> dict[int, Outcome]:
    """Hand a whole wave over, except the messages in `but`; outcomes by message id."""
    prepared = carrier.prepare(wave)
    handed = carrier.hand_over(prepared, set(prepared.ready) - set(but))
    return {one.message_id: one for one in (*prepared.early, *handed)}


@contextmanager
def smtp(port: int, **options: str) -> Iterator[Smtp]:
    """The SMTP carrier for a server on this machine."""
    given = {"host": "127.0.0.1", "port": str(port), "connections": "5", "timeout": "5", "final_timeout": "5"}
    carrier = open_smtp(ChannelConfig(Channel.EMAIL, "smtp", SENDER, given | options))
    try:
        yield carrier
    finally:
        carrier.close()


@contextmanager
def faulty(folder: Path, *arguments: str) -> Iterator[Sink]:
    """A server with bad manners."""
    with running(folder / "ledger.jsonl", *arguments, module="tests.support.faulty_smtp") as sink:
        yield sink


@contextmanager
def twilio(api: str, **options: str) -> Iterator[Api]:
    """The Twilio carrier for an API on this machine."""
    given = {"account": "AC" + "0" * 32, "token": "test_auth_token", "api": api, "timeout": "5"}
    carrier = open_twilio(ChannelConfig(Channel.SMS, "twilio", Sender("+15005550006"), given | options))
    try:
        yield carrier
    finally:
        carrier.close()


def sms(number: int, recipient: str, text: str = "Oi!") -> Envelope:
    """An SMS from the test number."""
    return Envelope(number, f"key{number}", Channel.SMS, "+15005550006", recipient, text.encode())
