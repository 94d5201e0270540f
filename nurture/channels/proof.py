"""How webhooks prove where they come from. Each raises Forged unless the request is the provider's.

What is signed are the raw bytes, secrets are compared in constant time, and where none is configured nothing
gets in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from nurture.channels.base import Forged, Webhook

TOLERANCE = timedelta(minutes=5)  # between a signature's time and ours, either way
_NO_SECRET = "no secret is configured to check webhooks with"
_WRONG = "the signature is missing or wrong"


def same(given: str, right: str) -> bool:
    """Whether two texts are equal, in a time that doesn't tell where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), right.encode())


def timely(at: str, now: datetime, tolerance: timedelta = TOLERANCE) -> None:
    """Raises Forged unless `at`, in seconds since 1970, is close to now: an old request is a replayed one."""
    if not at.isascii() or not at.isdigit() or len(at) > 12:
        raise Forged("the signature has no time")
    if abs(now.timestamp() - int(at)) > tolerance.total_seconds():
        raise Forged("the signature is too old, or its time lies ahead")


def hmac_sha256(secret: str | None, signed: bytes, given: str, *, base64: bool = False) -> None:
    """An HMAC-SHA256 of `signed`, as hexadecimal digits or in base64."""
    if not secret:
        raise Forged(_NO_SECRET)
    made = hmac.digest(secret.encode(), signed, hashlib.sha256)
    if not same(given.strip() if base64 else given.strip().lower(), _base64(made) if base64 else made.hex()):
        raise Forged(_WRONG)


def standard_key(secret: str) -> bytes:
    """The key that a secret of Standard Webhooks stands for: base64 behind `whsec_`, else its own bytes."""
    if secret.startswith("whsec_"):
        with suppress(binascii.Error):
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    return secret.encode()


def standard_signature(key: bytes, id_: str, at: str, body: bytes) -> str:
    """A signature as Standard Webhooks has it (https://www.standardwebhooks.com)."""
    return f"v1,{_base64(hmac.digest(key, f'{id_}.{at}.'.encode() + body, hashlib.sha256))}"


def standard(secret: str | None, webhook: Webhook, now: datetime, prefix: str = "webhook") -> str:
    """The id of a request signed after Standard Webhooks, or by Svix with `prefix` svix.

    It may bear several signatures, for a secret that is being changed; one that is right is enough.
    """
    if not secret:
        raise Forged(_NO_SECRET)
    id_, at, given = (
        webhook.headers.get(f"{prefix}-{name}", "") for name in ("id", "timestamp", "signature")
    )
    timely(at, now)
    right = standard_signature(standard_key(secret), id_, at, webhook.body)
    if not any([same(each, right) for each in given.split()]):
        raise Forged(_WRONG)
    return id_


def ecdsa(key: str | None, signed: bytes, given: str) -> None:
    """An ECDSA signature on P-256 with SHA-256, in base64; `key` is the public key, in base64 too (DER)."""
    if not key:
        raise Forged(_NO_SECRET)
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        public = load_der_public_key(base64.b64decode(key))
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise Forged("the key that is configured is none for ECDSA")
        public.verify(base64.b64decode(given), signed, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):  # binascii.Error is a ValueError
        raise Forged(_WRONG) from None


def shared(secret: str | None, webhook: Webhook) -> None:
    """A secret that the provider sends along, since it signs nothing: the password of basic authentication, a bearer
    token, or `?token=` of the webhook's address."""
    if not secret:
        raise Forged(_NO_SECRET)
    if not any([same(each, secret) for each in _given(webhook)]):
        raise Forged("the secret is missing or wrong")


def _given(webhook: Webhook) -> Sequence[str]:
    scheme, _, credentials = webhook.headers.get("authorization", "").partition(" ")
    found = parse_qs(urlsplit(webhook.url).query).get("token", [])
    if scheme.lower() == "bearer":
        found.append(credentials.strip())
    if scheme.lower() == "basic":
        with suppress(ValueError):
            found.append(base64.b64decode(credentials).decode().partition(":")[2])
    return found


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
