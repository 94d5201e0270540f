"""The page itself, drawn from what there is to see."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from nurture.app.message_checks import preheader
from nurture.app.previewing.look import Look, Mistake
from nurture.app.previewing.studio import View
from nurture.model import Channel
from nurture.rendering.approved import LONGEST_BODY, LONGEST_TEXT
from nurture.rendering.sms import JOINED, SINGLE, count
from nurture.web.preview.parts import PARTS, pages_of
from nurture.web.preview.query import WIDTHS, Query

CLIPPED = 102  # kB of HTML beyond which Gmail hides the rest
_STATES = {"made up": "made up", "default": "by default", "empty": "empty"}


def page(view: View, query: Query, found: Sequence[tuple[str, str, str]]) -> str:
    """The whole page. `found` are the people whom a search found."""
    return _template("page.html").render(**_given(view, query), found=found)


def people(query: Query, found: Sequence[tuple[str, str, str]]) -> str:
    """The people whom a search found, as they stand in the page."""
    return _template("people.html").render(q=query, found=found)


def mistakes(found: Sequence[Mistake]) -> str:
    """Mistakes as a document of their own, for a frame."""
    return _template("mistakes.html").render(mistakes=found)


def nothing() -> str:
    return "<!doctype html><title>Nothing here</title><p>There is nothing here. <a href='/'>To the preview</a></p>"


def _given(view: View, query: Query) -> dict[str, Any]:
    piece, made = view.piece, view.look.rendered
    pages = pages_of(view)
    parts = {**PARTS, **pages} if piece and piece.kind == Channel.EMAIL.value else {}
    part = query.part if query.part in parts else "message"
    current = piece.plan.journey if piece and piece.plan else query.show.partition(":")[0]
    return {
        "view": view,
        "q": query,
        "look": view.look,
        "piece": piece,
        "parts": parts,
        "part": part,
        "framed": part == "message" or part in pages,
        "pages": pages,
        "width": WIDTHS[query.width],
        "current": current,
        "title": _title(view),
        "file": _file(view),
        "preheader": preheader(made.html) if made and made.html else "",
        "size": f"{len(made.html.encode()) / 1024:.0f}" if made and made.html else "",
        "clipped": CLIPPED,
        "sms": _sms(view.look) if piece and piece.kind == Channel.SMS.value and made else None,
        "whatsapp": _whatsapp(view.look) if view.look.whatsapp else None,
        "headers": dict(view.look.headers),
        "states": _STATES,
        "counted": _counted(view.look),
    }


def _title(view: View) -> str:
    made, piece = view.look.rendered, view.piece
    if made is not None and made.subject:
        return made.subject
    return piece.template if piece else "Nothing to see yet"


def _file(view: View) -> str:
    """The file that stands for the text in this language."""
    return view.look.file or (view.piece.file if view.piece else "")


def _counted(look: Look) -> str:
    """`13 values: 3 made up, 1 empty`"""
    states = [each.state for each in look.variables]
    said = [f"{states.count(state)} {word}" for state, word in _STATES.items() if state in states]
    total = f"{len(states)} value{'s' if len(states) != 1 else ''}"
    return f"{total}: {', '.join(said)}" if said else total


def _sms(look: Look) -> dict[str, Any]:
    """How an SMS is counted, and its text with the letters marked that halve the room."""
    counted = count(look.text)
    room = (SINGLE if counted.segments <= 1 else JOINED)[counted.encoding] * max(counted.segments, 1)
    marked = "".join(
        f"<mark>{escape(sign)}</mark>" if sign in look.outside else escape(sign) for sign in look.text
    )
    return {
        "text": Markup(marked),
        "segments": counted.segments,
        "encoding": counted.encoding,
        "units": counted.units,
        "room": room,
        "outside": " ".join(look.outside),
    }


_MARKS = (("*", "b"), ("_", "i"), ("~", "s"))


def _whatsapp(look: Look) -> dict[str, Any]:
    """A WhatsApp message with its text set as WhatsApp sets it."""
    texted = look.whatsapp
    assert texted is not None
    filled = texted.message.filled
    return {
        "text": _set(texted.message.text),
        "buttons": filled.buttons if filled else (),
        "filled": filled,
        "submitted": texted.submitted,
        "places": texted.places,
        "to_submit": texted.buttons,
        "longest": LONGEST_BODY if filled else LONGEST_TEXT,
        "length": len(texted.message.text),
    }


def _set(text: str) -> Markup:
    """`*bold*`, `_italic_` and `~struck~` as they are shown."""
    shown = str(escape(text))
    for sign, tag in _MARKS:
        around = re.escape(sign)
        shown = re.sub(
            rf"(?<![\w{around}]){around}(\S(?:[^\n{around}]*\S)?){around}(?![\w{around}])",
            rf"<{tag}>\1</{tag}>",
            shown,
        )
    return Markup(shown)


@lru_cache(maxsize=4)
def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
