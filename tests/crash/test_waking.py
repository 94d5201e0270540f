"""A run that is looked at while somebody writes what became of its message is looked at again (PostgreSQL: on SQLite only
one writes at a time)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from nurture.app import advance
from nurture.store import enrollments, tables
from nurture.store.engine import Store
from tests.crash.scene import Scene
from tests.crash.stage import Stage


def _runs(scene: Scene) -> list[tuple[str, bool]]:
    """Where each run stands, and whether it sleeps until somebody wakes it."""
    (runs,) = scene.rows(tables.enrollments)
    return sorted((row["step"], row["due_at"] is None) for row in runs if row["status"] == "active")


@pytest.mark.postgresql
def test_no_run_sleeps_through_the_end_of_its_message(stage: Stage) -> None:
    scene = stage.scene("smtp", "postgresql")
    scene.reset()
    runtime, other = scene.open(), Store(scene.database)
    advance.advance(runtime, scene.start)
    asleep = _runs(scene)
    assert asleep == [("first", True)] * scene.people
    with runtime.store.begin() as tx:  # as when a worker was lost with the message, which then goes again
        ids = list(tx.execute(sa.select(tables.enrollments.c.id)).scalars())
        enrollments.wake(tx, ids, scene.start)
    with other.begin() as tx:
        done = {"state": "accepted", "done_at": scene.start, "accepted_at": scene.start}
        tx.execute(sa.update(tables.messages).values(done))
        enrollments.wake(tx, ids, scene.start)
        advance.advance(runtime, scene.start)
    assert not any(sleeps for _, sleeps in _runs(scene))
    advance.advance(runtime, scene.start)
    assert {step for step, _ in _runs(scene)}.isdisjoint({"first"})
    runtime.close()
    other.close()
