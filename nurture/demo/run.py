"""The demo: a shop's 120 days through the jobs that run in earnest, with the clock leaping ahead.

It goes from one instant at which something is due to the next: something happens in the shop or somebody acts on a
message, a run goes on, a message leaves, time lets somebody into a journey, a colleague makes her calls. Nothing is
rounded; that many instants coincide comes of the shop, whose time has the grain of an hour (see people.py).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from nurture.app import advance, deliver, evaluate, pacing, process, publish, report
from nurture.app.due import Due, next_due
from nurture.app.goals import goal_rule
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.opening import as_it_is
from nurture.app.runtime import Runtime
from nurture.app.workspace import publishable
from nurture.clock import local
from nurture.compiler.plan import Plan
from nurture.demo.browser import Browser
from nurture.demo.colleague import Colleague
from nurture.demo.life import Life
from nurture.demo.mailbox import Mailbox, Post
from nurture.demo.shop import PEOPLE, Shop
from nurture.model import Channel
from nurture.reports.figures import JourneyFigures, Known, Period, Report
from nurture.settings import Settings
from nurture.store import contacts, messages
from nurture.store.engine import Store, Tx

Progress: TypeAlias = Callable[[float, str], None]  # the share that is done, and what goes on

EVE = timedelta(hours=4)  # before the opening: what is history when the journeys are published starts none
OUTBOX = "outbox"
# How far a demo is, as shares of the time it takes, when history is in the inbox, the shop opens, and closes.
_TAKEN_IN, _OPENED, _LIVED = 0.04, 0.15, 0.98


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of a demo."""

    folder: Path
    seed: int
    people: int
    days: int
    ticks: int
    counts: Mapping[str, int]
    somebody: str  # the ref of a person to look at
    report: Report
    files: tuple[Path, ...]
    seconds: float

    @property
    def outbox(self) -> Path:
        """Where the messages are."""
        return self.folder / OUTBOX

    @property
    def html(self) -> Path:
        return next(path for path in self.files if path.suffix == ".html")


def run(
    folder: Path,
    seed: int = 1,
    people: int = PEOPLE,
    days: int = 120,
    progress: Progress = lambda share, words: None,
    *,
    batch: int | None = None,
) -> Summary:
    """Make a workspace in `folder`, fill it with a generated shop and live through `days`.

    The same seed gives the same figures, whatever the size of a `batch` of the jobs.
    Raises NurtureError where `folder` holds a workspace already.
    """
    began = time.monotonic()
    progress(0.0, f"making a shop of {people:,} people")
    shop = Shop(seed, people, days)
    clock = _Clock(shop.opening - EVE)
    with _opened(folder, seed, clock) as runtime:
        taken = ingest(runtime.store, shop.history(), clock())
        progress(_TAKEN_IN, f"two years of history, {taken.new:,} events")
        process.process(runtime, clock())
        clock.at = shop.opening
        progress(_OPENED, "publishing the journeys")
        publish.publish(runtime, publishable(folder, None), clock())
        life = Life(shop, _browser(runtime), _windows(runtime))
        ticks = _live(runtime, shop, life, clock, progress, batch)
        progress(_LIVED, "making the report")
        made = _with_truth(_report(runtime, shop, clock()), life)
        files = report.write(made, folder / "reports", ("html", "text", "json", "csv"))
        life.browser.close()
    progress(1.0, "done")
    return Summary(
        folder,
        seed,
        people,
        days,
        ticks,
        MappingProxyType(life.counts),
        life.bought_last or shop.people[0].ref,
        made,
        tuple(files),
        time.monotonic() - began,
    )


class _Clock:
    """The time as the jobs see it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@contextmanager
def _opened(folder: Path, seed: int, clock: _Clock) -> Iterator[Runtime]:
    """A new workspace whose messages become files and whose links the seed signs."""
    init(folder)
    opened = as_it_is(folder, clock)
    store = Store(str(opened.store.url), durable=False)
    runtime = Runtime(store, _settings(opened.settings, folder, seed), folder, clock)
    try:
        yield runtime
    finally:
        runtime.close()


def _settings(settings: Settings, folder: Path, seed: int) -> Settings:
    """The workspace's settings with the outbox for every channel. Syncing each file would only cost time."""
    options = {"folder": str(folder / OUTBOX), "fsync": "false"}
    channels = {
        channel: replace(settings.channels[channel], provider="outbox", options=options)
        for channel in Channel
        if channel in settings.channels
    }
    secret = hashlib.sha256(f"nurture demo {seed}".encode()).digest()
    return replace(settings, channels=channels, secrets=(("demo", secret),))


def _plans(runtime: Runtime) -> dict[int, Plan]:
    with runtime.store.read() as tx:
        return runtime.plans(tx)


def _windows(runtime: Runtime) -> dict[str, timedelta]:
    return {plan.journey: goal_rule(plan).window for plan in _plans(runtime).values()}


