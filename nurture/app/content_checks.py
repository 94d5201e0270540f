"""What a mail says and shows: subject, links, pictures, language, contrast, CSS, values that may be unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import NamedTuple

from nurture.model import Field
from nurture.rendering.contrast import faint
from nurture.rendering.css_support import left_out

_REPLY = re.compile(r"\s*(re|res|fw|fwd|enc|encaminhada|tr|aw|rv)\s*:", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HREF = re.compile(r"""<a\b[^>]*?\shref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_BARE_LINK = re.compile(r"<a\b(?![^>]*\shref\s*=)(?![^>]*\s(?:name|id)\s*=)[^>]*>", re.IGNORECASE)
_IMG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_ALT = re.compile(r"\salt\s*=", re.IGNORECASE)
_LANG = re.compile(r"""<html\b[^>]*\slang\s*=\s*["']?\w""", re.IGNORECASE)
_GOES = re.compile(r"(https?://|mailto:|tel:|sms:|whatsapp:)", re.IGNORECASE)
_HERE = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])([:/]|$)", re.IGNORECASE)


class Found(NamedTuple):
    """A mistake: its code, what it is, and the way out."""

    code: str
    message: str
    hint: str


def of_subject(subject: str | None) -> Iterator[Found]:
    """A subject that pretends to be an answer."""
    if subject and (found := _REPLY.match(subject)):
        message = f"the subject begins with '{found[0].strip()}', as if it were an answer or forwarded"
        yield Found("N530", message, "say what the mail is about")


def of_mail(html: str, web_url: str) -> Iterator[Found]:
    """What is wrong with a finished mail, its styles not yet inlined."""
    html = _COMMENT.sub("", html)
    yield from _links(html, web_url)
    yield from _pictures(html)
    if not _LANG.search(html):
        message = "doesn't say its language, so a screen reader may read it in another"
        yield Found("N534", message, 'write <html lang="{{ locale }}">')
    for each in faint(html)[:3]:
        message = (
            f"shows '{each.text[:30]}' in {_hex(each.color)} on {_hex(each.background)}: "
            f"a contrast of {each.ratio:.1f}"
        )
        yield Found("N535", message, "take colors with a contrast of 4.5 (3 for large text)")
    for name, programs in left_out(html):
        yield Found(
            "N536",
            f"uses {name}, which {_list(programs)} leave{'s' * (len(programs) == 1)} out",
            "lay it out with tables, in px and %",
        )


def _links(html: str, web_url: str) -> Iterator[Found]:
    hrefs = [unescape(one or other).strip() for one, other in _HREF.findall(html)]
    for href in dict.fromkeys(hrefs):
        if href.lower().startswith("http://") and not _HERE.match(href) and not href.startswith(web_url):
            yield Found("N531", f"links to {_short(href)} without encryption", "write https://")
        elif not _GOES.match(href):
            yield Found(
                "N532", f"has a link to '{_short(href)}', which leads nowhere", "write the whole address"
            )
    if _BARE_LINK.search(html):
        yield Found("N532", "has a link without an address", "write href with the whole address")


def _pictures(html: str) -> Iterator[Found]:
    bare = [tag for tag in _IMG.findall(html) if not _ALT.search(tag)]
    if bare:
        message = f"has {len(bare)} picture{'s' if len(bare) != 1 else ''} without a text for those who don't see it"
        yield Found("N533", message, 'write alt="what it shows", or alt="" where it only decorates')


def of_values(bare: frozenset[str], fields: Mapping[str, Field]) -> Iterator[Found]:
    """Values of the person that are shown as if everybody had them."""
    for name in sorted(bare):
        field = fields.get(name.removeprefix("contact."))
        if field is not None and field.unknown:
            message = f"shows '{name}', which is not known of everybody: who lacks it gets no message"
            yield Found(
                "N537", message, f'write {{{{ {name} | default("...") }}}}, or put it into {{% if {name} %}}'
            )


def _hex(color: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


def _list(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
