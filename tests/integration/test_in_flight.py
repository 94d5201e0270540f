"""What a new version does to the people inside, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.app import advance, planning, process
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.simulating import working
from nurture.app.workspace import load, publishable
from nurture.cli.planning import in_words
from nurture.model import ConsentRecord, NewEvent, Person
from nurture.problems import NurtureError
from nurture.store import tables
from nurture.store.engine import Store

NOW = datetime(2026, 6, 8, 15, tzinfo=UTC)  # a Monday, noon in São Paulo
DAY = timedelta(days=1)
HEAD = "journey: thanks\ntopic: offers\ntrigger: {event: order_completed}\n"
BEFORE = """
steps:
  - wait: 2 days
    id: pause
  - email: reactivation/we-miss-you
    id: first
  - wait: 5 days
    id: rest
  - update: {tag: old-way}
"""
AFTER = """
steps:
  - wait: 4 days
    id: pause
  - update: {tag: new-way}
  - email: reactivation/we-miss-you
    id: first
"""


class Shop:
    """Ana ordered a day ago and waits; Bruno four days ago and has his mail behind him."""

    def __init__(self, database: str, folder: Path) -> None:
        self.folder, self.at = folder, NOW
        init(folder)
        settings = load(folder).settings
        assert settings is not None
        self.runtime = Runtime(Store(database), settings, folder, lambda: self.at)
        self.publish(HEAD + BEFORE, NOW - 5 * DAY)
        for name, days in (("bruno", 4), ("ana", 1)):
            self.orders(name, NOW - days * DAY)
        self.until(NOW)

    def publish(self, text: str, at: datetime | None = None) -> None:
        self.at = at or self.at
        (self.folder / "journeys" / "thanks.yaml").write_text(text, encoding="utf-8")
        publish(self.runtime, publishable(self.folder, ["thanks"]), self.at)

    def orders(self, name: str, at: datetime) -> None:
        self.until(at)
        yes = (ConsentRecord("offers", given=True, how="form", at=at),)
        person = Person(name, f"{name}@example.com")
        order = {"order_id": name, "total": 80}
        event = NewEvent("order_completed", person, at, "test", name, payload=order, consents=yes)
        ingest(self.runtime.store, [event], at)
        process.process(self.runtime, at)

    def until(self, end: datetime) -> None:
        while (due := working.next_due(self.runtime)) is not None and due <= end:
            self.at = max(due, self.at)
            working.work(self.runtime, self.at)
        self.at = max(end, self.at)
        working.work(self.runtime, self.at)

    def run(self, name: str) -> dict[str, Any]:
        people, runs = tables.contacts, tables.enrollments
        with self.runtime.store.read() as tx:
            chosen = (
                sa.select(runs).join(people, people.c.id == runs.c.contact_id).where(people.c.ref == name)
            )
            return dict(tx.execute(chosen).mappings().one())

    def tags(self, name: str) -> set[str]:
        people, tags = tables.contacts, tables.contact_tags
        with self.runtime.store.read() as tx:
            chosen = sa.select(tags.c.tag).join(people, people.c.id == tags.c.contact_id)
            return set(tx.execute(chosen.where(people.c.ref == name)).scalars())

    def sent(self, name: str) -> list[datetime]:
        people, sent = tables.contacts, tables.messages
        with self.runtime.store.read() as tx:
            chosen = sa.select(sent.c.accepted_at).join(people, people.c.id == sent.c.contact_id)
            chosen = chosen.where(people.c.ref == name, sent.c.accepted_at.is_not(None))
            return list(tx.execute(chosen.order_by(sent.c.accepted_at)).scalars())

    def reasons(self, name: str) -> list[str]:
        traces = tables.traces
        with self.runtime.store.read() as tx:
            chosen = sa.select(traces.c.reason).where(traces.c.enrollment_id == self.run(name)["id"])
            return list(tx.execute(chosen.order_by(traces.c.id)).scalars())


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    opened = Shop(database, tmp_path / "shop")
    yield opened
    opened.runtime.close()


def test_pinned_people_end_in_their_version(shop: Shop) -> None:
    shop.publish(HEAD + AFTER)
    shop.until(NOW + 20 * DAY)
    assert shop.tags("ana") == shop.tags("bruno") == {"old-way"}
    assert shop.sent("ana") == [NOW + DAY]


def test_migrated_people_go_on_in_the_new_version(shop: Shop) -> None:
    shop.publish(HEAD + "in_flight: {migrate: {rest: end}}" + AFTER)
    assert (shop.run("ana")["step"], shop.run("bruno")["status"]) == ("pause", "exited")
    shop.until(NOW + 20 * DAY)
    assert shop.tags("ana") == {"new-way"}
    assert shop.sent("ana") == [NOW + 3 * DAY]  # four days after she entered
    assert shop.reasons("ana")[0] == "in_flight.migrate"
    assert shop.run("bruno")["exit_reason"] == "in_flight.migrate"


def test_a_move_leads_to_another_step_and_no_mail_goes_twice(shop: Shop) -> None:
    shop.publish(HEAD + "in_flight: {migrate: {rest: first}}" + AFTER)
    shop.until(NOW + 20 * DAY)
    assert shop.run("bruno")["status"] == "completed"
    assert len(shop.sent("bruno")) == 1


def test_nobody_is_stranded(shop: Shop) -> None:
    with pytest.raises(NurtureError, match="1 at 'rest' would stand at a step that is gone") as error:
        shop.publish(HEAD + "in_flight: migrate" + AFTER)
    assert "in_flight: {migrate: {rest: STEP}}" in str(error.value)
    assert shop.run("ana")["version_id"] == shop.run("bruno")["version_id"]
    shop.until(NOW + 20 * DAY)
    assert shop.tags("bruno") == {"old-way"}  # nothing was published


def test_drained_people_finish_their_step_and_leave(shop: Shop) -> None:
    shop.publish(HEAD + "in_flight: drain" + AFTER)
    assert shop.run("ana")["status"] == "active"
    shop.until(NOW + 20 * DAY)
    ana = shop.run("ana")
    assert (ana["exit_reason"], ana["ended_at"]) == ("in_flight.drain", NOW + DAY)  # when her wait was over
    assert shop.sent("ana") == []
    assert shop.tags("bruno") == set()


def test_ejected_people_leave_at_once(shop: Shop) -> None:
    shop.publish(HEAD + "in_flight: eject" + AFTER)
    for name in ("ana", "bruno"):
        run = shop.run(name)
        assert (run["status"], run["exit_reason"], run["ended_at"]) == ("exited", "in_flight.eject", NOW)
    shop.until(NOW + 20 * DAY)
    assert shop.sent("ana") == []


@pytest.mark.parametrize(
    ("mode", "ana", "bruno"),
    [
        ("pin", *["they end in the version that they entered"] * 2),
        ("drain", *["they finish this step and leave"] * 2),
        ("eject", *["they leave at once"] * 2),
        ("{migrate: {rest: first}}", "they go on here, in the new version", "they go on at 'first'"),
        ("{migrate: {rest: end}}", "they go on here, in the new version", "they leave"),
        ("migrate", "they go on here, in the new version", "they would be stranded"),
    ],
)
def test_a_plan_says_who_stands_at_each_changed_step_and_what_becomes_of_them(
    mode: str, ana: str, bruno: str, one_database: str, tmp_path: Path
) -> None:
    shop = Shop(one_database, tmp_path / "shop")
    text = f"{HEAD}in_flight: {mode}{AFTER}"
    (shop.folder / "journeys" / "thanks.yaml").write_text(text, encoding="utf-8")
    found = planning.plan(shop.runtime, publishable(shop.folder, ["thanks"]), NOW, ahead=False)
    shop.runtime.close()
    (said,) = in_words(found, "BRL")
    lines = [line.strip() for line in said.splitlines()]
    for step, fate in (("~ pause: wait 4 days", ana), ("- rest: wait 5 days", bruno)):
        (at,) = (number for number, line in enumerate(lines) if line.startswith(step))
        here = next(line for line in lines[at + 1 :] if "here:" in line)
        assert here == f"1 person stands here: {fate}"
    assert any(line.startswith("Inside: 2 people; in_flight is ") for line in lines)


@pytest.mark.parametrize("mode", ["drain", "eject", "{migrate: {rest: end}}"])
def test_who_comes_later_enters_the_new_version(shop: Shop, mode: str) -> None:
    shop.publish(f"{HEAD}in_flight: {mode}{AFTER}")
    shop.orders("davi", NOW + DAY)
    shop.until(NOW + 20 * DAY)
    assert shop.tags("davi") == {"new-way"}


def test_labels_move_nobody(shop: Shop) -> None:
    before = shop.run("ana")
    shop.publish(HEAD + "description: Thanks." + BEFORE)
    assert shop.run("ana") == before
    with shop.runtime.store.read() as tx:
        assert len(tx.execute(sa.select(tables.journey_versions)).all()) == 1


def test_a_message_that_is_written_is_taken_back_from_who_moves_on(shop: Shop) -> None:
    with shop.runtime.store.begin() as tx:
        tx.execute(
            sa.update(tables.enrollments).values(due_at=NOW + DAY).where(tables.enrollments.c.step == "pause")
        )
    shop.at = NOW + DAY
    advance.advance(shop.runtime, NOW + DAY)
    assert shop.run("ana")["step"] == "first"
    shop.publish(
        HEAD + "in_flight: {migrate: {first: pause, rest: end}}" + AFTER.replace("id: first", "id: mail")
    )
    with shop.runtime.store.read() as tx:
        open_ones = sa.select(tables.messages.c.reason).where(tables.messages.c.state == "cancelled")
        assert list(tx.execute(open_ones).scalars()) == ["run_moved"]
    shop.until(NOW + 20 * DAY)
    assert len(shop.sent("ana")) == 1


UNNAMED = """
steps:
  - wait: 2 days
  - email: reactivation/we-miss-you
  - wait: 5 days
  - branch:
      - if: sent(email_reactivation_we_miss_you)
        then: [{update: {tag: was-written-to}}]
