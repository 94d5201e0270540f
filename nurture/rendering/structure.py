"""A mail's structure: inlined once, then filled with the values of each message.

Filling gives exactly what inlining the message itself would give; `shape` says where tokens may stand.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from operator import itemgetter
from typing import TypeAlias
from urllib.parse import quote

from markupsafe import escape

from nurture.rendering.inline import LINK, escape_attribute, escape_text, escape_value
from nurture.rendering.links import Links
from nurture.rendering.scan import Place, Region, scan
from nurture.rendering.text import html_to_text

_URI_SAFE = "".join(chr(c) for c in range(33, 127))
_IS_URI = re.compile(r"[!-~]*").fullmatch
URI_ATTRIBUTES = frozenset({"href", "src", "action"})
_STYLED = frozenset(
    {"class", "id", "style", "media", "data-premailer", "rel", "type", "charset", "http-equiv"}
)
_URL_IN_TEXT = re.compile(r"https?://[^\s<>\"'\]]+")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_CLOSING = ".,;:!?)"

Write: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Tokens:
    """How the tokens of a renderer look: a nonce that nobody can guess, then the number."""

    nonce: str

    @property
    def value(self) -> re.Pattern[str]:
        return re.compile(rf"{self.nonce}(\d{{5}})")

    @property
    def link(self) -> re.Pattern[str]:
        """What stands for a link while its text is derived."""
        return re.compile(rf"link{self.nonce[::-1]}(\d{{5}})")

    def for_link(self, number: int) -> str:
        return f"link{self.nonce[::-1]}{number:05d}"

    @property
    def attribute(self) -> re.Pattern[str]:
        """What names the attribute that keeps a token out of the sight of selectors."""
        return re.compile(rf"x{self.nonce[::-1]}(\d{{5}})")

    def for_attribute(self, number: int) -> str:
        return f"x{self.nonce[::-1]}{number:05d}"


@dataclass(frozen=True, slots=True)
class Filled:
    """The values and links of one message."""

    values: Sequence[str]
    links: Links


@dataclass(frozen=True, slots=True)
class Hole:
    """Where value number `value` goes, and how it is written there."""

    value: int
    write: Write

    def put(self, filled: Filled) -> str:
        return self.write(filled.values[self.value])


@dataclass(frozen=True, slots=True)
class AttributeHole:
    """An attribute's value in pieces, with its quotes, which depend on what is in it."""

    pieces: tuple[str | Hole, ...]

    def put(self, filled: Filled) -> str:
        value = _composed(self.pieces, filled)
        return _quoted(value, escape_value(value))


@dataclass(frozen=True, slots=True)
class LinkHole:
    """A tracked link with its quotes: its URL in pieces."""

    pieces: tuple[str | Hole, ...]

    def put(self, filled: Filled) -> str:
        url = _composed(self.pieces, filled)
        return _quoted(url, escape_attribute(filled.links.track(url)))


@dataclass(frozen=True, slots=True)
class BareLinkHole:
    """A tracked link in text or a comment, and how it is written there."""

    pieces: tuple[str | Hole, ...]
    write: Write

    def put(self, filled: Filled) -> str:
        return self.write(filled.links.track(_composed(self.pieces, filled)))


def _composed(pieces: tuple[str | Hole, ...], filled: Filled) -> str:
    return "".join([piece if isinstance(piece, str) else piece.put(filled) for piece in pieces])


def _quoted(value: str, escaped: str) -> str:
    """`escaped` in the quotes that libxml2 takes for an attribute that says `value`."""
    if '"' not in value:
        return f'"{escaped}"'
    return f"'{escaped}'" if "'" not in value else '"' + escaped.replace('"', "&quot;") + '"'


@dataclass(frozen=True, slots=True)
class PixelHole:
    """Where the picture goes that tells of an opening."""

    def put(self, filled: Filled) -> str:
        return filled.links.pixel()


Piece: TypeAlias = str | Hole | AttributeHole | LinkHole | BareLinkHole | PixelHole
Mark: TypeAlias = tuple[int, int, Piece]  # from, to, what stands there instead


class _Open:
    """A line with holes. What it said last is kept: many values, such as the company's, are the same for everybody."""

    __slots__ = ("_given", "_holes", "_last", "_pieces", "number")

    def __init__(self, number: int, line: Sequence[Piece]) -> None:
        self.number = number
        self._pieces = [piece if isinstance(piece, str) else "" for piece in line]
        self._holes = [(at, piece.put) for at, piece in enumerate(line) if not isinstance(piece, str)]
        asked = _values(line)
        self._given = itemgetter(*asked) if asked else None
        self._last: tuple[object, str, bytes] = (self, "", b"")

    def fill(self, filled: Filled) -> tuple[object, str, bytes]:
        """What it depends on, its text, and the same in quoted-printable."""
        given = self._given(filled.values) if self._given is not None else None
        if given is not None and self._last[0] == given:
            return self._last
        line = self._pieces.copy()
        for at, put in self._holes:
            line[at] = put(filled)
        text = "".join(line)
        self._last = said = (given, text, encode_lines(text))
        return said


