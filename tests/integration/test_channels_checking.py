"""Providers are asked whether our key is good, by a request that sends and changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import NamedTuple

import pytest

from nurture.channels import open_carrier
from nurture.channels.base import Trouble
from nurture.channels.checking import Checkable, Checked
from nurture.model import Channel
from nurture.settings import ChannelConfig, Sender

SID = "AC" + "0" * 32
OPTIONS: Mapping[str, tuple[Channel, Mapping[str, str], str, str]] = {
    "sendgrid": (Channel.EMAIL, {"key": "SG.x"}, "/v3/scopes", "authorization: Bearer SG.x"),
    "postmark": (Channel.EMAIL, {"token": "pm-x"}, "/server", "x-postmark-server-token: pm-x"),
    "brevo": (Channel.EMAIL, {"key": "xkeysib-x"}, "/v3/account", "api-key: xkeysib-x"),
    "resend": (Channel.EMAIL, {"key": "re_x"}, "/domains", "authorization: Bearer re_x"),
    "mailjet": (
        Channel.EMAIL,
        {"key": "mj", "secret": "s"},
        "/v3/REST/sender?Limit=1",
        "authorization: Basic bWo6cw==",
    ),
    "twilio": (
        Channel.SMS,
        {"account": SID, "token": "t"},
        f"/2010-04-01/Accounts/{SID}/Messages.json?PageSize=1",
        "authorization: Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDp0",
    ),
}


@dataclass
class Api:
    port: int
    asked: list[tuple[str, str, list[str]]] = field(default_factory=list)  # method, path, headers


@contextmanager
def answering(status: int, body: bytes) -> Iterator[Api]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = [f"{name.lower()}: {value}" for name, value in self.headers.items()]
            api.asked.append((self.command, self.path, headers))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    api = Api(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def check(provider: str, port: int, **more: str) -> Checked | None:
    channel, options, *_ = OPTIONS[provider]
    given = {"api": f"http://127.0.0.1:{port}", "timeout": "2", **options, **more}
    carrier = open_carrier(ChannelConfig(channel, provider, Sender("oi@shop.example"), given))
    assert isinstance(carrier, Checkable)
    try:
        return carrier.check()
    finally:
        carrier.close()


@pytest.mark.parametrize("provider", OPTIONS)
def test_a_good_key(provider: str) -> None:
    with answering(200, b'{"scopes": ["mail.send"]}') as api:
        answer = check(provider, api.port)
    assert answer is not None
    assert (answer.said, answer.trouble, answer.clock is not None) == (
        f"{provider} takes our key",
        None,
        True,
    )
    ((method, path, headers),) = api.asked
    assert (method, path) == ("GET", OPTIONS[provider][2])
    assert OPTIONS[provider][3] in headers


class Case(NamedTuple):
    provider: str
    status: int
    body: bytes
    trouble: Trouble | None
    says: str


CASES = {
    "a wrong key": Case("postmark", 401, b'{"ErrorCode": 10}', Trouble.AUTH, "postmark answers 401"),
    "another wrong key": Case("twilio", 401, b'{"code": 20003}', Trouble.AUTH, "twilio answers 401"),
    "a key that may do other things": Case(
        "sendgrid", 200, b'{"scopes": ["stats.read"]}', Trouble.AUTH, "may not send mail (mail.send)"
    ),
    "a key that may only send": Case(
        "resend", 401, b'{"name": "restricted_api_key"}', None, "which may only send"
    ),
    "a key that is gone": Case(
        "resend",
        400,
        b'{"name": "validation_error", "message": "API key is invalid"}',
        Trouble.AUTH,
        "resend answers 400",
    ),
    "too many questions": Case("brevo", 429, b"{}", Trouble.RATE, "brevo answers 429"),
    "a bad day": Case("brevo", 500, b"oops", Trouble.LOST, "brevo answers 500"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_an_answer_means(name: str) -> None:
    case = CASES[name]
    with answering(case.status, case.body) as api:
        answer = check(case.provider, api.port)
    assert answer is not None
    assert (answer.trouble, case.says in answer.said) == (case.trouble, True), answer


def test_nobody_answers() -> None:
    answer = check("brevo", 9)
    assert answer is not None
    assert answer.trouble is Trouble.CONNECTION


def test_a_provider_without_such_a_question() -> None:
    options = {"key": "x", "domain": "shop.example"}
    carrier = open_carrier(ChannelConfig(Channel.EMAIL, "mailgun", Sender("oi@shop.example"), options))
    assert isinstance(carrier, Checkable)
    assert carrier.check() is None
    carrier.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [({}, "Set webhook_secret, and enter the webhook at postmark: "), ({"webhook_secret": "s"}, "")],
    ids=["deaf", "hearing"],
)
def test_where_no_webhook_can_get_in_is_said(options: dict[str, str], says: str) -> None:
    with answering(200, b"{}") as api:
        answer = check("postmark", api.port, **options)
    assert answer is not None
    assert answer.advice.startswith(says)
    assert bool(answer.advice) == bool(says)
