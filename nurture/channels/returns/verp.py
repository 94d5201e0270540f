"""Return paths: an envelope sender of its own for each mail, so that a bounce names the mail that it is about.

Variable envelope return paths (VERP, https://cr.yp.to/proto/verp.txt): `bounces+TOKEN@shop.example`. The token is
the message's key, and 60 bits of an HMAC over it: nobody who has merely seen a Message-ID can write one. All of it
is in small letters and digits, because servers on the way may change capitals.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable

from nurture import digests

_SIGNED = 12  # characters of base32
_TOKEN = re.compile(rf"([a-z2-7]{{32}})([a-z2-7]{{{_SIGNED}}})")
_TOKEN_LENGTH = 32 + _SIGNED
_LOCAL_LENGTH = 64  # RFC 5321, 4.5.3.1.1
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*/=?^_`{|}~.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


def problem(base: str) -> str | None:
    """What is wrong with a return path as it is written in the settings; None: nothing."""
    local, _, _ = base.rpartition("@")
    if not _ADDRESS.fullmatch(base) or local.count("*") > 1:
        return f"return_path must be an address such as bounces@mail.shop.example, not {base!r}"
    if len(_split(base)[0]) + _TOKEN_LENGTH + len(_split(base)[1]) > _LOCAL_LENGTH:
        room = _LOCAL_LENGTH - _TOKEN_LENGTH - 1
        return (
            f"return_path is too long before the @: a key of {_TOKEN_LENGTH} signs goes in, so at most {room}"
        )
    return None


def _split(base: str) -> tuple[str, str, str]:
    """What stands before and after the token, and the domain. A `*` says where it goes; else it follows a `+`."""
    local, _, domain = base.rpartition("@")
    before, star, after = local.partition("*")
    return (before, after, domain) if star else (f"{local}+", "", domain)


def address(base: str, key: str, secret: bytes) -> str:
    """The envelope sender of the message with this key."""
    before, after, domain = _split(base)
    return f"{before}{key}{_signature(secret, key)}{after}@{domain}"


def _signature(secret: bytes, key: str) -> str:
    return digests.keyed(secret, "return path", key)[:_SIGNED]


def key_in(address: str, base: str, secrets: Iterable[bytes]) -> str | None:
    """The key of the message whose return path this is; None for another address and for a forged one."""
    before, after, domain = (part.lower() for part in _split(base))
    local, _, at = address.lower().rpartition("@")
    if at != domain or not local.startswith(before) or not local.endswith(after):
        return None
    found = _TOKEN.fullmatch(local[len(before) : len(local) - len(after)])
    if found is None:
        return None
    key, given = found.groups()
    signed = [hmac.compare_digest(_signature(secret, key), given) for secret in secrets]
    return key if any(signed) else None
