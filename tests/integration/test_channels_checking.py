"""Providers are asked whether our key is good, by a request that sends and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pytest

from nurture.channels import open_carrier
from nurture.channels.base import Trouble
from nurture.channels.checking import Checkable, Checked
from nurture.model import Channel
from nurture.settings import ChannelConfig, Sender
from tests.support.api_server import Said, serving

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
    "ses": (
        Channel.EMAIL,
        {"region": "sa-east-1", "access_key": "AKIATEST", "secret_key": "s"},
        "/v2/email/account",
        "content-type: application/json",
    ),
    "meta": (
        Channel.WHATSAPP,
        {"phone_number_id": "106540352242922", "token": "EAAx", "app_secret": "s"},
        "/106540352242922?fields=display_phone_number",
        "authorization: Bearer EAAx",
    ),
    "twilio": (
        Channel.SMS,
        {"account": SID, "token": "t"},
        f"/2010-04-01/Accounts/{SID}/Messages.json?PageSize=1",
        "authorization: Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDp0",
    ),
}


def check(provider: str, api: str, **more: str) -> Checked | None:
    channel, options, *_ = OPTIONS[provider]
    given = {"api": api, "timeout": "2", **options, **more}
    carrier = open_carrier(ChannelConfig(channel, provider, Sender("oi@shop.example"), given))
    assert isinstance(carrier, Checkable)
    try:
        return carrier.check()
    finally:
        carrier.close()


@pytest.mark.parametrize("provider", OPTIONS)
def test_a_good_key(provider: str) -> None:
    with serving(Said(200, '{"scopes": ["mail.send"]}')) as server:
        answer = check(provider, server.url)
    assert answer is not None
    assert (answer.said, answer.trouble, answer.clock is not None) == (
        f"{provider} takes our key",
        None,
        True,
    )
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("GET", OPTIONS[provider][2])
    name, _, value = OPTIONS[provider][3].partition(": ")
    assert asked.headers[name] == value


class Case(NamedTuple):
    provider: str
    status: int
    body: str
    trouble: Trouble | None
    says: str


CASES = {
    "a wrong key": Case("postmark", 401, '{"ErrorCode": 10}', Trouble.AUTH, "postmark answers 401"),
    "another wrong key": Case("twilio", 401, '{"code": 20003}', Trouble.AUTH, "twilio answers 401"),
    "a key that may do other things": Case(
        "sendgrid", 200, '{"scopes": ["stats.read"]}', Trouble.AUTH, "may not send mail (mail.send)"
    ),
    "a key that may only send": Case(
        "resend", 401, '{"name": "restricted_api_key"}', None, "which may only send"
    ),
    "a key that is gone": Case(
        "resend",
        400,
        '{"name": "validation_error", "message": "API key is invalid"}',
        Trouble.AUTH,
        "resend answers 400",
    ),
    "an account whose sending is paused": Case(
        "ses", 200, '{"SendingEnabled": false}', Trouble.QUOTA, "paused the sending"
    ),
    "an account in the sandbox": Case(
        "ses", 200, '{"SendingEnabled": true, "ProductionAccessEnabled": false}', None, "in the sandbox"
    ),
    "a key of Amazon's that may not ask": Case(
        "ses", 403, '{"__type": "x#AccessDeniedException"}', None, "may not ask about the account"
    ),
    "a key that Amazon doesn't know": Case(
        "ses", 403, '{"__type": "x#UnrecognizedClientException"}', Trouble.AUTH, "ses answers 403 Unrecogn"
    ),
    "a failure of Amazon's that nobody knows": Case("ses", 403, "{}", Trouble.AUTH, "ses answers 403"),
    "a token that has expired": Case(
        "meta", 401, '{"error": {"code": 190}}', Trouble.AUTH, "meta answers 401"
    ),
    "a token that may only send": Case("meta", 400, '{"error": {"code": 100}}', None, "shows it no number"),
    "too many questions": Case("brevo", 429, "{}", Trouble.RATE, "brevo answers 429"),
    "a bad day": Case("brevo", 500, "oops", Trouble.LOST, "brevo answers 500"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_an_answer_means(name: str) -> None:
    case = CASES[name]
    with serving(Said(case.status, case.body)) as server:
        answer = check(case.provider, server.url)
    assert answer is not None
    assert (answer.trouble, case.says in answer.said) == (case.trouble, True), answer


def test_nobody_answers() -> None:
    answer = check("brevo", "http://127.0.0.1:9")
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
    with serving(Said()) as server:
        answer = check("postmark", server.url, **options)
    assert answer is not None
    assert answer.advice.startswith(says)
    assert bool(answer.advice) == bool(says)
