"""Text that is hard to read: contrast by WCAG 2.2, 1.4.3, of a mail's own styles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from nurture.rendering.css_support import rules

ENOUGH, ENOUGH_IF_LARGE = 4.5, 3.0
_LARGE, _LARGE_IF_BOLD = 24.0, 18.66  # pixels
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})\b", re.IGNORECASE)
_RGB = re.compile(r"rgb\(\s*(\d+)[,\s]+(\d+)[,\s]+(\d+)\s*\)", re.IGNORECASE)
_NAMED = {"black": (0, 0, 0), "white": (255, 255, 255), "red": (255, 0, 0), "gray": (128, 128, 128)}
_PIXELS = re.compile(r"(\d+(?:\.\d+)?)px")
Color = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Faint:
    """A text whose contrast is too low."""

    text: str
    ratio: float
    color: Color
    background: Color


@dataclass(frozen=True, slots=True)
class _Look:
    color: Color | None = (0, 0, 0)  # None: one that isn't known here
    background: Color | None = (255, 255, 255)
    size: float = 16.0
    bold: bool = False
    hidden: bool = False


def ratio(one: Color, other: Color) -> float:
    """From 1, the same, to 21, black on white."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    parts = [each / 255 for each in color]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def faint(html: str) -> list[Faint]:
    """The texts of the mail that are too faint, each pair of colors once."""
    from lxml import etree
    from lxml import html as lxml_html

    try:
        root = lxml_html.document_fromstring(html)
    except (etree.ParserError, ValueError):
        return []
    found: dict[tuple[Color, Color], Faint] = {}
    for each in _texts(root, _Look(), _declared(root, html)):
        found.setdefault((each.color, each.background), each)
    return list(found.values())


def _declared(root: Any, html: str) -> Mapping[Any, dict[str, str]]:
    """By element: what the style sheets say of it, later rules over earlier ones, more exact over less."""
    placed = [
        (*path, number, block)
        for number, (selectors, block) in enumerate(rules(html))
        for path in _paths(selectors)
    ]
    found: dict[Any, dict[str, str]] = {}
    for _, path, _, block in sorted(placed, key=lambda rule: (rule[0], rule[2])):
        for element in path(root):
            found.setdefault(element, {}).update(_declarations(block))
    return found


@lru_cache(maxsize=1024)  # the mails of a company have most of their style sheet in common
def _paths(selectors: str) -> tuple[tuple[tuple[int, int, int], Any], ...]:
    """How exact each of these selectors is, and its elements as a function of the document."""
    from cssselect import HTMLTranslator, SelectorError, parse
    from lxml import etree

    found = []
    for selector in selectors.split(","):
        try:
            for each in parse(selector.strip()):
                found.append((each.specificity(), etree.XPath(HTMLTranslator().selector_to_xpath(each))))
        except SelectorError:
            continue
    return tuple(found)


def _declarations(block: str) -> dict[str, str]:
    pairs = (each.partition(":") for each in block.split(";"))
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def _texts(element: Any, above: _Look, declared: Mapping[Any, dict[str, str]]) -> Iterator[Faint]:
    if not isinstance(element.tag, str) or element.tag in ("style", "script", "head", "title"):
        return
    look = _look(element, above, declared.get(element, {}))
    if look.hidden:
        return
    yield from _judged(element.text, look)
    for child in element:
        yield from _texts(child, look, declared)
        yield from _judged(child.tail, look)


def _look(element: Any, above: _Look, sheet: dict[str, str]) -> _Look:
    said = {**sheet, **_declarations(element.get("style") or "")}
    look = above
    if element.tag == "a" and "color" not in said:
        look = replace(look, color=(0, 0, 238))
    if element.get("bgcolor"):
        look = replace(look, background=_color(element.get("bgcolor")))
    for name in ("background", "background-color"):
        if name in said:
            look = replace(look, background=_background(said[name], look.background))
    if "background-image" in said or element.get("background"):
        look = replace(look, background=None)
    if "color" in said and said["color"] != "inherit":
        look = replace(look, color=_color(said["color"]))
    if size := _PIXELS.search(said.get("font-size", "")):
        look = replace(look, size=float(size[1]))
    if weight := said.get("font-weight") or (
        "bold" if element.tag in ("b", "strong", "h1", "h2", "th") else ""
    ):
        look = replace(
            look, bold=weight in ("bold", "bolder") or (weight.isdecimal() and int(weight[:5]) >= 700)
        )
    return replace(look, hidden="none" in said.get("display", "") or above.hidden)


def _background(said: str, above: Color | None) -> Color | None:
    if said.split()[0:1] in (["transparent"], ["none"], ["inherit"]):
        return above
    return None if "url(" in said or "gradient" in said else _color(said)


def _color(said: str) -> Color | None:
    if found := _HEX.search(said):
        digits = found[1] if len(found[1]) == 6 else "".join(sign * 2 for sign in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if found := _RGB.search(said):
        return int(found[1]), int(found[2]), int(found[3])
    return _NAMED.get(said.split()[0].lower()) if said.split() else None


def _judged(text: str | None, look: _Look) -> Iterator[Faint]:
    if (
        text is None
        or not text.strip("\u00a0\u200c\u034f \n\t\r")
        or look.color is None
        or look.background is None
    ):
        return
    large = look.size >= _LARGE or (look.bold and look.size >= _LARGE_IF_BOLD)
    found = ratio(look.color, look.background)
    if found < (ENOUGH_IF_LARGE if large else ENOUGH):
        yield Faint(" ".join(text.split()), found, look.color, look.background)
