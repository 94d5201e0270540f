"""The provider of a seed: it keeps a ledger, and refuses, puts off, loses answers and fails as the seed has it. What it
tells of a message comes late, twice and in any order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from nurture import faults
from nurture.channels.base import (
    Envelope,
    Features,
    Forged,
    Found,
    Heard,
    Outcome,
    Prepared,
    Sought,
    Trouble,
    Webhook,
    Whereabouts,
    accepted,
    outcome,
)
from nurture.model import Channel, NewEvent, Person

if TYPE_CHECKING:
    from tests.seeds.world import World


@dataclass(frozen=True, slots=True)
class Taken:
    """A body that the provider keeps."""

    key: str
    at: datetime
    recipient: str
    digest: str
    by: str  # the life of a worker


@dataclass(frozen=True, slots=True)
class Manners:
    """How often, of a hundred messages, it does what."""

    defers: float
    refuses: float
    bounces: float  # the address does not exist
    loses: float  # it takes the body, and its answer is lost
    drops: float  # the line is lost with the body
    later: float  # a temporary no to the body
    fails: float  # the carrier itself breaks


def _before(manners: Manners) -> list[tuple[float, Trouble]]:
    return [
        (manners.defers, Trouble.RATE),
        (manners.refuses, Trouble.MAILBOX),
        (manners.bounces, Trouble.INVALID_RECIPIENT),
    ]


WINDOW = timedelta(hours=6)  # in which one that knows keys drops what comes again


class SeededCarrier:
    """A carrier without idempotency: what is handed over twice has arrived twice."""

    features = Features()
    patience = 60.0
    name = "seed"

    def __init__(self, world: World, channel: Channel) -> None:
        self.world, self.channel = world, channel
        self.connections = world.temper.connections
        self._since = world.at

    def prepare(self, wave: Sequence[Envelope]) -> Prepared[Envelope]:
        self._since = self.world.at
        if self.world.at < self.world.down_until:
            early = tuple(outcome(each, Trouble.CONNECTION) for each in wave)
            return Prepared(early, {}, "nobody is there")
        early_answers: list[Outcome] = []
        held: dict[int, Envelope] = {}
        for envelope in wave:
            no = self._drawn(_before(self.world.manners))
            if no is None:
                held[envelope.message_id] = envelope
            else:
                early_answers.append(outcome(envelope, no))
        return Prepared(tuple(early_answers), held)

    def hand_over(self, prepared: Prepared[Envelope], allowed: Collection[int]) -> list[Outcome]:
        self.world.alive()  # a dead process sends nothing, whatever its code would do on the way out
        chosen = [each for id_, each in prepared.held.items() if id_ in allowed]
        manners = self.world.manners
        answers = [self._speak(each, manners) for each in chosen]
        for _ in chosen:
            faults.point("body.after_reply")
        return answers

    def _speak(self, envelope: Envelope, manners: Manners) -> Outcome:
        faults.point("body.before_send")
        if self.too_late:
            return outcome(envelope, Trouble.CONNECTION)
        how = self._drawn(
            [
                (manners.drops, "drops"),
                (manners.later, "later"),
                (manners.fails, "fails"),
                (manners.loses, "loses"),
            ]
        )
        if how == "drops":
            return outcome(envelope, Trouble.LOST)
        if how == "later":
            return outcome(envelope, Trouble.SERVER)
        if how == "fails":
            raise OSError("the carrier breaks")
        self.world.take(envelope)
        faults.point("body.before_reply")
        return outcome(envelope, Trouble.LOST) if how == "loses" else accepted(envelope, "250")

    @property
    def too_late(self) -> bool:
        """Whether a body leaves no more, whatever was said of it before."""
        return False

    def _drawn(self, chances: Sequence[tuple[float, Any]]) -> Any:
        draw = self.world.chance.random() * 100
        for share, what in chances:
            if draw < share:
                return what
            draw -= share
        return None

    def parse_webhook(self, webhook: Webhook, now: datetime) -> Heard:
        raise Forged("the seed tells its events itself")

    def close(self) -> None:
        pass


class AskedCarrier(SeededCarrier):
    """One that can be asked what became of a message: it looks into its ledger, and doesn't always find it."""

    features = Features(searched=True)
    appears_within = timedelta(minutes=2)

    def search(self, sought: Sequence[Sought]) -> list[Found]:
        return [found for one in sought if (found := self._found(one)) is not None]

    def _found(self, sought: Sought) -> Found | None:
        world = self.world
        if world.chance.random() < 0.1 or world.in_the_air(sought.key):
            return None
        there = sought.key in world.watch.ledger
        world.counts["found by search"] += there
        return Found(sought.message_id, Whereabouts.ARRIVED if there else Whereabouts.ABSENT, "")


class DroppingCarrier(SeededCarrier):
    """One that knows a message again by its key for some hours. Late bodies don't leave: their keys may be forgotten."""

    features = Features(idempotency=WINDOW)

    @property
    def too_late(self) -> bool:
        """Where the wave was prepared so long ago that others may have its messages by now."""
        return self.world.at - self._since > timedelta(seconds=self.patience)


CARRIERS: Mapping[str | None, type[SeededCarrier]] = {
    None: SeededCarrier,
    "asked": AskedCarrier,
    "drops": DroppingCarrier,
}


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told, and when."""

    at: datetime
    event: NewEvent


def taken(envelope: Envelope, at: datetime, by: str) -> Taken:
    return Taken(envelope.key, at, envelope.recipient, sha256(envelope.body).hexdigest()[:16], by)


def tellings(world: World, message: Taken, channel: Channel) -> list[Telling]:
    """What the provider, and the person, will say of it: each at a time of its own, some twice, in no order."""
    chance = world.chance
    verbs = [
        verb
        for verb, share in (
            ("delivered", 0.6),
            ("opened", 0.3),
            ("clicked", 0.25),
            ("bounced", 0.04),
            ("complained", 0.03),
        )
        if chance.random() < share
    ]
    found = []
    for verb in verbs:
        happened = message.at + timedelta(seconds=chance.randint(1, 7200))
        event = NewEvent(
            name=f"{channel.value}_{verb}",
            person=Person(),
            occurred_at=happened,
            source="provider",
            source_id=f"{verb}:{message.key}:{message.at:%d%H%M%S}",
            payload={"message": message.key, "class": "human"},
            message_key=message.key,
        )
        for _ in range(chance.choice((1, 1, 2, 3))):
            # some come before the worker has written what became of its wave
            late = timedelta(seconds=chance.choice((0, 5, 600, 20_000, 400_000)))
            told = message.at if late == timedelta() else happened + late
            found.append(Telling(told, replace(event, occurred_at=min(happened, told))))
    return found
