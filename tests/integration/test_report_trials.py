"""The report keeps its word on 400 versions of a journey that do nothing and on 400 whose effect is known: people
come in by the holdout's own arithmetic, and the report counts them from the tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
import sqlalchemy as sa

from nurture import digests
from nurture.app import report as app
from nurture.compiler.plan import Goal, Plan
from nurture.criteria import EventMatch
from nurture.model import Span
from nurture.problems import Mark
from nurture.reports.figures import Figures, Period, Report
from nurture.reports.statistics import Effect
from nurture.settings import Company, Costs, Settings
from nurture.store import bulk, enrolling, tables
from nurture.store.criteria import Criteria
from nurture.store.engine import Store, Tx
from nurture.triggers import ManualTrigger
from nurture.vocabulary import CONTACT_FIELDS

SETS = 400
PEOPLE = 500  # in each version, three in ten held out
RATE, MEAN, MORE = 0.05, 18_000, 1.6  # buyers, cents of an order, and how many more buyers it makes
START = datetime(2026, 10, 5, 12, tzinfo=UTC)
OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31), "America/Sao_Paulo")
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
SETTINGS = Settings(
    company=Company("Volta", "Rua A, 1"), channels={}, topics={}, costs=Costs(email=Decimal(1))
)


@dataclass(frozen=True)
class Trials:
    report: Report

    def versions(self, name: str) -> list[Figures]:
        found = next(one.versions for one in self.report.journeys if one.name == name)
        assert len(found) == SETS
        return list(found.values())

    def effects(self, name: str) -> list[Effect]:
        """The answers; a version with too few conversions has none."""
        return [one.answer for one in self.versions(name) if isinstance(one.answer, Effect)]


@pytest.fixture(scope="module")
def trials(one_database_of_module: str) -> Iterator[Trials]:
    store = Store(one_database_of_module, durable=False)
    with store.begin() as tx:
        plans = _live(tx, np.random.default_rng(20_261_126))
    yield Trials(app.build(store, SETTINGS, plans, OCTOBER, NOW))
    store.close()


def _live(tx: Tx, rng: np.random.Generator) -> dict[int, Plan]:
    plans = {number: _plan("idle" if number <= SETS else "lively") for number in range(1, 2 * SETS + 1)}
    bulk.insert(tx, tables.journeys, [{"name": name, "published_at": START} for name in ("idle", "lively")])
    bulk.insert(tx, tables.journey_versions, [_version(number, plan) for number, plan in plans.items()])
    criteria = Criteria(tx.dialect.name, CONTACT_FIELDS, {}, START, "UTC")
    for number, plan in plans.items():
        ids = range(number * PEOPLE, (number + 1) * PEOPLE)
        bulk.insert(tx, tables.contacts, [_contact(each) for each in ids])
        enrolling.by_hand(tx, criteria, plan, number, list(ids), "start", START, 0)
        bulk.insert(tx, tables.orders, _orders(tx, rng, number, plan.journey == "lively"))
    return plans


def _plan(name: str) -> Plan:
    goal = Goal(EventMatch("order_completed"), Span(days=30, text="30 days"), "event.total")
    trigger = ManualTrigger(mark=Mark("journey.yaml", 1, 1))
    return Plan(name, hash=name, trigger=trigger, steps={}, first=None, goal=goal, holdout=3_000)


def _version(number: int, plan: Plan) -> dict[str, object]:
    made = {"id": number, "journey": plan.journey, "number": number, "hash": plan.hash, "published_at": START}
    return {**made, "source": "", "file": "", "context": {}}


def _contact(number: int) -> dict[str, object]:
    ref = f"customer-{number}"
    made = {"id": number, "ref": ref, "hash31": digests.hash31(ref), "zone": "America/Sao_Paulo"}
    return {**made, "created_at": START, "updated_at": START}


def _orders(tx: Tx, rng: np.random.Generator, version_id: int, lively: bool) -> list[dict[str, object]]:
    """Who is treated by the lively journey buys more often; all else is chance."""
    runs = tables.enrollments.c
    people = range(version_id * PEOPLE, (version_id + 1) * PEOPLE)
    chosen = sa.select(runs.contact_id, runs.status).where(runs.contact_id.between(people[0], people[-1]))
    found = tx.execute(chosen.order_by(runs.contact_id)).all()
    rates = [RATE * (MORE if lively and status == "active" else 1) for _, status in found]
    buyers = [one.contact_id for one, buys in zip(found, rng.random(len(found)) < rates, strict=True) if buys]
    worth = MEAN * np.exp(rng.normal(-0.32, 0.8, len(buyers)))  # of mean MEAN
    return [
        {
            "order_id": f"order-{buyer}",
            "contact_id": buyer,
            "ordered_at": START + timedelta(days=float(rng.uniform(0.1, 29))),
            "total": round(float(total)),
            "currency": "BRL",
        }
        for buyer, total in zip(buyers, worth, strict=True)
    ]


def test_of_versions_that_do_nothing_few_claim_an_effect(trials: Trials) -> None:
    found = trials.effects("idle")
    assert len(found) > 0.99 * SETS
    assert np.mean([one.revenue.excludes_zero for one in found]) <= 0.07
    assert np.mean([one.people.excludes_zero for one in found]) <= 0.07


def test_a_known_effect_lies_in_the_interval(trials: Trials) -> None:
    found = trials.effects("lively")
    money, rate = RATE * (MORE - 1) * MEAN, RATE * (MORE - 1)
    for covered in (
        [one.per_person.low <= money <= one.per_person.high for one in found],
        [one.rate.low <= rate <= one.rate.high for one in found],
    ):
        assert 0.92 <= np.mean(covered) <= 0.98


def test_what_works_is_found_more_often_than_what_does_not(trials: Trials) -> None:
    works, idles = (
        np.mean([one.revenue.low > 0 for one in trials.effects(kind)]) for kind in ("lively", "idle")
    )
    assert works > 5 * idles


def test_three_in_ten_are_held_out(trials: Trials) -> None:
    shares = [one.held_out.people / PEOPLE for name in ("idle", "lively") for one in trials.versions(name)]
    assert np.mean(shares) == pytest.approx(0.3, abs=0.005)
