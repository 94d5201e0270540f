"""A fast HTTP server that takes mails as Resend does, and keeps a ledger: one JSON line a request that it answered with yes.

    python -m tests.support.fake_resend --ledger FILE [--fsync]

`message_id` in the ledger is the Idempotency-Key. A second request with the same key is answered as the first was, and no
mail is sent: its line has `repeat: true`. With another body it is refused with 409
(https://resend.com/docs/dashboard/emails/idempotency-keys). Whoever empties the ledger makes it forget.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from typing import Any, ClassVar

from tests.support import fake_twilio
from tests.support.sink import options, serve

_KEY = re.compile(rb"^idempotency-key: *(\S+)", re.IGNORECASE | re.MULTILINE)


class Session(fake_twilio.Session):
    """One connection."""

    digests: ClassVar[dict[str, str]] = {}  # of the bodies, by key

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if blank and len(body) >= (length := fake_twilio.length_of(head)):
            self._buffer = body[length:]
            self._take(head, body[:length])

    def _take(self, head: bytes, body: bytes) -> None:
        found = _KEY.search(head)
        assert found is not None
        key, digest = found[1].decode(), hashlib.sha256(body).hexdigest()
        if self.ledger.is_empty:
            self.digests.clear()
        repeat = key in self.digests
        if self.digests.setdefault(key, digest) != digest:
            refused = {"name": "invalid_idempotent_request", "message": "another body"}
            self.transport.write(fake_twilio.answer("409 Conflict", refused))
            return
        entry = {
            "message_id": key,
            "recipient": json.loads(body)["to"][0],
            "at": time.time(),
            "repeat": repeat,
        }
        self.ledger.take(self, json.dumps(entry) + "\n", fake_twilio.answer("200 OK", {"id": key}))


def _main() -> None:
    parser = options(str(__doc__))
    parser.add_argument("--on", action="append", default=[], metavar="NOTHING")
    given: Any = parser.parse_args()
    asyncio.run(serve(Session, given, given))


if __name__ == "__main__":
    _main()
