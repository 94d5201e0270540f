"""A mail server that takes everything as fast as it comes, and keeps a ledger: `python -m benchmarks.mailserver LEDGER
DELAY` prints its port, and when it is told to end how many messages it took. Each of its answers waits DELAY seconds.

The ledger has a line for each message: when its last byte came (by the machine's monotonic clock), to whom it goes,
and the key in its Message-ID. It is written before the answer and not synced: what a kill of the sender leaves behind
is there.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

_REPLIES = {
    b"EHLO": b"250-fast\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
_END = b"\r\n.\r\n"
_KEY = re.compile(rb"^message-id: *<([^@>]+)", re.IGNORECASE | re.MULTILINE)
_HEAD = 4096  # octets in which a Message-ID is looked for


class Session(asyncio.Protocol):
    """One connection. A client waits for 354 before it sends the body, and for 250 before the next message."""

    taken = 0

    def __init__(self, ledger: int, delay: float) -> None:
        self._ledger, self._delay = ledger, delay
        self._held = self._head = self._to = b""
        self._in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._answer(b"220 fast ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        if self._in_body:
            self._body(data)
            return
        *lines, self._held = (self._held + data).split(b"\r\n")
        self._to = next((line for line in lines if line[:4].upper() == b"RCPT"), self._to)
        self._answer(b"".join([_REPLIES.get(line[:4].upper(), b"250 ok\r\n") for line in lines]))
        self._in_body = bool(lines) and lines[-1][:4].upper() == b"DATA"

    def _body(self, data: bytes) -> None:
        if len(self._head) < _HEAD:
            self._head += data[:_HEAD]
        self._held = (self._held + data)[-len(_END) :]
        if self._held != _END:
            return
        key = _KEY.search(self._head)
        to = self._to.partition(b"<")[2].partition(b">")[0]
        os.write(self._ledger, b"%.6f %s %s\n" % (time.monotonic(), to, key[1] if key else b"-"))
        self._held, self._head, self._in_body = b"", b"", False
        Session.taken += 1
        self._answer(b"250 taken\r\n")

    def _answer(self, reply: bytes) -> None:
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, reply)
        else:
            self._transport.write(reply)


async def _serve(ledger: str, delay: float) -> None:
    loop = asyncio.get_running_loop()
    handle = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    server = await loop.create_server(partial(Session, handle, delay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    print(Session.taken, flush=True)


class Taken(NamedTuple):
    """A line of the ledger."""

    at: float  # when its last byte came, by time.monotonic()
    to: str
    key: str


class MailServer:
    """A running server; `taken` is known when its block has ended."""

    def __init__(self, port: int, ledger: Path) -> None:
        self.port, self._ledger = port, ledger
        self.taken = 0

    def count(self) -> int:
        """How many messages were taken so far."""
        return self._ledger.read_bytes().count(b"\n")

    def ledger(self) -> list[Taken]:
        """What was taken so far, in order."""
        lines = (line.split() for line in self._ledger.read_text(encoding="ascii").splitlines())
        return [Taken(float(at), to, key) for at, to, key in lines]


@contextmanager
def running(delay: float = 0) -> Iterator[MailServer]:
    """A server of its own process. Each of its answers waits `delay` seconds: as long as the way there and back."""
    with tempfile.TemporaryDirectory(prefix="nurture-bench-") as folder:
        ledger = Path(folder) / "ledger"
        command = [sys.executable, "-m", "benchmarks.mailserver", str(ledger), str(delay)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            server = MailServer(int(process.stdout.readline()), ledger)
            try:
                yield server
            finally:
                process.terminate()
                server.taken = int(process.stdout.readline())


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], float(sys.argv[2])))
