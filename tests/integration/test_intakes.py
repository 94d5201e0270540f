"""Several intakes at once that tell of the same events (PostgreSQL: on SQLite only one writes at a time)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from nurture.app.ingest import Ingested, ingest, row
from nurture.model import NewEvent, Person
from nurture.store import events
from nurture.store.engine import Store
from tests.support import postgres
from tests.support.shop import NOW


@pytest.fixture
def stores() -> Iterator[list[Store]]:
    database = postgres.migrated_database()
    opened = [Store(database) for _ in range(4)]
    yield opened
    for store in opened:
        store.close()


@pytest.mark.postgresql
def test_two_that_tell_of_the_same_events_in_different_orders_both_come_through(stores: list[Store]) -> None:
    first, second, third, watcher = stores
    with ThreadPoolExecutor() as pool:
        with third.begin() as tx:  # a third keeps the first from going on until the second has begun
            events.append(tx, [row(_order("order-2"), NOW)])
            told = [_told(pool, first, "order-1", "order-2", "order-3")]
            postgres.until_waiting(watcher, 1)
            told.append(_told(pool, second, "order-3", "order-1"))
            postgres.until_waiting(watcher, 2)
        answers = [each.result() for each in told]
    assert answers == [Ingested(new=2, known=1), Ingested(new=0, known=2)]


def _told(pool: ThreadPoolExecutor, store: Store, *names: str) -> Future[Ingested]:
    return pool.submit(ingest, store, [_order(name) for name in names], NOW)


def _order(name: str) -> NewEvent:
    return NewEvent("order_completed", Person(ref="ana"), NOW, "shop", name)
