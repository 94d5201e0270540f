"""What people ask of such products on their trackers, reproduced: the cases of docs/wanted.md that are timelines."""

from __future__ import annotations

import ast
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from nurture import clock
from nurture.app import pause
from nurture.model import Channel
from tests.support.lives import Lives, live, open_lives
from tests.support.postman import Letter, Postman
from tools import wanted_page
from tools.wanted_page import Wanted

EVERY = wanted_page.wanted()
TIMELINES = [each for each in EVERY if each.case]
THREAD = re.compile(r"[\w-]+/[\w.-]+/(issues|pull)/\d+")


def test_the_page_is_what_the_cases_say() -> None:
    assert wanted_page.page() == wanted_page.PAGE.read_text(encoding="utf-8"), "python -m tools.wanted_page"


def test_each_case_has_its_threads_and_its_test() -> None:
    assert [one.wanted for one in EVERY if bool(one.case) == bool(one.tests)] == []
    assert [thread for one in EVERY for thread in one.threads if not THREAD.fullmatch(thread)] == []
    at_work = Path(__file__).with_name("test_wanted_at_work.py").read_text(encoding="utf-8")
    there = {each.name for each in ast.parse(at_work).body if isinstance(each, ast.FunctionDef)}
    assert {test for one in EVERY for test in one.tests} == {name for name in there if name[:5] == "test_"}


@pytest.mark.parametrize("one", TIMELINES, ids=lambda one: one.wanted)
def test_it_is_as_wanted(one: Wanted, sqlite_database: str, tmp_path: Path) -> None:
    lives = open_lives(sqlite_database, tmp_path, one.case)
    postman = Postman(lives.runtime.now)
    lives.runtime._carriers[Channel.EMAIL] = postman
    try:
        live(lives, one.case)
        compare([(each.at, words(each)) for each in postman.letters], one.case["sent"], lives)
        happened = [shown(lives, *line) for line in lives.lines()]
        assert [line for line in one.case.get("also", []) if line not in happened] == [], happened
        inside = sum(each.inside for each in pause.held(lives.runtime, None, lives.at))
        assert inside == one.case.get("inside", 0)
    finally:
        lives.close()


def words(letter: Letter) -> str:
    """`ana Welcome`; an address that isn't hers from the start is shown as it is."""
    return f"{letter.recipient.removesuffix('@example.com')} {letter.subject}"


def shown(lives: Lives, at: datetime, what: str) -> str:
    return f"{clock.local(at, lives.zone):%Y-%m-%d %H:%M} {what}"


def compare(happened: list[tuple[datetime, str]], expected: list[str], lives: Lives) -> None:
    """Line by line, no more and no less. `10:00-10:30` is a time between."""
    left = list(happened)
    for line in expected:
        found = next((each for each in left if same(lives, line, *each)), None)
        assert found is not None, f"not sent: {line}\n" + "\n".join(shown(lives, *each) for each in happened)
        left.remove(found)
    assert not left, "sent, and not expected: " + "; ".join(shown(lives, *each) for each in left)


def same(lives: Lives, line: str, at: datetime, what: str) -> bool:
    parts = re.fullmatch(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)(?:-(\d\d:\d\d))? (.+)", line)
    assert parts is not None, line
    first = lives.moment(f"{parts[1]} {parts[2]}")
    last = lives.moment(f"{parts[1]} {parts[3] or parts[2]}") + timedelta(minutes=1)
    return parts[4] == what and first <= at < last
