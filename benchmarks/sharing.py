"""Messages sent by one worker, two and four, and to a mail server far away.

One database, one outbox: nothing but that tells the workers of each other. SQLite lets one of them write at a time, so that
more workers send no more there. The server far away waits 30 ms with each
answer, as long as the way there and back takes. A message needs two of them, so that a worker with 50 connections
can't send more than 833 in a second to it, however fast it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from benchmarks import crew, mailserver
from benchmarks.crew import CONNECTIONS
from benchmarks.table import POSTGRESQL, SQLITE, Row, told

PEOPLE, ROUNDS = 9_600, 2  # five of six have a mail, and a worker takes 500 at a time
CREWS = (1, 2, 4)
AWAY = 0.03  # seconds
FAR = ((SQLITE, 1), (POSTGRESQL, 2))
FAR_PEOPLE = 4_800


def rows(scale: float) -> Iterator[Row]:
    for database, workers in product((SQLITE, POSTGRESQL), CREWS):
        what = f"messages sent by {_workers(workers)}"
        yield _row(what, database, workers, int(PEOPLE * scale))
    for database, workers in FAR:
        what = f"messages sent to a server {AWAY * 1e3:.0f} ms away, {_workers(workers)}"
        yield _row(what, database, workers, int(FAR_PEOPLE * scale), AWAY)


def _row(what: str, database: str, workers: int, people: int, delay: float = 0) -> Row:
    names = crew.names(ROUNDS)
    with (
        mailserver.running(delay) as server,
        crew.mailing(database, server, people, names) as runtime,
        crew.hired(runtime.folder, workers) as hired,
    ):
        sent = [crew.send(runtime, name, hired) for name in names]
    assert server.taken == sum(each.messages for each in sent), "the server did not get every message"
    best = max(sent, key=lambda each: each.rate)
    note = f"{best.messages:,} messages, {CONNECTIONS} connections each; best of {ROUNDS}"
    return told(what, database, best.rate, "/s", note)


def _workers(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"
