"""Nothing lost, nothing twice: killed at every fault point, and held against the provider's ledger."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from nurture import faults
from tests.crash import trials
from tests.crash.hunting import hunted
from tests.crash.rounds import DOUBTFUL
from tests.crash.scene import SURE, Scene
from tests.crash.seen import JOBS, LADDER
from tests.crash.stage import Stage
from tests.crash.workers import finish

# The sending ones first: who is killed there leaves the rest to be sent.
SENDING = ("compose", "handover", "body", "outcome")
ORDERED = sorted(JOBS, key=lambda point: point.partition(".")[0] not in SENDING)
CHAINS = [[f"{point}:1" for point in ORDERED[number::6]] for number in range(6)]
ON_THE_LADDER = [[DOUBTFUL, *(f"{point}:1" for point in LADDER)]]
# By workers at once: whoever comes there dies. `make soak` kills with each number everywhere, and at every occurrence.
KILLED = (
    ("smtp", "sqlite", 1),
    ("smtp", "sqlite", 2),
    ("smtp", "sqlite", 4),
    ("smtp", "postgresql", 1),
    ("smtp", "postgresql", 3),
    ("twilio", "sqlite", 1),
    ("twilio", "sqlite", 4),
    ("twilio", "postgresql", 2),
    ("http", "sqlite", 1),
    ("http", "sqlite", 3),
    ("resend", "sqlite", 2),
)


@pytest.mark.parametrize(
    ("provider", "dialect", "workers"),
    [pytest.param(*each, marks=[pytest.mark.postgresql] if "postgresql" in each else []) for each in KILLED],
)
def test_nothing_is_lost_or_sent_twice_wherever_workers_die(
    provider: str, dialect: str, workers: int, stage: Stage
) -> None:
    scene = stage.scene(provider, dialect)
    stage.visits(scene)
    for wanted in CHAINS + (ON_THE_LADDER if provider in SURE else []):
        found = hunted(scene, wanted, workers)
        assert found.sound, f"{wanted}: {found}"
        assert set(found.hits) == set(wanted)


@pytest.mark.parametrize("fault", ["body.before_reply:6", "handover.after_commit:3", "lease.before_commit:2"])
def test_nor_where_one_dies_later(fault: str, scene: Scene, visits: Counter[str]) -> None:
    dead, found = trials.killed(scene, fault)
    assert dead, visits
    assert found.sound, found
    assert found.doubt_is_small, found


def test_every_point_is_come_to(visits: Counter[str]) -> None:
    assert set(visits) == set(JOBS)


def test_a_repeat_changes_nothing(scene: Scene) -> None:
    dead, before = trials.killed(scene, "body.before_reply:5")
    assert dead
    assert trials.repeated(scene) == _timeless(before)


def _timeless(found: trials.Audit) -> trials.Audit:
    return trials.Audit(**{**vars(found), "seconds": 0.0})


def test_a_reply_that_never_comes_leaves_doubt_and_no_second_message(stage: Stage, dialect: str) -> None:
    for provider, who in (("smtp", "p3@example.com"), ("twilio", "+5511987650003")):
        scene = stage.scene(provider, dialect, f"{who}=vanish")
        found = trials.undisturbed(scene)
        assert found.sound
        assert len(found.in_doubt) == 3
        assert found.sent_once == found.due


def test_the_worker_dies_by_its_own_hand() -> None:
    """The harness itself: an armed point really kills."""
    pid = os.fork()
    if not pid:
        faults.arm("lease.after_commit")
        faults.point("lease.before_commit")
        faults.point("lease.after_commit")
        os._exit(0)
    assert finish(pid) == -9
