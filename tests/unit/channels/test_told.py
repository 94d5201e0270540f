"""What mail providers tell: each recorded webhook says what was expected of it."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from nurture.channels import mailjet, postmark
from nurture.channels.base import Heard
from nurture.channels.told import failure
from tests.support.providers import SECRETS, open_provider, proved

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)

# What others call it, and what it is to us. A mail that the provider took and then dropped did not arrive either; of
# what is still under way there is nothing to tell but that the provider has it.
OURS = {
    "delivered": "email_delivered",
    "bounced": "email_bounced",
    "rejected": "email_bounced",
    "failed": "email_bounced",
    "complained": "email_complained",
    "opened": "email_opened",
    "clicked": "email_clicked",
    "unsubscribed": "a stop",
    "queued": "nothing",
    "sent": "nothing",
    "deferred": "nothing",
    # only the person's own consent opens an address again
    "subscribed": "nothing",
    # a person's mail is read from the mailbox, not from here
    "inbound": "nothing",
    None: "email_delivered",  # the case asks for its id alone
}
# Why an address is closed afterwards, if it is, by each case of a mail that did not arrive.
CLOSED = {
    "brevo_webhooks test_hard_bounce": "hard_bounce",
    "brevo_webhooks test_soft_bounce_event": None,
    "brevo_webhooks test_blocked": "provider",
    "brevo_webhooks test_invalid_email": "hard_bounce",
    "brevo_webhooks test_error_email": None,
    "postmark_webhooks test_bounce_event": "hard_bounce",
    "postmark_webhooks test_subscription_change_bounce": None,  # its bounce's own note says why
    "resend_webhooks test_hard_bounced_event": "hard_bounce",
    "resend_webhooks test_suppressed_event": "provider",
    "sendgrid_webhooks test_dropped_invalid_event": "hard_bounce",
    "sendgrid_webhooks test_dropped_bounced": "provider",
    "sendgrid_webhooks test_dropped_unsubscribed_event": "opt_out",
    "sendgrid_webhooks test_bounce_event": "hard_bounce",
}


def _cases(folder: Path) -> list[Mapping[str, Any]]:
    return json.loads((folder / "webhooks" / "labelled_cases.json").read_text(encoding="utf-8"))


def _said(heard: Heard) -> str:
    (told,) = [*(event.name for event in heard.events), *("a stop" for _ in heard.stops)] or ["nothing"]
    return told


@pytest.mark.shared_data
def test_every_recorded_webhook_says_what_was_expected(shared_data: Path) -> None:
    cases = _cases(shared_data)
    assert len(cases) == 44
    seen: dict[str, int] = {}
    closed: dict[str, str | None] = {}
    for case in cases:
        name, expected = case["provider"].split("_")[0], case["expected"]
        heard = _hear(name, case["payload"])
        where = f"{case['provider']} {case['test']}"
        seen[case["provider"]] = seen.get(case["provider"], 0) + 1
        assert _said(heard) == OURS[expected.get("event_type")], where
        _compare(heard, expected, where)
        if _said(heard) == "email_bounced":
            closed[where] = heard.events[0].payload["suppress"]
    assert closed == CLOSED
    assert seen == {
        "brevo_webhooks": 16,
        "postmark_inbound": 1,
        "postmark_webhooks": 9,
        "resend_webhooks": 8,
        "sendgrid_webhooks": 10,
    }


def _hear(name: str, payload: object) -> Heard:
    provider = open_provider(name)
    return provider.parse_webhook(proved(name, json.dumps(payload).encode(), NOW), NOW)


def _compare(heard: Heard, expected: Mapping[str, Any], where: str) -> None:
    for stop in heard.stops:
        assert stop.person.email == expected.get("recipient", stop.person.email), where
    for event in heard.events:
        told = event.payload
        assert event.person.email == expected.get("recipient", event.person.email), where
        assert told.get("link") == expected.get("click_url"), where
        assert event.occurred_at <= NOW, where
        if event.source != "postmark":  # there two notes may tell of one bounce: the message makes them one
            assert event.source_id == expected.get("event_id", event.source_id), where
        if event.source != "sendgrid":  # what is expected there is somebody else's own argument
            assert told["provider_id"] == expected.get("message_id", told["provider_id"]), where
        if event.name == "email_bounced":
            assert told["reason"].endswith("."), where
            assert _words(told.get("said")) == _words(expected.get("mta_response", told.get("said"))), where


def _words(said: str | None) -> str:
    """Without the spaces around it; nothing is as good as none."""
    return (said or "").strip()


# --- made by us ------------------------------------------------------------------------------------


class Bounce(NamedTuple):
    """What a provider calls it, and what follows: whether it is permanent, and what is closed."""

    name: str
    document: Mapping[str, Any]
    permanent: bool
    suppress: str | None
    words: str


def _postmark(kind: str, details: str = "") -> Mapping[str, Any]:
    note = {"RecordType": "Bounce", "Type": kind, "Details": details, "Email": "ana@example.com"}
    return {**note, "MessageID": "pm1", "Metadata": {"nurture": "k1"}}


def _mailjet(error: str, kind: str = "bounce", hard: bool | None = None) -> Mapping[str, Any]:
    event = {"event": kind, "error": error, "MessageID": 1, "email": "ana@example.com", "CustomID": "k1"}
    return event if hard is None else {**event, "hard_bounce": hard}


def _resend(kind: str, **bounce: str) -> Mapping[str, Any]:
    return {"type": kind, "data": {"to": ["ana@example.com"], "tags": {"nurture": "k1"}, "bounce": bounce}}


def _sendgrid(kind: str, reason: str, status: str = "") -> Mapping[str, Any]:
    event = {"event": "bounce", "type": kind, "reason": reason, "status": status, "nurture": "k1"}
    return {**event, "email": "ana@example.com", "sg_message_id": "sg1"}


def _brevo(kind: str, reason: str) -> Mapping[str, Any]:
    event = {"event": kind, "reason": reason, "email": "ana@example.com", "message-id": "<b1>"}
    return {**event, "X-Mailin-custom": '{"nurture": "k1"}'}


OUR_QUOTA, RULES = "550 5.7.1 Sender quota exceeded", "The other side's rules"
GONE, NOT_LISTED = "The address does not exist.", "The provider has the address on its own list"
BOUNCES = {
    "postmark: no details": Bounce("postmark", _postmark("HardBounce"), True, "hard_bounce", GONE),
    "postmark: our reputation": Bounce(
        "postmark",
        _postmark("HardBounce", "smtp;550 5.7.1 Blocked: poor reputation"),
        True,
        None,
        "The other",
    ),
    "postmark: soft": Bounce(
        "postmark", _postmark("SoftBounce", "452 4.2.2 full"), False, None, "The mailbox is"
    ),
    "postmark: soft, whatever it says": Bounce(
        "postmark", _postmark("SoftBounce", "550 5.1.1 No such user"), False, None, GONE
    ),
    "postmark: bad address": Bounce("postmark", _postmark("BadEmailAddress"), True, "hard_bounce", GONE),
    "postmark: refused by policy, whatever it is filed under": Bounce(
        "postmark",
        _postmark("BadEmailAddress", "550 5.7.1 user unknown"),
        True,
        None,
        "The other side's rules",
    ),
    "postmark: our quota": Bounce(
        "postmark", _postmark("HardBounce", f"smtp;{OUR_QUOTA}"), True, None, RULES
    ),
    "postmark: an account that policy disabled": Bounce(
        "postmark", _postmark("HardBounce", "525 5.7.13 disabled"), True, None, "The mailbox is disabled"
    ),
    "postmark: moved": Bounce("postmark", _postmark("AddressChange"), True, "hard_bounce", "The person is"),
    "postmark: DMARC": Bounce("postmark", _postmark("DMARCPolicy"), False, None, "Our mail failed"),
    "postmark: spam": Bounce("postmark", _postmark("SpamNotification"), False, None, "The other side took"),
    "resend: on its list": Bounce("resend", _resend("email.suppressed"), True, "provider", NOT_LISTED),
    "resend: on its list, as a bounce": Bounce(
        "resend",
        _resend("email.bounced", type="Permanent", subType="Suppressed"),
        True,
        "provider",
        NOT_LISTED,
    ),
    "resend: for good": Bounce(
        "resend", _resend("email.bounced", type="Permanent", message="No."), True, "hard_bounce", GONE
    ),
    "resend: for now": Bounce(
        "resend",
        _resend("email.bounced", type="Transient", message="No."),
        False,
        None,
        "The message came back",
    ),
    "resend: for now, as the server said": Bounce(
        "resend",
        _resend("email.bounced", type="Transient", subType="General", diagnosticCode="smtp; 452 4.2.2 full"),
        False,
        None,
        "The mailbox is full",
    ),
    "resend: our quota": Bounce(
        "resend", _resend("email.bounced", type="Permanent", message=OUR_QUOTA), True, None, RULES
    ),
    "sendgrid: a bounce": Bounce(
        "sendgrid", _sendgrid("bounce", "550 5.1.1 No such user", "5.1.1"), True, "hard_bounce", GONE
    ),
    "sendgrid: a mail that is blocked": Bounce(
        "sendgrid", _sendgrid("blocked", "550 5.1.1 No such user", "5.1.1"), False, None, GONE
    ),
    "sendgrid: our quota": Bounce("sendgrid", _sendgrid("bounce", OUR_QUOTA, "5.7.1"), True, None, RULES),
    "brevo: hard": Bounce("brevo", _brevo("hard_bounce", "550 no"), True, "hard_bounce", GONE),
    "brevo: soft": Bounce("brevo", _brevo("soft_bounce", "550 5.1.1 No such user"), False, None, GONE),
    "brevo: our quota": Bounce("brevo", _brevo("hard_bounce", OUR_QUOTA), True, None, RULES),
    "mailjet: inactive": Bounce(
        "mailjet", _mailjet("mailbox inactive", "blocked"), False, None, "The mailbox is disabled"
    ),
    "mailjet: inactive for good": Bounce(
        "mailjet", _mailjet("mailbox inactive", hard=True), True, "hard_bounce", "The mailbox is disabled"
    ),
    "mailjet: unknown": Bounce("mailjet", _mailjet("user unknown", hard=True), True, "hard_bounce", GONE),
    "mailjet: full": Bounce("mailjet", _mailjet("quota exceeded", hard=False), False, None, "The mailbox is"),
    "mailjet: policy": Bounce("mailjet", _mailjet("policy issue", hard=True), True, None, "The other side's"),
    "mailjet: theirs": Bounce(
        "mailjet", _mailjet("system issue", hard=False), False, None, "The other side's server"
    ),
    "mailjet: not even tried": Bounce(
        "mailjet", _mailjet("preblocked", "blocked"), True, "provider", NOT_LISTED
    ),
    "mailjet: complained once": Bounce(
        "mailjet", _mailjet("spam reporter", "blocked"), True, "opt_out", "The person told"
    ),
    "mailjet: blocked, unknown": Bounce(
        "mailjet", _mailjet("user unknown", "blocked"), True, "hard_bounce", GONE
    ),
    "mailjet: blocked, content": Bounce(
        "mailjet", _mailjet("content blocked", "blocked"), False, None, "The other"
    ),
    "mailjet: new to us": Bounce(
        "mailjet", _mailjet("moon phase", hard=False), False, None, "The message came back"
    ),
}


@pytest.mark.parametrize("what", BOUNCES)
def test_a_bounce_says_why_and_what_follows(what: str) -> None:
    case = BOUNCES[what]
    (event,) = _hear(case.name, case.document).events
    assert (event.name, event.message_key) == ("email_bounced", "k1")
    assert (event.payload["permanent"], event.payload["suppress"]) == (case.permanent, case.suppress)
    assert event.payload["reason"].startswith(case.words)


def test_somebody_who_is_away_has_not_bounced() -> None:
    """Resend tells of automatic answers as Amazon SES does: a general bounce, without a word of a server."""
    words = "The recipient's email provider sent a general bounce message."
    heard = _hear("resend", _resend("email.bounced", type="Transient", subType="General", message=words))
    assert (heard.events, [receipt.message_key for receipt in heard.receipts]) == ((), ["k1"])


@pytest.mark.parametrize("kind", [*postmark._BOUNCES, *mailjet._REASONS])
def test_every_reason_is_one_that_we_know(kind: str) -> None:
    document = _postmark(kind) if kind in postmark._BOUNCES else _mailjet(kind, hard=True)
    (event,) = _hear("postmark" if kind in postmark._BOUNCES else "mailjet", document).events
    assert event.payload["reason"].endswith(".")


# Mailjet publishes no recorded webhooks; these are the samples of its guide, with our key.
MAILJET: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "sent": ({"smtp_reply": "sent (250 2.0.0 OK 1433333948 fa5si855896wjc.199 - gsmtp)"}, "email_delivered"),
    "open": ({"agent": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0"}, "email_opened"),
    "click": ({"url": "https://mailjet.com", "agent": "Mozilla/5.0 (Macintosh)"}, "email_clicked"),
    "bounce": ({"hard_bounce": True, "blocked": True, "error": "user unknown"}, "email_bounced"),
    "blocked": ({"error_related_to": "recipient", "error": "user unknown"}, "email_bounced"),
    "spam": ({"source": "JMRPP"}, "email_complained"),
    "unsub": ({"mj_list_id": 1}, "a stop"),
}


@pytest.mark.parametrize("kind", MAILJET)
def test_mailjets_events_by_its_guide(kind: str) -> None:
    more, expected = MAILJET[kind]
    common = {
        "time": 1433333949,
        "MessageID": 19421777835146490,
        "email": "api@mailjet.com",
        "CustomID": "k1",
    }
    told = _hear("mailjet", [{"event": kind, **common, **more}])
    assert _said(told) == expected
    assert [(each.message_key, each.provider_id) for each in told.receipts] == [("k1", "19421777835146490")]
    for event in told.events:
        assert event.occurred_at == datetime(2015, 6, 3, 12, 19, 9, tzinfo=UTC)
        assert (event.message_key, event.person.email) == ("k1", "api@mailjet.com")


KEYS = {
    "sendgrid": {"nurture": "k1"},
    "sendgrid, by the Message-ID": {"smtp-id": "<k1@volta.example>"},
    "postmark": {"Metadata": {"nurture": "k1"}},
    "resend": {"data": {"tags": {"nurture": "k1", "other": "x"}}},
    "resend, as it was sent": {"data": {"tags": [{"name": "nurture", "value": "k1"}]}},
    "brevo": {"X-Mailin-custom": '{"nurture": "k1"}'},
    "mailjet": {"CustomID": "k1"},
}


@pytest.mark.parametrize("what", KEYS)
def test_our_key_comes_back(what: str) -> None:
    name = what.partition(",")[0]
    kinds = {"sendgrid": "processed", "brevo": "request", "mailjet": "sent"}
    told = _hear(name, {"event": kinds.get(name), "type": "email.sent", **KEYS[what]})
    assert [each.message_key for each in told.receipts] == ["k1"]


def test_a_repeated_note_is_the_same_event_and_another_link_is_not() -> None:
    click = {"event": "click", "time": 1433333949, "MessageID": 1, "CustomID": "k1", "email": "a@example.com"}
    told = _hear("mailjet", [click | {"url": url} for url in ("https://a.example", "https://b.example")] * 2)
    ids = [event.source_id for event in told.events]
    assert len(ids) == 4
    assert (ids[:2], len(set(ids))) == (ids[2:], 2)


@pytest.mark.parametrize("name", [name for name in SECRETS if name != "listmonk"])
@pytest.mark.parametrize(
    "body", ["null", "[]", "[[]]", "{}", '"a"', '{"data": 1, "Metadata": [], "tags": {}}']
)
def test_odd_notes_say_nothing(name: str, body: str) -> None:
    told = open_provider(name).parse_webhook(proved(name, body.encode(), NOW), NOW)
    assert told == Heard()


def test_a_failure_that_the_provider_does_not_judge_is_judged_by_its_words() -> None:
    assert failure("550 5.1.1 No such user here").suppress == "hard_bounce"
    assert failure("550 5.7.1 Our blocklist has you").suppress is None
    assert failure("452 4.2.2 Mailbox full").permanent is False


# --- whatever stands in a note ----------------------------------------------------------------------

NAMES = [
    "event",
    "email",
    "timestamp",
    "sg_event_id",
    "sg_message_id",
    "nurture",
    "smtp-id",
    "reason",
    "status",
    "useragent",
    "url",
    "type",
    "RecordType",
    "MessageID",
    "DeliveredAt",
    "BouncedAt",
    "Recipient",
    "Email",
    "Metadata",
    "Type",
    "Details",
    "OriginalLink",
    "SuppressSending",
    "data",
    "to",
    "email_id",
    "created_at",
    "tags",
    "click",
    "bounce",
    "link",
    "userAgent",
    "message",
    "subType",
    "message-id",
    "ts_epoch",
    "ts_event",
    "X-Mailin-custom",
    "time",
    "CustomID",
    "agent",
    "hard_bounce",
    "error",
    "comment",
]
VALUES: tuple[Any, ...] = (
    *(
        "delivered",
        "open",
        "click",
        "bounce",
        "dropped",
        "spamreport",
        "unsubscribe",
        "hard_bounce",
        "blocked",
    ),
    *(
        "Delivery",
        "Open",
        "Click",
        "Bounce",
        "SubscriptionChange",
        "HardBounce",
        "email.bounced",
        "email.clicked",
    ),
    *(None, True, 0, -1, 1e308, 10**400, "\x00", "\ud800", "é" * 300, "NaN", "ana@example.com", [], {}, [[]]),
)


def _odd(draw: random.Random, depth: int = 0) -> Any:
    if depth > 2 or draw.random() < 0.6:
        return draw.choice(VALUES)
    return {draw.choice(NAMES): _odd(draw, depth + 1) for _ in range(draw.randint(0, 6))}


@pytest.mark.parametrize("name", [name for name in SECRETS if name != "listmonk"])
def test_whatever_stands_in_a_note_is_no_error_and_can_be_kept(name: str) -> None:
    draw, provider = random.Random(name), open_provider(name)
    for _ in range(250):
        notes = [{draw.choice(NAMES): _odd(draw) for _ in range(draw.randint(1, 14))}, _odd(draw)]
        body = json.dumps(notes).encode()
        for event in provider.parse_webhook(proved(name, body, NOW), NOW).events:
            kept = json.dumps([event.source_id, event.message_key, event.person.email, dict(event.payload)])
            assert "\\u0000" not in kept
            assert "\\ud800" not in kept
            assert event.occurred_at <= NOW
    provider.close()
