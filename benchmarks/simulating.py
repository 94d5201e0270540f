"""A year of 100,000 people let happen again with a journey live."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa

from benchmarks import crowd
from benchmarks.table import Row, at_most
from benchmarks.workspaces import DATABASES, workspace
from nurture.app.runtime import Runtime
from nurture.app.simulating import past
from nurture.app.workspace import publishable
from nurture.store.engine import Store
from nurture.store.types import to_micros

PEOPLE, SECONDS = 100_000, 120
ENTERED, DECISIONS = 60_000, 300_000
YEAR = timedelta(days=365)
_JOURNEY = """
journey: back-again
topic: offers
trigger: {inactive: order_completed, for: 60 days, where: total_orders >= 1}
reentry: {after: 180 days}
holdout: 5%
exit:
  - event: order_completed
limits:
  quiet_hours: {email: "21:00-07:30", holidays: BR-SP}
  cap: {at_most: 3, per: 14 days}
steps:
  - email: offer
    id: first
  - wait_for: email_clicked
    of: first
    up_to: 6 days
    then:
      - update: {tag: curious}
    otherwise:
      - branch:
          - if: lifetime_value >= 200
            then:
              - email: offer
                id: best
          - else:
              - email: offer
                id: reminder
  - wait: 14 days
  - update: {tag: not-won-back}
"""
_MAIL = (
    "<html><head><title>{% block subject %}Oi{% endblock %}</title></head><body><p>Oi {{ first_name }}</p>"
    '<a href="{{ unsubscribe_url }}">Sair</a></body></html>'
)
# Every other person orders twice, at her own pace.
_ORDERS = """INSERT INTO {table} ({columns}) SELECT {values}
    FROM contacts c CROSS JOIN (SELECT 0 AS k UNION ALL SELECT 1) AS n
    WHERE c.id % 2 = 0"""
_AT = ":now - 3600000000 * ((c.id * 7919 + 1) % (24 * (100 + c.id % 250)) + n.k * 24 * (75 + c.id % 200))"


def rows(scale: float) -> Iterator[Row]:
    for database in DATABASES:
        with workspace(database, {"back-again": _JOURNEY}, {"email/offer.html": _MAIL}) as runtime:
            crowd.fill(runtime.store, people := int(PEOPLE * scale))
            _order(runtime.store)
            seconds, processor, found = _simulate(runtime)
        (journey,) = found.journeys
        assert journey.entered >= ENTERED * scale, f"{journey.entered} entered"
        assert found.decisions >= DECISIONS * scale, f"{found.decisions} decisions"
        yield at_most(
            "a year let happen again (`nurture simulate --history 365d`)",
            database,
            seconds,
            "s",
            SECONDS,
            f"{people:,} people with {people:,} orders; {journey.entered:,} entries, "
            f"{found.decisions:,} decisions, {sum(journey.messages.values()):,} messages; looked at every "
            f"{found.tick.seconds // 3600} hours; {processor:.0f} s of one processor",
        )


def _order(store: Store) -> None:
    given = {"now": to_micros(crowd.NOW)}
    events = "name, contact_id, occurred_at, received_at, processed_at, source, source_id, payload"
    told = '\'{"order_id": "\' || c.id || \'-\' || n.k || \'", "total": 80, "currency": "BRL"}\''
    if not store.is_sqlite:
        told = f"CAST({told} AS jsonb)"
    event = f"'order_completed', c.id, {_AT}, :now, :now, 'shop', c.id || '-' || n.k, {told}"
    order = f"c.id || '-' || n.k, c.id, {_AT}, 8000, 'BRL'"
    with store.begin() as tx:
        for table, columns, values in (
            ("events", events, event),
            ("orders", "order_id, contact_id, ordered_at, total, currency", order),
        ):
            tx.execute(sa.text(_ORDERS.format(table=table, columns=columns, values=values)), given)
    crowd.analyse(store)


def _simulate(runtime: Runtime) -> tuple[float, float, past.Past]:
    """The seconds that passed, those of a processor, and what was found."""
    (file,) = publishable(runtime.folder, ["back-again"])
    started, used = time.perf_counter(), time.process_time()
    found = past.simulate(runtime, [file], crowd.NOW - YEAR, crowd.NOW)
    return time.perf_counter() - started, time.process_time() - used, found
