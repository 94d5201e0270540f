"""What `nurture simulate` tells of one person, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.app import process
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.simulating.person import Question, Simulated, simulate
from nurture.app.workspace import load, publishable
from nurture.cli.simulating import in_words
from nurture.model import ConsentRecord, NewEvent, Person
from nurture.problems import NurtureError
from nurture.store import tables
from nurture.store.engine import Store

NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)  # a Monday, noon in São Paulo
JOURNEY = """
journey: thanks
topic: offers
trigger:
  event: order_completed
  where: event.total >= 50 and country = "BR"
reentry: {after: 1 day}
steps:
  - wait: 2 days
  - email: reactivation/we-miss-you
    id: first
  - wait_for: email_clicked
    of: first
    up_to: 3 days
    then:
      - update: {tag: clicked}
    otherwise:
      - branch:
          - if: total_orders >= 2
            then:
              - update: {tag: regular}
          - else:
              - update: {tag: new}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    init(folder)
    (folder / "journeys" / "thanks.yaml").write_text(JOURNEY, encoding="utf-8")
    return folder


@pytest.fixture
def shop(folder: Path, database: str) -> Iterator[Runtime]:
    """Ana lives in Brazil and said yes to offers; Davi doesn't. Each bought once, ten days ago."""
    settings = load(folder).settings
    assert settings is not None
    runtime = Runtime(Store(database), settings, folder, lambda: NOW)
    for name, country in (("ana", "BR"), ("davi", "PT")):
        at, person = NOW - timedelta(days=10), Person(name, f"{name}@example.com")
        yes = (ConsentRecord("offers", given=True, how="form", at=at),)
        traits = {"country": country, "first_name": name.title()}
        order = {"order_id": name, "total": 80}
        known = NewEvent("identified", person, at, "test", f"c-{name}", traits=traits, consents=yes)
        bought = NewEvent("order_completed", person, at, "test", f"o-{name}", payload=order, silent=True)
        ingest(runtime.store, [known, bought], NOW)
    process.process(runtime, NOW)
    yield runtime
    runtime.close()


def looked_at(shop: Runtime, folder: Path, **asked: object) -> Simulated:
    (file,) = publishable(folder, ["thanks"])
    return simulate(shop, file, Question(**{"person": "ana", **asked}))  # type: ignore[arg-type]


def reasons(found: Simulated) -> list[tuple[str | None, str]]:
    return [(line.step, line.reason) for run in found.runs for line in run.lines]


def test_silence_and_a_click_take_different_ways(shop: Runtime, folder: Path) -> None:
    silent, clicks = looked_at(shop, folder), looked_at(shop, folder, answers="clicks")
    assert ("wait_for_email_clicked", "wait_for.timeout") in reasons(silent)
    assert ("wait_for_email_clicked", "wait_for.email_clicked") in reasons(clicks)
    (run,) = silent.runs
    sent = next(line.at for line in run.lines if line.reason == "message.accepted")
    assert sent - silent.start == timedelta(days=2)
    assert run.ended_at is not None
    assert run.ended_at - sent == timedelta(days=3)
    assert (silent.change, run.status) == ("new", "completed")


def test_the_branch_is_told_with_the_values_that_she_will_have_then(shop: Runtime, folder: Path) -> None:
    text = "\n".join(in_words(looked_at(shop, folder)))
    assert "takes 'if 1'" in text
    assert "yes: total_orders >= 2 (total_orders is 2)" in text  # the order that starts it is her second
    assert all(len(line) <= 80 for line in text.splitlines())


def test_buying_is_one_more_order(shop: Runtime, folder: Path) -> None:
    found = looked_at(shop, folder, answers="buys", days=30)
    assert len(found.runs) > 1  # the order that she answers with starts the journey again
    assert any("buys an hour later" in said for said in found.assumed)


def test_events_come_when_they_are_assumed(shop: Runtime, folder: Path) -> None:
    found = looked_at(shop, folder, events=('order_completed@+3d {"total": 60}',))
    assert found.runs[0].entered_at == NOW + timedelta(days=3)


