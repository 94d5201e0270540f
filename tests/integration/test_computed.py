"""Computed dates of people who were there before their rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nurture.app import process
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.workspace import load, publishable
from nurture.model import LeapDay, NewEvent, Person
from nurture.store import contacts, events
from nurture.store.engine import Store

NOW = datetime(2026, 6, 8, 15, tzinfo=UTC)


def opened(store: Store, folder: Path, fields: str) -> Runtime:
    (folder / "fields.yaml").write_text(fields, encoding="utf-8")
    settings = load(folder).settings
    assert settings is not None
    return Runtime(store, settings, folder, lambda: NOW)


def test_publishing_brings_them_to_what_the_rule_says_now(database: str, tmp_path: Path) -> None:
    folder, store = tmp_path / "shop", Store(database)
    init(folder)
    fields = (folder / "fields.yaml").read_text(encoding="utf-8") + "\ncontract_start: {type: date}\n"
    before = opened(store, folder, fields)
    told = [
        NewEvent("identified", Person(ref), NOW, "test", ref, traits=traits)
        for ref, traits in (("ana", {"contract_start": "2026-01-31"}), ("bruno", {"city": "Santos"}))
    ]
    ingest(store, told, NOW)
    process.process(before, NOW)

    after = opened(store, folder, fields + "renewal_on: {is: contract_start + 1 month}\n")
    publish(after, publishable(folder, ["welcome"]), NOW + timedelta(hours=1))
    with store.read() as tx:
        ana, bruno = (contacts.by_anything(tx, ref) for ref in ("ana", "bruno"))
    assert ana is not None
    assert bruno is not None
    assert (ana["fields"]["renewal_on"], bruno["fields"].get("renewal_on")) == ("2026-02-28", None)

    again = opened(store, folder, fields + "renewal_on: {is: contract_start + 2 months}\n")
    publish(again, publishable(folder, ["welcome"]), NOW + timedelta(hours=2))
    with store.read() as tx:
        ana = contacts.by_anything(tx, "ana")
        assert ana is not None
        history = events.of_contact(tx, ana["id"])
    assert ana["fields"]["renewal_on"] == "2026-03-31"
    changes = [each["payload"] for each in history if each["payload"].get("field") == "renewal_on"]
    assert [(each["old"], each["new"]) for each in changes] == [
        (None, "2026-02-28"),
        ("2026-02-28", "2026-03-31"),
    ]
    store.close()


def test_publishing_brings_them_to_where_29_february_is_kept_now(one_database: str, tmp_path: Path) -> None:
    folder, store = tmp_path / "shop", Store(one_database)
    init(folder)
    fields = "contract_start: {type: date}\nrenewal_on: {is: contract_start + 1 year}\n"
    before = opened(store, folder, (folder / "fields.yaml").read_text(encoding="utf-8") + fields)
    ingest(
        store,
        [NewEvent("identified", Person("ana"), NOW, "test", "ana", traits={"contract_start": "2024-02-29"})],
        NOW,
    )
    process.process(before, NOW)
    assert renewal(store) == "2025-02-28"

    before.settings = replace(before.settings, leap_day=LeapDay.MARCH_1)
    publish(before, publishable(folder, ["welcome"]), NOW + timedelta(hours=1))
    assert renewal(store) == "2025-03-01"
    store.close()


def renewal(store: Store) -> str:
    with store.read() as tx:
        ana = contacts.by_anything(tx, "ana")
    assert ana is not None
    return str(ana["fields"]["renewal_on"])
