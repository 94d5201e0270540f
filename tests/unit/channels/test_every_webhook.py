"""Every provider that sends webhooks: what is forged raises Forged, and what is odd says nothing, with the right proof."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from nurture.channels import PROVIDERS, aws, open_carrier
from nurture.channels.base import Carrier, Forged, Heard, Webhook
from nurture.channels.twilio.webhooks import signature
from nurture.settings import ChannelConfig, Sender
from tests.support import providers

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
TOPIC = "arn:aws:sns:sa-east-1:123456789012:volta"
AMAZON = {"region": "sa-east-1", "access_key": "AKIATEST", "secret_key": "s", "topic": TOPIC}
PHONES: Mapping[str, Mapping[str, str]] = {
    "meta": {"phone_number_id": "106540352242922", "token": "EAAG", "app_secret": providers.SECRET},
    "vonage": {"key": "abcd", "secret": "s", "signature_secret": providers.SECRET},
    "infobip": {"api": "https://x1.api.infobip.com", "key": "ib", "webhook_secret": providers.SECRET},
    "zenvia": {"token": "zv", "webhook_secret": providers.SECRET},
    "twilio": {"account": "AC" + "0" * 32, "token": providers.SECRET},
    "ses": AMAZON,
    "sns": AMAZON,
}
_KEY = rsa.generate_private_key(65537, 2048)


def by_header(name: str, body: bytes, secret: str) -> Webhook:
    return Webhook(f"{providers.URL}/{name}", providers.headers(name, body, NOW, secret), body)


def by_mailgun(name: str, body: bytes, secret: str) -> Webhook:
    at = str(int(NOW.timestamp()))
    given = hmac.new(secret.encode(), f"{at}token".encode(), hashlib.sha256).hexdigest()
    proof = json.dumps({"timestamp": at, "token": "token", "signature": given})
    return Webhook(
        f"{providers.URL}/{name}", {}, b'{"signature": %b, "event-data": %b}' % (proof.encode(), body)
    )


def by_meta(name: str, body: bytes, secret: str) -> Webhook:
    given = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Webhook(f"{providers.URL}/{name}", {"x-hub-signature-256": f"sha256={given}"}, body)


def by_vonage(name: str, body: bytes, secret: str) -> Webhook:
    claims = {"iat": int(NOW.timestamp()), "payload_hash": hashlib.sha256(body).hexdigest()}
    signed = b".".join(map(_url64, (b'{"alg": "HS256", "typ": "JWT"}', json.dumps(claims).encode())))
    token = b".".join((signed, _url64(hmac.digest(secret.encode(), signed, "sha256"))))
    return Webhook(f"{providers.URL}/{name}", {"authorization": f"Bearer {token.decode()}"}, body)


def _url64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def by_twilio(name: str, body: bytes, secret: str) -> Webhook:
    url, pairs = f"{providers.URL}/{name}", parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return Webhook(url, {"x-twilio-signature": signature(secret, url, pairs)}, body)


def by_amazon(name: str, body: bytes, secret: str) -> Webhook:
    said = {
        "Type": "Notification",
        "MessageId": "n1",
        "TopicArn": TOPIC,
        "Message": body.decode("utf-8", "replace"),
        "Timestamp": NOW.isoformat(),
        "SignatureVersion": "2",
        "SigningCertURL": "https://sns.sa-east-1.amazonaws.com/SimpleNotificationService-1.pem",
    }
    key = _KEY if secret == providers.SECRET else rsa.generate_private_key(65537, 2048)
    given = key.sign(aws.signed_text(said), padding.PKCS1v15(), hashes.SHA256())
    body = json.dumps({**said, "Signature": base64.b64encode(given).decode()}).encode()
    return Webhook(f"{providers.URL}/{name}", {}, body)


WEBHOOKS: Mapping[str, Callable[[str, bytes, str], Webhook]] = {
    **dict.fromkeys(
        ("sendgrid", "postmark", "resend", "brevo", "mailjet", "sparkpost", "infobip", "zenvia"), by_header
    ),
    "mailgun": by_mailgun,
    "meta": by_meta,
    "vonage": by_vonage,
    "twilio": by_twilio,
    "ses": by_amazon,
    "sns": by_amazon,
}
ODD = [
    b"null",
    b"[]",
    b"[[]]",
    b"{}",
    b'"a"',
    b"3",
    b'{"data": 1, "Metadata": [], "tags": {}, "mail": 1, "msys": 1, "event": {}, "message": [], "status": 3}',
    b'{"results": 3, "entry": [1, {"changes": 2}], "eventType": [], "bounce": "x", "messageStatus": 1, "from": {}}',
]


@pytest.fixture(autouse=True)
def certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Amazon's, for `_KEY`."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder(name, name, _KEY.public_key(), 1, NOW - timedelta(1), NOW + timedelta(9))
    pem = made.sign(_KEY, hashes.SHA256()).public_bytes(Encoding.PEM)
    monkeypatch.setattr(aws, "_fetch", lambda url: pem)
    aws._certificate.cache_clear()


def opened(name: str) -> Carrier:
    options = dict(PHONES[name]) if name in PHONES else providers.options(name)
    sender = Sender("+15005550006" if name in PHONES and name != "ses" else "oi@volta.example")
    return open_carrier(ChannelConfig(PROVIDERS[name][0], name, sender, options))


def test_every_provider_that_tells_something_is_here() -> None:
    quiet = {"outbox", "smtp", "listmonk", "http", "apprise"}
    assert set(WEBHOOKS) == set(PROVIDERS) - quiet
    for name in WEBHOOKS:
        carrier = opened(name)
        carrier.close()
        assert carrier.features.tells


@pytest.mark.parametrize("name", WEBHOOKS)
@pytest.mark.parametrize("body", ODD)
def test_what_is_odd_says_nothing_and_what_is_forged_does_not_get_in(name: str, body: bytes) -> None:
    carrier = opened(name)
    heard = carrier.parse_webhook(WEBHOOKS[name](name, body, providers.SECRET), NOW)
    assert replace(heard, seal=None) == Heard()
    with pytest.raises(Forged):
        carrier.parse_webhook(WEBHOOKS[name](name, body, "whsec_Z3Vlc3NlZCBieSBzb21lYm9keSBlbHNl"), NOW)
    with pytest.raises(Forged):
        carrier.parse_webhook(Webhook(f"{providers.URL}/{name}", {}, body), NOW)
    carrier.close()
