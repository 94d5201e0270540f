"""Webhooks over a real connection: signed, allowed, timed out, and what each answer means."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.app import advance, deliver, process
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.workspace import load, publishable
from nurture.channels.base import Envelope, Outcome
from nurture.channels.http import LARGEST_ANSWER, Http, open_carrier
from nurture.model import Channel, NewEvent, Person
from nurture.problems import NurtureError
from nurture.settings import ChannelConfig, Sender
from nurture.store import tables
from nurture.store.engine import Store
from tests.support.receiver import Receiver, receiving

KEY = b"k" * 32
SECRET = "whsec_" + base64.b64encode(KEY).decode()
NOW = datetime(2026, 6, 8, 15, tzinfo=UTC)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def carrier(receiver: Receiver) -> Iterator[Http]:
    made = open_carrier(_config(receiver.host, SECRET))
    yield made
    made.close()


def _config(hosts: str, *secrets: str) -> ChannelConfig:
    return ChannelConfig(Channel.WEBHOOK, "http", Sender(""), hosts=(hosts,), secrets=secrets)


def call(carrier: Http, url: str, body: bytes = b'{"a":1}', timeout: float = 5) -> Outcome:
    envelope = Envelope(1, "key-1", Channel.WEBHOOK, "", url, body, timeout)
    prepared = carrier.prepare([envelope])
    (outcome,) = [*prepared.early, *carrier.hand_over(prepared, {1})]
    return outcome


def test_a_call_is_signed_so_that_its_receiver_can_check_it(carrier: Http, receiver: Receiver) -> None:
    receiver.answers["/leads"] = (200, b'{"tier": "gold"}')
    outcome = call(carrier, receiver.url("/leads"))
    (heard,) = receiver.calls
    assert (outcome.kind, outcome.answer) == ("accepted", b'{"tier": "gold"}')
    assert (heard.method, heard.body, heard.headers["webhook-id"]) == ("POST", b'{"a":1}', "key-1")
    signed = f"key-1.{heard.headers['webhook-timestamp']}.".encode() + heard.body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert heard.headers["webhook-signature"] == f"v1,{expected}"


def test_during_a_change_of_secrets_it_is_signed_with_both(receiver: Receiver) -> None:
    carrier = open_carrier(_config(receiver.host, "a new secret of thirty-two signs", SECRET))
    call(carrier, receiver.url("/leads"))
    carrier.close()
    assert receiver.calls[0].headers["webhook-signature"].count("v1,") == 2


def test_a_call_without_a_body_is_a_get(carrier: Http, receiver: Receiver) -> None:
    assert call(carrier, receiver.url("/leads?ref=ana"), b"").kind == "accepted"
    assert (receiver.calls[0].method, receiver.calls[0].path) == ("GET", "/leads?ref=ana")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(201, "accepted"), (301, "refused"), (400, "refused"), (401, "deferred"), (404, "refused")]
    + [(429, "deferred"), (500, "deferred"), (503, "deferred")],
)
def test_what_each_answer_means(carrier: Http, receiver: Receiver, status: int, kind: str) -> None:
    receiver.answers["/leads"] = (status, b"")
    outcome = call(carrier, receiver.url("/leads"))
    assert (outcome.kind, outcome.code, len(receiver.calls)) == (kind, str(status), 1)


def test_an_address_with_letters_beyond_ascii_is_called_as_browsers_do(
    carrier: Http, receiver: Receiver
) -> None:
    assert call(carrier, receiver.url("/ação?de=São+Paulo&x=%C3%A9")).kind == "accepted"
    assert [each.path for each in receiver.calls] == ["/a%C3%A7%C3%A3o?de=S%C3%A3o+Paulo&x=%C3%A9"]


def test_a_lost_answer_leaves_doubt(carrier: Http, receiver: Receiver) -> None:
    assert call(carrier, receiver.url("/vanish")).kind == "in_doubt"


def test_an_answer_that_drips_is_cut_off(carrier: Http, receiver: Receiver) -> None:
    assert call(carrier, receiver.url("/drip"), timeout=0.3).kind == "in_doubt"


def test_of_an_answer_that_is_too_large_nothing_is_kept(carrier: Http, receiver: Receiver) -> None:
    receiver.answers["/leads"] = (200, b" " * (LARGEST_ANSWER + 1))
    outcome = call(carrier, receiver.url("/leads"))
    assert (outcome.kind, outcome.answer) == ("accepted", None)
    assert "64 kB" in outcome.detail


def test_nobody_there_is_tried_again(carrier: Http, receiver: Receiver) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        deaf = open_carrier(_config(host, SECRET))
        assert call(deaf, f"http://{host}/leads").kind == "deferred"
        deaf.close()


def test_of_several_addresses_the_next_is_tried(
    carrier: Http, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and doesn't listen
        found = [(0, 0, 0, "", taken.getsockname()), (0, 0, 0, "", ("127.0.0.1", receiver.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        monkeypatch.setattr(socket, "create_connection", _straight)
        assert call(carrier, receiver.url("/leads")).kind == "accepted"


def _straight(address: tuple[str, int], timeout: float) -> socket.socket:
    """A connection without looking the address up once more."""
    line = socket.socket()
    line.settimeout(timeout)
    try:
        line.connect(address)
    except OSError:
        line.close()
        raise
    return line


def test_another_host_is_never_spoken_to(carrier: Http, receiver: Receiver) -> None:
    outcome = call(carrier, receiver.url("/leads").replace("127.0.0.1", "127.0.0.2"))
    assert (outcome.kind, outcome.code, receiver.calls) == ("refused", "not_allowed", [])


def test_a_name_that_leads_inside_is_never_spoken_to(receiver: Receiver) -> None:
    carrier = open_carrier(_config(f"localhost:{receiver.port}", SECRET))
    outcome = call(carrier, f"https://localhost:{receiver.port}/leads")
    carrier.close()
    assert (outcome.kind, outcome.code, receiver.calls) == ("refused", "not_allowed", [])
    assert "private address" in outcome.detail


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (ChannelConfig(Channel.WEBHOOK, "http", Sender(""), secrets=(SECRET,)), "needs 'hosts'"),
        (_config("crm.example"), "needs 'secret'"),
        (_config("crm.example", "short"), "shorter than 24 bytes"),
    ],
)
def test_what_is_missing_is_said(config: ChannelConfig, says: str) -> None:
    with pytest.raises(NurtureError, match=says):
        open_carrier(config)


JOURNEY = """
journey: leads
trigger: {event: signed_up}
steps:
  - webhook: %s
    id: crm
    body:
      email: "{{ email }}"
      score: "{{ trigger.plan }}"
      orders: "{{ total_orders }}"
      hello: 'Oi, {{ first_name | default("you") }} & co'
      tags: [a, "{{ country }}"]
    save: {tier: tier, points: {at: /points, type: number}, since: {at: since, type: date}, odd: /more/²}
  - branch:
      - if: crm.tier = "gold" and crm.points > 50
        then: [{exit: gold}]
