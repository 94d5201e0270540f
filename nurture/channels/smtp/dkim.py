"""DKIM signatures of finished messages (RFC 6376; Ed25519 by RFC 8463).

A signature is made of the message's bytes and the key alone. Its time is that of the Date header, and neither
algorithm throws dice: every attempt sends the same bytes. dkimpy would do, but takes 8 ms for each RSA signature;
the tests let it check ours.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache

from nurture.channels.smtp.keys import PrivateKey, algorithm, sign, size

# From once more than it is there (RFC 6376, 8.15): a second one breaks the signature.
SIGNED = (
    *("from", "from", "to", "reply-to", "subject", "date", "message-id"),
    *("list-unsubscribe", "list-unsubscribe-post", "mime-version", "content-type", "auto-submitted"),
)

_FOLD = re.compile(rb"\r\n(?=[ \t])")
_BLANKS = re.compile(rb"[ \t]+")
_RUNS = re.compile(rb"  +")
_LINE = 72


@dataclass(frozen=True, slots=True)
class Signer:
    """Who answers for a message: a domain, and the key whose other half stands in its DNS."""

    domain: str
    selector: str
    key: PrivateKey

    @property
    def room(self) -> int:
        """More octets than the field takes."""
        return 700 + len(self.domain) + len(self.selector) + size(self.key) // 5

    def field(self, headers: Sequence[tuple[str, bytes]], body_hash: str) -> bytes:
        """The DKIM-Signature for these headers, in their canonical form, and the hash of the body."""
        chosen = _chosen(headers)
        unsigned = "\r\n ".join(
            (
                f"DKIM-Signature: v=1; a={algorithm(self.key)}; c=relaxed/relaxed;",
                f"d={self.domain}; s={self.selector};{_time(headers)}",
                f"h={_colons([name for name, _ in chosen])};",
                f"bh={body_hash};",
                "b=",
            )
        ).encode()
        said = b"".join(line for _, line in chosen) + _relaxed_field(unsigned)[1]
        signature = base64.b64encode(sign(self.key, said)).decode()
        return unsigned + "\r\n ".join(_pieces(signature)).encode() + b"\r\n"


def signed(message: bytes, signers: Sequence[Signer]) -> bytes:
    """`message`, whose lines end in CRLF, with a signature of each signer before it."""
    head, _, body = message.partition(b"\r\n\r\n")
    headers = [_relaxed_field(line) for line in _FOLD.sub(b"", head).split(b"\r\n")]
    lines = [(name, line + b"\r\n") for name, line in headers]
    body_hash = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode()
    return b"".join([*(signer.field(lines, body_hash) for signer in signers), message])


def relaxed_body(body: bytes) -> bytes:
    """The body as it is hashed: blanks folded, none before a line's end, no empty lines at the end (3.4.4)."""
    # an expression for single blanks, too, takes twice as long
    body = _RUNS.sub(b" ", body.replace(b"\t", b" "))
    body = body.replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def _relaxed_field(line: bytes) -> tuple[str, bytes]:
    """A header's name in small letters, and its canonical line without an end (3.4.2)."""
    name, _, value = line.partition(b":")
    lower = name.strip().lower()
    return lower.decode("latin-1"), lower + b":" + _BLANKS.sub(b" ", _FOLD.sub(b"", value)).strip(b" ")


def _chosen(headers: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The headers to sign in the order of `SIGNED`; what is named once more than it is there stands empty."""
    there = dict(headers)
    found: list[tuple[str, bytes]] = []
    for name in SIGNED:
        if name in there:
            found.append((name, b"" if (name, there[name]) in found else there[name]))
    return found


def _time(headers: Sequence[tuple[str, bytes]]) -> str:
    date = dict(headers).get("date")
    return f" t={_seconds(date)};" if date else ""


@lru_cache(maxsize=64)
def _seconds(date: bytes) -> int:
    return int(parsedate_to_datetime(date.partition(b":")[2].decode()).timestamp())


def _colons(names: Sequence[str]) -> str:
    """Names with colons between them, on lines of a decent length."""
    lines = [""]
    for number, name in enumerate(names):
        more = name + (":" if number < len(names) - 1 else "")
        if len(lines[-1]) + len(more) > _LINE:
            lines.append("")
        lines[-1] += more
    return "\r\n ".join(lines)


def _pieces(text: str) -> list[str]:
    return [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
