"""Nothing lost, nothing twice: killed at every fault point, and held against the provider's ledger."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture import faults
from tests.crash import plants
from tests.crash.scene import CONNECTIONS, Audit, Scene, audit, build, finish, worker
from tests.support import sink

PEOPLE = 10
OCCURRENCES = 3  # the first ones; the soak goes further


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[sink.Sink]:
    with sink.running(tmp_path / "ledger.ndjson", "--fsync") as running:
        yield running


def killed_at(
    scene: Scene, provider: sink.Sink, fault: str, plant: plants.Plant | None = None
) -> tuple[bool, Audit]:
    """Kill a worker at `fault`, let others finish, and look. Whether the fault was come to."""
    killed = finish(worker(scene, fault, plant)) != 0
    for _ in range(2):
        finish(worker(scene, None, plant))
    return killed, audit(scene, provider.messages())


POINTS = [
    point for point in faults.POINTS if not point.startswith("ingest")
]  # the scene is built before the worker


@pytest.mark.parametrize("point", POINTS)
def test_nothing_is_lost_or_sent_twice_at(
    point: str, database: str, provider: sink.Sink, tmp_path: Path
) -> None:
    hits = 0
    for occurrence in range(1, OCCURRENCES + 1):
        provider.ledger.write_text("")
        folder = tmp_path / str(occurrence)
        scene = build(folder, fresh(database, folder), provider.port, PEOPLE)
        killed, found = killed_at(scene, provider, f"{point}:{occurrence}")
        if not killed:
            break
        hits += 1
        assert found.sound, f"{point}:{occurrence}: {found}"
        assert len(found.in_doubt) <= CONNECTIONS, f"{point}:{occurrence}: {found}"
        assert found.due == len(
            set(m["message_id"] for m in provider.messages())
            | {f"<{k}@cafe.example>" for k in found.in_doubt}
        )
    assert hits, f"the worker never came to {point}"


def fresh(database: str, folder: Path) -> str:
    """A database of its own for each kill."""
    if database.startswith("sqlite"):
        folder.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{folder / 'crash.db'}"
    from tests.support import postgres

    return postgres.migrated_database()


@pytest.mark.parametrize("name", sorted(plants.CRASHES))
def test_the_harness_catches(name: str, provider: sink.Sink, tmp_path: Path) -> None:
    for point in (
        "handover.after_commit",
        "body.before_reply",
        "outcome.before_commit",
        "lease.after_commit",
    ):
        provider.ledger.write_text("")
        folder = tmp_path / point
        scene = build(folder, f"sqlite:///{folder / 'crash.db'}", provider.port, PEOPLE)
        _, found = killed_at(scene, provider, f"{point}:1", plants.CRASHES[name])
        if not found.sound or len(found.in_doubt) > CONNECTIONS:
            return
    pytest.fail(f"{name} was planted and the harness saw nothing")


def test_the_worker_dies_by_its_own_hand(tmp_path: Path) -> None:
    """The harness itself: an armed point really kills."""
    pid = os.fork()
    if not pid:
        faults.arm("lease.after_commit")
        faults.point("lease.before_commit")
        faults.point("lease.after_commit")
        os._exit(0)
    assert finish(pid) == -9
