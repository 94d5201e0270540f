"""Making a key of the API. Nothing keeps the key itself: nurture.yaml has its hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from nurture.app.api_options import LONGEST_NAME
from nurture.options.values import NAME
from nurture.problems import NurtureError
from nurture.settings import Scope

PREFIX = "nurture_"  # by which a key that was published by mistake is found
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Made:
    """A key, and what nurture.yaml is to say of it."""

    key: str
    lines: str


def make(name: str, may: Collection[Scope]) -> Made:
    """A key of 256 bits. Raises NurtureError for what is no key's name."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise NurtureError(f"{name!r} is not a key's name: small letters, digits and hyphens, such as shop")
    key = PREFIX + secrets.token_urlsafe(_BYTES)
    scopes = ", ".join(each.value for each in Scope if each in may)
    return Made(key, f'api:\n  keys:\n    {name}: {{sha256: "{digest(key).hex()}", may: [{scopes}]}}\n')


def digest(key: str) -> bytes:
    """What a key is known by. It has 256 bits of chance, so that nothing slower than SHA-256 is called for."""
    return hashlib.sha256(key.encode()).digest()
