"""What people answer to an SMS, and what Twilio reports of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import pytest

from nurture.app.ingest import ingest
from nurture.app.process import process
from nurture.app.status import status
from nurture.channels.twilio.webhooks import signature
from nurture.model import Channel, NewEvent, Person
from nurture.settings import ChannelConfig, Sender
from nurture.store import tables
from nurture.web.app import create_app
from tests.support.shop import PHONES, TWILIO, Shop, open_shop
from tests.support.visitor import Visitor

INBOUND, STATUS = "/webhooks/twilio/inbound", "/webhooks/twilio/status"


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(database, tmp_path)
    yield shop
    shop.runtime.close()


@pytest.fixture
def twilio(shop: Shop) -> Iterator[Visitor]:
    with Visitor(create_app(shop.runtime, lambda: shop.now), agent="TwilioProxy/1.1") as visitor:
        yield visitor


def post(twilio: Visitor, path: str, *, token: str = TWILIO["token"], **fields: str) -> httpx.Response:
    """As Twilio posts: a form, signed for the public address."""
    signed = signature(token, f"https://links.volta.example{path}", fields.items())
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signed}
    return twilio.post(path, content=urlencode(fields), headers=headers)


def answer(twilio: Visitor, text: str, sid: str = "SM1", phone: str = PHONES["ana"]) -> httpx.Response:
    return post(twilio, INBOUND, From=phone, To="+15005550006", Body=text, MessageSid=sid)


def contact(shop: Shop, name: str) -> dict[str, object]:
    return next(row for row in shop.rows(tables.contacts) if row["ref"] == name)


@pytest.mark.parametrize("word", ["STOP", "sair", "Parar.", " SAÍR!! "])
def test_a_stop_is_in_force_before_the_answer(shop: Shop, twilio: Visitor, word: str) -> None:
    reply = answer(twilio, word)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert "<Message>" not in reply.text
    assert contact(shop, "ana")["phone_suppressed"] == "stop"
    waiting = shop.message(shop.waiting["ana"])
    assert (waiting["state"], waiting["reason"]) == ("cancelled", "suppressed")
    assert shop.message(shop.waiting["davi"])["state"] == "scheduled"


def test_the_ninth_digit_makes_no_other_person(shop: Shop, twilio: Visitor) -> None:
    answer(twilio, "SAIR", phone="+551181234567")
    assert contact(shop, "ana")["phone_suppressed"] == "stop"


WHATSAPP_ID = {"+525512345678": "whatsapp:+5215512345678", "+541123456789": "whatsapp:+5491123456789"}


@pytest.mark.parametrize("hers", WHATSAPP_ID)
def test_a_whatsapp_id_is_no_other_person_either(shop: Shop, twilio: Visitor, hers: str) -> None:
    event = NewEvent("identified", Person("ana"), shop.now, "site", "1", traits={"phone": hers})
    ingest(shop.runtime.store, [event], shop.now)
    process(shop.runtime, shop.now)
    answer(twilio, "BAJA", phone=WHATSAPP_ID[hers])
    assert contact(shop, "ana")["phone_suppressed"] == "stop"
    assert contact(shop, "ana")["whatsapp_suppressed"] == "stop"


@pytest.mark.parametrize("phone", ["+5511", "whatsapp:ana.volta"], ids=["too short", "no number"])
def test_a_stop_from_no_number_is_told_by_the_status(shop: Shop, twilio: Visitor, phone: str) -> None:
    assert status(shop.runtime, {}, shop.now).unheard is None
    for sid in ("SM1", "SM2"):
        assert answer(twilio, "STOP", sid, phone).status_code == 200
    answer(twilio, "oi", "SM3", phone)
    unheard = status(shop.runtime, {}, shop.now).unheard
    assert unheard is not None
    assert unheard.in_words() == (
        "2 STOPs from a number that can't be read silenced nobody; twilio told of the last on 2026-06-01 at 15:00 UTC:"
        " look there who wrote"
    )


def test_other_words_are_only_an_answer(shop: Shop, twilio: Visitor) -> None:
    answer(twilio, "Quero parar de comprar em outro lugar")
    assert contact(shop, "ana")["phone_suppressed"] is None
    (event,) = shop.rows(tables.events)
    assert event["name"] == "sms_replied"
    process(shop.runtime, shop.now)
    assert shop.rows(tables.events)[0]["contact_id"] == shop.people["ana"]


def test_a_stop_from_a_stranger_is_remembered(shop: Shop, twilio: Visitor) -> None:
    answer(twilio, "STOP", phone="+5521987654321")
    suppressions = {(row["kind"], row["reason"]) for row in shop.rows(tables.suppressions)}
    assert suppressions == {("phone", "stop"), ("whatsapp", "stop")}


def test_start_takes_a_stop_back_and_nothing_else(shop: Shop, twilio: Visitor) -> None:
    answer(twilio, "STOP", "SM1")
    answer(twilio, "START", "SM2")
    assert contact(shop, "ana")["phone_suppressed"] is None
    assert {row["kind"] for row in shop.rows(tables.suppressions)} == {"started"}  # and closes nothing


def test_a_word_of_ours_that_means_start_to_twilio_is_one(shop: Shop, twilio: Visitor) -> None:
    """Advanced Opt-Out knows the words that its account has chosen, and says what they mean."""
    answer(twilio, "STOP", "SM1")
    answer(twilio, "CAFE", "SM2")
    assert contact(shop, "ana")["phone_suppressed"] == "stop"
    said = {"From": PHONES["ana"], "To": "+15005550006", "Body": "CAFE", "OptOutType": "START"}
    post(twilio, INBOUND, MessageSid="SM3", **said)
    assert contact(shop, "ana")["phone_suppressed"] is None


def test_a_repeated_start_does_not_undo_a_later_stop(shop: Shop, twilio: Visitor) -> None:
    for word, sid in (("STOP", "SM1"), ("START", "SM2"), ("STOP", "SM3"), ("START", "SM2")):
        answer(twilio, word, sid)
    assert contact(shop, "ana")["phone_suppressed"] == "stop"


def test_a_repeated_stop_does_not_undo_a_later_start(shop: Shop, twilio: Visitor) -> None:
    for word, sid in (("STOP", "SM1"), ("START", "SM2"), ("STOP", "SM1")):
        answer(twilio, word, sid)
    assert contact(shop, "ana")["phone_suppressed"] is None
    told = [row for row in shop.rows(tables.events) if row["name"] == "consent_withdrawn"]
    assert len(told) == 2  # SMS and WhatsApp, each once


def test_a_repeated_stop_has_one_effect(shop: Shop, twilio: Visitor) -> None:
    for _ in range(3):
        assert answer(twilio, "STOP").status_code == 200
    names = sorted(event["name"] for event in shop.rows(tables.events))
    assert names == ["consent_withdrawn", "consent_withdrawn", "sms_replied"]  # SMS and WhatsApp, each once


def test_a_delivery_report_is_noted_once(shop: Shop, twilio: Visitor) -> None:
    path = f"{STATUS}?message={shop.sent['ana']}"
    for _ in range(2):
        report = post(twilio, path, MessageSid="SM9", MessageStatus="delivered", To=PHONES["ana"])
        assert report.status_code == 200
    (event,) = shop.rows(tables.events)
    assert event["name"] == "sms_delivered"
    process(shop.runtime, shop.now + timedelta(minutes=1))
    assert shop.message(shop.sent["ana"])["state"] == "delivered"


def opted_out(shop: Shop, twilio: Visitor, *, ours: bool = True) -> None:
    """Twilio refuses a message, since she said STOP to Twilio."""
    with shop.runtime.store.begin() as tx:
        accepted = tables.messages.update().where(tables.messages.c.key == shop.waiting["ana"])
        tx.execute(accepted.values(state="accepted", handed_at=shop.now, accepted_at=shop.now))
    path = f"{STATUS}?message={shop.waiting['ana']}" if ours else STATUS
    post(twilio, path, MessageSid="SM9", MessageStatus="failed", ErrorCode="21610", To=PHONES["ana"])


@pytest.mark.parametrize("ours", [True, False], ids=["our message", "a message of another system"])
def test_start_takes_back_what_she_told_twilio(shop: Shop, twilio: Visitor, ours: bool) -> None:
    opted_out(shop, twilio, ours=ours)
    process(shop.runtime, shop.now)
    assert contact(shop, "ana")["phone_suppressed"] == "opt_out"
    shop.now += timedelta(minutes=1)
    answer(twilio, "START")
    assert contact(shop, "ana")["phone_suppressed"] is None
    shop.now += timedelta(minutes=1)
    answer(twilio, "STOP", "SM2")
    assert contact(shop, "ana")["phone_suppressed"] == "stop"


def test_what_she_told_twilio_before_a_start_closes_nothing(shop: Shop, twilio: Visitor) -> None:
    """The report waits in the inbox while she writes."""
    opted_out(shop, twilio)
    shop.now += timedelta(minutes=1)
    answer(twilio, "START")
    process(shop.runtime, shop.now)
    assert contact(shop, "ana")["phone_suppressed"] is None
    assert shop.message(shop.waiting["ana"])["state"] == "bounced"


def test_any_report_ends_doubt(shop: Shop, twilio: Visitor) -> None:
    key = shop.waiting["ana"]
    with shop.runtime.store.begin() as tx:
        row = tables.messages.update().where(tables.messages.c.key == key)
        tx.execute(row.values(state="in_doubt", handed_at=shop.now))
    post(twilio, f"{STATUS}?message={key}", MessageSid="SM9", MessageStatus="sent", To=PHONES["ana"])
    assert shop.message(key)["state"] == "accepted"
    assert [(each["outcome"], each["code"]) for each in shop.rows(tables.attempts)] == [
        ("settled", "receipt")
    ]


@pytest.mark.parametrize("path", [INBOUND, STATUS])
def test_a_forged_request_changes_nothing(shop: Shop, twilio: Visitor, path: str) -> None:
    forged = post(twilio, path, token="guessed", From=PHONES["ana"], Body="STOP", MessageSid="SM1")
    assert forged.status_code == 403
    unsigned = twilio.post(path, data={"From": PHONES["ana"], "Body": "STOP"})
    assert unsigned.status_code == 403
    assert shop.rows(tables.events) == []
    assert contact(shop, "ana")["phone_suppressed"] is None


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"%%%=%", b"=&=&=", b"a" * 60_000, b""])
def test_odd_bodies_are_no_error_of_ours(twilio: Visitor, body: bytes) -> None:
    assert twilio.post(INBOUND, content=body).status_code == 403


def test_in_one_request_each_person_speaks_for_herself(database: str, tmp_path: Path) -> None:
    secret = "the password of webhooks"
    options = {"api": "https://x1.api.infobip.com", "key": "k", "webhook_secret": secret}
    config = ChannelConfig(Channel.SMS, "infobip", Sender("+15005550006"), options)
    shop = open_shop(database, tmp_path, channels={Channel.SMS: config})
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as infobip:
        for said in (
            {"ana": "STOP", "bruno": "STOP"},
            {"ana": "obrigada", "bruno": "START", "davi": "START"},
            {"davi": "START", "ana": "oi"},
        ):
            results = [
                {"messageId": f"{name}:{word}", "from": PHONES[name].lstrip("+"), "text": word}
                for name, word in said.items()
            ]
            answered = infobip.post(f"/webhooks/infobip?token={quote(secret)}", json={"results": results})
            assert answered.status_code == 200
    found = {row["ref"]: row["phone_suppressed"] for row in shop.rows(tables.contacts)}
    assert found == {"ana": "stop", "bruno": None, "davi": None}
    replies = [row for row in shop.rows(tables.events) if row["name"] == "sms_replied"]
    assert len(replies) == 6  # the same once
    shop.runtime.close()


def test_without_twilio_there_is_no_such_door(database: str, tmp_path: Path) -> None:
    files = ChannelConfig(Channel.SMS, "outbox", Sender("+15005550006"))
    shop = open_shop(database, tmp_path, channels={Channel.SMS: files})
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as visitor:
        assert answer(visitor, "STOP").status_code == 404
    shop.runtime.close()
