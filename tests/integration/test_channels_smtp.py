"""The SMTP carrier against servers with good and bad manners."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import dkim
import pytest

from nurture import faults
from nurture.channels.base import OutcomeKind
from nurture.channels.smtp import keys
from tests.support.channels import email, emails, faulty, send, smtp
from tests.support.sink import Sink, running

ACCEPTED, DEFERRED, REFUSED, IN_DOUBT = (
    OutcomeKind.ACCEPTED,
    OutcomeKind.DEFERRED,
    OutcomeKind.REFUSED,
    OutcomeKind.IN_DOUBT,
)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with running(tmp_path / "ledger.jsonl", "--bodies", str(tmp_path / "bodies")) as found:
        yield found


@pytest.mark.parametrize(
    "manner", [(), ("--no-pipelining",), ("--fsync",)], ids=["pipelining", "one by one", "fsync"]
)
def test_every_message_arrives_once_as_it_was_written(tmp_path: Path, manner: tuple[str, ...]) -> None:
    wave = emails("ana", "davi", "eva", "ana", "davi")
    with running(tmp_path / "ledger.jsonl", *manner) as sink, smtp(sink.port) as carrier:
        for _ in range(3):
            assert {one.kind for one in send(carrier, wave).values()} == {ACCEPTED}
        received = sorted((m["recipient"], m["message_id"], m["sha256"]) for m in sink.messages())
    sent = [(e.recipient, f"<{e.key}@example.com>", hashlib.sha256(e.body).hexdigest()) for e in wave]
    assert received == sorted(sent * 3)


AWKWARD = {
    "lone line ends": (b"Subject: x\n\none\rtwo\nthree", b"Subject: x\r\n\r\none\r\ntwo\r\nthree\r\n"),
    "dots": (b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\n", b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\n"),
    "a dot first of all": (b".Subject: x\r\n\r\na\r\n", b".Subject: x\r\n\r\na\r\n"),
    "a smuggled end": (b"x: y\r\n\r\na\n.\nMAIL FROM:<e@x>\n", b"x: y\r\n\r\na\r\n.\r\nMAIL FROM:<e@x>\r\n"),
    "nothing": (b"", b"\r\n"),
    "larger than the line's buffers": (b"Subject: x\r\n\r\n" + b"a" * 70 * 200_000 + b"\r\n",) * 2,
}


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_bodies_arrive_whole(sink: Sink, tmp_path: Path, name: str) -> None:
    written, expected = AWKWARD[name]
    with smtp(sink.port) as carrier:
        assert send(carrier, [email(1, "ana", written)])[1].kind is ACCEPTED
    (arrived,) = (tmp_path / "bodies").iterdir()
    assert arrived.read_bytes() == expected


@pytest.mark.parametrize("kind", keys.KINDS)
def test_a_signature_holds_after_the_trip_and_at_every_attempt(sink: Sink, tmp_path: Path, kind: str) -> None:
    pem = keys.written(key := keys.make(kind)).decode()
    body = (
        b"From: Volta <volta@example.com>\r\nDate: Tue, 26 Nov 2024 09:30:00 +0000\r\n"
        b"Message-ID: <key1@example.com>\r\nSubject: Oi\r\n\r\n.a dot\r\n..\r\n\tblanks  \r\n"
    )
    for _ in range(2):  # each with a carrier of its own, as after a crash
        with smtp(sink.port, dkim_selector="n1", dkim_key=pem) as carrier:
            assert send(carrier, [email(1, "ana", body)])[1].kind is ACCEPTED
    (arrived,) = (tmp_path / "bodies").iterdir()  # files are named by their digest: both are the same
    assert len(sink.messages()) == 2
    dns = {b"n1._domainkey.example.com.": keys.record(key).encode()}
    assert dkim.verify(arrived.read_bytes(), dnsfunc=lambda name, timeout=5: dns.get(name))


class Case(NamedTuple):
    manner: str
    kind: OutcomeKind
    code: str
    suppress: str | None
    kept: int  # copies in the server's ledger


CASES = {
    "unknown user": Case("refuse", REFUSED, "550 5.1.1", "hard_bounce", 0),
    "policy": Case("policy", REFUSED, "550 5.7.1", None, 0),
    "full mailbox": Case("full", REFUSED, "552 5.2.2", None, 0),
    "not now": Case("defer", DEFERRED, "451 4.3.0", None, 0),
    "closing down": Case("busy", DEFERRED, "421 4.3.2", None, 0),
    "no answer to RCPT": Case("mute", DEFERRED, "", None, 0),
    "closed at RCPT": Case("drop", DEFERRED, "", None, 0),
    "354 although refused": Case("tempt", REFUSED, "550 5.1.1", "hard_bounce", 0),
    "unknown user after the body": Case("bounce", REFUSED, "550 5.1.1", "hard_bounce", 0),
    "slow down after the body": Case("later", DEFERRED, "451 4.7.1", None, 0),
    "closing down after the body": Case("closing", DEFERRED, "421 4.3.2", None, 0),
    "no answer to the body": Case("hang", IN_DOUBT, "", None, 0),
    "dies before it keeps": Case("die", IN_DOUBT, "", None, 0),
    "dies after it keeps": Case("vanish", IN_DOUBT, "", None, 1),
    "late but in time": Case("slow=0.2", ACCEPTED, "250 2.0.0", None, 1),
    "an answer nobody asked for": Case("chatter", DEFERRED, "", None, 0),
    "leaves while it waits": Case("leave", DEFERRED, "", None, 0),
}


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])
@pytest.mark.parametrize("name", CASES)
def test_bad_manners_to_one_do_not_hurt_the_others(tmp_path: Path, name: str, pipelining: bool) -> None:
    case = CASES[name]
    arguments = ["--on", f"bruno@example.com={case.manner}", *([] if pipelining else ["--no-pipelining"])]
    with faulty(tmp_path, *arguments) as server:
        with smtp(server.port, timeout="0.6", final_timeout="0.6") as carrier:
            first = send(carrier, emails("ana", "bruno", "davi"))
            again = send(carrier, emails("ana", "davi", "eva"))
        kept = [message["recipient"] for message in server.messages()]
    bruno = first[1]
    assert (bruno.kind, bruno.code, bruno.suppress) == (case.kind, case.code, case.suppress)
    assert bruno.kind is ACCEPTED or bruno.detail
    assert "bruno" not in bruno.detail
    assert {first[0].kind, first[2].kind, *(one.kind for one in again.values())} == {ACCEPTED}
    assert kept.count("bruno@example.com") == case.kept
    assert len(kept) == 5 + case.kept


def test_what_is_not_allowed_is_given_up_without_a_byte(sink: Sink) -> None:
    with smtp(sink.port) as carrier:
        outcomes = send(carrier, emails("ana", "bruno", "davi"), but=[1])
        assert sorted(outcomes) == [0, 2]
        assert {one.kind for one in send(carrier, emails("ana", "davi", "eva")).values()} == {ACCEPTED}
    assert "bruno@example.com" not in [message["recipient"] for message in sink.messages()]
    assert len(sink.messages()) == 5


@pytest.mark.parametrize("manner", ["chatter-later", "leave-later"])
def test_no_body_goes_to_a_server_that_did_not_wait_for_it(tmp_path: Path, manner: str) -> None:
    with faulty(tmp_path, "--on", f"bruno@example.com={manner}") as server, smtp(server.port) as carrier:
        prepared = carrier.prepare(emails("ana", "bruno"))
        time.sleep(0.2)
        outcomes = carrier.hand_over(prepared, prepared.ready)
        kept = [message["recipient"] for message in server.messages()]
    assert {one.message_id: one.kind for one in outcomes} == {0: ACCEPTED, 1: DEFERRED}
    assert kept == ["ana@example.com"]


def test_connections_are_kept_for_the_next_wave(sink: Sink) -> None:
    with smtp(sink.port) as carrier:
        opened = []
        for names in (["ana"], ["ana", "davi", "eva"], ["davi"], ["ana", "davi", "eva"]):
            send(carrier, emails(*names))
            opened.append({wire.socket.getsockname()[1] for wire in carrier._idle})
    assert [len(ports) for ports in opened] == [1, 3, 3, 3]
    assert opened[0] < opened[1] == opened[2] == opened[3]


def test_a_server_that_ends_connections_gets_new_ones(tmp_path: Path) -> None:
    with faulty(tmp_path, "--per-connection", "2") as server, smtp(server.port) as carrier:
        outcomes = [send(carrier, emails("ana"))[0] for _ in range(5)]
    assert [one.kind for one in outcomes] == [ACCEPTED, ACCEPTED, DEFERRED, ACCEPTED, ACCEPTED]
    assert outcomes[2].code == "421 4.7.0"


def test_a_connection_that_died_between_waves_costs_nothing(tmp_path: Path) -> None:
    with faulty(tmp_path, "--on", "bruno@example.com=vanish") as server, smtp(server.port) as carrier:
        send(carrier, emails("ana", "davi"))
        for wire in carrier._idle:
            wire.socket.shutdown(2)
        assert {one.kind for one in send(carrier, emails("ana", "davi")).values()} == {ACCEPTED}


def test_a_server_that_allows_fewer_connections_gets_smaller_waves(tmp_path: Path) -> None:
    with faulty(tmp_path, "--most", "2") as server, smtp(server.port) as carrier:
        first = send(carrier, emails("ana", "davi", "eva"))
        assert sorted(one.kind for one in first.values()) == [ACCEPTED, ACCEPTED, DEFERRED]
        assert carrier.connections == 2


def test_no_server_at_all_is_said_in_words() -> None:
    with smtp(1) as carrier:
        prepared = carrier.prepare(emails("ana", "davi"))
    assert {one.kind for one in prepared.early} == {DEFERRED}
    assert prepared.ready == ()
    assert prepared.down == "There is no connection to the provider. (Connection refused)"


def test_a_slow_line_does_not_hold_up_the_others(tmp_path: Path) -> None:
    names = ["ana", "davi", "eva", "gil", "iris"]
    slow = [argument for name in names for argument in ("--on", f"{name}@example.com=slow=0.4")]
    with faulty(tmp_path, *slow) as server, smtp(server.port) as carrier:
        began = time.monotonic()
        assert {one.kind for one in send(carrier, emails(*names)).values()} == {ACCEPTED}
        assert time.monotonic() - began < 1.6  # one after the other it would be two seconds


def test_a_refused_sender_is_our_fault_and_loses_nothing(tmp_path: Path) -> None:
    with faulty(tmp_path, "--sender-refused") as server, smtp(server.port) as carrier:
        outcome = send(carrier, emails("ana"))[0]
    assert (outcome.kind, outcome.suppress) == (DEFERRED, None)
    assert "Check the channel's settings" in outcome.detail


def test_fault_points_stand_around_every_body(sink: Sink) -> None:
    faults.arm("ingest.before_commit", lambda: None)
    try:
        with smtp(sink.port) as carrier:
            send(carrier, emails("ana", "bruno", "davi"), but=[1])
        assert faults.visits() == {"body.before_send": 2, "body.before_reply": 2, "body.after_reply": 2}
    finally:
        faults.arm(None)
