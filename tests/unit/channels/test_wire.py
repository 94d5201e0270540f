"""A wire between two ends of a socket: what a server may do to a dialogue."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from nurture.channels.smtp.wire import Moment, Reply, Wire, drive


@pytest.fixture
def ends() -> Iterator[tuple[Wire, socket.socket]]:
    ours, theirs = socket.socketpair()
    wire = Wire(ours, {})
    yield wire, theirs
    wire.close()
    theirs.close()


ANSWERS = {
    "one line": (b"250 2.0.0 ok\r\n", [Reply(250, "2.0.0 ok")], None),
    "several lines": (b"250-one\r\n250-two\r\n250 three\r\n", [Reply(250, "one\ntwo\nthree")], None),
    "bare code": (b"250\r\n", [Reply(250, "")], None),
    "lone LF": (b"250 ok\n", [Reply(250, "ok")], None),
    "odd bytes": (b"250 ol\xe1\r\n", [Reply(250, "ol�")], None),
    "not SMTP": (b"HTTP/1.1 400 Bad Request\r\n", [], "out of turn"),
    "one too many": (b"250 ok\r\n250 ok\r\n", [Reply(250, "ok")], "out of turn"),
    "no end": (b"250-" + b"x" * 70_000, [], "has no end"),
    "many lines and no end": (b"250-xxxxxxxx\r\n" * 9_000, [], "has no end"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_reading_an_answer(ends: tuple[Wire, socket.socket], name: str) -> None:
    wire, theirs = ends
    said, replies, lost = ANSWERS[name]
    wire.say(b"NOOP\r\n")
    assert theirs.recv(100) == b"NOOP\r\n"
    theirs.sendall(said)
    happened = [moment for _, moment in drive([wire], 5)]
    assert (wire.replies, happened) == (replies, [Moment.LOST if lost else Moment.ANSWERED])
    assert (lost or "") in (wire.lost or "")


def test_an_answer_in_pieces(ends: tuple[Wire, socket.socket]) -> None:
    wire, theirs = ends
    wire.say(b"NOOP\r\n")
    for piece in (b"25", b"0-one\r", b"\n250 t", b"wo\r\n"):
        assert wire.busy
        theirs.sendall(piece)
        wire.pump()
    assert (wire.busy, wire.replies) == (False, [Reply(250, "one\ntwo")])


def test_silence_ends_after_the_time_out(ends: tuple[Wire, socket.socket]) -> None:
    wire, _ = ends
    wire.say(b"NOOP\r\n")
    assert [moment for _, moment in drive([wire], 0.05)] == [Moment.LOST]
    assert wire.lost == "no answer within 0.05 seconds"


def test_a_reply_before_the_end_of_a_body_is_heard(ends: tuple[Wire, socket.socket]) -> None:
    wire, theirs = ends
    wire.say(b"x" * 10_000_000)
    assert wire.sending
    theirs.sendall(b"552 5.3.4 too big\r\n")
    theirs.close()
    assert [moment for _, moment in drive([wire], 5)] == [Moment.LOST]
    assert (wire.replies, wire.unsent) == ([Reply(552, "5.3.4 too big")], True)


def test_commands_go_one_by_one_to_a_server_without_pipelining(ends: tuple[Wire, socket.socket]) -> None:
    wire, theirs = ends
    wire.say(b"MAIL\r\n", b"RCPT\r\n", b"DATA\r\n")
    theirs.sendall(b"250 ok\r\n")
    wire.pump()
    assert theirs.recv(100) == b"MAIL\r\nRCPT\r\n"
    theirs.sendall(b"550 no\r\n")
    wire.pump()
    assert not wire.busy
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(100)


@pytest.mark.parametrize("said", [b"421 bye\r\n", b"42", None], ids=["a line", "half a line", "the end"])
def test_what_comes_unasked_is_noticed(ends: tuple[Wire, socket.socket], said: bytes | None) -> None:
    wire, theirs = ends
    assert wire.quiet()
    if said is None:
        theirs.close()
    else:
        theirs.sendall(said)
    assert not wire.quiet()
