"""What is in doubt after a worker was killed in full flight: what was on its way, and that is at most a message for
each of its connections.

A worker hands over what is due, and is killed (SIGKILL) at a random moment while it does; the next one takes over and
is killed in its turn. The last one works to the end. Then the outbox is held against the ledger of the mail server.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from benchmarks import crew, mailserver
from benchmarks.crew import CONNECTIONS
from benchmarks.mailserver import MailServer
from benchmarks.table import Row, at_most
from benchmarks.workspaces import DATABASES
from nurture.app import deliver
from nurture.app.runtime import Runtime
from nurture.store.tables import messages
from tests.support import postgres

PEOPLE, KILLS = 5_000, 10
_NAME = "miss-you"


def rows(scale: float) -> Iterator[Row]:
    for database in DATABASES:
        yield _row(database, int(PEOPLE * scale))


def _row(database: str, people: int) -> Row:
    with (
        mailserver.running() as server,
        crew.mailing(database, server, people, [_NAME]) as runtime,
    ):
        crew.due(runtime, _NAME)
        due = _counted(runtime)["scheduled"]
        doubts = _killed(runtime, server, due)
        with crew.hired(runtime.folder, 1) as workers:
            crew.work(workers)
            crew.done(workers)
        found = _held_against(runtime, server)
    assert not found.lost, f"{found.lost} messages are lost"
    assert not found.twice, f"{found.twice} messages were sent twice"
    note = (
        f"{KILLS} workers killed in full flight, {CONNECTIONS} connections each: {', '.join(map(str, doubts))} in "
        f"doubt, {found.arrived} of which had arrived; of {due:,} messages {found.lost} lost, {found.twice} sent twice"
    )
    return at_most("messages in doubt after a kill, the most", database, max(doubts), "", CONNECTIONS, note)


def _killed(runtime: Runtime, server: MailServer, due: int) -> list[int]:
    """How many messages each of the workers that were killed left in doubt."""
    chance = random.Random(4)
    before = 0
    doubts = []
    for number in range(1, KILLS + 1):
        goal = int(due * (number - chance.random() / 2) / (KILLS + 1))
        _kill_at(runtime, server, goal)
        _take_back(runtime)
        after = _counted(runtime)["in_doubt"]
        doubts.append(after - before)
        before = after
    return doubts


def _kill_at(runtime: Runtime, server: MailServer, goal: int) -> None:
    """Let a worker hand over until so many messages have come, and kill it."""
    with crew.worker(runtime.folder) as worker:
        crew.work([worker])
        while server.count() < goal:
            assert worker.poll() is None, "the worker ended by itself"
            time.sleep(0.001)
        worker.kill()


def _take_back(runtime: Runtime) -> None:
    """What the next worker does first, once the database has noticed who is gone."""
    while not runtime.store.is_sqlite and not postgres.is_alone(runtime.store):
        time.sleep(0.01)
    with runtime.store.begin() as tx:
        deliver.recover(runtime, tx, runtime.now())


def _counted(runtime: Runtime) -> Counter[str]:
    with runtime.store.read() as tx:
        return Counter(tx.execute(sa.select(messages.c.state)).scalars())


@dataclass(frozen=True, slots=True)
class Found:
    """What the ledger says of the messages."""

    lost: int  # neither in it nor in doubt
    twice: int
    arrived: int  # those in doubt that are in it


def _held_against(runtime: Runtime, server: MailServer) -> Found:
    with runtime.store.read() as tx:
        states = dict(tx.execute(sa.select(messages.c.key, messages.c.state)).all())
    taken = Counter(each.key for each in server.ledger())
    assert taken.keys() <= states.keys(), "the ledger has messages that the outbox does not"
    doubtful = {key for key, state in states.items() if state == "in_doubt"}
    return Found(
        lost=len(states.keys() - taken.keys() - doubtful),
        twice=sum(times > 1 for times in taken.values()),
        arrived=len(doubtful & taken.keys()),
    )
