"""Workers that stand still inside a transaction, which holds what others need."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture import faults
from nurture.app import compose
from nurture.store import engine
from nurture.store.engine import Store
from tests.crash import trials
from tests.crash.scene import audit
from tests.crash.stage import Stage
from tests.crash.workers import finish, forked, go_on, gone, persist, stop_here, stopped, worker
from tests.support import postgres
from tests.support.office import open_office

pytestmark = pytest.mark.postgresql


STILL_INSIDE = [
    "lease.before_commit:1",
    "compose.before_commit:1",
    "handover.before_commit:2",
    "outcome.before_commit:1",
]


@pytest.mark.parametrize("point", STILL_INSIDE)
def test_nobody_waits_for_a_worker_that_stands_still_inside_a_transaction(point: str, stage: Stage) -> None:
    """The server ends its connection, and the others go on; it finds out when it goes on itself."""
    scene = stage.scene("smtp", "postgresql")
    scene.reset()
    said = scene.folder / "said"

    def life() -> None:
        _within_a_second()
        faults.arm(point, stop_here)
        runtime = scene.open()
        said.write_text("\n".join(persist(scene, runtime, lambda: None)))
        runtime.close()

    first = forked(life)
    assert stopped(first)
    other = worker(scene, None, _every_lease_has_lapsed)
    try:
        assert _ends_within(other, 30)
        time.sleep(1.5)  # the other may not have needed what the first one holds
    finally:
        go_on(first)
    finish(first)
    finish(worker(scene))
    found = audit(scene)
    assert "nothing had happened for too long" in said.read_text()
    assert found.sound, found
    assert found.doubt_is_small, found


def test_nor_does_an_opt_out(stage: Stage) -> None:
    scene = stage.scene("smtp", "postgresql")
    scene.reset()
    first = worker(scene, "handover.before_commit:2", _within_a_second, act=stop_here)
    assert stopped(first)
    try:
        assert _ends_within(forked(lambda: trials.opt_out(scene)), 30)
    finally:
        os.kill(first, signal.SIGKILL)
        go_on(first)
    assert finish(first) == -signal.SIGKILL


def _within_a_second(change: Callable[[Any, str, str], None] = setattr) -> None:
    """Where the server has as little patience as a test."""
    change(engine, "_IDLE", engine._IDLE.replace("120s", "1s"))


def _every_lease_has_lapsed() -> None:
    clock = Store.lease_clock
    Store.lease_clock = lambda self, tx: clock(self, tx) + timedelta(days=1)  # type: ignore[method-assign]


def _ends_within(pid: int, seconds: float) -> bool:
    over = time.monotonic() + seconds
    while (code := gone(pid)) is None and time.monotonic() < over:
        time.sleep(0.02)
    return code == 0


def test_templates_that_take_long_are_not_taken_for_a_worker_that_stands_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = compose._render

    def slowly(*given: Any) -> Any:
        time.sleep(0.2)
        return render(*given)

    _within_a_second(monkeypatch.setattr)
    office = open_office(postgres.migrated_database(), tmp_path)
    office.write("ana@example.com")
    office.deliver()  # what is loaded at the first is there
    monkeypatch.setattr(compose, "_render", slowly)
    monkeypatch.setattr(compose, "_STAY", 1)
    office.write(*[f"p{number}@example.com" for number in range(8)])
    assert office.deliver()["accepted"] == 8
    office.runtime.close()


LIMITS = {
    "of ours": ("", {}, "2min"),
    "of the database": ("ALTER DATABASE {name} SET idle_in_transaction_session_timeout = '7s'", {}, "7s"),
    "of the address": ("", {"options": "-c idle_in_transaction_session_timeout=9s"}, "9s"),
}


@pytest.mark.parametrize(("statement", "query", "expected"), LIMITS.values(), ids=LIMITS)
def test_the_time_is_limited_for_who_writes_and_by_whoever_says_so_first(
    statement: str, query: dict[str, str], expected: str
) -> None:
    url = sa.make_url(postgres.migrated_database())
    if statement:
        connection = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect()
        connection.execute(sa.text(statement.format(name=url.database)))
        connection.close()
    store = Store(url.update_query_dict(query).render_as_string(hide_password=False))
    shown = sa.text("SHOW idle_in_transaction_session_timeout")
    for _ in range(2):
        with store.begin() as tx:
            assert tx.execute(shown).scalar_one() == expected
        with store.read() as tx:
            assert tx.execute(shown).scalar_one() == "0"
    store.close()
