"""The crash harness for as long as SOAK_SECONDS says (an hour): `make soak`.

It kills workers at every fault point and occurrence on both databases and with each provider, lets them
outlive their leases, lets people opt out meanwhile, plants bugs, kills `nurture up`, and prints what it saw.
The exit status is 1 where anything was lost or sent twice, where a point was missed or a bug not caught.
SOAK_SEED chooses another order.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from nurture import faults
from nurture.cli.tables import table
from tests.crash import doors, trials, up
from tests.crash.catching import TRAPS
from tests.crash.scene import Audit
from tests.crash.stage import Stage
from tests.support import sink

PLACES = tuple(product(("smtp", "twilio", "http"), ("sqlite", "postgresql")))
DOORS = tuple(point for point in faults.POINTS if point.split(".")[0] in ("optout", "receipt"))
# what providers are asked that can be asked: tests/crash/test_ladder.py
LADDER = tuple(point for point in faults.POINTS if point.split(".")[0] == "doubt")
JOBS = tuple(point for point in faults.POINTS if point not in (*DOORS, *LADDER))
Place = tuple[str, str]


@dataclass
class Seen:
    """What the soak has seen so far."""

    hits: Counter[tuple[str, Place]] = field(default_factory=Counter)
    stops: Counter[str] = field(default_factory=Counter)  # trials with a worker that stood still
    lost: int = 0
    twice: int = 0
    in_doubt: int = 0
    seconds: list[float] = field(default_factory=list)
    caught: dict[str, str] = field(default_factory=dict)  # bug -> the point where it showed
    ups: list[up.Outcome] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def audit(self, what: str, found: Audit) -> None:
        self.lost += len(found.lost)
        self.twice += len(found.twice)
        self.in_doubt += len(found.in_doubt)
        if not found.sound or not found.doubt_is_small:
            self.failures.append(f"{what}: {found}")


Task = Callable[[], None]


class Soak:
    """Makes the tasks, in an order that the seed chooses."""

    def __init__(self, stage: Stage, seed: int, kills: int) -> None:
        self.stage, self.seed, self.kills = stage, seed, kills
        self.chance = random.Random(seed)
        self.seen = Seen()

    def tasks(self) -> Iterator[Task]:
        """First each point once everywhere and each bug once, then all else, again and again."""
        plants: list[Task] = [lambda n=name: self.plant(n) for name in TRAPS]
        yield from self._mixed(self._first(), [self.nurture_up, *plants])
        while True:
            yield from self._mixed(self._all(), [self.nurture_up])

    def _mixed(self, many: list[Task], few: list[Task]) -> Iterator[Task]:
        self.chance.shuffle(many)
        every = max(1, len(many) // (len(few) + 1))
        for number, task in enumerate(many, 1):
            yield task
            if number % every == 0 and few:
                yield few.pop(0)
        yield from few

    def _first(self) -> list[Task]:
        found: list[Task] = [
            lambda p=place, at=point: self.kill(p, at, None) for place in PLACES for point in JOBS
        ]
        return found + self._doors()

    def _doors(self) -> list[Task]:
        return [
            lambda d=dialect, at=point: self.door(d, at)
            for dialect in ("sqlite", "postgresql")
            for point in DOORS
        ]

    def _all(self) -> list[Task]:
        found: list[Task] = self._doors()
        for place in PLACES:
            visits = self.stage.visits(self.stage.scene(*place))
            found += [
                lambda p=place, at=point, n=occurrence: self.kill(p, at, n)
                for point in JOBS
                for occurrence in range(1, visits[point] + 1)
            ]
            found += [
                lambda p=place, at=point, w=why: self.stop(p, at, w)
                for point in trials.BETWEEN
                for why in ("outlived", "opted out")
            ]
        return found

    # --- one task -------------------------------------------------------------------------------

    def kill(self, place: Place, point: str, occurrence: int | None) -> None:
        scene = self.stage.scene(*place)
        visits = self.stage.visits(scene)[point]
        if not visits:
            self.seen.failures.append(f"{point} is never come to ({place})")
            return
        fault = f"{point}:{occurrence or self.chance.randint(1, visits)}"
        dead, found = trials.killed(scene, fault)
        self.seen.audit(f"{fault} {place}", found)
        if dead:
            self.seen.hits[point, place] += 1
            self.seen.seconds.append(found.seconds)
        else:
            self.seen.failures.append(f"{fault} was not come to ({place})")

    def stop(self, place: Place, point: str, why: str) -> None:
        scene = self.stage.scene(*place)
        fault = f"{point}:{self.chance.randint(1, self.stage.visits(scene)[point])}"
        self.seen.stops[why] += 1
        if why == "outlived":
            self.seen.audit(f"outlived its lease at {fault} {place}", trials.outlived(scene, fault)[1])
        elif afterwards := trials.opted_out(scene, fault)[1]:
            self.seen.failures.append(f"handed over after an opt-out at {fault} {place}: {afterwards}")

    def door(self, dialect: str, point: str) -> None:
        scene = doors.doubtful(self.stage, dialect)
        found = doors.heard(scene, f"{point}:{self.chance.randint(1, 3)}")
        self.seen.hits[point, ("twilio", dialect)] += found.died
        if not found.sound:
            self.seen.failures.append(f"{point} {dialect}: {found}")

    def plant(self, name: str) -> None:
        trap = TRAPS[name]
        caught = trap.caught(self.stage)
        if caught is None:
            self.seen.failures.append(f"{name} was planted and not caught")
            return
        self.seen.caught[name] = caught[0]
        without = trap.trial(trap.scene(self.stage), caught[0], None)
        if without:
            self.seen.failures.append(f"without {name}: {without}")

    def nurture_up(self) -> None:
        folder = self.stage.folder / f"up-{len(self.seen.ups)}"
        folder.mkdir()
        people = 60 * self.kills
        with sink.running(folder / "ledger.ndjson", "--fsync", "--delay", "0.02") as server:
            nurture = up.prepare(folder / "shop", server.port, people)
            seed = self.seed + len(self.seen.ups)
            found = up.kill_again_and_again(nurture, server, people, self.kills, seed)
        self.seen.ups.append(found)
        if not found.sound:
            self.seen.failures.append(f"nurture up: {found}")


# --- what is printed ------------------------------------------------------------------------------


def report(seen: Seen, whole: bool) -> str:
    """The table of hits, the totals, and what failed."""
    header = ["killed at", *(f"{provider} {dialect}" for provider, dialect in PLACES)]
    rows = [[point, *(str(seen.hits[point, place] or "-") for place in PLACES)] for point in (*JOBS, *DOORS)]
    parts = [
        table([header, *rows], right=tuple(range(1, len(PLACES) + 1))),
        table(_totals(seen)),
        _plants(seen, whole),
    ]
    if seen.failures:
        parts.append("\n".join(["FAILED", *seen.failures]))
    return "\n\n".join(parts)


def _totals(seen: Seen) -> list[list[str]]:
    median, worst = (statistics.median(seen.seconds), max(seen.seconds)) if seen.seconds else (0.0, 0.0)
    ups: dict[str, int] = defaultdict(int)
    for each in seen.ups:
        for name in ("kills", "in_flight", "due", "lost", "twice", "in_doubt"):
            ups[name] += getattr(each, name)
    return [
        ["workers killed", f"{seen.hits.total():,}"],
        ["workers that stood still", ", ".join(f"{n} {why}" for why, n in seen.stops.items()) or "0"],
        ["lost", str(seen.lost)],
        ["sent twice", str(seen.twice)],
        ["in doubt", f"{seen.in_doubt:,}"],
        ["seconds to recover", f"{median:.1f} (median), {worst:.1f} (worst)"],
        [
            "nurture up",
            f"{ups['kills']} kills ({ups['in_flight']} in flight), {ups['due']:,} due, {ups['lost']} lost, "
            f"{ups['twice']} twice, {ups['in_doubt']} in doubt",
        ],
    ]


def _plants(seen: Seen, whole: bool) -> str:
    rows = [
        [name, f"caught at {seen.caught[name] or 'once'}" if name in seen.caught else "-"] for name in TRAPS
    ]
    tried = "" if whole else "\nThe time was too short to come to everything: a dash was not tried."
    return f"{len(seen.caught)} of {len(TRAPS)} planted bugs caught\n{table(rows)}{tried}"


def main() -> int:
    seconds = float(os.environ.get("SOAK_SECONDS", "3600"))
    seed = int(os.environ.get("SOAK_SEED", "1"))
    until = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="nurture-soak-") as folder, Stage(Path(folder)) as stage:
        soak = Soak(stage, seed, kills=20 if seconds >= 900 else 5)
        for task in soak.tasks():
            task()
            if sys.stderr.isatty():
                print(f"\r{soak.seen.hits.total():,} kills", end="", file=sys.stderr, flush=True)
            if time.monotonic() > until:
                break
    seen = soak.seen
    whole = len(seen.caught) == len(TRAPS) and all(seen.hits[p, place] for p in JOBS for place in PLACES)
    print(report(seen, whole))
    return 1 if seen.failures else 0


if __name__ == "__main__":
    sys.exit(main())
