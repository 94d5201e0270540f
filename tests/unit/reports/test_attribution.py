"""Each order goes to the last message clicked within a week before it, or to none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nurture.reports.attribution import Click, Order, credit

ANA, BRUNO = 1, 2
NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


def order(person: int, hours: float = 0, name: str = "o1") -> Order:
    return Order(person, NOON + timedelta(hours=hours), name, 10_000, 0)


def click(person: int, hours: float, message: str, journey: str = "welcome") -> Click:
    return Click(person, NOON + timedelta(hours=hours), message, journey, 1, NOON - timedelta(days=30))


CASES = {
    "no click": ([], None),
    "a click before": ([click(ANA, -2, "m1")], "m1"),
    "at the same instant": ([click(ANA, 0, "m1")], "m1"),
    "a moment after": ([click(ANA, 0.001, "m1")], None),
    "exactly a week before": ([click(ANA, -168, "m1")], "m1"),
    "a moment more than a week before": ([click(ANA, -168.001, "m1")], None),
    "the later of two": ([click(ANA, -48, "m1"), click(ANA, -1, "m2")], "m2"),
    "across journeys": ([click(ANA, -2, "m1"), click(ANA, -1, "m2", "birthday")], "m2"),
    "one too old, one too late": ([click(ANA, -200, "m1"), click(ANA, 1, "m2")], None),
    "somebody else's click": ([click(BRUNO, -1, "m1")], None),
}


@pytest.mark.parametrize("name", CASES)
def test_which_message_gets_the_order(name: str) -> None:
    clicks, expected = CASES[name]
    (found,) = credit([order(ANA)], clicks, WEEK)
    assert (found.click.message if found.click else None) == expected


def test_two_orders_may_be_owed_to_one_click_and_each_has_at_most_one() -> None:
    orders = [order(ANA, 0, "o1"), order(ANA, 24, "o2"), order(ANA, 200, "o3"), order(BRUNO, 0, "o4")]
    clicks = [click(ANA, -1, "m1"), click(ANA, 12, "m2"), click(BRUNO, -3, "m3")]
    found = {one.order.order_id: one.click and one.click.message for one in credit(orders, clicks, WEEK)}
    assert found == {"o1": "m1", "o2": "m2", "o3": None, "o4": "m3"}


def test_it_reads_both_streams_once() -> None:
    """Neither needs to fit into memory: an order comes out before the next one is read."""
    read: list[str] = []

    def orders() -> object:
        for name in ("o1", "o2"):
            read.append(name)
            yield order(ANA, int(name[1]), name)

    stream = credit(orders(), iter([click(ANA, 0, "m1")]), WEEK)  # type: ignore[arg-type]
    assert next(stream).order.order_id == "o1"
    assert read == ["o1"]


def test_refunds_are_subtracted() -> None:
    assert Order(ANA, NOON, "o1", 10_000, 2_550).net == 7_450
