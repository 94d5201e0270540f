"""`nurture up` as a process group of a real workspace, killed with SIGKILL again and again."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeAlias

import sqlalchemy as sa

from nurture.store import tables
from nurture.store.engine import Store
from tests.support import commands
from tests.support.operator import COMMAND, Operator
from tests.support.sink import Sink

CONNECTIONS = 4
PATIENCE = 120.0
UP = ("up", "--every", "0.1")
Group: TypeAlias = "subprocess.Popen[bytes] | BaseProcess"  # started, or forked from a warm server
JOURNEY = """\
journey: launch
topic: offers
trigger: {inactive: order_completed, for: 60 days}
backfill: all
steps:
  - email: reactivation/we-miss-you
"""
ORDERS_MAPPING = """\
import: orders
source: erp
columns: {order_id: order, ref: client, email: email, ordered_at: date, total: total}
dates: yyyy-mm-dd
consent: {topics: [offers], basis: consent, text_version: "2025", how: form}
"""


@dataclass(frozen=True)
class Outcome:
    """What came of it all, held against the sink's ledger."""

    due: int
    kills: int
    in_flight: int  # kills while messages were under way
    lost: int
    twice: int
    in_doubt: int
    slowest: float  # seconds from a new start, or fork, to the first message
    status: str  # what `nurture status` says of it

    @property
    def sound(self) -> bool:
        return not (self.lost or self.twice) and self.in_doubt <= CONNECTIONS * self.kills


def prepare(folder: Path, port: int, people: int) -> Operator:
    """A workspace made by `nurture init`, with people who are due for one message each."""
    Operator(folder.parent)("init", folder.name)
    settings = (folder / "nurture.yaml").read_text(encoding="utf-8")
    smtp = f"smtp\n    host: 127.0.0.1\n    port: {port}\n    tls: none\n    connections: {CONNECTIONS}"
    settings = re.sub(r"outbox +# -> smtp", smtp, settings)
    settings = re.sub(r"  quiet_hours: .*\n", "", settings)  # the test runs at any hour
    settings = settings.replace("bind: 127.0.0.1:8025", "bind: 127.0.0.1:0")
    _write(folder / "nurture.yaml", settings)
    _write(folder / "journeys" / "launch.yaml", JOURNEY)
    _write(folder / "orders.yaml", ORDERS_MAPPING)
    _write(folder / "orders.csv", _orders(people))
    nurture = Operator(folder)
    nurture("import", "orders", "orders.csv", "-m", "orders.yaml")
    nurture("run", "process-feedback")
    nurture("publish", "launch", "--yes")
    return nurture


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _orders(people: int) -> str:
    day = datetime.now().astimezone() - timedelta(days=90)
    lines = (f"o{n},c{n},c{n}@example.com,{day:%Y-%m-%d},{20 + n % 80}" for n in range(people))
    return "\n".join(["order,client,email,date,total", *lines]) + "\n"


def kill_again_and_again(nurture: Operator, sink: Sink, people: int, kills: int, seed: int) -> Outcome:
    """Start `nurture up`, kill it at a random moment, and so on; then let it finish."""
    chance = random.Random(seed)
    log = nurture.folder / "up.log"
    in_flight, slowest = 0, 0.0
    for number in range(kills):
        started, before = time.monotonic(), _taken(sink)
        if number % 5 == 4:  # it dies at any time, while starting too
            group: Group = _start(nurture.folder, log)
        else:
            group = commands.start(UP, nurture.folder, os.environ, log)
            with _not_left(group):
                _until(partial(_more_than, before, sink))
            slowest = max(slowest, time.monotonic() - started)
        time.sleep(chance.uniform(0, 0.4))
        in_flight += _taken(sink) > before
        _kill(group)
    _let_finish(nurture, log)
    return _outcome(nurture, sink, people, kills, in_flight, slowest)


def _start(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen([COMMAND, *UP], cwd=folder, stdout=out, stderr=out, start_new_session=True)


def _kill(group: Group) -> None:
    assert group.pid is not None
    os.killpg(group.pid, signal.SIGKILL)
    assert _ended(group) == -signal.SIGKILL, "it had ended by itself: see up.log"


def _ended(group: Group) -> int | None:
    if isinstance(group, subprocess.Popen):
        return group.wait()
    group.join()
    return group.exitcode


def _let_finish(nurture: Operator, log: Path) -> None:
    group = _start(nurture.folder, log)
    with _not_left(group):
        _until(partial(_all_settled, nurture.folder))
        group.send_signal(signal.SIGTERM)
        assert group.wait(timeout=60) == 0


@contextmanager
def _not_left(group: Group) -> Iterator[None]:
    """Where that comes to grief, the group goes too."""
    try:
        yield
    except BaseException:
        assert group.pid is not None
        for kill in (os.killpg, os.kill):
            with suppress(ProcessLookupError):
                kill(group.pid, signal.SIGKILL)
        raise


def _until(true: Callable[[], bool]) -> None:
    given_up = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < given_up, f"nothing has happened for {PATIENCE:.0f} seconds"
        time.sleep(0.005)


def _taken(sink: Sink) -> int:
    return sink.ledger.read_bytes().count(b"\n") if sink.ledger.exists() else 0


def _more_than(before: int, sink: Sink) -> bool:
    return _taken(sink) > before


def _states(folder: Path) -> dict[str, str]:
    store = Store(f"sqlite:///{folder / 'nurture.db'}")
    with store.read() as tx:
        found = dict(tx.execute(sa.select(tables.messages.c.key, tables.messages.c.state)).all())
    store.close()
    return found


def _all_settled(folder: Path) -> bool:
    states = _states(folder)
    return bool(states) and all(state in ("accepted", "in_doubt") for state in states.values())


def _outcome(
    nurture: Operator, sink: Sink, people: int, kills: int, in_flight: int, slowest: float
) -> Outcome:
    states = _states(nurture.folder)
    taken = Counter(m["message_id"].strip("<>").partition("@")[0] for m in sink.messages())
    said = nurture("status")
    return Outcome(
        due=people,
        kills=kills,
        in_flight=in_flight,
        lost=people - len(states) + sum(s == "accepted" and not taken[key] for key, s in states.items()),
        twice=sum(count > 1 for count in taken.values()) + len(taken.keys() - states.keys()),
        in_doubt=sum(state == "in_doubt" for state in states.values()),
        slowest=slowest,
        status=said,
    )
