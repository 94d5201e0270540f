"""Who looks at a message while somebody else writes what became of it (PostgreSQL: on SQLite only one writes at a
time)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from nurture.app import advance
from nurture.app.runtime import Runtime
from nurture.store import enrollments, messages, tables
from nurture.store.engine import Store
from tests.crash.scene import Scene
from tests.crash.stage import Stage

pytestmark = pytest.mark.postgresql


@dataclass
class Two:
    """A scene whose messages wait to be sent, a worker, and somebody else at the same database."""

    scene: Scene
    runtime: Runtime
    other: Store


@pytest.fixture
def two(stage: Stage) -> Iterator[Two]:
    scene = stage.scene("smtp", "postgresql")
    scene.reset()
    runtime, other = scene.open(), Store(scene.database)
    advance.advance(runtime, scene.start)
    yield Two(scene, runtime, other)
    runtime.close()
    other.close()


def _runs(scene: Scene) -> list[tuple[str, bool]]:
    """Where each run stands, and whether it sleeps until somebody wakes it."""
    (runs,) = scene.rows(tables.enrollments)
    return sorted((row["step"], row["due_at"] is None) for row in runs if row["status"] == "active")


def test_no_run_sleeps_through_the_end_of_its_message(two: Two) -> None:
    scene, runtime = two.scene, two.runtime
    asleep = _runs(scene)
    assert asleep == [("first", True)] * scene.people
    with runtime.store.begin() as tx:  # as when a worker was lost with the message, which then goes again
        ids = list(tx.execute(sa.select(tables.enrollments.c.id)).scalars())
        enrollments.wake(tx, ids, scene.start)
    with two.other.begin() as tx:
        done = {"state": "accepted", "done_at": scene.start, "accepted_at": scene.start}
        tx.execute(sa.update(tables.messages).values(done))
        enrollments.wake(tx, ids, scene.start)
        advance.advance(runtime, scene.start)
    assert not any(sleeps for _, sleeps in _runs(scene))
    advance.advance(runtime, scene.start)
    assert {step for step, _ in _runs(scene)}.isdisjoint({"first"})


def test_what_a_lost_worker_had_is_taken_back_without_waiting_for_who_writes_about_it(two: Two) -> None:
    scene, sent = two.scene, tables.messages
    with two.runtime.store.begin() as tx:
        lapsed = {"state": "leased", "lease_owner": "gone", "lease_until": scene.start, "fence": 1}
        tx.execute(sa.update(sent).values(lapsed))
        first = tx.execute(sa.select(sa.func.min(sent.c.id))).scalar_one()
    with two.other.begin() as tx:  # the worker isn't lost after all: it writes about its first message
        tx.execute(sa.update(sent).where(sent.c.id == first).values(fence=2))
        with two.runtime.store.begin() as ours:
            ours.execute(sa.text("SET LOCAL lock_timeout = '1s'"))
            taken = messages.reclaim(ours, scene.start, scene.start)
    (rows,) = scene.rows(sent)
    assert (taken.returned, taken.in_doubt) == (scene.people - 1, [])
    assert [row["id"] for row in rows if row["state"] != "scheduled"] == [first]
