"""Real orders of a Brazilian marketplace through the whole product, checked apart from it with pandas.

A person is `customer_unique_id`; every order counts whatever its status; times are local to São Paulo.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import sqlalchemy as sa

from nurture.app import importing, report
from nurture.app.importing import read_mapping
from nurture.app.opening import open_runtime
from nurture.app.process import process
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.workspace import publishable
from nurture.demo.browser import Browser
from nurture.digests import fraction
from nurture.reports.figures import Amount, Period, Report
from nurture.schedule import tick
from nurture.store.tables import contacts, enrollments
from nurture.web.app import create_app
from tests.support import sink

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
WINDOW = timedelta(days=30)
FIRST, LAST = date(2017, 1, 1), date(2018, 10, 18)
SEED = "olist"

pytestmark = pytest.mark.shared_data

MAPPING = """\
import: orders
source: olist
columns:
  order_id: order_id
  ref: customer_unique_id
  ordered_at: order_purchase_timestamp
  total: total
  status: order_status
  delivered_at: order_delivered_customer_date
  city: customer_city
  state: customer_state
values:
  email: "{ref}@example.com"
  country: BR
zone: America/Sao_Paulo
dates: iso
decimal: "."
consent:
  topics: [offers]
  basis: consent
  text_version: checkout-2016
  how: checkout
  date: 2016-09-01
"""
SETTINGS = """\
company:
  name: Olist de Teste
  postal_address: Rua das Araucárias, 214, São Paulo, SP
  website: https://shop.example
  zone: America/Sao_Paulo
  locale: pt-BR
  country: BR
  currency: BRL
channels:
  email:
    provider: smtp
    sender: {{address: oi@shop.example, name: Olist de Teste}}
    host: 127.0.0.1
    port: "{port}"
    tls: none
topics:
  offers: Ofertas
report:
  attribution_window: 30 days
web:
  url: http://links.shop.example
database: sqlite:///nurture.db
secret: ${{NURTURE_SECRET}}
"""
JOURNEY = """\
journey: reactivation
topic: offers
trigger:
  inactive: order_completed
  for: 60 days
reentry: {after: 60 days}
backfill: all
holdout: 30%
goal: {event: order_completed, within: 30 days, value: event.total}
exit:
  - event: order_completed
steps:
  - email: reactivation
    subject: Sentimos sua falta
    id: first
"""
HTML = """\
<!doctype html><html lang="pt-BR"><head><title>Sentimos sua falta</title></head><body>
<p>Sentimos sua falta.</p><p><a href="https://shop.example/novidades">Ver as novidades</a></p>
<p>{{ company.name }}, {{ company.postal_address }} <a href="{{ unsubscribe_url }}">Parar de receber</a></p>
</body></html>
"""
TEXT = """\
Sentimos sua falta. Veja as novidades: https://shop.example/novidades