def test_the_first_condition_that_fails_is_said_with_her_value(shop: Runtime, folder: Path) -> None:
    found = looked_at(shop, folder, person="davi")
    assert (found.runs, found.not_in is not None) == ((), True)
    text = "\n".join(in_words(found))
    assert "does not enter" in text
    assert 'no: country = "BR" (country is PT)' in text
    assert "event.total" not in text.partition("does not hold")[2]  # that part holds


def test_who_is_inside_goes_on_from_where_she_stands(shop: Runtime, folder: Path) -> None:
    publish(shop, publishable(folder, ["thanks"]), NOW - timedelta(days=1))
    order = {"order_id": "second", "total": 90}
    bought = NewEvent("order_completed", Person("ana"), NOW - timedelta(hours=2), "test", "2", payload=order)
    ingest(shop.store, [bought], NOW)
    process.process(shop, NOW)
    found = looked_at(shop, folder)
    (run,) = found.runs
    assert run.entered_at < found.start
    assert found.change == "unchanged"
    sent = next(line.at for line in run.lines if line.reason == "message.accepted")
    assert sent == run.entered_at + timedelta(days=2)


def test_nothing_is_written(shop: Runtime, folder: Path) -> None:
    before = rows(shop)
    looked_at(shop, folder, answers="buys")
    assert rows(shop) == before


def rows(shop: Runtime) -> dict[str, int]:
    with shop.store.read() as tx:
        return {
            table.name: tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
        }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("order_compleed@+3d", "did you mean 'order_completed'"),
        ("order_completed@soon", "'soon' is no time"),
        ("order_completed@2020-01-01 10:00", "in the past"),
        ("order_completed@2026-13-45", "not in the calendar"),
        ("order_completed {total: 1}", "no JSON"),
        ("@+3d", "that is no event"),
    ],
)
def test_an_event_that_can_not_be_is_answered_with_the_way_out(
    shop: Runtime, folder: Path, text: str, said: str
) -> None:
    with pytest.raises(NurtureError, match="write it as") as error:
        looked_at(shop, folder, events=(text,))
    assert said in str(error.value)


def test_nobody_known_is_said(shop: Runtime, folder: Path) -> None:
    with pytest.raises(NurtureError, match="nobody is known as 'chloe'"):
        looked_at(shop, folder, person="chloe")


@pytest.mark.parametrize(
    "trigger",
    [
        "{form: contact}",
        "{reaches: {stage: sql}}",
        "{enters: vip-customers}",
        "{any: {form: {form: contact}, silent: {inactive: order_completed, for: 300 days}}}",
    ],
)
def test_what_starts_it_is_taken_to_happen_as_the_trigger_wants_it(
    shop: Runtime, folder: Path, trigger: str
) -> None:
    text = JOURNEY.partition("trigger:")[0] + f"trigger: {trigger}\nsteps:\n  - wait: 2 days\n"
    (folder / "journeys" / "thanks.yaml").write_text(text, encoding="utf-8")
    found = looked_at(shop, folder)
    assert [(run.entered_at, run.status) for run in found.runs] == [(NOW, "completed")]


CALLS = """
journey: thanks
trigger: {event: order_completed}
steps:
  - webhook: https://crm.example/leads
    id: crm
    save: {tier: tier}
  - branch:
      - if: crm.ok and crm.tier is empty
        then:
          - update: {tag: unknown}
            id: unknown
"""


def test_nobody_is_called_and_that_is_said(shop: Runtime, folder: Path) -> None:
    path = folder / "nurture.yaml"
    webhook = "channels:\n  webhook: {provider: outbox, hosts: crm.example}\n"
    path.write_text(path.read_text(encoding="utf-8").replace("channels:\n", webhook, 1), encoding="utf-8")
    (folder / "journeys" / "thanks.yaml").write_text(CALLS, encoding="utf-8")
    found = looked_at(shop, folder)
    assert ("unknown", "update.done") in reasons(found)
    assert "webhooks get through, and what they would be answered is unknown" in found.assumed
    assert not list((folder / "outbox").glob("*.http"))
