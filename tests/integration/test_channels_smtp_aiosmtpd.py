"""The SMTP carrier against a server that we did not write."""

from __future__ import annotations

import asyncio
import email.policy
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.smtp import SMTP, Envelope, Session

from nurture.channels.base import Envelope as Ours
from nurture.channels.base import OutcomeKind
from nurture.model import Channel
from tests.support.channels import emails, send, smtp


class Shop:
    """Keeps what comes and does not know Chloe."""

    def __init__(self) -> None:
        self.kept: list[Envelope] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("chloe"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.kept.append(envelope)
        return "250 OK"


@contextmanager
def aiosmtpd(utf8: bool = False) -> Iterator[tuple[int, Shop]]:
    """A server in a thread of its own."""
    shop, loop = Shop(), asyncio.new_event_loop()
    listening = loop.create_server(lambda: SMTP(shop, loop=loop, enable_SMTPUTF8=utf8), "127.0.0.1", 0)
    server = loop.run_until_complete(listening)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1], shop
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def test_waves_with_a_refusal_in_between() -> None:
    with aiosmtpd() as (port, shop), smtp(port) as carrier:
        for _ in range(3):
            outcomes = send(carrier, emails("ana", "chloe", "davi"))
            kinds = [outcomes[number].kind for number in range(3)]
            assert kinds == [OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.ACCEPTED]
    assert sorted(one.rcpt_tos[0] for one in shop.kept) == ["ana@example.com"] * 3 + ["davi@example.com"] * 3


def test_an_address_with_letters_beyond_ascii() -> None:
    body = "From: a@example.com\r\nTo: joão@example.com\r\nSubject: Olá\r\n\r\nTudo bem?\r\n".encode()
    envelope = Ours(1, "k1", Channel.EMAIL, "volta@example.com", "joão@example.com", body)
    with aiosmtpd(utf8=True) as (port, shop), smtp(port) as carrier:
        assert send(carrier, [envelope])[1].kind is OutcomeKind.ACCEPTED
    assert (shop.kept[0].rcpt_tos, shop.kept[0].smtp_utf8) == (["joão@example.com"], True)
    content = shop.kept[0].content
    assert isinstance(content, bytes)
    assert email.message_from_bytes(content, policy=email.policy.SMTPUTF8)["subject"] == "Olá"
    with aiosmtpd(utf8=False) as (port, shop), smtp(port) as carrier:
        refused = send(carrier, [envelope])[1]
    assert refused.kind is OutcomeKind.REFUSED
    assert "takes no addresses with letters beyond a-z before the @ (SMTPUTF8)" in refused.detail
    assert shop.kept == []
