"""CSS that mail programs leave out, so that what it should do doesn't happen there.

From the data of caniemail.com (https://www.caniemail.com/api/data.json, MIT licence) as of 13 May 2026; a test holds the
table against it. A program leaves something out where one of its apps or pages does, as last tested; Gmail's page in a
phone's browser is not looked at. Only what changes where things stand or whether they can be read is here; what merely
looks plainer without it (rounded corners, shadows, animations) is no mistake. Sizes by `@media` and the like are improvements for those who know them, and not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

AS_OF = "2026-05-13"
_OUTLOOK, _GMAIL, _COM, _YAHOO = "Outlook for Windows", "Gmail", "Outlook.com", "Yahoo"
_MOST = (_GMAIL, _OUTLOOK, _COM, _YAHOO)
# What is looked for in a declaration `property: value`, what it is called, and which programs leave it out.
UNSUPPORTED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (r"display:\s*(inline-)?flex", "display: flex", (_OUTLOOK,)),
    (r"display:\s*(inline-)?grid", "display: grid", (_OUTLOOK,)),
    (r"float:", "float", (_OUTLOOK,)),
    (r"position:", "position", (_GMAIL, _OUTLOOK)),
    (r"z-index:", "z-index", (_GMAIL, _OUTLOOK)),
    (r"(left|right|top|bottom):", "left, right, top and bottom", (_GMAIL, _OUTLOOK, _YAHOO)),
    (r"inset:", "inset", _MOST),
    (r"gap:", "gap", (_OUTLOOK, _YAHOO)),
    (r"justify-content:", "justify-content", (_GMAIL, _OUTLOOK, _YAHOO)),
    (r"align-items:", "align-items", (_GMAIL, _OUTLOOK, _YAHOO)),
    (r"flex-(direction|wrap):", "flex-direction and flex-wrap", (_GMAIL, _OUTLOOK, _YAHOO)),
    (r"grid-template[a-z-]*:", "grid-template", _MOST),
    (r"column-count:", "column-count", (_OUTLOOK, _YAHOO)),
    (r"visibility:", "visibility", (_GMAIL, _OUTLOOK)),
    (r"transform:", "transform", _MOST),
    (r"clip-path:", "clip-path", _MOST),
    (r"object-fit:", "object-fit", (_OUTLOOK, _YAHOO)),
    (r"aspect-ratio:", "aspect-ratio", _MOST),
    (r"(margin|padding)-(inline|block)[a-z-]*:", "margin-inline and the like", _MOST),
    (r"[a-z-]+:.*\bvar\(", "var()", _MOST),
    (r"[a-z-]+:.*\bcalc\(", "calc()", (_OUTLOOK, _COM, _YAHOO)),
    (r"[a-z-]+:.*\bclamp\(", "clamp()", (_OUTLOOK, _COM, _YAHOO)),
    (r"[a-z-]+:.*\d(rem|ch)\b", "the units rem and ch", (_OUTLOOK, _YAHOO)),
)
_PATTERNS = [(re.compile(pattern, re.IGNORECASE), name, left_out) for pattern, name, left_out in UNSUPPORTED]
_COMMENT = re.compile(r"<!--.*?-->|/\*.*?\*/", re.DOTALL)
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style>", re.IGNORECASE | re.DOTALL)
_INLINE = re.compile(r"""\sstyle\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")


def left_out(html: str) -> list[tuple[str, tuple[str, ...]]]:
    """What the mail uses that some programs leave out, and which these are."""
    found: dict[str, tuple[str, ...]] = {}
    html = _COMMENT.sub("", html)
    styles = [block for _, block in rules(html)]
    styles += [one or other for one, other in _INLINE.findall(html)]
    for block in styles:
        found.update(_unsupported(block))
    return list(found.items())


@lru_cache(maxsize=1024)  # the mails of a company have most of their style sheet in common
def _unsupported(block: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(
        (name, programs)
        for declaration in block.split(";")
        for pattern, name, programs in _PATTERNS
        if pattern.match(declaration.strip())
    )


def rules(html: str) -> Iterator[tuple[str, str]]:
    """The selectors and declarations of the mail's style sheets, outside of `@media` and its like."""
    for style in _STYLE.findall(_COMMENT.sub("", html)):
        yield from _rules(style)


@lru_cache(maxsize=64)
def _rules(style: str) -> tuple[tuple[str, str], ...]:
    return tuple((selector.strip(), block) for selector, block in _RULE.findall(_without_at_rules(style)))


def _without_at_rules(style: str) -> str:
    kept, depth, at = [], 0, None
    for number, sign in enumerate(style):
        if sign == "@" and not depth:
            at = number
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if at is None:
            kept.append(sign)
        elif (sign == "}" or sign == ";") and not depth:
            at = None
    return "".join(kept)
