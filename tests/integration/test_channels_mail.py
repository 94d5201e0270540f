"""Mail providers with an API, against a server: what they are asked, and what their answers mean."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from nurture.channels.api import Api
from nurture.channels.base import Envelope, Found, OutcomeKind, Searches, Sought, Whereabouts
from nurture.model import Channel, MessageClass
from nurture.rendering.message import HeaderContext, build
from nurture.rendering.structure import encode_lines
from nurture.settings import Sender
from tests.support.api_server import CLOSE, HANG, ApiServer, Said, serving
from tests.support.channels import send
from tests.support.providers import open_provider

SENDER = Sender("oi@volta.example", "Loja Volta", "ajuda@volta.example")
UNSUBSCRIBE = "https://links.volta.example/u/abc"
HEADERS = {
    "Message-ID": "<k1@volta.example>",
    "List-Unsubscribe": f"<{UNSUBSCRIBE}>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}
SUBJECT, TEXT, HTML = "Olá, Ana 👋", "Olá, Ana!", "<p>Olá, <b>Ana</b>!</p>"


def mail(
    key: str = "k1",
    number: int = 1,
    kind: MessageClass = MessageClass.MARKETING,
    *,
    subject: str = SUBJECT,
    text: str = TEXT,
    html: str = HTML,
) -> Envelope:
    """A mail as the renderer builds it."""
    about = HeaderContext(
        "ana@example.com", SENDER, datetime(2026, 11, 26, 12, tzinfo=UTC), kind, 'Ana "Aninha" & Cia.'
    )
    unsubscribe = UNSUBSCRIBE if kind is MessageClass.MARKETING else None
    body, _ = build(about, subject, key, unsubscribe, encode_lines(f"{text}\n"), encode_lines(f"{html}\n"))
    return Envelope(number, key, Channel.EMAIL, SENDER.address, "ana@example.com", body)


# --- what they are asked ------------------------------------------------------------------------


class Golden(NamedTuple):
    """The request for a mail, as the provider's documentation has it, and a yes."""

    path: str
    headers: Mapping[str, str]
    document: Any
    yes: Said
    provider_id: str | None


def _without(*names: str) -> dict[str, str]:
    return {name: value for name, value in HEADERS.items() if name not in names}


