"""Tasks: work that a journey gives to a person, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nurture.app.runtime import Runtime
from nurture.problems import NurtureError
from nurture.store import enrollments, events
from nurture.store import tasks as task_store


@dataclass(frozen=True, slots=True)
class OpenTask:
    id: int
    title: str
    person: str
    assign: str
    due_at: datetime | None


def open_tasks(runtime: Runtime) -> list[OpenTask]:
    """Every open task, the most urgent first."""
    with runtime.store.read() as tx:
        rows = task_store.open_ones(tx)
    return [
        OpenTask(
            id=row["id"],
            title=row["title"],
            person=" ".join(filter(None, (row["first_name"], row["last_name"]))) or row["ref"],
            assign=row["assign"],
            due_at=row["due_at"],
        )
        for row in rows
    ]


def close(runtime: Runtime, task_id: int, outcome: str, now: datetime) -> str:
    """Close a task; its title. The outcome is an event, and `ID.outcome` in the run that opened it.

    Raises NurtureError where no such task is open.
    """
    with runtime.store.begin() as tx:
        task = task_store.close(tx, task_id, outcome, now)
        if task is None:
            raise NurtureError(f"task {task_id} is not open; `nurture tasks` lists those that are")
        enrollments.remember(tx, task["enrollment_id"], task["step"], {"outcome": outcome})
        events.append(
            tx,
            [
                {
                    "name": "task_done",
                    "person": {"ref": task["ref"], "email": None, "phone": None, "message": None},
                    "occurred_at": now,
                    "received_at": now,
                    "source": "nurture",
                    "source_id": f"task:{task_id}",
                    "payload": {
                        "task": task_id,
                        "outcome": outcome,
                        "journey": task["journey"],
                        "step": task["step"],
                    },
                }
            ],
        )
    title: str = task["title"]
    return title
