"""Whose lease ends with its process, and whose only by the clock: workers that share a host name and no processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from nurture.scheduler import NAME, who_else
from nurture.store import engine, jobs, lanes
from nurture.store.engine import this_process
from tests.support.office import Office, open_office

MINUTE = timedelta(minutes=1)
HERE = this_process().split(":")[-1]
BOOT, _, NAMESPACE = HERE.partition("/")
HOST = socket.gethostname()
PIDS = {"of our number": os.getpid(), "of a number that nobody has here": 2**22 + 1}
ELSEWHERE = {
    "in another container": f"1700000000000:{BOOT}/1{NAMESPACE}",
    "on another machine": f"1700000000000:1{BOOT}/{NAMESPACE}",
    "as an older release writes it": "1700000000000",
    "where it can't tell": "1700000000000:",
}


@pytest.fixture
def other(office: Office, database: str, tmp_path: Path) -> Iterator[Office]:
    """A second worker of the same outbox."""
    made = open_office(database, tmp_path)
    yield made
    made.runtime.close()


@pytest.mark.parametrize("pid", PIDS.values(), ids=PIDS)
@pytest.mark.parametrize("where", ELSEWHERE.values(), ids=ELSEWHERE)
def test_whoever_runs_elsewhere_is_not_dead_whatever_its_host_is_called(where: str, pid: int) -> None:
    assert not engine.is_dead(f"{HOST}:{pid}:{where}")


def test_a_process_of_this_place_is_dead_when_it_has_ended_and_not_before() -> None:
    assert not engine.is_dead(this_process())
    assert engine.is_dead(ended_process())
    host, pid, started, where = this_process().split(":")
    assert engine.is_dead(":".join([host, pid, str(int(started) - 1), where])), "it had our number before"
    assert engine.is_dead(ended_process().replace(HOST, "renamed")), "whatever its host was called"


def test_nobody_is_dead_where_we_cannot_tell_where_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_WHERE", "")
    assert not engine.is_dead(f"{HOST}:{2**22 + 1}:1700000000000:")


def ended_process() -> str:
    """What a process that has ended called itself."""
    say = "from nurture.store.engine import this_process; print(this_process())"
    return subprocess.run(
        [sys.executable, "-c", say], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_who_works_in_another_container_sends_once(
    office: Office, other: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have the same host name and number, and a step that sends again what is in doubt."""
    found: list[int] = []

    def meanwhile() -> None:
        monkeypatch.undo()
        found.append(other.deliver()["reclaimed"])

    office.provider.after = meanwhile
    monkeypatch.setattr(lanes, "this_process", lambda: f"{HOST}:{os.getpid()}:1:{BOOT}/1{NAMESPACE}")
    people = [f"p{number}@example.com" for number in range(4)]
    office.write(*people, on_doubt="resend")
    office.deliver()
    other.at += MINUTE
    other.deliver()
    assert (sorted(office.took), other.took) == (people, [])
    assert {row["state"] for row in office.rows()} == {"accepted"}
    assert found == [0]


@pytest.mark.parametrize("where", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_schedulers_lease_from_elsewhere_ends_by_the_clock(office: Office, where: str) -> None:
    owner = f"{HOST}:{PIDS['of our number']}:{where}"
    store = office.runtime.store
    with store.begin() as tx, pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "this_process", lambda: owner)
        clock = store.lease_clock(tx)
        assert jobs.take(tx, NAME, clock, lease=2 * MINUTE)
    assert who_else(office.runtime) == f"process {os.getpid()} on {HOST}"
    with store.begin() as tx:
        assert not jobs.take(tx, NAME, clock + MINUTE, lease=2 * MINUTE)
        assert jobs.take(tx, NAME, clock + 3 * MINUTE, lease=2 * MINUTE)
