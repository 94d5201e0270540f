"""SMS through Vonage's Messages API (https://developer.vonage.com/en/api/messages)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from nurture.channels.api import Answer, Api, Call, Provider, basic, posted, read, url
from nurture.channels.base import (
    Envelope,
    Features,
    Forged,
    Heard,
    Options,
    Outcome,
    Trouble,
    Webhook,
    accepted,
)
from nurture.channels.checking import Checked
from nurture.channels.phone import About, answered, with_plus, without_plus
from nurture.channels.proof import TOLERANCE, same
from nurture.channels.told import documents, instant, key, table, tables, text, together
from nurture.model import Channel
from nurture.settings import ChannelConfig

# https://developer.vonage.com/en/api-errors/messages
_CODES: dict[Trouble, tuple[int, ...]] = {
    # no number, or one that is no longer in use
    Trouble.INVALID_RECIPIENT: (1170, 1190),
    # "illegal number": the person answered STOP
    Trouble.OPTED_OUT: (1240,),
    Trouble.SUPPRESSED: (1050,),
    # absent for now, being ported, busy, a failure of the network, no route, unreachable, a plan without SMS, no
    # credit, none of the network's, a device that can't, unknown, expired
    Trouble.MAILBOX: (1180, 1200, 1220, 1230, 1250, 1260, 1280, 1290, 1300, 1310, 1330, 1360),
    # taken for spam, of an age, outside the window
    Trouble.POLICY: (1210, 1270, 1340),
    Trouble.CONTENT: (1010, 1020, 1021, 1022, 1040, 1090, 1130, 1150),
    # the account, the sender, what the account may do, a trial that writes to its own numbers only
    Trouble.SETUP: (1080, 1120, 1140, 1160),
    Trouble.AUTH: (1110, 1370),
    Trouble.QUOTA: (1060, 1070),
    Trouble.RATE: (1000, 1241),
    Trouble.SERVER: (1030, 1100),
}
_BY_CODE = {str(code): trouble for trouble, codes in _CODES.items() for code in codes}


def open_carrier(config: ChannelConfig) -> Api:
    """The carrier for the options that `Vonage` explains. Raises NurtureError."""
    return Api(Vonage(config))


class Vonage(Provider):
    """Options: key and secret (of the account), or application (an id) and private_key (what the key's file holds);
    callback (the public URL that hears what became of each message), signature_secret (checks webhooks)."""

    name = "vonage"
    api = "https://api.nexmo.com"
    known: ClassVar[tuple[str, ...]] = (
        "key",
        "secret",
        "application",
        "private_key",
        "callback",
        "signature_secret",
    )
    proved_by = "signature_secret"
    features = Features(
        tells=("delivered", "bounced", "replied"),
        proof="HMAC-SHA256 (a JWT)",
        notes="With key and secret, Vonage sends what it tells to the account's webhooks; with an application, to those"
        " of the application. No way is documented to have repeats dropped: `client_ref` only names the message in what"
        " Vonage tells of it.",
    )

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        self._authorization = _authorization(self.options)
        self._callback = url(self.options, "callback")
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
        if self._callback:
            asked |= {"webhook_url": self._callback, "webhook_version": "v1"}
        return posted("/v1/messages", asked, {"Authorization": self._authorization()})

    def question(self) -> Call | None:
        """With key and secret; the tokens of an application open nothing that could be asked.

        Source: https://developer.vonage.com/en/api/application.v2
        """
        if self.options.text("application"):
            return None
        return Call("/v2/applications?page_size=1", b"", {"Authorization": self._authorization()})

    def understood(self, answer: Answer) -> Checked:
        if answer.status == 401:
            advice = "Compare key and secret with the API settings of Vonage's dashboard."
            return Checked("vonage answers 401: it does not know key and secret", Trouble.AUTH, advice)
        return super().understood(answer)

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


def _authorization(options: Options) -> Callable[[], str]:
    """What says who we are, for each request anew. Raises NurtureError."""
    application = options.text("application")
    if application:
        return _Tokens(application, options.required("private_key", "${VONAGE_PRIVATE_KEY}"), options).header
    user, password = options.required("key", "a1b2c3d4"), options.required("secret", "${VONAGE_SECRET}")
    fixed = basic(user, password)
    return lambda: fixed


class _Tokens:
    """The tokens of an application (RFC 7519, RS256), each used until shortly before it ends.

    Source: https://developer.vonage.com/en/getting-started/concepts/authentication#json-web-tokens
    """

    _LASTS = 15 * 60  # seconds; a token is renewed after two thirds of them

    def __init__(self, application: str, pem: str, options: Options) -> None:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        self._application = application
        try:
            key = load_pem_private_key(pem.replace("\\n", "\n").strip().encode(), None)
        except (TypeError, ValueError):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise options.error("private_key must be what the private key's file of the application holds")
        self._key = key
        self._made, self._header = 0.0, ""

    def header(self) -> str:
        now = time.time()
        if not self._made <= now < self._made + self._LASTS * 2 / 3:
            self._header, self._made = f"Bearer {self._token(int(now))}", now
        return self._header

    def _token(self, now: int) -> str:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        claims = {"application_id": self._application, "iat": now, "exp": now + self._LASTS}
        parts = ({"alg": "RS256", "typ": "JWT"}, claims | {"jti": secrets.token_hex(16)})
        signed = ".".join(_unpadded(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{_unpadded(self._key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


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
            # rejected by the carrier, or no way to the carrier:
            # https://developer.vonage.com/en/messages/concepts/messages-status-callbacks
            unknown = Trouble.MAILBOX if note["status"] == "rejected" else Trouble.SERVER
            code = _code(table(note.get("error")))
            return about.failed(_BY_CODE.get(code, unknown), code)
    return about.taken()
