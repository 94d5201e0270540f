"""Several workers at once, each replaced by another when it is killed, until the work is done."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tests.crash.scene import CONNECTIONS, Audit, Scene, audit
from tests.crash.snares import Counted, laid
from tests.crash.workers import LONG_DAY, finish, first_gone, worker


@dataclass(frozen=True)
class Hunt:
    """Where workers were killed, and what came of it."""

    hits: tuple[str, ...]
    audit: Audit

    @property
    def sound(self) -> bool:
        """Nothing lost or twice, and at most a wave in doubt for each who died."""
        return self.audit.sound and len(self.audit.in_doubt) <= CONNECTIONS * len(self.hits)


def hunted(scene: Scene, wanted: Sequence[str], workers: int, day: Sequence[timedelta] = LONG_DAY) -> Hunt:
    """So many workers at a time. Of each fault `point:k` the k-th visit, by whomever of them, is deadly; whoever dies is
    replaced. Then one more finishes, who works at these times of the day."""
    scene.reset()
    with laid(wanted) as snares:
        last = _work(scene, workers, snares.come_to)
    return Hunt(tuple(snares.hits), _finished(scene, last, day))


def visited(scene: Scene, workers: int, wanted: Sequence[str] = ()) -> Counter[str]:
    """How often so many workers come to each point in all, while they die of these faults. That all is well is seen to."""
    scene.reset()
    counted = Counted()
    with laid(wanted) as snares:

        def heard(name: str) -> None:
            counted.come_to(name)
            snares.come_to(name)

        last = _work(scene, workers, heard)
    visits = counted.visits()
    found = Hunt(tuple(snares.hits), _finished(scene, last))
    assert found.sound, found
    return visits


def _work(scene: Scene, workers: int, heard: Callable[[str], None]) -> float:
    """Until they are done: when the last of them was killed."""
    last = time.monotonic()
    at_work = {worker(scene, heard=heard) for _ in range(workers)}
    while at_work:
        pid, code = first_gone(at_work)
        at_work.remove(pid)
        if code:
            last = time.monotonic()
            at_work.add(worker(scene, heard=heard))
    return last


def _finished(scene: Scene, last: float, day: Sequence[timedelta] = LONG_DAY) -> Audit:
    scene.wait_for_the_dead()
    finish(worker(scene, day=day))
    return audit(scene, last)
