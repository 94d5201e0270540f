"""What proves a webhook, and what doesn't."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from nurture.channels import proof
from nurture.channels.base import Forged, Webhook

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
URL = "https://links.volta.example/webhooks/x"
BODY = b'{"a": "\xc3\xa9"}'
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def _webhook(body: bytes = BODY, url: str = URL, **headers: str) -> Webhook:
    return Webhook(url, {name.replace("_", "-"): value for name, value in headers.items()}, body)


# --- HMAC-SHA256: the test case 2 of RFC 4231 ------------------------------------------------

RFC = ("Jefe", b"what do ya want for nothing?")
HEX = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_hmac_by_the_rfc() -> None:
    proof.hmac_sha256(*RFC, HEX)
    proof.hmac_sha256(*RFC, HEX.upper())
    proof.hmac_sha256(*RFC, base64.b64encode(bytes.fromhex(HEX)).decode(), base64=True)


@pytest.mark.parametrize(
    "given", ["", HEX[:-1], f"{HEX[:-1]}4", "é", "\udce9", base64.b64encode(b"x" * 32).decode()]
)
@pytest.mark.parametrize("in_base64", [False, True])
def test_another_hmac_is_forged(given: str, in_base64: bool) -> None:
    with pytest.raises(Forged):
        proof.hmac_sha256(*RFC, given, base64=in_base64)


# --- Standard Webhooks: the example of its specification --------------------------------------

ID, AT = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
THEN = datetime.fromtimestamp(AT, UTC)
EXAMPLE = b'{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def _standard(
    at: str = str(AT), signature: str = SIGNED, body: bytes = EXAMPLE, prefix: str = "svix"
) -> Webhook:
    headers = {f"{prefix}-id": ID, f"{prefix}-timestamp": at, f"{prefix}-signature": signature}
    return Webhook(URL, headers, body)


def test_standard_webhooks_by_the_specification() -> None:
    assert proof.standard(SECRET, _standard(), THEN, "svix") == ID
    assert proof.standard(SECRET, _standard(prefix="webhook"), THEN) == ID


def test_one_of_several_signatures_is_enough() -> None:
    several = f"v1,{base64.b64encode(b'0' * 32).decode()} v1a,other {SIGNED}"
    assert proof.standard(SECRET, _standard(signature=several), THEN, "svix") == ID


FORGED = {
    "another body": (_standard(body=b"{}"), THEN),
    "no signature": (_standard(signature=""), THEN),
    "another version": (_standard(signature=SIGNED.replace("v1,", "v2,")), THEN),
    "another time": (_standard(at=str(AT + 1)), THEN),
    "no time": (_standard(at=""), THEN),
    "an odd time": (_standard(at="-1"), THEN),
    "digits of another script": (_standard(at="١٦١٤٢٦٥٣٣٠"), THEN),
    "too old": (_standard(), THEN + timedelta(minutes=5, seconds=1)),
    "from the future": (_standard(), THEN - timedelta(minutes=5, seconds=1)),
    "headers of another kind": (_standard(prefix="webhook"), THEN),
    "no headers": (_webhook(), THEN),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_standard_webhooks_refuse(name: str) -> None:
    webhook, now = FORGED[name]
    with pytest.raises(Forged):
        proof.standard(SECRET, webhook, now, "svix")


def test_five_minutes_are_allowed() -> None:
    for shift in (timedelta(minutes=5), timedelta(minutes=-5)):
        assert proof.standard(SECRET, _standard(), THEN + shift, "svix") == ID


# --- ECDSA -------------------------------------------------------------------------------------


def _public(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> str:
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def test_ecdsa() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    signature = base64.b64encode(private.sign(BODY, ec.ECDSA(SHA256()))).decode()
    key = _public(private.public_key())
    proof.ecdsa(key, BODY, signature)
    other = _public(ec.generate_private_key(ec.SECP256R1()).public_key())
    wrong = [
        (other, BODY, signature),
        (key, BODY + b" ", signature),
        (key, BODY, ""),
        (key, BODY, signature[:-4]),
        (key, BODY, "é"),
        ("no key", BODY, signature),
        (_public(rsa.generate_private_key(65537, 2048).public_key()), BODY, signature),
    ]
    for case in wrong:
        with pytest.raises(Forged):
            proof.ecdsa(*case)


# --- a shared secret -----------------------------------------------------------------------------


def _basic(password: str) -> str:
    return f"Basic {base64.b64encode(f'nurture:{password}'.encode()).decode()}"


PROVED = {
    "the password": _webhook(authorization=_basic("s3cret+/:é")),
    "a bearer token": _webhook(authorization="Bearer s3cret+/:é"),
    "in the address": _webhook(url=f"{URL}?token=s3cret%2B%2F%3A%C3%A9"),
    "beside a wrong one": _webhook(url=f"{URL}?token=x&token=s3cret%2B%2F%3A%C3%A9"),
}
UNPROVED = {
    "nothing": _webhook(),
    "another password": _webhook(authorization=_basic("secret")),
    "the user's name": _webhook(authorization=f"Basic {base64.b64encode('s3cret+/:é:x'.encode()).decode()}"),
    "no base64": _webhook(authorization="Basic %%%"),
    "no letters": _webhook(authorization=f"Basic {base64.b64encode(bytes([255, 58, 255])).decode()}"),
    "another scheme": _webhook(authorization="Digest s3cret+/:é"),
    "an empty token": _webhook(url=f"{URL}?token="),
    "another token": _webhook(url=f"{URL}?token=s3cret"),
}


@pytest.mark.parametrize("webhook", PROVED.values(), ids=PROVED)
def test_a_shared_secret_proves(webhook: Webhook) -> None:
    proof.shared("s3cret+/:é", webhook)


@pytest.mark.parametrize("webhook", UNPROVED.values(), ids=UNPROVED)
def test_what_a_shared_secret_refuses(webhook: Webhook) -> None:
    with pytest.raises(Forged):
        proof.shared("s3cret+/:é", webhook)


@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_nothing_gets_in(secret: str | None) -> None:
    with pytest.raises(Forged, match="no secret"):
        proof.shared(secret, _webhook(url=f"{URL}?token="))
    with pytest.raises(Forged, match="no secret"):
        proof.hmac_sha256(secret, b"", "")
    with pytest.raises(Forged, match="no secret"):
        proof.standard(secret, _standard(), THEN, "svix")
    with pytest.raises(Forged, match="no secret"):
        proof.ecdsa(secret, b"", "")
