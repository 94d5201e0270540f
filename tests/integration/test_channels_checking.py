"""Providers are asked whether our key is good, by a request that sends and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pytest

from nurture.channels import PROVIDERS, open_carrier
from nurture.channels.base import Trouble
from nurture.channels.checking import Checkable, Checked
from nurture.model import PERSONAL, Channel
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
    "mailgun": (
        Channel.EMAIL,
        {"key": "mg", "domain": "news.shop.example"},
        "/v4/domains/news.shop.example",
        "authorization: Basic YXBpOm1n",
    ),
    "sparkpost": (Channel.EMAIL, {"key": "sp-x"}, "/api/v1/account", "authorization: sp-x"),
    "listmonk": (
        Channel.EMAIL,
        {"user": "nurture", "token": "t", "template": "3"},
        "/api/profile",
        "authorization: Basic bnVydHVyZTp0",
    ),
    "sns": (
        Channel.SMS,
        {"region": "sa-east-1", "access_key": "AKIATEST", "secret_key": "s"},
        "/?Action=GetSMSSandboxAccountStatus&Version=2010-03-31",
        "content-type: application/x-www-form-urlencoded",
    ),
    "vonage": (
        Channel.SMS,
        {"key": "a1b2", "secret": "s"},
        "/v2/applications?page_size=1",
        "authorization: Basic YTFiMjpz",
    ),
    "infobip": (Channel.SMS, {"key": "ib"}, "/account/1/balance", "authorization: App ib"),
    "zenvia": (Channel.SMS, {"token": "zv"}, "/v2/subscriptions", "x-api-token: zv"),
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


def test_every_provider_with_an_api_can_be_asked() -> None:
    personal = {name for name, channels in PROVIDERS.items() if set(channels) & set(PERSONAL)}
    assert set(OPTIONS) == personal - {"outbox", "smtp"}


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


SNS_SAYS = "<Answer><{0}>{1}</{0}></Answer>"


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
    "a key of Mailgun's that may only send, or a wrong one": Case(
        "mailgun", 401, '{"message": "Forbidden"}', None, "mailgun answers 401: the key is wrong, or one that"
    ),
    "a domain of another region": Case(
        "mailgun", 404, '{"message": "Domain not found"}', Trouble.SETUP, "no domain news.shop.example there"
    ),
    "a domain that Mailgun has not verified": Case(
        "mailgun", 200, '{"domain": {"state": "unverified"}}', None, "news.shop.example is not verified"
    ),
    "a domain that Mailgun has closed": Case(
        "mailgun", 200, '{"domain": {"state": "disabled"}}', Trouble.QUOTA, "disabled news.shop.example"
    ),
    "a key that SparkPost doesn't know": Case(
        "sparkpost", 401, '{"errors": [{"message": "Unauthorized."}]}', Trouble.AUTH, "does not know the key"
    ),
    "a key of SparkPost's that may not ask": Case(
        "sparkpost", 403, '{"errors": [{"message": "Forbidden."}]}', None, "may not ask about the account"
    ),
    "an account that SparkPost has suspended": Case(
        "sparkpost", 200, '{"results": {"status": "suspended"}}', Trouble.QUOTA, "the account is suspended"
    ),
    "a user that listmonk doesn't know": Case(
        "listmonk",
        403,
        '{"message": "invalid API credentials"}',
        Trouble.AUTH,
        "does not know user and token",
    ),
    "a user of listmonk's that may do other things": Case(
        "listmonk",
        200,
        '{"data": {"user_role": {"id": 4, "permissions": ["lists:get_all"]}}}',
        Trouble.AUTH,
        "may not send transactional mails (tx:send)",
    ),
    "a user of listmonk's that may do everything": Case(
        "listmonk",
        200,
        '{"data": {"user_role": {"id": 1, "permissions": []}}}',
        None,
        "listmonk takes our key",
    ),
    "an account in the sandbox for SMS": Case(
        "sns", 200, SNS_SAYS.format("IsInSandbox", "true"), None, "in the SMS sandbox"
    ),
    "an account that may write to everybody": Case(
        "sns", 200, SNS_SAYS.format("IsInSandbox", "false"), None, "sns takes our key"
    ),
    "a key of Amazon's for SMS that may not ask": Case(
        "sns", 403, SNS_SAYS.format("Code", "AuthorizationError"), None, "may not ask about the account"
    ),
    "a key for SMS that Amazon doesn't know": Case(
        "sns", 403, SNS_SAYS.format("Code", "InvalidClientTokenId"), Trouble.AUTH, "sns answers 403 Invalid"
    ),
    "a key that Vonage doesn't know": Case(
        "vonage", 401, '{"title": "Unauthorized"}', Trouble.AUTH, "does not know key and secret"
    ),
    "a key that Infobip doesn't know": Case(
        "infobip", 401, '{"errorCode": "E401"}', Trouble.AUTH, "does not know the key"
    ),
    "a key of Infobip's without that scope": Case(
        "infobip", 403, '{"errorCode": "E403"}', None, "may not ask about the account"
    ),
    "a token that Zenvia doesn't take": Case(
        "zenvia", 401, '{"code": "AUTHENTICATION_ERROR"}', Trouble.AUTH, "does not take the token"
    ),
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


ADVICE = {
    "a wrong key": ("sparkpost", 401, "Copy the key anew. Keys belong to a region"),
    "a wrong address": ("infobip", 401, "compare api with the base URL"),
    "too few rights": ("infobip", 403, "Sending needs the scope sms:message:send"),
    "a key of the sending sort": ("mailgun", 401, "try it with nurture send-test"),
}


@pytest.mark.parametrize("name", ADVICE)
def test_what_to_do_about_a_no(name: str) -> None:
    provider, status, says = ADVICE[name]
    with serving(Said(status, "{}")) as server:
        answer = check(provider, server.url)
    assert answer is not None
    assert says in answer.advice


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
