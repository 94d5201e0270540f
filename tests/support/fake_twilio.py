"""A fast HTTP server that creates messages as Twilio does and keeps a ledger: one JSON line a message it took.

    python -m tests.support.fake_twilio --ledger FILE [--fsync] [--delay SECONDS] [--on +55...=vanish]

`message_id` in the ledger is the key that the callback's URL names. For a recipient with `=vanish` the
message is kept and the line closed without an answer; with `=later` it is refused with 429, with `=once` only
until the same message comes again. With `=die` the line is closed and the message not kept; `=drip` answers byte by
byte, `=slow=SECONDS` after so long, and `=bye` closes the line behind its answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.support.faulty_smtp import drip
from tests.support.sink import Ledger, options, serve


class Session(asyncio.Protocol):
    """One connection, which is kept for the next request."""

    offers = ()
    put_off: ClassVar[set[str]] = set()  # the keys of what was told to come again
    transport: asyncio.Transport

    def __init__(self, ledger: Ledger, _bodies: Path | None, given: argparse.Namespace) -> None:
        self.ledger = ledger
        self.manners: dict[str, str] = dict(one.split("=", 1) for one in given.on)
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if blank and len(body) >= (length := length_of(head)):
            self._buffer = body[length:]
            self._create({name: values[0] for name, values in parse_qs(body[:length].decode()).items()})

    def _create(self, form: dict[str, str]) -> None:
        manner = self.manners.get(form["To"])
        key = parse_qs(urlsplit(form["StatusCallback"]).query)["message"][0]
        if manner == "later" or (manner == "once" and key not in self.put_off):
            self.put_off.add(key)
            self.transport.write(answer("429 Too Many Requests", {"code": 20429, "message": "slow down"}))
            return
        if manner == "die":
            self.transport.abort()
            return
        sid = f"SM{time.monotonic_ns():032x}"
        entry = {
            "recipient": form["To"],
            "message_id": key,
            "sid": sid,
            "text": form["Body"],
            "at": time.time(),
        }
        yes = answer("201 Created", {"sid": sid, "status": "queued"})
        how, _, seconds = (manner or "").partition("=")
        given = {"vanish": None, "drip": b"", "slow": b""}.get(how, yes)
        self.ledger.take(self, json.dumps(entry) + "\n", given)
        if how == "drip":
            drip(self.transport, yes)
        elif how == "slow":
            asyncio.get_running_loop().call_later(float(seconds), self.transport.write, yes)
        elif manner == "bye":
            asyncio.get_running_loop().call_later(0.05, self.transport.close)


def length_of(head: bytes) -> int:
    """How long the body behind this head is."""
    lines = (line.lower().partition(b":") for line in head.split(b"\r\n"))
    return next((int(value) for name, _, value in lines if name == b"content-length"), 0)


def answer(status: str, document: dict[str, Any]) -> bytes:
    """A response with this JSON."""
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _main() -> None:
    parser = options(str(__doc__))
    parser.add_argument("--on", action="append", default=[], metavar="RECIPIENT=MANNER")
    given: Any = parser.parse_args()
    asyncio.run(serve(Session, given, given))


if __name__ == "__main__":
    _main()