NAME, FROM, TO = (
    'Ana "Aninha" & Cia.',
    '"Loja Volta" <oi@volta.example>',
    '"Ana \\"Aninha\\" & Cia." <ana@example.com>',
)
GOLDEN: Mapping[str, Golden] = {
    "sendgrid": Golden(
        "/v3/mail/send",
        {"authorization": "Bearer SG.test"},
        {
            "personalizations": [
                {"to": [{"email": "ana@example.com", "name": NAME}], "custom_args": {"nurture": "k1"}}
            ],
            "from": {"email": "oi@volta.example", "name": "Loja Volta"},
            "reply_to": {"email": "ajuda@volta.example"},
            "subject": SUBJECT,
            "content": [{"type": "text/plain", "value": TEXT}, {"type": "text/html", "value": HTML}],
            "headers": HEADERS,
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": {"enable": False},
                "subscription_tracking": {"enable": False},
                "ganalytics": {"enable": False},
            },
        },
        Said(202, "", {"X-Message-Id": "sg1"}),
        "sg1",
    ),
    "postmark": Golden(
        "/email",
        {"x-postmark-server-token": "pm-token"},
        {
            "From": FROM,
            "To": TO,
            "ReplyTo": "ajuda@volta.example",
            "Subject": SUBJECT,
            "TextBody": TEXT,
            "HtmlBody": HTML,
            "Headers": [
                *({"Name": name, "Value": value} for name, value in HEADERS.items()),
                {"Name": "X-PM-KeepID", "Value": "true"},
            ],
            "Metadata": {"nurture": "k1"},
            "TrackOpens": False,
            "TrackLinks": "None",
            "MessageStream": "broadcast",
        },
        Said(200, '{"ErrorCode": 0, "Message": "OK", "MessageID": "0a129aee-e1cd-480d-b08d-4f48548ff48d"}'),
        "0a129aee-e1cd-480d-b08d-4f48548ff48d",
    ),
    "resend": Golden(
        "/emails",
        {"authorization": "Bearer re_test", "idempotency-key": "k1"},
        {
            "from": FROM,
            "to": [TO],
            "reply_to": "ajuda@volta.example",
            "subject": SUBJECT,
            "text": TEXT,
            "html": HTML,
            "headers": _without("Message-ID"),
            "tags": [{"name": "nurture", "value": "k1"}],
        },
        Said(200, '{"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}'),
        "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794",
    ),
    "brevo": Golden(
        "/v3/smtp/email",
        {"api-key": "xkeysib-test"},
        {
            "sender": {"email": "oi@volta.example", "name": "Loja Volta"},
            "to": [{"email": "ana@example.com", "name": NAME}],
            "replyTo": {"email": "ajuda@volta.example"},
            "subject": SUBJECT,
            "htmlContent": HTML,
            "textContent": TEXT,
            "headers": {
                **_without("Message-ID"),
                "X-Mailin-custom": '{"nurture": "k1"}',
                "idempotencyKey": "IDEMPOTENCY",
            },
        },
        Said(201, '{"messageId": "<202611261200.1@smtp-relay.mailin.fr>"}'),
        "<202611261200.1@smtp-relay.mailin.fr>",
    ),
    "mailjet": Golden(
        "/v3.1/send",
        {"authorization": f"Basic {base64.b64encode(b'mj:mj-secret').decode()}"},
        {
            "Messages": [
                {
                    "From": {"Email": "oi@volta.example", "Name": "Loja Volta"},
                    "To": [{"Email": "ana@example.com", "Name": NAME}],
                    "ReplyTo": {"Email": "ajuda@volta.example"},
                    "Subject": SUBJECT,
                    "TextPart": TEXT,
                    "HTMLPart": HTML,
                    "Headers": _without("Message-ID"),
                    "CustomID": "k1",
                    "TrackOpens": "disabled",
                    "TrackClicks": "disabled",
                }
            ]
        },
        Said(200, '{"Messages": [{"Status": "success", "To": [{"MessageUUID": "123", "MessageID": 456}]}]}'),
        "456",
    ),
    "listmonk": Golden(
        "/api/tx",
        {"authorization": f"Basic {base64.b64encode(b'nurture:lm-token').decode()}"},
        {
            "subscriber_mode": "external",
            "subscriber_emails": ["ana@example.com"],
            "template_id": 3,
            "from_email": FROM,
            "content_type": "html",
            "data": {"subject": SUBJECT, "html": HTML},
            "headers": [
                *({name: value} for name, value in HEADERS.items()),
                {"Reply-To": "ajuda@volta.example"},
            ],
        },
        Said(200, '{"data": true}'),
        None,
    ),
}


def carrier(name: str, server: ApiServer, **more: str) -> Api:
    return open_provider(name, **{"api": server.url, "timeout": "10", **more})


@pytest.mark.parametrize("name", GOLDEN)
def test_a_provider_is_asked_as_its_documentation_says(name: str) -> None:
    golden = GOLDEN[name]
    with serving(golden.yes) as server:
        api = carrier(name, server)
        outcomes = send(api, [mail()]) | send(api, [mail(number=2)])
        api.close()
    first, again = server.asked
    assert first.path == golden.path
    assert first.headers["content-type"] == "application/json"
    assert {name: first.headers[name] for name in golden.headers} == dict(golden.headers)
    assert _comparable(first.document) == golden.document
    assert {(one.kind, one.provider_id) for one in outcomes.values()} == {
        (OutcomeKind.ACCEPTED, golden.provider_id)
    }
    assert (again.headers, again.body) == (first.headers, first.body)  # the same at every attempt


def _comparable(document: Any) -> Any:
    """Brevo's idempotency key is a UUID made of ours: which one is nobody's business."""
    headers = document.get("headers") if isinstance(document, dict) else None
    if isinstance(headers, dict) and len(headers.get("idempotencyKey", "")) == 36:
        return {**document, "headers": {**headers, "idempotencyKey": "IDEMPOTENCY"}}
    return document


def test_each_message_has_an_idempotency_key_of_its_own() -> None:
    with serving(GOLDEN["brevo"].yes) as server:
        api = carrier("brevo", server)
        send(api, [mail("k1", 1), mail("k2", 2)])
        api.close()
    assert len({asked.document["headers"]["idempotencyKey"] for asked in server.asked}) == 2


def test_transactional_mails_take_postmarks_other_stream() -> None:
    with serving(GOLDEN["postmark"].yes) as server:
        api = carrier("postmark", server, stream="receipts", broadcast_stream="news")
        send(api, [mail("k1", 1), mail("k2", 2, MessageClass.TRANSACTIONAL)])
        api.close()
    streams = {
        asked.document["Metadata"]["nurture"]: asked.document["MessageStream"] for asked in server.asked
    }
    assert streams == {"k1": "news", "k2": "receipts"}


