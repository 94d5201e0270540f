"""The timelines of the journeys that ship come true, and leave no way untried."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.app import testing
from nurture.app.init import init
from nurture.app.workspace import Workspace, load

Played = tuple[Workspace, list[testing.Result]]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("shops") / "shop"
    init(folder)
    workspace = load(folder)
    return workspace, testing.run(workspace)


def test_what_was_expected_happens(played: Played) -> None:
    _, results = played
    wrong = {f"{r.test.journey}: {r.test.name}": r.differences for r in results if r.differences}
    assert wrong == {}
    assert len(results) >= 30


def test_every_branch_timeout_exit_and_control_group_is_tried(played: Played) -> None:
    workspace, results = played
    assert testing.uncovered(workspace, results) == []


def test_a_wrong_expectation_is_found(played: Played, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    init(folder)
    for path in (folder / "tests").iterdir():
        if path.stem != "birthday":
            path.unlink()
    birthday = folder / "tests" / "birthday.yaml"
    birthday.write_text(birthday.read_text("utf-8").replace("2027-03-18 09:00", "2027-03-19 09:00"), "utf-8")
    failed = [result.test.name for result in testing.run(load(folder)) if result.differences]
    assert failed == ["Ana gets a coupon on the morning of each birthday"]
