"""The demo: a shop's 120 days through the jobs that run in earnest, with the clock leaping ahead."""

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

from nurture.app import advance, deliver, evaluate, process, publish, report
from nurture.app.goals import goal_rule
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.opening import open_runtime
from nurture.app.runtime import Runtime
from nurture.app.workspace import publishable
from nurture.clock import at_wall, local
from nurture.compiler.plan import Plan
from nurture.demo.browser import Browser
from nurture.demo.colleague import Colleague
from nurture.demo.life import Life
from nurture.demo.mailbox import Mailbox
from nurture.demo.shop import PEOPLE, Shop
from nurture.model import Channel
from nurture.reports.figures import JourneyFigures, Known, Period, Report
from nurture.settings import Settings
from nurture.store import contacts, enrollments, events, messages
from nurture.store.engine import Store

Progress: TypeAlias = Callable[[float, str], None]  # the share that is done, and what goes on

STOPS = (9, 13, 17, 21)  # o'clock in São Paulo: what falls due at night is seen to in the morning
ZONE = "America/Sao_Paulo"
EVE = timedelta(hours=4)  # before the opening: what is history when the journeys are published starts none
OUTBOX = "outbox"
_DAY = timedelta(days=1)
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
    opened = open_runtime(folder, clock)
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
    mailbox, ticks, whole = Mailbox(runtime.folder / OUTBOX), 0, shop.closing - shop.opening
    mariana = Colleague(runtime, shop.seed)
    while clock.at < shop.closing:
        now = clock.at
        mariana.works(now)
        ingest(runtime.store, life.happens(now), now)
        ingest(runtime.store, life.act(now), now)
        _tick(runtime, now, batch)
        _deal_out(runtime, mailbox, life, shop, now)
        ticks += 1
        clock.at = min(_next(runtime, life, now), shop.closing)
        if (clock.at - shop.opening).days > (now - shop.opening).days:
            day, got = (clock.at - shop.opening).days, life.counts["got email"] + life.counts["got sms"]
            progress(
                _OPENED + (_LIVED - _OPENED) * ((clock.at - shop.opening) / whole),
                f"day {day} of {shop.days}, {got:,} messages",
            )
    return ticks


def _tick(runtime: Runtime, now: datetime, batch: int | None) -> None:
    """Every job once. A run whose message has gone out goes on at once."""
    size = {} if batch is None else {"batch": batch}
    process.process(runtime, now, **size)
    evaluate.evaluate(runtime, now)
    advance.advance(runtime, now, **size)
    if deliver.deliver(runtime, now, **size):
        advance.advance(runtime, now, **size)


def _deal_out(runtime: Runtime, mailbox: Mailbox, life: Life, shop: Shop, now: datetime) -> None:
    """Give each person the messages that have come for her."""
    mails = mailbox.new()
    if not mails:
        return
    with runtime.store.read() as tx:
        rows = messages.by_keys(tx, [mail.key for mail in mails])
        refs = {
            row["id"]: row["ref"]
            for row in contacts.rows(tx, {row["contact_id"] for row in rows.values()}).values()
        }
    for mail in mails:
        row = rows[mail.key]
        life.find(mail, shop.by_ref[refs[row["contact_id"]]], row, now)


def _next(runtime: Runtime, life: Life, now: datetime) -> datetime:
    """The next stop at which something is due; what time alone brings about is looked for twice a day."""
    with runtime.store.read() as tx:
        due = (events.next_due(tx), enrollments.next_due(tx), messages.next_due(tx), life.next_at())
    soonest = min([at for at in due if at is not None], default=now + _DAY)
    return _stop(min(max(soonest, now + timedelta(microseconds=1)), now + _DAY / 2))


def _stop(at: datetime) -> datetime:
    """The first stop from `at` on."""
    today = local(at, ZONE).date()
    stops = (at_wall(today + timedelta(days=day), hour * 60, ZONE) for day in (0, 1) for hour in STOPS)
    return next(stop for stop in stops if stop >= at)


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