{{ company.name }}, {{ company.postal_address }}
Parar de receber: {{ unsubscribe_url }}
"""


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> pd.DataFrame:
    """One row an order, with its person and what was paid."""
    folder = shared_data / "olist_orders"
    every = pd.read_csv(folder / "olist_orders_dataset.csv", dtype=str)
    people = pd.read_csv(folder / "olist_customers_dataset.csv", dtype=str)
    paid = pd.read_csv(folder / "olist_order_payments_dataset.csv").groupby("order_id")["payment_value"].sum()
    merged = every.merge(people, on="customer_id", validate="one_to_one").set_index("order_id")
    merged["total"] = paid.round(2)
    return merged.reset_index()


@pytest.fixture(scope="module")
def export(raw: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("olist") / "orders.csv"
    raw.to_csv(path, index=False)
    return path


class Clock:
    def __init__(self, day: date) -> None:
        self.at = midnight(day)

    def __call__(self) -> datetime:
        return self.at


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SAO_PAULO)


def workspace(folder: Path, port: int = 9) -> Path:
    files = {
        "nurture.yaml": SETTINGS.format(port=port),
        "journeys/reactivation.yaml": JOURNEY,
        "templates/email/reactivation.html": HTML,
        "templates/email/reactivation.txt": TEXT,
        "olist.yaml": MAPPING,
        ".env": "NURTURE_SECRET=a secret of at least thirty-two characters\n",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def take_in(runtime: Runtime, export: Path) -> None:
    mapping = read_mapping(runtime.folder / "olist.yaml", runtime.settings)
    done = importing.load(
        runtime.store,
        export,
        runtime.settings,
        runtime.now(),
        mapping=mapping,
        refused_to=runtime.folder / "refused.csv",
    )
    assert (done.rows, done.refused) == (8135, 0), done.reasons
    process(runtime, runtime.now())


@pytest.mark.parametrize(
    ("day", "asleep", "known"),
    [
        pytest.param(date(2018, 6, 1), 5690, 6677, id="1 June 2018"),
        pytest.param(date(2018, 9, 1), 7072, 8004, id="1 September 2018"),
    ],
)
def test_the_trigger_finds_who_has_not_ordered_for_sixty_days(
    tmp_path: Path, export: Path, day: date, asleep: int, known: int
) -> None:
    runtime = open_runtime(workspace(tmp_path), Clock(day))
    take_in(runtime, export)
    publish(runtime, publishable(tmp_path, None), runtime.now())
    with runtime.store.read() as tx:
        people = tx.execute(sa.select(sa.func.count()).where(contacts.c.total_orders > 0)).scalar_one()
        found = tx.execute(sa.select(sa.func.count()).select_from(enrollments)).scalar_one()
    runtime.close()
    assert (found, people) == (asleep, known)


@dataclass
class Received:
    """The mails that the SMTP server took, read as they come, and the clicks made in them."""

    server: sink.Sink
    bodies: Path
    browser: Browser
    count: int = 0
    ids: set[str] = field(default_factory=set)
    clicks: list[tuple[str, datetime]] = field(default_factory=list)
    _read_to: int = 0

    def new(self) -> Iterator[tuple[str, Message]]:
        """The people who got a mail since the last look, each with her mail, which is what it should be."""
        with self.server.ledger.open() as ledger:
            ledger.seek(self._read_to)
            lines = ledger.readlines()
            self._read_to = ledger.tell()
        for entry in map(json.loads, lines):
            mail = message_from_bytes((self.bodies / f"{entry['sha256']}.eml").read_bytes())
            self._is_whole(mail, entry)
            self.count += 1
            yield entry["recipient"].partition("@")[0], mail

    def _is_whole(self, mail: Message, entry: dict[str, Any]) -> None:
        assert entry["recipient"] in mail["To"]
        assert mail["Message-ID"] not in self.ids
        self.ids.add(mail["Message-ID"])
        assert "http://links.shop.example/u/" in str(mail["List-Unsubscribe"]).replace("\n ", "")
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert "Sentimos sua falta" in part(mail, "text/plain")
        assert "<p" in part(mail, "text/html")

    def click(self, who: str, mail: Message, at: datetime) -> None:
        text = part(mail, "text/plain")
        link = next(word for word in text.split() if urlsplit(word).path.startswith("/c/"))
        page = self.browser.get(link)
        assert page.status == 302
        assert page.headers["location"].startswith("https://shop.example/novidades")
        self.clicks.append((who, at))


def part(mail: Message, kind: str) -> str:
    (found,) = (each for each in mail.walk() if each.get_content_type() == kind)
    payload = found.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def test_every_order_of_two_years_is_accounted_for(tmp_path: Path, export: Path, raw: pd.DataFrame) -> None:
    bodies = tmp_path / "bodies"
    with sink.running(tmp_path / "ledger", "--bodies", str(bodies)) as server:
        clock = Clock(FIRST)
        runtime = open_runtime(workspace(tmp_path / "shop", server.port), clock)
        take_in(runtime, export)
        publish(runtime, publishable(runtime.folder, None), clock())
        received = Received(server, bodies, Browser(create_app(runtime)))
        live_through(runtime, clock, received, purchases(raw))
        received.browser.close()
        made = books(runtime, clock())
        counted = independently(tmp_path / "shop" / "nurture.db", raw, received.clicks)
        states = message_states(tmp_path / "shop" / "nurture.db")
        runtime.close()
    assert states == {"accepted": received.count}
    assert received.count > 4000
    found = {
        "attributed": made.books.attributed,
        "held_out": made.books.held_out,
        "unattributed": made.books.unattributed,
    }
    assert found == counted
    assert all(amount.count > 0 and amount.money > 0 for amount in found.values())
    (journey,) = made.journeys
    assert journey.figures.attributed == counted["attributed"]
    assert journey.figures.channels[0].clicked == len({who for who, _ in received.clicks}) or received.clicks


def live_through(
    runtime: Runtime, clock: Clock, received: Received, bought: dict[str, list[datetime]]
) -> None:
    """Every midnight the jobs; a minute later the clicks of that day's mails."""
    day = FIRST
    while day < LAST:
        clock.at = now = midnight(day)
        tick(runtime)
        clock.at = now + timedelta(minutes=1)
        for who, mail in received.new():
            buys = any(clock.at <= at <= clock.at + WINDOW for at in bought.get(who, ()))
            if buys or fraction(SEED, who, day.isoformat()) < 0.2:
                received.click(who, mail, clock.at)
        day += timedelta(days=1)
    clock.at = midnight(LAST)
    tick(runtime)


