"""A seed's world: its clock, its people, its workers and what happens to them all, drawn as it goes."""

from __future__ import annotations

import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from nurture import faults
from nurture.app import (
    advance,
    deliver,
    doubts,
    evaluate,
    ingest,
    merging,
    moving,
    opt_outs,
    pause,
    process,
    publish,
    runtime,
)
from nurture.app.entering import enter_by_hand
from nurture.app.simulating.working import next_due
from nurture.channels.base import Envelope
from nurture.model import Basis, Channel, ConsentRecord, NewEvent, Person
from nurture.problems import NurtureError
from nurture.store import lanes, messages, tables
from nurture.store.types import to_micros
from tests.seeds import ends, shop
from tests.seeds.provider import WINDOW, Telling, taken, tellings
from tests.seeds.temper import KIND, drawn
from tests.seeds.watch import Broken, Watch
from tests.seeds.workers import Actor, Crash, SeededStore, Trouble, Worker
from tests.support import digest
from tests.support.drawn_shop import Shop

START = datetime(2026, 3, 2, 13, tzinfo=UTC)
REST = timedelta(days=200)  # so long the clock may go on when the story is told


def look(runtime: runtime.Runtime, now: datetime, *, batch: int) -> None:
    """Whom time lets in: it knows no batches."""
    evaluate.evaluate(runtime, now)


JOBS = (
    (process.process, 2),
    (advance.advance, 2),
    (deliver.deliver, 5),
    (look, 1),
)
MOMENTS = 30  # of a story, about: whatever its length
MOST_COMMITS = 2000  # at one instant
MOST_MOMENTS = 2000  # of the rest: far more than any seed needs


