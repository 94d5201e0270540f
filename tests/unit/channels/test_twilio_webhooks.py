from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from nurture.channels.base import Forged, Heard, Receipt, Stop, Webhook
from nurture.channels.twilio.webhooks import heard, signature
from nurture.model import Channel, Person

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
URL, TOKEN = "https://example.test/hooks/twilio", "test_auth_token"


def _webhook(form: dict[str, str], url: str = URL, signed: str | None = None) -> Webhook:
    made = signature(TOKEN, url, list(form.items())) if signed is None else signed
    return Webhook(url, {"x-twilio-signature": made}, urlencode(form).encode())


def _hear(form: dict[str, str], url: str = URL) -> Heard:
    return heard(_webhook(form, url), TOKEN, NOW)


STATUS = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+5511999990000", "From": "+15005550006"}


def test_a_delivery_report_names_our_message() -> None:
    found = _hear(STATUS, f"{URL}?message=key1")
    (event,) = found.events
    assert (event.name, event.message_key, event.person) == (
        "sms_delivered",
        "key1",
        Person(phone="+5511999990000"),
    )
    assert (event.source, event.source_id, event.occurred_at) == ("twilio", "SM1:sms_delivered", NOW)
    assert found.receipts == (Receipt("key1", "SM1"),)


@pytest.mark.parametrize("status", ["queued", "sending", "sent", "accepted"])
def test_a_report_on_the_way_proves_only_that_twilio_has_it(status: str) -> None:
    found = _hear(STATUS | {"MessageStatus": status}, f"{URL}?message=key1")
    assert (found.events, found.receipts) == ((), (Receipt("key1", "SM1"),))


BOUNCES = {
    "unknown number": ("undelivered", "30005", True, "hard_bounce"),
    "switched off": ("undelivered", "30003", True, None),
    "said STOP to Twilio": ("failed", "21610", True, "opt_out"),
    "wants no more marketing on WhatsApp": ("failed", "63050", True, "opt_out"),
    "an old WhatsApp": ("undelivered", "63024", True, None),
    "a template that is paused": ("failed", "63041", False, None),
    "filtered": ("undelivered", "30007", True, None),
    "our account": ("failed", "30002", False, None),
    "too fast for our campaign": ("undelivered", "30022", False, None),
    "our campaign's day is used up": ("undelivered", "30023", False, None),
    "our day with T-Mobile is used up": ("undelivered", "30027", False, None),
    "our campaign is suspended": ("undelivered", "30033", False, None),
    **{
        f"our number isn't registered: {code}": ("undelivered", code, False, None)
        for code in ("30024", "30032", "30034", "30035", "30040", "30041")
    },
    "our account may not send": ("failed", "30037", False, None),
    "our trial": ("failed", "30044", False, None),
    "a code we don't know": ("failed", "39999", True, None),
    "no code": ("failed", "", True, None),
}


@pytest.mark.parametrize("name", BOUNCES)
def test_a_bounce_says_why_and_whether_to_write_again(name: str) -> None:
    status, code, permanent, suppress = BOUNCES[name]
    (event,) = _hear(STATUS | {"MessageStatus": status, "ErrorCode": code}).events
    assert (event.name, event.message_key) == ("sms_bounced", None)
    payload = event.payload
    assert (payload["code"], payload["permanent"], payload["suppress"]) == (code, permanent, suppress)
    assert payload["reason"]


INBOUND = {"MessageSid": "SM9", "From": "+5511999990000", "To": "+15005550006", "SmsStatus": "received"}


def test_an_answer_is_an_event_and_a_stop_is_more() -> None:
    person = Person(phone="+5511999990000")
    answer = _hear(INBOUND | {"Body": "9 - ótimo atendimento 😀"})
    assert (answer.events[0].name, answer.events[0].person, answer.stops) == ("sms_replied", person, ())
    assert answer.events[0].payload["text"] == "9 - ótimo atendimento 😀"
    for form in ({"Body": "SAIR"}, {"Body": "quero parar", "OptOutType": "STOP"}):
        heard = _hear(INBOUND | form)
        assert heard.stops == (Stop(person, Channel.SMS, "answer by SMS", NOW, answer=heard.events[0]),)


FORGERIES = {
    "no signature": (_webhook(STATUS, signed=""), TOKEN),
    "another signature": (_webhook(STATUS, signed="AAAA"), TOKEN),
    "odd letters": (_webhook(STATUS, signed="é"), TOKEN),
    "another token": (_webhook(STATUS), "other"),
    "no token configured": (_webhook(STATUS), None),
    "empty token": (_webhook(STATUS, signed=signature("", URL, list(STATUS.items()))), ""),
    "another URL": (Webhook(f"{URL}?message=key2", _webhook(STATUS).headers, _webhook(STATUS).body), TOKEN),
    "another body": (
        Webhook(URL, _webhook(STATUS).headers, urlencode(STATUS | {"To": "+1"}).encode()),
        TOKEN,
    ),
    "one more field": (Webhook(URL, _webhook(STATUS).headers, _webhook(STATUS).body + b"&ErrorCode="), TOKEN),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_nothing_is_heard_from_a_forger(name: str) -> None:
    webhook, token = FORGERIES[name]
    with pytest.raises(Forged):
        heard(webhook, token, NOW)


@pytest.mark.shared_data
def test_the_signatures_are_those_that_twilios_own_library_makes(shared_data: Path) -> None:
    samples: dict[str, Any] = json.loads((shared_data / "twilio" / "params.json").read_text())
    expected = samples["signatures_for"]
    for kind in ("status_callback", "inbound"):
        for form, signed in zip(samples[kind], expected[kind], strict=True):
            assert signature(expected["auth_token"], expected["url"], list(form.items())) == signed
            heard(
                Webhook(expected["url"], {"x-twilio-signature": signed}, urlencode(form).encode()), TOKEN, NOW
            )


@pytest.mark.shared_data
def test_what_the_samples_say(shared_data: Path) -> None:
    samples = json.loads((shared_data / "twilio" / "params.json").read_text())
    found = [_hear(form) for form in (*samples["status_callback"], *samples["inbound"])]
    assert [[event.name for event in one.events] for one in found] == [
        [],
        ["sms_delivered"],
        ["sms_bounced"],
        ["sms_bounced"],
        ["sms_replied"],
        ["sms_replied"],
        ["sms_replied"],
    ]
    assert [len(one.stops) for one in found] == [0, 0, 0, 0, 1, 1, 0]
