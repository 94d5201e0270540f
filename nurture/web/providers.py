"""What providers tell us. A STOP is in force before the provider gets its answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from xml.sax.saxutils import escape

from fastapi import APIRouter, Depends, Request, Response

from nurture import faults
from nurture.app import people
from nurture.app.ingest import ingest
from nurture.channels.base import Forged, Heard, Receipt, Webhook
from nurture.model import Channel
from nurture.store import messages
from nurture.web import keywords, opting
from nurture.web.desk import Desk
from nurture.web.forms import raw_body

_HELP = {
    "pt": "{name}: para não receber mais mensagens, responda SAIR.",
    "en": "{name}: reply STOP to get no more messages.",
}


def routes(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/webhooks/twilio")

    @router.post("/status")
    def status(request: Request, body: bytes = Depends(raw_body)) -> Response:
        heard = _hear(desk, request, body)
        return heard if isinstance(heard, Response) else Response(status_code=204)

    @router.post("/inbound")
    def inbound(request: Request, body: bytes = Depends(raw_body)) -> Response:
        heard = _hear(desk, request, body)
        return heard if isinstance(heard, Response) else _reply(_answer(desk, heard))

    return router


def _hear(desk: Desk, request: Request, body: bytes) -> Heard | Response:
    """Record what the request says; a response where it isn't the provider's."""
    config = desk.runtime.settings.channels.get(Channel.SMS)
    if config is None or config.provider != "twilio":
        return desk.not_found()
    now = desk.now()
    try:
        heard = desk.runtime.carrier(Channel.SMS).parse_webhook(_webhook(desk, request, body), now)
    except Forged:
        return Response("The signature is missing or wrong.", 403, media_type="text/plain")
    for stop in heard.stops:
        opting.stop(desk, stop, now)
    _settle(desk, heard.receipts, now)
    fresh = ingest(desk.runtime.store, heard.events, now).new
    if fresh and keywords.START in _meanings(heard):  # the same request again must not undo a later STOP
        opting.start(desk, heard.events[0].person)
    return heard


def _meanings(heard: Heard) -> list[str | None]:
    return [keywords.meaning(str(event.payload.get("text", ""))) for event in heard.events]


def _webhook(desk: Desk, request: Request, body: bytes) -> Webhook:
    """The request as the provider sent it: to the public address, whatever proxy stands before us."""
    query = f"?{request.url.query}" if request.url.query else ""
    return Webhook(
        f"{desk.runtime.settings.web_url.rstrip('/')}{request.url.path}{query}", request.headers, body
    )


def _settle(desk: Desk, receipts: Sequence[Receipt], now: datetime) -> None:
    """A message that the provider speaks of was accepted by it: that ends any doubt."""
    if not receipts:
        return
    with desk.runtime.store.begin() as tx:
        known = messages.by_keys(tx, {receipt.message_key for receipt in receipts})
        settled = set(
            messages.advance_state(tx, [row["id"] for row in known.values()], "accepted", ["in_doubt"])
        )
        people.wake_runs_of(tx, [row for row in known.values() if row["id"] in settled], now)
        faults.point("receipt.before_commit")
    faults.point("receipt.after_commit")


def _answer(desk: Desk, heard: Heard) -> str | None:
    """What to say to HELP. A STOP is not answered: it asked for silence."""
    if keywords.HELP not in _meanings(heard):
        return None
    company = desk.runtime.settings.company
    return _HELP.get(company.locale[:2], _HELP["en"]).format(name=company.name)


def _reply(text: str | None) -> Response:
    """An answer in Twilio's markup."""
    said = f"<Message>{escape(text)}</Message>" if text else ""
    return Response(
        f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>', media_type="text/xml"
    )
