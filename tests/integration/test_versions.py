"""The versions of a journey and the way back, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture.app import versions
from nurture.problems import NurtureError
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
    assert (first.results["active"], first.results["accepted"]) == (2, 2)
    assert (second.results["active"], second.results.get("accepted", 0)) == (1, 0)


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
