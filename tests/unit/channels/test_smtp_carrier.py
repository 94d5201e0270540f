"""The carrier on the other end of a socket pair, for what no server does often enough."""

from __future__ import annotations

import socket
import threading

import pytest

from nurture.channels.base import OutcomeKind, Prepared
from nurture.channels.smtp.carrier import Held, Smtp
from nurture.channels.smtp.server import Server
from nurture.channels.smtp.wire import Wire
from tests.support.channels import email

IN_DOUBT, REFUSED = OutcomeKind.IN_DOUBT, OutcomeKind.REFUSED
HALF_WAY = {
    "a yes to half a body settles nothing": (b"250 2.0.0 ok\r\n", IN_DOUBT),
    "a no to half a body is a no": (b"552 5.3.4 too big\r\n", REFUSED),
    "nothing is said": (b"", IN_DOUBT),
    "nonsense": (b"354 go on\r\n", IN_DOUBT),
}


@pytest.mark.parametrize("name", HALF_WAY)
def test_an_answer_before_the_end_of_the_body(name: str) -> None:
    said, kind = HALF_WAY[name]
    ours, theirs = socket.socketpair()
    held = Held(email(1, "ana"), Wire(ours, {}), b"x" * 10_000_000)

    def answer_early() -> None:
        theirs.recv(1)
        theirs.sendall(said)

    server = threading.Thread(target=answer_early)
    server.start()
    carrier = Smtp(Server("localhost", 25, "none", final_timeout=0.1))
    (outcome,) = carrier.hand_over(Prepared(held={1: held}), [1])
    server.join()
    theirs.close()
    assert outcome.kind is kind
    assert held.wire.lost
