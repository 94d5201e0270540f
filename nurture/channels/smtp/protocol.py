"""What is said in an SMTP transaction, and what the replies mean for a message."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum

from nurture.channels.base import Envelope, Trouble
from nurture.channels.smtp.wire import Reply
from nurture.identity import ascii_domain


class Stage(StrEnum):
    """The command that a reply answers."""

    RSET = "RSET"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BODY = "BODY"


class Unfit(Exception):
    """The message cannot be put into an SMTP transaction with this server."""


_UNSAFE = re.compile(r"[\x00-\x20\x7f<>]")


def transaction(envelope: Envelope, features: Mapping[str, str], room: int = 0) -> tuple[bytes, bytes, bytes]:
    """MAIL, RCPT and DATA for a message and a server with these EHLO keywords. Raises Unfit.

    `room` is what signatures may add to the message.
    """
    sender = _path(envelope.sender, features)
    recipient = _path(envelope.recipient, features)
    if b"@" not in recipient:
        raise Unfit("the recipient is not an e-mail address")
    asked = [f" SIZE={len(envelope.body) + room}"] if "size" in features else []
    if not envelope.body.isascii() and "8bitmime" in features:
        asked.append(" BODY=8BITMIME")
    if not (sender + recipient + _header(envelope.body)).isascii():
        if "smtputf8" not in features:
            raise Unfit("its header has letters that the mail server does not take (SMTPUTF8)")
        asked.append(" SMTPUTF8")
    mail = b"MAIL FROM:<%s>%s\r\n" % (sender, "".join(asked).encode())
    return mail, b"RCPT TO:<%s>\r\n" % recipient, b"DATA\r\n"


def _path(address: str, features: Mapping[str, str]) -> bytes:
    # A line break or bracket in an address would let it speak commands of its own.
    if _UNSAFE.search(address):
        raise Unfit("an address has characters that it must not have")
    if address.isascii():
        return address.encode()
    local, _, domain = address.rpartition("@")
    if not (host := ascii_domain(domain)):
        raise Unfit("there is no such domain as the address names")
    if not local.isascii() and "smtputf8" not in features:
        raise Unfit("the mail server takes no addresses with letters beyond a-z before the @ (SMTPUTF8)")
    return f"{local}@{host}".encode()


def _header(body: bytes) -> bytes:
    return body.partition(b"\r\n\r\n")[0]


_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
_LONE_CR = re.compile(rb"\r(?!\n)")
_DOT = re.compile(rb"\n\.")  # by looking at line ends alone: replace() takes thrice as long


def on_the_wire(body: bytes, sign: Callable[[bytes], bytes] | None = None) -> bytes:
    """The body as DATA carries it: CRLF everywhere, signed, dots doubled, the final dot (RFC 5321, 4.5.2).

    Line ends come first: a lone LF before a dot must not pass for the end of the message.
    """
    if body.count(b"\n") != body.count(b"\r") or _LONE_CR.search(body):
        body = _LINE_ENDS.sub(b"\r\n", body)
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    if sign is not None:
        body = sign(body)
    if body.startswith(b"."):
        body = b"." + body
    return _DOT.sub(b"\n..", body) + b".\r\n"


# RFC 3463 and 7505: the recipient's address is wrong. 5.1.7 and 5.1.8 speak of the sender's.
_NO_SUCH_RECIPIENT = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10"})
_AUTH = frozenset({530, 534, 535, 538})
_TOO_BIG = frozenset({"5.2.3", "5.3.4"})


def trouble(reply: Reply, stage: Stage) -> Trouble:
    """What a reply that is not a yes means for the message."""
    if reply.code in _AUTH:
        return Trouble.AUTH
    if reply.code < 500:
        return Trouble.RATE if reply.enhanced.startswith("4.7.") else Trouble.SERVER
    return _permanent(reply, stage)


def _permanent(reply: Reply, stage: Stage) -> Trouble:
    enhanced = reply.enhanced
    if (reply.code == 552 and not enhanced) or enhanced in _TOO_BIG or enhanced.startswith("5.6."):
        return Trouble.CONTENT
    if stage in (Stage.RSET, Stage.MAIL):  # before the recipient was named
        return Trouble.SETUP
    if enhanced in _NO_SUCH_RECIPIENT:
        return Trouble.INVALID_RECIPIENT
    if enhanced.startswith("5.7.") or (stage is not Stage.RCPT and not enhanced.startswith("5.2.")):
        return Trouble.POLICY
    return Trouble.MAILBOX
