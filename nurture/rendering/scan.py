"""Where in an HTML text a place stands: in text, in an attribute, in a comment, in a tag.

Follows the tokenizer of the HTML standard (section 13.2.5), as libxml2 does since 2.14.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Place(Enum):
    TEXT = auto()
    ATTRIBUTE = auto()  # the quoted value of an attribute
    COMMENT = auto()
    RAW = auto()  # inside style or script
    TAG = auto()  # the rest of a tag, an unquoted value, a declaration


@dataclass(frozen=True, slots=True)
class Region:
    place: Place
    start: int
    end: int
    tag: str = ""
    attribute: str = ""


_TAG = re.compile(r"</?([a-zA-Z][^\s/>]*)")
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*))?)?""")
_TAG_END = re.compile(r"[\s/]*>")
_COMMENT_END = re.compile(r"--!?>")
_RAW_TAGS = frozenset({"style", "script", "xmp", "iframe", "noembed", "noframes", "plaintext"})


def scan(html: str) -> Iterator[Region]:
    """The regions of `html` in order, without what nothing can stand in."""
    at = 0
    while at < len(html):
        opening = html.find("<", at)
        if opening < 0:
            opening = len(html)
        if opening > at:
            yield Region(Place.TEXT, at, opening)
        if opening == len(html):
            return
        at = yield from _markup(html, opening)


def _markup(html: str, at: int) -> Generator[Region, None, int]:
    """The region or regions of what begins with the `<` at `at`. Returns where it ends."""
    if html.startswith("<!--", at):
        return (yield from _comment(html, at))
    if tag := _TAG.match(html, at):
        return (yield from _tag(html, at, tag))
    if html.startswith(("<!", "<?", "</"), at):
        end = html.find(">", at) + 1 or len(html)
        yield Region(Place.TAG, at, end)
        return end
    yield Region(Place.TEXT, at, at + 1)
    return at + 1


def _comment(html: str, at: int) -> Generator[Region, None, int]:
    for abrupt in ("<!-->", "<!--->"):
        if html.startswith(abrupt, at):
            return at + len(abrupt)
    closing = _COMMENT_END.search(html, at + 4)
    end = closing.end() if closing else len(html)
    yield Region(Place.COMMENT, at, end)
    return end


def _tag(html: str, at: int, tag: re.Match[str]) -> Generator[Region, None, int]:
    name = tag[1].lower()
    closing = html.startswith("</", at)
    end = yield from _attributes(html, at, tag.end(), name, quoted=not closing)
    if closing or name not in _RAW_TAGS:
        return end
    until = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(html, end)
    stop = until.start() if until else len(html)
    if stop > end:
        yield Region(Place.RAW, end, stop, name)
    return stop


def _attributes(html: str, start: int, at: int, tag: str, quoted: bool) -> Generator[Region, None, int]:
    while at < len(html):
        if closing := _TAG_END.match(html, at):
            yield Region(Place.TAG, start, closing.end(), tag)
            return closing.end()
        found = _ATTRIBUTE.match(html, at)
        if found is None:
            break
        group = 2 if found[2] is not None else 3 if found[3] is not None else None
        if group and quoted:
            yield Region(Place.TAG, start, found.start(group), tag)
            yield Region(Place.ATTRIBUTE, *found.span(group), tag, found[1].lower())
            start = found.end(group)
        at = found.end()
    yield Region(Place.TAG, start, len(html), tag)
    return len(html)