def test_a_mail_that_a_provider_cannot_carry_is_refused_with_the_reason() -> None:
    plain = b"From: oi@volta.example\r\nTo: ana@example.com\r\nSubject: Oi\r\n\r\nOi!\r\n"
    with serving(GOLDEN["listmonk"].yes) as server:
        api = carrier("listmonk", server)
        one = send(api, [Envelope(1, "k1", Channel.EMAIL, SENDER.address, "ana@example.com", plain)])[1]
        api.close()
    assert (one.kind, one.detail) == (REFUSED, "The mail has no HTML, and listmonk sends nothing else.")
    assert server.asked == []


@pytest.mark.parametrize("place", ["subject", "text", "html"])
@pytest.mark.parametrize("said", ["Olá, {{ contact.EMAIL }}", "{% for x in contact %}{{ x }}{% endfor %}"])
@pytest.mark.parametrize("name", ["brevo", "sparkpost"])
def test_what_a_contact_is_called_is_no_template(name: str, said: str, place: str) -> None:
    with serving(GOLDEN["brevo"].yes) as server:
        api = carrier(name, server)
        one = send(api, [mail(**{place: said})])[1]
        api.close()
    assert (one.kind, server.asked) == (REFUSED, [])
    assert "for a value to fill in" in one.detail


# --- what their answers mean ----------------------------------------------------------------------


class Case(NamedTuple):
    said: Said
    kind: OutcomeKind
    code: str
    suppress: str | None = None
    words: str = ""


ACCEPTED, REFUSED = OutcomeKind.ACCEPTED, OutcomeKind.REFUSED
DEFERRED, IN_DOUBT = OutcomeKind.DEFERRED, OutcomeKind.IN_DOUBT
NO_ADDRESS, KEY, SETUP = "does not exist", "user name or password", "Check the channel's settings"
USED_UP, SLOW, LISTED = "used up or suspended", "slow down", "own list"

# What goes wrong alike at all of them.
USUAL = {
    "too fast": Case(Said(429, "slow down"), DEFERRED, "429", None, SLOW),
    "overloaded": Case(Said(503, ""), DEFERRED, "503", None, "cannot take the message now"),
    "no JSON": Case(Said(422, "<html>"), REFUSED, "422", None, "as it is"),
    "odd JSON": Case(Said(422, '[{"a": null}]'), REFUSED, "422"),
    "a crash": Case(Said(500, "<html>"), IN_DOUBT, "500", None, "may have arrived"),
    "closed without an answer": Case(Said(0, CLOSE), IN_DOUBT, ""),
}


def _said(status: int, **document: Any) -> Said:
    return Said(status, json.dumps(document))


def _sendgrid(status: int, message: str, field: str | None = None) -> Said:
    return _said(status, errors=[{"message": message, "field": field, "help": None}])


def _postmark(code: int, message: str, status: int = 422) -> Said:
    return _said(status, ErrorCode=code, Message=message)


def _resend(status: int, name: str, message: str = "") -> Said:
    return _said(status, statusCode=status, name=name, message=message)


def _brevo(status: int, code: str, message: str = "") -> Said:
    return _said(status, code=code, message=message)


def _mailjet(
    status: int, code: str, message: str = "", about: str = "To[0].Email", answer: int = 400
) -> Said:
    error = {"ErrorCode": code, "StatusCode": status, "ErrorMessage": message, "ErrorRelatedTo": [about]}
    return _said(answer, Messages=[{"Status": "error", "Errors": [error]}])


