"""The generated shop: the same seed is the same shop, and its people are believable."""

from __future__ import annotations

from datetime import timedelta
from statistics import mean

import pytest

from nurture import identity
from nurture.demo.people import HISTORY, shopper
from nurture.demo.shop import Shop


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop(seed=7, people=600)


def test_the_same_seed_is_the_same_shop_and_another_another(shop: Shop) -> None:
    assert Shop(seed=7, people=600).people == shop.people
    assert Shop(seed=8, people=600).people != shop.people


def test_a_larger_shop_has_the_same_first_people(shop: Shop) -> None:
    assert Shop(seed=7, people=50).people == shop.people[:50]


def test_history_is_silent_and_ends_where_life_begins(shop: Shop) -> None:
    history, life = list(shop.history()), shop.life()
    assert all(event.silent and event.occurred_at < shop.opening for event in history)
    assert all(not event.silent and shop.opening <= event.occurred_at < shop.closing for event in life)
    assert life == sorted(life, key=lambda event: (event.occurred_at, event.source_id))


def test_what_happens_happens_on_the_hour(shop: Shop) -> None:
    instants = {event.occurred_at for event in (*shop.history(), *shop.life())}
    assert {(at.minute, at.second, at.microsecond) for at in instants} == {(0, 0, 0)}
    assert len({at.hour for at in instants}) > 12


def test_every_event_is_told_once(shop: Shop) -> None:
    told = [event.source_id for event in (*shop.history(), *shop.life())]
    assert len(told) == len(set(told))


def test_everybody_comes_with_her_fields_and_consents(shop: Shop) -> None:
    first = {}
    for event in sorted((*shop.history(), *shop.life()), key=lambda event: event.occurred_at):
        first.setdefault(event.person.ref, event)
    assert all(event.traits["email"].endswith("@example.com") for event in first.values())
    consenting = sum(bool(event.consents) for event in first.values()) / len(first)
    assert 0.75 < consenting < 0.95, "some people never agreed to anything"


def test_addresses_and_numbers_are_ones_that_an_import_would_take(shop: Shop) -> None:
    for person in shop.people:
        assert identity.email(person.email) == person.email
        assert person.phone is None or identity.phone(person.phone, "BR") == person.phone
    assert len({person.email for person in shop.people}) == len(shop.people)


def test_people_buy_at_rates_of_their_own_and_leave(shop: Shop) -> None:
    counts = [len(person.orders) for person in shop.people]
    assert 1.5 < mean(counts) < 5
    assert max(counts) > 10
    gone = [person for person in shop.people if person.gone_at]
    assert 0.3 < len(gone) / len(shop.people) < 0.7
    assert all(order.at <= person.gone_at for person in gone for order in person.orders if person.gone_at)


def test_enough_people_fall_asleep_for_a_reactivation(shop: Shop) -> None:
    lasts = [
        max(o.at for o in p.orders if o.at < shop.opening)
        for p in shop.people
        if any(o.at < shop.opening for o in p.orders)
    ]
    asleep = sum(last < shop.opening - timedelta(days=60) for last in lasts)
    assert 0.3 < asleep / len(shop.people) < 0.8


def test_orders_come_in_order_and_arrive_or_are_cancelled(shop: Shop) -> None:
    for person in shop.people:
        times = [order.at for order in person.orders]
        assert times == sorted(times)
        for order in person.orders:
            assert order.total > 0
            assert (order.delivered_at is None) != (order.cancelled_at is None)


def test_one_person_needs_no_shop() -> None:
    shop = Shop(seed=7, people=3)
    assert shopper("7", 2, shop.opening - HISTORY, shop.closing) == shop.people[1]
