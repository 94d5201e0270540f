"""What Twilio tells us: delivery reports and answers by SMS."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from nurture.channels.base import Forged, Heard, Trouble, Webhook
from nurture.channels.phone import About, answered, with_plus
from nurture.channels.proof import same
from nurture.channels.twilio.codes import by_code
from nurture.model import Channel

WHATSAPP = "whatsapp:"  # before a number that is meant on WhatsApp
KEY_PARAMETER = "message"  # of the callback URL: names our message
_FAILED = ("undelivered", "failed")
_NOTHING = ('<?xml version="1.0" encoding="UTF-8"?><Response></Response>', "text/xml")  # for Twilio to say


def heard(webhook: Webhook, token: str | None, now: datetime) -> Heard:
    """A status callback or an inbound message. Raises Forged unless `token` signed it."""
    pairs = parse_qsl(webhook.body.decode("utf-8", "replace"), keep_blank_values=True)
    verify(webhook, pairs, token)
    parameters = dict(pairs)
    if "MessageStatus" in parameters:
        return _status(parameters, dict(parse_qsl(urlsplit(webhook.url).query)).get(KEY_PARAMETER), now)
    if "Body" in parameters:
        return _inbound(parameters, now)
    return Heard()


def signature(token: str, url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Twilio's signature: HMAC-SHA1 over the URL and the sorted parameters, in base64.

    Source: https://www.twilio.com/docs/usage/security#validating-requests
    """
    signed = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1)).decode()


def verify(webhook: Webhook, pairs: Iterable[tuple[str, str]], token: str | None) -> None:
    """Raises Forged unless the request bears the signature that `token` gives."""
    if not token:
        raise Forged("no token is configured to check signatures with")
    given = webhook.headers.get("x-twilio-signature", "")
    if not same(given, signature(token, webhook.url, pairs)):
        raise Forged("the signature is missing or wrong")


def _status(parameters: Mapping[str, str], key: str | None, now: datetime) -> Heard:
    status, whom = parameters["MessageStatus"], parameters.get("To", "")
    provider_id = parameters.get("MessageSid", "")
    about = About("twilio", _channel(whom), with_plus(whom), key, provider_id, now)
    if status in _FAILED:
        code = parameters.get("ErrorCode", "")
        return about.failed(by_code(code) or Trouble.MAILBOX, code)
    if status == "delivered":
        return about.delivered()
    return about.read() if status == "read" else about.taken()


def _channel(address: str) -> Channel:
    return Channel.WHATSAPP if address.startswith(WHATSAPP) else Channel.SMS


def _inbound(parameters: Mapping[str, str], now: datetime) -> Heard:
    whose, provider_id = parameters.get("From", ""), parameters.get("MessageSid", "")
    text = parameters.get("ButtonText") or parameters["Body"]
    asked = parameters.get("OptOutType")
    heard = answered(
        "twilio",
        _channel(whose),
        with_plus(whose),
        text,
        provider_id,
        now,
        stop=asked == "STOP",
        start=asked == "START",
        helped=asked == "HELP",
    )
    return replace(heard, reply=_NOTHING)
