"""What `nurture publish` says before it asks, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture import faults
from nurture.app import evaluate, process
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.publish import Expected, expected, publish
from nurture.app.runtime import Runtime
from nurture.app.workspace import load, publishable
from nurture.model import ConsentRecord, NewEvent, Person
from nurture.store import tables
from nurture.store.engine import Store
from tests.support import postgres

NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINBACK = """
journey: winback
topic: offers
trigger: {inactive: order_completed, for: 60 days}
backfill: BACKFILL
steps:
  - email: reactivation/we-miss-you
"""


@pytest.fixture
def shop(folder: Path, database: str) -> Iterator[Runtime]:
    runtime = open_shop(folder, database)
    yield runtime
    runtime.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with the journeys that ship, whose names come before `winback`."""
    folder = tmp_path / "shop"
    init(folder)
    return folder


def open_shop(folder: Path, database: str) -> Runtime:
    """Ana and Bruno ordered 90 days ago, Davi ten; Bruno said no to offers."""
    settings = load(folder).settings
    assert settings is not None
    runtime = Runtime(Store(database), settings, folder, lambda: NOW)
    for name, days, yes in (("ana", 90, True), ("bruno", 90, False), ("davi", 10, True)):
        comes_in(runtime, name, days, NOW - HOUR, yes=yes)
    return runtime


def comes_in(runtime: Runtime, name: str, days: int, at: datetime, *, yes: bool = True) -> None:
    """Somebody whose order of so many days ago is processed at `at`."""
    ordered = NOW - timedelta(days=days)
    person = Person(name, f"{name}@example.com")
    consents = (ConsentRecord("offers", given=yes, how="form", at=ordered),)
    order = {"order_id": name, "total": 50}
    known = NewEvent("identified", person, ordered, "test", f"c-{name}", consents=consents, silent=True)
    bought = NewEvent("order_completed", person, ordered, "test", f"o-{name}", payload=order, silent=True)
    runtime.now = lambda: at
    ingest(runtime.store, [known, bought], at)
    process.process(runtime, at)


def write(folder: Path, backfill: str) -> None:
    path = folder / "journeys" / "winback.yaml"
    path.write_text(WINBACK.replace("BACKFILL", backfill), encoding="utf-8")


def looked_at(runtime: Runtime, folder: Path) -> dict[str, Expected]:
    return {each.journey: each for each in expected(runtime, publishable(folder, None), NOW)}


def test_each_journey_is_rehearsed_with_its_own_plan(folder: Path, shop: Runtime) -> None:
    write(folder, "all")
    found = looked_at(shop, folder)
    winback = found.pop("winback")
    assert (winback.enter, winback.may_be_messaged, dict(winback.messages)) == (2, 1, {"email": 1})
    assert winback.cost == shop.settings.costs.email
    assert {each.enter for each in found.values()} == {0}


def test_who_stays_out_is_counted(folder: Path, shop: Runtime) -> None:
    write(folder, "none")
    found = looked_at(shop, folder)["winback"]
    assert (found.enter, found.left_out) == (0, 2)


def test_a_rehearsal_changes_nothing_and_publishing_does_what_it_said(folder: Path, shop: Runtime) -> None:
    write(folder, "all")
    looked_at(shop, folder)
    with shop.store.read() as tx:
        assert not shop.live(tx)
    publish(shop, publishable(folder, ["winback"]), NOW)
    found = looked_at(shop, folder)["winback"]
    assert (found.change, found.inside) == ("unchanged", 2)


def test_what_another_process_commits_late_is_not_missed(folder: Path, shop: Runtime) -> None:
    """An import takes its time before a tick and commits after it."""
    write(folder, "none")
    publish(shop, publishable(folder, ["winback"]), NOW)
    tick = NOW + timedelta(minutes=5)
    assert evaluate.evaluate(shop, tick)["enrolled"] == 0
    comes_in(shop, "chloe", 70, tick - timedelta(seconds=10))
    assert evaluate.evaluate(shop, tick + timedelta(seconds=30))["enrolled"] == 1
    assert evaluate.evaluate(shop, tick + timedelta(seconds=40))["enrolled"] == 0


def test_who_was_known_just_before_publishing_stays_out(folder: Path, shop: Runtime) -> None:
    comes_in(shop, "chloe", 70, NOW - timedelta(seconds=5))
    write(folder, "none")
    publish(shop, publishable(folder, ["winback"]), NOW)
    assert evaluate.evaluate(shop, NOW + timedelta(seconds=10))["enrolled"] == 0


def test_a_backlog_is_stamped_batch_by_batch(folder: Path, shop: Runtime) -> None:
    """Ticks come while a large import is worked off: each batch has the time at which it was."""
    write(folder, "none")
    publish(shop, publishable(folder, ["winback"]), NOW)
    clock = iter(NOW + timedelta(minutes=minutes) for minutes in range(10, 100, 10))
    for name in ("chloe", "davi"):
        person, ordered = Person(name, f"{name}@example.com"), NOW - timedelta(days=70)
        order = {"order_id": name, "total": 50}
        bought = NewEvent("order_completed", person, ordered, "test", name, payload=order, silent=True)
        ingest(shop.store, [bought], NOW)
    shop.now = lambda: next(clock)
    process.process(shop, NOW, batch=1)
    with shop.store.read() as tx:
        orders = tables.activity.c.name == "order_completed"
        stamps = set(tx.execute(sa.select(tables.activity.c.updated_at).where(orders)).scalars())
    assert max(stamps) - min(stamps) >= timedelta(minutes=10)


@pytest.mark.postgresql
@pytest.mark.parametrize("second", [publish, expected], ids=["publish", "plan"])
def test_of_two_who_publish_at_once_the_second_sees_what_the_first_did(
    second: Callable[..., list[Expected]], folder: Path, postgres_database: str
) -> None:
    write(folder, "none")
    shop, files = open_shop(folder, postgres_database), publishable(folder, ["winback"])
    other = Runtime(Store(postgres_database), shop.settings, folder, lambda: NOW)
    later: list[Future[list[Expected]]] = []
    with ThreadPoolExecutor(1) as pool:

        def come() -> None:
            later.append(pool.submit(second, other, files, NOW))
            postgres.until_waiting(shop.store, unless=later[0].done)

        faults.arm("enroll.before_commit", come)
        try:
            (first,) = publish(shop, files, NOW)
            (after,) = later[0].result()
        finally:
            faults.arm(None)
            shop.close()
            other.close()
    assert (first.change, after.change) == ("new", "unchanged")
