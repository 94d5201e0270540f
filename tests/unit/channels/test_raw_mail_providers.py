"""Providers that take a mail as it was written: what we ask, what their answers mean, what their webhooks say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any

import pytest

from nurture.channels.api import Answer, Unfit
from nurture.channels.base import Forged, Heard, OutcomeKind, Webhook
from nurture.channels.mailgun import Mailgun
from nurture.channels.sparkpost import SparkPost
from nurture.model import Channel
from nurture.settings import ChannelConfig
from tests.support.channels import SENDER, email

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
ANA = email(1, "ana")
REFUSED, DEFERRED, IN_DOUBT = OutcomeKind.REFUSED, OutcomeKind.DEFERRED, OutcomeKind.IN_DOUBT


@pytest.fixture
def mailgun() -> Mailgun:
    options = {"key": "mg-key", "domain": "news.volta.example", "region": "eu", "signing_key": "sign"}
    return Mailgun(ChannelConfig(Channel.EMAIL, "mailgun", SENDER, options))


@pytest.fixture
def sparkpost() -> SparkPost:
    options = {"key": "sp-key", "webhook_secret": "a secret"}
    return SparkPost(ChannelConfig(Channel.EMAIL, "sparkpost", SENDER, options))


def test_mailgun_is_given_the_bytes_and_our_key(mailgun: Mailgun) -> None:
    call = mailgun.call(ANA)
    assert (mailgun.base, call.path) == ("https://api.eu.mailgun.net", "/v3/news.volta.example/messages.mime")
    assert base64.b64decode(call.headers["Authorization"].split()[1]) == b"api:mg-key"
    form = message_from_bytes(f"Content-Type: {call.headers['Content-Type']}\r\n\r\n".encode() + call.body)
    fields = {part.get_param("name", header="Content-Disposition"): part for part in form.get_payload()}
    assert fields["to"].get_payload() == "ana@example.com"
    assert fields["v:nurture"].get_payload() == "key1"
    tracking = {name: part.get_payload() for name, part in fields.items() if str(name).startswith("o:")}
    assert tracking == {"o:tracking": "no", "o:tracking-clicks": "no", "o:tracking-opens": "no"}
    assert ANA.body in call.body
    assert mailgun.call(ANA) == call


def test_sparkpost_is_given_the_bytes_and_our_key(sparkpost: SparkPost) -> None:
    call = sparkpost.call(ANA)
    asked = json.loads(call.body)
    assert (call.path, call.headers["Authorization"]) == ("/api/v1/transmissions", "sp-key")
    assert asked["content"]["email_rfc822"].encode() == ANA.body
    assert asked["metadata"] == {"nurture": "key1"}
    assert asked["recipients"] == [{"address": {"email": "ana@example.com"}}]


def test_sparkpost_adds_no_way_out_to_what_has_none(sparkpost: SparkPost) -> None:
    marketing = email(1, "ana", b"List-Unsubscribe: <https://volta.example/o/1>\r\n" + ANA.body)
    quoting = email(1, "ana", ANA.body + b"\r\nList-Unsubscribe: no header\r\n")
    asked = [json.loads(sparkpost.call(mail).body)["options"] for mail in (ANA, marketing, quoting)]
    assert [each["transactional"] for each in asked] == [True, False, True]


@pytest.mark.parametrize("text", [b"Oi {{name}}\r\n", b"Oi {=\r\n{name}}\r\n"])
def test_sparkpost_gets_nothing_that_it_would_fill_in(sparkpost: SparkPost, text: bytes) -> None:
    with pytest.raises(Unfit, match="fill in"):
        sparkpost.call(email(1, "ana", ANA.body + text))


MAILGUN = {
    "taken": (200, {"id": "<m1@news>", "message": "Queued. Thank you."}, OutcomeKind.ACCEPTED, None),
    "no address": (400, {"message": "'to' parameter is not a valid address."}, REFUSED, "hard_bounce"),
    "wrong key": (401, {"message": "Invalid private key"}, DEFERRED, None),
    "no such domain": (404, {"message": "Domain not found: x"}, DEFERRED, None),
    "used up": (402, {}, DEFERRED, None),
    "too fast": (429, {}, DEFERRED, None),
    "too big": (413, {}, REFUSED, None),
    "overloaded": (503, {}, DEFERRED, None),
    "a crash": (500, {}, IN_DOUBT, None),
}
SPARKPOST: dict[str, Any] = {
    "taken": (200, {"results": {"id": "t1", "total_accepted_recipients": 1}}, OutcomeKind.ACCEPTED, None),
    "not generated": (400, {"errors": [{"code": "1902", "message": "rejected"}]}, REFUSED, None),
    "no address": (
        400,
        {"errors": [{"code": "5002", "message": "no valid recipients"}]},
        REFUSED,
        "hard_bounce",
    ),
    "busy": (400, {"errors": [{"code": "1502", "message": "resources unavailable"}]}, DEFERRED, None),
    "a sender on a list": (400, {"errors": [{"code": "7000", "message": "blacklisted"}]}, DEFERRED, None),
    "wrong key": (401, {"errors": [{"message": "Unauthorized."}]}, DEFERRED, None),
    "no such sender": (400, {"errors": [{"code": "7001", "message": "unconfigured"}]}, DEFERRED, None),
    "used up": (
        420,
        {"errors": [{"message": "Exceed Sending Limit (hourly)", "code": "2101"}]},
        DEFERRED,
        None,
    ),
    "too fast": (429, {}, DEFERRED, None),
    "a crash": (500, {}, IN_DOUBT, None),
}


@pytest.mark.parametrize("name", MAILGUN)
def test_what_mailgun_answers(mailgun: Mailgun, name: str) -> None:
    status, document, kind, suppress = MAILGUN[name]
    outcome = mailgun.outcome(ANA, Answer(status, json.dumps(document).encode()))
    assert (outcome.kind, outcome.suppress) == (kind, suppress)
    assert (outcome.provider_id == "<m1@news>") == (kind is OutcomeKind.ACCEPTED)


@pytest.mark.parametrize("name", SPARKPOST)
def test_what_sparkpost_answers(sparkpost: SparkPost, name: str) -> None:
    status, document, kind, suppress = SPARKPOST[name]
    outcome = sparkpost.outcome(ANA, Answer(status, json.dumps(document).encode()))
    assert (outcome.kind, outcome.suppress) == (kind, suppress)
    assert (outcome.provider_id == "t1") == (kind is OutcomeKind.ACCEPTED)


def by_mailgun(data: dict[str, Any], at: int = AT, key: str = "sign") -> Webhook:
    signature = hmac.new(key.encode(), f"{at}token".encode(), hashlib.sha256).hexdigest()
    said = {"signature": {"timestamp": str(at), "token": "token", "signature": signature}, "event-data": data}
    return Webhook("https://links.volta.example/webhooks/mailgun", {}, json.dumps(said).encode())


def told(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "event": kind,
        "id": "e1",
        "timestamp": AT - 60.5,
        "recipient": "ana@example.com",
        "user-variables": {"nurture": "key1"},
        "message": {"headers": {"message-id": "m1@news"}},
        **more,
    }


HARD = {"code": 550, "enhanced-code": "5.1.1", "message": "5.1.1 No such user"}
FULL = {"code": 452, "message": "4.2.2 mailbox full"}
QUOTA = "5.7.1 Sender quota exceeded"
OUR_QUOTA = {"code": 550, "enhanced-code": "5.7.1", "message": QUOTA}


@pytest.mark.parametrize(
    ("data", "name", "suppress"),
    [
        (told("delivered"), "email_delivered", None),
        (told("complained"), "email_complained", None),
        (
            told("failed", severity="permanent", reason="bounce", **{"delivery-status": HARD}),
            "email_bounced",
            "hard_bounce",
        ),
        (
            told("failed", severity="permanent", reason="old", **{"delivery-status": FULL}),
            "email_bounced",
            None,
        ),
        (
            told("failed", severity="permanent", reason="bounce", **{"delivery-status": OUR_QUOTA}),
            "email_bounced",
            None,
        ),
        (told("failed", severity="permanent", reason="suppress-bounce"), "email_bounced", "provider"),
        (told("failed", severity="permanent", reason="suppress-complaint"), "email_bounced", "opt_out"),
        (told("failed", severity="permanent", reason="suppress-unsubscribe"), "email_bounced", "opt_out"),
        (told("failed", severity="temporary", **{"delivery-status": FULL}), None, None),
        (told("accepted"), None, None),
    ],
)
def test_what_mailgun_tells(
    mailgun: Mailgun, data: dict[str, Any], name: str | None, suppress: str | None
) -> None:
    heard = mailgun.heard(by_mailgun(data), NOW)
    assert [event.name for event in heard.events] == ([name] if name else [])
    assert [event.payload.get("suppress") for event in heard.events] == ([suppress] if name else [])
    assert [receipt.message_key for receipt in heard.receipts] == ["key1"]


def test_who_unsubscribes_at_mailgun_is_heard_at_once(mailgun: Mailgun) -> None:
    (stop,) = mailgun.heard(by_mailgun(told("unsubscribed")), NOW).stops
    assert (stop.person.email, stop.channel, stop.message_key) == ("ana@example.com", Channel.EMAIL, "key1")


@pytest.mark.parametrize(
    "forged",
    [
        by_mailgun(told("complained"), key="guess"),
        by_mailgun(told("complained"), at=AT - 86_400),
        Webhook("", {}, b""),
    ],
    ids=["signed by somebody else", "from yesterday", "empty"],
)
def test_a_forged_note_says_nothing(mailgun: Mailgun, forged: Webhook) -> None:
    with pytest.raises(Forged):
        mailgun.heard(forged, NOW)


def by_sparkpost(*events: dict[str, Any], secret: str = "a secret") -> Webhook:
    batch = [{"msys": {"message_event": event}} for event in events]
    head = {"authorization": f"Basic {base64.b64encode(f'nurture:{secret}'.encode()).decode()}"}
    return Webhook("https://links.volta.example/webhooks/sparkpost", head, json.dumps(batch).encode())


def event(kind: str, **more: str) -> dict[str, Any]:
    return {
        "type": kind,
        "event_id": f"e-{kind}",
        "rcpt_to": "ana@example.com",
        "rcpt_meta": {"nurture": "key1"},
        "transmission_id": "t1",
        "timestamp": str(AT - 5),
        **more,
    }


BANNED = "550 5.7.606 Access denied, banned sending IP [192.0.2.4]"
LISTED = "554 5.7.1 [internal] Recipient address was suppressed due to customer policy"


def test_what_sparkpost_tells(sparkpost: SparkPost) -> None:
    heard: Heard = sparkpost.heard(
        by_sparkpost(
            event("delivery"),
            event("bounce", bounce_class="10", error_code="550", raw_reason="550 5.1.1 no such user"),
            event("bounce", bounce_class="51", error_code="550", raw_reason="550 blocked", event_id="e2"),
            event("bounce", bounce_class="60", event_id="e3"),
            event("bounce", bounce_class="25", error_code="554", raw_reason=LISTED, event_id="e4"),
            event("bounce", bounce_class="10", error_code="550", raw_reason=BANNED, event_id="e5"),
            event("bounce", bounce_class="10", error_code="550", raw_reason=QUOTA, event_id="e6"),
            event("bounce", bounce_class="22", error_code="550", raw_reason=QUOTA, event_id="e7"),
            event("bounce", bounce_class="90", error_code="550", raw_reason="unsubscribe", event_id="e8"),
            event("generation_rejection", error_code="554", raw_reason="554 5.7.1 suppressed"),
            event("spam_complaint"),
            event("list_unsubscribe"),
        ),
        NOW,
    )
    assert [(each.name, each.payload.get("suppress")) for each in heard.events] == [
        ("email_delivered", None),
        ("email_bounced", "hard_bounce"),
        ("email_bounced", None),
        ("email_bounced", "provider"),
        ("email_bounced", None),
        ("email_bounced", None),
        ("email_bounced", None),
        ("email_bounced", None),
        ("email_complained", None),
    ]
    assert not [each for each in heard.events if each.payload.get("soft")]
    assert [(each.person.email, each.how) for each in heard.stops] == [
        ("ana@example.com", "unsubscribed at SparkPost")
    ] * 2


def test_sparkpost_must_know_the_secret(sparkpost: SparkPost) -> None:
    with pytest.raises(Forged):
        sparkpost.heard(by_sparkpost(event("spam_complaint"), secret="guess"), NOW)
