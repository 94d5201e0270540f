"""A mail taken apart as far as returns need it. It reads whatever bytes there are: what is broken is text."""

from __future__ import annotations

import email
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.header import decode_header
from email.message import Message
from html import unescape

LARGEST = 512 * 1024  # octets that are looked at: what matters of a returned mail stands at its beginning
_MOST_PARTS = 50
_DEEPEST = 10
_MOST_TEXT = 64 * 1024  # characters of a part
_FOLD = re.compile(r"\r?\n[ \t]+")
_CODE = re.compile(r"(?i)<(?:style|script)\b")
_CODE_END = re.compile(r"(?i)</(?:style|script)")
_TAG = re.compile(r"(?s)<[^>\n@]{0,400}>")
_BREAK = re.compile(r"(?i)<\s*(br|p|div|tr|li|/p|/div|/tr|/li)\b[^>]{0,400}>")
_FIELD = re.compile(r"^([A-Za-z][A-Za-z0-9-]{1,60}):[ \t]*(.*)$")

# What says nothing, and what Python takes for a charset and no mail is written in: decoding it takes seconds.
_NO_CHARSETS = frozenset(
    [
        None,
        "",
        "us-ascii",
        "ascii",
        "unknown-8bit",
        "punycode",
        "idna",
        "unicode_escape",
        "raw_unicode_escape",
    ]
)

Headers = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of a mail: its type in lower case and its text. Of a message within it the text is the raw source."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Mail:
    """Headers by their names in lower case, and leaves in their order."""

    headers: Headers
    parts: tuple[Part, ...]
    kind: str = "text/plain"
    parameters: Mapping[str, str] = field(default_factory=dict)  # of the Content-Type

    def header(self, name: str) -> str:
        """The first header of that name on one line, or an empty string."""
        return next(iter(self.headers.get(name, ())), "")

    def texts(self, *kinds: str) -> list[str]:
        """The texts of the leaves of these types."""
        return [part.text for part in self.parts if part.kind in kinds]

    @property
    def said(self) -> str:
        """What the mail says to a reader: its first text, without a mail that it returns."""
        plain = [part.text for part in self.parts if part.kind == "text/plain" and part.text.strip()]
        if plain:
            return plain[0]
        html = [part.text for part in self.parts if part.kind == "text/html"]
        return without_tags(html[0]) if html else ""


def take_apart(raw: bytes) -> Mail:
    """The mail that these bytes are, or look like."""
    try:
        message = email.message_from_bytes(raw[:LARGEST])
        parts = tuple(_leaves(message))
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError):
        return _as_text(raw)
    parameters = {
        name.lower(): str(value).lower() for name, value in message.get_params(failobj=[], unquote=True)[1:]
    }
    return Mail(_headers(message), parts, message.get_content_type(), parameters)


def _as_text(raw: bytes) -> Mail:
    """A mail that cannot be parsed: its headers, and all the rest as one text."""
    head, _, body = raw[:LARGEST].decode("latin-1").replace("\r\n", "\n").partition("\n\n")
    return Mail(fields(head), (Part("text/plain", body[:_MOST_TEXT]),))


def _headers(message: Message) -> Headers:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in _fields_of(message):
        key = name.lower()
        found[key] = (*found.get(key, ()), decoded(value))
    return found


def _fields_of(message: Message) -> Iterator[tuple[str, str]]:
    """Headers as they stand there; octets beyond ASCII are read as those of texts are."""
    for name, value in message.raw_items():
        yield name, _in_charset(str(value).encode("utf-8", "surrogateescape"), None)


def decoded(value: str) -> str:
    """A header's value on one line, encoded-words read."""
    line = " ".join(_FOLD.sub(" ", value[:4000]).split())
    if "=?" not in line:
        return line
    try:
        return "".join(_in_charset(text, charset) for text, charset in decode_header(line))
    except (ValueError, LookupError, TypeError):
        return line


def _in_charset(text: bytes | str, charset: str | None) -> str:
    """Text in its charset; where it names none or a wrong one, UTF-8 if it can be that."""
    if isinstance(text, str):
        return text
    named = charset if charset not in _NO_CHARSETS else None
    for candidate in (named, "utf-8"):
        try:
            if candidate:
                return text.decode(candidate)
        except (LookupError, ValueError):
            pass
    return text.decode("latin-1")


def _leaves(message: Message, depth: int = 0) -> Iterator[Part]:
    budget, of_report = _MOST_PARTS, False
    waiting: list[tuple[Message, int]] = [(message, depth)]
    while waiting and budget:
        part, level = waiting.pop(0)
        kind = part.get_content_type()
        if part.is_multipart() and not kind.startswith("message/") and level < _DEEPEST:
            waiting[:0] = [(each, level + 1) for each in part.get_payload() if isinstance(each, Message)]
            if part.preamble and kind == "multipart/mixed" and not waiting:
                yield Part("text/plain", part.preamble[:_MOST_TEXT])
            continue
        budget -= 1
        readable = "text/plain" if kind.startswith("multipart/") else kind  # its boundary is missing or wrong
        yield Part(readable, _text(part, kind)[:_MOST_TEXT])
        of_report = of_report or kind.endswith("delivery-status")
        if kind == "message/rfc822" and level < _DEEPEST and not of_report:
            waiting[:0] = [(each, level + 1) for each in _reports_within(part)]


def _reports_within(part: Message) -> list[Message]:
    """A report that somebody passed on as it came: none of our own mails holds one."""
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    return [inner] if isinstance(inner, Message) and inner.get_content_type() == "multipart/report" else []


def _text(part: Message, kind: str) -> str:
    payload = part.get_payload()
    if isinstance(payload, list):  # a message, or the blocks of a report
        text = "\n\n".join(_source(each) for each in payload if isinstance(each, Message))
        return _unwrapped(text, part)
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return str(payload)
    return _in_charset(content, part.get_content_charset()).replace("\r\n", "\n")


def _unwrapped(text: str, part: Message) -> str:
    """A report that was encoded though no standard lets it be (RFC 2046, 5.2)."""
    if part.get("content-transfer-encoding", "").strip().lower() != "base64":
        return text
    try:
        return _in_charset(b64decode(text.strip(), validate=False), None)
    except ValueError:
        return text


def _source(message: Message) -> str:
    """Headers and body of a message within a mail; a broken report may have its fields in the body."""
    head = "\n".join(f"{name}: {_FOLD.sub(' ', value)}" for name, value in _fields_of(message))
    payload = message.get_payload()
    body = payload if isinstance(payload, str) else ""
    return f"{head}\n\n{body}" if body.strip() else head


def fields(text: str) -> Headers:
    """`Name: value` lines with what follows indented, by name in lower case."""
    found: dict[str, tuple[str, ...]] = {}
    for line in _FOLD.sub(" ", text).splitlines():
        if (match := _FIELD.match(line)) is not None:
            found[match[1].lower()] = (*found.get(match[1].lower(), ()), match[2].strip())
    return found


def without_tags(html: str) -> str:
    """The words of an HTML text, a line for each of its blocks."""
    first, *rest = _CODE.split(html)
    shown = first + " ".join(_CODE_END.split(piece, 1)[-1] for piece in rest if _CODE_END.search(piece))
    return unescape(_TAG.sub("", _BREAK.sub("\n", shown)))
