"""Mail written in MJML becomes HTML when the template is read; its Jinja stays as it is.

Control flow between components stands in `<mj-raw>`, as with every template language around MJML.
"""

from __future__ import annotations

import hashlib
import re

from nurture.problems import Problem
from nurture.rendering.errors import RenderError, problem_at

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_BLOCK = re.compile(r"\{%-?\s*block\s+(\w+)\s*-?%\}.*?\{%-?\s*endblock[^%]*%\}", re.DOTALL)
_POSITION = re.compile(r" in root template(?: at position (\d+):\d+)?")


def to_html(source: str, name: str) -> str:
    """The HTML of the MJML file `name`. Raises RenderError where it is no MJML."""
    import mrml

    hidden: list[str] = []
    mark = "x" + hashlib.blake2b(source.encode(), digest_size=8).hexdigest()

    def hide(found: re.Match[str]) -> str:
        hidden.append(found[0])
        return f"{mark}x{len(hidden) - 1}x"

    masked = _JINJA.sub(hide, source)
    try:
        html = mrml.to_html(masked).content
    except OSError as error:
        raise RenderError(_problem(str(error), masked, source, name)) from None
    return _each_block_once(re.sub(rf"{mark}x(\d+)x", lambda found: hidden[int(found[1])], html))


def _each_block_once(html: str) -> str:
    """MJML writes some texts twice, as the title; a block may be defined once and said again."""
    defined: set[str] = set()

    def said(found: re.Match[str]) -> str:
        if found[1] in defined:
            return f"{{{{ self.{found[1]}() }}}}"
        defined.add(found[1])
        return found[0]

    return _BLOCK.sub(said, html)


def _problem(said: str, masked: str, source: str, name: str) -> Problem:
    where = _POSITION.search(said)
    line = masked.count("\n", 0, int(where[1])) + 1 if where and where[1] else 1
    message = f"this is no MJML that can be read: {_POSITION.sub('', said)}"
    hint = "close every element; {% if %} and {% for %} between components stand in <mj-raw>"
    if "included" in said:
        hint = (
            "<mj-include> reads no files: put the text into this file, or {% include %} it inside <mj-text>"
        )
    return problem_at("N811", message, name, line, source, hint)
