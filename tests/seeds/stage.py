"""What the story of a seed is played on: its clock, its workers, its door, and what the product meets there."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from nurture import faults
from nurture.app import advance, deliver, evaluate, ingest, process, runtime
from nurture.app.simulating.working import next_due
from nurture.channels.base import Envelope
from nurture.problems import NurtureError
from tests.seeds import shop
from tests.seeds.books import Books
from tests.seeds.provider import WINDOW, Telling, taken, tellings
from tests.seeds.temper import drawn
from tests.seeds.watch import Broken, Watch
from tests.seeds.workers import Actor, Crash, SeededStore, Trouble, Worker
from tests.support.drawn_shop import Shop

START = datetime(2026, 3, 2, 13, tzinfo=UTC)


def look(runtime: runtime.Runtime, now: datetime, *, batch: int) -> None:
    """Whom time lets in: it knows no batches."""
    evaluate.evaluate(runtime, now)


JOBS = (
    (process.process, 2),
    (advance.advance, 2),
    (deliver.deliver, 5),
    (look, 1),
)
MOST_COMMITS = 2000  # at one instant


class Stage:
    """One seed on one database."""

    def __init__(self, seed: int, shop_: Shop, url: str, renderer: Any) -> None:
        self.seed, self.shop, self.renderer = seed, shop_, renderer
        self.chance = Random(seed)
        self.temper = drawn(self.chance)
        self.at, self.calm, self.known = START, False, False
        self.manners, self.down_until = self.temper.manners, START
        self.trace: list[str] = []
        self.counts: Counter[str] = Counter()
        self.dead: set[str] = set()
        self.coming: list[Telling] = []
        self._numbers, self._commits, self._now = 0, 0, START
        self.store = SeededStore(url, self)
        self.watch = Watch(self)
        self.people = shop.people(self.chance)
        self.books = Books(self.people)
        self.tombs: list[str] = []  # what is left of the erased is called so
        self.nameless: list[str] = []  # what named those of whom nothing was told again
        self.author = shop.Author(self.chance)
        self._door_dies_at: str | None = None
        self.door = Actor(self, "door")
        self.door.runtime.wait = self._wait
        self.at_work: Actor = self.door
        self.workers = [Worker(self, number) for number in range(1, self.temper.workers + 1)]

    def alive(self) -> None:
        if self.at_work.dead:
            raise Crash

    def fails(self) -> str | None:
        """Whether the next commit fails, and when."""
        self._commits = self._commits + 1 if self._now == self.at else 0
        self._now = self.at
        if self._commits > MOST_COMMITS:
            raise Broken(f"{self.at_work.called} finds something to do for ever")
        if self.calm or self.chance.random() >= self.temper.fails:
            return None
        self.counts["commits that failed"] += 1
        return self.chance.choice(("before", "after"))

    def come_to(self, point: str) -> None:
        """The code has come to a fault point."""
        self.alive()
        who = self.at_work
        if isinstance(who, Worker):
            self._worker_at(point, who)
        elif point == self._door_dies_at:
            self._door_dies_at = None
            who.die()
            raise Crash

    def _worker_at(self, point: str, who: Worker) -> None:
        if self.calm:
            return
        draw = self.chance.random()
        if draw < self.temper.crash:
            self.note(f"{who.called} dies at {point}")
            who.die()
            raise Crash
        if draw < self.temper.crash + self.temper.pause and not who.transactions:
            self.note(f"{who.called} stands at {point}")
            who.stand_still()

    def buried(self, who: Actor) -> None:
        self.dead.add(who.called)
        self.counts["crashes"] += isinstance(who, Worker)
        self.watch.crashed(who.called)

    def take(self, envelope: Envelope) -> None:
        """The provider keeps a body."""
        message = taken(envelope, self.at, self.at_work.called)
        known = self.watch.ledger.get(message.key)
        if self.temper.settles == "drops" and known and self.at - known[0].at < WINDOW:
            self.note(f"known again: {message.key[:10]} from {message.by}")
            self.watch.again(message)
            self.counts["dropped as known"] += 1
            return
        self.note(f"taken: {message.key[:10]} for {message.recipient} from {message.by}")
        self.watch.take(message)
        self.coming += tellings(self, message, envelope.channel)
        self.counts["messages"] += 1

    def in_the_air(self, key: str) -> bool:
        """Whether a worker that stands still may yet send it: the log of an hour from now would tell."""
        mark = self.watch.marks[key]
        return any(worker.called == mark.by and worker.busy for worker in self.workers)

    def note(self, what: str) -> None:
        self.trace.append(f"{self.at:%m-%d %H:%M:%S} {what}")

    @property
    def digest(self) -> str:
        """Of everything that happened."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()[:16]

    def _through_the_door(self, act: Callable[[], Any], points: Sequence[str] = ()) -> None:
        """A request or a command: whoever makes it makes it again until it is answered with yes or a reasoned no.
        `points` are its own fault points, where it dies often."""
        often = 10 if points else 1
        before, self.at_work = self.at_work, self.door
        try:
            for _ in range(100):
                if not self.calm and self.chance.random() < often * self.temper.crash:
                    self._door_dies_at = self.chance.choice(points or faults.POINTS)
                try:
                    act()
                    return
                except Crash:
                    self.note("the door dies")
                    self.counts["commands that died"] += bool(points)
                    self.door.begin()
                    self.door.runtime.wait = self._wait
                except Trouble:
                    self.note("the door has trouble")
                except NurtureError as error:
                    self.note(f"no: {str(error)[:60]}")
                    return
        finally:
            self._door_dies_at = None
            self.at_work = before

    def _wait(self, seconds: float) -> None:
        """Whoever is at the door waits for something: the clock goes on, and so may a worker."""
        self.at += timedelta(seconds=max(seconds, self.chance.randint(1, 15)))
        busy = [worker for worker in self.workers if worker.busy]
        if busy and self.chance.random() < 0.5:
            self.chance.choice(busy).go_on()

    def _hear(self) -> None:
        """What the provider has to tell by now."""
        now = [telling.event for telling in self.coming if telling.at <= self.at]
        self.coming = [telling for telling in self.coming if telling.at > self.at]
        self.chance.shuffle(now)
        while now:
            some, now = now[:3], now[3:]
            self._through_the_door(lambda some=some: ingest.ingest(self.store, some, self.at))

    def _act(self, starts: int) -> int:
        """Some worker goes on, dies where it stands, or begins a job: 1 if it did that."""
        busy = [worker for worker in self.workers if worker.busy]
        idle = [worker for worker in self.workers if not worker.busy]
        if busy and (not starts or not idle or self.chance.random() < 0.6):
            worker = self.chance.choice(busy)
            if self.chance.random() < self.temper.crash:
                self.note(f"{worker.called} dies where it stands")
                worker.kill()
            else:
                worker.go_on()
            return 0
        if not starts:
            return 0
        job = self.chance.choices([job for job, _ in JOBS], [share for _, share in JOBS])[0]
        worker = self.chance.choice(idle)
        self.note(f"{worker.called} begins to {job.__name__}")
        worker.start(job, self.chance.choice((2, 7, 50)))
        return 1

    def _all_jobs(self) -> None:
        worker = self.workers[0]
        for _ in range(60):
            for job in (process.process, advance.advance, deliver.deliver):
                worker.start(job, 1000)
                assert not worker.busy
            due = next_due(self.door.runtime)
            if due is None or due > self.at:
                return
        raise Broken(f"at {self.at} the jobs find something to do for ever")
