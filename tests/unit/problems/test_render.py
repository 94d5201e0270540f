"""How a problem looks to the person who has it."""

from __future__ import annotations

import pytest

from nurture.problems import Mark, Problem, Severity, nearest, render

LINE = "  - wiat: 2 days"
MARK = Mark("journeys/welcome.yaml", 14, 5, 4, LINE)


def test_place_excerpt_hint_and_help() -> None:
    problem = Problem(
        "N102", "unknown step 'wiat'", MARK, "did you mean 'wait'?", "docs/reference/language.md#wait"
    )
    assert render(problem) == (
        "journeys/welcome.yaml:14:5: error[N102]: unknown step 'wiat'\n"
        "   14 |   - wiat: 2 days\n"
        "      |     ^^^^ did you mean 'wait'?\n"
        "   help: docs/reference/language.md#wait"
    )


def test_without_a_line_the_hint_still_stands_there() -> None:
    problem = Problem("N602", "'password' stands in the file", Mark("nurture.yaml", 3, 9), "write ${NAME}")
    assert render(problem) == "nurture.yaml:3:9: error[N602]: 'password' stands in the file\n   write ${NAME}"


def test_both_places_of_a_duplicate() -> None:
    problem = Problem(
        "N006", "'id' is here twice", MARK, related=(("first here", Mark("w.yaml", 2, 3, 2, "  id: a")),)
    )
    assert "note: first here at w.yaml:2:3\n    2 |   id: a\n      |   ^^" in render(problem)


def test_a_warning_says_so() -> None:
    assert render(Problem("N115", "the same id", severity=Severity.WARNING)) == "warning[N115]: the same id"


def test_what_would_steer_a_terminal_is_not_printed() -> None:
    text = render(
        Problem("N014", "found '\x1b[2J'", Mark("w.yaml", 1, 2, 1, "\tsubject: \x07\x1b[31mOi"), "\x1b]0;x")
    )
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "    1 |  subject: " in text


@pytest.mark.parametrize(
    ("word", "expected"),
    [("wiat", "wait"), ("emial", "email"), ("polka", None), ("", None)],
)
def test_nearest(word: str, expected: str | None) -> None:
    assert nearest(word, ("wait", "wait_for", "email", "branch")) == expected
