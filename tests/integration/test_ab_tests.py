"""A/B tests of messages on both databases: when they are decided, by what, and what follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.app import evaluate, process, reporting
from nurture.app.explain import explain
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.simulating import working
from nurture.app.workspace import load, publishable
from nurture.cli import telling
from nurture.model import ConsentRecord, NewEvent, Person
from nurture.reports import text
from nurture.reports.figures import Report
from nurture.reports.words import Words
from nurture.store import ab_tests, tables
from nurture.store.engine import Store

NOW = datetime(2026, 6, 8, 15, tzinfo=UTC)
DAY = timedelta(days=1)
JOURNEY = """
journey: thanks
topic: offers
trigger: {event: order_completed, key: trigger.order_id}
reentry: {after: 1 hour}
steps:
  - email: reactivation/we-miss-you
    id: first
    ab:
      arms: {a: {share: 50%, subject: "Sentimos sua falta"}, b: {share: 50%, subject: "15% para voltar"}}
      winner: {by: clicks, after: 24 hours, at_least: 50}
"""
Clicks = Callable[[int, str], bool]  # does the person with this number click this arm?


class Shop:
    """A hundred and twenty people order, and are written to at once."""

    def __init__(self, database: str, folder: Path, journey: str = JOURNEY) -> None:
        self.at = NOW
        init(folder)
        (folder / "journeys" / "thanks.yaml").write_text(journey, encoding="utf-8")
        settings = load(folder).settings
        assert settings is not None
        self.runtime = Runtime(Store(database), settings, folder, lambda: self.at)
        publish(self.runtime, publishable(folder, ["thanks"]), NOW)

    def order(self, numbers: range, at: datetime) -> None:
        self.at = at
        yes = (ConsentRecord("offers", given=True, how="form", at=NOW - DAY),)
        orders = [
            NewEvent(
                "order_completed",
                Person(f"p{number}", f"p{number}@example.com"),
                at,
                "test",
                f"{number}-{at:%d%H}",
                payload={"order_id": f"{number}-{at:%d%H}", "total": 80},
                consents=yes,
            )
            for number in numbers
        ]
        ingest(self.runtime.store, orders, at)
        working.work(self.runtime, at)

    def click(self, clicks: Clicks, *, did: str = "email_clicked") -> None:
        told = [
            NewEvent(
                did,
                Person(),
                self.at + timedelta(hours=1),
                "test",
                key,
                payload={"class": "human", "url": "https://volta.example"},
                message_key=key,
            )
            for number, (key, arm) in enumerate(self.sent())
            if clicks(number, arm)
        ]
        self.at += timedelta(hours=1)
        ingest(self.runtime.store, told, self.at)
        process.process(self.runtime, self.at)

    def download(self, numbers: Sequence[int], at: datetime, ebook: str) -> None:
        told = [
            NewEvent(
                "ebook_downloaded", Person(f"p{n}"), at, "test", f"{ebook}-{n}", payload={"ebook": ebook}
            )
            for n in numbers
        ]
        self.at = at
        ingest(self.runtime.store, told, at)
        process.process(self.runtime, at)

    def look(self, at: datetime) -> Counter[str]:
        self.at = at
        return evaluate.evaluate(self.runtime, at)

    def sent(self) -> list[tuple[str, str]]:
        """Key and arm of every message."""
        m = tables.messages.c
        with self.runtime.store.read() as tx:
            chosen = sa.select(m.key, m.arm).where(m.accepted_at.is_not(None)).order_by(m.id)
            return [(key, arm) for key, arm in tx.execute(chosen)]

    def given(self, arm: str) -> list[int]:
        """The numbers of those who got this arm."""
        m, c = tables.messages.c, tables.contacts.c
        with self.runtime.store.read() as tx:
            chosen = sa.select(c.ref).join(tables.messages, m.contact_id == c.id).where(m.arm == arm)
            return [int(ref.removeprefix("p")) for ref in tx.execute(chosen.order_by(m.id)).scalars()]

    def decided(self) -> ab_tests.Decided | None:
        with self.runtime.store.read() as tx:
            return next(iter(ab_tests.decided(tx).values()), None)


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    opened = Shop(database, tmp_path / "shop")
    opened.order(range(120), NOW)
    yield opened
    opened.runtime.close()


def only_b(number: int, arm: str) -> bool:
    return arm == "b" and number % 2 == 0


def every_fifth(number: int, arm: str) -> bool:
    return number % 5 == 0


def test_a_clear_winner_goes_to_who_comes_later_and_changes_no_message(shop: Shop) -> None:
    before = shop.sent()
    shop.click(only_b)
    assert shop.look(NOW + DAY)["tests decided"] == 1
    found = shop.decided()
    assert found is not None
    assert (found.winner, found.at) == ("b", NOW + DAY)
    assert sum(people for people, _ in found.figures.values()) == 120
    shop.order(range(200, 230), NOW + DAY)
    assert shop.sent()[:120] == before
    assert {arm for _, arm in shop.sent()[120:]} == {"b"}


def test_without_a_significant_difference_the_shares_stay(shop: Shop) -> None:
    shop.click(every_fifth)
    shop.look(NOW + DAY)
    found = shop.decided()
    assert found is not None
    assert found.winner is None
    shop.order(range(200, 230), NOW + DAY)
    assert {arm for _, arm in shop.sent()[120:]} == {"a", "b"}


def test_it_is_decided_once_whatever_comes_later(shop: Shop) -> None:
    shop.click(every_fifth)
    shop.look(NOW + DAY)
    first = shop.decided()
    shop.click(only_b)
    assert not shop.look(NOW + 3 * DAY)["tests decided"]
    assert shop.decided() == first


GOAL = """
goal: {event: ebook_downloaded, where: event.ebook = "crm", within: 3 days, any_key: true}
steps:"""
BY_GOAL = JOURNEY.replace("by: clicks", "by: conversions").replace("\nsteps:", GOAL, 1)


def test_by_conversions_the_goal_decides_and_clicks_do_not(database: str, tmp_path: Path) -> None:
    shop = Shop(database, tmp_path / "shop", BY_GOAL.replace("24 hours", "5 days"))
    shop.order(range(120), NOW)
    shop.click(lambda number, arm: arm == "a")
    a, b = (shop.given(each) for each in "ab")
    shop.download(b[::2], NOW + DAY, "crm")
    shop.download(a[::2], NOW + DAY, "erp")  # not the goal
    shop.download(a[1::2], NOW + 4 * DAY, "crm")  # too late
    shop.look(NOW + 5 * DAY)
    found = shop.decided()
    assert found is not None
    assert (found.winner, found.figures) == ("b", {"a": (len(a), 0), "b": (len(b), len(b[::2]))})
    said = text.ab_test(reported(shop).journeys[0].ab_tests[0], Words("en", "BRL"), "UTC")
    assert "converted" in said
    shop.runtime.close()


def test_not_before_its_time(shop: Shop) -> None:
    shop.click(only_b)
    shop.look(NOW + DAY - timedelta(minutes=1))
    assert shop.decided() is None
    shop.look(NOW + DAY)
    assert shop.decided() is not None


def test_who_was_written_to_twice_is_one_person(shop: Shop) -> None:
    shop.order(range(120), NOW + timedelta(hours=2))
    assert len(shop.sent()) == 240
    shop.look(NOW + DAY)
    found = shop.decided()
    assert found is not None
    assert sum(people for people, _ in found.figures.values()) == 120


def test_by_opens_clicks_decide_nothing_and_too_few_people_neither(database: str, tmp_path: Path) -> None:
    shop = Shop(database, tmp_path / "shop", JOURNEY.replace("by: clicks", "by: opens"))
    shop.order(range(90), NOW)
    shop.click(lambda number, arm: arm == "a")
    shop.click(only_b, did="email_opened")
    assert not shop.look(NOW + 30 * DAY)["tests decided"]
    shop.order(range(90, 120), NOW + 31 * DAY)
    shop.look(NOW + 31 * DAY)
    found = shop.decided()
    assert found is not None
    assert (found.winner, found.figures["a"][1]) == ("b", 0)
    shop.runtime.close()


def test_explain_says_which_arm_and_why(shop: Shop) -> None:
    shop.click(only_b)
    shop.order(range(200, 201), NOW + DAY)
    by_share, by_victory = (
        "\n".join(telling.story(explain(shop.runtime, who, None, shop.at), "UTC", shop.at))
        for who in ("p0", "p200")
    )
    arm = shop.sent()[0][1]
    assert f"message written, arm '{arm}' of its A/B test by the shares" in " ".join(by_share.split())
    assert "message written, arm 'b', which won its A/B test" in " ".join(by_victory.split())


def reported(shop: Shop) -> Report:
    return reporting.make(shop.runtime, reporting.period(shop.runtime, None, None, shop.at), shop.at)


def test_the_report_shows_the_arms_and_that_there_is_no_winner_yet(shop: Shop) -> None:
    shop.click(only_b)
    (test,) = reported(shop).journeys[0].ab_tests
    assert (test.version, test.step, test.decided_at) == (1, "first", None)
    arms = Counter(arm for _, arm in shop.sent())
    clicked = sum(only_b(number, arm) for number, (_, arm) in enumerate(shop.sent()))
    assert test.counts == {"a": (arms["a"], 0), "b": (arms["b"], clicked)}


@pytest.mark.parametrize(("clicks", "winner"), [(only_b, "b"), (every_fifth, None)])
def test_the_report_says_what_was_decided_by_the_figures_of_then(
    shop: Shop, clicks: Clicks, winner: str | None
) -> None:
    shop.click(clicks)
    shop.look(NOW + DAY)
    decided = shop.decided()
    assert decided is not None
    shop.order(range(200, 230), NOW + 2 * DAY)
    (test,) = reported(shop).journeys[0].ab_tests
    assert (test.counts, test.decided_at, test.winner) == (decided.figures, NOW + DAY, winner)
