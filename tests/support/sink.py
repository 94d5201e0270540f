"""A fast SMTP server that keeps a ledger: one JSON line a message it took.

    python -m tests.support.sink --port 0 --ledger FILE [--fsync] [--delay SECONDS] [--bodies FOLDER]

It prints its port. With --fsync the ledger is on the disk before the 250 leaves, for all messages
of one turn of the loop together; with --delay the 250 waits so long. It runs in a process of its own
and outlives a killed sender.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_PATH = re.compile(rb"<([^>]*)>")
_END = b"\r\n.\r\n"


class Ledger:
    """What was accepted, in order. Answers leave after their lines are written."""

    def __init__(self, path: Path, fsync: bool, delay: float = 0) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._fsync, self._delay = fsync, delay
        self._lines: list[str] = []
        self._answers: list[tuple[Connection, bytes | None]] = []

    def take(self, session: Connection, line: str, answer: bytes | None) -> None:
        """Note a message, then answer (later, if empty); None: hang up instead."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        self._lines.append(line)
        self._answers.append((session, answer))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was taken yet, or somebody has emptied it."""
        return not self._lines and os.fstat(self._handle).st_size == 0

    def _flush(self) -> None:
        lines, answers, self._lines, self._answers = self._lines, self._answers, [], []
        os.write(self._handle, "".join(lines).encode())
        if self._fsync:
            os.fsync(self._handle)
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, _give, answers)
        else:
            _give(answers)


class Connection(Protocol):
    """What an answer needs of a session."""

    transport: asyncio.Transport


def _give(answers: list[tuple[Connection, bytes | None]]) -> None:
    for session, answer in answers:
        if answer is None:
            session.transport.abort()
        elif answer:
            session.transport.write(answer)


class Session(asyncio.Protocol):
    """One connection."""

    offers: tuple[str, ...] = ("PIPELINING", "SIZE 52428800", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8")
    transport: asyncio.Transport

    def __init__(self, ledger: Ledger, bodies: Path | None = None) -> None:
        self.ledger, self.bodies = ledger, bodies
        self.sender = self.recipient = ""
        self._buffer = bytearray()
        self._body_from: int | None = None  # where the search for the final dot goes on
        self._answers: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._step():
            pass
        if self._answers:
            self.transport.write(b"".join(self._answers))
            self._answers.clear()

    def _step(self) -> bool:
        """Take one command or one body out of the buffer, if a whole one is there."""
        if self._body_from is None:
            length = self._buffer.find(b"\r\n")
            if length >= 0:
                line = bytes(self._buffer[:length])
                del self._buffer[:length]  # its CRLF stays for DATA: a body may be the final dot alone
                self._command(line)
                if self._body_from is None:
                    del self._buffer[:2]
            return length >= 0
        end = self._buffer.find(_END, self._body_from)
        if end < 0:
            self._body_from = max(0, len(self._buffer) - len(_END))
            return False
        body = bytes(self._buffer[2 : end + 2]).replace(b"\r\n.", b"\r\n")
        del self._buffer[: end + len(_END)]
        self._body_from = None
        self.body(body[1:] if body.startswith(b".") else body)
        return True

    def answer(self, reply: str) -> None:
        self._answers.append(reply.encode() + b"\r\n")

    def _command(self, line: bytes) -> None:
        verb = line[:4].upper().decode("ascii", "replace").strip()
        handler = getattr(self, f"do_{verb}", None)
        if handler:
            handler(line)
        else:
            self.answer("502 5.5.1 not known here")

    def do_EHLO(self, line: bytes) -> None:
        *first, last = ("sink", *self.offers)
        for word in first:
            self.answer(f"250-{word}")
        self.answer(f"250 {last}")

    def do_MAIL(self, line: bytes) -> None:
        if self.sender:
            self.answer("503 5.5.1 one transaction at a time")
            return
        self.sender = _path(line) or "<>"
        self.answer("250 2.1.0 ok")

    def do_RCPT(self, line: bytes) -> None:
        self.recipient = _path(line)
        self.answer("250 2.1.5 ok")

    def do_DATA(self, line: bytes) -> None:
        if not self.recipient:
            self.answer("503 5.5.1 no recipient")
            return
        self._body_from = 0
        self.answer("354 go on")

    def do_RSET(self, line: bytes) -> None:
        self.sender = self.recipient = ""
        self.answer("250 2.0.0 ok")

    def do_NOOP(self, line: bytes) -> None:
        self.answer("250 2.0.0 ok")

    def do_QUIT(self, line: bytes) -> None:
        self.transport.write(b"221 2.0.0 bye\r\n")
        self.transport.close()

    def body(self, body: bytes) -> None:
        self.accept(body, b"250 2.0.0 Ok: queued as %d\r\n" % time.monotonic_ns())

    def accept(self, body: bytes, answer: bytes | None) -> None:
        digest = hashlib.sha256(body).hexdigest()
        entry = {
            "recipient": self.recipient,
            "sender": self.sender,
            "message_id": message_id(body).decode() or None,
            "sha256": digest,
            "bytes": len(body),
            "at": time.time(),
        }
        if self.bodies:
            (self.bodies / f"{digest}.eml").write_bytes(body)
        self.sender = self.recipient = ""
        self.ledger.take(self, json.dumps(entry) + "\n", answer)


def message_id(body: bytes) -> bytes:
    """As it stands in the header; nothing where there is none."""
    found = _MESSAGE_ID.search(body)
    return found.group(1) if found else b""


def _path(line: bytes) -> str:
    found = _PATH.search(line)
    return found.group(1).decode() if found else ""


def options(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument(
        "--fsync", action="store_true", help="the ledger is on the disk before an answer leaves"
    )
    parser.add_argument("--delay", type=float, default=0, help="seconds before an answer leaves")
    parser.add_argument("--bodies", type=Path, help="a folder for the messages, by their digest")
    parser.add_argument("--no-pipelining", action="store_true")
    return parser


async def serve(
    session: Any, given: argparse.Namespace, *more: Any, context: ssl.SSLContext | None = None
) -> None:
    """Listen on loopback until SIGTERM; the port is printed."""
    if given.no_pipelining:
        session.offers = tuple(word for word in session.offers if word != "PIPELINING")
    if given.bodies:
        given.bodies.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(given.ledger, given.fsync, given.delay)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: session(ledger, given.bodies, *more), "127.0.0.1", given.port, ssl=context
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()


@dataclass(frozen=True, slots=True)
class Sink:
    """A running sink, as a test sees it."""

    port: int
    ledger: Path
    process: subprocess.Popen[str]

    def messages(self) -> list[dict[str, Any]]:
        """The ledger so far."""
        if not self.ledger.exists():
            return []
        return [json.loads(line) for line in self.ledger.read_text().splitlines()]


@contextmanager
def running(ledger: Path, *arguments: str, module: str = "tests.support.sink") -> Iterator[Sink]:
    """A sink in its own process and session, until the block ends."""
    command = [sys.executable, "-m", module, "--ledger", str(ledger), *arguments]
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=root, start_new_session=True
    ) as process:
        try:
            assert process.stdout
            port = process.stdout.readline()
            assert port, "the sink did not start"
            yield Sink(int(port), ledger, process)
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(serve(Session, options(__doc__).parse_args()))
