"""The real past let happen again with a journey live: facts are those of then, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa

from nurture.app import process
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.runtime import Runtime
from nurture.app.simulating.drawn import drawn
from nurture.app.simulating.past import Journey, Past, simulate
from nurture.app.workspace import load, publishable
from nurture.cli.simulating import by_name, past_in_words
from nurture.model import ConsentRecord, NewEvent, Person
from nurture.store import consents, erasing, tables
from nurture.store.engine import Store

NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)
DAY = timedelta(days=1)
JOURNEY = """
journey: missed
topic: offers
trigger: {inactive: order_completed, for: 30 days, where: WHERE}
reentry: {after: 60 days}
exit:
  - event: order_completed
limits:
  cap: {at_most: 1, per: 2 days, on_cap: skip}
steps:
  - email: reactivation/we-miss-you
    id: first
  - wait: 1 day
  - email: reactivation/we-miss-you
    id: second
  - wait: 20 days
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    init(folder)
    return folder


@pytest.fixture
def shop(folder: Path, database: str) -> Iterator[Runtime]:
    """Ana bought 100 and 55 days ago, moved to Portugal 60 days ago, and was called a regular 20 days ago.
    Bruno bought 100 days ago and took back his yes 80 days ago. Davi bought 40 days ago."""
    settings = load(folder).settings
    assert settings is not None
    runtime = Runtime(Store(database), settings, folder, lambda: NOW)
    for name, days in (("ana", 100), ("bruno", 100), ("davi", 40)):
        at, person = NOW - days * DAY, Person(name, f"{name}@example.com")
        tell(runtime, "identified", name, days, traits={"country": "BR"}, consents=(yes(at),), person=person)
        buys(runtime, name, days)
    tell(runtime, "identified", "ana", 60, traits={"country": "PT"})
    buys(runtime, "ana", 55)
    tell(runtime, "identified", "ana", 20, traits={"first_name": "Ana"})
    tell(runtime, "identified", "bruno", 80, consents=(yes(NOW - 80 * DAY, given=False),))
    process.process(runtime, NOW)
    yield runtime
    runtime.close()


def yes(at: datetime, *, given: bool = True) -> ConsentRecord:
    return ConsentRecord("offers", given=given, how="form", at=at)


def tell(runtime: Runtime, name: str, who: str, days: int, **values: Any) -> None:
    values.setdefault("person", Person(who))
    event = NewEvent(name, values.pop("person"), NOW - days * DAY, "test", f"{name}-{who}-{days}", **values)
    ingest(runtime.store, [event], NOW)


def buys(runtime: Runtime, who: str, days: int) -> None:
    tell(
        runtime, "order_completed", who, days, payload={"order_id": f"{who}-{days}", "total": 80}, silent=True
    )


def again(shop: Runtime, folder: Path, where: str, days: int = 90) -> tuple[Past, Journey]:
    text = JOURNEY.replace("WHERE", where)
    (folder / "journeys" / "missed.yaml").write_text(text, encoding="utf-8")
    found = simulate(shop, publishable(folder, ["missed"]), NOW - days * DAY, NOW)
    assert found.journeys[0].runs is None  # nobody asked who it was
    return found, found.journeys[0]


def entries(journey: Journey) -> list[tuple[str, int]]:
    return [(day.day, day.entered) for day in journey.days if day.entered]


def test_who_would_have_entered_and_when(shop: Runtime, folder: Path) -> None:
    found, missed = again(shop, folder, "total_orders >= 1")
    # Ana and Bruno 30 days after their orders of 100 days ago; Davi ten days ago; Ana's second silence comes
    # 25 days ago, which is within 60 days of her first run
    assert entries(missed) == [("2026-03-23", 2), ("2026-05-22", 1)]
    assert (found.people, missed.entered) == (3, 3)


def test_who_was_erased_since_and_whoever_sent_start_close_no_address(shop: Runtime, folder: Path) -> None:
    with shop.store.begin() as tx:
        erasing.remember(tx, ["the digest of a ref"], NOW - 30 * DAY)
        consents.note_start(tx, "the digest of a phone", "meta", NOW - 20 * DAY)
    assert again(shop, folder, "total_orders >= 1")[1].messages == {"email": 2}


def test_before_anything_has_happened_there_is_nobody(folder: Path) -> None:
    (folder / "journeys" / "missed.yaml").write_text(JOURNEY.replace(", where: WHERE", ""), encoding="utf-8")
    settings = load(folder).settings
    assert settings is not None
    runtime = Runtime(Store(f"sqlite:///{folder}/nurture.db"), settings, folder, lambda: NOW)
    found = simulate(runtime, publishable(folder, ["missed"]), NOW - 30 * DAY, NOW)
    runtime.close()
    assert (found.people, found.journeys[0].days) == (0, ())


