"""How near the next 30 days that `nurture plan` names come to what then happens.

    python -m tools.estimates [PEOPLE [SEED]]

Lives through the demo's 120 days, estimates from what was known on day 60 and on day 90, and counts the 30 days after
each. The estimate knows nothing of them. The table is in docs/how-we-count.md.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from nurture.app import planning
from nurture.app.opening import open_runtime
from nurture.app.planning import AHEAD, Month
from nurture.app.runtime import Runtime
from nurture.app.workspace import publishable
from nurture.demo.run import run
from nurture.demo.shop import PEOPLE, Shop
from nurture.store.tables import enrollments, messages

DAYS = 120
FROM = (60, 90)


@dataclass(frozen=True, slots=True)
class Row:
    """A figure as it was estimated and as it came."""

    name: str
    estimated: float
    came: float

    def __str__(self) -> str:
        off = f"{self.estimated / self.came - 1:+.0%}".replace("%", " %") if self.came else "-"
        return f"| {self.name} | {self.estimated:,.0f} | {self.came:,.0f} | {off} |"


def happened(runtime: Runtime, since: datetime) -> dict[str, Month]:
    """What the 30 days brought, by journey."""
    until, found = since + AHEAD, {}
    entered = sa.select(enrollments.c.journey, sa.func.count())
    entered = entered.where(enrollments.c.entered_at >= since, enrollments.c.entered_at < until)
    sent = sa.select(
        messages.c.journey, messages.c.channel, sa.func.count(), sa.func.sum(messages.c.cost_micros)
    ).where(messages.c.accepted_at >= since, messages.c.accepted_at < until)
    with runtime.store.read() as tx:
        for name, count in tx.execute(entered.group_by(enrollments.c.journey)):
            found[name] = Month(count, {}, Decimal(0))
        for name, channel, count, micros in tx.execute(sent.group_by(messages.c.journey, messages.c.channel)):
            before = found.get(name, Month(0, {}, Decimal(0)))
            cost = before.cost + Decimal(int(micros)) / 1_000_000
            found[name] = Month(before.enter, {**before.messages, channel: count}, cost)
    return found


def compared(estimated: Mapping[str, Month], came: Mapping[str, Month]) -> Iterator[Row]:
    """All journeys together, then each."""
    nothing = Month(0, {}, Decimal(0))
    pairs = {name: (estimated.get(name, nothing), came.get(name, nothing)) for name in sorted(estimated)}
    for channel in ("email", "sms"):
        sides = ([pair[side].messages.get(channel, 0) for pair in pairs.values()] for side in (0, 1))
        yield Row(f"all: {channel}", *map(sum, sides))
    yield Row("all: cost", *(float(sum(pair[side].cost for pair in pairs.values())) for side in (0, 1)))
    for name, (guess, truth) in pairs.items():
        yield Row(f"{name}: enter", guess.enter, truth.enter)
        yield Row(f"{name}: messages", sum(guess.messages.values()), sum(truth.messages.values()))


def main(people: int = PEOPLE, seed: int = 1) -> None:
    opening = Shop(seed, people, DAYS).opening
    with tempfile.TemporaryDirectory(prefix="nurture-estimates-") as name:
        folder = Path(name) / "shop"
        run(folder, seed, people, DAYS)
        for day in FROM:
            at = opening + timedelta(days=day)
            runtime = open_runtime(folder, lambda at=at: at)
            files = publishable(folder, None)
            estimated = planning.months(runtime, files, {file.name for file in files}, at)
            print(f"\n| from day {day} on | estimated | came | off |\n|---|---|---|---|")
            print(*compared(estimated, happened(runtime, at)), sep="\n")
            runtime.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
