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
    return workspace, list(testing.play(workspace))


def test_what_was_expected_happens(played: Played) -> None:
    _, results = played
    wrong = {f"{r.test.journey}: {r.test.name}": r.differences for r in results if r.differences}
    assert wrong == {}
    assert len(results) >= 30


def test_every_branch_timeout_exit_and_control_group_is_tried(played: Played) -> None:
    workspace, results = played
    assert [each.in_words() for each in testing.uncovered(workspace, results)] == []


def test_a_way_that_no_test_takes_is_named(played: Played) -> None:
    """For each way of each plan: without the tests that take it, it and perhaps others are named."""
    workspace, results = played
    for name, journey in workspace.journeys.items():
        for way in testing.ways_of(journey.plan):
            others = [each for each in results if each.test.journey != name or way not in each.ways]
            assert (name, way) in {(each.journey, each.way) for each in testing.uncovered(workspace, others)}


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("welcome", {":exit.event.order_completed", ":exit.when", ":held_out"}),
        (
            "birthday",
            {":exit.when", ":held_out"}
            | {f"congratulate:message.sent.{channel}.birthday/present" for channel in ("email", "sms")},
        ),
        (
            "post-sale-survey",
            {
                "wait_for_survey_answered:wait_for.survey_answered",
                "wait_for_survey_answered:wait_for.timeout",
                "branch:branch.if.1",
                "branch:branch.if.2",
                "branch:branch.else",
                "exit_no_answer:exit.step",
                ":exit.event.consent_withdrawn",
            },
        ),
    ],
)
def test_the_ways_are_those_of_the_plan(played: Played, name: str, ways: set[str]) -> None:
    workspace, _ = played
    found = {":".join(way) for way in testing.ways_of(workspace.journeys[name].plan)}
    assert found == ways


def test_a_wrong_expectation_is_found(played: Played, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    init(folder)
    for path in (folder / "tests").iterdir():
        if path.stem != "birthday":
            path.unlink()
    birthday = folder / "tests" / "birthday.yaml"
    birthday.write_text(birthday.read_text("utf-8").replace("2027-03-18 09:00", "2027-03-19 09:00"), "utf-8")
    failed = [result.test.name for result in testing.play(load(folder)) if result.differences]
    assert failed == ["Ana gets a coupon on the morning of each birthday"]
