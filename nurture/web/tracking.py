"""Clicks and opens: noted in the inbox, and the person is let through in any case."""

from __future__ import annotations

import base64
import hashlib
import logging

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from nurture.app.ingest import about_message, ingest
from nurture.channels.visitors import classify
from nurture.model import NewEvent, Person
from nurture.rendering import links
from nurture.web.desk import Desk

log = logging.getLogger("nurture.web")

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.api_route("/c/{token}", methods=["GET", "HEAD"])
    def click(token: str, request: Request) -> Response:
        url = request.query_params.get("u", "")
        claim = desk.signer.read(token, links.Purpose.CLICK, url)
        if claim is None:
            return desk.not_found()
        if request.method == "GET":
            _note(desk, request, claim.key, "clicked", url)
        return RedirectResponse(url, 302)

    @router.api_route("/o/{token}.gif", methods=["GET", "HEAD"])
    def opened(token: str, request: Request) -> Response:
        claim = desk.signer.read(token, links.Purpose.OPEN)
        if claim is None:
            return desk.not_found()
        if request.method == "GET":
            _note(desk, request, claim.key, "opened", None)
        return Response(PIXEL, media_type="image/gif")

    return router


def _note(desk: Desk, request: Request, key: str, verb: str, link: str | None) -> None:
    """Put it into the inbox. Whatever goes wrong there must not keep the person from her page."""
    try:
        _ingest(desk, request, key, verb, link)
    except Exception as error:
        log.error("a message %s was not noted: %s", verb, type(error).__name__)


def _ingest(desk: Desk, request: Request, key: str, verb: str, link: str | None) -> None:
    ticket, now = desk.ticket_of(key), desk.now()
    if ticket is None or ticket.contact["erased_at"]:
        return
    message = ticket.message
    visitor = classify(request.headers, message["accepted_at"] or message["handed_at"], now)
    event = NewEvent(
        name=f"{message['channel']}_{verb}",
        person=Person(),
        occurred_at=now,
        source="web",
        source_id=_identity(verb, key, link, visitor, f"{now:%Y%m%d%H%M}"),
        payload={**about_message(message), "class": visitor} | ({"link": link} if link else {}),
        message_key=key,
    )
    ingest(desk.runtime.store, [event], now)


def _identity(verb: str, key: str, link: str | None, visitor: str, minute: str) -> str:
    """One visitor's repeated fetching of one thing within a minute is one event."""
    place = hashlib.blake2b((link or "").encode(), digest_size=8).hexdigest()
    return f"{verb}:{key}:{place}:{visitor}:{minute}"
