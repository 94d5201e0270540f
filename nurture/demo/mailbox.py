"""What the shop's people find in their mailboxes and on their phones: the outbox's files."""

from __future__ import annotations

import html
import quopri
import re
from collections.abc import Collection
from dataclasses import dataclass
from email import message_from_bytes, policy
from functools import cached_property
from pathlib import Path

from nurture.channels.base import Envelope, Outcome, OutcomeKind, Prepared
from nurture.channels.outbox import Outbox
from nurture.model import Channel

_SUFFIXES = {".eml": Channel.EMAIL, ".txt": Channel.SMS}
_ENCODED = b"\nContent-Transfer-Encoding: base64"
_LINKS = re.compile(r"https?://[^\s\"'<>]+")
_FOLDED = re.compile(rb"=\r?\n")
_COUPON = re.compile(rb"\b[A-Z]{3,}\d*-[A-Z0-9]{4,10}\b")


@dataclass(frozen=True)
class Mail:
    """One message as it arrived; it is opened only when somebody looks."""

    key: str  # its file's name: the send key
    channel: Channel
    path: Path

    @cached_property
    def _raw(self) -> bytes:
        return self.path.read_bytes()

    @cached_property
    def _text(self) -> str:
        raw = self._raw
        if self.channel is Channel.SMS:
            return raw.decode()
        if _ENCODED in raw:
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
        """The code that stands in it: plain letters, which need no decoding but where a line was folded."""
        raw = self._text.encode() if _ENCODED in self._raw else _FOLDED.sub(b"", self._raw)
        found = _COUPON.search(raw)
        return found.group().decode() if found else None

    @property
    def unsubscribe(self) -> str | None:
        """Where a mail program's own button posts to (RFC 8058)."""
        header = str(message_from_bytes(self._raw, policy=policy.default)["List-Unsubscribe"])
        found = _LINKS.search(header)
        return found.group() if found else None


class Mailbox:
    """The messages that have come and that nobody has taken out yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._come: list[str] = []

    def put(self, name: str) -> None:
        """The file of this name has come."""
        self._come.append(name)

    def take(self) -> list[Mail]:
        """The messages that have come since the last time, by name."""
        come, self._come = sorted(set(self._come)), []
        return [self._mail(Path(name)) for name in come]

    def _mail(self, name: Path) -> Mail:
        return Mail(name.stem, _SUFFIXES[name.suffix], self._folder / name)


class Post(Outbox):
    """The outbox, which tells a mailbox of every message that it has written."""

    def __init__(self, folder: Path, channel: Channel, mailbox: Mailbox) -> None:
        super().__init__(folder, channel, fsync=False)
        self._mailbox = mailbox

    def hand_over(self, prepared: Prepared[Envelope], allowed: Collection[int]) -> list[Outcome]:
        outcomes = super().hand_over(prepared, allowed)
        for each in outcomes:
            if each.kind is OutcomeKind.ACCEPTED and each.provider_id:
                self._mailbox.put(each.provider_id)
        return outcomes
