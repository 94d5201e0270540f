"""What providers tell us. A STOP is in force before the provider gets its answer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response

from nurture import faults
from nurture.app import feedback, ladder, people
from nurture.app.ingest import ingest
from nurture.channels.api import Api
from nurture.channels.base import Carrier, Forged, Heard, Receipt, Stop, Webhook
from nurture.channels.keywords import Meaning, meaning
from nurture.model import NewEvent
from nurture.store import messages, seals
from nurture.web import opting
from nurture.web.desk import Desk
from nurture.web.forms import raw_body


def routes(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/webhooks")

    @router.get("/{provider}")
    def challenge(provider: str, request: Request) -> Response:
        """Some providers ask first whether the address is ours."""
        for carrier in _carriers(desk, provider):
            said = carrier.provider.challenge(request.query_params) if isinstance(carrier, Api) else None
            if said is not None:
                return Response(said, media_type="text/plain")
        return desk.not_found()

    @router.post("/{provider}")
    @router.post("/{provider}/{_what}")
    def receive(
        provider: str, request: Request, _what: str = "", body: bytes = Depends(raw_body)
    ) -> Response:
        carriers = _carriers(desk, provider)
        if not carriers:
            return desk.not_found()
        now = desk.now()
        try:
            heard = _hear(carriers, _webhook(desk, request, body), now)
            _unseal(desk, provider, heard, now)
        except Forged:
            return Response("The signature is missing or wrong.", 403, media_type="text/plain")
        _take(desk, provider, heard, now)
        if heard.reply is None:
            return Response()  # 200: to some any other success is a failure
        said, media_type = heard.reply
        return Response(said, media_type=media_type)

    return router


def _carriers(desk: Desk, provider: str) -> list[Carrier]:
    """The carriers of the channels that this provider carries."""
    channels = desk.runtime.settings.channels
    return [
        desk.runtime.carrier(channel) for channel, config in channels.items() if config.provider == provider
    ]


def _hear(carriers: Sequence[Carrier], webhook: Webhook, now: datetime) -> Heard:
    """What the first of these says to whom the request is proved. Raises Forged."""
    for carrier in carriers[:-1]:
        with suppress(Forged):
            return carrier.parse_webhook(webhook, now)
    return carriers[-1].parse_webhook(webhook, now)


def _unseal(desk: Desk, provider: str, heard: Heard, now: datetime) -> None:
    """Raises Forged where the signature was there before, with another body."""
    if (seal := heard.seal) is None:
        return
    with desk.runtime.store.begin() as tx:
        first = seals.first_body(tx, provider, seal.token, seal.body, seal.until, now)
    if first != seal.body:
        raise Forged("the signature came with another body before")


def _take(desk: Desk, provider: str, heard: Heard, now: datetime) -> None:
    """Record what a request says. Of a STOP and a START the later holds; of two at the same time, the STOP."""
    for stop in heard.stops:
        opting.stop(desk, stop, provider, now)
    for preference in heard.preferences:
        opting.prefer(desk, preference, provider, now)
    _settle(desk, heard.receipts, now)
    events = feedback.ours(desk.runtime, heard.events, now)
    for event in events:
        if _meaning(event) is Meaning.START and not _silenced(event, heard.stops, now):
            opting.start(desk, event, now)
    ingest(desk.runtime.store, events, now)  # a STOP and a START are known by now, and stay as they are


def _meaning(event: NewEvent) -> Meaning | None:
    return Meaning.START if event.payload.get("start") else meaning(str(event.payload.get("text", "")))


def _silenced(event: NewEvent, stops: Sequence[Stop], now: datetime) -> bool:
    """Whether the same request tells of a STOP of hers that isn't older."""
    return any(
        stop.person == event.person and (stop.at or now) >= min(event.occurred_at, now) for stop in stops
    )


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
        ladder.note(tx, settled, "receipt", now)
        people.wake_runs_of(tx, [row for row in known.values() if row["id"] in settled], now)
        faults.point("receipt.before_commit")
    faults.point("receipt.after_commit")
