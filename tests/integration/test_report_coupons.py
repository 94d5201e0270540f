"""A coupon that was handed out and used is a cost in the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from nurture.app import report
from nurture.app.ingest import ingest
from nurture.app.process import process
from nurture.app.runtime import Runtime
from nurture.model import NewEvent, Person
from nurture.reports.figures import Cost
from nurture.store import tables
from nurture.store.engine import Store
from tests.integration.test_report import DAY, NOW, OCTOBER, SETTINGS, START, Shop, plan


@pytest.fixture
def runtime(database: str, tmp_path: Path) -> Iterator[Runtime]:
    store = Store(database)
    yield Runtime(store, replace(SETTINGS, secrets=(("k", b"secret" * 6),)), tmp_path)
    store.close()


def told(name: str, number: int, at: datetime, **payload: Any) -> NewEvent:
    return NewEvent(name, Person(ref="ana"), at, "shop", f"{name}{number}", payload)


CASES = {
    "used once": ([("VOLTA-1", "o1", 15.0)], 15_000_000),
    "told twice": ([("VOLTA-1", "o1", 15.0), ("VOLTA-1", "o2", 40.0)], 15_000_000),
    "without a discount": ([("VOLTA-1", "o1", None)], 0),
    "somebody else's code": ([("SUMMER", "o1", 15.0)], 0),
    "for an order that was cancelled": ([("VOLTA-1", "cancelled", 15.0)], 0),
}


@pytest.mark.parametrize("name", CASES)
def test_a_redeemed_coupon_is_a_cost(runtime: Runtime, name: str) -> None:
    used, expected = CASES[name]
    with runtime.store.begin() as tx:
        shop = Shop(tx)
        version = shop.version("welcome")
        ana = shop.person("ana")
        run = shop.run(ana, version, "welcome")
        shop.put(
            tables.coupons,
            code="VOLTA-1",
            pool="VOLTA",
            contact_id=ana,
            enrollment_id=run,
            step="gift",
            issued_at=START,
        )
    at = START + DAY
    events = [
        told("order_completed", n, at, order_id=order, total=85) for n, (_, order, _) in enumerate(used)
    ]
    events += [told("order_cancelled", 0, at + DAY, order_id="cancelled")]
    for number, (code, order, discount) in enumerate(used):
        events.append(told("coupon_redeemed", number, at, code=code, order_id=order, discount=discount))
    ingest(runtime.store, events, NOW)
    process(runtime, NOW)
    process(runtime, NOW)
    (found,) = report.build(
        runtime.store, runtime.settings, {version: plan("welcome")}, OCTOBER, NOW
    ).journeys
    assert found.figures.cost == Cost(coupons=expected)
