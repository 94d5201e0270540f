"""The journeys that ship are right as they come, and use what the language offers."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.app.init import init
from nurture.app.library import library
from nurture.app.workspace import Workspace, load
from nurture.cli.check import find_problems
from nurture.problems import render

JOURNEYS = {"welcome", "ebook-follow-up", "reactivation-60-days", "post-sale-survey", "birthday"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops") / "shop"
    init(folder)
    return folder


@pytest.fixture(scope="module")
def workspace(folder: Path) -> Workspace:
    return load(folder)


def test_a_new_workspace_has_no_mistakes_and_no_warnings(folder: Path) -> None:
    workspace, problems = find_problems(folder)
    assert set(workspace.journeys) == JOURNEYS
    assert [render(problem) for problem in problems] == []


def test_each_journey_comes_with_its_tests(folder: Path) -> None:
    assert {path.stem for path in (folder / "tests").glob("*.yaml")} == JOURNEYS


def test_what_the_library_sends_comes_with_its_journeys(folder: Path) -> None:
    sent = {path.parent.name for path in (folder / "templates").rglob("*.*")}
    assert {"welcome", "reactivation", "survey", "tasks"} <= sent
    assert not sent & set(library())


@pytest.mark.parametrize("name", sorted(JOURNEYS - {"post-sale-survey"}))
def test_what_sells_keeps_a_control_group_and_measures_orders(name: str, workspace: Workspace) -> None:
    plan = workspace.journeys[name].plan
    assert plan.holdout == 1000
    assert plan.goal is not None


@pytest.mark.parametrize("name", sorted(JOURNEYS))
def test_who_says_no_leaves(name: str, workspace: Workspace) -> None:
    plan = workspace.journeys[name].plan
    assert any(rule.when is not None or rule.reason == "exit.event.consent_withdrawn" for rule in plan.exits)