"""


def test_people_at_a_step_without_a_name_go_on_where_it_stands_now(shop: Shop) -> None:
    shop.publish(HEAD + "in_flight: eject" + UNNAMED)
    shop.orders("davi", NOW)
    shop.until(NOW + 3 * DAY)  # he has his mail, and waits five days
    shop.orders("chloe", NOW + 3 * DAY)  # she waits two
    longer = (
        UNNAMED.replace("2 days", "3 days")
        .replace("5 days", "2 days")
        .replace("- email: rea", "- id: mail\n    email: rea")
    )
    shop.publish(
        HEAD + "in_flight: migrate" + longer.replace("sent(email_reactivation_we_miss_you)", "sent(mail)")
    )
    assert (shop.run("davi")["step"], shop.run("chloe")["step"]) == ("wait_2_days", "wait_3_days")
    shop.until(NOW + 20 * DAY)
    assert shop.sent("chloe") == [NOW + 6 * DAY]
    assert shop.sent("davi") == [NOW + 2 * DAY]
    assert (shop.run("davi")["ended_at"], shop.tags("davi")) == (NOW + 4 * DAY, {"was-written-to"})


def test_a_step_that_was_sent_answers_under_the_name_to_which_the_map_leads(shop: Shop) -> None:
    asks = "  - branch: [{if: sent(letter), then: [{update: {tag: was-written-to}}]}]\n"
    after = AFTER.replace("id: first", "id: letter") + asks
    shop.publish(HEAD + "in_flight: {migrate: {first: letter, rest: letter}}" + after)
    shop.until(NOW + 20 * DAY)
    assert len(shop.sent("bruno")) == 1
    assert "was-written-to" in shop.tags("bruno")


def test_what_runs_of_the_past_did_is_not_taken_for_what_those_of_a_plan_do(
    one_database: str, tmp_path: Path
) -> None:
    shop = Shop(one_database, tmp_path / "shop")
    shop.until(NOW + 20 * DAY)
    assert shop.tags("ana") == shop.tags("bruno") == {"old-way"}
    shorter = HEAD + BEFORE.replace("5 days", "1 day")
    (shop.folder / "journeys" / "thanks.yaml").write_text(shorter, encoding="utf-8")
    files = publishable(shop.folder, ["thanks"])
    (month,) = planning.months(shop.runtime, files, {"thanks"}, shop.at).values()
    assert (month.enter, dict(month.messages)) == (2, {"email": 2})
    shop.runtime.close()


ASKED = """
steps:
  - survey: post-sale-nps
    id: ask
  - wait: 3 days
    id: rest
  - branch: [{if: ask.score >= 9, then: [{update: {tag: happy}}]}]
"""


def test_an_answer_is_that_of_the_step_to_which_the_map_leads(shop: Shop) -> None:
    shop.publish(HEAD + "in_flight: eject" + ASKED)
    shop.orders("davi", NOW)
    shop.until(NOW)
    sent = tables.messages
    with shop.runtime.store.read() as tx:
        key = tx.execute(sa.select(sent.c.key).where(sent.c.step == "ask")).scalar_one()
    answer = {"survey": "post-sale-nps", "score": 10}
    told = NewEvent("survey_answered", Person("davi"), NOW, "web", "a", payload=answer, message_key=key)
    ingest(shop.runtime.store, [told], NOW)
    process.process(shop.runtime, NOW)
    shop.publish(HEAD + "in_flight: {migrate: {ask: nps}}" + ASKED.replace("ask", "nps"))
    assert shop.run("davi")["memory"]["nps"]["score"] == 10
    shop.until(NOW + 4 * DAY)
    assert shop.tags("davi") == {"happy"}
