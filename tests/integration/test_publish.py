"""What `nurture publish` says before it asks, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nurture.app import process
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.publish import Expected, expected, publish
from nurture.app.runtime import Runtime
from nurture.app.workspace import load, publishable
from nurture.model import ConsentRecord, NewEvent, Person
from nurture.store.engine import Store

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
    for number, (name, days, yes) in enumerate((("ana", 90, True), ("bruno", 90, False), ("davi", 10, True))):
        at = NOW - timedelta(days=days)
        person = Person(name, f"{name}@example.com")
        consents = (ConsentRecord("offers", given=yes, how="form", at=at),)
        order = {"order_id": str(number), "total": 50}
        known = NewEvent("identified", person, at, "test", f"c{number}", consents=consents)
        bought = NewEvent("order_completed", person, at, "test", f"o{number}", payload=order)
        ingest(runtime.store, [known, bought], NOW - HOUR)
    process.process(runtime, NOW - HOUR)
    return runtime


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
        assert shop.live(tx) == []
    publish(shop, publishable(folder, ["winback"]), NOW)
    found = looked_at(shop, folder)["winback"]
    assert (found.change, found.inside) == ("unchanged", 2)
