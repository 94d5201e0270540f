"""The versions of a journey and the way back, on both databases."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from getpass import getuser
from pathlib import Path

import pytest

from nurture.app import process, versions
from nurture.app.ingest import ingest
from nurture.model import NewEvent, Person
from nurture.problems import NurtureError
from nurture.settings import ReportRules
from tests.integration.test_in_flight import AFTER, DAY, HEAD, NOW, Shop


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    opened = Shop(database, tmp_path / "shop")
    yield opened
    opened.runtime.close()


def test_versions_and_what_they_brought(shop: Shop) -> None:
    shop.publish(HEAD + AFTER)
    shop.orders("davi", NOW + DAY)
    first, second = versions.history(shop.runtime, "thanks")
    assert (first.number, first.live, second.number, second.live) == (1, False, 2, True)
    assert first.published_at == NOW - 5 * DAY
    assert (first.results.entered, first.results.inside, first.results.sent) == (2, 2, 2)
    assert (second.results.entered, second.results.inside, second.results.sent) == (1, 1, 0)
    assert first.results.conversion is None  # of two nothing can be said


def test_who_published_it_when_and_from_which_commit(shop: Shop) -> None:
    git = ("git", "-C", str(shop.folder), "-c", "user.name=Ana", "-c", "user.email=ana@example.com")
    for words in (("init", "--quiet"), ("commit", "--quiet", "--allow-empty", "--message", "A longer wait")):
        subprocess.run((*git, *words), check=True, capture_output=True)
    head = subprocess.run((*git, "rev-parse", "HEAD"), check=True, capture_output=True, text=True).stdout
    shop.publish(HEAD + AFTER)
    first, second = versions.history(shop.runtime, "thanks")
    assert (first.published_by, first.git_commit) == (getuser(), None)  # the folder wasn't in git yet
    assert (second.published_by, second.git_commit) == (getuser(), head.strip())
    assert (first.published_at, second.published_at) == (NOW - 5 * DAY, NOW)


def test_results_are_those_of_the_report(shop: Shop) -> None:
    shop.runtime.settings = replace(shop.runtime.settings, report=ReportRules(minimum_people=2))
    person, order = Person("bruno", "bruno@example.com"), {"order_id": "second", "total": 40}
    ingest(
        shop.runtime.store, [NewEvent("order_completed", person, NOW, "test", "second", payload=order)], NOW
    )
    process.process(shop.runtime, NOW)
    shop.until(NOW + DAY)
    (only,) = versions.history(shop.runtime, "thanks")
    assert (only.results.entered, only.results.converted, only.results.revenue) == (2, 1, 4000)
    assert only.results.conversion is not None
    assert (only.results.conversion.value, only.results.conversion.high < 1) == (0.5, True)


def test_going_back_lets_newcomers_into_the_version_before(shop: Shop) -> None:
    shop.publish(HEAD + AFTER)
    shop.orders("davi", NOW + DAY)
    way = versions.way_back(shop.runtime, "thanks")
    assert (way.live, way.before, way.inside) == (2, 1, 1)
    assert versions.roll_back(shop.runtime, "thanks") == 1
    shop.orders("chloe", NOW + 2 * DAY)
    shop.until(NOW + 30 * DAY)
    assert (shop.tags("chloe"), shop.tags("davi")) == ({"old-way"}, {"new-way"})


def test_publishing_after_going_back_makes_a_third_version(shop: Shop) -> None:
    shop.publish(HEAD + AFTER)
    versions.roll_back(shop.runtime, "thanks")
    shop.publish(HEAD + AFTER)
    assert [(each.number, each.live) for each in versions.history(shop.runtime, "thanks")] == [
        (1, False),
        (2, False),
        (3, True),
    ]


def test_before_the_first_there_is_none(shop: Shop) -> None:
    with pytest.raises(NurtureError, match="version 1 of 'thanks' is the first"):
        versions.roll_back(shop.runtime, "thanks")
    with pytest.raises(NurtureError, match="did you mean 'thanks'"):
        versions.history(shop.runtime, "thank")
