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
from tests.crash.scene import SURE, Audit
from tests.seeds.plants import PLANTS

PLACES = tuple(product(("smtp", "twilio", "http", "resend"), ("sqlite", "postgresql")))
WORKERS = (1, 2, 3, 4)
DOORS = tuple(point for point in faults.POINTS if point.split(".")[0] in ("optout", "receipt"))
# where providers are that settle doubt; files, which can be asked, are killed in tests/crash/test_ladder.py
LADDER = tuple(point for point in faults.POINTS if point.split(".")[0] == "doubt")
# what is done to one person by a link or a command
PERSONAL = tuple(
    point for point in faults.POINTS if point.split(".")[0] in ("confirm", "merge", "erase", "export")
)
JOBS = tuple(point for point in faults.POINTS if point not in (*DOORS, *LADDER, *PERSONAL))
NO_PROOF = "This proves nothing:"
MOST_TOLD = 20  # failures: each was told when it came
Place = tuple[str, str]
Cell = tuple[str, Place, int]  # point, provider and database, workers at once
SURE_PLACES = tuple(place for place in PLACES if place[0] in SURE)
CELLS: tuple[Cell, ...] = (*product(JOBS, PLACES, WORKERS), *product(LADDER, SURE_PLACES, WORKERS))
DOOR_CELLS: tuple[Cell, ...] = tuple(
    (point, ("twilio", dialect), 1) for point in DOORS for dialect in ("sqlite", "postgresql")
)
PERSONAL_CELLS: tuple[Cell, ...] = tuple(
    (point, ("smtp", dialect), 1) for point in PERSONAL for dialect in ("sqlite", "postgresql")
)
TABLE = (*CELLS, *DOOR_CELLS, *PERSONAL_CELLS)


@dataclass
class Seen:
    """What a lane of the soak has seen so far."""

    hits: Counter[Cell] = field(default_factory=Counter)
    # by place and workers: occurrences of fault points in all, those still to come, and those that were not come to
    rounds: dict[tuple[Place, int], tuple[int, int, int]] = field(default_factory=dict)
    trials: Counter[str] = field(default_factory=Counter)  # those in which nobody is killed
    personal: Counter[str] = field(default_factory=Counter)  # what was done to one person and died
    due: int = 0
    lost: int = 0
    twice: int = 0
    in_doubt: int = 0
    arrived: int = 0  # of those in doubt
    found_out: int = 0  # no longer in doubt: the provider knew them again, or had them for the first time
    settled: int = 0  # by a receipt
    seconds: list[float] = field(default_factory=list)
    caught: dict[str, str] = field(default_factory=dict)  # bug -> where a trial saw it
    caught_by_seed: dict[str, str] = field(default_factory=dict)
    ups: list[up.Outcome] = field(default_factory=list)
    seeds: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    spent: Counter[str] = field(default_factory=Counter)  # seconds, by what they were spent on

    def audit(self, found: Audit) -> None:
        self.due += found.due
        self.lost += len(found.lost)
        self.twice += len(found.twice)
        self.in_doubt += len(found.in_doubt)
        self.arrived += found.arrived
        self.found_out += found.found_out

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
        return [cell for cell in TABLE if not self.hits[cell]]

    @property
    def unseen(self) -> list[str]:
        """Planted bugs that nothing has caught yet."""
        return [
            *(f"{name} by no trial" for name in TRAPS if name not in self.caught),
            *(f"{name} by no seed" for name in PLANTS if name not in self.caught_by_seed),
        ]

    @property
    def shortcomings(self) -> list[str]:
        """Why this is no proof, in words; none where it is one."""
        found = [] if self.is_clean else ["Something was lost or sent twice."]
        if self.failures:
            found.append(f"Cases that failed, as told above: {len(self.failures)}.")
        if self.missing:
            found.append(f"The time was too short for {len(self.missing)} of the table's {len(TABLE)} cells.")
        if self.unseen:
            found.append(f"Planted and not caught: {', '.join(self.unseen)}.")
        return found

    @property
    def kills(self) -> int:
        return self.hits.total() + sum(each.kills for each in self.ups)

    @property
    def told(self) -> str:
        """In a line."""
        lost, twice = self._wrong
        seeds = self.seeds["on SQLite"] + self.seeds["on PostgreSQL"]
        return (
            f"{self.kills:,} kills, {lost} lost, {twice} twice, {seeds:,} seeds, {len(self.failures)} failed"
        )

    @property
    def _wrong(self) -> tuple[int, int]:
        return (
            self.lost + sum(each.lost for each in self.ups),
            self.twice + sum(each.twice for each in self.ups),
        )

    @property
    def is_clean(self) -> bool:
        """Nothing was lost or sent twice."""
        return self._wrong == (0, 0)


