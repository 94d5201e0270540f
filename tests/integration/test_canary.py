"""A version that a share of newcomers enters, and what stops it, on both databases."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture import digests
from nurture.app import explain, hearing, pause, planning, process, reporting, versions
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.publish import expected, publish
from nurture.app.runtime import Runtime
from nurture.app.status import status
from nurture.app.workspace import load, publishable
from nurture.model import ConsentRecord, NewEvent, Person
from nurture.problems import NurtureError
from nurture.schedule import JOBS
from nurture.store import tables
from nurture.store.engine import Store
from tests.integration.test_in_flight import AFTER, BEFORE, DAY, HEAD, NOW, Shop

WRITES = """
steps:
  - email: reactivation/we-miss-you
    id: first
  - wait: 9 days
  - email: reactivation/last-days
    id: second
"""


HOUR = DAY / 24


class Trial(Shop):
    """The shop before anybody came, to which people come in crowds."""

    def __init__(self, database: str, folder: Path) -> None:
        self.folder, self.at = folder, NOW
        init(folder)
        settings = load(folder).settings
        assert settings is not None
        self.runtime = Runtime(Store(database), settings, folder, lambda: self.at)
        self.publish(HEAD + BEFORE)

    def publish_to(self, text: str, share: int | None) -> str:
        (self.folder / "journeys" / "thanks.yaml").write_text(text, encoding="utf-8")
        (done,) = publish(self.runtime, publishable(self.folder, ["thanks"]), self.at, share)
        return done.change

    def crowd(self, name: str, count: int) -> list[str]:
        people = [f"{name}-{number}" for number in range(count)]
        yes = (ConsentRecord("offers", given=True, how="form", at=self.at),)
        ingest(
            self.runtime.store,
            [
                NewEvent(
                    "order_completed",
                    Person(each, f"{each}@example.com"),
                    self.at,
                    "test",
                    each,
                    payload={"order_id": each, "total": 80},
                    consents=yes,
                )
                for each in people
            ],
            self.at,
        )
        process.process(self.runtime, self.at)
        return people

    def versions_of(self, name: str) -> dict[str, int]:
        people, runs, made = tables.contacts, tables.enrollments, tables.journey_versions
        chosen = (
            sa.select(people.c.ref, made.c.number)
            .join(runs, runs.c.contact_id == people.c.id)
            .join(made, made.c.id == runs.c.version_id)
        )
        with self.runtime.store.read() as tx:
            return dict(tx.execute(chosen.where(people.c.ref.startswith(f"{name}-"))).all())

    def say(self, verb: str, people: list[str], suppress: str | None = "hard_bounce") -> None:
        """What the provider reports of the first message of each of these people."""
        contacts, sent = tables.contacts, tables.messages
        chosen = sa.select(contacts.c.ref, sent.c.key).join(sent, sent.c.contact_id == contacts.c.id)
        with self.runtime.store.read() as tx:
            keys = dict(tx.execute(chosen.where(sent.c.step == "first")).all())
        payload = {"suppress": suppress} if verb == "bounced" else {}
        told = [
            NewEvent(
                f"email_{verb}",
                Person(each),
                self.at,
                "provider",
                f"{verb}:{each}",
                payload=payload,
                message_key=keys[each],
            )
            for each in people
        ]
        ingest(self.runtime.store, told, self.at)
        process.process(self.runtime, self.at)

    def refuse(self, people: list[str]) -> None:
        """The provider took none of these people's messages: it knew at once that there is no such address."""
        contacts, sent = tables.contacts, tables.messages
        theirs = sa.select(contacts.c.id).where(contacts.c.ref.in_(people))
        values = {"state": "refused", "accepted_at": None}
        with self.runtime.store.begin() as tx:
            tx.execute(sa.update(sent).where(sent.c.contact_id.in_(theirs)).values(values))

    def second_to(self, people: list[str]) -> int:
        """How many of them got the second message."""
        contacts, sent = tables.contacts, tables.messages
        chosen = sa.select(sa.func.count()).select_from(
            contacts.join(sent, sent.c.contact_id == contacts.c.id)
        )
        got = sent.c.step == "second", sent.c.accepted_at.is_not(None)
        with self.runtime.store.read() as tx:
            return tx.execute(chosen.where(contacts.c.ref.in_(people), *got)).scalar_one()

    def stopped(self) -> tuple[str, ...]:
        return status(self.runtime, {job.name: job.every for job in JOBS}, self.at).stopped


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Trial]:
    opened = Trial(database, tmp_path / "shop")
    yield opened
    opened.runtime.close()


