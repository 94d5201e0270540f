"""What stands in the page's frame: a mail as a mail program shows it, or a page that a link of it leads to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nurture.app.previewing.look import mistakes_of
from nurture.app.previewing.studio import View
from nurture.app.runtime import Runtime
from nurture.app.snapshots import page_values
from nurture.problems import NurtureError
from nurture.web.preview import drawing
from nurture.web.preview.parts import pages_of
from nurture.web.preview.query import Query

_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_SCHEMES = re.compile(r'(<meta\s+name="(?:supported-)?color-schemes?"\s+content=)"[^"]*"', re.IGNORECASE)


def frame(runtime: Runtime, view: View, query: Query) -> str:
    """The document of the frame; where a page has mistakes, what they are."""
    if query.part not in pages_of(view):
        made = view.look.rendered
        html = without_pixel(made.html, runtime.settings.web_url) if made and made.html else ""
        return in_scheme(html, dark=bool(query.dark))
    try:
        html = runtime.renderer.page(query.part, _page_values(runtime, view), view.locale)
    except NurtureError as error:
        return drawing.mistakes(tuple(mistakes_of(error, runtime.folder)))
    return in_scheme(html, dark=bool(query.dark))


def _page_values(runtime: Runtime, view: View) -> Mapping[str, Any]:
    piece, settings = view.piece, runtime.settings
    assert piece is not None
    topic = settings.topics.get(piece.topic or "")
    survey = settings.surveys.get(piece.sent.survey or "") if piece.sent else None
    return page_values(topic.title if topic else None, survey)


def without_pixel(html: str, web_url: str) -> str:
    """The mail without the picture that counts openings: this one isn't one."""
    return re.sub(rf"<img\b[^>]*{re.escape(web_url.rstrip('/'))}/o/[^>]*>", "", html)


def in_scheme(html: str, *, dark: bool) -> str:
    """The document as a device shows it that asks for this scheme, whatever this one asks for. Links open elsewhere."""
    wanted = "dark" if dark else "light"
    html = _SCHEME.sub(lambda found: "(min-width:0)" if found[1].lower() == wanted else "(max-width:0)", html)
    html = _SCHEMES.sub(rf'\1"{wanted}"', html)
    head = f'<base target="_blank"><style>:root{{color-scheme:{wanted} !important}}</style>'
    return html.replace("</head>", f"{head}</head>", 1)
