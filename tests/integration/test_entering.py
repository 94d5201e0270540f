"""Letting people in by hand: whom the condition lets in, and nobody where the journey needs its event."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.app import advance, pause
from nurture.app.entering import enter_by_hand, rehearse
from nurture.problems import NurtureError
from nurture.store import tables
from tests.support.lives import CAST, Lives, open_lives

JOURNEY = "journey: {name}\ntopic: news\ntrigger: {trigger}\nsteps:\n  - email: a\n"
TRIGGERS = {
    "by-hand": "{manual: true}",
    "on-event": "{event: signed_up}",
    "keyed": "{event: order_completed, key: trigger.order_id}",
    "looking": '{event: signed_up, where: trigger.page = "home"}',
    "quiet": "{inactive: order_completed, for: 60 days}",
}


@pytest.fixture
def lives(database: str, tmp_path: Path) -> Iterator[Lives]:
    journeys = {name: JOURNEY.format(name=name, trigger=trigger) for name, trigger in TRIGGERS.items()}
    case = {"journeys": journeys, "happens": [{"at": "2026-03-02 10:00"}]}
    opened = open_lives(database, tmp_path, case)
    for who in ("ana", "bruno"):
        opened.arrive(who, CAST[who])
    opened.publish(list(journeys))
    yield opened
    opened.close()


def inside(lives: Lives) -> int:
    with lives.runtime.store.read() as tx:
        found: int = tx.execute(sa.select(sa.func.count()).select_from(tables.enrollments)).scalar_one()
    return found


@pytest.mark.parametrize("journey", ["by-hand", "on-event", "quiet"])
def test_people_known_by_any_of_their_names_enter_once(lives: Lives, journey: str) -> None:
    people = ["ana", "bruno@example.com"]
    assert enter_by_hand(lives.runtime, journey, people, lives.at) == 2
    assert enter_by_hand(lives.runtime, journey, people, lives.at) == 0
    assert inside(lives) == 2


def test_who_is_refused_is_said_before_anybody_enters(lives: Lives) -> None:
    enter_by_hand(lives.runtime, "by-hand", ["ana"], lives.at)
    ana, bruno, again = rehearse(lives.runtime, "by-hand", ["ana", "bruno", "bruno@example.com"], lives.at)
    assert (ana.enters, ana.why) == (False, "is inside already")
    assert (bruno.enters, bruno.held_out) == (True, False)
    assert not again.enters  # he is named twice
    assert inside(lives) == 1


REFUSED = {
    "a journey with a key": ("keyed", ["ana"], "its key is 'trigger.order_id'"),
    "a condition on the event": ("looking", ["ana"], "its 'where' looks at that event"),
    "a journey that is not live": ("by-hnd", ["ana"], "did you mean 'by-hand'?"),
    "somebody unknown": ("by-hand", ["ana", "nobody@example.com"], "nobody known as nobody@example.com"),
}


def test_a_paused_journey_lets_nobody_in(lives: Lives) -> None:
    pause.pause(lives.runtime, ["by-hand"], lives.at)
    with pytest.raises(NurtureError, match="'by-hand' is paused"):
        enter_by_hand(lives.runtime, "by-hand", ["ana"], lives.at)
    assert inside(lives) == 0


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_lets_nobody_in(lives: Lives, name: str) -> None:
    journey, people, words = REFUSED[name]
    with pytest.raises(NurtureError) as told:
        enter_by_hand(lives.runtime, journey, people, lives.at)
    assert words in str(told.value)
    assert inside(lives) == 0


def test_who_has_come_to_an_end_is_counted(one_database: str, tmp_path: Path) -> None:
    steps = "journey: short\ntopic: news\ntrigger: {manual: true}\nsteps:\n  - exit: at_once\n"
    opened = open_lives(
        one_database, tmp_path, {"journeys": {"short": steps}, "happens": [{"at": "2026-03-02 10:00"}]}
    )
    try:
        opened.arrive("ana", CAST["ana"])
        opened.publish(["short"])
        enter_by_hand(opened.runtime, "short", ["ana"], opened.at)
        assert advance.advance(opened.runtime, opened.at)["ended"] == 1
    finally:
        opened.close()
