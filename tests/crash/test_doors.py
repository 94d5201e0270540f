"""What is answered is kept, and what is sent again counts once, though the process dies at any point."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import doors
from tests.crash.stage import Stage


@pytest.mark.parametrize(
    "point",
    [f"{door}.{side}_commit" for door in ("ingest", "optout", "receipt") for side in ("before", "after")],
)
def test_what_a_provider_was_answered_is_kept(point: str, dialect: str, stage: Stage) -> None:
    found = doors.heard(doors.doubtful(stage, dialect), f"{point}:2")
    assert found.died
    assert found.forgotten == []
    assert found.not_once == []
    assert found.in_doubt == 0
    assert found.silenced == {"p0", "p3", "p6", "p9"}


@pytest.mark.parametrize("point", ["enroll.before_commit:3", "enroll.after_commit:3"])
def test_whom_another_system_asks_to_let_in_is_in_once(point: str, stage: Stage) -> None:
    died, forgotten, runs = doors.let_in(stage.scene("smtp", "sqlite"), point)
    assert died
    assert forgotten == []
    assert runs == {f"p{number}": 1 for number in range(6)}


@pytest.mark.parametrize("point", ["ingest.before_commit:3", "ingest.after_commit:3"])
def test_events_that_another_system_was_answered_for_are_kept_and_count_once(
    point: str, dialect: str, stage: Stage
) -> None:
    found = doors.posted(stage.scene("smtp", dialect), point)
    assert found.died
    assert found.sound, found


@pytest.mark.parametrize("point", ["ingest.before_commit:2", "ingest.after_commit:2"])
def test_an_import_that_died_is_made_again_without_a_trace(
    point: str, dialect: str, stage: Stage, tmp_path: Path
) -> None:
    scene, file = stage.scene("smtp", dialect), tmp_path / "people.csv"
    rows = [f"q{n},q{n}@example.com,Ana {n}" for n in range(10)]
    file.write_text("\n".join(["ref,email,first_name", *rows]) + "\n", encoding="utf-8")
    _, whole = doors.imported(scene, file, None)
    died, again = doors.imported(scene, file, point)
    assert died
    assert again == whole


@pytest.mark.parametrize("point", ["enroll.before_commit:1", "enroll.after_commit:1"])
def test_a_publishing_that_died_is_made_again_without_a_trace(point: str, dialect: str, stage: Stage) -> None:
    scene = stage.scene("smtp", dialect)
    _, whole = doors.published(scene, None)
    died, again = doors.published(scene, point)
    assert died
    assert again == whole
