"""Double opt-in: the page with one button, which alone records the yes. GET never changes anything, since scanners
follow links."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from nurture.app import confirming
from nurture.model import Origin
from nurture.rendering import links
from nurture.web import clients
from nurture.web.desk import Desk, Ticket


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.api_route("/d/{token}", methods=["GET", "HEAD"])
    def ask(token: str) -> Response:
        ticket = desk.ticket(token, links.Purpose.CONFIRM)
        return desk.page("confirm", ticket, topic=_title(desk, ticket)) if ticket else desk.not_found()

    @router.post("/d/{token}")
    def confirm(token: str, request: Request) -> Response:
        ticket = desk.ticket(token, links.Purpose.CONFIRM)
        if ticket is None or not _confirm(desk, ticket, request):
            return desk.not_found()
        return desk.page("confirmed", ticket, topic=_title(desk, ticket))

    return router


def _confirm(desk: Desk, ticket: Ticket, request: Request) -> bool:
    network = clients.network(request, desk.runtime.settings.web_client_ip_header)
    origin = Origin(ip=network, message_id=ticket.message["id"])
    return confirming.confirm(desk.runtime, ticket.message, origin, desk.now())


def _title(desk: Desk, ticket: Ticket) -> str:
    topic = desk.runtime.settings.topics.get(ticket.message["topic"])
    return topic.title if topic else ticket.message["topic"]
