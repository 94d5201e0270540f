"""Nothing lost, nothing twice: killed at every fault point, and held against the provider's ledger."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from nurture import faults
from tests.crash import trials
from tests.crash.scene import Scene
from tests.crash.stage import Stage
from tests.crash.workers import finish

DOORS = ("optout", "receipt")  # of the web part: see test_doors
LADDER = ("doubt",)  # of providers that can be asked: see test_ladder
JOBS = [point for point in faults.POINTS if point.partition(".")[0] not in (*DOORS, *LADDER)]
DELIVERY = [point for point in JOBS if point.partition(".")[0] in ("lease", "handover", "body", "outcome")]
# Which occurrences of a point are tried here, at delivery and elsewhere; `make soak` tries them all.
OCCURRENCES = {
    ("smtp", "sqlite"): ((1, 2, 3), (2,)),
    ("smtp", "postgresql"): ((2,), (1,)),
    ("twilio", "sqlite"): ((2,), ()),
    ("twilio", "postgresql"): ((1,), ()),
}


@pytest.mark.parametrize("point", JOBS)
def test_nothing_is_lost_or_sent_twice_at(point: str, scene: Scene, visits: Counter[str]) -> None:
    at_delivery, elsewhere = OCCURRENCES[scene.provider, scene.dialect]
    for occurrence in at_delivery if point in DELIVERY else elsewhere:
        dead, found = trials.killed(scene, f"{point}:{occurrence}")
        assert dead == (occurrence <= visits[point]), f"{point} was not come to: {visits}"
        assert found.sound, f"{point}:{occurrence}: {found}"
        assert found.doubt_is_small, f"{point}:{occurrence}: {found}"


def test_every_point_is_come_to(visits: Counter[str]) -> None:
    assert set(visits) == set(JOBS)


def test_a_repeat_changes_nothing(scene: Scene) -> None:
    dead, before = trials.killed(scene, "body.before_reply:5")
    assert dead
    assert trials.repeated(scene) == _timeless(before)


@pytest.mark.parametrize("point", ["handover.after_commit", "body.before_reply", "outcome.before_commit"])
def test_a_webhook_is_called_as_a_message_is_sent(point: str, stage: Stage) -> None:
    """`make soak` kills at the other points too."""
    scene = stage.scene("http", "sqlite")
    dead, found = trials.killed(scene, f"{point}:1")
    assert dead
    assert found.sound, found
    assert found.doubt_is_small, found


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
