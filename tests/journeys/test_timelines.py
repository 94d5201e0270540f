"""What happens to people in journeys, when and why: each case of the YAML files beside this one, lived through
on a real store."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nurture import clock
from tests.support.journeys import lived
from tests.support.lives import Lives, live, open_lives


def cases(*, long: bool = False) -> Iterator[Any]:
    """Those that are lived on both databases; or the `long` ones, of whose many events and people each database has its
    own tests elsewhere."""
    for file, case in lived():
        if case.get("long", False) is long:
            yield pytest.param(case, id=f"{file}: {case['case']}")


def in_steps() -> list[Any]:
    """One in six of those that need no pace of their own; all of them where NURTURE_EXAMPLES asks for more."""
    found = [each for each in cases() if "tick" not in each.values[0]]
    return found if "NURTURE_EXAMPLES" in os.environ else found[::6]


@pytest.mark.parametrize("case", list(cases()))
def test_it_happens_like_this(case: Mapping[str, Any], database: str, tmp_path: Path) -> None:
    lives = open_lives(database, tmp_path, case)
    try:
        live(lives, case)
        _compare(lives, case["expect"])
    finally:
        lives.close()


@pytest.mark.parametrize("case", list(cases(long=True)))
def test_it_happens_like_this_at_length(
    case: Mapping[str, Any], sqlite_database: str, tmp_path: Path
) -> None:
    test_it_happens_like_this(case, sqlite_database, tmp_path)


@pytest.mark.parametrize("case", in_steps())
def test_one_at_a_time_and_every_job_twice_comes_to_the_same(
    case: Mapping[str, Any], sqlite_database: str, tmp_path: Path
) -> None:
    lives = open_lives(sqlite_database, tmp_path, case)
    lives.times, lives.batch = 2, 1
    try:
        live(lives, case)
        _compare(lives, case["expect"])
    finally:
        lives.close()


def _compare(lives: Lives, expected: list[str]) -> None:
    """Line by line. `10:00-10:30` is a time between; lines of one minute may come in any order."""
    shown = [f"{clock.local(at, lives.zone):%Y-%m-%d %H:%M} {words}" for at, words in lives.lines()]
    happened = list(zip(shown, lives.lines(), strict=True))
    for line in expected:
        found = next((one for one in happened if _same(lives, line, *one[1])), None)
        assert found is not None, f"did not happen: {line}\n" + "\n".join(shown)
        happened.remove(found)
    assert not happened, "not expected: " + "; ".join(one for one, _ in happened) + "\n" + "\n".join(shown)


def _same(lives: Lives, line: str, at: datetime, words: str) -> bool:
    parts = re.fullmatch(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)(?:-(\d\d:\d\d))? (.+)", line)
    assert parts is not None, line
    first = lives.moment(f"{parts[1]} {parts[2]}")
    last = lives.moment(f"{parts[1]} {parts[3] or parts[2]}") + timedelta(minutes=1)
    return parts[4] == words and first <= at < last
