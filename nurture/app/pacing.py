"""How many messages may leave now: buckets of tokens for channels and domains, plans for new senders, and channels
whose marketing has stopped.

What may not leave stays due where it is, and nothing is written of it. Messages to a domain with a limit of its own
wait in a queue of their own, so that they are in nobody's way. Where nothing is configured nothing is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from math import inf
from typing import Any

from nurture import clock
from nurture.app.runtime import Runtime
from nurture.model import Channel
from nurture.settings import ChannelConfig, Pace, Rate, Settings
from nurture.store import buckets, contacts, lanes, messages, stops
from nurture.store.buckets import Warmth
from nurture.store.engine import Tx
from nurture.store.lanes import Lane
from nurture.store.types import EPOCH

Row = Mapping[str, Any]
TRANSACTIONAL = "transactional"


def queue(channel: Channel | str, domain: str) -> str:
    """The queue, and the bucket, of a domain that has a limit of its own."""
    return f"{channel} to {domain}"


def sender(config: ChannelConfig) -> str:
    """Whose plan it is: a new domain begins anew, another mailbox of the same one doesn't."""
    return f"{config.channel} from {_domain(config.sender.address)}"


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _names(config: ChannelConfig) -> list[str]:
    """The lanes of a channel: its own, and one for each domain with a limit."""
    return [config.channel.value, *(queue(config.channel, domain) for domain in config.pace.domains)]


def _rates(configs: Iterable[ChannelConfig]) -> dict[str, Rate]:
    """The rate of each bucket."""
    found: dict[str, Rate] = {}
    for config in configs:
        if config.pace.rate:
            found[config.channel.value] = config.pace.rate
        found |= {queue(config.channel, domain): rate for domain, rate in config.pace.domains.items()}
    return found


_URGENCY = {kind: place for place, kind in enumerate(lanes.URGENCY)}


def place(row: Row) -> tuple[int, datetime, str]:
    """Sorts messages as they leave: the most urgent first, and each by age."""
    return _URGENCY[row["class"]], row["due_at"], row["key"]


