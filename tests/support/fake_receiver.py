"""A fast HTTP server that takes webhooks and keeps a ledger: one JSON line a call it took.

    python -m tests.support.fake_receiver --ledger FILE [--fsync] [--on PATH=vanish]

`message_id` in the ledger is the `webhook-id`. A call to a path with `=vanish` is kept and the line closed without an
answer.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

from tests.support import fake_twilio
from tests.support.sink import options, serve

_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n" + b'{"taken": true}'
)


class Session(fake_twilio.Session):
    """One connection."""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if blank and len(body) >= (length := fake_twilio.length_of(head)):
            self._buffer = body[length:]
            self._take(head, body[:length])

    def _take(self, head: bytes, body: bytes) -> None:
        path = head.split(b" ", 2)[1].decode()
        found = re.search(rb"^webhook-id: *(\S+)", head, re.IGNORECASE | re.MULTILINE)
        assert found is not None
        entry = {"path": path, "message_id": found[1].decode(), "text": body.decode(), "at": time.time()}
        answer = None if self.manners.get(path) == "vanish" else _ANSWER
        self.ledger.take(self, json.dumps(entry) + "\n", answer)


def _main() -> None:
    parser = options(str(__doc__))
    parser.add_argument("--on", action="append", default=[], metavar="PATH=MANNER")
    given: Any = parser.parse_args()
    asyncio.run(serve(Session, given, given))


if __name__ == "__main__":
    _main()
