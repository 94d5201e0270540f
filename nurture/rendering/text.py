"""The text part that is derived from a mail's HTML: it reads like a letter.

Layout tables become lines, hidden elements and ornaments (`aria-hidden`) are left out, and a link stands after its
words.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # lxml takes none of them
_BLANK_LINES = re.compile(r"\n{3,}")
_BLOCKS = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "figure", "blockquote", "pre", "dl")
_LINES = (
    "address", "article", "aside", "div", "footer", "header", "hgroup", "main", "nav", "figcaption", "section",
    "table", "tbody", "thead", "tfoot", "tr", "li", "center", "form", "dt", "dd",
)  # fmt: skip
_SILENT = ("head", "link", "meta", "script", "title", "style", "template", "noscript")


def html_to_text(html: str) -> str:
    """The words of `html`, with ` <url>` after each link. Ends with one line end."""
    from inscriptis.html_engine import Inscriptis
    from lxml.html import document_fromstring

    tree = document_fromstring(html)
    _prepare(tree)
    text = Inscriptis(tree, _config()).get_text()
    lines = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip() + "\n"


def _prepare(tree: Any) -> None:
    """Take out what is hidden and what inscriptis would lay out by width."""
    for element in list(tree.iter("*")):
        if element.getparent() is not None and _is_hidden(element):
            element.drop_tree()
            continue
        target, words = element.get("href"), element.get("alt")
        element.attrib.clear()
        if element.tag == "a" and target and not target.startswith("#"):
            element.set("href", target)
        if element.tag == "img" and words:
            element.set("alt", _entity_safe(words))
    for node in tree.iter():
        # inscriptis decodes entities a second time.
        if isinstance(node.tag, str):
            node.text = _entity_safe(node.text)
        node.tail = _entity_safe(node.tail)


def _entity_safe(text: Any) -> Any:
    return _CONTROL.sub("", text).replace("&", "&amp;") if text else text


def _is_hidden(element: Any) -> bool:
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    return bool(_HIDDEN.search(element.get("style", "")))


@lru_cache(maxsize=1)
def _config() -> Any:
    from inscriptis.html_properties import Display, WhiteSpace
    from inscriptis.model.config import ParserConfig
    from inscriptis.model.html_element import HtmlElement
    from inscriptis.model.tag import CustomHtmlTagHandlerMapping

    css = {tag: HtmlElement(display=Display.block, margin_before=1, margin_after=1) for tag in _BLOCKS}
    css |= {tag: HtmlElement(display=Display.block) for tag in _LINES}
    css |= {tag: HtmlElement(display=Display.none) for tag in _SILENT}
    css |= {tag: HtmlElement(display=Display.block, padding_inline=2) for tag in ("ul", "ol")}
    css["body"] = HtmlElement(display=Display.inline, whitespace=WhiteSpace.normal)
    handlers = CustomHtmlTagHandlerMapping(
        start_tag_mapping={
            "table": _nothing,
            "tr": _nothing,
            "td": _nothing,
            "th": _nothing,
            "a": _link,
            "img": _picture,
        },
        end_tag_mapping={"table": _end, "td": _cell_end, "th": _cell_end, "a": _link_end},
    )
    return ParserConfig(css=css, custom_html_tag_handler_mapping=handlers)


def _nothing(state: Any, attributes: Any) -> None:
    pass


def _end(state: Any) -> None:
    pass


def _cell_end(state: Any) -> None:
    state.tags[-1].write(" ")


def _picture(state: Any, attributes: Any) -> None:
    state.tags[-1].write(attributes.get("alt", ""))


def _link(state: Any, attributes: Any) -> None:
    state.link_target = attributes.get("href", "")


def _link_end(state: Any) -> None:
    if state.link_target:
        state.tags[-1].write(f" <{state.link_target}>".replace("&", "&amp;"))
    state.link_target = ""
