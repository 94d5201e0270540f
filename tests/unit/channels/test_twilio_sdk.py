"""Our requests against those of Twilio's own SDK."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from nurture.channels.base import Envelope
from nurture.channels.twilio.carrier import Twilio
from nurture.model import Channel
from nurture.settings import ChannelConfig, Sender
from nurture.whatsapp import Button, Filled, WhatsAppMessage
from tests.support.channels import sms

SID, TOKEN, ANA = "AC" + "0" * 31 + "1", "a token", "+5511999990000"
CALLBACK = "https://news.example.com/hooks/twilio"
HELLO = sms(1, ANA, "Olá, Ana! 15% até sexta 😀 & mais + nada")
BUTTON = Button("url", "Acompanhar", "https://mail.volta.example/c/Xy", "c/Xy")
ORDER = Filled("pedido", "pt_BR", "utility", ("Ana", "1042"), (BUTTON,), "HX" + "1" * 32)
ON_WHATSAPP = {"to": f"whatsapp:{ANA}", "from_": "whatsapp:+15005550006"}


class Overheard(HttpClient):
    """What the SDK would send."""

    def __init__(self) -> None:
        super().__init__(None, False, None)
        self.request_made: dict[str, Any] = {}

    def request(self, method: str, url: str, *_: Any, **given: Any) -> Response:
        self.request_made = {"method": method, "url": url, **given}
        return Response(201, json.dumps({"sid": "SM1"}))


def asked_by_the_sdk(**message: str) -> dict[str, Any]:
    heard = Overheard()
    Client(SID, TOKEN, http_client=heard).messages.create(
        status_callback=f"{CALLBACK}?message={HELLO.key}", **message
    )
    return heard.request_made


MESSAGES = {
    "an sms": (HELLO, {"to": ANA, "from_": "+15005550006", "body": HELLO.body.decode()}),
    "through a service": (
        replace(HELLO, sender="MG" + "0" * 32),
        {"to": ANA, "messaging_service_sid": "MG" + "0" * 32, "body": HELLO.body.decode()},
    ),
    "a free text": (
        replace(HELLO, channel=Channel.WHATSAPP, body=WhatsAppMessage("Oi, Ana!").dump()),
        {**ON_WHATSAPP, "body": "Oi, Ana!"},
    ),
    "a template": (
        replace(HELLO, channel=Channel.WHATSAPP, body=WhatsAppMessage("Oi", ORDER).dump()),
        {
            **ON_WHATSAPP,
            "content_sid": "HX" + "1" * 32,
            "content_variables": '{"1": "Ana", "2": "1042", "3": "c/Xy"}',
        },
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_we_ask_what_the_sdk_asks(name: str) -> None:
    envelope, message = MESSAGES[name]
    sdk = asked_by_the_sdk(**message)
    provider = _provider(envelope)
    call = provider.call(envelope)
    assert (sdk["method"], sdk["url"]) == ("POST", provider.base + call.path)
    form = {field: values[0] for field, values in parse_qs(call.body.decode(), strict_parsing=True).items()}
    assert form == sdk["data"]
    assert base64.b64decode(call.headers["Authorization"].split()[1]).decode() == ":".join(sdk["auth"])
    assert call.headers["Content-Type"] == sdk["headers"]["Content-Type"]


def _provider(envelope: Envelope) -> Twilio:
    options = {"account": SID, "token": TOKEN, "callback": CALLBACK}
    return Twilio(ChannelConfig(envelope.channel, "twilio", Sender("+15005550006"), options))
