"""Real orders of a Brazilian marketplace through the whole product, checked apart from it with pandas.

A person is `customer_unique_id`; every order counts whatever its status; times are local to São Paulo.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from lxml import html

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
from nurture.reports.statistics import Arm
from nurture.store.tables import contacts, enrollments, messages, orders
from nurture.web.app import create_app
from tests.support import sink
from tests.support.olist import SETTINGS
from tests.support.ticking import tick

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
SLEEP = timedelta(days=60)
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
    local = pd.to_datetime(merged["order_purchase_timestamp"])
    merged["at"] = local.dt.tz_localize(
        "America/Sao_Paulo", ambiguous=np.ones(len(local), bool), nonexistent="shift_forward"
    ).dt.tz_convert("UTC")
    merged["cents"] = (merged["total"] * 100).round().astype(int)
    return merged.reset_index()


@pytest.fixture(scope="module")
def export(raw: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("olist") / "orders.csv"
    raw.drop(columns=["at", "cents"]).to_csv(path, index=False)
    return path


class Clock:
    def __init__(self, day: date) -> None:
        self.at = midnight(day)

    def __call__(self) -> datetime:
        return self.at


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SAO_PAULO)


def workspace(folder: Path, database: str, port: int = 9) -> Path:
    files = {
        "nurture.yaml": SETTINGS.format(port=port, database=database),
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
    tmp_path: Path, request: pytest.FixtureRequest, export: Path, day: date, asleep: int, known: int
) -> None:
    kind = (
        "postgres" if day.month == 9 else "sqlite"
    )  # one date on each: taking it all in is most of the time
    database = request.getfixturevalue(f"{kind}_database")
    runtime = open_runtime(workspace(tmp_path, database), Clock(day))
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
    mails: list[tuple[str, datetime]] = field(default_factory=list)  # to whom, at which tick
    clicks: list[tuple[str, datetime]] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)
    _read_to: int = 0

    def new(self, tick_at: datetime) -> Iterator[tuple[str, Message]]:
        """The people who got a mail since the last look, each with her mail, which is what it should be."""
        with self.server.ledger.open() as ledger:
            ledger.seek(self._read_to)
            lines = ledger.readlines()
            self._read_to = ledger.tell()
        for entry in map(json.loads, lines):
            mail = message_from_bytes((self.bodies / f"{entry['sha256']}.eml").read_bytes())
            self._is_whole(mail, entry)
            who = entry["recipient"].removesuffix("@example.com")
            self.mails.append((who, tick_at))
            yield who, mail

    def _is_whole(self, mail: Message, entry: dict[str, Any]) -> None:
        assert mail["To"] == entry["recipient"]
        assert mail["Message-ID"] not in self._ids
        self._ids.add(mail["Message-ID"])
        unsubscribe = str(mail["List-Unsubscribe"]).replace("\n ", "")
        assert unsubscribe.startswith("<http://links.shop.example/u/")
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail.get_content_type() == "multipart/alternative"
        text, page = part(mail, "text/plain"), html.fromstring(part(mail, "text/html"))
        assert "Sentimos sua falta" in text
        assert "Sentimos sua falta" in page.text_content()
        assert all(link in text for link in page.xpath("//a/@href"))

    def click(self, who: str, mail: Message, at: datetime) -> None:
        links = html.fromstring(part(mail, "text/html")).xpath("//a/@href")
        (link,) = (link for link in links if urlsplit(link).path.startswith("/c/"))
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
        folder = workspace(tmp_path / "shop", "sqlite:///nurture.db", server.port)
        runtime = open_runtime(folder, clock)
        take_in(runtime, export)
        publish(runtime, publishable(folder, None), runtime.now())
        received = Received(server, bodies, Browser(create_app(runtime)))
        live_through(runtime, clock, received, raw)
        received.browser.close()
        made, states, paid = books(runtime, runtime.now()), message_states(runtime), paid_in_all(runtime)
        runtime.close()
    entries = who_should_enter(raw)
    mailed, held = sides(entries, received.mails)
    assert states == {"accepted": len(received.mails)}
    assert paid == 142_860_281
    compare_orders(made, raw, received.clicks, held)
    compare_people(made, raw, received, mailed, held)


def compare_orders(
    made: Report, raw: pd.DataFrame, clicks: list[tuple[str, datetime]], held: pd.DataFrame
) -> None:
    """Each order of the period is in one of three places, as counted from files and mailbox."""
    found = {
        "attributed": made.books.attributed,
        "held_out": made.books.held_out,
        "unattributed": made.books.unattributed,
    }
    placed = in_period(raw)
    assert found == credited(placed, clicks, held)
    assert all(amount.count > 0 and amount.money > 0 for amount in found.values())
    assert made.books.total == Amount(len(placed), int(placed["cents"].sum()))


def compare_people(
    made: Report, raw: pd.DataFrame, received: Received, mailed: pd.DataFrame, held: pd.DataFrame
) -> None:
    """Both sides of the journey, what they bought within their windows, and the messages."""
    (journey,) = made.journeys
    figures, end = journey.figures, midnight(LAST)
    mailed, held = (side[side["entered_at"] < end] for side in (mailed, held))
    assert counted(figures.treated) == bought(raw, mailed)
    assert counted(figures.held_out) == bought(raw, held)
    clicks = {(who, at) for who, at in received.clicks if at < end}
    (email,) = figures.channels
    assert (email.sent, email.clicked, email.in_doubt) == (len(mailed), len(clicks), 0)
    assert figures.attributed == made.books.attributed  # nothing else was sent
    assert journey.funnel.clicked == len({who for who, _ in clicks})


# --- the clock ------------------------------------------------------------------------------------


def live_through(runtime: Runtime, clock: Clock, received: Received, raw: pd.DataFrame) -> None:
    """Every midnight the jobs; a minute later the clicks of that day's mails."""
    later = purchases(raw)
    for midnight_of_day in ticks():
        clock.at = midnight_of_day
        tick(runtime)
        clock.at += timedelta(minutes=1)
        for who, mail in received.new(midnight_of_day):
            buys = any(clock.at <= at <= clock.at + WINDOW for at in later[who])
            if buys or fraction(SEED, who, midnight_of_day.isoformat()) < 0.2:
                received.click(who, mail, clock.at)


