"""The instant that `evaluate.next_due` names is the very one at which time lets somebody in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nurture.app import evaluate, pause, process
from tests.support.lives import Lives, open_lives

STEPS = "\nsteps: [{update: {tag: in}}]"
BEFORE = timedelta(microseconds=1)
TRIGGERS = {
    "silence": "{inactive: order_completed, for: 30 days}",
    "silence of several": "{inactive: [order_completed, form_submitted], for: 30 days}",
    "own interval": "{inactive: order_completed, own_interval: 2}",
    "date": '{date: contact.birthday, at: "09:00", repeats: yearly}',
    "schedule": '{schedule: "every monday at 09:00"}',
}


def begun(database: str, folder: Path, trigger: str) -> Lives:
    """Ana, who lives an hour behind the company and ordered three times, and a journey that is live."""
    journey = f"journey: a\ntopic: news\ntrigger: {trigger}{STEPS}"
    lives = open_lives(
        database, folder, {"journeys": {"a": journey}, "happens": [{"at": "2026-03-02 10:00"}]}
    )
    born = {"birthday": "1990-03-09", "zone": "America/Manaus"}
    for days, traits in ((11, born), (4, {}), (1, {})):
        at = lives.at - timedelta(days=days, seconds=7)
        lives.tell("ana", "order_completed", traits=traits, occurred_at=at)
    process.process(lives.runtime, lives.at)
    lives.publish(["a"])
    return lives


def next_due(lives: Lives) -> datetime | None:
    with lives.runtime.store.read() as tx:
        return evaluate.next_due(lives.runtime, tx, lives.at)


@pytest.mark.parametrize("trigger", TRIGGERS.values(), ids=TRIGGERS)
def test_it_is_the_instant_at_which_somebody_enters(database: str, tmp_path: Path, trigger: str) -> None:
    lives = begun(database, tmp_path, trigger)
    while (at := next_due(lives)) is not None and at < datetime(2026, 4, 10, tzinfo=UTC):
        assert evaluate.evaluate(lives.runtime, at - BEFORE)["enrolled"] == 0
        lives.at = at
        if evaluate.evaluate(lives.runtime, at)["enrolled"]:
            break
    else:
        pytest.fail("nobody entered")
    lives.close()


def test_of_a_paused_journey_nothing_is_due(one_database: str, tmp_path: Path) -> None:
    lives = begun(one_database, tmp_path, TRIGGERS["silence"])
    assert next_due(lives) == lives.at + timedelta(days=29, seconds=-7)
    pause.pause(lives.runtime, ["a"], lives.at)
    assert next_due(lives) is None
    lives.close()
