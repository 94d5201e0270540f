"""Two let the same person into a journey at once: she is in it once, whoever of them was first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from nurture import faults
from nurture.app import process
from nurture.app.entering import enter_by_hand, enter_by_request
from nurture.app.evaluate import evaluate
from nurture.app.runtime import Runtime
from nurture.store import enrollments
from nurture.store.engine import Store
from tests.support import postgres
from tests.support.lives import CAST, Lives, open_lives

JOURNEY = """journey: visits
topic: news
trigger: {any: {came: {event: product_viewed}, monday: {schedule: every monday at 09:00}}}
reentry: after_exit
steps:
  - email: a
"""
Way = Callable[[Runtime], object]
WAYS: dict[str, Way] = {
    "by hand": lambda runtime: enter_by_hand(runtime, "visits", ["ana"], runtime.now()),
    "by request": lambda runtime: enter_by_request(runtime, "visits", "ana", "k1", {}, runtime.now()),
    "process": lambda runtime: process.process(runtime, runtime.now()),
    "evaluate": lambda runtime: evaluate(runtime, runtime.now()),
}
BEFORE_COMMIT = dict.fromkeys(WAYS, "enroll.before_commit") | {"process": "feedback.before_commit"}


@pytest.fixture
def lives(postgres_database: str, tmp_path: Path) -> Iterator[Lives]:
    case = {"journeys": {"visits": JOURNEY}, "happens": [{"at": "2026-03-02 10:00"}]}
    opened = open_lives(postgres_database, tmp_path, case)
    opened.arrive("ana", CAST["ana"])
    opened.publish(["visits"])
    opened.at += timedelta(days=1)  # Monday at 10:00
    opened.tell("ana", "product_viewed")
    yield opened
    opened.close()


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("process", "by hand"),
        ("process", "evaluate"),
        ("evaluate", "by request"),
        ("evaluate", "process"),
        ("by hand", "evaluate"),
        ("by request", "process"),
    ],
)
def test_two_that_let_in_one_person_at_once_begin_one_run(lives: Lives, first: str, second: str) -> None:
    """The second comes while the first has written her run and not committed."""
    one, other = lives.runtime, replace(lives.runtime, store=Store(lives.runtime.store.url))
    later: list[Future[object]] = []
    with ThreadPoolExecutor(1) as pool:

        def come() -> None:
            later.append(pool.submit(WAYS[second], other))
            postgres.until_waiting(one.store, unless=later[0].done)

        faults.arm(BEFORE_COMMIT[first], come)
        try:
            WAYS[first](one)
            later[0].result()
        finally:
            faults.arm(None)
            other.store.close()
    with one.store.read() as tx:
        runs = enrollments.of_contact(tx, lives.contact("ana")["id"], "visits")
    assert [run["status"] for run in runs] == ["active"]
