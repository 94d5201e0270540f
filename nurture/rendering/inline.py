"""CSS into style attributes, by premailer: the reference, and what runs once a structure."""

from __future__ import annotations

import logging
import re
import threading
from functools import lru_cache
from typing import Any

from nurture.rendering.errors import RenderError, problem_at
from nurture.rendering.links import Links

# A link of a mail: in a tag, or inside a conditional comment for Outlook (VML has its own elements).
LINK = re.compile(r"""(<(?:a|area|v:[a-z]+)\b[^>]*?\shref\s*=\s*)(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_MACRO = re.compile(r"(&\{[^}]*\})")  # https://www.w3.org/TR/html401/appendix/notes.html#h-B.7.1
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
# premailer keeps a doctype only if it is spelled as libxml2 spells it, and without one mail is shown in quirks mode.
_DOCTYPE = re.compile(r"\A\s*<!doctype(?=\s)", re.IGNORECASE)
# libxml2 writes `<!-- ... -->` in an attribute as it is, quotes and all, which would let a value out of it.
_GUARD = "unbroken0a7e1f3"
_MEDIA = re.compile(r"(@media\s+)([^{};]*?)(\s*\{)", re.IGNORECASE)
_lock = threading.RLock()  # cssutils keeps state of its own


def inline(html: str, name: str) -> str:
    """`html` with its style sheets inlined; @media and pseudo-classes stay in the head.

    Declarations keep their !important, without which @media rules would lose against inlined ones.
    Raises RenderError where premailer cannot.
    """
    queries: dict[str, str] = {}
    prepared = _DOCTYPE.sub("<!DOCTYPE", _DECLARATION.sub("", html, count=1), count=1)
    prepared = prepared.replace("&lt;!-", f"&lt;!{_GUARD}-")
    prepared = _MEDIA.sub(lambda found: _understood(found, queries), prepared)
    done = _transformed_safely(prepared, name)
    for known, query in queries.items():
        done = done.replace(known, query)
    return done


def _understood(media: re.Match[str], queries: dict[str, str]) -> str:
    """The rule with a query that cssutils knows, where it would drop the whole rule over what it doesn't."""
    with _lock:
        if _is_known(media[2]):
            return media[0]
    known = f"screen and ({_GUARD}: {len(queries)})"
    queries[known] = media[2]
    return f"{media[1]}{known}{media[3]}"


@lru_cache(maxsize=256)
def _is_known(query: str) -> bool:
    import cssutils

    cssutils.log.setLevel(_OPTIONS["cssutils_logging_level"])
    return bool(cssutils.parseString(f"@media {query} {{ a {{ color: red }} }}", validate=False).cssText)


def _transformed_safely(prepared: str, name: str) -> str:
    with _lock:
        try:
            return _transformed(prepared)
        except Exception:
            # A selector and a style attribute that read alike take each other's place in premailer's cache;
            # without the clearing one person's odd value would stop everybody's mail.
            _clear_cache()
        try:
            return _transformed(prepared)
        except Exception as error:
            _clear_cache()
            said = f"the style sheet cannot be inlined: {str(error) or type(error).__name__}"
            hint = "look for a wrong selector or rule in <style>"
            raise RenderError(problem_at("N808", said, name, 1, None, hint)) from None


def _transformed(html: str) -> str:
    return str(_premailer()(html=html, **_OPTIONS).transform(pretty_print=False)).replace(f"!{_GUARD}-", "!-")


def _clear_cache() -> None:
    from premailer import cache

    with cache.cache_access_lock:
        cache.cache.clear()


_OPTIONS: dict[str, Any] = {
    "allow_network": False,
    "strip_important": False,
    "disable_validation": True,  # mso-* and other properties that cssutils does not know
    "cssutils_logging_level": logging.CRITICAL + 1,
}


@lru_cache(maxsize=1)
def _premailer() -> Any:
    import cssutils
    from premailer import Premailer

    @lru_cache(maxsize=64)
    def parsed(css: str) -> Any:
        return cssutils.parseString(css, validate=False)

    class Inliner(Premailer):  # type: ignore[misc]
        def _parse_css_string(self, css_body: str, validate: bool = True) -> Any:
            # premailer keeps style sheets, selectors and declarations in one cache under the bare text, so
            # that a sheet and a declaration that read alike are taken for each other.
            return parsed(css_body)

    return Inliner


def rewrite_links(html: str, links: Links) -> str:
    """`html` with its links tracked and the pixel that tells of an opening before `</body>`."""
    rewritten = LINK.sub(lambda found: _rewritten(found, links), html)
    head, body, tail = rewritten.rpartition("</body>")
    return f"{head}{links.pixel()}{body}{tail}" if body else rewritten + links.pixel()


def _rewritten(found: re.Match[str], links: Links) -> str:
    from html import unescape

    quote = '"' if found[2] is not None else "'"
    url = unescape(found[2] if found[2] is not None else found[3])
    return f"{found[1]}{quote}{escape_attribute(links.track(url))}{quote}"


def escape_text(value: str) -> str:
    """As libxml2 writes text."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_value(value: str) -> str:
    """As libxml2 writes the value of an attribute, but for quotes: it leaves HTML 4's script macros as they are."""
    if "&{" not in value:
        return escape_text(value)
    return "".join(
        part if part.startswith("&{") and part.endswith("}") else escape_text(part)
        for part in _MACRO.split(value)
    )


def escape_attribute(value: str) -> str:
    """As libxml2 writes an attribute; `'` too, for the attributes of conditional comments."""
    return escape_text(value).replace('"', "&quot;").replace("'", "&#39;")
