"""The picture of a journey with what it would have done on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nurture import clock
from nurture.app.simulating.past import Journey, Past
from nurture.compiler.plan import Plan
from nurture.reports import picture
from nurture.steps import Message


def drawn(plan: Plan, journey: Journey, found: Past) -> str:
    """An SVG: how many people entered, came to each step and stand there at the end, and what each step sent."""
    start, end = (f"{clock.local(at, found.zone):%Y-%m-%d}" for at in (found.start, found.end))
    about = f"Had it been live from {start} to {end}, with {found.people:,} people known"
    lines = [replace(row, below=_counts(plan, journey, row)) for row in picture.rows(plan)]
    return picture.svg(plan, (picture.Row(about, -1, way=True), *lines), about)


def _counts(plan: Plan, journey: Journey, row: picture.Row) -> str:
    """What stands below the words of a line."""
    if row.way:
        return ""
    if row.reason:
        return f"{journey.ended.get(row.reason, 0):,} left"
    parts = _step(plan, journey, row.id) if row.id else _beginning(journey)
    return ", ".join(f"{count:,} {what}" for count, what in parts)


def _beginning(journey: Journey) -> Iterator[tuple[int, str]]:
    yield journey.entered, "entered"
    if journey.held_out:
        yield journey.held_out, "of them in the control group"
    yield journey.ended.get("completed", 0), "came to the end"
    yield sum(journey.standing.values()), "inside today"


def _step(plan: Plan, journey: Journey, name: str) -> Iterator[tuple[int, str]]:
    yield journey.steps.get(name, 0), "came"
    if isinstance(plan.steps[name], Message):
        yield journey.sent.get(name, 0), "sent"
    if name in journey.standing:
        yield journey.standing[name], "here today"