def report(seen: Seen, minutes: float) -> str:
    """The table of hits, the totals, the planted bugs, what failed, and at last what it falls short of."""
    header = ["killed at", *(f"{provider} {dialect}" for provider, dialect in PLACES)]
    points = (*JOBS, *LADDER, *DOORS, *PERSONAL)
    rows = [[point, *(_cell(seen, point, place) for place in PLACES)] for point in points]
    parts = [
        table([header, *rows]),
        "Each four numbers are kills with one, two, three and four workers at once.",
        table(_totals(seen, minutes)),
        _plants("trials", TRAPS, seen.caught),
        _plants("seeds", PLANTS, seen.caught_by_seed),
    ]
    if seen.failures:
        parts.append("\n".join([f"FAILED: {len(seen.failures)}", *seen.failures[:MOST_TOLD]]))
    if seen.shortcomings:
        parts.append("\n".join([NO_PROOF, *seen.shortcomings]))
    return "\n\n".join(parts)


def _cell(seen: Seen, point: str, place: Place) -> str:
    if point in LADDER and place not in SURE_PLACES:
        return ""
    if point in DOORS:
        return str(seen.hits[point, place, 1]) if place[0] == "twilio" else ""
    if point in PERSONAL:
        return str(seen.hits[point, place, 1]) if place[0] == "smtp" else ""
    return " ".join(str(seen.hits[point, place, workers]) for workers in WORKERS)


def _totals(seen: Seen, minutes: float) -> list[list[str]]:
    median, worst = (statistics.median(seen.seconds), max(seen.seconds)) if seen.seconds else (0.0, 0.0)
    bound = f"under {3 / seen.kills:.2%} of crashes lose or double anything" if seen.kills else "-"
    return [
        ["workers killed", f"{seen.hits.total():,} in {minutes:.0f} minutes, {seen.due:,} messages due"],
        ["occurrences", _occurrences(seen)],
        ["nobody killed", _counted(seen.trials)],
        ["of one person", _counted(seen.personal)],
        ["lost", str(seen.lost)],
        ["sent twice", str(seen.twice)],
        [
            "in doubt",
            f"{seen.in_doubt:,}: {seen.arrived:,} of them had arrived; dropped as their steps say. "
            f"{seen.found_out:,} more went again to a provider that drops repeats, {seen.settled:,} more were "
            "settled by receipts",
        ],
        ["seconds to recover", f"{median:.1f} (median), {worst:.1f} (worst)"],
        ["nurture up", _ups(seen.ups)],
        ["seeds", ", ".join(f"{n:,} {what}" for what, n in seen.seeds.items()) or "0"],
        ["bound (3/N, 95 %)", bound if seen.is_clean else "-"],
        ["time of the lanes", ", ".join(f"{s / 60:.1f} min {what}" for what, s in seen.spent.items())],
    ]


def _counted(each: Counter[str]) -> str:
    return "; ".join(f"{n} {what}" for what, n in sorted(each.items())) or "0"


def _occurrences(seen: Seen) -> str:
    """How many of the visits that an undisturbed run makes were deadly once."""
    every, waiting, missed = (sum(each[n] for each in seen.rounds.values()) for n in range(3))
    came = f"{every - waiting - missed:,} of {every:,} come to"
    more = f", {missed:,} not made again by workers who share the work otherwise each time" if missed else ""
    return came + (f", {waiting:,} still to come" if waiting else "") + more


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
