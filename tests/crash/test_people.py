"""What is done to one person by a command is done once and wholly, though it dies half-way and a worker is at work on
her: who asked for it asks again. `make soak` kills at each of these points, on both databases."""

from __future__ import annotations

import pytest

from tests.crash import people
from tests.crash.stage import Stage

IN_THE_AIR = "handover.after_commit:2"
POSTGRESQL = pytest.mark.postgresql


@pytest.mark.parametrize(
    ("dialect", "point"),
    [("sqlite", "merge.before_commit"), pytest.param("postgresql", "merge.after_commit", marks=POSTGRESQL)],
)
def test_two_who_are_merged_are_one(dialect: str, point: str, stage: Stage) -> None:
    found = people.merged(stage.scene("smtp", dialect), point, IN_THE_AIR)
    assert found.died
    assert found.wrong == []


@pytest.mark.parametrize(
    ("dialect", "point"),
    [("sqlite", "erase.before_commit"), pytest.param("postgresql", "erase.after_commit", marks=POSTGRESQL)],
)
def test_nothing_leaves_to_who_was_erased(dialect: str, point: str, stage: Stage) -> None:
    found = people.erased(stage.scene("smtp", dialect), point, IN_THE_AIR)
    assert found.died
    assert found.wrong == []


def test_nothing_names_who_was_erased_neither_what_a_dead_worker_left(stage: Stage) -> None:
    scene = people.files(stage.scene("smtp", "sqlite"))
    found = people.erased(scene, "erase.before_scrub", IN_THE_AIR, dead="body.before_reply:1")
    assert found.died
    assert found.wrong == []


def test_what_is_given_out_is_whole(stage: Stage) -> None:
    found = people.exported(stage.scene("smtp", "sqlite"), "export.after_write:2")
    assert found.died
    assert found.wrong == []