def ticks() -> list[datetime]:
    return [midnight(FIRST + timedelta(days=day)) for day in range((LAST - FIRST).days + 1)]


def purchases(raw: pd.DataFrame) -> dict[str, list[datetime]]:
    found: dict[str, list[datetime]] = {}
    for who, at in zip(raw["customer_unique_id"], raw["at"], strict=True):
        found.setdefault(who, []).append(at)
    return found


# --- what the product says ------------------------------------------------------------------------


def books(runtime: Runtime, now: datetime) -> Report:
    with runtime.store.read() as tx:
        plans = runtime.plans(tx)
    period = Period(FIRST, LAST - timedelta(days=1), "America/Sao_Paulo")
    return report.build(runtime.store, runtime.settings, plans, period, now)


def message_states(runtime: Runtime) -> dict[str, int]:
    states = sa.select(messages.c.state, sa.func.count().label("messages")).group_by(messages.c.state)
    with runtime.store.read() as tx:
        return {row.state: row.messages for row in tx.execute(states)}


def paid_in_all(runtime: Runtime) -> int:
    with runtime.store.read() as tx:
        return int(tx.execute(sa.select(sa.func.sum(orders.c.total))).scalar_one())


def counted(arm: Arm) -> tuple[int, int, int]:
    return arm.people, arm.converted, int(arm.revenue)


# --- the same, apart from it: from the files, the mailbox and our own clicks ----------------------


def who_should_enter(raw: pd.DataFrame) -> pd.DataFrame:
    """Every first tick at which somebody's last order is sixty days old."""
    found = raw[["customer_unique_id", "at"]].drop_duplicates().sort_values(["customer_unique_id", "at"])
    following = found.groupby("customer_unique_id")["at"].shift(-1)
    instants = pd.DatetimeIndex(ticks()).tz_convert("UTC")
    turn = np.searchsorted(instants, pd.DatetimeIndex(found["at"] + SLEEP))
    found, following = found[turn < len(instants)], following[turn < len(instants)]
    found = found.assign(entered_at=instants[turn[turn < len(instants)]])
    return found[following.isna() | (following > found["entered_at"])][["customer_unique_id", "entered_at"]]


def sides(entries: pd.DataFrame, mails: list[tuple[str, datetime]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Who got a mail at each entry, and who never got one: about three in ten people, held out."""
    got = pd.DataFrame(mails, columns=["customer_unique_id", "entered_at"])
    got["entered_at"] = pd.to_datetime(got["entered_at"], utc=True)
    is_mailed = entries["customer_unique_id"].isin(got["customer_unique_id"])
    mailed, held = entries[is_mailed], entries[~is_mailed]
    assert pairs(mailed) == pairs(got)
    assert len(got) == len(mailed)
    people, out = entries["customer_unique_id"].nunique(), held["customer_unique_id"].nunique()
    assert abs(out - 0.3 * people) < 4 * math.sqrt(0.3 * 0.7 * people)
    return mailed, held


def pairs(entries: pd.DataFrame) -> set[tuple[str, pd.Timestamp]]:
    return set(zip(entries["customer_unique_id"], entries["entered_at"], strict=True))


def in_period(raw: pd.DataFrame) -> pd.DataFrame:
    return raw[(raw["at"] >= midnight(FIRST)) & (raw["at"] < midnight(LAST))].reset_index(drop=True)


def credited(
    placed: pd.DataFrame, clicks: list[tuple[str, datetime]], held: pd.DataFrame
) -> dict[str, Amount]:
    clicked = pd.DataFrame(clicks, columns=["customer_unique_id", "clicked_at"])
    clicked["clicked_at"] = pd.to_datetime(clicked["clicked_at"], utc=True)
    attributed = _within(placed, clicked, "clicked_at", strictly=False)
    out = _within(placed, held, "entered_at", strictly=True)
    assert not (attributed & out).any(), "nobody who was held out got a mail"
    places = {"attributed": attributed, "held_out": out, "unattributed": ~attributed & ~out}
    return {
        name: Amount(int(chosen.sum()), int(placed.loc[chosen, "cents"].sum()))
        for name, chosen in places.items()
    }


def _within(placed: pd.DataFrame, marks: pd.DataFrame, column: str, *, strictly: bool) -> pd.Series:
    """Which orders lie within the window after one of the person's marks."""
    both = placed.reset_index().merge(marks, on="customer_unique_id")
    after = both["at"] > both[column] if strictly else both["at"] >= both[column]
    near = both[after & (both["at"] - both[column] <= WINDOW)]
    return placed.index.to_series().isin(near["index"])


def bought(raw: pd.DataFrame, side: pd.DataFrame) -> tuple[int, int, int]:
    """People, those who ordered within the window after they first entered, and what they paid."""
    first = side.groupby("customer_unique_id", as_index=False)["entered_at"].min()
    chosen = raw[_within(raw, first, "entered_at", strictly=True)]
    return len(first), chosen["customer_unique_id"].nunique(), int(chosen["cents"].sum())
