"""What is done to one person by a command is done once and wholly, though it dies half-way and a worker is at work on
her: who asked for it asks again. `make soak` kills at each of their points, on both databases; tests/crash/test_plants.py
at those where the planted bugs show."""

from __future__ import annotations

import pytest

from tests.crash import answers, people
from tests.crash.stage import Stage

IN_THE_AIR = "handover.after_commit:2"


@pytest.mark.postgresql
def test_two_who_are_merged_are_one(stage: Stage) -> None:
    found = people.merged(stage.scene("smtp", "postgresql"), "merge.before_commit", IN_THE_AIR)
    assert found.died
    assert found.wrong == []


@pytest.mark.postgresql
def test_nothing_leaves_to_who_was_erased_and_nothing_names_her(stage: Stage) -> None:
    """Neither what a worker that died had begun to write."""
    scene = people.files(stage.scene("smtp", "postgresql"))
    found = people.erased(scene, "erase.before_commit", IN_THE_AIR, dead="body.before_reply:1")
    assert found.died
    assert found.wrong == []


def test_what_is_given_out_is_whole(stage: Stage) -> None:
    found = people.exported(stage.scene("smtp", "sqlite"), "export.after_write:2")
    assert found.died
    assert found.wrong == []


def test_who_says_yes_is_asked_once_and_confirms_once(stage: Stage) -> None:
    scene = answers.asking(stage.scene("smtp", "sqlite"))
    found = answers.confirmed(scene, "feedback.before_commit:1", "confirm.after_commit:2")
    assert found.died
    assert found.wrong == []


def test_a_call_for_help_is_answered_once(stage: Stage) -> None:
    found = answers.helped(
        stage.scene("twilio", "sqlite"), "handover.before_commit:1", "ingest.after_commit:3"
    )
    assert found.died
    assert found.wrong == []