"""


class Shop:
    def __init__(self, database: str, folder: Path, receiver: Receiver, journey: str = "") -> None:
        self.at = NOW
        init(folder)
        text = journey or JOURNEY % receiver.url("/leads")
        (folder / "journeys" / "leads.yaml").write_text(text, encoding="utf-8")
        with (folder / ".env").open("a") as env:
            env.write(f"\nWEBHOOK_SECRET={SECRET}\n")
        path = folder / "nurture.yaml"
        webhook = f"channels:\n  webhook:\n    provider: http\n    hosts: {receiver.host}\n"
        webhook += "    secret: ${WEBHOOK_SECRET}\n"
        path.write_text(path.read_text(encoding="utf-8").replace("channels:\n", webhook, 1), encoding="utf-8")
        settings = load(folder).settings
        assert settings is not None
        self.runtime = Runtime(Store(database), settings, folder, lambda: self.at)
        publish(self.runtime, publishable(folder, ["leads"]), NOW)
        person = Person("ana", "ana@example.com")
        traits = {"first_name": "Ana", "country": "BR"}
        event = NewEvent("signed_up", person, NOW, "test", "1", payload={"plan": "pro"}, traits=traits)
        ingest(self.runtime.store, [event], NOW)
        self.work(NOW)

    def work(self, at: datetime) -> None:
        self.at = at
        process.process(self.runtime, at)
        advance.advance(self.runtime, at)
        deliver.deliver(self.runtime, at)
        advance.advance(self.runtime, at)

    def run(self) -> Any:
        with self.runtime.store.read() as tx:
            return tx.execute(sa.select(tables.enrollments)).mappings().one()

    def call(self) -> Any:
        with self.runtime.store.read() as tx:
            return tx.execute(sa.select(tables.messages)).mappings().one()


def test_a_call_goes_through_the_outbox_and_its_answer_is_kept(
    database: str, tmp_path: Path, receiver: Receiver
) -> None:
    receiver.answers["/leads"] = (503, b"")
    shop = Shop(database, tmp_path / "shop", receiver)
    assert (shop.run()["status"], shop.call()["state"]) == ("active", "deferred")
    receiver.answers["/leads"] = (200, b'{"tier": "gold", "points": 70, "since": "soon", "more": [1]}')
    shop.work(NOW + timedelta(hours=1))
    run, (first, second) = shop.run(), receiver.calls
    assert (run["status"], run["exit_reason"]) == ("exited", "gold")
    assert run["memory"]["crm"] == {
        "ok": True,
        "tier": "gold",
        "points": 70,
        "at": (NOW + timedelta(hours=1)).isoformat(),
    }
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert json.loads(first.body) == {
        "email": "ana@example.com",
        "score": "pro",
        "orders": 0,
        "hello": "Oi, Ana & co",
        "tags": ["a", "BR"],
    }
    shop.runtime.close()


IMPATIENT = """
journey: leads
trigger: {event: signed_up}
steps:
  - webhook: %s
    id: crm
%s
  - exit: went on
"""


@pytest.mark.parametrize(
    ("path", "options", "state", "run", "calls"),
    [
        pytest.param("/slow", "", "accepted", "exited", 1, id="a slow answer is waited for"),
        pytest.param("/slow", "timeout: 1 second", "in_doubt", "exited", 1, id="no longer than timeout says"),
        pytest.param("/vanish", "on_doubt: drop", "in_doubt", "exited", 1, id="drop goes on"),
        pytest.param("/vanish", "on_doubt: hold", "in_doubt", "active", 1, id="hold waits for somebody"),
        pytest.param("/vanish", "on_doubt: resend", "deferred", "active", 2, id="resend calls again"),
    ],
)
def test_how_long_an_answer_may_take_and_what_follows_a_lost_one(
    one_database: str, tmp_path: Path, receiver: Receiver, *, path: str, options: str, state: str, run: str,
    calls: int,
) -> None:  # fmt: skip
    journey = IMPATIENT % (receiver.url(path), f"    {options}" if options else "")
    shop = Shop(one_database, tmp_path / "shop", receiver, journey)
    shop.work(NOW + timedelta(hours=1))
    assert (shop.call()["state"], shop.run()["status"], len(receiver.calls)) == (state, run, calls)
    shop.runtime.close()
