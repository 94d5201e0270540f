"""The memory of a worker that hands over the mails of one crowd after another: no more in the second half than before.

On SQLite a worker keeps 64 MB of the database at hand, which fill up in the first 40,000 messages. Let it work longer
with `NURTURE_BENCH_MESSAGES=500000 python -m benchmarks lasting`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from benchmarks import crew, mailserver
from benchmarks.memory import MEGABYTE, Watch
from benchmarks.table import POSTGRESQL, SQLITE, Row, at_most
from nurture.app.runtime import Runtime

MESSAGES = {SQLITE: 60_000, POSTGRESQL: 30_000}
ROUNDS = 6
GROWTH = 1.05


def rows(scale: float) -> Iterator[Row]:
    for database, usual in MESSAGES.items():
        messages = int(os.environ.get("NURTURE_BENCH_MESSAGES", usual))
        yield _row(database, int(messages * scale) // ROUNDS)


def _row(database: str, messages: int) -> Row:
    names = crew.names(ROUNDS)
    people = messages * 6 // 5  # of six people five are due
    with (
        mailserver.running() as server,
        crew.mailing(database, server, people, names) as runtime,
        crew.worker(runtime.folder) as worker,
    ):
        sent, peaks = zip(*(_round(runtime, name, worker) for name in names), strict=True)
    assert server.taken == sum(sent), "the server did not get every message"
    half = ROUNDS // 2
    first, second = max(peaks[:half]), max(peaks[half:])
    note = (
        f"one worker: at most {first / MEGABYTE:.1f} MB in its first {sum(sent[:half]):,} messages, "
        f"{second / MEGABYTE:.1f} MB in the next {sum(sent[half:]):,}"
    )
    return at_most("memory of a worker, second half of first", database, second / first, "x", GROWTH, note)


def _round(runtime: Runtime, name: str, worker: crew.Worker) -> tuple[int, int]:
    """How many messages a round had, and the most memory that the worker held meanwhile, in bytes."""
    crew.due(runtime, name)
    with Watch(worker, ()) as watch:
        crew.work([worker])
        sent = crew.done([worker])
    return sent, watch.peak
