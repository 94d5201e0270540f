"""What Twilio tells us: delivery reports and answers by SMS."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from nurture.channels.base import MEANINGS, Forged, Heard, OutcomeKind, Receipt, Stop, Trouble, Webhook
from nurture.channels.keywords import is_stop
from nurture.channels.twilio.codes import by_code
from nurture.model import Channel, NewEvent, Person

KEY_PARAMETER = "message"  # of the callback URL: names our message
_FAILED = ("undelivered", "failed")


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
    if not hmac.compare_digest(given.encode(), signature(token, webhook.url, pairs).encode()):
        raise Forged("the signature is missing or wrong")


def _status(parameters: Mapping[str, str], key: str | None, now: datetime) -> Heard:
    provider_id, status = parameters.get("MessageSid", ""), parameters["MessageStatus"]
    receipts = (Receipt(key, provider_id),) if key else ()
    payload: dict[str, object] = {"provider_id": provider_id}
    if status in _FAILED:
        payload |= _failure(parameters.get("ErrorCode", ""))
        name = "sms_bounced"
    elif status == "delivered":
        name = "sms_delivered"
    else:
        return Heard(receipts=receipts)
    person = Person(phone=parameters.get("To"))
    event = NewEvent(name, person, now, "twilio", f"{provider_id}:{name}", payload, message_key=key)
    return Heard((event,), receipts=receipts)


def _failure(code: str) -> dict[str, object]:
    meaning = MEANINGS[by_code(code) or Trouble.MAILBOX]
    return {
        "code": code,
        "reason": meaning.words,
        "permanent": meaning.kind is OutcomeKind.REFUSED,
        "suppress": meaning.suppress,
    }


def _inbound(parameters: Mapping[str, str], now: datetime) -> Heard:
    text, provider_id = parameters["Body"], parameters.get("MessageSid", "")
    person = Person(phone=parameters.get("From"))
    payload = {"text": text, "provider_id": provider_id}
    event = NewEvent("sms_replied", person, now, "twilio", f"{provider_id}:sms_replied", payload)
    wants_out = parameters.get("OptOutType") == "STOP" or is_stop(text)
    stops = (Stop(person, Channel.SMS, "answer by SMS"),) if wants_out else ()
    return Heard((event,), stops, respond=_twiml)


def _twiml(text: str | None) -> tuple[str, str]:
    """An answer in Twilio's markup: what it is to say to the person, if anything."""
    said = f"<Message>{escape(text)}</Message>" if text else ""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>', "text/xml"
