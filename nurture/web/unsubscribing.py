"""No more: the page with one button, and the mail program's own button (RFC 8058).

GET never changes anything, since scanners follow links. POST does, at once, without a cookie, a login
or a redirect, and says so; another POST of the same changes nothing more.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from nurture.app import opt_outs
from nurture.model import Origin
from nurture.rendering import links
from nurture.store import consents, contacts
from nurture.web import clients
from nurture.web.desk import Desk, Ticket
from nurture.web.forms import form, raw_body


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.api_route("/u/{token}", methods=["GET", "HEAD"])
    def ask(token: str) -> Response:
        ticket = desk.ticket(token, links.Purpose.UNSUBSCRIBE)
        if ticket is None:
            return desk.not_found()
        return desk.page("unsubscribe", ticket, topic=_title(desk, ticket))

    @router.post("/u/{token}")
    def leave(token: str, request: Request, body: bytes = Depends(raw_body)) -> Response:
        ticket = desk.ticket(token, links.Purpose.UNSUBSCRIBE)
        if ticket is None:
            return desk.not_found()
        everything = form(body).get("what") == "everything"
        how = "one-click" if b"One-Click" in body else "unsubscribe page"
        origin = Origin(
            ip=clients.network(request, desk.runtime.settings.web_client_ip_header),
            message_id=ticket.message["id"],
        )
        _withdraw(desk, ticket, None if everything else ticket.message["topic"], how, origin)
        topic = None if everything else _title(desk, ticket)
        return desk.page("unsubscribed", ticket, topic=topic, everything=everything)

    return router


def _withdraw(desk: Desk, ticket: Ticket, topic: str | None, how: str, origin: Origin) -> None:
    if ticket.message["recipient_digest"]:  # it went to somebody else, who has no say in the person's consent
        opt_outs.leave_recipient(desk.runtime, ticket.message, desk.now())
        return
    contact_id = ticket.contact["id"]
    if not _withdrawn(desk, contact_id, topic):
        opt_outs.withdraw(
            desk.runtime, contact_id, topic=topic, channel=None, how=how, now=desk.now(), origin=origin
        )


def _withdrawn(desk: Desk, contact_id: int, topic: str | None) -> bool:
    """Whether nothing is left to take back from anybody at her address: a second click makes no second record."""
    with desk.runtime.store.read() as tx:
        everybody = contacts.sharing_mail(tx, contact_id)
        every = {*desk.runtime.settings.topics, *consents.topics_of(tx, everybody)}
        topics = {topic} if topic else every
        return all(consents.all_withdrawn(tx, each, topics) for each in everybody)


def _title(desk: Desk, ticket: Ticket) -> str | None:
    topic = desk.runtime.settings.topics.get(ticket.message["topic"] or "")
    return topic.title if topic else None