# --- tokens ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket at an instant. `full_at` is when it would be full again."""

    rate: Rate
    full_at: datetime
    at: datetime

    @property
    def _lacking(self) -> timedelta:
        # More than it takes to fill an empty one was written by a clock that was wrong, or at a lower rate.
        lacking = self.full_at - self.at
        return lacking if timedelta() < lacking <= self.rate.burst * self.rate.interval else timedelta()

    @property
    def tokens(self) -> int:
        return self.rate.burst + (-self._lacking // self.rate.interval)

    @property
    def next_token(self) -> datetime:
        """When there is one: now, if there is."""
        return self.at + max(self._lacking - (self.rate.burst - 1) * self.rate.interval, timedelta())

    def without(self, tokens: int) -> datetime:
        """When it is full again after so many were taken."""
        return self.at + self._lacking + tokens * self.rate.interval


def quota(config: ChannelConfig, warmth: Mapping[str, Warmth]) -> float:
    """How many more a new sender may send today; no limit where its plan is done or there is none."""
    stands = warmth.get(sender(config))
    if stands is None or stands.day > len(config.pace.warm_up):
        return inf
    return max(0, config.pace.warm_up[stands.day - 1] - stands.sent)


# --- what may be leased -----------------------------------------------------------------------


@dataclass
class Turn:
    """What may be leased in one transaction: lanes, and what there is of tokens and of days' plans."""

    lanes: Sequence[Lane]
    configs: Mapping[str, ChannelConfig] = field(default_factory=dict)  # of channels with limits
    held: Mapping[str, Bucket] = field(default_factory=dict)
    warmth: Mapping[str, Warmth] = field(default_factory=dict)
    today: date = date.min

    def choose(self, tx: Tx, rows: Sequence[Row]) -> list[Row]:
        """Those of these leased messages that leave now, in their order. The others wait on: in a queue, where their
        domain has one."""
        if not self.configs:
            return list(rows)
        moved = self._moved(tx, rows)
        room = _Room(self)
        chosen = [row for row in rows if row["id"] not in moved and room.takes(row)]
        gone = {row["id"] for row in chosen}
        stay = [row for row in rows if row["id"] not in gone]
        lanes.queue(tx, [(row["id"], row["fence"], moved.get(row["id"], row["queue"])) for row in stay])
        buckets.fill(tx, {name: self.held[name].without(count) for name, count in room.taken.items()})
        sent = {name: Warmth(was.day, was.sent + room.sent[name]) for name, was in self.warmth.items()}
        buckets.warm(tx, {name: warmth for name, warmth in sent.items() if room.sent[name]}, self.today)
        return chosen

    def _moved(self, tx: Tx, rows: Sequence[Row]) -> dict[int, str]:
        """The queues into which messages must go first, by their ids."""
        limited = {name for name, config in self.configs.items() if config.pace.domains}
        free = [row for row in rows if row["queue"] is None and row["channel"] in limited]
        known = (
            contacts.emails(tx, {row["contact_id"] for row in free if not row["recipient"]}) if free else {}
        )
        found = {
            row["id"]: queue(row["channel"], _domain(row["recipient"] or known.get(row["contact_id"]) or ""))
            for row in free
        }
        return {message_id: name for message_id, name in found.items() if name in self.held}


class _Room:
    """What is left while messages are chosen one after the other."""

    def __init__(self, turn: Turn) -> None:
        self._configs = turn.configs
        self._left = {name: bucket.tokens for name, bucket in turn.held.items()}
        self._quotas = {name: quota(config, turn.warmth) for name, config in turn.configs.items()}
        self.taken: Counter[str] = Counter()  # by bucket
        self.sent: Counter[str] = Counter()  # by sender

    def takes(self, row: Row) -> bool:
        """Whether there is room for this one, which it then takes."""
        channel = row["channel"]
        wanted = [name for name in (channel, row["queue"]) if name in self._left]
        spent = row["class"] != TRANSACTIONAL and self._quotas.get(channel, inf) < 1
        if spent or any(self._left[name] < 1 for name in wanted):
            return False
        for name in wanted:
            self._left[name] -= 1
            self.taken[name] += 1
        if channel in self._configs:
            self._quotas[channel] -= 1
            self.sent[sender(self._configs[channel])] += 1
        return True


def turn(
    runtime: Runtime,
    tx: Tx,
    working: Collection[Channel],
    now: datetime,
    batch: int,
    *,
    sorting: bool = False,
) -> Turn:
    """What may be leased now of these channels, up to `batch` of each lane. Where it is for `sorting`, more than may
    leave: many have to go into a queue before one leaves."""
    stopped = stops.stopped(tx)
    configs = {c.value: runtime.settings.channels[c] for c in limited(runtime, working)}
    if not configs:
        return Turn([Lane(c.value, batch, 0 if c.value in stopped else batch) for c in working])
    rates = _rates(configs.values())
    found = buckets.hold(tx, rates)
    at = real(runtime, tx, now)  # not before they are held: another may have taken from them meanwhile
    today = clock.local(at, runtime.settings.company.zone).date()
    held = {name: Bucket(rates[name], full_at, at) for name, full_at in found.items()}
    warmth = buckets.warmth(tx, [sender(c) for c in configs.values() if c.pace.warm_up], today)
    made = Turn([], configs, held, warmth, today)
    made.lanes = [lane for c in working for lane in _lanes(made, c, batch, c.value in stopped, sorting)]
    return made


def _lanes(made: Turn, channel: Channel, batch: int, stopped: bool, sorting: bool) -> Iterator[Lane]:
    config = made.configs.get(channel.value)
    others = 0 if stopped else min(batch, quota(config, made.warmth) if config else inf)
    for name in _names(config) if config else [channel.value]:
        room = [made.held[each].tokens for each in {channel.value, name} if each in made.held]
        most = min([batch, *room])
        if sorting and most and name == channel.value:
            most = batch
        yield Lane(name, most, int(min(most, others)))


def real(runtime: Runtime, tx: Tx, now: datetime) -> datetime:
    """The time that all workers share: the database's. A clock that jumps is its own."""
    return runtime.store.lease_clock(tx) if runtime.wait is not None else now


def unspent(runtime: Runtime, channel: Channel, count: int, now: datetime) -> None:
    """So many messages that were leased did not leave: a new sender may send others for them today."""
    config = runtime.settings.channels.get(channel)
    if not count or config is None or not config.pace.warm_up:
        return
    with runtime.store.begin() as tx:
        today = clock.local(real(runtime, tx, now), runtime.settings.company.zone).date()
        buckets.cool(tx, sender(config), count, today)


def tidy(runtime: Runtime, tx: Tx) -> None:
    """Let out what waits in the queues of domains that have no limit any more."""
    known = _rates(runtime.settings.channels.values())
    for name in buckets.look(tx).keys() - known.keys():
        lanes.let_out(tx, name)
        buckets.forget(tx, name)


# --- what waits ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of a lane is due, transactional or of the others, and when the next of it may leave; None: not before
    somebody lets it."""

    config: ChannelConfig
    lane: str
    count: int
    since: datetime
    opens: datetime | None
    bucket: Bucket | None  # the lane's own


def _waiting(stand: _Standing, tx: Tx, now: datetime) -> list[Waiting]:
    """What is due in the lanes of these channels that has not left yet."""
    found: list[Waiting] = []
    for config in stand.configs:
        for lane in _names(config):
            for others in (False, True):
                count, since = lanes.due_in(tx, lane, now, others=others)
                if since is not None:
                    opens = stand.opens(config, lane, others)
                    found.append(Waiting(config, lane, count, since, opens, stand.held.get(lane)))
    return found


@dataclass(frozen=True, slots=True)
class _Standing:
    """How all limits stand, without holding them."""

    configs: Sequence[ChannelConfig]
    at: datetime
    midnight: datetime
    held: Mapping[str, Bucket]
    warmth: Mapping[str, Warmth]
    stopped: Collection[str]

    def opens(self, config: ChannelConfig, lane: str, others: bool) -> datetime | None:
        """When the next message of this lane may leave."""
        if others and config.channel.value in self.stopped:
            return None
        buckets_of_it = [self.held[name] for name in {config.channel.value, lane} if name in self.held]
        token = max([each.next_token for each in buckets_of_it], default=self.at)
        return max(token, self.midnight) if others and quota(config, self.warmth) < 1 else token


def _standing(runtime: Runtime, tx: Tx, channels: Iterable[Channel], now: datetime) -> _Standing:
    configs = [runtime.settings.channels[channel] for channel in channels]
    at, zone = real(runtime, tx, now), runtime.settings.company.zone
    today = clock.local(at, zone).date()
    midnight = clock.at_wall(today + timedelta(days=1), 0, zone)
    rates, full_at = _rates(configs), buckets.look(tx)
    held = {name: Bucket(rate, full_at.get(name, EPOCH), at) for name, rate in rates.items()}
    return _Standing(configs, at, midnight, held, buckets.warming(tx, today), stops.stopped(tx))


def looked_at_every(tick: timedelta, settings: Settings) -> Settings:
    """The same limits for a clock that stops at each `tick` only, where all leaves at once that would have left in it."""

    def paced(pace: Pace) -> Pace:
        domains = {name: _saved_up(rate, tick) for name, rate in pace.domains.items()}
        return replace(pace, rate=pace.rate and _saved_up(pace.rate, tick), domains=domains)

    return _with(settings, paced)


def _saved_up(rate: Rate, tick: timedelta) -> Rate:
    return replace(rate, burst=max(rate.burst, tick // rate.interval))


def without(settings: Settings) -> Settings:
    """The same settings without a limit."""
    return _with(settings, lambda pace: Pace(stop_at=pace.stop_at))


def _with(settings: Settings, change: Callable[[Pace], Pace]) -> Settings:
    channels = {name: replace(each, pace=change(each.pace)) for name, each in settings.channels.items()}
    return replace(settings, channels=channels)


def limited(runtime: Runtime, channels: Iterable[Channel]) -> list[Channel]:
    """Those of the channels that have limits."""
    return [channel for channel in channels if runtime.settings.channels[channel].pace.limited]


def opens(runtime: Runtime, tx: Tx, channels: Iterable[Channel], now: datetime) -> timedelta | None:
    """How long until the first of what is due and held back by a limit may leave; None: nothing is."""
    return _opening(_standing(runtime, tx, limited(runtime, channels), now), tx, now)


def _opening(stand: _Standing, tx: Tx, now: datetime) -> timedelta | None:
    """How long until the first of what is due in these channels may leave."""
    moments = [
        moment
        for config in stand.configs
        for lane in _names(config)
        for others in (False, True)
        if (moment := stand.opens(config, lane, others)) is not None
        and lanes.waits(tx, lane, now, others=others)
    ]
    return max(min(moments) - stand.at, timedelta()) if moments else None


def next_due(runtime: Runtime, tx: Tx, now: datetime) -> datetime | None:
    """When a message may leave next, for a clock that jumps. What a limit or a stop holds back is not due."""
    due = messages.next_due(tx)
    if due is None or due > now:
        return due
    channels = runtime.settings.channels
    if not limited(runtime, channels) and stops.stopped(tx).isdisjoint(channels):
        return due
    opening = _opening(_standing(runtime, tx, channels, now), tx, now)
    found = [now + opening] if opening is not None else []
    later = messages.next_due_after(tx, now)
    return min([*found, *([later] if later is not None else [])], default=None)


def overdue(runtime: Runtime, tx: Tx, now: datetime) -> tuple[int, datetime | None]:
    """How many messages should have left by now, and since when the first; not those that a pause holds. What a limit
    holds back is late only where nothing is being taken from its bucket."""
    if not limited(runtime, runtime.settings.channels) and not stops.stopped(tx):
        return messages.due(tx, now)
    stand = _standing(runtime, tx, runtime.settings.channels, now)
    free = [each for each in _waiting(stand, tx, now) if _could_leave(each, now)]
    since = [max(each.since, each.bucket.full_at) if each.bucket else each.since for each in free]
    return sum(each.count for each in free), min(since, default=None)


def _could_leave(each: Waiting, now: datetime) -> bool:
    """Whether it waits for nothing but a worker."""
    if each.opens is None:
        return False
    return each.opens <= now if each.bucket is None else each.bucket.full_at <= now


def told(runtime: Runtime, tx: Tx, now: datetime) -> tuple[str, ...]:
    """In words: what limits hold back and for about how long, and how far new senders have come."""
    limits = limited(runtime, runtime.settings.channels)
    if not limits:
        return ()
    stand = _standing(runtime, tx, limits, now)
    said = [line for config in stand.configs for line in _warming(config, stand.warmth)]
    counts: Counter[str] = Counter()
    for each in _waiting(stand, tx, now):
        counts[each.lane] += each.count
    rates = _rates(stand.configs)
    said += [
        f"{lane}: {count:,} due, {rates[lane].text} ({_about(count * rates[lane].interval)})"
        for lane, count in counts.items()
        if lane in rates and count > rates[lane].burst
    ]
    return tuple(said)


def _warming(config: ChannelConfig, warmth: Mapping[str, Warmth]) -> Iterator[str]:
    plan, stands = config.pace.warm_up, warmth.get(sender(config), Warmth(1, 0))
    if plan and stands.day <= len(plan):
        most = plan[stands.day - 1]
        yield f"{sender(config)}: day {stands.day} of {len(plan)}, {stands.sent:,} of {most:,} sent today"


def _about(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    return f"about {hours} h {rest} min" if hours else f"about {minutes} min"