def purchases(raw: pd.DataFrame) -> dict[str, list[datetime]]:
    by_person: dict[str, list[datetime]] = {}
    for who, text in zip(raw["customer_unique_id"], raw["order_purchase_timestamp"], strict=True):
        by_person.setdefault(who, []).append(datetime.fromisoformat(text).replace(tzinfo=SAO_PAULO))
    return by_person


def books(runtime: Runtime, now: datetime) -> Report:
    with runtime.store.read() as tx:
        plans = {live.version_id: live.plan for live in runtime.live(tx)}
    period = Period(FIRST, LAST - timedelta(days=1), "America/Sao_Paulo")
    return report.build(runtime.store, runtime.settings, plans, period, now)


def independently(database: Path, raw: pd.DataFrame, clicks: list[tuple[str, datetime]]) -> dict[str, Amount]:
    """The same three amounts from the raw files, our own list of clicks and who was held out when."""
    zoned = pd.to_datetime(raw["order_purchase_timestamp"]).dt.tz_localize(
        "America/Sao_Paulo", ambiguous=True, nonexistent="shift_forward"
    )
    every = raw.assign(at=zoned.dt.tz_convert("UTC"), cents=(raw["total"] * 100).round().astype(int))
    every = every[(every["at"] >= midnight(FIRST)) & (every["at"] < midnight(LAST))].reset_index(drop=True)
    clicked = pd.DataFrame(clicks, columns=["customer_unique_id", "clicked_at"])
    clicked["clicked_at"] = pd.to_datetime(clicked["clicked_at"], utc=True)
    attributed = _within(every, clicked, "clicked_at", strictly=False)
    held = _within(every, _held_out(database), "entered_at", strictly=True)
    assert not (attributed & held).any(), "nobody who was held out got a mail"
    sides = {"attributed": attributed, "held_out": held, "unattributed": ~attributed & ~held}
    return {
        name: Amount(int(chosen.sum()), int(every.loc[chosen, "cents"].sum()))
        for name, chosen in sides.items()
    }


def _within(every: pd.DataFrame, marks: pd.DataFrame, column: str, *, strictly: bool) -> pd.Series:
    """Which orders lie within the window after one of the person's marks."""
    pairs = every.reset_index().merge(marks, on="customer_unique_id")
    after = pairs["at"] > pairs[column] if strictly else pairs["at"] >= pairs[column]
    near = pairs[after & (pairs["at"] - pairs[column] <= WINDOW)]
    return every.index.to_series().isin(near["index"])


def _held_out(database: Path) -> pd.DataFrame:
    query = (
        "SELECT c.ref AS customer_unique_id, e.entered_at FROM enrollments e JOIN contacts c ON c.id = e.contact_id "
        "WHERE e.status = 'held_out'"
    )
    with closing(sqlite3.connect(database)) as connection:
        held = pd.read_sql_query(query, connection)
    held["entered_at"] = pd.to_datetime(held["entered_at"], unit="us", utc=True)
    return held


def message_states(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as connection:
        return dict(connection.execute("SELECT state, count(*) FROM messages GROUP BY state").fetchall())
