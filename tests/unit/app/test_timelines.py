"""`nurture test`: what passes, what fails and how it is said, and which ways no test takes."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from nurture.app import testing
from nurture.app.init import init
from nurture.app.workspace import Workspace, load
from nurture.cli.testing import run

TESTS = """
journey: welcome
tests:
  - test: Ana reads everything
    person: {first_name: Ana, email: ana@example.com, consents: [news]}
    given:
      - {at: 2026-03-02 10:00, event: signed_up}
    expect:
      - {at: 2026-03-02 10:00, email: welcome/hello}
      - {at: 2026-03-06 09:00, email: welcome/choose}
      - {at: 2026-03-11 09:00, email: welcome/first-order}
      - {at: 2026-03-11 09:00, ends: completed}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("timelines") / "shop"
    init(folder)
    for path in (folder / "tests").iterdir():
        path.unlink()
    return folder


def play(shop: Path, text: str) -> tuple[Workspace, list[testing.Result]]:
    (shop / "tests" / "welcome.yaml").write_text(dedent(text), encoding="utf-8")
    workspace = load(shop)
    return workspace, list(testing.play(workspace, ["welcome"]))


def test_a_right_timeline_passes_and_the_rest_is_uncovered(shop: Path) -> None:
    workspace, results = play(shop, TESTS)
    assert [result.differences for result in results] == [()]
    ways = [each.way for each in testing.uncovered(workspace, results) if each.journey == "welcome"]
    assert ways == [("", "exit.event.order_completed"), ("", "exit.when"), ("", "held_out")]


@pytest.mark.parametrize(
    ("old", "new", "differences"),
    [
        (
            "2026-03-06 09:00, email: welcome/choose",
            "2026-03-06 10:00, email: welcome/choose",
            (
                "line 10: expected 2026-03-06 10:00 email: welcome/choose",
                "    but it was 2026-03-06 09:00 email: welcome/choose",
            ),
        ),
        (
            "      - {at: 2026-03-11 09:00, ends: completed}\n",
            "",
            ("not expected: 2026-03-11 09:00 ends: completed",),
        ),
        (
            "email: welcome/choose",
            "sms: welcome/choose",
            (
                "line 10: expected 2026-03-06 09:00 sms: welcome/choose",
                "not expected: 2026-03-06 09:00 email: welcome/choose",
            ),
        ),
        ("event: signed_up}", "clicks: hello}", ("step 'hello' had sent nothing by then",)),
    ],
    ids=["another time", "one line too few", "another channel", "impossible"],
)
def test_what_differs_is_said(shop: Path, old: str, new: str, differences: tuple[str, ...]) -> None:
    assert old in TESTS
    _, results = play(shop, TESTS.replace(old, new))
    assert results[0].differences == differences


def test_where_her_clock_is_another_a_difference_says_so(shop: Path) -> None:
    davi = TESTS.replace("email: ana@example.com", 'email: davi@example.com, phone: "+5592991234567"')
    _, results = play(shop, davi)
    told = results[0].differences
    assert told[:2] == (
        "line 10: expected 2026-03-06 09:00 email: welcome/choose",
        "    but it was 2026-03-05 10:00 email: welcome/choose",
    )
    assert told[-1] == "times are on the company's clock, America/Sao_Paulo; hers is America/Manaus"


def test_the_command_prints_and_fails(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "tests" / "welcome.yaml").write_text(
        TESTS.replace("09:00, ends", "09:30, ends"), encoding="utf-8"
    )
    assert run(shop, ["welcome"], coverage=True) == 1
    said = capsys.readouterr().out
    assert "FAILED  welcome: Ana reads everything" in said
    assert "journeys/welcome.yaml" in said
    assert "welcome: held_out" in said
    assert said.endswith("0 passed, 1 failed\n")


def test_a_cancelled_test_leaves_no_database_behind(shop: Path) -> None:
    play(shop, TESTS)
    assert not list(shop.glob("*.db*"))