def _browser(runtime: Runtime) -> Browser:
    from nurture.web.app import create_app

    return Browser(create_app(runtime))


def _live(
    runtime: Runtime, shop: Shop, life: Life, clock: _Clock, progress: Progress, batch: int | None
) -> int:
    """From the opening to the closing, from one instant at which something is due to the next."""
    mailbox, ticks, whole = _mailbox(runtime), 0, shop.closing - shop.opening
    mariana = Colleague(runtime, shop.seed)
    work = _Work(runtime, {} if batch is None else {"batch": batch})
    while clock.at < shop.closing:
        now = clock.at
        mariana.works(now)
        ingest(runtime.store, life.happens(now), now)
        ingest(runtime.store, life.act(now), now)
        work.at(now)
        _deal_out(runtime, mailbox, life, shop, now)
        ticks += 1
        clock.at = _next(work, life, mariana, now, shop.closing)
        if (clock.at - shop.opening).days > (now - shop.opening).days:
            day, got = (clock.at - shop.opening).days, life.counts["got email"] + life.counts["got sms"]
            progress(
                _OPENED + (_LIVED - _OPENED) * ((clock.at - shop.opening) / whole),
                f"day {day} of {shop.days}, {got:,} messages",
            )
    return ticks


class _Work:
    """The jobs, each of which runs when something is due for it."""

    def __init__(self, runtime: Runtime, size: Mapping[str, int]) -> None:
        self._runtime, self._size = runtime, size
        self._triggers_at: datetime | None = None  # when time alone lets somebody in next

    def at(self, now: datetime) -> None:
        """What is due at this instant, until nothing is."""
        if self._triggers_at is not None and self._triggers_at <= now:
            process.process(self._runtime, now, **self._size)
            evaluate.evaluate(self._runtime, now)
        while (job := self._due(now)) is not None:
            job(self._runtime, now, **self._size)

    def _due(self, now: datetime) -> Callable[..., object] | None:
        """The first job that has something due: what came in has its effect before runs go on, and these before
        messages leave."""
        with self._runtime.store.read() as tx:
            due = self._rows_due(tx, now)
        jobs = (process.process, due.event), (advance.advance, due.run), (deliver.deliver, due.message)
        return next((job for job, at in jobs if at is not None and at <= now), None)

    def next_at(self, now: datetime) -> datetime | None:
        """When something is due next, after `now`."""
        with self._runtime.store.read() as tx:
            self._triggers_at = evaluate.next_due(self._runtime, tx, now)
            found = (*self._rows_due(tx, now), self._triggers_at)
        return min((at for at in found if at is not None), default=None)

    def _rows_due(self, tx: Tx, now: datetime) -> Due:
        """When rows are due next; not what a stop of its channel holds back."""
        due = next_due(tx)
        if due.message is None or due.message > now:
            return due
        return due._replace(message=pacing.next_due(self._runtime, tx, now))


def _next(work: _Work, life: Life, colleague: Colleague, now: datetime, closing: datetime) -> datetime:
    """The next instant at which something is due or somebody does something."""
    found = (work.next_at(now), life.next_at(), colleague.next_at(now + timedelta(microseconds=1)))
    return min((at for at in found if at is not None), default=closing)


def _mailbox(runtime: Runtime) -> Mailbox:
    """Where the people find what the outbox writes."""
    mailbox = Mailbox(runtime.folder / OUTBOX)
    for channel in Channel:
        if channel in runtime.settings.channels:
            runtime.stand_in(channel, Post(runtime.folder / OUTBOX, channel, mailbox))
    return mailbox


def _deal_out(runtime: Runtime, mailbox: Mailbox, life: Life, shop: Shop, now: datetime) -> None:
    """Give each person the messages that have come for her."""
    mails = mailbox.take()
    if not mails:
        return
    with runtime.store.read() as tx:
        rows = messages.by_keys(tx, [mail.key for mail in mails])
        refs = contacts.refs(tx, {row["contact_id"] for row in rows.values()})
    for mail in mails:
        row = rows[mail.key]
        life.find(mail, shop.by_ref[refs[row["contact_id"]]], row, now)


def _report(runtime: Runtime, shop: Shop, now: datetime) -> Report:
    zone = runtime.settings.company.zone
    period = Period(local(shop.opening, zone).date(), local(shop.closing - EVE, zone).date(), zone)
    return report.build(runtime.store, runtime.settings, _plans(runtime), period, now)


def _with_truth(made: Report, life: Life) -> Report:
    """The report with each journey's true effect beside the measured one."""
    return replace(made, journeys=tuple(replace(each, known=_known(each, life)) for each in made.journeys))


def _known(journey: JourneyFigures, life: Life) -> Known:
    people = max(journey.figures.treated.people, 1)
    worth = life.truth.of(journey.name)
    return Known(rate=worth.conversions / people, per_person=worth.revenue * 100 / people)
