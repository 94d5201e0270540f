"""Workers in processes of their own that hand over the mails of a crowd, each when it is told to."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from benchmarks import crowd
from benchmarks.mailserver import MailServer
from benchmarks.workspaces import go_live, workspace
from nurture.app import advance
from nurture.app.runtime import Runtime

CONNECTIONS = 50  # as many as Postfix lets one client have; the product opens 20 where nobody says
CHANNEL = """    provider: smtp
    host: 127.0.0.1
    port: "{port}"
    tls: none
    connections: "{connections}"
"""
JOURNEY = """
journey: {name}
topic: offers
trigger: {{inactive: order_completed, for: 60 days, where: "{where}"}}
reentry: {{after: 180 days}}
backfill: all
limits: {{quiet_hours: {{email: "22:00-07:00"}}, cap: {{at_most: 9, per: 14 days}}}}
steps:
  - email: reactivation/we-miss-you
"""

Worker: TypeAlias = "subprocess.Popen[str]"


@dataclass(frozen=True, slots=True)
class Sent:
    messages: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.messages / self.seconds


def names(count: int) -> list[str]:
    return [f"miss-you-{number}" for number in range(count)]


@contextmanager
def mailing(
    database: str, server: MailServer, people: int, journeys: Sequence[str], *, apart: bool = False
) -> Iterator[Runtime]:
    """A workspace of `people`, five of six of whom are due for the one mail of each journey that goes live; `apart`:
    so many for each journey, to whom no other writes."""
    every = len(journeys) if apart else 1
    files = {name: journey(name, number % every, every) for number, name in enumerate(journeys)}
    channel = CHANNEL.format(port=server.port, connections=CONNECTIONS)
    with workspace(database, files, {}, channel) as runtime:
        crowd.fill(runtime.store, people * every)
        yield runtime


def journey(name: str, share: int = 0, shares: int = 1) -> str:
    """One that writes to one of so many equal shares of the crowd."""
    first, last = (number * crowd.RICHEST // shares for number in (share, share + 1))
    return JOURNEY.format(name=name, where=f"lifetime_value >= {first} and lifetime_value < {last}")


@contextmanager
def hired(folder: Path, count: int) -> Iterator[list[Worker]]:
    with ExitStack() as stack:
        yield [stack.enter_context(worker(folder)) for _ in range(count)]


@contextmanager
def worker(folder: Path) -> Iterator[Worker]:
    command = [sys.executable, "-m", "benchmarks.worker", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process


def due(runtime: Runtime, journey: str) -> None:
    """Everybody who is to enter enters, and her mail is in the outbox."""
    go_live(runtime, journey)
    advance.advance(runtime, runtime.now())


def work(workers: Sequence[Worker]) -> None:
    """Tell them to hand over what is due."""
    for each in workers:
        assert each.stdin
        print(file=each.stdin, flush=True)


def done(workers: Sequence[Worker]) -> int:
    """How many messages were accepted, when all have come to an end."""
    return sum(int(each.stdout.readline()) for each in workers if each.stdout)


def send(runtime: Runtime, journey: str, workers: Sequence[Worker]) -> Sent:
    """Everybody who has just entered gets her mail: rendered, asked about, handed over, noted."""
    due(runtime, journey)
    started = time.perf_counter()
    work(workers)
    accepted = done(workers)
    return Sent(accepted, time.perf_counter() - started)
