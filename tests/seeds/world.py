"""A seed's world: what happens in it, drawn as it goes, from the first day until nothing is left to do."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from nurture import faults
from nurture.app import deliver, doubts, erasing, ingest, pause, process, publish, runtime, stripping
from nurture.app.simulating.working import next_due
from nurture.store import lanes, messages
from tests.seeds import ends, shop
from tests.seeds.company import Company
from tests.seeds.people import given
from tests.seeds.stage import START
from tests.seeds.temper import KIND
from tests.seeds.watch import Broken
from tests.support import digest

REST = timedelta(days=200)  # so long the clock may go on when the story is told
MOMENTS = 30  # of a story, about: whatever its length
MOST_MOMENTS = 2000  # of the rest: far more than any seed needs


class World(Company):
    """The story. `live()` raises Broken, or whatever the product raised that it should not."""

    def live(self) -> None:
        with _installed(self):
            self.watch.open()
            try:
                self._begin()
                end = START + timedelta(days=self.temper.days)
                while self.at < end:
                    self._moment(end)
                self._rest()
                ends.settled(self)
                self._repeat()
                self._come_again()
            finally:
                self.watch.close()
                self.store.close()

    def _begin(self) -> None:
        for ref in self.people:
            topics = [topic for topic in shop.TOPICS if self.chance.random() < 0.9]
            said = tuple(given(topic, proved=self.chance.random() < 0.4) for topic in topics)
            self._tell(ref, "identified", traits=self.people[ref], consents=said, at=self.at)
            if self.chance.random() < 0.6:
                self._order(ref, self.at - timedelta(days=self.chance.randint(1, 40)))
            if self.chance.random() < 0.6:
                self._does(ref)
        self._through_the_door(lambda: process.process(self.door.runtime, self.at))
        self.known = True
        for name in shop.NAMES:
            self._publish(self.author.first(name))

    def _moment(self, end: datetime) -> None:
        """Time passes, something happens, and workers do jobs, all at once."""
        self._pass_time(end)
        for _ in range(self.chance.choice((1, 2, 3, 5))):
            self._happen()
        starts = self.chance.randint(2, 6)
        while starts or any(worker.busy for worker in self.workers):
            starts -= self._act(starts)
            draw = self.chance.random()
            if draw < 0.06:
                self._happen()
            elif draw < 0.06 + self.temper.stall:
                self.at += timedelta(minutes=self.chance.randint(3, 240))
                self.note("all stand still")
            elif draw < 0.3:
                self.at += timedelta(seconds=self.chance.randint(1, 40))
            if not starts and self.chance.random() < 0.25:  # whoever stands still does so for hours
                break

    def _pass_time(self, end: datetime) -> None:
        due = next_due(self.door.runtime)
        most = timedelta(days=self.temper.days) / MOMENTS
        ahead = timedelta(minutes=self.chance.randint(1, 2 * most // timedelta(minutes=1)))
        if due is not None and due > self.at and self.chance.random() < 0.5:
            ahead = max(due - self.at, most / 2)
        self.at = min(self.at + ahead, end)
        self.note("time has passed")
        self._hear()

    def _happen(self) -> None:
        ways: tuple[tuple[Callable[[str], None], int], ...] = (
            (self._buys, 5),
            (self._does, 6),
            (self._repeats, 3),
            (self._says, 3),
            (self._leaves, 2),
            (self._stops, 1),
            (self._comes_back, 4),
            (self._consents_late, 1),
            (self._edits, 1),
            (self._pauses, 1),
            (self._resumes, 2),
            (self._goes_out, 1),
            (self._comes_in, 1),
            (self._settles_doubts, 2),
            (self._goes_down, 1),
            (self._is_erased, 1),
            (self._asks_for_help, 2),
            (self._signs_up, 1),
            (self._confirms, 3),
            (self._is_merged, 1),
            (lambda _: self._hear(), 4),
        )
        act = self.chance.choices([way for way, _ in ways], [share for _, share in ways])[0]
        who = self.chance.choice(self.books.known())
        self.note(f"{who} {act.__name__}")
        act(who)

    def _rest(self) -> None:
        """Nobody fails any more, and the clock goes on until nothing is left to do."""
        for worker in self.workers:
            while worker.busy and not self.chance.random() < 0.2:
                worker.go_on()
            if worker.busy:
                worker.kill()
        self.calm, self.manners, self.down_until = True, KIND, self.at
        self._through_the_door(lambda: pause.resume(self.door.runtime, None, self.at))
        self.at += timedelta(hours=1)  # every lease has lapsed
        self._come_to_rest()

    def _come_to_rest(self) -> None:
        until = self.at + REST
        for _ in range(MOST_MOMENTS):
            self._all_jobs()
            self._hear()
            if any(doubt.holds for doubt in doubts.doubts(self.door.runtime)):
                self._settles_doubts("")
                continue
            moments = [next_due(self.door.runtime), *(telling.at for telling in self.coming)]
            due = min((at for at in moments if at is not None), default=None)
            if due is None:
                return
            self.at = max(due, self.at + timedelta(hours=self.chance.choice((0, 1, 7))))
            if self.at > until:
                break
        raise Broken(f"at {self.at} there is still something to do")

    def _repeat(self) -> None:
        """Every job and event once more: nothing changes. Of who was erased nothing is told."""
        before = digest.digests(self.store)
        told = self.books.again(each for each in self.books.told if each not in self.books.forgotten)
        self._all_jobs()
        self._through_the_door(lambda: ingest.ingest(self.store, told, self.at))
        self._all_jobs()
        after = digest.digests(self.store)
        changed = [table for table in before if before[table] != after[table]]
        if changed:
            raise Broken(f"a repeat of everything changed {', '.join(changed)}")
        self.note(f"in the end: {sorted(after.items())}")

    def _come_again(self) -> None:
        """Somebody's old file tells all that was ever told of who was erased: she is somebody new, and gets nothing."""
        if not self.books.forgotten:
            return
        self.books.silent.clear()
        self.nameless.clear()
        told = self.books.again(sorted(self.books.forgotten))
        self._through_the_door(lambda: ingest.ingest(self.store, told, self.at))
        self._come_to_rest()
        ends.settled(self)
        self.note(f"when all have come again: {sorted(digest.digests(self.store).items())}")


@contextmanager
def _installed(world: World) -> Iterator[None]:
    """Processes are those of the world."""
    this_process, is_dead, commit = lanes.this_process, messages.is_dead, publish._commit
    compile_ = runtime._compile
    # What a text is compiled to never changes, and each new process would do it anew.
    plans: dict[str, Any] = {}

    def compiled(version: Mapping[str, Any]) -> Any:
        if version["source"] not in plans:
            plans[version["source"]] = compile_(version)
        return plans[version["source"]]

    lanes.this_process = lambda: world.at_work.called
    messages.is_dead = lambda owner: world.temper.one_machine and owner in world.dead
    publish._commit, runtime._compile = (lambda folder: None), compiled
    # A batch's turn ends by the seed's clock.
    deliver.time = erasing.time = SimpleNamespace(monotonic=lambda: world.at.timestamp())
    stripping.secrets = SimpleNamespace(token_bytes=world.chance.randbytes)
    faults.listen(world.come_to)
    try:
        yield
    finally:
        faults.listen(None)
        lanes.this_process, messages.is_dead = this_process, is_dead
        publish._commit, runtime._compile = commit, compile_
        deliver.time = erasing.time = time
        stripping.secrets = secrets
