"""Stopping before the next handover, and going on without a storm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nurture.app import evaluate
from nurture.app.runtime import Runtime
from nurture.model import Channel
from nurture.problems import NurtureError, nearest
from nurture.store import canaries, holding, journeys
from nurture.store.engine import Tx

PACE = timedelta(seconds=0.6)  # where no rate is configured: 100 a minute


@dataclass(frozen=True, slots=True)
class Held:
    """One journey: people inside, messages that have not left by channel, those of them that are overdue, and who
    would enter at once because time went on during the pause; and the version that stopped by itself and waits."""

    journey: str
    paused_at: datetime | None
    inside: int
    waiting: Mapping[str, int]
    overdue: int
    enter: int = 0
    stopped: int | None = None


def held(runtime: Runtime, names: list[str] | None, now: datetime) -> list[Held]:
    """How these journeys (None: all) stand. Changes nothing; raises NurtureError for a name that isn't published."""
    with runtime.store.rehearse() as tx:
        return [_held(runtime, tx, name, now) for name in _known(tx, names)]


def _held(runtime: Runtime, tx: Tx, name: str, now: datetime) -> Held:
    live = next(each for each in runtime.live(tx) if each.name == name)
    waiting, overdue = holding.waiting(tx, name), holding.overdue(tx, name, now)
    inside = holding.inside(tx, name)
    enter = 0
    if live.paused_at is not None:
        journeys.pause(tx, [name], None)
        again = next(each for each in runtime.live(tx) if each.name == name)
        enter = evaluate.enter(runtime, tx, again, now)
    stopped = [each["number"] for each in canaries.stopped(tx) if each["journey"] == name and each["held"]]
    return Held(name, live.paused_at, inside, waiting, overdue, enter, max(stopped, default=None))


def pace(runtime: Runtime, found: Sequence[Held]) -> timedelta:
    """From one message to the next when what a pause held is let go: as the channels' rates say, where all have one."""
    configs = [runtime.settings.channels.get(Channel(name)) for each in found for name in each.waiting]
    rates = [config.pace.rate for config in configs if config is not None]
    return max((rate.interval for rate in rates if rate), default=PACE) if all(rates) else PACE


def over(overdue: int, pace: timedelta = PACE) -> timedelta:
    """How long it takes to let so many messages go without a storm."""
    return overdue * pace


def pause(runtime: Runtime, names: list[str] | None, now: datetime) -> list[str]:
    """Pause journeys (None: all): when this returns, no further message of theirs is handed over.

    Raises NurtureError for a name that isn't published.
    """
    return _set(runtime, names, now)


def resume(
    runtime: Runtime,
    names: list[str] | None,
    now: datetime | None = None,
    *,
    overdue: str = "now",
    span: timedelta = timedelta(),
) -> list[str]:
    """Let journeys go on. What has expired meanwhile is cancelled by the gate; what is overdue leaves `now`, is
    `spread` over `span`, or is left out (`skip`): its step counts as skipped.

    Raises NurtureError for a name that isn't published.
    """
    now = now or runtime.now()
    with runtime.store.begin() as tx:
        for name in _known(tx, names):
            if overdue == "spread":
                holding.spread(tx, name, now, span)
            elif overdue == "skip":
                holding.skip(tx, name, now)
            canaries.release(tx, name)
            canaries.settle(tx, name, now)
        return journeys.pause(tx, names, None)


def _set(runtime: Runtime, names: list[str] | None, at: datetime | None) -> list[str]:
    with runtime.store.begin() as tx:
        _known(tx, names)
        return journeys.pause(tx, names, at)


def _known(tx: Tx, names: list[str] | None) -> Sequence[str]:
    """The journeys meant. Raises NurtureError for a name that isn't published."""
    published = [row["name"] for row in journeys.live(tx)]
    for name in names or []:
        if name not in published:
            near = nearest(name, published)
            hint = f"did you mean {near!r}?" if near else f"published are: {', '.join(published) or 'none'}"
            raise NurtureError(f"no journey called {name!r} is published; {hint}")
    return published if names is None else names
