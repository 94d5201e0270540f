"""The report's figures on real tables, held against pandas."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from nurture.app import report as app
from nurture.app.ingest import plain
from nurture.app.report_rows import FIGURES
from nurture.compiler.plan import Goal, Plan
from nurture.criteria import EventMatch, parse
from nurture.model import Field, FieldType, Span
from nurture.problems import NurtureError
from nurture.reports.figures import Amount, Doubt, Known, Period, Report, TooFew
from nurture.reports.statistics import Effect
from nurture.settings import Company, Costs, ReportRules, Settings, SurveySpec
from nurture.store import tables
from nurture.store.engine import Store

ZONE = "America/Sao_Paulo"
OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31), ZONE)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
START = datetime(2026, 10, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SETTINGS = Settings(
    company=Company("Café da Serra", "Rua A, 1", zone=ZONE),
    channels={},
    topics={},
    costs=Costs(fixed={"reactivation": Decimal("200.00")}),
    report=ReportRules(minimum_people=2, minimum_conversions=1),
)
ORDERED = Goal(EventMatch("order_completed"), Span(days=30, text="30 days"), "event.total")


def plan(journey: str, goal: Goal | None = ORDERED, holdout: int = 1_000) -> Plan:
    return Plan(
        journey=journey,
        hash="h",
        trigger=None,
        steps={},
        first=None,
        goal=goal,
        holdout=holdout,  # type: ignore[arg-type]
    )


@dataclass
class Shop:
    """Writes rows straight into the tables."""

    tx: sa.Connection
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))

    def put(self, table: sa.Table, **values: Any) -> int:
        made = self.tx.execute(sa.insert(table).values(**values))
        return int(made.inserted_primary_key[0]) if table.c.keys()[0] == "id" else 0

    def version(self, journey: str, number: int = 1) -> int:
        if number == 1:
            self.put(tables.journeys, name=journey, published_at=START)
        return self.put(
            tables.journey_versions,
            journey=journey,
            number=number,
            hash=f"{journey}{number}",
            source="",
            file="",
            context={},
            published_at=START,
        )

    def person(self, ref: str) -> int:
        return self.put(tables.contacts, ref=ref, zone=ZONE, hash31=1, created_at=START, updated_at=START)

    def run(
        self,
        person: int,
        version_id: int,
        journey: str,
        at: datetime = START,
        held_out: bool = False,
        **values: Any,
    ) -> int:
        return self.put(
            tables.enrollments,
            journey=journey,
            version_id=version_id,
            contact_id=person,
            anchor=str(next(self.numbers)),
            entered_at=at,
            enrolled_at=at,
            arrived_at=at,
            status="held_out" if held_out else "completed",
            **values,
        )

    def message(
        self, run: int, person: int, journey: str, version_id: int, at: datetime = START, **values: Any
    ) -> int:
        row = {
            "channel": "email",
            "state": "accepted",
            "cost_micros": 10_000,
            "class": "marketing",
            "template": "t",
            "step": f"s{next(self.numbers)}",
            "key": f"key{next(self.numbers)}",
            "planned_at": at,
            "due_at": at,
            "handed_at": at,
        }
        return self.put(
            tables.messages,
            **{**row, **values},
            enrollment_id=run,
            contact_id=person,
            journey=journey,
            version_id=version_id,
        )

    def event(
        self, person: int, name: str, at: datetime, payload: Any = None, message: int | None = None
    ) -> int:
        return self.put(
            tables.events,
            name=name,
            contact_id=person,
            occurred_at=at,
            received_at=at,
            processed_at=at,
            source="test",
            source_id=str(next(self.numbers)),
            payload=payload or {},
            message_id=message,
        )

    def click(
        self, person: int, message: int, at: datetime, kind: str = "human", name: str = "email_clicked"
    ) -> None:
        self.event(person, name, at, {"class": kind, "link": "https://example.com"}, message)

    def order(self, person: int, name: str, at: datetime, total: int, **values: Any) -> None:
        row = {"currency": "BRL", "refunded": 0, **values}
        self.put(tables.orders, order_id=name, contact_id=person, ordered_at=at, total=total, **row)
        self.event(
            person,
            "order_completed",
            at,
            {"order_id": name, "total": total / 100, "currency": row["currency"]},
        )


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store(database)
    yield store
    store.close()


def small_shop(store: Store) -> dict[int, Plan]:
    """Ana, Bruno and Davi are in the journey; Chloe and Edu are held out."""
    with store.begin() as tx:
        shop = Shop(tx)
        version = shop.version("reactivation")
        ana, bruno, chloe, davi, edu = (
            shop.person(name) for name in ("ana", "bruno", "chloe", "davi", "edu")
        )
        runs = {person: shop.run(person, version, "reactivation") for person in (ana, bruno, davi)}
        for person in (chloe, edu):
            shop.run(person, version, "reactivation", held_out=True)

        first = shop.message(runs[ana], ana, "reactivation", version, state="delivered", delivered_at=START)
        second = shop.message(
            runs[ana], ana, "reactivation", version, opened_at=START, cost_micros=40_000, channel="sms"
        )
        other = shop.message(runs[bruno], bruno, "reactivation", version)
        shop.message(runs[davi], davi, "reactivation", version, state="in_doubt")
        shop.message(
            runs[davi], davi, "reactivation", version, state="cancelled", cost_micros=0, handed_at=None
        )
        shop.click(ana, first, START + 2 * DAY)
        shop.click(ana, second, START + 3 * DAY, name="sms_clicked")
        shop.click(bruno, other, START + DAY, kind="suspect")

        shop.order(ana, "the trigger", START, 99_900)  # what started the run is no result of it
        shop.order(ana, "after a click", START + 4 * DAY, 15_000, refunded=2_550)
        shop.order(ana, "long after", START + 20 * DAY, 5_000)
        shop.order(ana, "too late", START + 31 * DAY, 70_000)
        shop.order(bruno, "cancelled", START + 2 * DAY, 80_000, cancelled_at=START + 3 * DAY)
        shop.order(bruno, "in dollars", START + 2 * DAY, 60_000, currency="USD")
        shop.order(davi, "the last instant", START + 30 * DAY, 1_000)
        shop.order(chloe, "held out", START + 5 * DAY, 4_000)
        shop.put(
            tables.coupons,
            code="VOLTA-1",
            pool="p",
            contact_id=ana,
            enrollment_id=runs[ana],
            step="c",
            issued_at=START,
            redeemed_at=START + 4 * DAY,
            order_id="after a click",
            discount=1_500,
        )
        shop.put(
            tables.coupons,
            code="VOLTA-2",
            pool="p",
            contact_id=bruno,
            enrollment_id=runs[bruno],
            step="c",
            issued_at=START,
            redeemed_at=START + 2 * DAY,
            order_id="cancelled",
            discount=9_900,
        )
    return {version: plan("reactivation")}


def built(store: Store, plans: dict[int, Plan], **fields: Any) -> Report:
    return app.build(store, SETTINGS, plans, **{"period": OCTOBER, "now": NOW, **fields})


def test_people_orders_and_money_of_both_arms(store: Store) -> None:
    (found,) = built(store, small_shop(store)).journeys
    treated, held_out = found.figures.treated, found.figures.held_out
    assert (treated.people, treated.converted, treated.revenue) == (3, 2, 12_450 + 5_000 + 1_000)
    assert treated.squares == 17_450**2 + 1_000**2
    assert (held_out.people, held_out.converted, held_out.revenue) == (2, 1, 4_000)
    assert isinstance(found.figures.answer, Effect)
    assert found.figures.answer.revenue.value == pytest.approx(18_450 - 3 * 2_000)


def test_messages_by_channel(store: Store) -> None:
    (found,) = built(store, small_shop(store)).journeys
    email, sms = found.figures.channels
    assert (email.sent, email.delivered, email.clicked, email.in_doubt) == (2, 1, 1, 1)
    assert (sms.sent, sms.delivered, sms.clicked, sms.opened) == (1, None, 1, 1)
    funnel = found.funnel
    assert (funnel.entered, funnel.written_to, funnel.clicked, funnel.bought) == (3, 2, 1, 1)


def test_the_last_click_gets_the_order_and_scanners_get_nothing(store: Store) -> None:
    plans = small_shop(store)
    (found,) = built(store, plans).journeys
    assert found.figures.attributed == Amount(1, 12_450)
    (row,) = app.rows(store, SETTINGS, plans, OCTOBER, NOW, "attributed", "reactivation")
    assert (row["contact"], row["order"], row["net"]) == ("ana", "after a click", Decimal("124.50"))
    assert row["clicked_at"] == "2026-10-08T09:00:00-03:00"


def test_a_longer_window_credits_more(store: Store) -> None:
    settings = replace(
        SETTINGS, report=replace(SETTINGS.report, attribution_window=Span(days=17, text="17 days"))
    )
    (found,) = app.build(store, settings, small_shop(store), OCTOBER, NOW).journeys
    assert found.figures.attributed == Amount(2, 17_450)


def test_cost_is_messages_fixed_and_redeemed_coupons(store: Store) -> None:
    (found,) = built(store, small_shop(store)).journeys
    cost = found.figures.cost
    assert (cost.messages, cost.fixed, cost.coupons) == (70_000, 200_000_000, 15_000_000)
    assert found.figures.attributed_roi == pytest.approx((124.50 - 215.07) / 215.07)


def test_every_order_of_the_period_is_in_one_row_of_the_books(store: Store) -> None:
    books = built(store, small_shop(store)).books
    assert books.attributed == Amount(1, 12_450)
    assert books.held_out == Amount(1, 4_000)
    assert books.unattributed == Amount(2, 99_900 + 5_000)
    assert (books.cancelled, books.foreign) == (1, 1)


def test_an_order_of_somebody_held_out_elsewhere_goes_to_the_message_she_clicked(store: Store) -> None:
    plans = small_shop(store)
    with store.begin() as tx:
        shop = Shop(tx, iter(range(1_000, 10**9)))
        version = shop.version("birthday")
        chloe = tx.execute(
            sa.select(tables.contacts.c.id).where(tables.contacts.c.ref == "chloe")
        ).scalar_one()
        run = shop.run(chloe, version, "birthday")
        shop.click(chloe, shop.message(run, chloe, "birthday", version), START + 4 * DAY)
    found = built(store, {**plans, version: plan("birthday")})
    birthday, reactivation = found.journeys
    assert birthday.figures.attributed == Amount(1, 4_000)
    assert reactivation.figures.held_out.revenue == 4_000  # she still is what would have come anyway
    assert found.books.held_out == Amount(0, 0)
    assert found.books.total == Amount(4, 12_450 + 4_000 + 104_900)


def test_a_person_counts_once_by_the_first_run_in_the_period(store: Store) -> None:
    plans = small_shop(store)
    with store.begin() as tx:
        shop = Shop(tx, iter(range(1_000, 10**9)))
        (version,) = plans
        ana = tx.execute(sa.select(tables.contacts.c.id).where(tables.contacts.c.ref == "ana")).scalar_one()
        again = shop.run(ana, version, "reactivation", START + 20 * DAY)
        shop.message(again, ana, "reactivation", version, cost_micros=1_000_000)
        shop.run(ana, version, "reactivation", START - 90 * DAY)
    (found,) = built(store, plans).journeys
    assert found.figures.treated.people == 3
    assert found.figures.treated.revenue == 18_450  # the window of the first run
    assert found.figures.cost.messages == 1_070_000  # but every message is paid for


def test_what_is_open_is_said_and_nothing_after_now_counts(store: Store) -> None:
    plans = small_shop(store)
    now = START + 10 * DAY
    (found,) = built(store, plans, now=now).journeys
    assert found.open_until == START + 30 * DAY
    assert found.figures.treated.revenue == 12_450
    (later,) = built(store, plans).journeys
    assert later.open_until is None


def test_a_goal_with_a_condition_counts_only_what_meets_it(store: Store) -> None:
    plans = small_shop(store)
    condition = parse("event.total >= 100").condition
    goal = replace(ORDERED, match=EventMatch("order_completed", condition))
    (found,) = built(store, {version: plan("reactivation", goal) for version in plans}).journeys
    treated, held_out = found.figures.treated, found.figures.held_out
    assert (treated.converted, treated.revenue) == (1, 12_450)
    assert (held_out.converted, held_out.revenue) == (0, 0)
    assert found.goal.condition == "event.total >= 100"


def test_a_goal_may_ask_for_a_segment(store: Store) -> None:
    plans = small_shop(store)
    condition = parse('event.total >= 100 and in_segment("spenders")').condition
    goal = replace(ORDERED, match=EventMatch("order_completed", condition))
    versions = {version: plan("reactivation", goal) for version in plans}
    settings = replace(SETTINGS, segments={"spenders": "lifetime_value >= 0", "nobody": "lifetime_value < 0"})
    (found,) = app.build(store, settings, versions, OCTOBER, NOW).journeys
    assert found.figures.treated.converted == 1


def test_a_goal_with_a_key_counts_only_the_run_s_own(store: Store) -> None:
    with store.begin() as tx:
        shop = Shop(tx)
        version = shop.version("reactivation")
        for name, cart in (("ana", "c1"), ("bruno", "another"), ("chloe", "c1")):
            person = shop.person(name)
            shop.run(person, version, "reactivation", key="c1", held_out=name == "chloe")
            shop.event(person, "cart_paid", START + DAY, {"cart_id": cart})
    goal = Goal(EventMatch("cart_paid", key="cart_id"))
    (found,) = built(store, {version: plan("reactivation", goal)}).journeys
    assert (found.figures.treated.people, found.figures.treated.converted) == (2, 1)
    assert found.figures.held_out.converted == 1


def test_a_goal_may_speak_of_what_started_the_run_and_of_the_person(store: Store) -> None:
    with store.begin() as tx:
        shop = Shop(tx)
        version = shop.version("reactivation")
        for name, ebook in (("ana", "crm"), ("bruno", "seo")):
            person = shop.person(name)
            started = shop.event(person, "ebook_downloaded", START, {"ebook": "crm"})
            shop.run(person, version, "reactivation", trigger_event_id=started)
            shop.event(person, "ebook_downloaded", START + DAY, {"ebook": ebook})
    condition = parse("event.ebook = trigger.ebook and country is empty").condition
    goal = Goal(EventMatch("ebook_downloaded", condition))
    (found,) = built(store, {version: plan("reactivation", goal)}).journeys
    assert (found.figures.treated.people, found.figures.treated.converted) == (2, 1)


def test_days_in_a_goal_are_those_of_the_company(store: Store) -> None:
    with store.begin() as tx:
        shop = Shop(tx)
        version = shop.version("reactivation")
        for name, hour in (("ana", 2), ("bruno", 4)):  # in UTC, three hours ahead of São Paulo
            person = shop.person(name)
            shop.run(person, version, "reactivation")
            at = datetime(2026, 10, 10, hour, tzinfo=UTC)
            shop.event(person, "demo_booked", START + DAY, plain({"at": at}))
    settings = replace(SETTINGS, events={"demo_booked": (Field("at", FieldType.INSTANT),)})
    goal = Goal(EventMatch("demo_booked", parse("event.at >= 2026-10-10").condition))
    (found,) = app.build(store, settings, {version: plan("reactivation", goal)}, OCTOBER, NOW).journeys
    assert (found.figures.treated.people, found.figures.treated.converted) == (2, 1)


EVENT_GOALS = {
    "money from the event": ("event.worth", 2, 3_025),
    "no value: all orders are the revenue": (None, 2, 18_450),
}


@pytest.mark.parametrize("name", EVENT_GOALS)
def test_a_goal_that_is_not_an_order(store: Store, name: str) -> None:
    value, converted, revenue = EVENT_GOALS[name]
    plans = small_shop(store)
    with store.begin() as tx:
        shop = Shop(tx, iter(range(1_000, 10**9)))
        ids = dict(tx.execute(sa.select(tables.contacts.c.ref, tables.contacts.c.id)).all())
        shop.event(ids["ana"], "contract_signed", START + DAY, {"worth": 10.25})
        shop.event(ids["ana"], "contract_signed", START + 2 * DAY, {"worth": 20})
        shop.event(ids["bruno"], "contract_signed", START + 2 * DAY, {"worth": "much"})  # no number
        shop.event(ids["davi"], "contract_signed", START - DAY, {"worth": 999})
    goal = Goal(EventMatch("contract_signed"), None, value)
    (found,) = built(store, {version: plan("reactivation", goal) for version in plans}).journeys
    assert (found.figures.treated.converted, found.figures.treated.revenue) == (converted, revenue)


def test_a_changed_holdout_gives_no_answer_for_all_but_one_for_each_version(store: Store) -> None:
    plans = small_shop(store)
    with store.begin() as tx:
        shop = Shop(tx, iter(range(1_000, 10**9)))
        second = shop.version("reactivation", 2)
        for name, held_out in (("f1", False), ("f2", False), ("f3", True), ("f4", True)):
            person = shop.person(name)
            shop.run(person, second, "reactivation", held_out=held_out)
            shop.order(person, name, START + DAY, 7_000)
    (found,) = built(store, {**plans, second: plan("reactivation", holdout=5_000)}).journeys
    assert isinstance(found.figures.answer, TooFew)
    assert found.figures.answer.reason == Doubt.MIXED
    assert [type(part.answer) for part in found.versions.values()] == [Effect, Effect]
    assert found.versions[2].treated.revenue == 14_000


def test_a_journey_that_nobody_entered(store: Store) -> None:
    with store.begin() as tx:
        version = Shop(tx).version("welcome")
    (found,) = built(store, {version: plan("welcome", None)}).journeys
    assert isinstance(found.figures.answer, TooFew)
    assert found.figures.answer.reason == Doubt.NOBODY
    assert not found.goal.declared


def test_an_unknown_journey_or_figure_or_format_is_said(store: Store, tmp_path: Path) -> None:
    plans = small_shop(store)
    with pytest.raises(NurtureError, match="did you mean 'reactivation'"):
        built(store, plans, journey="reactivatoin")
    with pytest.raises(NurtureError, match="did you mean 'clicked'"):
        list(app.rows(store, SETTINGS, plans, OCTOBER, NOW, "clickd"))
    with pytest.raises(NurtureError, match="unknown format 'pdf'"):
        app.write(built(store, plans), tmp_path, ["pdf"])


def test_files_are_written_in_every_format(store: Store, tmp_path: Path) -> None:
    report = built(store, small_shop(store), known={"reactivation": Known(per_person=100.0)})
    written = app.write(report, tmp_path / "out", list(app.FORMATS))
    assert [path.name for path in written] == ["report.txt", "report.html", "report.json", "report.csv"]
    assert json.loads(written[2].read_text())["journeys"][0]["true_effect"]["per_person"] == 1.0
    assert "Efeito verdadeiro" in written[0].read_text(encoding="utf-8")
    assert written[3].read_bytes().count(b"\r\n") == 7


ROWS_BEHIND = {
    "people": 5,
    "outcomes": 4,
    "sent": 3,
    "delivered": 1,
    "opened": 1,
    "clicked": 2,
    "bounced": 0,
    "in_doubt": 1,
    "attributed": 1,
    "cost": 4,
    "coupons": 1,
    "answers": 0,
    "orders": 4,
}


@pytest.mark.parametrize("figure", FIGURES)
def test_there_are_rows_behind_every_figure(store: Store, figure: str) -> None:
    found = list(app.rows(store, SETTINGS, small_shop(store), OCTOBER, NOW, figure))
    assert len(found) == ROWS_BEHIND[figure]


def test_a_survey_counts_the_last_answer_of_each_run(store: Store) -> None:
    settings = replace(SETTINGS, surveys={"nps": SurveySpec("nps", "Você nos recomendaria?")})
    with store.begin() as tx:
        shop = Shop(tx)
        version = shop.version("survey")
        for name, scores in {"ana": (3, 10), "bruno": (9,), "chloe": (0,), "davi": ()}.items():
            person = shop.person(name)
            run = shop.run(person, version, "survey")
            asked = shop.message(run, person, "survey", version, survey="nps")
            again = shop.message(run, person, "survey", version, survey="nps")  # a reminder asks the same run
            for hours, (message, score) in enumerate(zip((asked, again), scores, strict=False)):
                at = START + timedelta(hours=hours + 1)
                answer = {"score": score, "comment": f"{score} de 10"}
                shop.event(person, "survey_answered", at, answer, message=message)
    plans = {version: plan("survey")}
    (figures,) = app.build(store, settings, plans, OCTOBER, NOW).journeys[0].surveys
    assert (figures.asked, figures.scores) == (4, {10: 1, 9: 1, 0: 1})
    said = app.FORMATS["text"][1](app.build(store, settings, plans, OCTOBER, NOW))
    assert "Pesquisa nps: 3 de 4 responderam (75,0 %)" in said
    assert "NPS +33" in said
    rows = list(app.rows(store, settings, plans, OCTOBER, NOW, "answers"))
    assert [(row["contact"], row["score"], row["comment"]) for row in rows if row["contact"] == "ana"] == [
        ("ana", 3, "3 de 10"),
        ("ana", 10, "10 de 10"),
    ]


def test_rows_of_outcomes_come_to_the_figure(store: Store) -> None:
    found = list(app.rows(store, SETTINGS, small_shop(store), OCTOBER, NOW, "outcomes"))
    assert {row["arm"]: sum(r["money"] for r in found if r["arm"] == row["arm"]) for row in found} == {
        "treated": Decimal("184.50"),
        "held_out": Decimal("40.00"),
    }


def test_rows_are_csv_that_no_spreadsheet_runs(store: Store) -> None:
    with store.begin() as tx:
        shop = Shop(tx)
        version = shop.version("welcome")
        shop.run(shop.person("=cmd|' /C calc'!A0"), version, "welcome")
    out = io.StringIO(newline="")
    found = app.rows(store, SETTINGS, {version: plan("welcome")}, OCTOBER, NOW, "people")
    assert app.write_rows(found, out) == 1
    (row,) = csv.DictReader(io.StringIO(out.getvalue()))
    assert row["contact"] == "'=cmd|' /C calc'!A0"


# --- a larger shop, counted again by pandas ------------------------------------------------

PEOPLE, JOURNEYS = 600, ("birthday", "reactivation", "welcome")


def large_shop(store: Store) -> dict[int, Plan]:
    """Random entries, clicks and orders, many of them near the edges of windows and period."""
    rng = np.random.default_rng(20_261_031)
    frames = _random_rows(rng)
    with store.begin() as tx:
        shop = Shop(tx)
        versions = {name: shop.version(name) for name in JOURNEYS}
        for table, rows in frames.items():
            for row in rows:
                if "version_id" in row:
                    row["version_id"] = versions[row["journey"]]
            tx.execute(sa.insert(tables.metadata.tables[table]), rows)
        if tx.dialect.name == "postgresql":
            for table in ("enrollments", "messages", "events", "orders", "contacts"):
                tx.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 100000)")
    goals = {
        "birthday": None,
        "reactivation": ORDERED,
        "welcome": replace(ORDERED, within=Span(days=7, text="7 days")),
    }
    return {versions[name]: plan(name, goals[name], holdout=3_000) for name in JOURNEYS}


def _random_rows(rng: np.random.Generator) -> dict[str, list[dict[str, Any]]]:
    def instant(low: int, high: int) -> datetime:
        return datetime(2026, 9, 1, 3, tzinfo=UTC) + timedelta(hours=int(rng.integers(low * 24, high * 24)))

    contacts = [
        {"id": n, "ref": f"p{n}", "zone": ZONE, "hash31": n, "created_at": START, "updated_at": START}
        for n in range(1, PEOPLE + 1)
    ]
    enrollments: list[dict[str, Any]] = []
    messages: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for person in range(1, PEOPLE + 1):
        for name in JOURNEYS:
            held_out = bool(rng.random() < 0.3)
            for _ in range(int(rng.choice([0, 1, 1, 2]))):
                at = instant(15, 65)
                run = len(enrollments) + 1
                enrollments.append(
                    {
                        "id": run,
                        "journey": name,
                        "version_id": 0,
                        "contact_id": person,
                        "anchor": str(run),
                        "entered_at": at,
                        "enrolled_at": at,
                        "arrived_at": at,
                        "status": "held_out" if held_out else "completed",
                    }
                )
                if held_out:
                    continue
                for step in range(int(rng.integers(0, 3))):
                    state = str(rng.choice(["accepted", "delivered", "bounced", "in_doubt", "cancelled"]))
                    message = len(messages) + 1
                    messages.append(
                        {
                            "id": message,
                            "key": f"k{message}",
                            "enrollment_id": run,
                            "journey": name,
                            "version_id": 0,
                            "step": f"s{step}",
                            "contact_id": person,
                            "channel": str(rng.choice(["email", "sms"])),
                            "class": "marketing",
                            "template": "t",
                            "state": state,
                            "planned_at": at,
                            "due_at": at,
                            "cost_micros": int(rng.integers(0, 90_000)),
                        }
                    )
                    if state in ("accepted", "delivered") and rng.random() < 0.6:
                        events.append(
                            {
                                "name": "email_clicked",
                                "contact_id": person,
                                "message_id": message,
                                "occurred_at": at + timedelta(hours=int(rng.integers(0, 240))),
                                "payload": {"class": str(rng.choice(["human", "human", "suspect"]))},
                            }
                        )
    for number, event in enumerate(events):
        event |= {
            "source": "t",
            "source_id": str(number),
            "received_at": event["occurred_at"],
            "processed_at": event["occurred_at"],
        }
    orders = [
        {
            "order_id": f"o{n}",
            "contact_id": int(rng.integers(1, PEOPLE + 1)),
            "ordered_at": instant(10, 82),
            "total": int(rng.lognormal(9.5, 0.8)),
            "refunded": int(rng.choice([0, 0, 0, 500])),
            "currency": str(rng.choice(["BRL"] * 19 + ["USD"])),
            "cancelled_at": START if rng.random() < 0.05 else None,
        }
        for n in range(6_000)
    ]
    return {
        "contacts": contacts,
        "enrollments": enrollments,
        "messages": messages,
        "events": events,
        "orders": orders,
    }


@dataclass(frozen=True)
class Counted:
    """The same figures by pandas: joins in memory, nothing shared with the product."""

    enrollments: pd.DataFrame
    messages: pd.DataFrame
    clicks: pd.DataFrame
    orders: pd.DataFrame  # those that stand

    @classmethod
    def of(cls, store: Store) -> Counted:
        with store.read() as tx:
            frames = {
                name: pd.DataFrame(tx.execute(sa.select(tables.metadata.tables[name])).mappings().all())
                for name in ("enrollments", "messages", "events", "orders")
            }
        orders, events = frames["orders"], frames["events"]
        orders = orders[orders.cancelled_at.isna() & (orders.currency == "BRL") & (orders.ordered_at <= NOW)]
        human = events[events.payload.map(lambda payload: payload.get("class")) == "human"]
        return cls(
            frames["enrollments"],
            frames["messages"],
            human.rename(columns={"id": "click_id"}),
            orders.assign(net=orders.total - orders.refunded),
        )

    def begun(self, journey: str) -> pd.DataFrame:
        runs = self.enrollments
        return runs[
            (runs.journey == journey) & (runs.entered_at >= OCTOBER.since) & (runs.entered_at < OCTOBER.until)
        ]

    def arms(self, journey: str, window: timedelta) -> dict[bool, tuple[int, int, int, float]]:
        first = self.begun(journey).sort_values(["entered_at", "id"]).drop_duplicates("contact_id")
        first = first.assign(held_out=first.status == "held_out")
        each = first.merge(self.orders, on="contact_id")
        each = each[(each.ordered_at > each.entered_at) & (each.ordered_at <= each.entered_at + window)]
        spent = each.groupby(["held_out", "contact_id"]).net.sum().reset_index()
        return {
            side: (
                int((first.held_out == side).sum()),
                len(spent[spent.held_out == side]),
                int(spent[spent.held_out == side].net.sum()),
                float((spent[spent.held_out == side].net.astype(float) ** 2).sum()),
            )
            for side in (False, True)
        }

    def credited(self) -> pd.DataFrame:
        """Orders with the last human click of the seven days before."""
        placed = self.orders[self.orders.ordered_at >= OCTOBER.since]
        each = placed.merge(
            self.clicks[["contact_id", "occurred_at", "message_id", "click_id"]], on="contact_id"
        )
        age = each.ordered_at - each.occurred_at
        each = each[(age >= timedelta(0)) & (age <= timedelta(days=7))]
        last = each.sort_values(["occurred_at", "click_id"]).drop_duplicates("order_id", keep="last")
        messages = self.messages[["id", "enrollment_id", "journey"]].rename(columns={"id": "message_id"})
        runs = self.enrollments[["id", "entered_at"]].rename(columns={"id": "enrollment_id"})
        return last.merge(messages, on="message_id").merge(runs, on="enrollment_id")

    def held_out_orders(self, windows: dict[str, timedelta]) -> set[str]:
        held = self.enrollments[self.enrollments.status == "held_out"]
        each = held.assign(window=held.journey.map(windows)).merge(self.orders, on="contact_id")
        inside = (each.ordered_at > each.entered_at) & (each.ordered_at <= each.entered_at + each.window)
        return set(each[inside].order_id)


WINDOWS = {"birthday": timedelta(days=30), "reactivation": timedelta(days=30), "welcome": timedelta(days=7)}


def test_the_figures_are_those_of_pandas(store: Store) -> None:
    plans = large_shop(store)
    report, counted = built(store, plans), Counted.of(store)
    credited = counted.credited()
    for journey in report.journeys:
        figures, name = journey.figures, journey.name
        for side, arm in ((False, figures.treated), (True, figures.held_out)):
            found = (arm.people, arm.converted, arm.revenue, arm.squares)
            assert found == pytest.approx(counted.arms(name, WINDOWS[name])[side]), (name, side)
        begun = (credited.entered_at >= OCTOBER.since) & (credited.entered_at < OCTOBER.until)
        own = credited[(credited.journey == name) & begun]
        assert figures.attributed == Amount(len(own), int(own.net.sum()))
        assert journey.funnel.bought == own.contact_id.nunique()
        assert journey.funnel.bought <= journey.funnel.clicked <= journey.funnel.written_to
        sent = counted.messages[counted.messages.enrollment_id.isin(counted.begun(name).id)]
        paid = sent[~sent.state.isin(["cancelled"])]
        assert figures.cost.messages == paid.cost_micros.sum()
        assert sum(row.in_doubt for row in figures.channels) == (sent.state == "in_doubt").sum()
        clicked = counted.clicks[counted.clicks.message_id.isin(sent.id)].message_id.nunique()
        assert sum(row.clicked for row in figures.channels) == clicked
        assert figures.attributed.count > 10


def test_the_books_reconcile_to_the_cent(store: Store) -> None:
    plans = large_shop(store)
    books, counted = built(store, plans).books, Counted.of(store)
    period = counted.orders[
        (counted.orders.ordered_at >= OCTOBER.since) & (counted.orders.ordered_at < OCTOBER.until)
    ]
    credited = set(counted.credited().order_id)
    held_out = counted.held_out_orders(WINDOWS) - credited
    for found, orders in (
        (books.attributed, period[period.order_id.isin(credited)]),
        (books.held_out, period[period.order_id.isin(held_out)]),
        (books.unattributed, period[~period.order_id.isin(credited | held_out)]),
        (books.total, period),
    ):
        assert found == Amount(len(orders), int(orders.net.sum()))
        assert found.money > 0
    rows = list(app.rows(store, SETTINGS, plans, OCTOBER, NOW, "orders"))
    by_side = {
        side: sum(row["net"] for row in rows if row["credited_to"] == side)
        for side in ("message", "held_out", "nobody")
    }
    assert by_side == {
        "message": Decimal(books.attributed.money) / 100,
        "held_out": Decimal(books.held_out.money) / 100,
        "nobody": Decimal(books.unattributed.money) / 100,
    }
