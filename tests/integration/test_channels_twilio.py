"""The Twilio carrier against answers that go wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import parse_qs, quote_plus

import pytest

from nurture import faults
from nurture.channels.base import OutcomeKind
from tests.support.api_server import CLOSE, HANG, ApiServer, Said, serving
from tests.support.channels import send, sms, twilio

ANA, BRUNO = "+5511999990000", "+5511999990001"


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with serving(Said(201, '{"sid": "SM1"}')) as server:
        yield server


def forms(api: ApiServer) -> list[dict[str, list[str]]]:
    return [parse_qs(asked.body.decode()) for asked in api.asked]


def to(recipient: str) -> bytes:
    """What stands in a request to this number."""
    return quote_plus(recipient).encode()


class Case(NamedTuple):
    status: int
    said: str
    kind: OutcomeKind
    code: str
    suppress: str | None = None
    words: str = ""


def _error(code: int, message: str = "no") -> str:
    return json.dumps({"code": code, "message": message, "status": 400})


REFUSED, DEFERRED, IN_DOUBT = OutcomeKind.REFUSED, OutcomeKind.DEFERRED, OutcomeKind.IN_DOUBT
CASES = {
    "not a number": Case(400, _error(21211), REFUSED, "21211", "hard_bounce", "does not exist"),
    "a landline": Case(400, _error(21614), REFUSED, "21614", "hard_bounce"),
    "said STOP to Twilio": Case(400, _error(21610), REFUSED, "21610", "opt_out", "stop our messages"),
    "too long": Case(400, _error(21617), REFUSED, "21617", None, "as it is"),
    "an error we don't know": Case(400, _error(29999), REFUSED, "29999"),
    "wrong token": Case(401, _error(20003), DEFERRED, "20003", None, "user name or password"),
    "wrong sender": Case(400, _error(21606), DEFERRED, "21606", None, "Check the channel's settings"),
    "account suspended": Case(403, _error(30002), DEFERRED, "30002", None, "used up or suspended"),
    "too fast": Case(429, _error(20429), DEFERRED, "20429", None, "slow down"),
    "too fast, by status alone": Case(429, "slow down", DEFERRED, "429"),
    "overloaded": Case(503, "", DEFERRED, "503"),
    "a crash": Case(500, "<html>", IN_DOUBT, "500", None, "may have arrived"),
    "a gateway's time-out": Case(504, "", IN_DOUBT, "504"),
    "no answer": Case(0, HANG, IN_DOUBT, ""),
    "closed without an answer": Case(0, CLOSE, IN_DOUBT, ""),
}


@pytest.mark.parametrize("name", CASES)
def test_what_goes_wrong_has_a_name_and_words(api: ApiServer, name: str) -> None:
    case = CASES[name]
    api.answers[to(BRUNO)] = Said(case.status, case.said)
    with twilio(api.url, timeout="0.3") as carrier:
        outcomes = send(carrier, [sms(1, ANA), sms(2, BRUNO)])
        again = send(carrier, [sms(3, ANA), sms(4, ANA)])
    found = outcomes[2]
    assert (found.kind, found.code, found.suppress) == (case.kind, case.code, case.suppress)
    assert case.words in found.detail
    assert {outcomes[1].kind, again[3].kind, again[4].kind} == {OutcomeKind.ACCEPTED}


def test_a_number_in_an_error_is_not_kept(api: ApiServer) -> None:
    api.answers[to(BRUNO)] = Said(400, _error(21211, f"The 'To' number {BRUNO} is not a valid phone number."))
    with twilio(api.url) as carrier:
        detail = send(carrier, [sms(1, BRUNO)])[1].detail
    assert detail == "The address does not exist. (The 'To' number … is not a valid phone number.)"


def test_what_is_not_allowed_is_never_asked_for(api: ApiServer) -> None:
    with twilio(api.url) as carrier:
        assert sorted(send(carrier, [sms(1, ANA), sms(2, BRUNO)], but=[2])) == [1]
    assert [form["To"] for form in forms(api)] == [[ANA]]


def test_the_callback_names_our_message(api: ApiServer) -> None:
    with twilio(api.url, callback="https://news.example.com/hooks/twilio") as carrier:
        send(carrier, [sms(1, ANA, "Olá, você & eu: 50% + 1")])
    (form,) = forms(api)
    assert form["StatusCallback"] == ["https://news.example.com/hooks/twilio?message=key1"]
    assert form["Body"] == ["Olá, você & eu: 50% + 1"]


def test_a_connection_that_died_between_waves_costs_nothing(api: ApiServer) -> None:
    with twilio(api.url) as carrier:
        send(carrier, [sms(1, ANA)])
        for line in carrier._idle:
            line.sock.shutdown(2)
        assert send(carrier, [sms(2, ANA)])[2].kind is OutcomeKind.ACCEPTED


def test_no_api_at_all_is_said_in_words() -> None:
    with twilio("http://127.0.0.1:1") as carrier:
        prepared = carrier.prepare([sms(1, ANA)])
    assert (prepared.early[0].kind, prepared.ready) == (DEFERRED, ())
    assert prepared.down == "There is no connection to the provider. (Connection refused)"


def test_fault_points_stand_around_every_request(api: ApiServer) -> None:
    faults.arm("ingest.before_commit", lambda: None)
    try:
        with twilio(api.url) as carrier:
            send(carrier, [sms(1, ANA), sms(2, BRUNO)])
        assert faults.visits() == {"body.before_send": 2, "body.before_reply": 2, "body.after_reply": 2}
    finally:
        faults.arm(None)


def test_who_stood_still_for_longer_than_its_lease_sends_nothing(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with twilio(api.url) as carrier:
        prepared = carrier.prepare([sms(1, ANA)])
        later = time.monotonic() + carrier.patience + 1
        monkeypatch.setattr(time, "monotonic", lambda: later)
        (outcome,) = carrier.hand_over(prepared, {1})
        monkeypatch.undo()
    assert outcome.kind is OutcomeKind.DEFERRED
    assert api.asked == []
