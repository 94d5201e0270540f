"""What a simulation says of the past is what the jobs did, had the journey been live: who entered and when, what was
sent and what was held back, where people stood. On a coarse clock as on a fine one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from nurture import clock
from nurture.app import process
from nurture.app.simulating.past import Journey, simulate
from nurture.app.workspace import publishable
from nurture.model import ConsentRecord
from nurture.store import enrollments, pretending
from tests.support.lives import CAST, Lives, open_lives

HOUR = timedelta(hours=1)
DAY = 24 * HOUR
DAYS = 20
JOURNEY = """
journey: quiet
topic: offers
trigger: {inactive: order_completed, for: 4 days, where: total_orders >= 2}
reentry: {after: 6 days}
holdout: 20%
exit:
  - event: order_completed
limits:
  quiet_hours: {email: "16:00-09:00"}
  cap: {at_most: 1, per: 5 days}
steps:
  - email: a
    id: first
  - wait_for: email_clicked
    of: first
    up_to: 2 days
    otherwise:
      - branch:
          - if: lifetime_value >= 90
            then:
              - email: b
                id: best
  - wait: 3 days
  - update: {tag: lost}
"""
WHO = ("ana", "bruno", "chloe", "davi", *(f"p{number}" for number in range(12)))
# By person and day the hour of an order, some before the beginning; never on a day on which one would lead her to
# a further step, since then it depends on the hours which comes first.
ORDERS = sorted(
    (day, 7 + 5 * (number + day) % 11, who)
    for number, who in enumerate(WHO)
    for day in range(-9 - number % 4, DAYS, (5, 7, 8, 11)[number % 4])
)
ENDED = {"exit.event.order_completed", "completed"}
REFUSES = (11, "p3")  # on this day she takes back her yes


@pytest.fixture(scope="module")
def lives(one_database_of_module: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    """Twenty days lived through, the jobs at work every six hours."""
    folder = tmp_path_factory.mktemp("lived")
    case = {"journeys": {"quiet": JOURNEY}, "people": set(WHO), "happens": [{"at": "2026-03-12 12:00"}]}
    opened = open_lives(one_database_of_module, folder, case)
    live(opened, 6 * HOUR)
    yield opened
    opened.close()


def live(lives: Lives, tick: timedelta) -> None:
    """Everything in its time, the jobs at each tick."""
    start = lives.at + 10 * DAY
    midnight = start - 12 * HOUR
    for who in WHO:
        lives.arrive(
            who, {**CAST.get(who, {"email": f"{who}@example.com"}), "consents": ["offers"], "tags": []}
        )
    orders = [(midnight + day * DAY + hour * HOUR + HOUR / 2, who) for day, hour, who in ORDERS]
    lives.at = start - HOUR
    _order(lives, [each for each in orders if each[0] <= start])
    process.process(lives.runtime, lives.at)
    lives.at = start
    lives.publish(["quiet"])
    while lives.at < start + DAYS * DAY:
        before, lives.at = lives.at, lives.at + tick
        _order(lives, [each for each in orders if before < each[0] <= lives.at])
        if before < (no := midnight + REFUSES[0] * DAY) <= lives.at:
            record = ConsentRecord("offers", given=False, how="form", at=no)
            lives.tell(REFUSES[1], "identified", consents=(record,), occurred_at=no)
        lives.work()


def _order(lives: Lives, orders: list[tuple[datetime, str]]) -> None:
    for at, who in orders:
        lives.tell(who, "order_completed", payload={"order_id": f"{who}-{at}", "total": 45}, occurred_at=at)


def told(lives: Lives) -> dict[str, Any]:
    """What really happened, in the words of a simulation."""
    days: dict[str, Counter[str]] = {}
    since, zone = lives.at - DAYS * DAY, lives.zone
    with lives.runtime.store.read() as tx:
        for at, count in pretending.entered(tx, "quiet", since):
            days.setdefault(f"{clock.local(at, zone):%m-%d}", Counter())["entered"] += count
        for at, channel, count in pretending.sent(tx, "quiet", since):
            days.setdefault(f"{clock.local(at, zone):%m-%d}", Counter())[channel] += count
        return {
            "days": days,
            "held out": pretending.held_out(tx, "quiet", since),
            "not sent": pretending.reasons(tx, "quiet", since, sent=False),
            "standing": enrollments.standing(tx, "quiet"),
            "ended": pretending.ended(tx, "quiet", since),
            "steps": pretending.reached(tx, "quiet", since),
        }


def simulated(lives: Lives, tick: timedelta) -> dict[str, Any]:
    files = publishable(lives.folder, ["quiet"])
    found = simulate(lives.runtime, files, lives.at - DAYS * DAY, lives.at, tick=tick)
    (journey,) = found.journeys
    return {
        "days": _days(journey),
        "held out": journey.held_out,
        "held back": journey.held_back,
        "not sent": journey.not_sent,
        "standing": journey.standing,
        "ended": journey.ended,
        "steps": journey.steps,
    }


def _days(journey: Journey) -> dict[str, Counter[str]]:
    return {
        day.day[5:]: Counter({"entered": day.entered, **day.messages}) + Counter() for day in journey.days
    }


def test_a_simulation_says_what_the_jobs_did(lives: Lives) -> None:
    happened, said = told(lives), simulated(lives, 6 * HOUR)
    assert happened["not sent"].keys() == {"no_consent", "run_ended", "cap"}
    assert min(happened["held out"], len(happened["standing"])) > 0
    assert happened["ended"].keys() == ENDED
    assert said.pop("held back").keys() == {"quiet_hours"}  # what has been sent keeps no word of it
    assert said == happened


def test_a_finer_clock_sees_the_same_days(lives: Lives) -> None:
    text = JOURNEY.replace("16:00-09:00", "22:00-05:00")  # what a night holds back leaves at the next look
    (lives.folder / "journeys" / "quiet.yaml").write_text(text, encoding="utf-8")
    coarse, fine = simulated(lives, 6 * HOUR), simulated(lives, 2 * HOUR)
    assert coarse == fine
