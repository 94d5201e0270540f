"""A mail server that takes everything as fast as it comes: `python -m benchmarks.mailserver` prints its port, and when
it is told to end how many messages it took."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_REPLIES = {
    b"EHLO": b"250-fast\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
_END = b"\r\n.\r\n"


class Session(asyncio.Protocol):
    """One connection. A client waits for 354 before it sends the body, and for 250 before the next message."""

    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._held, self._in_body = transport, b"", False
        transport.write(b"220 fast ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        if self._in_body:
            self._held = (self._held + data)[-len(_END) :]
            if self._held == _END:
                self._held, self._in_body = b"", False
                Session.taken += 1
                self._transport.write(b"250 taken\r\n")
            return
        *lines, self._held = (self._held + data).split(b"\r\n")
        self._transport.write(b"".join([_REPLIES.get(line[:4].upper(), b"250 ok\r\n") for line in lines]))
        self._in_body = bool(lines) and lines[-1][:4].upper() == b"DATA"


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Session, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    print(Session.taken, flush=True)


class MailServer:
    """A running server; `taken` is known when its block has ended."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.taken = 0


@contextmanager
def running() -> Iterator[MailServer]:
    command = [sys.executable, "-m", "benchmarks.mailserver"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        server = MailServer(int(process.stdout.readline()))
        try:
            yield server
        finally:
            process.terminate()
        server.taken = int(process.stdout.readline())


if __name__ == "__main__":
    asyncio.run(_serve())
