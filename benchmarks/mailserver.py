"""A mail server that takes everything as fast as it comes, and keeps a ledger: `python -m benchmarks.mailserver LEDGER
DELAY` prints its port, and when it is told to end how many messages it took. Each of its answers waits DELAY seconds.

The ledger has a line for each message: when its last byte came (by the machine's monotonic clock), to whom it goes,
and the key in its Message-ID. It is written at the end of each turn of the loop and not synced: the server outlives
the workers that are killed.
"""

from __future__ import annotations

import asyncio
import os
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
_KEY = b"Message-ID: <"
_HEAD = 4096  # octets in which it is looked for


class Ledger:
    """What was taken, written once for all messages of a turn of the loop."""

    def __init__(self, path: str) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._lines: list[bytes] = []

    def note(self, to: bytes, key: bytes) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._write)
        self._lines.append(b"%.6f %s %s\n" % (time.monotonic(), to, key))

    def _write(self) -> None:
        os.write(self._handle, b"".join(self._lines))
        self._lines = []


class Session(asyncio.BufferedProtocol):
    """One connection. A client waits for 354 before it sends the body, and for 250 before the next message."""

    taken = 0
    _buffer = memoryview(bytearray(65_536))  # of all connections: what came is taken out at once

    def __init__(self, ledger: Ledger, delay: float) -> None:
        self._ledger, self._delay = ledger, delay
        self._held = self._head = self._to = b""
        self._in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._answer(b"220 fast ESMTP\r\n")

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._buffer[:nbytes])
        if self._in_body:
            self._body(data)
            return
        *lines, self._held = (self._held + data).split(b"\r\n")
        verbs = [line[:4].upper() for line in lines]
        if b"RCPT" in verbs:
            self._to = lines[verbs.index(b"RCPT")]
        self._answer(b"".join([_REPLIES.get(verb, b"250 ok\r\n") for verb in verbs]))
        self._in_body = bool(verbs) and verbs[-1] == b"DATA"

    def _body(self, data: bytes) -> None:
        if len(self._head) < _HEAD:
            self._head += data[:_HEAD]
        self._held = (self._held + data)[-len(_END) :]
        if self._held != _END:
            return
        to = self._to.partition(b"<")[2].partition(b">")[0]
        self._ledger.note(to, self._head.partition(_KEY)[2].partition(b"@")[0] or b"-")
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
    server = await loop.create_server(partial(Session, Ledger(ledger), delay), "127.0.0.1", 0)
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
