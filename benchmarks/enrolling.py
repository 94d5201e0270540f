"""A million people: enrolling those who went quiet, and a tick when there is nothing to do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from statistics import median

import sqlalchemy as sa

from benchmarks import crowd
from benchmarks.table import Row, at_least, at_most
from benchmarks.workspaces import DATABASES, go_live, workspace
from nurture.app import evaluate
from nurture.app.runtime import Runtime
from nurture.store.engine import Store
from nurture.store.tables import enrollments, journeys
from nurture.store.types import to_micros
from tests.support.ticking import tick

PEOPLE, ROUNDS, TICKS = 1_000_000, 3, 15
SHARE, MILLISECONDS = 0.5, 50
MINUTE = timedelta(minutes=1)
_MAIL = """<html><head><title>{% block subject %}Oi{% endblock %}</title></head>
<body><p>Oi {{ first_name }}</p><a href="{{ unsubscribe_url }}">Sair</a>
<p>{{ company.postal_address }}</p></body></html>"""
_INACTIVE = """
journey: quiet
topic: offers
trigger: {inactive: order_completed, for: 60 days, where: consents(offers) and total_orders >= 1}
reentry: {after: 180 days}
holdout: 10%
backfill: all
steps:
  - wait: 2 days
  - email: hello
"""
_BY_EVENT = """
journey: after-order
topic: offers
trigger: {event: order_completed}
exit:
  - event: order_cancelled
steps:
  - email: hello
"""
_BY_DATE = """
journey: birthday
topic: offers
trigger: {date: birthday, at: "09:00"}
backfill: none
steps:
  - email: hello
"""
# The same rows from the same sources, without what the product asks and decides for each person: no condition,
# no consent, no look for an earlier run, no control group, no conflict.
_RAW = """
INSERT INTO enrollments (journey, version_id, contact_id, key, anchor, entered_at, enrolled_at, status, step,
    arrived_at, due_at)
SELECT 'quiet', :version, contacts.id, '', CAST(activity.last_at AS TEXT), :now, :now, 'active', 'wait', :now, :now
FROM activity JOIN contacts ON contacts.id = activity.contact_id
WHERE activity.name = 'order_completed' AND activity.last_at <= :line
"""


def rows(scale: float) -> Iterator[Row]:
    for database in DATABASES:
        texts = {"quiet": _INACTIVE, "after-order": _BY_EVENT, "birthday": _BY_DATE}
        with workspace(database, texts, {"email/hello.html": _MAIL}) as runtime:
            crowd.fill(runtime.store, int(PEOPLE * scale))
            go_live(runtime, "quiet")
            yield _enrolling(runtime, database)
            for other in ("after-order", "birthday"):
                go_live(runtime, other)
            yield _ticking(runtime, database)


def _enrolling(runtime: Runtime, database: str) -> Row:
    entered = _count(runtime.store)
    raw, ours = [], []
    for _ in range(ROUNDS):
        raw.append(_raw(runtime, entered))
        ours.append(_ours(runtime, entered))
    return at_least(
        "enrolling by inactivity, of a raw INSERT ... SELECT",
        database,
        min(raw) / min(ours),
        "x",
        SHARE,
        f"{entered:,} of {_people(runtime.store):,} people enter, from an empty table, committed: raw "
        f"{entered / min(raw):,.0f}/s; with consent, where, reentry and holdout {entered / min(ours):,.0f}/s; "
        f"best of {ROUNDS} in turns",
    )


def _raw(runtime: Runtime, expected: int) -> float:
    _empty(runtime.store)
    now = runtime.now()
    given = {"now": to_micros(now), "line": to_micros(now - timedelta(days=60))}
    started = time.perf_counter()
    with runtime.store.begin() as tx:
        version = tx.execute(sa.select(journeys.c.version_id).where(journeys.c.name == "quiet")).scalar_one()
        tx.execute(sa.text(_RAW), {**given, "version": version})
    seconds = time.perf_counter() - started
    assert _count(runtime.store) == expected
    return seconds


def _ours(runtime: Runtime, expected: int) -> float:
    _empty(runtime.store)
    started = time.perf_counter()
    counts = evaluate.evaluate(runtime, runtime.now())
    seconds = time.perf_counter() - started
    assert counts["enrolled"] == expected == _count(runtime.store)
    return seconds


def _empty(store: Store) -> None:
    """Nobody has entered yet, the planner knows it, and the journey looks at everybody."""
    with store.begin() as tx:
        tx.execute(
            sa.text("TRUNCATE enrollments" if store.dialect == "postgresql" else "DELETE FROM enrollments")
        )
        tx.execute(sa.update(journeys).values(evaluated_to=None))
    with store.begin() as tx:
        tx.execute(sa.text("ANALYZE enrollments"))


def _ticking(runtime: Runtime, database: str) -> Row:
    """The jobs of a minute in which nobody is due."""
    start = runtime.now() + MINUTE
    with runtime.store.begin() as tx:  # everybody inside waits for tomorrow
        tx.execute(
            sa.update(enrollments).values(due_at=start + crowd.DAY).where(enrollments.c.status == "active")
        )
    crowd.analyse(runtime.store)
    runtime.now = lambda: start
    tick(runtime)
    times = []
    for number in range(1, TICKS + 1):
        runtime.now = lambda number=number: start + number * MINUTE  # type: ignore[misc]
        began = time.perf_counter()
        done = tick(runtime)
        times.append(1000 * (time.perf_counter() - began))
        assert not +done, done
    return at_most(
        "a tick when nothing is due",
        database,
        median(times),
        "ms",
        MILLISECONDS,
        f"process, evaluate, advance and deliver over {_people(runtime.store):,} people, {_count(runtime.store):,} of "
        f"them inside; an inactivity, an event and a date trigger; median of {TICKS}, slowest {max(times):.0f} ms",
    )


def _count(store: Store) -> int:
    with store.read() as tx:
        found: int = tx.execute(sa.select(sa.func.count()).select_from(enrollments)).scalar_one()
    return found


def _people(store: Store) -> int:
    with store.read() as tx:
        found: int = tx.execute(sa.text("SELECT count(*) FROM contacts")).scalar_one()
    return found