INACTIVE = "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: ana@example.com."
ANSWERS: Mapping[str, Mapping[str, Case]] = {
    "sendgrid": {
        "no such address": Case(
            _sendgrid(400, "Does not contain a valid address.", "personalizations.0.to.0.email"),
            REFUSED,
            "400",
            "hard_bounce",
            NO_ADDRESS,
        ),
        "sender not verified": Case(
            _sendgrid(403, "The from address does not match a verified Sender Identity.", "from"),
            DEFERRED,
            "403",
            None,
            SETUP,
        ),
        "wrong key": Case(
            _sendgrid(401, "The provided authorization grant is invalid, expired, or revoked"),
            DEFERRED,
            "401",
            None,
            KEY,
        ),
        "used up": Case(_sendgrid(401, "Maximum credits exceeded"), DEFERRED, "401", None, USED_UP),
        "too large": Case(_sendgrid(413, "Payload too large"), REFUSED, "413"),
    },
    "postmark": {
        "no such address": Case(
            _postmark(300, "Invalid 'To' address: 'ana@'."), REFUSED, "300", "hard_bounce", NO_ADDRESS
        ),
        "a wrong sender": Case(
            _postmark(300, "Invalid 'From' address: 'oi@'."), DEFERRED, "300", None, SETUP
        ),
        "no text": Case(_postmark(300, "Provide either email TextBody or HtmlBody or both."), REFUSED, "300"),
        "on its list": Case(_postmark(406, INACTIVE), REFUSED, "406", "provider", LISTED),
        "sender not confirmed": Case(_postmark(400, "Sender not found"), DEFERRED, "400", None, SETUP),
        "wrong key": Case(_postmark(10, "No Account or Server API tokens", 401), DEFERRED, "10", None, KEY),
        "used up": Case(_postmark(405, "Not allowed to send"), DEFERRED, "405", None, USED_UP),
        "too fast, in words": Case(_postmark(429, "Rate limit", 429), DEFERRED, "429", None, SLOW),
        "maintenance": Case(_postmark(100, "Maintenance", 503), DEFERRED, "100"),
        "no in a yes": Case(_postmark(405, "Not allowed to send", 200), DEFERRED, "405"),
    },
    "resend": {
        "no such address": Case(
            _resend(422, "validation_error", "Invalid `to` field. The email address needs to follow ..."),
            REFUSED,
            "validation_error",
            "hard_bounce",
            NO_ADDRESS,
        ),
        "domain not verified": Case(
            _resend(403, "validation_error", "The volta.example domain is not verified."),
            DEFERRED,
            "validation_error",
            None,
            SETUP,
        ),
        "wrong key": Case(_resend(403, "invalid_api_key"), DEFERRED, "invalid_api_key", None, KEY),
        "wrong key, as it also says": Case(
            _resend(401, "validation_error", "API key is invalid"), DEFERRED, "validation_error", None, KEY
        ),
        "used up": Case(
            _resend(429, "daily_quota_exceeded"), DEFERRED, "daily_quota_exceeded", None, USED_UP
        ),
        "too fast, in words": Case(
            _resend(429, "rate_limit_exceeded"), DEFERRED, "rate_limit_exceeded", None, SLOW
        ),
        "the first one is at work": Case(
            _resend(409, "concurrent_idempotent_requests"), DEFERRED, "concurrent_idempotent_requests"
        ),
        "missing": Case(_resend(422, "missing_required_field"), REFUSED, "missing_required_field"),
    },
    "brevo": {
        "no such address": Case(
            _brevo(400, "invalid_parameter", "email is not valid in to"),
            REFUSED,
            "invalid_parameter",
            "hard_bounce",
            NO_ADDRESS,
        ),
        "sender not valid": Case(
            _brevo(400, "invalid_parameter", "sender email is not valid"),
            DEFERRED,
            "invalid_parameter",
            None,
            SETUP,
        ),
        "wrong key": Case(_brevo(401, "unauthorized", "Key not found"), DEFERRED, "unauthorized", None, KEY),
        "used up": Case(_brevo(402, "not_enough_credits"), DEFERRED, "not_enough_credits", None, USED_UP),
        "it has it": Case(_brevo(400, "duplicate_parameter"), ACCEPTED, "400"),
        "missing": Case(_brevo(400, "missing_parameter", "subject is missing"), REFUSED, "missing_parameter"),
    },
    "mailjet": {
        "no such address": Case(
            _mailjet(400, "mj-0013", '"ana@" is an invalid email address.'),
            REFUSED,
            "mj-0013",
            "hard_bounce",
            NO_ADDRESS,
        ),
        "no such address, in a yes": Case(
            _mailjet(400, "mj-0013", '"ana@" is an invalid email address.', answer=200),
            REFUSED,
            "mj-0013",
            "hard_bounce",
        ),
        "a wrong sender": Case(
            _mailjet(400, "mj-0013", about="From.Email"), DEFERRED, "mj-0013", None, SETUP
        ),
        "sender not validated": Case(
            _mailjet(403, "send-0008", about="From"), DEFERRED, "send-0008", None, SETUP
        ),
        "wrong key": Case(
            _said(401, ErrorMessage="API key authentication/authorization failure.", StatusCode=401),
            DEFERRED,
            "401",
            None,
            KEY,
        ),
        "suspended": Case(
            _said(401, ErrorCode="mj-0001", ErrorMessage="suspended", StatusCode=401),
            DEFERRED,
            "mj-0001",
            None,
            USED_UP,
        ),
        "no text": Case(_mailjet(400, "send-0003", about="HTMLPart"), REFUSED, "send-0003"),
    },
    "listmonk": {
        "no such address": Case(
            _said(400, message="Invalid email."), REFUSED, "400", "hard_bounce", NO_ADDRESS
        ),
        "no such template": Case(_said(400, message="Template not found"), DEFERRED, "400", None, SETUP),
        "wrong token": Case(_said(403, message="invalid session"), DEFERRED, "403", None, KEY),
        "its queue is full": Case(_said(429, message="message push timed out"), DEFERRED, "429", None, SLOW),
        "a yes that is none": Case(_said(502, data=False), IN_DOUBT, "502"),
    },
}


