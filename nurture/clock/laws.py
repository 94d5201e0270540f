"""When advertising may reach a telephone, by law: dated rules by country and state, from `hours_by_law.toml`.

Not legal advice: the file names each source and the day that it speaks of.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from nurture.clock.quiet import SHUT
from nurture.clock.spans import parse_wall
from nurture.clock.united_states import TERRITORIES
from nurture.limits import Cap, QuietWeek
from nurture.model import Span

LAWS = ("br", "us")
DAY = Span(seconds=24 * 3600, text="24 hours")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a law says of one region from a day on."""

    region: str
    since: date
    hours: QuietWeek
    cap: Cap | None  # of messages to a person in 24 hours
    law: str
    source: str
    as_of: date | None  # of the source; None: it has no date


@lru_cache(maxsize=4096)
def rules(law: str, region: str, day: date) -> tuple[Rule, ...]:
    """The rules that hold on `day` for somebody who lives in `region`: of her country, and of her state."""
    country = "US" if region in TERRITORIES else region.partition("-")[0]
    found = []
    for place in dict.fromkeys((country, region)):
        held = [rule for rule in _table(law) if rule.region == place and rule.since <= day]
        found += held[-1:]
    return tuple(found)


@lru_cache(maxsize=len(LAWS))
def _table(law: str) -> tuple[Rule, ...]:
    """All rules of a law, of each region the oldest first."""
    import tomllib
    from importlib import resources  # slow to load

    text = resources.files("nurture.clock").joinpath("hours_by_law.toml").read_text(encoding="utf-8")
    return tuple(sorted((_rule(row) for row in tomllib.loads(text)[law]), key=lambda rule: rule.since))


def _rule(row: dict[str, Any]) -> Rule:
    start, end = _quiet(row["open"])
    hours = QuietWeek(
        start,
        end,
        holidays=row["region"] if row.get("holidays") == "none" else None,
        saturdays=_quiet(row["saturdays"]) if "saturdays" in row else None,
        sundays=_quiet(row["sundays"]) if "sundays" in row else None,
    )
    since = row.get("from", date.min)
    cap = Cap(row["at_most"], DAY) if "at_most" in row else None
    return Rule(row["region"], since, hours, cap, row["law"], row["source"], row.get("as_of"))


def _quiet(hours: str) -> tuple[int, int]:
    """The quiet hours of a day that is open in these."""
    if hours == "none":
        return SHUT
    begins, _, ends = hours.partition("-")
    return parse_wall(ends), parse_wall(begins)
