"""A small IMAP server (RFC 3501) with one mailbox, in threads of this process, over a real socket.

`heard` keeps each command; `before` is called with a command's name and may cut the line by raising `Cut`.
"""

from __future__ import annotations

import base64
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

USER, PASSWORD = "bounces@volta.example", "segredo"
_REFUSED = b'{"status": "400"}'
_PARTIAL = re.compile(r"BODY\.PEEK\[\]<0\.(\d+)>")


class Cut(Exception):
    """The line is closed without an answer."""


@dataclass
class Kept:
    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class Imap:
    """What is in the mailbox, by UID, and how the server behaves."""

    port: int = 0
    mails: dict[int, Kept] = field(default_factory=dict)
    validity: int = 7
    folder: str = "INBOX"
    uidplus: bool = True
    tokens: set[str] = field(default_factory=set)  # of OAuth 2; then a password is none
    heard: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda command: None
    _next: int = 1

    def put(self, *raws: bytes) -> list[int]:
        """New mails; their UIDs."""
        uids = list(range(self._next, self._next + len(raws)))
        self.mails.update(zip(uids, map(Kept, raws), strict=True))
        self._next += len(raws)
        return uids

    def unread(self) -> list[int]:
        return [uid for uid, mail in self.mails.items() if "\\Seen" not in mail.flags]


class _Session(socketserver.StreamRequestHandler):
    imap: ClassVar[Imap]

    def handle(self) -> None:
        self.say("* OK ready")
        try:
            while line := self.rfile.readline():
                tag, _, rest = line.decode().strip().partition(" ")
                command = " ".join(rest.split()[: 2 if rest.upper().startswith("UID ") else 1]).upper()
                self.imap.heard.append(rest)
                self.imap.before(command)
                answer = getattr(self, command.lower().replace(" ", "_"), None)
                self.say(f"{tag} {answer(rest) if answer else 'BAD what?'}")
                if command == "LOGOUT":
                    return
        except (Cut, ConnectionError):
            pass

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def capability(self, rest: str) -> str:
        self.say(f"* CAPABILITY IMAP4rev1{' UIDPLUS' if self.imap.uidplus else ''}")
        return "OK done"

    def login(self, rest: str) -> str:
        if self.imap.tokens:
            return "NO LOGIN is disabled"
        return "OK done" if rest == f'LOGIN {USER} "{PASSWORD}"' else "NO wrong user or password"

    def authenticate(self, rest: str) -> str:
        """XOAUTH2, as Gmail and Microsoft have it: a refusal is explained in a challenge."""
        self.say("+ ")
        given = base64.b64decode(self.rfile.readline()).decode()
        if given in {f"user={USER}\1auth=Bearer {token}\1\1" for token in self.imap.tokens}:
            return "OK done"
        self.say(f"+ {base64.b64encode(_REFUSED).decode()}")
        return "NO AUTHENTICATE failed" if self.rfile.readline() == b"\r\n" else "BAD what?"

    def select(self, rest: str) -> str:
        if rest != f'SELECT "{self.imap.folder}"':
            return "NO no such folder"
        self.say(f"* {len(self.imap.mails)} EXISTS")
        self.say(f"* OK [UIDVALIDITY {self.imap.validity}]")
        return "OK [READ-WRITE]"

    def uid_search(self, rest: str) -> str:
        words = rest.split()[2:]
        chosen = self._set(words[words.index("UID") + 1])
        found = [uid for uid in chosen if "UNSEEN" not in words or uid in self.imap.unread()]
        self.say(f"* SEARCH {' '.join(map(str, found))}".rstrip())
        return "OK done"

    def uid_fetch(self, rest: str) -> str:
        if rest.endswith("(UID)"):
            found = enumerate(self._set(rest.split()[2]), 1)
            self.wfile.write("".join(f"* {place} FETCH (UID {uid})\r\n" for place, uid in found).encode())
            return "OK done"
        length = int(_PARTIAL.search(rest)[1])  # type: ignore[index]
        for uid in self._set(rest.split()[2]):
            raw = self.imap.mails[uid].raw[:length]
            self.wfile.write(
                f"* {uid} FETCH (UID {uid} BODY[]<0> {{{len(raw)}}}\r\n".encode() + raw + b")\r\n"
            )
        return "OK done"

    def uid_store(self, rest: str) -> str:
        for uid in self._set(rest.split()[2]):
            self.imap.mails[uid].flags |= set(re.findall(r"\\\w+", rest))
        return "OK done"

    def uid_expunge(self, rest: str) -> str:
        for uid in self._set(rest.split()[2]):
            if "\\Deleted" in self.imap.mails[uid].flags:
                del self.imap.mails[uid]
        return "OK done"

    def logout(self, rest: str) -> str:
        self.say("* BYE")
        return "OK done"

    def _set(self, written: str) -> list[int]:
        """`2,4:6` and `9:*`, which names the last one even if that is 8."""
        last = max(self.imap.mails, default=0)
        found: set[int] = set()
        for each in written.split(","):
            ends = [last if end == "*" else int(end) for end in each.split(":")]
            found |= {uid for uid in self.imap.mails if min(ends) <= uid <= max(ends)}
        return sorted(found)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True


@contextmanager
def serving() -> Iterator[Imap]:
    """A server with an empty mailbox until the block ends."""
    imap = Imap()
    with _Server(("127.0.0.1", 0), type("Session", (_Session,), {"imap": imap})) as server:
        imap.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield imap
        finally:
            server.shutdown()
