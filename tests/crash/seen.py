"""What a soak has seen, and how it is told."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from itertools import product

from nurture import faults
from nurture.cli.tables import table
from tests.crash import up
from tests.crash.catching import TRAPS
from tests.crash.scene import Audit
from tests.seeds.plants import PLANTS

PLACES = tuple(product(("smtp", "twilio", "http"), ("sqlite", "postgresql")))
WORKERS = (1, 2, 3, 4)
DOORS = tuple(point for point in faults.POINTS if point.split(".")[0] in ("optout", "receipt"))
# what providers are asked that can be asked: tests/crash/test_ladder.py
LADDER = tuple(point for point in faults.POINTS if point.split(".")[0] == "doubt")
JOBS = tuple(point for point in faults.POINTS if point not in (*DOORS, *LADDER))
Place = tuple[str, str]
Cell = tuple[str, Place, int]  # point, provider and database, workers at once
CELLS: tuple[Cell, ...] = tuple(product(JOBS, PLACES, WORKERS))
DOOR_CELLS: tuple[Cell, ...] = tuple(
    (point, ("twilio", dialect), 1) for point in DOORS for dialect in ("sqlite", "postgresql")
)


@dataclass
class Seen:
    """What a lane of the soak has seen so far."""

    hits: Counter[Cell] = field(default_factory=Counter)
    trials: Counter[str] = field(default_factory=Counter)  # those in which nobody is killed
    due: int = 0
    lost: int = 0
    twice: int = 0
    in_doubt: int = 0
    arrived: int = 0  # of those in doubt
    settled: int = 0  # by a receipt
    seconds: list[float] = field(default_factory=list)
    caught: dict[str, str] = field(default_factory=dict)  # bug -> where a trial saw it
    caught_by_seed: dict[str, str] = field(default_factory=dict)
    ups: list[up.Outcome] = field(default_factory=list)
    seeds: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def audit(self, found: Audit) -> None:
        self.due += found.due
        self.lost += len(found.lost)
        self.twice += len(found.twice)
        self.in_doubt += len(found.in_doubt)
        self.arrived += found.arrived

    def add(self, other: Seen) -> None:
        """What another lane has seen."""
        for each in fields(self):
            mine, others = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, dict) and not isinstance(mine, Counter):
                mine.update(others)
            else:
                setattr(self, each.name, mine + others)

    @property
    def missing(self) -> list[Cell]:
        return [cell for cell in (*CELLS, *DOOR_CELLS) if not self.hits[cell]]

    @property
    def kills(self) -> int:
        return self.hits.total() + sum(each.kills for each in self.ups)


def report(seen: Seen, minutes: float) -> str:
    """The table of hits, the totals, the planted bugs, and what failed."""
    header = ["killed at", *(f"{provider} {dialect}" for provider, dialect in PLACES)]
    rows = [[point, *(_cell(seen, point, place) for place in PLACES)] for point in (*JOBS, *DOORS)]
    parts = [
        table([header, *rows]),
        "Each four numbers are kills with one, two, three and four workers at once.",
        table(_totals(seen, minutes)),
        _plants("trials", TRAPS, seen.caught),
        _plants("seeds", PLANTS, seen.caught_by_seed),
    ]
    if seen.missing:
        parts.append(
            f"The time was too short for {len(seen.missing)} cells of the table and what has a dash."
        )
    if seen.failures:
        parts.append("\n".join(["FAILED", *seen.failures]))
    return "\n\n".join(parts)


def _cell(seen: Seen, point: str, place: Place) -> str:
    if point in DOORS:
        return str(seen.hits[point, place, 1]) if place[0] == "twilio" else ""
    return " ".join(str(seen.hits[point, place, workers]) for workers in WORKERS)


def _totals(seen: Seen, minutes: float) -> list[list[str]]:
    median, worst = (statistics.median(seen.seconds), max(seen.seconds)) if seen.seconds else (0.0, 0.0)
    bound = f"under {3 / seen.kills:.2%} of crashes lose or double anything" if seen.kills else "-"
    return [
        ["workers killed", f"{seen.hits.total():,} in {minutes:.0f} minutes, {seen.due:,} messages due"],
        ["nobody killed", ", ".join(f"{n} {what}" for what, n in sorted(seen.trials.items())) or "0"],
        ["lost", str(seen.lost)],
        ["sent twice", str(seen.twice)],
        [
            "in doubt",
            f"{seen.in_doubt:,}: {seen.arrived:,} of them had arrived; dropped as their steps say; "
            f"{seen.settled:,} more settled by receipts",
        ],
        ["seconds to recover", f"{median:.1f} (median), {worst:.1f} (worst)"],
        ["nurture up", _ups(seen.ups)],
        ["seeds", ", ".join(f"{n:,} {what}" for what, n in seen.seeds.items()) or "0"],
        ["bound (3/N, 95 %)", bound if not (seen.lost or seen.twice) else "-"],
    ]


def _ups(ups: Sequence[up.Outcome]) -> str:
    def total(name: str) -> int:
        return sum(getattr(each, name) for each in ups)

    return (
        f"{total('kills')} kills ({total('in_flight')} in flight), {total('due'):,} due, {total('lost')} lost, "
        f"{total('twice')} twice, {total('in_doubt')} in doubt"
    )


def _plants(by: str, planted: Sequence[str] | object, caught: dict[str, str]) -> str:
    names = list(planted)  # type: ignore[call-overload]
    rows = [[name, caught.get(name, "-")] for name in names]
    return f"{len(caught)} of {len(names)} planted bugs caught by {by}\n{table(rows)}"
