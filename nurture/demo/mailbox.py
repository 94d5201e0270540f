"""What the shop's people find in their mailboxes and on their phones: the outbox's files."""

from __future__ import annotations

import html
import os
import quopri
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from functools import cached_property
from pathlib import Path

from nurture.model import Channel

_SUFFIXES = {".eml": Channel.EMAIL, ".txt": Channel.SMS}
_LINKS = re.compile(r"https?://[^\s\"'<>]+")
_COUPON = re.compile(r"\b[A-Z]{3,}\d*-[A-Z0-9]{4,10}\b")


@dataclass(frozen=True)
class Mail:
    """One message as it arrived; it is opened only when somebody looks."""

    key: str  # its file's name: the send key
    channel: Channel
    path: Path

    @cached_property
    def _text(self) -> str:
        raw = self.path.read_bytes()
        if self.channel is Channel.SMS:
            return raw.decode()
        if b"\nContent-Transfer-Encoding: base64" in raw:
            parts = message_from_bytes(raw, policy=policy.default).walk()
            return "\n".join(part.get_content() for part in parts if part.get_content_maintype() == "text")
        return quopri.decodestring(raw).decode("utf-8", "replace")

    @cached_property
    def _links(self) -> list[str]:
        return list(dict.fromkeys(html.unescape(link) for link in _LINKS.findall(self._text)))

    def links(self, purpose: str) -> list[str]:
        """The links of a purpose: `c` to be clicked, `o` the picture, `s` the survey's scores."""
        return [link for link in self._links if f"/{purpose}/" in link]

    @property
    def coupon(self) -> str | None:
        """The code that stands in it."""
        found = _COUPON.search(self._text)
        return found.group() if found else None

    @property
    def unsubscribe(self) -> str | None:
        """Where a mail program's own button posts to (RFC 8058)."""
        header = str(message_from_bytes(self.path.read_bytes(), policy=policy.default)["List-Unsubscribe"])
        found = _LINKS.search(header)
        return found.group() if found else None


class Mailbox:
    """The folder that the outbox writes to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: set[str] = set()

    def new(self) -> list[Mail]:
        """The messages that have come since the last look, by name."""
        if not self._folder.is_dir():
            return []
        names = {name for name in os.listdir(self._folder) if name.endswith(tuple(_SUFFIXES))} - self._seen
        self._seen |= names
        return [self._mail(Path(name)) for name in sorted(names)]

    def _mail(self, name: Path) -> Mail:
        return Mail(name.stem, _SUFFIXES[name.suffix], self._folder / name)
