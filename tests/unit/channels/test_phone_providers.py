"""Providers of SMS and WhatsApp: what we ask, what their answers mean, what their webhooks say."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from nurture.channels import open_carrier
from nurture.channels.api import Answer, Api, Provider, Unfit
from nurture.channels.base import Forged, Heard, OutcomeKind, Webhook
from nurture.model import Channel
from nurture.settings import ChannelConfig, Sender
from nurture.whatsapp import Button, Filled, WhatsAppMessage
from tests.support.channels import sms
from tests.support.proved import proved as signed

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT, ANA = int(NOW.timestamp()) - 5, "+5511999990000"
SECRET = "a shared secret"
REFUSED, DEFERRED, IN_DOUBT = OutcomeKind.REFUSED, OutcomeKind.DEFERRED, OutcomeKind.IN_DOUBT

OPTIONS: dict[str, dict[str, str]] = {
    "meta": {
        "phone_number_id": "106540352242922",
        "token": "EAAG",
        "app_secret": SECRET,
        "verify_token": "hi",
    },
    "vonage": {"key": "abcd", "secret": "s", "signature_secret": SECRET},
    "infobip": {"api": "https://x1.api.infobip.com", "key": "ib", "webhook_secret": SECRET},
    "zenvia": {"token": "zv", "webhook_secret": SECRET},
    "twilio": {"account": "AC" + "0" * 32, "token": SECRET},
}


def opened(name: str, channel: Channel = Channel.SMS) -> Provider:
    channel = Channel.WHATSAPP if name == "meta" else channel
    carrier = open_carrier(ChannelConfig(channel, name, Sender("+15005550006"), OPTIONS[name]))
    assert isinstance(carrier, Api)
    carrier.close()
    return carrier.provider


# --- what we ask -------------------------------------------------------------------------------

TEXT = "Olá, Ana! 15% 😀"
ASKED = {
    "vonage": (
        "/v1/messages",
        {
            "message_type": "text",
            "channel": "sms",
            "from": "15005550006",
            "to": "5511999990000",
            "text": TEXT,
            "client_ref": "key1",
        },
    ),
    "infobip": (
        "/sms/3/messages",
        {
            "messages": [
                {
                    "sender": "15005550006",
                    "destinations": [{"to": "5511999990000", "messageId": "key1"}],
                    "content": {"text": TEXT},
                    "webhooks": {"callbackData": "key1"},
                }
            ]
        },
    ),
    "zenvia": (
        "/v2/channels/sms/messages",
        {
            "from": "15005550006",
            "to": "5511999990000",
            "contents": [{"type": "text", "text": TEXT}],
            "externalId": "key1",
        },
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_an_sms_is_asked_for_as_documented(name: str) -> None:
    call = opened(name).call(sms(1, ANA, TEXT))
    assert (call.path, json.loads(call.body)) == ASKED[name]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("infobip", lambda asked: asked["messages"][0]["webhooks"]["delivery"]["url"]),
        ("vonage", lambda asked: asked["webhook_url"]),
    ],
)
def test_a_provider_is_told_where_to_report(name: str, place: Callable[[Any], str]) -> None:
    callback = f"https://links.volta.example/webhooks/{name}"
    options = OPTIONS[name] | {"callback": callback}
    carrier = open_carrier(ChannelConfig(Channel.SMS, name, Sender("+15005550006"), options))
    assert isinstance(carrier, Api)
    carrier.close()
    assert place(json.loads(carrier.provider.call(sms(1, ANA, TEXT)).body)) == callback


CREDENTIALS = {
    "meta": ("Authorization", "Bearer EAAG"),
    "vonage": ("Authorization", "Basic YWJjZDpz"),
    "infobip": ("Authorization", "App ib"),
    "zenvia": ("X-API-TOKEN", "zv"),
}
BUTTONS = (Button("reply", "Parar"), Button("url", "Acompanhar", "https://mail.volta.example/c/Xy", "c/Xy"))
ORDER = Filled("pedido_enviado", "pt_BR", "utility", ("Ana", "1042"), BUTTONS, "HX" + "1" * 32)
TEMPLATE = WhatsAppMessage("Oi, Ana! Seu pedido 1042 saiu.", ORDER)
FREE = WhatsAppMessage("Oi, Ana!")


def on_whatsapp(message: WhatsAppMessage) -> Any:
    return replace(sms(1, ANA), channel=Channel.WHATSAPP, body=message.dump())


@pytest.mark.parametrize("name", CREDENTIALS)
def test_we_say_who_we_are(name: str) -> None:
    header, value = CREDENTIALS[name]
    envelope = on_whatsapp(FREE) if name == "meta" else sms(1, ANA)
    assert opened(name).call(envelope).headers[header] == value


def test_an_older_note_of_zenvia_names_the_message_beside_its_status() -> None:
    note = zenvia_status("DELIVERED")
    del note["message"]
    (event,) = opened("zenvia").heard(proved("zenvia", note | {"messageId": "p1"}), NOW).events
    assert (event.name, event.message_key, event.payload["provider_id"]) == ("sms_delivered", None, "p1")


def test_meta_gets_the_template_with_what_goes_into_it() -> None:
    call = opened("meta").call(on_whatsapp(TEMPLATE))
    assert call.path == "/106540352242922/messages"
    assert json.loads(call.body) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "5511999990000",
        "biz_opaque_callback_data": "key1",
        "type": "template",
        "template": {
            "name": "pedido_enviado",
            "language": {"code": "pt_BR"},
            "components": [
                {
                    "type": "body",
                    "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "1042"}],
                },
                {
                    "type": "button",
                    "sub_type": "url",
                    "index": "1",
                    "parameters": [{"type": "text", "text": "c/Xy"}],
                },
            ],
        },
    }


def test_twilio_gets_the_content_with_its_variables() -> None:
    call = opened("twilio", Channel.WHATSAPP).call(on_whatsapp(TEMPLATE))
    form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
    assert (form["To"], form["From"]) == (f"whatsapp:{ANA}", "whatsapp:+15005550006")
    assert form["ContentSid"] == "HX" + "1" * 32
    assert json.loads(form["ContentVariables"]) == {"1": "Ana", "2": "1042", "3": "c/Xy"}


def test_twilio_needs_the_contents_id() -> None:
    unnamed = WhatsAppMessage("Oi", replace(ORDER, content=None))
    with pytest.raises(Unfit, match=r"pedido_enviado.*whatsapp\.yaml"):
        opened("twilio", Channel.WHATSAPP).call(on_whatsapp(unnamed))


def test_a_free_text_is_a_text() -> None:
    assert json.loads(opened("meta").call(on_whatsapp(FREE)).body)["text"] == {
        "body": "Oi, Ana!",
        "preview_url": False,
    }
    assert b"Body=Oi" in opened("twilio", Channel.WHATSAPP).call(on_whatsapp(FREE)).body


# --- what they answer ----------------------------------------------------------------------------


def meta_error(code: int) -> dict[str, Any]:
    return {"error": {"code": code, "message": "no", "error_data": {"details": "why"}}}


def vonage_error(code: int) -> dict[str, Any]:
    return {
        "type": f"https://developer.vonage.com/api-errors/messages#{code}",
        "title": "no",
        "detail": "why",
    }


def infobip_status(group: int, id_: int, name: str) -> dict[str, Any]:
    status = {"groupId": group, "id": id_, "name": name, "description": "why"}
    return {"bulkId": "b1", "messages": [{"messageId": "p1", "destination": ANA[1:], "status": status}]}


NOT_TO = {
    "errorCode": "E400",
    "violations": [{"property": "messages[0].destinations[0].to", "violation": "x"}],
}
NOT_FROM = {"errorCode": "E400", "violations": [{"property": "messages[0].sender", "violation": "x"}]}
UNAUTHORIZED = {"requestError": {"serviceException": {"messageId": "UNAUTHORIZED", "text": "Invalid login"}}}
NO_NUMBER = {"title": "Invalid params", "invalid_parameters": [{"name": "to", "reason": "no number"}]}
TO_IS_WRONG = {"code": "VALIDATION_ERROR", "details": [{"path": "to", "message": "no number"}]}
YES = OutcomeKind.ACCEPTED
ANSWERS: Mapping[str, tuple[str, int, Any, OutcomeKind, str | None]] = {
    "meta took it": ("meta", 200, {"messages": [{"id": "p1"}]}, YES, None),
    "meta: not on WhatsApp, or an old one": ("meta", 400, meta_error(131026), REFUSED, None),
    "meta: no more marketing": ("meta", 400, meta_error(131050), REFUSED, "opt_out"),
    "meta: outside the window": ("meta", 400, meta_error(131047), REFUSED, None),
    "meta: held back": ("meta", 400, meta_error(131049), REFUSED, None),
    "meta: wrong token": ("meta", 401, meta_error(190), DEFERRED, None),
    "meta: too fast": ("meta", 400, meta_error(130429), DEFERRED, None),
    "meta: not paid": ("meta", 400, meta_error(131042), DEFERRED, None),
    "meta: no such template": ("meta", 404, meta_error(132001), DEFERRED, None),
    "meta: other parameters": ("meta", 400, meta_error(132000), REFUSED, None),
    "meta: our name isn't approved": ("meta", 400, meta_error(131037), DEFERRED, None),
    "meta: templates in the wrong category": ("meta", 400, meta_error(131064), DEFERRED, None),
    "meta is down": ("meta", 503, meta_error(131016), DEFERRED, None),
    "meta crashed": ("meta", 500, "<html>", IN_DOUBT, None),
    "vonage took it": ("vonage", 202, {"message_uuid": "p1"}, YES, None),
    "vonage: no number": ("vonage", 422, NO_NUMBER, REFUSED, "hard_bounce"),
    "vonage: throttled": ("vonage", 429, vonage_error(1000), DEFERRED, None),
    "vonage: answered STOP": ("vonage", 422, vonage_error(1240), REFUSED, "opt_out"),
    "vonage: no route": ("vonage", 422, vonage_error(1250), REFUSED, None),
    "vonage: on a list": ("vonage", 422, vonage_error(1050), REFUSED, "provider"),
    "vonage: a trial": ("vonage", 422, vonage_error(1160), DEFERRED, None),
    "vonage: wrong sender": ("vonage", 422, vonage_error(1120), DEFERRED, None),
    "vonage: wrong key": ("vonage", 401, {"title": "Unauthorized"}, DEFERRED, None),
    "vonage: no money": ("vonage", 402, {"title": "Low balance"}, DEFERRED, None),
    "vonage crashed": ("vonage", 500, "", IN_DOUBT, None),
    "infobip took it": ("infobip", 200, infobip_status(1, 26, "PENDING_ACCEPTED"), YES, None),
    "infobip: no number": (
        "infobip",
        200,
        infobip_status(5, 52, "REJECTED_DESTINATION"),
        REFUSED,
        "hard_bounce",
    ),
    "infobip took it before": (
        "infobip",
        200,
        infobip_status(5, 23, "REJECTED_DUPLICATE_MESSAGE_ID"),
        YES,
        None,
    ),
    "infobip: none that is a number": ("infobip", 400, NOT_TO, REFUSED, "hard_bounce"),
    "infobip: none that is a sender": ("infobip", 400, NOT_FROM, REFUSED, None),
    "infobip: no money": (
        "infobip",
        200,
        infobip_status(5, 12, "REJECTED_NOT_ENOUGH_CREDITS"),
        DEFERRED,
        None,
    ),
    "infobip: on a list": (
        "infobip",
        200,
        infobip_status(5, 14, "REJECTED_DESTINATION_BLOCKLISTED"),
        REFUSED,
        "provider",
    ),
    "infobip: wrong key": ("infobip", 401, UNAUTHORIZED, DEFERRED, None),
    "infobip: too fast": ("infobip", 429, {}, DEFERRED, None),
    "infobip crashed": ("infobip", 500, {}, IN_DOUBT, None),
    "zenvia took it": ("zenvia", 200, {"id": "p1"}, YES, None),
    "zenvia: no number": ("zenvia", 400, TO_IS_WRONG, REFUSED, "hard_bounce"),
    "zenvia: wrong token": ("zenvia", 401, {"code": "AUTHENTICATION_ERROR"}, DEFERRED, None),
    "zenvia: too fast": ("zenvia", 429, {}, DEFERRED, None),
    "zenvia crashed": ("zenvia", 502, "", IN_DOUBT, None),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_answer_means(name: str) -> None:
    provider, status, said, kind, suppress = ANSWERS[name]
    body = said if isinstance(said, str) else json.dumps(said)
    envelope = on_whatsapp(FREE) if provider == "meta" else sms(1, ANA)
    outcome = opened(provider).outcome(envelope, Answer(status, body.encode()))
    assert (outcome.kind, outcome.suppress) == (kind, suppress)
    assert (outcome.provider_id == "p1") == (kind is YES)


# --- what they tell ------------------------------------------------------------------------------


def proved(name: str, said: object, secret: str = SECRET, at: datetime = NOW) -> Webhook:
    """A webhook as the provider proves it."""
    return signed(name, said, secret, at)


def by_meta(field: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {"object": "whatsapp_business_account", "entry": [{"changes": [{"value": {field: [entry]}}]}]}


def meta_status(status: str, **more: Any) -> dict[str, Any]:
    said = {
        "id": "p1",
        "status": status,
        "timestamp": str(AT),
        "recipient_id": ANA[1:],
        "biz_opaque_callback_data": "key1",
    }
    return by_meta("statuses", said | more)


def vonage_status(status: str, **more: Any) -> dict[str, Any]:
    said = {"message_uuid": "p1", "to": ANA[1:], "status": status, "client_ref": "key1"}
    return {"timestamp": "2026-11-20T11:59:55Z", **said, **more}


def infobip_report(group: int, id_: int, name: str, error: str = "NO_ERROR") -> dict[str, Any]:
    status = {"groupId": group, "id": id_, "name": name}
    said = {
        "messageId": "p1",
        "to": ANA[1:],
        "callbackData": "key1",
        "status": status,
        "error": {"name": error},
    }
    return {"results": [said]}


def zenvia_status(code: str, *causes: str) -> dict[str, Any]:
    status = {
        "code": code,
        "timestamp": "2026-11-20T11:59:55Z",
        "causes": [{"channelErrorCode": cause, "reason": "words"} for cause in causes],
    }
    message = {"id": "p1", "externalId": "key1", "contentIndex": 0, "from": "15005550006", "to": ANA[1:]}
    return {
        "id": "e1",
        "type": "MESSAGE_STATUS",
        "channel": "sms",
        "message": message,
        "messageStatus": status,
    }


TOLD: Mapping[str, tuple[str, Any, str | None, str | None]] = {
    "meta: sent": ("meta", meta_status("sent"), None, None),
    "meta: delivered": ("meta", meta_status("delivered"), "whatsapp_delivered", None),
    "meta: read": ("meta", meta_status("read"), "whatsapp_opened", None),
    "meta: failed": (
        "meta",
        meta_status("failed", errors=[{"code": 131026}]),
        "whatsapp_bounced",
        None,
    ),
    "meta: no more marketing": (
        "meta",
        meta_status("failed", errors=[{"code": 131050}]),
        "whatsapp_bounced",
        "opt_out",
    ),
    "vonage: submitted": ("vonage", vonage_status("submitted"), None, None),
    "vonage: delivered": ("vonage", vonage_status("delivered"), "sms_delivered", None),
    "vonage: unknown": (
        "vonage",
        vonage_status("rejected", error=vonage_error(1190)),
        "sms_bounced",
        "hard_bounce",
    ),
    "vonage: switched off": (
        "vonage",
        vonage_status("undeliverable", error=vonage_error(1180)),
        "sms_bounced",
        None,
    ),
    "vonage: answered STOP": (
        "vonage",
        vonage_status("rejected", error=vonage_error(1240)),
        "sms_bounced",
        "opt_out",
    ),
    "vonage: no way to the carrier": ("vonage", vonage_status("undeliverable"), "sms_bounced", None),
    "infobip: pending": ("infobip", infobip_report(1, 7, "PENDING_ENROUTE"), None, None),
    "infobip: at the carrier": ("infobip", infobip_report(3, 2, "DELIVERED_TO_OPERATOR"), None, None),
    "infobip: a second one": ("infobip", infobip_report(5, 23, "REJECTED_DUPLICATE_MESSAGE_ID"), None, None),
    "infobip: delivered": ("infobip", infobip_report(3, 5, "DELIVERED_TO_HANDSET"), "sms_delivered", None),
    "infobip: unknown": (
        "infobip",
        infobip_report(2, 9, "UNDELIVERABLE_NOT_DELIVERED", "EC_UNKNOWN_SUBSCRIBER"),
        "sms_bounced",
        "hard_bounce",
    ),
    "infobip: answered STOP": (
        "infobip",
        infobip_report(2, 4, "UNDELIVERABLE_REJECTED_OPERATOR", "EC_CONTENT_BLOCKED"),
        "sms_bounced",
        "opt_out",
    ),
    "infobip: perhaps known later": (
        "infobip",
        infobip_report(2, 9, "UNDELIVERABLE_NOT_DELIVERED", "EC_UNIDENTIFIED_SUBSCRIBER"),
        "sms_bounced",
        None,
    ),
    "infobip: expired": ("infobip", infobip_report(4, 15, "EXPIRED_EXPIRED"), "sms_bounced", None),
    "zenvia: sent": ("zenvia", zenvia_status("SENT"), None, None),
    "zenvia: delivered": ("zenvia", zenvia_status("DELIVERED"), "sms_delivered", None),
    "zenvia: failed": ("zenvia", zenvia_status("NOT_DELIVERED", "12"), "sms_bounced", None),
    "zenvia: rejected": ("zenvia", zenvia_status("REJECTED"), "sms_bounced", None),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_became_of_a_message(name: str) -> None:
    provider, said, event, suppress = TOLD[name]
    heard = opened(provider).heard(proved(provider, said), NOW)
    assert [each.name for each in heard.events] == ([event] if event else [])
    assert [each.payload.get("suppress") for each in heard.events] == ([suppress] if event else [])
    assert [(receipt.message_key, receipt.provider_id) for receipt in heard.receipts] == [("key1", "p1")]


INBOUND = {
    "meta": by_meta(
        "messages",
        {"from": ANA[1:], "id": "i1", "timestamp": str(AT), "type": "text", "text": {"body": "Sair"}},
    ),
    "vonage": {
        "channel": "sms",
        "message_uuid": "i1",
        "from": ANA[1:],
        "text": "Sair",
        "timestamp": "2026-11-20T11:59:55Z",
    },
    "infobip": {
        "results": [
            {"from": ANA[1:], "messageId": "i1", "text": "Sair", "receivedAt": "2026-11-20T11:59:55+0000"}
        ]
    },
    "zenvia": {
        "type": "MESSAGE",
        "direction": "IN",
        "timestamp": "2026-11-20T11:59:55Z",
        "message": {"id": "i1", "from": ANA[1:], "contents": [{"type": "text", "text": "Sair"}]},
    },
}


@pytest.mark.parametrize("name", INBOUND)
def test_what_people_answer(name: str) -> None:
    heard = opened(name).heard(proved(name, INBOUND[name]), NOW)
    ((event,), (stop,)) = heard.events, heard.stops
    channel = "whatsapp" if name == "meta" else "sms"
    assert (event.name, event.payload["text"], event.person.phone) == (f"{channel}_replied", "Sair", ANA)
    assert (stop.person.phone, stop.channel) == (ANA, channel)
    assert (stop.at, stop.answer) == (event.occurred_at, event)
    assert NOW - event.occurred_at == timedelta(seconds=5)


@pytest.mark.parametrize("name", INBOUND)
def test_what_is_not_proved_says_nothing(name: str) -> None:
    provider, late = opened(name), NOW + timedelta(hours=1)
    with pytest.raises(Forged):
        provider.heard(proved(name, INBOUND[name], secret="a guess"), NOW)
    with pytest.raises(Forged):
        provider.heard(Webhook("", {}, json.dumps(INBOUND[name]).encode()), NOW)
    if name == "vonage":
        with pytest.raises(Forged):
            provider.heard(proved(name, INBOUND[name]), late)


def test_meta_telling_of_another_number_is_no_answer() -> None:
    # https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system/
    changed = {"type": "user_changed_number", "body": "User Ana changed from one number to another"}
    said = by_meta("messages", {"from": ANA[1:], "id": "i1", "type": "system", "system": changed})
    assert opened("meta").heard(proved("meta", said), NOW) == Heard()


def test_what_is_written_under_a_picture_is_an_answer() -> None:
    said = by_meta("messages", {"from": ANA[1:], "id": "i1", "type": "image", "image": {"caption": "Sair"}})
    heard = opened("meta").heard(proved("meta", said), NOW)
    assert heard.events[0].payload["text"] == "Sair"
    assert [stop.person.phone for stop in heard.stops] == [ANA]


def test_a_button_that_was_tapped_is_an_answer() -> None:
    said = by_meta("messages", {"from": ANA[1:], "id": "i1", "type": "button", "button": {"text": "Parar"}})
    heard = opened("meta").heard(proved("meta", said), NOW)
    assert heard.events[0].payload["text"] == "Parar"
    assert len(heard.stops) == 1


@pytest.mark.parametrize(("value", "wanted"), [("stop", [False]), ("resume", [True]), ("pause", [])])
def test_what_is_said_to_whatsapp_itself_is_about_marketing_alone(value: str, wanted: list[bool]) -> None:
    wish = {"wa_id": ANA[1:], "category": "marketing_messages", "value": value, "timestamp": str(AT)}
    heard = opened("meta").heard(proved("meta", by_meta("user_preferences", wish)), NOW)
    assert (heard.stops, heard.events) == ((), ())
    assert [(each.person.phone, each.channel, each.wanted) for each in heard.preferences] == [
        (ANA, "whatsapp", each) for each in wanted
    ]


def test_meta_is_told_that_the_address_is_ours() -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": "hi", "hub.challenge": "1158201444"}
    assert opened("meta").challenge(asked) == "1158201444"
    assert opened("meta").challenge(asked | {"hub.verify_token": "guess"}) is None


@pytest.mark.parametrize("name", ["meta", "infobip", "zenvia"])
@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b'{"results": 3, "entry": [1, {"changes": 2}]}', b"\xff"]
)
def test_odd_bodies_say_nothing(name: str, body: bytes) -> None:
    head = {"authorization": f"Bearer {SECRET}"}
    if name == "meta":
        head = {"x-hub-signature-256": hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}
    assert opened(name).heard(Webhook("https://x/webhooks", head, body), NOW) == Heard()