def hashed(people: list[str], share: int) -> dict[str, int]:
    return {each: 2 if digests.bucket("thanks/2", digests.hash31(each)) < share else 1 for each in people}


def test_a_share_of_newcomers_enters_and_a_wider_one_holds_them_all(shop: Trial) -> None:
    (shop.folder / "journeys" / "thanks.yaml").write_text(HEAD + AFTER, encoding="utf-8")
    (first,) = expected(shop.runtime, publishable(shop.folder, ["thanks"]), NOW, 500)
    assert (first.change, first.number, first.share) == ("canary", 2, 500)
    with pytest.raises(NurtureError, match="welcome was never published"):
        expected(shop.runtime, publishable(shop.folder, ["welcome"]), NOW, 500)
    assert len(versions.history(shop.runtime, "thanks")) == 1  # that was a look

    assert shop.publish_to(HEAD + AFTER, 2000) == "canary"
    people = shop.crowd("first", 60)
    assert shop.versions_of("first") == hashed(people, 2000)
    assert shop.publish_to(HEAD + AFTER, 6000) == "share"
    assert shop.versions_of("first") == hashed(people, 2000)  # nobody changes sides
    more = shop.crowd("second", 60)
    assert shop.versions_of("second") == hashed(more, 6000)
    first, second = versions.history(shop.runtime, "thanks")
    assert (first.share, second.share, second.live) == (4000, 6000, True)
    assert shop.publish_to(HEAD + AFTER, None) == "whole"
    shop.crowd("third", 20)
    assert set(shop.versions_of("third").values()) == {2}
    assert [each.live for each in versions.history(shop.runtime, "thanks")] == [False, True]


def test_a_way_back_ends_it_as_publishing_the_version_of_the_others_does(shop: Trial) -> None:
    shop.publish_to(HEAD + AFTER, 5000)
    people = shop.crowd("first", 30)
    way = versions.way_back(shop.runtime, "thanks")
    inside = sum(number == 2 for number in hashed(people, 5000).values())
    assert (way.live, way.before, way.inside, way.share) == (2, 1, inside, 5000)
    assert versions.roll_back(shop.runtime, "thanks", shop.at) == 1
    shop.crowd("second", 30)
    assert set(shop.versions_of("second").values()) == {1}
    assert shop.versions_of("first") == hashed(people, 5000)  # who is inside stays
    assert shop.publish_to(HEAD + AFTER, 5000) == "canary"
    assert shop.publish_to(HEAD + BEFORE, None) == "withdrawn"
    shop.crowd("third", 20)
    assert set(shop.versions_of("third").values()) == {1}


def test_in_flight_speaks_when_it_is_whole(shop: Trial) -> None:
    text = HEAD + "in_flight: {migrate: {rest: end}}" + AFTER
    shop.orders("bruno", NOW)
    shop.orders("ana", NOW + 3 * DAY)
    shop.publish_to(text, 5000)
    assert (shop.run("bruno")["step"], shop.run("ana")["step"]) == ("rest", "pause")
    shop.publish_to(text, None)
    shop.until(NOW + 9 * DAY)
    assert shop.tags("ana") == {"new-way"}
    assert shop.run("bruno")["exit_reason"] == "in_flight.migrate"


def test_both_versions_are_heard_explained_planned_and_reported(shop: Trial) -> None:
    other = HEAD.replace("order_completed", "trial_started") + "goal: {event: trial_ended}" + AFTER
    shop.publish_to(other, 5000)
    with shop.runtime.store.read() as tx:
        assert {"order_completed", "trial_started"} <= hearing.heard(shop.runtime, tx)
    ingest(
        shop.runtime.store,
        [NewEvent("lead_created", Person(f"x-{n}"), NOW, "test", f"x{n}") for n in range(8)],
        NOW,
    )
    process.process(shop.runtime, NOW)
    for name, number in hashed([f"x-{n}" for n in range(8)], 5000).items():
        (outside,) = explain.explain(shop.runtime, name, "thanks", NOW).not_in
        assert outside.version == number
        assert ("trial_started" in outside.why) == (number == 2)
    (plan,) = planning.plan(shop.runtime, publishable(shop.folder, ["thanks"]), NOW, ahead=False)
    assert (plan.change, plan.number, plan.live) == ("whole", 2, 1)
    assert plan.canary is not None
    assert (plan.canary.number, plan.canary.share) == (2, 5000)
    period = reporting.period(shop.runtime, None, None, shop.at)
    (journey,) = reporting.make(shop.runtime, period, shop.at, "thanks").journeys
    assert journey.goal.event == "order_completed"  # not that of the canary


