"""Enrollments taken through a branch to a mail, with everything that is written on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator

import sqlalchemy as sa

from benchmarks import crowd
from benchmarks.table import POSTGRESQL, SQLITE, Row, at_least
from benchmarks.workspaces import DATABASES, go_live, workspace
from nurture.app import advance
from nurture.app.runtime import Runtime
from nurture.store.tables import enrollments, messages, traces

PEOPLE, ROUNDS = 40_000, 5
FLOORS = {SQLITE: 10_000, POSTGRESQL: 5_000}
_MAIL = """<html><head><title>{% block subject %}{{ first_name }}, {{ percent }}% para você{% endblock %}</title></head>
<body><p>Oi {{ first_name }}</p><p>{{ offer }} {{ code }} {{ until }} {{ store }} {{ colour }} {{ size }}</p>
<p>{{ banner }} {{ signature }} {{ tone }}</p><a href="{{ unsubscribe_url }}">Sair</a>
<p>{{ company.postal_address }}</p></body></html>"""
_VALUES = """{offer: Café novo, percent: "15", code: VOLTA, until: 31 de março, store: Centro, colour: azul,
      size: 250 g, banner: outono, signature: Mariana, tone: calm}"""
_JOURNEY = """
journey: NAME
topic: offers
trigger: {inactive: order_completed, for: 60 days}
reentry: {after: 180 days}
backfill: all
limits:
  quiet_hours: {email: "21:00-07:30", holidays: BR-SP}
  cap: {at_most: 3, per: 14 days}
steps:
  - branch:
      - if: lifetime_value >= 1000
        then:
          - email: offer
            id: best
            with: VALUES
      - if: did("order_completed", within 200 days)
        then:
          - email: offer
            id: warm
            with: VALUES
      - else:
          - email: offer
            id: cold
            with: VALUES
"""


def rows(scale: float) -> Iterator[Row]:
    names = [f"offer-{number}" for number in range(1, ROUNDS + 1)]
    journeys = {name: _JOURNEY.replace("NAME", name).replace("VALUES", _VALUES) for name in names}
    for database in DATABASES:
        with workspace(database, journeys, {"email/offer.html": _MAIL}) as runtime:
            crowd.fill(runtime.store, people := int(PEOPLE * scale))
            crowd.add_history(runtime.store, people)
            seconds = [_advance(runtime, name) for name in names]
            advanced, deferred = _counts(runtime, names[0])
        yield at_least(
            "enrollments advanced: branch, gate, mail",
            database,
            advanced / min(seconds),
            "/s",
            FLOORS[database],
            f"{advanced:,} runs, best of {ROUNDS}; a branch of two conditions, a mail with ten values, quiet hours and "
            f"a cap ({deferred:,} put off); each with its message and two traces",
        )


def _advance(runtime: Runtime, journey: str) -> float:
    """Seconds that it takes to bring everybody who has just entered as far as she gets now."""
    go_live(runtime, journey)
    started = time.perf_counter()
    advance.advance(runtime, runtime.now())
    return time.perf_counter() - started


def _counts(runtime: Runtime, journey: str) -> tuple[int, int]:
    """How many runs were advanced and how many of their messages the gate put off; checks that all is written."""
    with runtime.store.read() as tx:
        count = sa.select(sa.func.count())
        runs = tx.execute(count.where(enrollments.c.journey == journey)).scalar_one()
        written = count.where(messages.c.journey == journey, messages.c.enrollment_id.is_not(None))
        mails = tx.execute(written).scalar_one()
        deferred = tx.execute(written.where(messages.c.reason.is_not(None))).scalar_one()
        of_journey = sa.select(enrollments.c.id).where(enrollments.c.journey == journey)
        noted = tx.execute(count.where(traces.c.enrollment_id.in_(of_journey))).scalar_one()
    assert mails == runs, f"{mails} messages of {runs} runs"
    assert noted == 2 * runs, f"{noted} traces of {runs} runs"
    return runs, deferred