def _values(line: Iterable[Piece]) -> tuple[int, ...]:
    """The numbers of the values that a line says; none where it has a link, which is each message's own."""
    holes = [piece for piece in line if not isinstance(piece, str)]
    if not all(isinstance(hole, Hole | AttributeHole) for hole in holes):
        return ()
    pieces = [hole.pieces if isinstance(hole, AttributeHole) else (hole,) for hole in holes]
    return tuple(piece.value for some in pieces for piece in some if isinstance(piece, Hole))


class Part:
    """Text with holes, and its lines without holes already in quoted-printable."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        lines = _lines(pieces)
        self._texts = ["".join([p for p in line if isinstance(p, str)]) for line in lines]
        self._encoded = [encode_lines(text) for text in self._texts]
        self._open = [
            _Open(number, line)
            for number, line in enumerate(lines)
            if not all(isinstance(piece, str) for piece in line)
        ]
        self.size = sum(len(text) for text in self._texts)

    def fill(self, filled: Filled) -> tuple[str, bytes]:
        """The text, and the same in quoted-printable (RFC 2045) with CRLF."""
        texts, encoded = self._texts.copy(), self._encoded.copy()
        for line in self._open:
            _, texts[line.number], encoded[line.number] = line.fill(filled)
        return "".join(texts), b"".join(encoded)


def encode_lines(text: str) -> bytes:
    """`text`, whole lines that end with a line feed, in quoted-printable.

    Each line is encoded for itself, so the lines of a text may be encoded apart.
    """
    return b2a_qp(text.replace("\n", "\r\n").encode("utf-8", "replace"), istext=True)


@dataclass(frozen=True, slots=True)
class Structure:
    """What one shape of a mail looks like; `text` is None where the template brings its own."""

    html: Part
    text: Part | None

    @property
    def size(self) -> int:
        """Its length in characters."""
        return self.html.size + (self.text.size if self.text else 0)


def compile_html(inlined: str, tokens: Tokens, with_text: bool) -> Structure:
    """The structure of a mail that was rendered with tokens and inlined."""
    text = compile_derived_text(inlined, tokens) if with_text else None
    return Structure(Part(_html_pieces(inlined, tokens.value)), text)


def _html_pieces(inlined: str, token: re.Pattern[str]) -> list[Piece]:
    marks: list[Mark] = []
    linked: set[int] = set()
    for found in LINK.finditer(inlined):
        start, end = found.span(_value(found))
        linked.add(start)
        linked.update(inner.start() for inner in token.finditer(inlined, start, end))
        marks.append(_link_mark(found, start, end, token))
    for region in scan(inlined):
        if region.start not in linked:
            marks += [mark for mark in _marks(inlined, region, token) if mark[0] not in linked]
    body = inlined.rfind("</body>")
    at = body if body >= 0 else len(inlined)
    return _cut(inlined, [*marks, (at, at, PixelHole())])


def _link_mark(found: re.Match[str], start: int, end: int, token: re.Pattern[str]) -> Mark:
    value = found.string[start:end]
    if _in_comment(found):
        return start, end, BareLinkHole(_unescaped(value, token, str), escape_attribute)
    return start - 1, end + 1, LinkHole(_unescaped(value, token, escape_uri))


def _marks(inlined: str, region: Region, token: re.Pattern[str]) -> list[Mark]:
    """What goes in place of the tokens of a region: the whole value for an attribute."""
    found = list(token.finditer(inlined, region.start, region.end))
    if not found or region.place is not Place.ATTRIBUTE:
        write = _escape_comment if region.place is Place.COMMENT else escape_text
        return [(*inner.span(), Hole(int(inner[1]), write)) for inner in found]
    is_uri = region.attribute in URI_ATTRIBUTES or (region.tag, region.attribute) == ("a", "name")
    pieces = _unescaped(inlined[region.start : region.end], token, escape_uri if is_uri else str)
    return [(region.start - 1, region.end + 1, AttributeHole(pieces))]


def _value(found: re.Match[str]) -> int:
    return 2 if found[2] is not None else 3


def _in_comment(found: re.Match[str]) -> bool:
    before = found.string.rfind("<!--", 0, found.start())
    return before > found.string.rfind("-->", 0, found.start())


def _unescaped(value: str, token: re.Pattern[str], write: Write) -> tuple[str | Hole, ...]:
    """An attribute's value in pieces, as it is meant."""
    pieces = _cut(value, [(*found.span(), Hole(int(found[1]), write)) for found in token.finditer(value)])
    return tuple(unescape(piece) if isinstance(piece, str) else piece for piece in pieces)  # type: ignore[misc]


