"""What of a message's values its structure depends on, beside what Jinja does with them.

Where a token stands in text, in a quoted attribute or in a comment, a parser hands it through. Elsewhere
(a class, a style, a tag) only the value itself gives the right result. Between the two are attributes
that selectors look at, `a[href^="https"]`: there the outcomes of those selectors belong to the structure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from typing import TypeAlias

from nurture.rendering.scan import Place, Region, scan
from nurture.rendering.structure import URI_ATTRIBUTES, Tokens, escape_uri, one_newline

# Style sheets select by them, premailer reads or writes them, or they change how the document is parsed.
_STYLED = frozenset(
    [
        "class",
        "id",
        "style",
        "media",
        "data-premailer",
        "rel",
        "type",
        "charset",
        "http-equiv",
        "align",
        "valign",
        "bgcolor",
        "width",
        "height",
    ]
)
_SELECTOR = re.compile(r"""\[\s*([\w:-]+)\s*(?:([~|^$*!]?=)\s*(?:"([^"\\]*)"|'([^'\\]*)'|([\w-]+))\s*)?\]""")
_NAMED = re.compile(r"\[\s*([\w:-]*)")
_AFTER_AMPERSAND = re.compile(r"&[#\w]*$")
_BLANKS = " \t\n\r"  # as libxml2 has it
_QUOTED = r"""("[^"]*"|'[^']*')"""
_WRITTEN = frozenset(["align", "valign", "bgcolor", "width", "height"])  # by premailer, whatever stood there

Test: TypeAlias = tuple[str, str]  # operator and operand


@dataclass(frozen=True, slots=True)
class Watched:
    """A value of an attribute that selectors look at: its place in the source, and the selectors' tests."""

    start: int
    end: int
    attribute: str
    pieces: tuple[str | int, ...]  # text, and numbers of values
    tests: tuple[Test, ...]

    def value(self, values: Sequence[str]) -> str:
        return "".join([piece if isinstance(piece, str) else values[piece] for piece in self.pieces])

    def outcomes(self, values: Sequence[str]) -> tuple[bool, ...]:
        value = self.value(values)
        return tuple([_holds(value, operator, operand) for operator, operand in self.tests])


@dataclass(frozen=True, slots=True)
class Shape:
    """What was found in a source: `real` are tokens whose values must stand there themselves."""

    real: frozenset[int]
    watched: tuple[Watched, ...]

    def outcomes(self, values: Sequence[str]) -> tuple[tuple[bool, ...], ...]:
        """Equal for messages that selectors cannot tell apart."""
        return tuple([watched.outcomes(values) for watched in self.watched])


def examine(source: str, tokens: Tokens) -> Shape:
    """What the structure of `source`, rendered with tokens, depends on."""
    tests = _tests(source)
    real: set[int] = set()
    watched: list[Watched] = []
    for region in scan(source):
        found = list(tokens.value.finditer(source, region.start, region.end))
        if not found:
            continue
        numbers = {int(token[1]) for token in found}
        if not _hands_through(region, tests):
            real |= numbers
        elif region.place is Place.ATTRIBUTE and tests.get(region.attribute):
            watched.append(_watched(source, region, found, tests[region.attribute] or ()))
        real |= {int(t[1]) for t in found if _follows_ampersand(source, region, t)}
    return Shape(frozenset(real), tuple(watched))


def _follows_ampersand(source: str, region: Region, token: re.Match[str]) -> bool:
    """Whether the value could become part of an entity."""
    return bool(_AFTER_AMPERSAND.search(source, max(region.start, token.start() - 40), token.start()))


def _hands_through(region: Region, tests: Mapping[str, tuple[Test, ...] | None]) -> bool:
    if region.place is not Place.ATTRIBUTE:
        return region.place in (Place.TEXT, Place.COMMENT)
    if region.tag == "meta":
        return False
    if region.attribute in _STYLED:
        return region.attribute in _WRITTEN and region.attribute not in tests
    return tests.get(region.attribute, ()) is not None


def _tests(source: str) -> dict[str, tuple[Test, ...] | None]:
    """By attribute, what the style sheets ask of it; None for questions that are not understood."""
    found: dict[str, tuple[Test, ...] | None] = {}
    for css in (source[r.start : r.end] for r in scan(source) if r.place is Place.RAW and r.tag == "style"):
        for opening in _NAMED.finditer(css):
            name = opening[1].lower()
            selector = _SELECTOR.match(css, opening.start())
            before = found.get(name, ())
            if selector is None or selector[2] in ("~=", "|=", "!=") or before is None:
                found[name] = None
            elif selector[2]:
                operand = next(group for group in selector.groups()[2:] if group is not None)
                found[name] = (*before, (selector[2], operand))
            else:
                found.setdefault(name, ())
    return found


def _watched(
    source: str, region: Region, tokens: Sequence[re.Match[str]], tests: tuple[Test, ...]
) -> Watched:
    pieces: list[str | int] = []
    at = region.start
    for token in tokens:
        pieces += [unescape(source[at : token.start()]), int(token[1])]
        at = token.end()
    pieces.append(unescape(source[at : region.end]))
    return Watched(region.start, region.end, region.attribute, tuple(pieces), tests)


def _holds(value: str, operator: str, operand: str) -> bool:
    """As XPath has it: no value begins with, ends with or contains nothing."""
    if operator == "=":
        return value == operand
    if not operand:
        return False
    if operator == "^=":
        return value.startswith(operand)
    return value.endswith(operand) if operator == "$=" else operand in value


def show(source: str, shape: Shape, values: Sequence[str], tokens: Tokens) -> str:
    """`source` with the real values where selectors look, the tokens beside them in attributes of our own."""
    parts: list[str] = []
    at = 0
    for number, watched in enumerate(shape.watched):
        quote = source[watched.start - 1]
        hidden = source[watched.start : watched.end]
        if watched.attribute in URI_ATTRIBUTES:
            parsed = one_newline(hidden).replace("\0", "\ufffd")
            hidden = escape_uri(parsed.lstrip(_BLANKS))
        parts += [source[at : watched.start], escape(watched.value(values))]
        parts.append(f"{quote} {tokens.for_attribute(number)}={quote}{hidden}")
        at = watched.end
    return "".join([*parts, source[at:]])


def hide(inlined: str, tokens: Tokens) -> str:
    """Puts the tokens back where `show` put values."""
    if tokens.attribute.pattern.partition("(")[0].strip() not in inlined:
        return inlined
    beside = rf" {tokens.attribute.pattern}={_QUOTED}"
    return re.sub(beside, "", re.sub(rf"={_QUOTED}{beside}", r"=\3", inlined))