class World:
    """One seed on one database. `live()` raises Broken, or whatever the product raised that it should not."""

    def __init__(self, seed: int, shop_: Shop, url: str, renderer: Any) -> None:
        self.seed, self.shop, self.renderer = seed, shop_, renderer
        self.chance = Random(seed)
        self.temper = drawn(self.chance)
        self.at, self.calm, self.known = START, False, False
        self.manners, self.down_until = self.temper.manners, START
        self.trace: list[str] = []
        self.counts: Counter[str] = Counter()
        self.dead: set[str] = set()
        self.orders: dict[str, dict[str, int]] = defaultdict(dict)
        self.said: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
        self.told: dict[str, NewEvent] = {}
        self.merged: dict[str, str] = {}  # who became part of whom
        self.coming: list[Telling] = []
        self._numbers, self._commits, self._now = 0, 0, START
        self.store = SeededStore(url, self)
        self.watch = Watch(self)
        self.people = shop.people(self.chance)
        self.author = shop.Author(self.chance)
        self._door_dies_at: str | None = None
        self.door = Actor(self, "door")
        self.at_work: Actor = self.door
        self.workers = [Worker(self, number) for number in range(1, self.temper.workers + 1)]

    # --- what the product meets -------------------------------------------------------------------

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

    # --- the story --------------------------------------------------------------------------------

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
            finally:
                self.watch.close()
                self.store.close()

    def _begin(self) -> None:
        for ref in self.people:
            topics = [topic for topic in shop.TOPICS if self.chance.random() < 0.9]
            given = tuple(_given(topic) for topic in topics)
            self._tell(ref, "identified", traits=self.people[ref], consents=given, at=self.at)
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

    def _pass_time(self, end: datetime) -> None:
        due = next_due(self.door.runtime)
        most = timedelta(days=self.temper.days) / MOMENTS
        ahead = timedelta(minutes=self.chance.randint(1, 2 * most // timedelta(minutes=1)))
        if due is not None and due > self.at and self.chance.random() < 0.5:
            ahead = max(due - self.at, most / 2)
        self.at = min(self.at + ahead, end)
        self.note("time has passed")
        self._hear()

    def _hear(self) -> None:
        """What the provider has to tell by now."""
        now = [telling.event for telling in self.coming if telling.at <= self.at]
        self.coming = [telling for telling in self.coming if telling.at > self.at]
        self.chance.shuffle(now)
        while now:
            some, now = now[:3], now[3:]
            self._through_the_door(lambda some=some: ingest.ingest(self.store, some, self.at))

    # --- what happens -----------------------------------------------------------------------------

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
            (self._is_merged, 1),
            (lambda _: self._hear(), 4),
        )
        act = self.chance.choices([way for way, _ in ways], [share for _, share in ways])[0]
        who = self.chance.choice(sorted(self.people))
        self.note(f"{who} {act.__name__}")
        act(who)

    def _buys(self, who: str) -> None:
        self._order(who, self._lately())
        if self.chance.random() < 0.3:
            order = self.chance.choice(sorted(self.orders[self.is_now(who)]))
            self._tell(who, "order_delivered", {"order_id": order})

    def _order(self, who: str, at: datetime) -> None:
        self._numbers += 1
        order, total = f"o{self._numbers}", self.chance.randint(5, 300)
        self.orders[self.is_now(who)][order] = total * 100
        told = {"order_id": order, "total": total, "currency": "BRL"}
        self._tell(who, "order_completed", told, at=at)
        if self.chance.random() < 0.2:  # the shop says the same of the order again, as another event
            self._tell(who, "order_completed", told, at=at)

    def _does(self, who: str) -> None:
        name = self.chance.choice(("signed_up", "cart_added", "product_viewed"))
        payload = {"cart_id": f"c{self.chance.randint(1, 3)}"} if name == "cart_added" else {}
        self._tell(who, name, payload, at=self._lately())

    def _repeats(self, _who: str) -> None:
        """What was told once is told again."""
        some = [self.chance.choice(sorted(self.told)) for _ in range(2)]
        again = [self.told[source_id] for source_id in some]
        self._through_the_door(lambda: ingest.ingest(self.store, again, self.at))

    def _says(self, who: str) -> None:
        self._numbers += 1
        at, plan = self._lately() + timedelta(microseconds=self._numbers), self.chance.choice(("free", "pro"))
        self.said[self.is_now(who)].append((at, plan))
        self._tell(who, "identified", traits={"plan": plan}, at=at)

    def _lately(self) -> datetime:
        """When something happened that is heard of now."""
        return self.at - self.chance.choice((timedelta(), timedelta(), timedelta(hours=5), timedelta(days=6)))

    def _tell(
        self, who: str, name: str, payload: Any = None, *, at: datetime | None = None, **values: Any
    ) -> None:
        self._numbers += 1
        event = NewEvent(
            name, self._named(who), at or self.at, "seed", f"e{self._numbers}", payload or {}, **values
        )
        self.told[event.source_id] = event
        self._through_the_door(lambda: ingest.ingest(self.store, [event], self.at))

    def _named(self, who: str) -> Person:
        """As whoever tells of her names her: by a number or, once she is known, by an address that is hers alone."""
        email = self.people[who]["email"]
        alone = sum(each["email"] == email for each in self.people.values()) == 1
        by_address = self.known and alone and self.chance.random() < 0.15
        return Person(email=email.upper()) if by_address else Person(ref=who)

    def _leaves(self, who: str) -> None:
        topic = self.chance.choice((None, *shop.TOPICS))
        channel = self.chance.choice((None, Channel.EMAIL))
        self._through_the_door(
            lambda: opt_outs.withdraw(
                self.door.runtime, self._id(who), topic=topic, channel=channel, how="page", now=self.at
            )
        )

    def _stops(self, who: str) -> None:
        if phone := self.people[who].get("phone"):
            self._through_the_door(lambda: opt_outs.stop(self.door.runtime, phone, "answer by SMS", self.at))

    def _comes_back(self, who: str) -> None:
        topic = self.chance.choice(shop.TOPICS)
        self._through_the_door(
            lambda: opt_outs.give(
                self.door.runtime,
                self._id(who),
                topic=topic,
                channel=None,
                how="page",
                text_version="1",
                now=self.at,
            )
        )
        if (phone := self.people[who].get("phone")) and self.chance.random() < 0.5:
            self._through_the_door(lambda: opt_outs.start_again(self.door.runtime, phone))

    def _consents_late(self, who: str) -> None:
        """A form that she filled in days ago is only heard of now: what she said since holds."""
        at = self.at - timedelta(days=self.chance.randint(1, 10))
        self._tell(who, "identified", consents=(_given(self.chance.choice(shop.TOPICS)),), at=at)

    def _edits(self, _who: str) -> None:
        self._publish(self.author.edit(self.chance.choice(shop.NAMES)))

    def _publish(self, text: str) -> None:
        file = shop.file_of(self.shop, text)
        self._through_the_door(lambda: publish.publish(self.door.runtime, [file], self.at))

    def _pauses(self, _who: str) -> None:
        name = self.chance.choice(shop.NAMES)
        self._through_the_door(lambda: pause.pause(self.door.runtime, [name], self.at))

    def _resumes(self, _who: str) -> None:
        name, overdue = self.chance.choice(shop.NAMES), self.chance.choice(("now", "spread", "skip"))
        self._through_the_door(
            lambda: pause.resume(self.door.runtime, [name], self.at, overdue=overdue, span=timedelta(hours=3))
        )

    def _goes_out(self, who: str) -> None:
        name = self.chance.choice(shop.NAMES)
        self._through_the_door(lambda: moving.take_out(self.door.runtime, name, [who], self.at))

    def _comes_in(self, who: str) -> None:
        self._through_the_door(lambda: enter_by_hand(self.door.runtime, "welcome", [who], self.at))

    def _settles_doubts(self, _who: str) -> None:
        """Somebody looks at the provider's log and says what became of the messages in doubt that wait for that."""
        found = [doubt.id for doubt in doubts.doubts(self.door.runtime) if doubt.holds]
        for message_id in found:
            ((key,),) = self.watch.read(f"SELECT key FROM messages WHERE id = {message_id}")
            if self.in_the_air(key):
                continue
            word = doubts.Word.ARRIVED if key in self.watch.ledger else doubts.Word.RESEND
            if word is doubts.Word.RESEND and self.chance.random() < 0.3:
                word = doubts.Word.DROP
            self._through_the_door(
                lambda word=word, one=message_id: doubts.settle(self.door.runtime, [one], word, self.at)
            )

    def _goes_down(self, _who: str) -> None:
        self.down_until = self.at + timedelta(minutes=self.chance.randint(5, 300))

    def _is_erased(self, who: str) -> None:
        """What stands in the database of somebody who was."""
        if self.chance.random() < 0.7:  # of some, in some seeds
            return
        self._through_the_door(lambda: self._erase(self._id(self.is_now(who))))

    def _erase(self, contact_id: int) -> None:
        with self.store.begin() as tx:
            messages.lock_contacts(tx, [contact_id])
            row = sa.update(tables.contacts).where(tables.contacts.c.id == contact_id)
            tx.execute(
                row.values(erased_at=sa.func.coalesce(tables.contacts.c.erased_at, to_micros(self.at)))
            )

    def _is_merged(self, who: str) -> None:
        """Somebody sees that two of them are one."""
        other = self.is_now(self.chance.choice(sorted(self.people)))
        who = self.is_now(who)
        if who == other:
            return
        # what was told of the other before is hers, and what is told from now on is the one's
        self._through_the_door(lambda: process.process(self.door.runtime, self.at))
        no = self.watch.noes(who, other)
        self._through_the_door(lambda: merging.merge(self.door.runtime, who, other, "user:seed", self.at))
        ((leads_to,),) = self.watch.read(f"SELECT merged_into FROM contacts WHERE ref = '{other}'")
        if leads_to is None:
            return  # one of them was erased
        self.counts["merges"] += 1
        self.merged[other] = who
        self.orders[who] |= self.orders.pop(other, {})
        said = self.said.pop(other, [])
        self.said[who] = self.said[who] or said
        self.watch.are_one(leads_to)
        if forgotten := no - self.watch.noes(who):
            raise Broken(f"{who} or {other} had said no to {sorted(forgotten)}")

    def is_now(self, who: str) -> str:
        """By which name she goes since she was merged."""
        while who in self.merged:
            who = self.merged[who]
        return who

    def _id(self, who: str) -> int:
        ((found,),) = self.watch.read(f"SELECT id FROM contacts WHERE ref = '{who}'")
        return int(found)

    def _through_the_door(self, act: Callable[[], Any]) -> None:
        """A request or a command: whoever makes it makes it again until it is answered with yes or a reasoned no."""
        before, self.at_work = self.at_work, self.door
        try:
            for _ in range(100):
                if not self.calm and self.chance.random() < self.temper.crash:
                    self._door_dies_at = self.chance.choice(faults.POINTS)
                try:
                    act()
                    return
                except Crash:
                    self.note("the door dies")
                    self.door.begin()
                except Trouble:
                    self.note("the door has trouble")
                except NurtureError as error:
                    self.note(f"no: {str(error)[:60]}")
                    return
        finally:
            self._door_dies_at = None
            self.at_work = before

    # --- the end ------------------------------------------------------------------------------------

    def _rest(self) -> None:
        """Nobody fails any more, and the clock goes on until nothing is left to do."""
        for worker in self.workers:
            while worker.busy and not self.chance.random() < 0.2:
                worker.go_on()
            if worker.busy:
                worker.kill()
        self.calm, self.manners, self.down_until = True, KIND, self.at
        self._through_the_door(lambda: pause.resume(self.door.runtime, None, self.at))
        until = self.at + REST
        self.at += timedelta(hours=1)  # every lease has lapsed
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

    def _repeat(self) -> None:
        """Every job once more: nothing changes. What has come to an end is not told again either."""
        before = digest.digests(self.store)
        self._all_jobs()
        self._through_the_door(lambda: ingest.ingest(self.store, list(self.told.values()), self.at))
        self._all_jobs()
        after = digest.digests(self.store)
        changed = [table for table in before if before[table] != after[table]]
        if changed:
            raise Broken(f"a repeat of everything changed {', '.join(changed)}")
        self.note(f"in the end: {sorted(after.items())}")


def _given(topic: str) -> ConsentRecord:
    return ConsentRecord(topic, True, Basis.CONSENT, text_version="1", how="form")


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
    deliver.time = SimpleNamespace(monotonic=lambda: world.at.timestamp())
    faults.listen(world.come_to)
    try:
        yield
    finally:
        faults.listen(None)
        lanes.this_process, messages.is_dead = this_process, is_dead
        publish._commit, runtime._compile, deliver.time = commit, compile_, time
