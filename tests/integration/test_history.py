"""Nothing of a person's history is overwritten: fields that change are events, consents are only added."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.app import process
from nurture.app.explain import explain
from nurture.model import Basis, ConsentRecord
from nurture.problems import NurtureError
from nurture.store import tables
from tests.support.lives import Lives, open_lives

JOURNEY = """
journey: a
topic: news
trigger: {event: signed_up}
steps:
  - branch:
      - if: city = "Campinas" and did("order_completed", at least 2 times)
        then:
          - email: a
    id: look
"""


ORDERED = """
journey: b
topic: news
trigger: {event: order_completed, where: trigger.total > 50, max_age: 2 days}
steps:
  - email: a
"""


@pytest.fixture
def lives(database: str, tmp_path: Path) -> Iterator[Lives]:
    case = {"journeys": {"a": JOURNEY, "b": ORDERED}, "happens": [{"at": "2026-03-02 10:00"}]}
    opened = open_lives(database, tmp_path, case)
    opened.publish(["a"])
    yield opened
    opened.close()


def rows(lives: Lives, table: sa.Table, **where: Any) -> list[dict[str, Any]]:
    with lives.runtime.store.read() as tx:
        chosen = sa.select(table).filter_by(**where).order_by(table.c.id)
        return [dict(row) for row in tx.execute(chosen).mappings()]


def test_every_change_of_a_field_is_an_event_with_both_values(lives: Lives) -> None:
    for city in ("Campinas", "Campinas", "Santos"):
        lives.tell("ana", "identified", traits={"city": city, "plan": "gold"})
        process.process(lives.runtime, lives.at)
    changes = [row["payload"] for row in rows(lives, tables.events, name="field_changed")]
    assert changes == [
        {"field": "city", "old": None, "new": "Campinas"},
        {"field": "plan", "old": None, "new": "gold"},
        {"field": "city", "old": "Campinas", "new": "Santos"},
    ]


LIVED = ({"city": "Campinas", "plan": "gold"}, {"city": "Santos"}, {"city": "Campinas"})


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_what_was_said_last_holds_in_whatever_order_it_comes_in(lives: Lives, order: tuple[int, ...]) -> None:
    started = lives.at
    for place in order:
        happened = started - timedelta(days=3 - place)
        lives.tell("ana", "identified", traits=LIVED[place], occurred_at=happened)
        process.process(lives.runtime, lives.at)
    (ana,) = rows(lives, tables.contacts, ref="ana")
    assert (ana["city"], ana["fields"]) == ("Campinas", {"plan": "gold"})


SAID = (
    ConsentRecord("offers", given=True, basis=Basis.CONSENT, text_version="2026-01", how="form"),
    ConsentRecord("offers", given=False, how="page"),
    ConsentRecord("offers", given=True, how="shop"),
)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_records_are_only_added_and_the_last_to_happen_holds(lives: Lives, order: tuple[int, ...]) -> None:
    started = lives.at
    for place in order:
        happened = started - timedelta(days=3 - place)
        lives.tell("ana", "identified", consents=(SAID[place],), occurred_at=happened)
        before = rows(lives, tables.consents)
        process.process(lives.runtime, lives.at)
        assert rows(lives, tables.consents)[: len(before)] == before
    held = rows(lives, tables.consents)
    assert sorted((row["how"], row["given"]) for row in held) == [
        ("form", True),
        ("page", False),
        ("shop", True),
    ]
    ids = {row["how"]: row["id"] for row in held}
    holds = tables.permissions.c
    with lives.runtime.store.read() as tx:
        now = tx.execute(sa.select(holds.channel, holds.given, holds.consent_id)).all()
    assert {tuple(row) for row in now} == {
        ("email", True, ids["shop"]),
        ("sms", True, ids["shop"]),
        ("whatsapp", False, ids["page"]),  # closed by the no, and no yes named it
    }
    told = [row["name"] for row in rows(lives, tables.events) if row["name"].startswith("consent_")]
    assert sorted(told) == ["consent_given", "consent_given", "consent_withdrawn"]


def test_of_a_yes_and_a_no_at_the_same_instant_the_no_holds(lives: Lives) -> None:
    for said in (SAID[1], SAID[0]):
        lives.tell("ana", "identified", consents=(said,))
        process.process(lives.runtime, lives.at)
    with lives.runtime.store.read() as tx:
        assert set(tx.execute(sa.select(tables.permissions.c.given)).scalars()) == {False}


def test_a_decision_is_explained_with_the_values_that_it_saw(lives: Lives) -> None:
    lives.tell("ana", "identified", traits={"city": "Campinas"})
    lives.tell("ana", "order_completed", payload={"order_id": "A1", "total": 10})
    lives.tell("ana", "signed_up")
    lives.work()
    lives.tell("ana", "identified", traits={"city": "Santos"})  # later changes change no explanation
    lives.work()
    (run,) = explain(lives.runtime, "ana", "a", lives.at).runs
    (line,) = (each for each in run.lines if each.step == "look")
    assert (line.reason, line.place) == ("branch.else", "journeys/a.yaml:6")
    assert [(seen["if"], seen["is"], seen["with"]) for seen in line.seen] == [
        ('city = "Campinas"', True, {"city": "Campinas"}),
        ('did("order_completed", at least 2 times)', False, {"times": 1}),
    ]


def test_who_did_not_enter_is_told_why(lives: Lives) -> None:
    lives.tell("bruno", "identified", traits={"city": "Campinas"})
    lives.work()
    (outside,) = explain(lives.runtime, "bruno", None, lives.at).not_in
    assert (outside.journey, outside.why) == ("a", "signed_up never happened to her")


@pytest.mark.parametrize(
    ("told", "when", "why"),
    [
        ({"silent": True}, "live", "came in as history, which starts no journey"),
        ({"days_ago": 3}, "live", "was older than 2 days when it came in"),
        ({}, "not yet", "came in before the journey was first published"),
    ],
    ids=["imported", "too old", "too early"],
)
def test_who_did_not_enter_by_her_last_event_is_told_why(
    lives: Lives, told: dict[str, Any], when: str, why: str
) -> None:
    if when == "live":
        lives.publish(["b"])
    happened = lives.at - timedelta(days=told.get("days_ago", 0))
    order = {"payload": {"total": 60}, "occurred_at": happened, "silent": told.get("silent", False)}
    lives.tell("ana", "order_completed", **order)
    lives.work()
    if when == "not yet":
        lives.at += timedelta(hours=1)
        lives.publish(["b"])
    (outside,) = explain(lives.runtime, "ana", "b", lives.at).not_in
    assert outside.why == f"her last order_completed, on {happened:%Y-%m-%d}, {why}"
    assert outside.truth is not None
    assert outside.truth.value


def test_a_journey_that_was_never_published_is_said_to_be_so(lives: Lives) -> None:
    lives.tell("bruno", "identified", traits={"city": "Campinas"})
    lives.work()
    with pytest.raises(NurtureError, match="no journey called 'b' is published; published are: a"):
        explain(lives.runtime, "bruno", "b", lives.at)