@pytest.mark.parametrize("name", GOLDEN)
def test_what_goes_wrong_has_a_name_and_words(name: str) -> None:
    cases = {**USUAL, **ANSWERS[name]}
    with serving(GOLDEN[name].yes) as server:
        api = carrier(name, server, connections="20")
        wave = [mail(f"q{number}q", number) for number in range(len(cases) + 1)]
        server.answers = {f"q{number}q".encode(): case.said for number, case in enumerate(cases.values())}
        found = send(api, wave)
        api.close()
    for number, (what, case) in enumerate(cases.items()):
        one = found[number]
        assert (one.kind, one.code, one.suppress) == (case.kind, case.code, case.suppress), what
        assert case.words in one.detail, what
        assert "ana@example.com" not in one.detail, what
    assert found[len(cases)].kind is ACCEPTED


@pytest.mark.parametrize("name", GOLDEN)
def test_an_answer_that_does_not_come_leaves_doubt(name: str) -> None:
    with serving(Said(0, HANG)) as server:
        api = carrier(name, server, timeout="0.2")
        one = send(api, [mail()])[1]
        api.close()
    assert (one.kind, one.code, one.suppress) == (IN_DOUBT, "", None)
    assert "may have arrived" in one.detail


# --- what became of a message ----------------------------------------------------------------------


class Lookup(NamedTuple):
    """The questions about k1 as documented, and a yes to the last of them."""

    paths: tuple[str, ...]
    yes: Said
    provider_id: str


OTHERS = [{"MessageID": "pm-0", "Metadata": {"nurture": "k0"}}, {"MessageID": "pm-2"}, None]
LOOKUPS = {
    "postmark": Lookup(
        tuple(
            "/messages/outbound?count=50&offset=0&recipient=ana%40example.com&fromdate=2026-11-25"
            f"&messagestream={stream}"
            for stream in ("outbound", "broadcast")
        ),
        _said(200, Messages=[*OTHERS, {"MessageID": "pm-1", "Metadata": {"nurture": "k1"}}]),
        "pm-1",
    ),
    "mailjet": Lookup(
        ("/v3/REST/message?CustomID=k1",), _said(200, Count=1, Data=[{"ID": 456, "Status": "sent"}]), "456"
    ),
}
NOT_THERE = {
    "others": _said(200, Messages=OTHERS, Data=[]),
    "odd": Said(200, '{"Messages": 1, "Data": {}}'),
    "no": Said(401, "{}"),
    "nothing": Said(200, ""),
    "closed": Said(0, CLOSE),
}
SOUGHT = Sought(1, "k1", "ana@example.com", datetime(2026, 11, 26, 12, tzinfo=UTC))


@pytest.mark.parametrize("name", LOOKUPS)
def test_a_provider_that_can_be_asked_says_what_became_of_a_message(name: str) -> None:
    lookup = LOOKUPS[name]
    with serving(Said(200, "{}")) as server:
        server.answers = {lookup.paths[-1].rpartition("=")[2].encode(): lookup.yes}
        api = carrier(name, server)
        assert isinstance(api, Searches)
        found = api.search([SOUGHT])
        api.close()
    assert [asked.path for asked in server.asked] == list(lookup.paths)
    assert all(asked.headers.items() >= GOLDEN[name].headers.items() for asked in server.asked)
    assert found == [Found(1, Whereabouts.ARRIVED, lookup.provider_id)]


@pytest.mark.parametrize("name", LOOKUPS)
@pytest.mark.parametrize("what", NOT_THERE)
def test_what_is_not_found_is_unknown_and_not_absent(name: str, what: str) -> None:
    with serving(NOT_THERE[what]) as server:
        api = carrier(name, server)
        assert isinstance(api, Searches)
        assert api.search([SOUGHT]) == []
        api.close()


@pytest.mark.parametrize("name", GOLDEN)
def test_who_can_be_asked_says_so(name: str) -> None:
    api = open_provider(name)
    assert isinstance(api, Searches) == api.features.searched == (name in LOOKUPS)
    api.close()
