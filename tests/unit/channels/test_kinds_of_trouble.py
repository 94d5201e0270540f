"""Seven kinds of trouble at every provider that is asked over HTTPS: each is known, final or not, and said in words.

What providers answer is from their public documentation. Where one says something by webhook only, or not at all, it
stands in `ELSEWHERE` with what it does instead.
"""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest

from nurture.channels import PROVIDERS, open_carrier
from nurture.channels.api import Answer, Api
from nurture.channels.base import MEANINGS, Envelope, OutcomeKind, Trouble
from nurture.model import Channel, MessageClass
from nurture.rendering.message import HeaderContext, build
from nurture.rendering.structure import encode_lines
from nurture.settings import ChannelConfig, Sender
from nurture.whatsapp import WhatsAppMessage
from tests.support.api_server import HANG, Said, serving
from tests.support.channels import SENDER, email, send, sms

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ANA = "+5511999990000"
AMAZON = {"region": "sa-east-1", "access_key": "AKIA", "secret_key": "s"}
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "sendgrid": {"key": "SG"},
    "postmark": {"token": "pm"},
    "resend": {"key": "re"},
    "brevo": {"key": "xk"},
    "mailjet": {"key": "mj", "secret": "s"},
    "mailgun": {"key": "mg", "domain": "news.volta.example"},
    "sparkpost": {"key": "sp"},
    "listmonk": {"api": "https://lists.volta.example", "user": "n", "token": "t", "template": "3"},
    "ses": AMAZON,
    "sns": AMAZON,
    "twilio": {"account": "AC" + "0" * 32, "token": "t"},
    "vonage": {"key": "k", "secret": "s"},
    "zenvia": {"token": "zv"},
    "infobip": {"api": "https://x1.api.infobip.com", "key": "ib"},
    "meta": {"phone_number_id": "106540352242922", "token": "EAAG"},
}


def opened(name: str, **more: str) -> Api:
    sender = SENDER if Channel.EMAIL in PROVIDERS[name] else Sender("+15005550006")
    carrier = open_carrier(ChannelConfig(PROVIDERS[name][0], name, sender, {**OPTIONS[name], **more}))
    assert isinstance(carrier, Api)
    return carrier


def to_ana(name: str) -> Envelope:
    channel = PROVIDERS[name][0]
    if channel is Channel.EMAIL:
        about = HeaderContext("ana@example.com", SENDER, NOW, MessageClass.TRANSACTIONAL)
        body, _ = build(about, "Oi", "k1", None, encode_lines("Oi!\n"), encode_lines("<p>Oi!</p>\n"))
        return email(1, "ana", body)
    if channel is Channel.WHATSAPP:
        return Envelope(1, "k1", channel, "+15005550006", ANA, WhatsAppMessage("Oi, Ana!").dump())
    return sms(1, ANA)


# --- what they answer ----------------------------------------------------------------------------------

T = Trouble
KINDS = (T.INVALID_RECIPIENT, T.AUTH, T.RATE, T.QUOTA, T.SUPPRESSED, T.SERVER, T.LOST)
FINAL = {
    T.INVALID_RECIPIENT,
    T.SUPPRESSED,
    T.OPTED_OUT,
}  # the others are tried again; a lost answer is neither
SLOW, BUSY, CRASHED = Answer(429), Answer(503), Answer(500, b"<html>")


def no(status: int, said: object = "", **headers: str) -> Answer:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def amazon(status: int, code: str, said: str = "no") -> Answer:
    return no(status, {"message": said}, x_amzn_errortype=f"{code}:http://internal.amazon.com/")


def sns(status: int, code: str, said: str = "no") -> Answer:
    return no(status, f"<Error><Code>{code}</Code><Message>{said}</Message></Error>".encode())


def sendgrid(status: int, said: str, field: str = "") -> Answer:
    return no(status, {"errors": [{"message": said, "field": field}]})


def postmark(status: int, code: int, said: str = "no") -> Answer:
    return no(status, {"ErrorCode": code, "Message": said})


def named(status: int, name: str, said: str = "no") -> Answer:
    return no(status, {"name": name, "code": name, "message": said})


def mailjet(status: int, code: str, said: str = "no", about: str = "To[0].Email") -> Answer:
    error = {"ErrorCode": code, "StatusCode": status, "ErrorMessage": said, "ErrorRelatedTo": [about]}
    return no(status, {"Messages": [{"Status": "error", "Errors": [error]}]})


def sparkpost(status: int, code: str) -> Answer:
    return no(status, {"errors": [{"code": code, "message": "no"}]})


def coded(status: int, code: int) -> Answer:
    return no(status, {"code": code, "message": "no"})


def vonage(status: int, code: int) -> Answer:
    return no(status, {"type": f"https://developer.vonage.com/api-errors/messages#{code}", "title": "no"})


def infobip(group: int, id_: int) -> Answer:
    status = {"groupId": group, "id": id_, "name": "no", "description": "no"}
    return no(200, {"messages": [{"messageId": "p1", "status": status}]})


