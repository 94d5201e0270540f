"""A mail as bytes (RFC 5322): the frame is made once, then filled.

Python's own `email` before 3.11.15 writes header lines out of an encoded-word in a Subject, and lets line
ends through in display names. So what varies is encoded here, and the finished head is read again and
compared before it leaves.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from nurture.identity import ascii_domain
from nurture.model import MessageClass
from nurture.problems import Problem
from nurture.rendering.errors import Refused
from nurture.settings import Sender

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ENCODED_WORD = re.compile(r"=\?[^?\s]*\?[bBqQ]\?")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~. -]+")
_LETTER = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]"  # RFC 5322; beyond ASCII RFC 6532
_LOCAL = re.compile(rf"{_LETTER}+(\.{_LETTER}+)*")
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")  # a boundary has 70 characters at most (RFC 2046, 5.1.1)
_LINE = 76
_FOLDED = "\r\n "
_FOLD = re.compile(r"\r\n[ \t]")


@dataclass(frozen=True, slots=True)
class HeaderContext:
    """To whom, from whom, when and why. `subject` is the journey's own, a template, before the block."""

    to_address: str
    sender: Sender
    date: datetime
    message_class: MessageClass = MessageClass.MARKETING
    to_name: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What is the same for every message of a sender and class: the bytes between what varies."""

    fields: Mapping[str, str]  # From, MIME-Version and the like
    written: bytes  # the same as header lines
    domain: str


def build(
    header: HeaderContext, subject: str, key: str, unsubscribe: str | None, text: bytes, html: bytes
) -> tuple[bytes, tuple[str, ...]]:
    """The finished message, and what was left out for safety.

    `text` and `html` are quoted-printable. Raises Refused for an address or a subject that cannot stand in
    a header, and where the head does not read back as it was meant.
    """
    frame = _frame(header.sender)
    fields, notes = _fields(header, subject, key, unsubscribe, frame.domain)
    boundary = f"nurture-{key}"
    head = _lines(fields)
    content_type = f'multipart/alternative; boundary="{boundary}"'
    head += frame.written + f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'.encode()
    _check(head, {**fields, **frame.fields, "Content-Type": content_type})
    rule = f"--{boundary}".encode()
    parts = (_part("plain", rule, text), _part("html", rule, html))
    return b"".join((head, *parts, rule, b"--\r\n")), notes


def _lines(fields: Mapping[str, str]) -> bytes:
    return "".join([f"{name}: {value}\r\n" for name, value in fields.items()]).encode()


def _part(kind: str, rule: bytes, body: bytes) -> bytes:
    head = f'\r\nContent-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    return rule + head.encode() + body


def _fields(
    header: HeaderContext, subject: str, key: str, unsubscribe: str | None, domain: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    if not _KEY.fullmatch(key):
        raise ValueError("a message key is made of letters, digits, - and _")
    recipient, notes = mailbox(header.to_name, header.to_address)
    fields = {
        "To": recipient,
        "Subject": header_text(safe_subject(subject), len("Subject: ")),
        "Date": _date(header.date),
        "Message-ID": f"<{key}@{domain}>",
    }
    if unsubscribe:
        fields["List-Unsubscribe"] = f"<{unsubscribe}>"
        fields["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    if header.message_class is not MessageClass.MARKETING:
        fields["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    return fields, notes


@lru_cache(maxsize=64)
def _date(date: datetime) -> str:
    return format_datetime(date.astimezone(UTC))


@lru_cache(maxsize=64)
def _frame(sender: Sender) -> Frame:
    """The fixed header lines."""
    name = sender.name or ""
    if _CONTROL.search(name) or _ENCODED_WORD.search(name):
        raise _refused("the sender's name has a control character or an encoded-word", "bad_sender")
    # not by the library: it may leave the first line of From empty, which some servers take amiss
    fields = {"From": mailbox(name, sender.address, len("From: "))[0]}
    if sender.reply_to:
        fields["Reply-To"] = "@".join(_split_address(sender.reply_to))
    fields["MIME-Version"] = "1.0"
    return Frame(fields, _lines(fields), _split_address(sender.address)[1])


def mailbox(name: str | None, address: str, used: int = len("To: ")) -> tuple[str, tuple[str, ...]]:
    """`name` and `address` as the value of a header of which `used` characters are written, and why the name
    was left out if it was."""
    spec = "@".join(_split_address(address))
    if not name:
        return spec, ()
    if _CONTROL.search(name) or _ENCODED_WORD.search(name):
        return spec, ("the recipient's name was left out: it has a control character or an encoded-word",)
    plain = " ".join(name.split())
    if not plain:
        return spec, ()
    if plain.isascii():
        quoted = plain if _ATOMS.fullmatch(plain) and "." not in plain else _quoted(plain)
        if used + len(quoted) <= _LINE:
            fits = used + len(quoted) + len(spec) + len(" <>") <= _LINE
            return f"{quoted}{' ' if fits else _FOLDED}<{spec}>", ()
    return f"{_encoded(plain, used)}{_FOLDED}<{spec}>", ()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@lru_cache(maxsize=4096)
def _split_address(address: str) -> tuple[str, str]:
    """Local part, which may have any letters (RFC 6531), and ASCII domain. Raises Refused where there is no such
    address."""
    local, _, domain = address.rpartition("@")
    domain = ascii_domain(domain)
    length = len(local.encode("utf-8", "replace")) + 1 + len(domain)
    written = local.isprintable() and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)
    if not written or length > 254:
        raise _refused("this is no address that mail can be sent to", "bad_address")
    return local, domain


def safe_subject(subject: str) -> str:
    """`subject` on one line. Raises Refused where it could write headers, or says nothing."""
    line = " ".join(subject.split())
    if _CONTROL.search(line) or _ENCODED_WORD.search(line):
        raise _refused("the subject has a control character or an encoded-word", "header_injection")
    if not line:
        raise _refused("the subject is empty: write {% block subject %}...{% endblock %}", "no_subject")
    return line


def header_text(text: str, used: int) -> str:
    """`text` as it stands in a header of which `used` characters are written (RFC 2047)."""
    if not text.isascii():
        return _encoded(text, used)
    return text if used + len(text) <= _LINE else _folded(text, used) or _encoded(text, used)


def _folded(text: str, used: int) -> str:
    """`text` on several lines, cut at single blanks; nothing where a word is longer than a line."""
    lines = [" " * used]
    for word in text.split(" "):
        if len(lines[-1]) + len(word) > _LINE:
            lines.append("")
        lines[-1] += f"{word} "
    whole = all(len(line) <= _LINE + 1 for line in lines) and len(lines[0]) > used
    return _FOLDED.join(line[:-1] for line in lines)[used:] if whole else ""


def _encoded(text: str, used: int) -> str:
    """Encoded-words of at most 75 characters, none of which cuts a character, one a line."""
    rest, room = text.encode(), (_LINE - used - len("=?utf-8?b??=")) // 4 * 3
    words: list[str] = []
    while len(rest) > room:
        cut = room
        while rest[cut] & 0xC0 == 0x80:  # within a character
            cut -= 1
        words.append(_word(rest[:cut]))
        rest, room = rest[cut:], 45
    return _FOLDED.join([*words, _word(rest)])


def _word(chunk: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(chunk).decode()}?="


def _check(head: bytes, meant: Mapping[str, str]) -> None:
    """Read the head again, as RFC 5322 says: the headers that were meant, each once, and no other."""
    text = head.decode("utf-8", "replace")
    lines = (_FOLD.sub(" ", text) if "\r\n " in text else text).split("\r\n")
    found = {line.partition(": ")[0]: line for line in lines[:-2]}
    right = (
        lines[-2:] == ["", ""]
        and len(found) == len(lines) - 2
        and text.count("\r") == text.count("\n") == text.count("\r\n")
        and found.keys() == meant.keys()
    )
    for name, value in meant.items():
        unfolded = _FOLD.sub(" ", value) if "\r" in value else value
        right = right and found[name] == f"{name}: {unfolded}"
    if not right:
        raise _refused("the headers do not read back as they were written", "header_injection")


def _refused(message: str, reason: str) -> Refused:
    return Refused(Problem("N809", message), reason)
