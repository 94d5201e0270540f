"""Stable hashes: the same person falls to the same side at each replay, on each machine.

Keyed ones (addresses, send keys) need the workspace's secret, so that nobody can try addresses against
them; unkeyed ones only spread people evenly.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

PRIME = 2_147_483_647  # 2**31 - 1
WHOLE = 10_000  # shares are counted in hundredths of a percent
# base32 two letters at a time, for a key is made for every message: half of what `base64.b32encode` takes
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [one + other for one in _LETTERS for other in _LETTERS]


def hash31(text: str) -> int:
    """A number from 0 to 2**31 - 2 that stands for `text`."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % PRIME


@lru_cache(maxsize=4096)
def multipliers(salt: str) -> tuple[int, int]:
    """The pair (a, b) that makes `salt`'s own permutation of `hash31` values."""
    digest = hashlib.blake2b(salt.encode(), digest_size=16).digest()
    return 1 + int.from_bytes(digest[:8], "big") % (PRIME - 1), int.from_bytes(digest[8:], "big") % PRIME


def bucket(salt: str, hashed: int) -> int:
    """Where `hashed` falls for `salt`: 0 to 9,999. The store does the same arithmetic in SQL."""
    a, b = multipliers(salt)
    return (hashed * a + b) % PRIME % WHOLE


def fraction(*parts: str) -> float:
    """A number in [0, 1) that stands for these words."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)


def keyed(secret: bytes, *parts: str) -> str:
    """A keyed digest in lower-case base32, 32 characters: 160 bits."""
    digest = hmac.digest(secret, "\x1f".join(parts).encode(), "sha256")[:20]
    number = int.from_bytes(digest, "big")
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(150, -1, -10)])


def address(secret: bytes, kind: str, value: str) -> str:
    """What stays of an e-mail address or phone number after erasure."""
    return keyed(secret, "address", kind, value)


def send_key(
    secret: bytes, journey: str, ref: str, key: str, anchor: str, step: str, channel: str, slot: int
) -> str:
    """The identity of a message: the same whenever the same step of the same run decides to send it."""
    return keyed(secret, "send", journey, ref, key, anchor, step, channel, str(slot))
