"""306 real mails that came back, and what is expected of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.bounces import Compared, compare


@pytest.fixture(scope="module")
def compared(shared_data: Path) -> list[Compared]:
    return compare(shared_data / "bounces")


def test_at_least_95_percent_are_read_as_expected(compared: list[Compared]) -> None:
    assert len(compared) == 306
    missed = [f"{each.file}: {sorted(each.read)}" for each in compared if not each.agrees]
    assert len(missed) <= 306 * 5 // 100, "\n".join(missed)


def test_so_are_those_whose_sender_has_no_rule_of_its_own(compared: list[Compared]) -> None:
    others = [each for each in compared if not each.has_rule]
    assert len(others) == 220
    missed = [f"{each.file}: {sorted(each.read)}" for each in others if not each.agrees]
    assert len(missed) <= 220 * 5 // 100, "\n".join(missed)


def test_at_most_one_percent_are_taken_for_hard_and_are_not(compared: list[Compared]) -> None:
    wrong = [
        each.file
        for each in compared
        if any(hard for _, hard in each.read) and not any(hard for _, hard in each.expected)
    ]
    assert len(wrong) <= 3, wrong
