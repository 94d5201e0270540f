"""Providers that are asked over HTTPS, with the options and the proofs that tests need."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from nurture.channels import open_carrier, proof
from nurture.channels.api import Api
from nurture.channels.base import Webhook
from nurture.model import Channel
from nurture.settings import ChannelConfig
from tests.support.channels import SENDER

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://links.volta.example/webhooks"

SECRETS: Mapping[str, Mapping[str, str]] = {
    "sendgrid": {"key": "SG.test"},
    "postmark": {"token": "pm-token", "webhook_secret": SECRET},
    "resend": {"key": "re_test", "webhook_secret": SECRET},
    "brevo": {"key": "xkeysib-test", "webhook_secret": SECRET},
    "mailjet": {"key": "mj", "secret": "mj-secret", "webhook_secret": SECRET},
    "sparkpost": {"key": "sp-key", "webhook_secret": SECRET},
    "listmonk": {
        "api": "https://lists.volta.example",
        "user": "nurture",
        "token": "lm-token",
        "template": "3",
    },
}
# whose proof stands in the body
ENCLOSED: Mapping[str, Mapping[str, str]] = {
    "mailgun": {"key": "mg-key", "domain": "news.volta.example", "signing_key": SECRET},
}


@lru_cache
def _sendgrid_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def options(name: str) -> dict[str, str]:
    """What a provider needs to be opened, and to hear webhooks."""
    given = dict({**SECRETS, **ENCLOSED}[name])
    if name == "sendgrid":
        public = _sendgrid_key().public_key()
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        given["webhook_key"] = base64.b64encode(der).decode()
    return given


def open_provider(name: str, **more: str) -> Api:
    """The carrier of a mail provider."""
    carrier = open_carrier(ChannelConfig(Channel.EMAIL, name, SENDER, options(name) | more))
    assert isinstance(carrier, Api)
    return carrier


def headers(name: str, body: bytes, now: datetime, secret: str = SECRET) -> dict[str, str]:
    """The headers by which a provider proves a webhook."""
    at = str(int(now.timestamp()))
    if name == "sendgrid":
        key = _sendgrid_key() if secret == SECRET else ec.generate_private_key(ec.SECP256R1())
        signature = base64.b64encode(key.sign(at.encode() + body, ec.ECDSA(SHA256()))).decode()
        prefix = "x-twilio-email-event-webhook"
        return {f"{prefix}-timestamp": at, f"{prefix}-signature": signature}
    if name == "resend":
        id_ = "msg_2W2D3qXLS5fOaPja1GDg7rF2CwB"
        signature = proof.standard_signature(proof.standard_key(secret), id_, at, body)
        return {"svix-id": id_, "svix-timestamp": at, "svix-signature": signature}
    return {"authorization": f"Basic {base64.b64encode(f'nurture:{secret}'.encode()).decode()}"}


def proved(name: str, body: bytes, now: datetime) -> Webhook:
    """A webhook as the provider sends it."""
    return Webhook(f"{URL}/{name}", headers(name, body, now), body)
