"""How wild a seed is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from tests.seeds.provider import Manners

KIND = Manners(0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Temper:
    """How wild a seed is."""

    days: int
    workers: int
    connections: int
    crash: float  # of a worker, at a fault point
    pause: float  # of a worker, at a fault point: another goes on
    stall: float  # that all who are at work stand still for longer than a lease
    fails: float  # of a commit
    one_machine: bool  # so that a worker can see that another is dead
    skew: timedelta  # by which a worker's own clock is ahead; only a bug would look at it
    manners: Manners
    settles: str | None  # how the provider settles doubt: it can be `asked`, or it `drops` what comes again


def drawn(chance: Random) -> Temper:
    wild = chance.random
    manners = Manners(
        defers=chance.choice((0, 5, 20)),
        refuses=chance.choice((0, 1, 3)),
        bounces=chance.choice((0, 1, 3)),
        loses=chance.choice((0, 3, 10)),
        drops=chance.choice((0, 2, 5)),
        later=chance.choice((0, 5)),
        fails=chance.choice((0, 0, 2)),
    )
    return Temper(
        days=chance.randint(10, 90),
        workers=chance.randint(1, 4),
        connections=chance.randint(1, 4),
        crash=chance.choice((0.0, 0.01, 0.03, 0.06)),
        pause=chance.choice((0.1, 0.3)),
        stall=chance.choice((0.0, 0.02, 0.05)),
        fails=chance.choice((0.0, 0.0, 0.01, 0.03)),
        one_machine=wild() < 0.5,
        skew=timedelta(hours=chance.choice((0, 0, 1, 24))),
        manners=manners,
        settles=chance.choice((None, None, "asked", "drops")),
    )
