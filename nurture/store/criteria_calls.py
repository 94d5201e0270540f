"""Tests of what stands in other tables than the person: tags, consent, messages, other journeys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from nurture.model import ADDRESS, CLOSED_BY, Channel
from nurture.steps.base import ANY_PASS
from nurture.store.criteria_json import Column
from nurture.store.criteria_values import Rows
from nurture.store.tables import contact_tags, enrollments, events, messages, permissions, tasks

Test = sa.ColumnElement[bool]
_MESSAGE_COLUMNS = {
    "sent": "accepted_at",
    "delivered": "delivered_at",
    "opened": "opened_at",
    "clicked": "clicked_at",
    "bounced": "bounced_at",
    "replied": "replied_at",
}
_OTHER_RUNS = enrollments.alias("other_runs")
_PERSONAL: Mapping[str, Callable[[str], tuple[sa.FromClause, list[Test]]]] = {
    "has_tag": lambda tag: (contact_tags, [contact_tags.c.tag == tag]),
    "consents": lambda topic: (permissions, [permissions.c.topic == topic, permissions.c.given.is_(True)]),
    "in_journey": lambda name: (
        _OTHER_RUNS,
        [_OTHER_RUNS.c.journey == name, _OTHER_RUNS.c.status == "active"],
    ),
}


def call(fn: str, arg: str, row: Rows, now: Column) -> Test:
    """A function of the language, but for in_segment. Raises ValueError for a run's outside of one."""
    if fn == "reachable":
        return _reachable(arg, row.contact)
    if fn in _MESSAGE_COLUMNS:
        return _message(arg, _MESSAGE_COLUMNS[fn], row)
    if fn == "answered":
        return _answered(arg, row, now)
    table, tests = _PERSONAL[fn](arg)
    found = sa.select(sa.literal(1)).select_from(table).where(table.c.contact_id == row.contact.c.id, *tests)
    return found.correlate(*row).exists()


def is_step(column: Column, step: str) -> Test:
    """The step, or any pass of it in its repeat."""
    if not step.endswith(ANY_PASS):
        return column == step
    return column.startswith(step.removesuffix(ANY_PASS) + "[", autoescape=True)


def _message(step: str, column: str, row: Rows) -> Test:
    """Whatever the arm and however many attempts: of all messages of the step in this run, one has it."""
    run, message = row.run(), messages.alias()
    found = sa.select(message.c.id).where(
        message.c.enrollment_id == run.c.id, is_step(message.c.step, step), message.c[column].is_not(None)
    )
    return found.correlate(*row).exists()


def _answered(step: str, row: Rows, now: Column) -> Test:
    event = events.alias()
    found = sa.select(event.c.id).where(
        event.c.message_id.in_(messages_of(step, row)),
        event.c.name == "survey_answered",
        event.c.occurred_at <= now,
    )
    return found.correlate(*row).exists()


def tasks_of(step: str, row: Rows) -> sa.Select[Any]:
    """The tasks that this step opened in the run, as the texts by which events name them."""
    run, task = row.run(), tasks.alias()
    found = sa.select(sa.cast(task.c.id, sa.Text)).where(
        task.c.enrollment_id == run.c.id, is_step(task.c.step, step)
    )
    return found.correlate(*row)


def _reachable(channel: str, contact: sa.FromClause) -> Test:
    named = Channel(channel)
    address, suppressed = contact.c[ADDRESS[named]], contact.c[f"{CLOSED_BY[named]}_suppressed"]
    there = sa.and_(address.is_not(None), address != "")
    return sa.and_(there, suppressed.is_(None), contact.c.erased_at.is_(None))


def messages_of(step: str, row: Rows) -> sa.Select[Any]:
    """The ids of this run's messages of a step."""
    run, message = row.run(), messages.alias()
    found = sa.select(message.c.id).where(message.c.enrollment_id == run.c.id, is_step(message.c.step, step))
    return found.correlate(*row)


def since(start: str, event: sa.FromClause, run: sa.FromClause) -> list[Test]:
    """The event happened after the step before was done (`step`), the run began (`entry`), or `ever`."""
    if start == "ever":
        return []
    if start == "entry":
        return [event.c.occurred_at >= run.c.entered_at]
    # What ended the step before must not end this one too; but shops count in seconds, and what
    # happened in the same one as the trigger is not to be lost.
    later = sa.or_(event.c.occurred_at > run.c.arrived_at, run.c.arrived_at == run.c.entered_at)
    return [event.c.occurred_at >= run.c.arrived_at, later]
