"""Keys for DKIM: made, read, and what the DNS says of them (RFC 6376, 3.6.1; RFC 8463)."""

from __future__ import annotations

import base64
import binascii
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
KINDS = ("rsa", "ed25519")
SHORTEST = 1024  # bits: who verifies refuses what is shorter (RFC 8301, 3.2)
_RSA_BITS = 2048
_PEM = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()


def make(kind: str) -> PrivateKey:
    """A new key: RSA of 2048 bits, or Ed25519."""
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)


def written(key: PrivateKey) -> bytes:
    """The key as PEM (PKCS #8), without a password."""
    return key.private_bytes(*_PEM)


def read(text: str) -> PrivateKey:
    r"""The key that `text` holds: PEM, where `\n` may stand for a line's end, or PEM's base64 alone.

    Raises ValueError, which says what is wrong with it.
    """
    try:
        found = _read(text.replace("\\n", "\n").strip().encode())
    except (TypeError, UnsupportedAlgorithm):
        raise ValueError("it is locked with a password: keys for DKIM have none") from None
    except (ValueError, binascii.Error):
        raise ValueError("it is no private key; `nurture dkim` makes one") from None
    if not isinstance(found, PrivateKey):
        raise ValueError("DKIM takes keys of RSA and Ed25519 alone")
    if isinstance(found, rsa.RSAPrivateKey) and found.key_size < SHORTEST:
        raise ValueError(f"its {found.key_size} bits are too few: nobody takes less than {SHORTEST}")
    return found


def _read(data: bytes) -> object:
    if data.startswith(b"-----"):
        return serialization.load_pem_private_key(data, None)
    return serialization.load_der_private_key(base64.b64decode(data, validate=True), None)


def algorithm(key: PrivateKey) -> str:
    """What a signature calls it."""
    return "rsa-sha256" if isinstance(key, rsa.RSAPrivateKey) else "ed25519-sha256"


def size(key: PrivateKey) -> int:
    """How many bits a signature has."""
    return key.key_size if isinstance(key, rsa.RSAPrivateKey) else 512


def sign(key: PrivateKey, data: bytes) -> bytes:
    """The signature of `data`: with the same key always the same."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    digest = hashes.Hash(hashes.SHA256())  # RFC 8463, 3: the hash is what is signed
    digest.update(data)
    return key.sign(digest.finalize())


def record(key: PrivateKey) -> str:
    """What the TXT record of the selector says: the key's public half."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return f"v=DKIM1; k=rsa; p={base64.b64encode(public.public_bytes(*form)).decode()}"
    return f"v=DKIM1; k=ed25519; p={base64.b64encode(public.public_bytes_raw()).decode()}"


def bits(kind: str, public: str) -> int:
    """How long the public key of a record is. Raises ValueError where it can't be read."""
    data = base64.b64decode("".join(public.split()), validate=True)
    if kind == "ed25519":
        return len(ed25519.Ed25519PublicKey.from_public_bytes(data).public_bytes_raw()) * 8
    found = serialization.load_der_public_key(data)
    if not isinstance(found, rsa.RSAPublicKey):
        raise ValueError("it is no key of RSA")
    return found.key_size
