"""What every handler of the web application has at hand."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse

from nurture.app.runtime import Runtime
from nurture.rendering import links
from nurture.store import contacts, messages

if TYPE_CHECKING:
    from nurture.rendering.renderer import Renderer

log = logging.getLogger("nurture.web")

_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_LAST_RESORT = """<!doctype html><meta charset="utf-8"><title>Ops</title>
<p lang="pt-BR">Não deu certo. Tente novamente em alguns minutos.</p>
<p lang="en">That didn't work. Please try again in some minutes.</p>
"""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A link that proved to be ours: the message that it came with, and her to whom that went."""

    message: Mapping[str, Any]
    contact: Mapping[str, Any]

    @property
    def key(self) -> str:
        return str(self.message["key"])


@dataclass(frozen=True, slots=True)
class Desk:
    """A workspace as seen from the web. Its methods may be called from several threads."""

    runtime: Runtime
    renderer: Renderer
    signer: links.Signer
    now: Callable[[], datetime]

    def ticket(self, token: str, purpose: links.Purpose) -> Ticket | None:
        """What a signed link stands for; None where it is forged or its message is gone."""
        claim = self.signer.read(token, purpose)
        return self.ticket_of(claim.key) if claim else None

    def ticket_of(self, key: str) -> Ticket | None:
        with self.runtime.store.read() as tx:
            message = messages.by_keys(tx, [key]).get(key)
            if message is None:
                return None
            return Ticket(message, contacts.rows(tx, [message["contact_id"]])[message["contact_id"]])

    def page(self, name: str, ticket: Ticket | None = None, status: int = 200, **values: Any) -> HTMLResponse:
        """The page `name` in the person's language, with a policy that allows just its own style."""
        company = self.runtime.settings.company
        locale = (ticket.contact["locale"] if ticket else None) or company.locale
        html = self.renderer.page(name, values, locale)
        return HTMLResponse(html, status, headers={"content-security-policy": _policy(html, company.logo)})

    def apology(self, status: int) -> HTMLResponse:
        """A page that says that something can't be done. Never fails."""
        try:
            page = self.page("not-found" if status == 404 else "error", status=status)
        except Exception as error:
            log.error("the page for status %s can't be rendered: %s", status, type(error).__name__)
            page = HTMLResponse(_LAST_RESORT, status)
        if status >= 500:
            page.headers["retry-after"] = "60"
        return page

    def not_found(self) -> HTMLResponse:
        return self.page("not-found", status=404)


def _policy(html: str, logo: str | None) -> str:
    hashes = [
        base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in _STYLE.findall(html)
    ]
    styles = " ".join(f"'sha256-{each}'" for each in hashes) or "'none'"
    pictures = (
        f"'self' data: {logo}" if logo and re.fullmatch(r"https?://[\w.:/%~@-]+", logo) else "'self' data:"
    )
    return (
        f"default-src 'none'; style-src {styles}; img-src {pictures}; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