def test_time_lets_each_into_her_version(shop: Trial) -> None:
    quiet = "journey: quiet\ntopic: offers\ntrigger: {inactive: order_completed, for: 9 days}\nsteps:\n  - update: {tag: seen}\n"
    path = shop.folder / "journeys" / "quiet.yaml"
    for text, share in ((quiet, None), (quiet.replace("seen", "seen-too"), 5000)):
        path.write_text(text, encoding="utf-8")
        publish(shop.runtime, publishable(shop.folder, ["quiet"]), shop.at, share)
    people = shop.crowd("first", 24)
    shop.until(NOW + 10 * DAY)
    tagged = {name: shop.tags(name) & {"seen", "seen-too"} for name in people}
    sides = {each: digests.bucket("quiet/2", digests.hash31(each)) < 5000 for each in people}
    assert tagged == {name: {"seen-too" if tried else "seen"} for name, tried in sides.items()}
    assert len(set(sides.values())) == 2


def tried(shop: Trial, count: int) -> list[str]:
    """The people who got the first message of a second version, of a crowd of this size."""
    shop.publish_to(HEAD + WRITES, 9500)
    people = [each for each, number in hashed(shop.crowd("first", count), 9500).items() if number == 2]
    shop.until(NOW)
    return people


def test_complaints_stop_it_and_who_is_inside_waits(shop: Trial, caplog: pytest.LogCaptureFixture) -> None:
    people = tried(shop, 112)
    shop.say("complained", people[:1])
    assert shop.stopped() == ()
    with caplog.at_level(logging.WARNING, "nurture"):
        shop.say("complained", people[1:2])
    told = f"2 complaints of {len(people)} deliveries by email"
    assert told in caplog.text
    (said,) = shop.stopped()
    assert said.startswith("the canary of thanks, version 2, stopped")
    assert told in said

    shop.crowd("later", 20)
    assert set(shop.versions_of("later").values()) == {1}
    shop.until(NOW + 9 * DAY + HOUR)
    assert shop.second_to(people) == 0
    _, second = versions.history(shop.runtime, "thanks")
    assert second.held
    assert second.stopped is not None
    assert told in second.stopped

    pause.resume(shop.runtime, ["thanks"], shop.at)
    assert shop.stopped() == ()
    shop.until(NOW + 9 * DAY + 2 * HOUR)
    assert shop.second_to(people) == len(people) - 2  # nobody writes again to who complained


def test_addresses_that_do_not_exist_stop_it_and_full_mailboxes_do_not(shop: Trial) -> None:
    people = tried(shop, 112)
    shop.say("bounced", people[-20:], suppress=None)
    shop.refuse(people[:4])
    shop.say("bounced", people[:4])
    assert shop.stopped() == ()
    shop.say("bounced", people[4:8])
    assert f"8 hard bounces of {len(people)} deliveries by email" in shop.stopped()[0]
    way = versions.way_back(shop.runtime, "thanks")
    assert (way.stopped, way.live, way.before) == (True, 2, 1)
    assert versions.roll_back(shop.runtime, "thanks", shop.at) == 1  # seen to, and no step further back
    assert shop.stopped() == ()
    assert [each.live for each in versions.history(shop.runtime, "thanks")] == [True, False]
    (again,) = planning.plan(shop.runtime, publishable(shop.folder, ["thanks"]), shop.at, ahead=False)
    assert again.failed is not None
    assert again.failed.startswith("version 2 did the same and stopped: 8 hard bounces")
    shop.publish_to(HEAD + AFTER, None)
    assert versions.way_back(shop.runtime, "thanks").before == 1  # not the one that was stopped
