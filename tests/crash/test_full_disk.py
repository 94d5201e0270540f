"""The disk of a PostgreSQL server is full while a wave is under way: its tables can't grow, or its log can't be written."""

from __future__ import annotations

import pytest

from tests.crash import trials
from tests.crash.stage import SMALL_DISK, Stage

# What the job may say. A server that can't write its log goes down, often before its answer is there.
SAID = {
    "tables": ("its disk may be full",),
    "log": ("its disk may be full", "doesn't answer", "the connection to the database server"),
}

pytestmark = [pytest.mark.postgresql, pytest.mark.parametrize("what", trials.FILLED)]


@pytest.mark.parametrize("point", ["handover.before_commit:2", "body.before_reply:3"])
def test_a_worker_that_goes_on_knows_what_it_was_answered(what: str, point: str, stage: Stage) -> None:
    scene = stage.scene("smtp", SMALL_DISK)
    found = trials.filled_up_server(scene, stage.small_disk, what, point)
    assert found.noticed
    assert any(each in found.said for each in SAID[what]), found.said
    assert found.sound, found


def test_one_that_dies_of_it_leaves_a_wave_in_doubt(what: str, stage: Stage) -> None:
    scene = stage.scene("smtp", SMALL_DISK)
    found = trials.filled_up_server(scene, stage.small_disk, what, "body.before_reply:3", dies=True)
    assert found.died
    assert found.audit.in_doubt
    assert found.sound, found