def meta(status: int, code: int) -> Answer:
    return no(status, {"error": {"code": code, "message": "no"}})


ANSWERS: Mapping[str, Mapping[Trouble, Answer]] = {
    "sendgrid": {
        T.INVALID_RECIPIENT: sendgrid(
            400, "Does not contain a valid address.", "personalizations.0.to.0.email"
        ),
        T.AUTH: sendgrid(401, "The provided authorization grant is invalid, expired, or revoked"),
        T.QUOTA: sendgrid(401, "Maximum credits exceeded"),
    },
    "postmark": {
        T.INVALID_RECIPIENT: postmark(422, 300, "Invalid 'To' address: 'ana@'."),
        T.AUTH: postmark(401, 10),
        T.RATE: postmark(429, 429),
        T.QUOTA: postmark(422, 405),
        T.SUPPRESSED: postmark(422, 406),
        T.SERVER: postmark(503, 100),
    },
    "resend": {
        T.INVALID_RECIPIENT: named(422, "validation_error", "Invalid `to` field."),
        T.AUTH: named(403, "invalid_api_key"),
        T.RATE: named(429, "rate_limit_exceeded"),
        T.QUOTA: named(429, "daily_quota_exceeded"),
    },
    "brevo": {
        T.INVALID_RECIPIENT: named(400, "invalid_parameter", "email is not valid in to"),
        T.AUTH: named(401, "unauthorized"),
        T.RATE: named(429, "too_many_requests"),
        T.QUOTA: named(402, "not_enough_credits"),
    },
    "mailjet": {
        T.INVALID_RECIPIENT: mailjet(400, "mj-0013"),
        T.AUTH: no(401, {"StatusCode": 401, "ErrorMessage": "API key authentication/authorization failure."}),
        T.QUOTA: no(401, {"StatusCode": 401, "ErrorCode": "mj-0001"}),
    },
    "mailgun": {
        T.INVALID_RECIPIENT: no(400, {"message": "'to' parameter is not a valid address."}),
        T.AUTH: no(401, {"message": "Invalid private key"}),
        T.QUOTA: no(402),
    },
    "sparkpost": {
        T.INVALID_RECIPIENT: sparkpost(400, "5002"),
        T.AUTH: no(401, {"errors": [{"message": "Unauthorized."}]}),
        T.QUOTA: sparkpost(420, "2101"),
        T.SERVER: sparkpost(400, "1502"),
    },
    "listmonk": {
        T.INVALID_RECIPIENT: no(400, {"message": "Invalid email."}),
        T.AUTH: no(403, {"message": "invalid session"}),
        T.RATE: no(429, {"message": "message push timed out"}),
    },
    "ses": {
        T.AUTH: amazon(403, "UnrecognizedClientException"),
        T.RATE: amazon(429, "TooManyRequestsException"),
        T.QUOTA: amazon(400, "LimitExceededException"),
    },
    "sns": {
        T.INVALID_RECIPIENT: sns(400, "InvalidParameter", "Invalid parameter: PhoneNumber"),
        T.AUTH: sns(403, "InvalidClientTokenId"),
        T.RATE: sns(400, "Throttling"),
        T.OPTED_OUT: sns(400, "OptedOut"),
    },
    "twilio": {
        T.INVALID_RECIPIENT: coded(400, 21211),
        T.AUTH: coded(401, 20003),
        T.RATE: coded(429, 20429),
        T.QUOTA: coded(403, 20005),
        T.OPTED_OUT: coded(400, 21610),
    },
    "vonage": {
        T.INVALID_RECIPIENT: no(422, {"title": "no", "invalid_parameters": [{"name": "to"}]}),
        T.AUTH: no(401, {"title": "Unauthorized"}),
        T.RATE: vonage(429, 1000),
        T.QUOTA: vonage(422, 1070),
        T.SUPPRESSED: vonage(422, 1050),
        T.SERVER: vonage(422, 1100),
    },
    "zenvia": {
        T.INVALID_RECIPIENT: no(400, {"code": "VALIDATION_ERROR", "details": [{"path": "to"}]}),
        T.AUTH: no(401, {"code": "AUTHENTICATION_ERROR"}),
    },
    "infobip": {
        T.INVALID_RECIPIENT: infobip(5, 52),
        T.AUTH: no(401, {"requestError": {"serviceException": {"messageId": "UNAUTHORIZED"}}}),
        T.RATE: no(429, {"requestError": {"serviceException": {"messageId": "TOO_MANY_REQUESTS"}}}),
        T.QUOTA: infobip(5, 12),
        T.SUPPRESSED: infobip(5, 14),
        T.SERVER: infobip(5, 21),
    },
    "meta": {
        T.AUTH: meta(401, 190),
        T.RATE: meta(400, 130429),
        T.QUOTA: meta(400, 131042),
        T.OPTED_OUT: meta(400, 131050),
        T.SERVER: meta(503, 131016),
    },
}
# What every HTTP answer means that says no more.
USUAL = {T.RATE: SLOW, T.SERVER: BUSY, T.LOST: CRASHED}
LATER = "its webhooks tell"
ELSEWHERE: Mapping[str, Mapping[Trouble, str]] = {
    "sendgrid": {T.SUPPRESSED: LATER},
    "resend": {T.SUPPRESSED: LATER},
    "brevo": {T.SUPPRESSED: LATER},
    "mailjet": {T.SUPPRESSED: LATER},
    "mailgun": {T.SUPPRESSED: LATER},
    "sparkpost": {T.SUPPRESSED: LATER},
    "listmonk": {T.SUPPRESSED: "it keeps no list for these mails", T.QUOTA: "it is one's own server"},
    "ses": {T.INVALID_RECIPIENT: LATER, T.SUPPRESSED: LATER},
    "sns": {
        T.SUPPRESSED: "it knows who opted out",
        T.QUOTA: "it drops silently what is beyond the month's money",
    },
    "twilio": {T.SUPPRESSED: "it knows who opted out"},
    "zenvia": {T.SUPPRESSED: "nothing documented", T.QUOTA: "nothing documented but the status 402"},
    "meta": {
        T.SUPPRESSED: "it knows who opted out",
        T.INVALID_RECIPIENT: "no number is told from an old WhatsApp",
    },
}


