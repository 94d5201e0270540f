"""Orders such as nobody places: amounts that nobody pays count as nothing, and nothing holds up the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nurture.app import report
from nurture.app.ingest import ingest
from nurture.app.process import process
from nurture.app.runtime import Runtime
from nurture.compiler.plan import Goal
from nurture.criteria import EventMatch
from nurture.model import NewEvent, Person
from nurture.store import contacts, events
from nurture.store.engine import Store
from tests.integration.test_report import DAY, NOW, OCTOBER, SETTINGS, START, Shop, plan

ABSURD = ("Infinity", "NaN", "sNaN", "1e30", "1e999999999", 1e30, 10**30, "many", None)


@pytest.fixture
def runtime(database: str, tmp_path: Path) -> Iterator[Runtime]:
    store = Store(database)
    yield Runtime(store, replace(SETTINGS, secrets=(("k", b"secret" * 6),)), tmp_path)
    store.close()


def told(name: str, number: int, **payload: Any) -> NewEvent:
    return NewEvent(name, Person(ref="ana"), START + DAY, "shop", f"{name}{number}", payload)


def test_orders_refunds_and_coupons_of_such_an_amount_count_as_nothing(runtime: Runtime) -> None:
    said = [told("order_completed", 0, order_id="o", total=50)]
    for number, amount in enumerate(ABSURD, 1):
        said += [
            told("order_completed", number, order_id=f"o{number}", total=amount),
            told("order_refunded", number, order_id="o", total=amount),
            told("coupon_redeemed", number, code="VOLTA-1", order_id="o", discount=amount),
        ]
    ingest(runtime.store, said, NOW)
    process(runtime, NOW)
    with runtime.store.read() as tx:
        assert events.waiting(tx, NOW) == 0
        ana = contacts.by_anything(tx, "ana")
    assert ana is not None
    assert (ana["total_orders"], ana["lifetime_value"]) == (1 + len(ABSURD), 50_00)


def test_an_order_whose_id_is_a_page_and_whose_currency_is_a_table_holds_up_nobody(runtime: Runtime) -> None:
    page = "".join(map(chr, range(0x4E00, 0x9000)))
    odd = told("order_completed", 1, order_id=page, total=20, currency={"code": "BRL"})
    ingest(runtime.store, [odd, told("order_completed", 2, order_id=2, total=30)], NOW)
    process(runtime, NOW)
    with runtime.store.read() as tx:
        ana = contacts.by_anything(tx, "ana")
    assert ana is not None
    assert (ana["total_orders"], ana["lifetime_value"]) == (2, 50_00)


def test_a_goal_of_such_a_value_is_reached_and_brings_nothing(runtime: Runtime) -> None:
    with runtime.store.begin() as tx:
        shop = Shop(tx)
        version, ana = shop.version("welcome"), shop.person("ana")
        shop.run(ana, version, "welcome")
        for amount in (*ABSURD, 50):
            shop.event(ana, "contract_signed", START + DAY, {"worth": amount})
    goal = Goal(EventMatch("contract_signed"), None, "event.worth")
    (found,) = report.build(
        runtime.store, runtime.settings, {version: plan("welcome", goal)}, OCTOBER, NOW
    ).journeys
    assert found.figures.treated.revenue == 50_00
