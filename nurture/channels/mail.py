"""A finished mail, read back for providers that want its parts and not its bytes.

What the renderer built (RFC 5322, RFC 2047, quoted-printable) comes back as the values that it was built of.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr

from nurture.channels.api import Unfit

_FOLD = re.compile(r"\r?\n[ \t]")
# of the frame: a provider makes them itself, or has a place of its own for them
_FRAME = frozenset(
    ("from", "to", "reply-to", "subject", "date", "mime-version", "content-type", "content-transfer-encoding")
)
_KEY = re.compile(r"<([A-Za-z0-9_-]{1,200})@[^<>\s]+>")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address, and the name beside it or an empty string."""

    address: str
    name: str = ""

    @property
    def written(self) -> str:
        """As it stands in a header, in Unicode: `"Ana & Bia" <ana@example.com>`."""
        escaped = self.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{self.address}>' if self.name else self.address


@dataclass(frozen=True, slots=True)
class Mail:
    """The parts of a mail to one recipient. `text` and `html` have `\\n` at the end of their lines."""

    sender: Mailbox
    to: Mailbox
    subject: str
    text: str = ""
    html: str = ""
    reply_to: Mailbox | None = None
    date: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)  # all others: Message-ID, List-Unsubscribe, ...

    @property
    def marketing(self) -> bool:
        """Whether one can unsubscribe from it."""
        return "List-Unsubscribe" in self.headers

    def others(self, *but: str) -> dict[str, str]:
        """The headers that a provider has no place of its own for, except those that it refuses."""
        return {name: value for name, value in self.headers.items() if name not in but}


def read(raw: bytes) -> Mail:
    """The parts of a mail. Raises Unfit for one that has something else than a text and its HTML."""
    head = _head(raw)
    named = {name.lower(): value for name, value in head.items()}
    if not named.get("from") or not named.get("to"):
        raise Unfit("The mail names no sender or no recipient.")
    bodies = dict(_bodies(email.message_from_bytes(raw)))
    return Mail(
        _mailbox(named["from"]),
        _mailbox(named["to"]),
        _decoded(named.get("subject", "")),
        bodies.get("text/plain", ""),
        bodies.get("text/html", ""),
        _mailbox(named["reply-to"]) if named.get("reply-to") else None,
        named.get("date", ""),
        {name: _decoded(value) for name, value in head.items() if name.lower() not in _FRAME},
    )


def said_in_head(raw: bytes) -> list[str]:
    """What its headers say, in Unicode."""
    return [_decoded(value) for value in _head(raw).values()]


def refuse_marks(provider: str, marks: Sequence[str], texts: Iterable[str]) -> None:
    """Raises Unfit where a text holds one of the marks behind which the provider fills something in: what a contact is
    called must not be a template."""
    for found in (mark for text in texts for mark in marks if mark in text):
        raise Unfit(
            f"{provider} would take what stands behind {found} for a value to fill in. Write it otherwise."
        )


def key_in(message_id: str) -> str | None:
    """The message's key in a Message-ID of ours, with or without its brackets."""
    found = _KEY.fullmatch(f"<{message_id.strip().strip('<>')}>")
    return found[1] if found else None


def _head(raw: bytes) -> dict[str, str]:
    """Names and values on one line, encoded-words as they stand (UTF-8 as it is: RFC 6532)."""
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0].decode("utf-8", "replace")
    lines = (line.partition(":") for line in _FOLD.sub(" ", head).split("\n"))
    return {name: value.strip() for name, _, value in lines}


def _mailbox(value: str) -> Mailbox:
    name, address = parseaddr(value)
    if "@" not in address:
        raise Unfit("The mail has an address that cannot be read.")
    return Mailbox(address, _decoded(name))


def _decoded(value: str) -> str:
    if "=?" not in value:
        return value
    return "".join(
        text if isinstance(text, str) else text.decode(charset or "ascii", "replace")
        for text, charset in decode_header(value)
    )


def _bodies(message: Message) -> Iterator[tuple[str, str]]:
    for part in message.walk():
        kind = part.get_content_type()
        if part.is_multipart():
            continue
        if kind not in ("text/plain", "text/html") or part.get_filename():
            raise Unfit(f"The mail has a part of the kind {kind}, which this provider gets no place for.")
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            text = content.decode(part.get_content_charset() or "utf-8", "replace")
            yield kind, text.replace("\r\n", "\n")
