"""Notes to colleagues through Apprise, over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from nurture.channels import open_carrier
from nurture.channels.base import Carrier, Envelope, OutcomeKind
from nurture.model import Channel
from nurture.problems import NurtureError
from nurture.settings import ChannelConfig, Sender
from tests.support.channels import send


class Chat(BaseHTTPRequestHandler):
    """Takes notes at /sales, and refuses them elsewhere."""

    taken: list[Any]

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = self.path == "/sales"
        self.taken += [said] if known else []
        self.send_response(200 if known else 500)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def chat() -> Iterator[tuple[Carrier, list[Any]]]:
    taken: list[Any] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Chat,), {"taken": taken}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    at = f"json://127.0.0.1:{server.server_address[1]}"
    places = {"sales": f"{at}/sales", "away": f"{at}/away"}
    carrier = open_carrier(ChannelConfig(Channel.NOTE, "apprise", Sender(""), places=places))
    yield carrier, taken
    carrier.close()
    server.shutdown()
    thread.join()
    server.server_close()


def note(number: int, place: str) -> Envelope:
    return Envelope(number, f"key{number}", Channel.NOTE, "", place, "Ana <b> pediu uma ligação 🙂".encode())


def test_a_note_arrives_as_it_was_written(chat: tuple[Carrier, list[Any]]) -> None:
    carrier, taken = chat
    assert send(carrier, [note(1, "sales")])[1].kind is OutcomeKind.ACCEPTED
    assert [said["message"] for said in taken] == ["Ana <b> pediu uma ligação 🙂"]


def test_a_note_that_fails_is_tried_again_and_a_place_that_is_gone_is_said(
    chat: tuple[Carrier, list[Any]],
) -> None:
    carrier, taken = chat
    outcomes = send(carrier, [note(1, "away"), note(2, "closed"), note(3, "sales")])
    assert [outcomes[number].kind for number in (1, 2, 3)] == [
        OutcomeKind.DEFERRED,
        OutcomeKind.DEFERRED,
        OutcomeKind.ACCEPTED,
    ]
    assert "channels.note names this place no more" in outcomes[2].detail
    assert len(taken) == 1


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#sales", "hooks.slack.com"),
        ("tgram://123456789:abcdefg_hijklmnopqrstuvwxyz-1234567/12315544", "api.telegram.org"),
    ],
    ids=["Slack", "Telegram"],
)
def test_a_note_comes_to_where_they_chat(address: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def answer(_: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
        asked.append((urlsplit(url).hostname or "", json.dumps(json.loads(more["data"]), ensure_ascii=False)))
        said = requests.Response()
        said.status_code, said._content = 200, b"ok" if host == "hooks.slack.com" else b'{"ok": true}'
        return said

    monkeypatch.setattr(requests.Session, "request", answer)
    carrier = open_carrier(ChannelConfig(Channel.NOTE, "apprise", Sender(""), places={"sales": address}))
    assert send(carrier, [note(1, "sales")])[1].kind is OutcomeKind.ACCEPTED
    carrier.close()
    ((at, said),) = asked
    assert at == host
    assert "pediu uma ligação 🙂" in said


def test_an_address_that_apprise_does_not_know_is_said_without_it() -> None:
    config = ChannelConfig(Channel.NOTE, "apprise", Sender(""), places={"sales": "slak://secret-token"})
    with pytest.raises(NurtureError) as caught:
        open_carrier(config)
    assert str(caught.value).startswith("channels.note: places: sales is no address that Apprise knows")
    assert "secret-token" not in str(caught.value)
