"""The sink with bad manners, chosen by recipient:

    python -m tests.support.faulty_smtp --ledger FILE --on bruno@example.com=refuse --on ...

| word | what happens to messages for that recipient |
|---|---|
| refuse, policy, full | 550 5.1.1, 550 5.7.1, 552 5.2.2 to RCPT |
| defer, busy | 451 4.3.0 to RCPT, 421 to RCPT and the line is closed |
| mute | RCPT is never answered |
| drop | the line is closed at RCPT |
| tempt | 550 5.1.1 to RCPT, yet 354 to DATA |
| bounce | 550 5.1.1 after the body |
| later | 451 4.7.1 after the body |
| hang | the body is never answered, and not kept |
| die | the line is closed after the body, which is not kept |
| vanish | the body is kept, then the line is closed without an answer |
| slow=SECONDS | the body is kept and answered after so long |
| closing | 421 after the body, which is not kept |
| once | 451 4.7.1 after the body, which is not kept, until the same message comes again |
| drip | the body is kept, and its answer comes byte by byte |
| bye | the body is kept and answered, then the line is closed |
| chatter | 354 is followed by a 250 that nobody asked for |
| leave | 354 is followed by 421 and the end of the line |
| chatter-later, leave-later | the same a tenth of a second later, and without the 421 |

--per-connection N answers 421 to MAIL after N messages on a connection; --most N greets only N
connections at once and 421 to the others; --certificate and --key offer STARTTLS (--tls: TLS from the
first byte); --auth USER:PASSWORD wants AUTH PLAIN before MAIL; --sender-refused answers 550 to MAIL.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import ssl
from pathlib import Path
from typing import Any, ClassVar

from tests.support.sink import Ledger, Session, message_id, options, serve

_AT_RCPT = {
    "refuse": "550 5.1.1 <{recipient}>: no such user here",
    "policy": "550 5.7.1 not from you",
    "full": "552 5.2.2 the mailbox of {recipient} is full",
    "defer": "451 4.3.0 not now",
    "tempt": "550 5.1.1 <{recipient}>: no such user here",
}
_AFTER_BODY = {
    "bounce": "550 5.1.1 no such user here",
    "later": "451 4.7.1 slow down",
    "closing": "421 4.3.2 closing down",
}


class Faulty(Session):
    open: ClassVar[int] = 0
    put_off: ClassVar[set[bytes]] = set()  # the Message-IDs of what was told to come again

    def __init__(self, ledger: Ledger, bodies: Path | None, given: argparse.Namespace) -> None:
        super().__init__(ledger, bodies)
        self.given = given
        self.manners: dict[str, str] = dict(one.split("=", 1) for one in given.on)
        self.accepted = 0
        self.deaf = False
        self.known = given.auth is None
        self.secure = given.tls or given.certificate is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Faulty.open += 1
        if self.given.most and Faulty.open > self.given.most:
            assert isinstance(transport, asyncio.Transport)
            transport.write(b"421 4.3.2 too many connections\r\n")
            transport.close()
            return
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        Faulty.open -= 1

    @property
    def manner(self) -> str:
        return self.manners.get(self.recipient, "")

    def _step(self) -> bool:
        return not self.deaf and super()._step()

    def do_EHLO(self, line: bytes) -> None:
        more = {"STARTTLS": not self.secure, "AUTH PLAIN": self.given.auth is not None}
        *first, last = ("sink", *(word for word, offered in more.items() if offered), *self.offers)
        for word in first:
            self.answer(f"250-{word}")
        self.answer(f"250 {last}")

    def do_STAR(self, line: bytes) -> None:
        self.transport.write(b"220 2.0.0 go on\r\n")
        self.transport.pause_reading()
        self._upgrade = asyncio.ensure_future(self._to_tls())

    async def _to_tls(self) -> None:
        loop = asyncio.get_running_loop()
        context = certificate(self.given)
        try:
            secured = await loop.start_tls(self.transport, self, context, server_side=True)
        except OSError:
            return  # the client did not like the certificate
        assert secured
        self.transport, self.secure = secured, True

    def do_AUTH(self, line: bytes) -> None:
        _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
        self.known = f"{user}:{password}" == self.given.auth
        self.answer("235 2.7.0 welcome" if self.known else "535 5.7.8 wrong password")

    def do_MAIL(self, line: bytes) -> None:
        if not self.known:
            self.answer("530 5.7.0 authenticate first")
        elif self.given.sender_refused:
            self.answer("550 5.7.1 not your address")
        elif self.given.per_connection and self.accepted >= self.given.per_connection:
            self._hang_up("421 4.7.0 enough for one connection")
        else:
            super().do_MAIL(line)

    def do_RCPT(self, line: bytes) -> None:
        super().do_RCPT(line)
        manner = self.manner
        if manner in _AT_RCPT:
            self._answers[-1] = _AT_RCPT[manner].format(recipient=self.recipient).encode() + b"\r\n"
            self.recipient = self.recipient if manner == "tempt" else ""
        elif manner == "busy":
            self._answers.pop()
            self._hang_up("421 4.3.2 closing down")
        elif manner == "mute":
            self._answers.pop()
            self.deaf = True
        elif manner == "drop":
            self.transport.abort()

    def do_DATA(self, line: bytes) -> None:
        super().do_DATA(line)
        if self.manner == "chatter":
            self.answer("250 2.0.0 ok")
        elif self.manner == "leave":
            self._hang_up("421 4.4.2 you were too slow")
        elif self.manner == "chatter-later":
            asyncio.get_running_loop().call_later(0.1, self.transport.write, b"250 2.0.0 ok\r\n")
        elif self.manner == "leave-later":
            asyncio.get_running_loop().call_later(0.1, self.transport.close)

    def body(self, body: bytes) -> None:
        manner, _, seconds = self.manner.partition("=")
        if manner in _AFTER_BODY:
            self.sender = self.recipient = ""
            self.answer(_AFTER_BODY[manner])
        elif manner == "die":
            self.transport.abort()
        elif manner == "vanish":
            self.accept(body, None)
        elif manner == "drip":
            self.accept(body, b"")
            drip(self.transport, b"250 2.0.0 byte by byte\r\n")
        elif manner == "bye":
            super().body(body)
            asyncio.get_running_loop().call_later(0.05, self.transport.close)
        elif manner == "once" and (named := message_id(body)) not in self.put_off:
            self.put_off.add(named)
            self.sender = self.recipient = ""
            self.answer(_AFTER_BODY["later"])
        elif manner == "slow":
            self.accept(body, b"")
            asyncio.get_running_loop().call_later(
                float(seconds), self.transport.write, b"250 2.0.0 at last\r\n"
            )
        elif manner != "hang":
            super().body(body)
        self.accepted += 1

    def _hang_up(self, reply: str) -> None:
        self.answer(reply)
        self.transport.write(b"".join(self._answers))
        self._answers.clear()
        self.transport.close()


def drip(transport: asyncio.Transport, answer: bytes) -> None:
    """An answer byte by byte, the first when the ledger is surely written."""

    def say(byte: bytes) -> None:
        if not transport.is_closing():  # whoever listened may have been killed
            transport.write(byte)

    for number in range(len(answer)):
        asyncio.get_running_loop().call_later(0.05 + 0.002 * number, say, answer[number : number + 1])


def certificate(given: argparse.Namespace) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(given.certificate, given.key)
    return context


def _options() -> argparse.ArgumentParser:
    parser = options(str(__doc__))
    parser.add_argument("--on", action="append", default=[], metavar="RECIPIENT=MANNER")
    parser.add_argument("--per-connection", type=int)
    parser.add_argument("--most", type=int)
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--auth")
    parser.add_argument("--sender-refused", action="store_true")
    return parser


def _main() -> None:
    given: Any = _options().parse_args()
    context = certificate(given) if given.tls else None
    asyncio.run(serve(Faulty, given, given, context=context))


if __name__ == "__main__":
    _main()