def test_they_are_named_where_that_is_asked_for(shop: Runtime, folder: Path) -> None:
    again(shop, folder, "total_orders >= 1")
    found = simulate(shop, publishable(folder, ["missed"]), NOW - 90 * DAY, NOW, by_name=True)
    assert by_name(found).split("\r\n") == [
        "person,entered,status,step,reason,ended",
        "ana,2026-03-23 12:00,exited,wait_20_days,exit.event.order_completed,2026-04-07 12:00",
        "bruno,2026-03-23 12:00,completed,wait_20_days,,2026-04-13 12:00",
        "davi,2026-05-22 12:00,active,wait_20_days,,",
        "",
    ]


def test_facts_are_those_of_then(shop: Runtime, folder: Path) -> None:
    assert entries(again(shop, folder, "total_orders = 1")[1]) == [("2026-03-23", 2), ("2026-05-22", 1)]
    assert entries(again(shop, folder, "total_orders = 2")[1]) == [("2026-05-07", 1)]  # Ana, after her second
    assert entries(again(shop, folder, 'country = "BR"')[1]) == [("2026-03-23", 2), ("2026-05-22", 1)]
    assert entries(again(shop, folder, 'country = "PT"')[1]) == [("2026-05-07", 1)]
    assert entries(again(shop, folder, "first_name is empty")[1])[0] == ("2026-03-23", 2)


def test_consent_is_that_of_then_and_caps_collide(shop: Runtime, folder: Path) -> None:
    _, missed = again(shop, folder, "total_orders >= 1")
    # Ana's and Davi's first mail goes out; the second hits the cap; Bruno's yes was gone by then
    assert missed.messages == {"email": 2}
    assert missed.not_sent == {"cap": 2, "no_consent": 2}
    assert missed.cost == 2 * shop.settings.costs.email
    assert missed.steps["first"] == 3


def test_a_yes_that_waited_to_be_confirmed_let_nothing_through_then_either(
    shop: Runtime, folder: Path
) -> None:
    with shop.store.begin() as tx:
        tx.execute(sa.update(tables.consents).values(pending=True))
    _, missed = again(shop, folder, "total_orders >= 1")
    assert (missed.messages, set(missed.not_sent)) == ({}, {"no_consent"})


def test_where_people_would_stand_today(shop: Runtime, folder: Path) -> None:
    _, missed = again(shop, folder, "total_orders >= 1")
    assert missed.standing == {"wait_20_days": 1}  # Davi; Ana left by her order, Bruno came to the end
    assert missed.ended == {"exit.event.order_completed": 1, "completed": 1}


def test_a_field_without_history_is_named(shop: Runtime, folder: Path) -> None:
    with shop.store.begin() as tx:
        tx.execute(sa.update(tables.contacts).where(tables.contacts.c.ref == "davi").values(city="Porto"))
    found, missed = again(shop, folder, 'city = "Porto" or country = "BR"')
    assert missed.as_of_today == {"city": 1}
    assert "taken as of today  city of 1: no event tells when" in "\n".join(past_in_words(found, "BRL"))


def test_nothing_is_written_and_it_reads_well(shop: Runtime, folder: Path) -> None:
    before = states(shop)
    found, _ = again(shop, folder, "total_orders >= 1")
    assert states(shop) == before
    text = "\n".join(past_in_words(found, "BRL"))
    assert ["in", "all", "3", "2", "0"] in [line.split() for line in text.splitlines()]
    assert all(len(line) <= 80 for line in text.splitlines())


def test_it_is_counted_by_day_week_or_month(shop: Runtime, folder: Path) -> None:
    found, _ = again(shop, folder, "total_orders >= 1")
    days = [["2026-03-23", "2", "1", "0"], ["2026-05-22", "1", "1", "0"]]
    weeks = [["2026-03-23", "2", "1", "0"], ["2026-05-18", "1", "1", "0"]]
    months = [["2026-03", "2", "1", "0"], ["2026-05", "1", "1", "0"]]
    assert counted(found, "day") == [["day", "entered", "email", "sms"], *days, ["in", "all", "3", "2", "0"]]
    assert counted(found, "week")[:3] == [["week", "of", "entered", "email", "sms"], *weeks]
    assert counted(found, "month")[1:3] == months
    for length, by in ((30, "day"), (90, "week"), (191, "month")):
        assert counted(replace(found, start=found.end - length * DAY), None) == counted(found, by)


def counted(found: Past, by: str | None) -> list[list[str]]:
    """The lines of the table."""
    table = "\n".join(past_in_words(found, "BRL", by)).split("\n\n")[1]
    return [line.split() for line in table.splitlines()]


def states(shop: Runtime) -> list[int]:
    with shop.store.read() as tx:
        return [
            tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
        ]


def test_the_picture_bears_the_counts(shop: Runtime, folder: Path) -> None:
    found, missed = again(shop, folder, "total_orders >= 1")
    (file,) = publishable(folder, ["missed"])
    picture = ElementTree.fromstring(drawn(file.plan, missed, found))
    said = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert "3 entered, 1 came to the end, 1 inside today" in said
    assert said[said.index("first") :][3] == "3 came, 2 sent"
    assert said[said.index("wait_20_days") :][2] == "3 came, 1 here today"
    assert said[-1] == "1 left"