@pytest.mark.parametrize("name", OPTIONS)
def test_each_kind_is_known_final_or_not_and_in_words(name: str) -> None:
    answers = {**USUAL, **ANSWERS[name]}
    assert set(answers) | set(ELSEWHERE.get(name, {})) >= set(KINDS)
    carrier, envelope = opened(name), to_ana(name)
    for kind, answer in answers.items():
        found = carrier.provider.outcome(envelope, answer)
        assert found.trouble is kind, (kind, found)
        assert (found.kind is OutcomeKind.REFUSED) == (kind in FINAL), kind
        assert found.detail.startswith(MEANINGS[kind].words), kind
    carrier.close()


def test_none_is_left_out() -> None:
    bare = {"outbox", "smtp", "http", "apprise"}  # not asked over such an API; each has its own tests
    assert set(PROVIDERS) == {*OPTIONS, *bare}


def test_an_answer_that_does_not_come_in_time_leaves_doubt_everywhere() -> None:
    def left(name: str) -> tuple[OutcomeKind, Trouble | None]:
        carrier = opened(name, api=server.url, timeout="0.5")
        found = send(carrier, [to_ana(name)])[1]
        carrier.close()
        return found.kind, found.trouble

    with serving(Said(0, HANG)) as server, ThreadPoolExecutor(len(OPTIONS)) as all_at_once:
        found = dict(zip(OPTIONS, all_at_once.map(left, OPTIONS), strict=True))
    assert found == dict.fromkeys(OPTIONS, (OutcomeKind.IN_DOUBT, T.LOST))


# --- what stands between us and them -----------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIONS)
def test_a_page_for_people_is_no_yes_and_a_redirect_takes_nothing(name: str) -> None:
    carrier, envelope = opened(name), to_ana(name)
    page = Answer(200, b"\n<!DOCTYPE html>\n<html><title>We are back soon</title></html>")
    assert carrier.provider.outcome(envelope, page).trouble is T.LOST
    assert carrier.provider.outcome(envelope, Answer(200, b"[" * 100_000)).message_id == 1
    moved = carrier.provider.outcome(envelope, Answer(301, headers={"location": "https://www.example/"}))
    assert moved.kind is OutcomeKind.DEFERRED
    carrier.close()


@contextmanager
def lines(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of a server that does this with each line that is opened to it."""
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as one:

        def serve() -> None:
            with server.accept()[0] as line:
                speak(line)

        serving = one.submit(serve)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        serving.result()


def test_a_line_that_was_closed_before_the_first_byte_left_leaves_no_doubt() -> None:
    """As a server does that waits for less long than our database."""
    with lines(lambda line: line.shutdown(socket.SHUT_RDWR)) as address:
        carrier = opened("sendgrid", api=address)
        prepared = carrier.prepare([to_ana("sendgrid")])
        held = prepared.held[1].line.sock
        assert held is not None
        select.select([held], [], [])  # until it is closed
        (found,) = carrier.hand_over(prepared, [1])
        carrier.close()
    assert (found.kind, found.trouble) == (OutcomeKind.DEFERRED, T.CONNECTION)


def test_an_answer_that_drips_for_longer_than_a_lease_waits_is_cut_off() -> None:
    def drip(line: socket.socket) -> None:
        line.recv(65536)
        with suppress(OSError):
            for byte in b"HTTP/1.1 202 OK\r\nX-Message-Id: 1\r\nContent-Length: 0\r\n\r\n":
                line.sendall(bytes((byte,)))
                time.sleep(0.02)

    with lines(drip) as address:
        carrier = opened("sendgrid", api=address, timeout="0.1")
        found = send(carrier, [to_ana("sendgrid")])[1]
        carrier.close()
    assert (found.kind, found.trouble) == (OutcomeKind.IN_DOUBT, T.LOST)
