"""Surveys: a score clicked in a mail opens a page that confirms it; only its button records."""

from __future__ import annotations

import hashlib
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from nurture.app.ingest import ingest
from nurture.model import NewEvent, Person
from nurture.rendering import links
from nurture.settings import SurveySpec
from nurture.store import enrollments, events
from nurture.web.desk import Desk, Ticket
from nurture.web.forms import form, raw_body

LONGEST_COMMENT = 2000


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.api_route("/s/{token}", methods=["GET", "HEAD"])
    def ask(token: str, request: Request) -> Response:
        found = _survey(desk, token)
        if found is None:
            return desk.not_found()
        ticket, survey = found
        return _page(desk, ticket, survey, _score(survey, request.query_params.get("score", "")))

    @router.post("/s/{token}")
    def answer(token: str, body: bytes = Depends(raw_body)) -> Response:
        found = _survey(desk, token)
        if found is None:
            return desk.not_found()
        ticket, survey = found
        fields = form(body)
        score, comment = _score(survey, fields.get("score", "")), fields.get("comment", "").strip()
        if score is None:
            return _page(desk, ticket, survey, None, comment=comment, missing=True, status=400)
        _record(desk, ticket, survey, score, comment[:LONGEST_COMMENT])
        return desk.page("survey-thanks", ticket, survey=survey, score=score)

    return router


def _survey(desk: Desk, token: str) -> tuple[Ticket, SurveySpec] | None:
    ticket = desk.ticket(token, links.Purpose.SURVEY)
    if ticket and ticket.contact["erased_at"]:
        return None
    survey = desk.runtime.settings.surveys.get(ticket.message["survey"] or "") if ticket else None
    return (ticket, survey) if ticket and survey else None


def _score(survey: SurveySpec, text: str) -> int | None:
    """The score that `text` says, if it is one of the survey's."""
    return int(text) if text in {str(score) for score in survey.scale} else None


def _page(
    desk: Desk, ticket: Ticket, survey: SurveySpec, score: int | None, *, status: int = 200, **values: Any
) -> Response:
    scores = list(survey.scale)
    return desk.page(
        "survey", ticket, status, **{"survey": survey, "scores": scores, "score": score, **values}
    )


def _record(desk: Desk, ticket: Ticket, survey: SurveySpec, score: int, comment: str) -> None:
    message, now = ticket.message, desk.now()
    said = hashlib.blake2b(comment.encode(), digest_size=8).hexdigest()
    payload = {"survey": survey.name, "score": score, "comment": comment or None, "message": ticket.key}
    payload |= {"journey": message["journey"], "step": message["step"], "order_id": _order_of(desk, ticket)}
    event = NewEvent(
        name="survey_answered",
        person=Person(),
        occurred_at=now,
        source="web",
        source_id=f"survey:{ticket.key}:{score}:{said}",  # the same answer sent twice is one
        payload={name: value for name, value in payload.items() if value is not None},
        message_key=ticket.key,
    )
    ingest(desk.runtime.store, [event], now)


def _order_of(desk: Desk, ticket: Ticket) -> str | None:
    """The order that the run was about, if it was about one."""
    with desk.runtime.store.read() as tx:
        runs = enrollments.of_contact(tx, ticket.contact["id"], ticket.message["journey"])
        started_by = [run["trigger_event_id"] for run in runs if run["id"] == ticket.message["enrollment_id"]]
        triggers = events.payloads(tx, [event_id for event_id in started_by if event_id is not None])
    for trigger in triggers.values():
        if (order := trigger["payload"].get("order_id")) is not None:
            return str(order)
    return None
