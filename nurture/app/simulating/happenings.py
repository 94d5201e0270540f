"""What is assumed to happen in a simulation: `order_completed@+3d {"total": 100}`, and how people answer."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from nurture import clock
from nurture.app.ingest import about_message
from nurture.options.values import moment
from nurture.problems import NurtureError, nearest
from nurture.settings import SurveySpec

ANSWERS = ("silence", "clicks", "buys")
_SHAPE = re.compile(
    r"\s*(?P<name>[A-Za-z_][\w .-]*?)\s*(?:@\s*(?P<at>[^{]*?))?\s*(?P<fields>\{.*)?", re.DOTALL
)
_SOON = re.compile(r"\+\s*(\d{1,4})\s*([mhdw])[a-z]*")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
READS = timedelta(hours=1)  # after a message was accepted
BUYS = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Assumed:
    """An event that is taken to happen. `about` is the send key of the message that it answers."""

    at: datetime
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    about: str | None = None


def read(text: str, now: datetime, zone: str, known: Collection[str], aliases: Mapping[str, str]) -> Assumed:
    """An event as somebody writes it on the command line. Raises NurtureError that says how to write it."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise _wrong(text, "that is no event")
    name = aliases.get(found["name"], found["name"])
    if name not in known:
        near = nearest(name, known)
        raise _wrong(text, f"unknown event '{name}'" + (f", did you mean '{near}'" if near else ""))
    return Assumed(_at(text, found["at"], now, zone), name, _fields(text, found["fields"]))


def _at(text: str, at: str | None, now: datetime, zone: str) -> datetime:
    if not at:
        return now
    if soon := _SOON.fullmatch(at.strip()):
        return now + int(soon[1]) * _UNITS[soon[2]]
    try:
        wall = moment(at.strip())
    except ValueError as error:
        raise _wrong(text, str(error)) from None
    if wall is None:
        raise _wrong(text, f"'{at.strip()}' is no time")
    found = clock.at_wall(wall.date(), wall.hour * 60 + wall.minute, zone).astimezone(UTC)
    if found < now:
        raise _wrong(text, f"'{at.strip()}' is in the past")
    return found


def _fields(text: str, fields: str | None) -> dict[str, Any]:
    try:
        found = json.loads(fields) if fields else {}
    except ValueError:
        raise _wrong(text, "its fields are no JSON") from None
    return dict(found)


def _wrong(text: str, why: str) -> NurtureError:
    return NurtureError(
        f"--event '{text}': {why}; write it as 'order_completed', 'order_completed@+3d' or "
        "'order_completed@2026-12-01 10:00 {\"total\": 100}'"
    )


def answers(
    kind: str,
    sent: Sequence[Mapping[str, Any]],
    order: Mapping[str, Any],
    surveys: Mapping[str, SurveySpec],
    now: datetime,
) -> list[Assumed]:
    """What follows on these messages: a click an hour later, with the best score of a survey; a purchase, if she buys,
    two hours later."""
    found: list[Assumed] = []
    if kind == "silence":
        return found
    for row in sent:
        fields = {**about_message(row), "class": "human"}
        found.append(Assumed(now + READS, f"{row['channel']}_clicked", fields, row["key"]))
        if row["survey"]:
            said = {**about_message(row), "survey": row["survey"], "score": surveys[row["survey"]].scale[-1]}
            found.append(Assumed(now + READS, "survey_answered", said, row["key"]))
        if kind == "buys":
            found.append(
                Assumed(now + BUYS, "order_completed", {**order, "order_id": f"simulated-{row['id']}"})
            )
    return found
