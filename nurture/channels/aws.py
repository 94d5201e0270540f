"""What the services of Amazon have in common: signed requests, and notifications whose signature is checked.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (Signature
Version 4) and https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

from nurture.channels.base import Forged, Options, Webhook
from nurture.channels.told import document

OPTIONS = ("region", "access_key", "secret_key", "session_token")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_HOST = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
_OLDEST = timedelta(hours=1)  # Amazon tries a notification again for that long
_TIMEOUT = 10.0
_LARGEST = 64 * 1024
Fetch: TypeAlias = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks, and in which region. Temporary ones bear a token."""

    region: str
    access_key: str
    secret_key: str
    session_token: str | None = None


def credentials(options: Options) -> Credentials:
    """The credentials of a channel. Raises NurtureError."""
    region = options.required("region", "sa-east-1")
    if not _REGION.fullmatch(region):
        raise options.error(f"region must be one of Amazon's, such as sa-east-1, not {region!r}")
    return Credentials(
        region,
        options.token("access_key", "${AWS_ACCESS_KEY_ID}"),
        options.required("secret_key", "${AWS_SECRET_ACCESS_KEY}"),
        options.token("session_token", "${AWS_SESSION_TOKEN}") if options.text("session_token") else None,
    )


def signed(
    who: Credentials,
    service: str,
    base: str,
    path: str,
    body: bytes,
    content_type: str,
    at: datetime,
    method: str = "POST",
) -> dict[str, str]:
    """The headers of a request with its signature (Signature Version 4). A query behind `path` has its names in order."""
    parts = urlsplit(base)
    resource, _, query = path.partition("?")
    day, instant = f"{at.astimezone(UTC):%Y%m%d}", f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    headers = {"content-type": content_type, "host": parts.netloc, "x-amz-date": instant}
    if who.session_token:
        headers["x-amz-security-token"] = who.session_token
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    asked = f"{method}\n{parts.path}{resource}\n{query}\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{who.region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{instant}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
    key = f"AWS4{who.secret_key}".encode()
    for part in (day, who.region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={who.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


# --- notifications ---------------------------------------------------------------------------


def notification(webhook: Webhook, topics: frozenset[str], now: datetime, fetch: Fetch | None = None) -> Any:
    """What a notification of Amazon SNS says, as JSON. An offer to subscribe is taken and says nothing.

    Raises Forged unless it is signed by Amazon, fresh, and of one of our `topics` (their ARNs): whoever has an
    account there can have Amazon sign a notification of a topic of his own.
    """
    said = document(webhook.body)
    if said.get("TopicArn") not in topics:
        raise Forged("the notification is of a topic that the channel's `topic` does not name")
    _verify(said, fetch or _fetch)
    _fresh(str(said.get("Timestamp", "")), now)
    if said["Type"] == "SubscriptionConfirmation":
        (fetch or _fetch)(_amazons(str(said.get("SubscribeURL", ""))))
        return {}
    return document(str(said.get("Message", "")).encode())


_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}


def signed_text(said: Mapping[str, Any]) -> bytes:
    """What the signature of a notification is over: its names and values, each on a line of its own."""
    names = _SIGNED.get(str(said.get("Type")), ())
    return "".join(f"{name}\n{said[name]}\n" for name in names if said.get(name) is not None).encode()


def _verify(said: Mapping[str, Any], fetch: Fetch) -> None:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    ways: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}
    way, text = ways.get(str(said.get("SignatureVersion"))), signed_text(said)
    if way is None or not text:
        raise Forged("the notification bears no signature that we know")
    pem = _certificate(_amazons(str(said.get("SigningCertURL", ""))), fetch)
    try:
        key = x509.load_pem_x509_certificate(pem).public_key()
        given = base64.b64decode(str(said.get("Signature", "")), validate=True)
        if not isinstance(key, rsa.RSAPublicKey):
            raise Forged("the certificate has no RSA key")
        key.verify(given, text, padding.PKCS1v15(), way)
    except (InvalidSignature, ValueError) as failure:
        raise Forged("the signature is wrong") from failure


def _amazons(url: str) -> str:
    """This address, if it is Amazon's own. Raises Forged."""
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.netloc != parts.hostname or not _HOST.fullmatch(parts.hostname or ""):
        raise Forged("the notification leads to an address that is not Amazon's")
    return url


@lru_cache(maxsize=8)
def _certificate(url: str, fetch: Fetch) -> bytes:
    return fetch(url)


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _fetch(url: str) -> bytes:
    try:
        with build_opener(_Stay).open(url, timeout=_TIMEOUT) as answer:
            found: bytes = answer.read(_LARGEST)
    except OSError as failure:
        raise Forged(f"Amazon's address did not answer ({type(failure).__name__})") from failure
    return found


def _fresh(written: str, now: datetime) -> None:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise Forged("the notification has no time") from None
    if at.tzinfo is None or abs(now - at) > _OLDEST:
        raise Forged("the notification is too old")
