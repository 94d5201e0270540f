"""Every occurrence of every fault point, one after the other: with a provider, on a database, with so many workers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from tests.crash.hunting import visited
from tests.crash.scene import SURE
from tests.crash.seen import LADDER, Place
from tests.crash.stage import Stage

CHAIN = 6  # faults in one trial
DOUBTFUL = "body.before_reply:7"  # who dies there leaves a wave in doubt
TRIES = 5


@dataclass
class Round:
    """What is still to be come to. What a chain of kills does not come to is tried alone."""

    place: Place
    workers: int
    visits: Counter[str]  # to each point in an undisturbed run; of the ladder, after one kill
    waiting: list[str] = field(default_factory=list)
    tried: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)  # the workers divide the work otherwise each time

    def __post_init__(self) -> None:
        every = [(k, point) for point, n in self.visits.items() for k in range(1, n + 1)]
        Random(str(self.place)).shuffle(every)
        self.waiting = [f"{point}:{k}" for k, point in sorted(every, key=lambda each: each[0])]

    @property
    def is_round(self) -> bool:
        """Whether each point was come to, or tried, once."""
        return not any(fault.endswith(":1") and not self.tried[fault] for fault in self.waiting)

    def next(self) -> list[str]:
        """The faults of the next trial; none where everything was come to."""
        if not self.waiting:
            return []
        alone = self.tried[self.waiting[0]] > 0
        fresh = [fault for fault in self.waiting if not self.tried[fault]]
        return doubted(self.waiting[:1] if alone else fresh[: max(CHAIN, self.workers)])

    def done(self, wanted: list[str], hits: tuple[str, ...]) -> None:
        """What of these was come to."""
        for fault in wanted:
            if fault not in self.waiting:
                continue
            self.waiting.remove(fault)
            self.tried[fault] += 1
            if fault not in hits:
                (self.missed if self.tried[fault] >= TRIES else self.waiting).append(fault)

    def drawn(self, chance: Random) -> list[str]:
        """A chain of any of them."""
        points = [chance.choice(sorted(self.visits)) for _ in range(max(CHAIN, self.workers))]
        return doubted([f"{point}:{chance.randint(1, self.visits[point])}" for point in points])


def doubted(wanted: list[str]) -> list[str]:
    """With doubt for the ladder to settle, where its points are among them."""
    on_the_ladder = any(fault.partition(":")[0] in LADDER for fault in wanted)
    return [DOUBTFUL, *wanted] if on_the_ladder and DOUBTFUL not in wanted else wanted


def counted(stage: Stage, place: Place, workers: int) -> Round:
    """A round, after a run of so many workers in which the visits are counted."""
    scene = stage.scene(*place)
    stage.visits(scene)  # from now on workers are forked from one who has worked
    visits = visited(scene, workers)
    if place[0] in SURE:
        after = visited(scene, workers, [DOUBTFUL])
        visits.update({point: after[point] for point in LADDER})
    return Round(place, workers, visits)
