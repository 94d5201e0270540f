"""Tasks: work that a journey gives to a person, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.app.changes import Occasion, own_event
from nurture.app.compose import variables
from nurture.app.runtime import Runtime
from nurture.problems import NurtureError
from nurture.store import contacts, enrollments, events
from nurture.store import tasks as task_store

DONE = "task_done"


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task; `outcome` is None while it is open."""

    id: int
    title: str
    person: str
    assign: str
    due_at: datetime | None
    outcome: str | None = None


def open_tasks(runtime: Runtime) -> list[OpenTask]:
    """Every open task, the most urgent first."""
    with runtime.store.read() as tx:
        return [_task(row) for row in task_store.open_ones(tx)]


def _task(row: Mapping[str, Any]) -> OpenTask:
    name = " ".join(filter(None, (row["first_name"], row["last_name"])))
    return OpenTask(
        id=row["id"],
        title=row["title"],
        person=name or row["email"] or row["phone"] or row["ref"],
        assign=row["assign"],
        due_at=row["due_at"],
        outcome=row["outcome"],
    )


def brief(runtime: Runtime, task_id: int) -> tuple[OpenTask, str | None]:
    """A task and its brief with the person's values as they are now; None where the step names none.

    Raises NurtureError where there is no such task, and for a mistake in the template.
    """
    with runtime.store.read() as tx:
        row = task_store.one(tx, task_id)
        if row is None:
            raise NurtureError(f"there is no task {task_id}; `nurture tasks` lists those that are open")
        person = contacts.rows(tx, [row["contact_id"]])[row["contact_id"]]
        started = events.payloads(tx, {row["trigger_event_id"]} - {None}).get(row["trigger_event_id"])
    if row["brief"] is None:
        return _task(row), None
    values = variables(runtime, person, started, row["memory"] or {}, {})
    name = str(row["brief"]).removeprefix("tasks/")
    return _task(row), runtime.renderer.task(name, values, runtime.settings.company.locale).strip()


def close(runtime: Runtime, task_id: int, outcome: str, now: datetime) -> str:
    """Close a task; its title. The outcome is an event, and `ID.outcome` in the run that opened it.

    Raises NurtureError where no such task is open.
    """
    with runtime.store.begin() as tx:
        task = task_store.close(tx, task_id, outcome, now)
        if task is None:
            raise NurtureError(f"task {task_id} is not open; `nurture tasks` lists those that are")
        enrollments.remember(tx, task["enrollment_id"], task["step"], {"outcome": outcome})
        payload = {"task": task_id, "outcome": outcome, "journey": task["journey"], "step": task["step"]}
        occasion = Occasion(f"task:{task_id}", now)
        done = own_event(DONE, task["contact_id"], task["ref"], occasion, payload, (DONE,), now)
        events.append(tx, [done])
    title: str = task["title"]
    return title