def escape_uri(value: str) -> str:
    """As libxml2 writes a URI: blanks and all but ASCII in percent-encoding."""
    return value if _IS_URI(value) else _percent_encoded(value)


@lru_cache(maxsize=4096)
def _percent_encoded(value: str) -> str:
    return quote(value, safe=_URI_SAFE)


def _escape_comment(value: str) -> str:
    return str(escape(value))


def compile_derived_text(inlined: str, tokens: Tokens) -> Part:
    """The text part that the HTML itself gives."""
    urls: list[str] = []

    def marked(found: re.Match[str]) -> str:
        urls.append(found[_value(found)])
        return f'{found[1]}"{tokens.for_link(len(urls) - 1)}"' if urls[-1] else found[0]

    text = html_to_text(LINK.sub(marked, inlined))
    marks: list[Mark] = [
        (
            *found.span(),
            BareLinkHole(_unescaped(urls[int(found[2])], tokens.value, escape_uri), _after(found[1])),
        )
        for found in re.finditer(rf"( ?)<{tokens.link.pattern}>", text)
    ]
    marks += [(*found.span(), Hole(int(found[1]), _single_spaced)) for found in tokens.value.finditer(text)]
    return Part(_cut(text, marks))


def _after(blank: str) -> Write:
    """How a link stands after its words; one within the mail would say nothing."""
    return lambda url: "" if url.startswith("#") else f"{blank}<{url}>"


def _single_spaced(value: str) -> str:
    return " ".join(value.split())


def compile_text(source: str, tokens: Tokens) -> Part:
    """A text that the template itself brings: URLs written in it are tracked, those in values are not."""
    return Part(text_pieces(one_newline(source).strip() + "\n", tokens))


def text_pieces(source: str, tokens: Tokens) -> list[Piece]:
    """The same in pieces: what is written, its values and its links."""
    token = tokens.value
    marks: list[Mark] = []
    linked: set[int] = set()
    for found in _URL_IN_TEXT.finditer(source):
        url = found[0].rstrip(_CLOSING)
        start, end = found.start(), found.start() + len(url)
        linked.update(inner.start() for inner in token.finditer(source, start, end))
        pieces = _cut(url, [(*f.span(), Hole(int(f[1]), escape_uri)) for f in token.finditer(url)])
        marks.append((start, end, BareLinkHole(tuple(pieces), str)))  # type: ignore[arg-type]
    marks += [
        (*f.span(), Hole(int(f[1]), one_newline)) for f in token.finditer(source) if f.start() not in linked
    ]
    return _cut(source, marks)


def one_newline(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n")


def _cut(text: str, marks: Sequence[Mark]) -> list[Piece]:
    """`text` with what stands at `marks` replaced."""
    pieces: list[Piece] = []
    at = 0
    for start, end, piece in sorted(marks, key=lambda mark: mark[:2]):
        pieces += [text[at:start], piece]
        at = end
    return [piece for piece in (*pieces, text[at:]) if piece != ""]


def _lines(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """The pieces by line; neighbouring lines without holes are one. The last line gets an end."""
    lines: list[list[Piece]] = [[]]
    for piece in pieces:
        if not isinstance(piece, str):
            lines[-1].append(piece)
            continue
        first, *rest = _LINE.findall(piece)
        lines[-1].append(first)
        for line in rest:
            lines.append([line])
        if piece.endswith("\n"):
            lines.append([])
    if lines[-1] and not (isinstance(lines[-1][-1], str) and lines[-1][-1].endswith("\n")):
        lines[-1].append("\n")
    return _joined([line for line in lines if line])


def _joined(lines: list[list[Piece]]) -> list[list[Piece]]:
    joined: list[list[Piece]] = []
    for line in lines:
        whole = "".join(line) if all(isinstance(p, str) for p in line) else None  # type: ignore[arg-type]
        before = joined[-1] if joined else None
        if whole is not None and before and len(before) == 1 and isinstance(before[0], str):
            joined[-1] = [before[0] + whole]
        else:
            joined.append([whole] if whole is not None else line)
    return joined
