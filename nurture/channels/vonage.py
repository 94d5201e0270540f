"""SMS through Vonage's Messages API (https://developer.vonage.com/en/api/messages)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from nurture.channels.api import Answer, Api, Call, Provider, basic, posted, read
from nurture.channels.base import Envelope, Features, Forged, Heard, Outcome, Trouble, Webhook, accepted
from nurture.channels.phone import About, answered, with_plus, without_plus
from nurture.channels.proof import TOLERANCE, same
from nurture.channels.told import documents, instant, key, table, tables, text, together
from nurture.model import Channel
from nurture.settings import ChannelConfig

# https://developer.vonage.com/en/api-errors/messages
_CODES: dict[Trouble, tuple[int, ...]] = {
    # barred, missing, absent for good, illegal, none that can be routed to
    Trouble.INVALID_RECIPIENT: (1050, 1170, 1190, 1250, 1270),
    # absent for now, busy, no credit, of an age, unreachable
    Trouble.MAILBOX: (1180, 1230, 1280, 1290, 1310, 1360),
    # barred by the person or the carrier, taken for spam, outside the window
    Trouble.POLICY: (1200, 1220, 1300, 1340),
    Trouble.CONTENT: (1020, 1022, 1040, 1090, 1260),
    Trouble.SETUP: (1080, 1120, 1400, 1410, 1420),
    Trouble.AUTH: (1110,),
    Trouble.QUOTA: (1060, 1070),
    Trouble.RATE: (1000,),
    Trouble.SERVER: (1030, 1100, 1240),
}
_BY_CODE = {str(code): trouble for trouble, codes in _CODES.items() for code in codes}


def open_carrier(config: ChannelConfig) -> Api:
    """The carrier for the options that `Vonage` explains. Raises NurtureError."""
    return Api(Vonage(config))


class Vonage(Provider):
    """Options: key and secret (of the account), signature_secret (checks webhooks)."""

    name = "vonage"
    api = "https://api.nexmo.com"
    known: ClassVar[tuple[str, ...]] = ("key", "secret", "signature_secret")
    proved_by = "signature_secret"
    features = Features(tells=("delivered", "bounced", "replied"), proof="HMAC-SHA256 (a JWT)")

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        user, password = (
            self.options.required("key", "a1b2c3d4"),
            self.options.required("secret", "${VONAGE_SECRET}"),
        )
        self._headers = {"Authorization": basic(user, password)}
        self._signature_secret = self.options.text("signature_secret")

    def call(self, envelope: Envelope) -> Call:
        asked = {
            "message_type": "text",
            "channel": "sms",
            "from": without_plus(envelope.sender),
            "to": without_plus(envelope.recipient),
            "text": envelope.body.decode(),
            "client_ref": envelope.key,
        }
        return posted("/v1/messages", asked, self._headers)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        if answer.ok:
            return accepted(envelope, str(answer.status), text(answer.table.get("message_uuid")) or None)
        code = _code(answer.table)
        said = answer.table.get("detail") or answer.table.get("title")
        trouble = Trouble.INVALID_RECIPIENT if _is_about_the_number(answer.table) else _BY_CODE.get(code)
        return read(envelope, answer, code=code, said=said, trouble=trouble)

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        _verify(webhook, self._signature_secret, now)
        return together(_heard(note, now) for note in documents(webhook.body))


def _code(error: Mapping[str, Any]) -> str:
    """The number at the end of an error's `type`, which is the address of its page."""
    return text(error.get("type")).rpartition("#")[2] or text(error.get("title"))


def _is_about_the_number(error: Mapping[str, Any]) -> bool:
    return [each.get("name") for each in tables(error.get("invalid_parameters"))] == ["to"]


def _verify(webhook: Webhook, secret: str | None, now: datetime) -> None:
    """Raises Forged unless the request bears a JSON Web Token (RFC 7519, HS256) that names the body's SHA-256.

    Source: https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks
    """
    if not secret:
        raise Forged("no signature_secret is configured to check webhooks with")
    scheme, _, token = webhook.headers.get("authorization", "").partition(" ")
    head, _, rest = token.strip().partition(".")
    claims, _, given = rest.partition(".")
    made = hmac.digest(secret.encode(), f"{head}.{claims}".encode(), "sha256")
    if scheme.lower() != "bearer" or not same(given, _unpadded(made)) or _part(head).get("alg") != "HS256":
        raise Forged("the signature is missing or wrong")
    said = _part(claims)
    if not same(text(said.get("payload_hash")), hashlib.sha256(webhook.body).hexdigest()):
        raise Forged("the signature is of another body")
    issued = said.get("iat")
    if not isinstance(issued, (int, float)) or abs(now.timestamp() - issued) > TOLERANCE.total_seconds():
        raise Forged("the signature is too old, or its time lies ahead")


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _part(encoded: str) -> Mapping[str, Any]:
    try:
        return table(json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))))
    except (ValueError, binascii.Error):
        return {}


def _heard(note: Mapping[str, Any], now: datetime) -> Heard:
    provider_id, at = text(note.get("message_uuid")), instant(note.get("timestamp"), now)
    if "status" not in note:
        return answered(
            "vonage", Channel.SMS, with_plus(note.get("from")), text(note.get("text")), provider_id, at
        )
    ours = key(note.get("client_ref"))
    about = About("vonage", Channel.SMS, with_plus(note.get("to")), ours, provider_id, at)
    match note["status"]:
        case "delivered":
            return about.delivered()
        case "rejected" | "undeliverable":
            code = _code(table(note.get("error")))
            return about.failed(_BY_CODE.get(code, Trouble.MAILBOX), code)
    return about.taken()
