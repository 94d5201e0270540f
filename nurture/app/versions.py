"""The versions of a journey: who published them when, what they brought, and the way back to the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.app.runtime import Runtime
from nurture.problems import NurtureError, nearest
from nurture.store import journeys
from nurture.store.engine import Tx


@dataclass(frozen=True, slots=True)
class Version:
    """One version. `results`: runs by status (active, completed, exited, held_out), and messages accepted, clicked,
    bounced, complained."""

    number: int
    published_at: datetime
    published_by: str | None
    git_commit: str | None
    live: bool
    results: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WayBack:
    """From the live version to the one before it; `inside` are the people who stay in the live one."""

    journey: str
    live: int
    before: int
    inside: int


def history(runtime: Runtime, journey: str) -> list[Version]:
    """Every version, the first first. Raises NurtureError for a journey that was never published."""
    with runtime.store.read() as tx:
        live = _live(tx, journey)
        found = journeys.results(tx, journey)
        return [
            Version(
                number=row["number"],
                published_at=row["published_at"],
                published_by=row["published_by"],
                git_commit=row["git_commit"],
                live=row["id"] == live["version_id"],
                results=found.get(row["id"], {}),
            )
            for row in journeys.versions(tx, journey)
        ]


def way_back(runtime: Runtime, journey: str) -> WayBack:
    """What `roll_back` would do. Raises NurtureError where there is no version before."""
    with runtime.store.read() as tx:
        live = _live(tx, journey)
        inside = journeys.results(tx, journey).get(live["version_id"], {}).get("active", 0)
        return WayBack(journey, live["number"], _before(tx, live)["number"], inside)


def roll_back(runtime: Runtime, journey: str) -> int:
    """Let newcomers enter the version before the live one again; its number. Who is inside stays in her version.

    Raises NurtureError where there is no version before.
    """
    with runtime.store.begin() as tx:
        before = _before(tx, _live(tx, journey))
        journeys.go_back(tx, journey, before["id"])
    number: int = before["number"]
    return number


def _live(tx: Tx, journey: str) -> Mapping[str, Any]:
    known = {row["name"]: row for row in journeys.live(tx)}
    if journey not in known:
        near = nearest(journey, known)
        hint = f"did you mean {near!r}?" if near else f"published are: {', '.join(known) or 'none'}"
        raise NurtureError(f"no journey called {journey!r} is published; {hint}")
    return known[journey]


def _before(tx: Tx, live: Mapping[str, Any]) -> Mapping[str, Any]:
    earlier = [row for row in journeys.versions(tx, str(live["name"])) if row["number"] < live["number"]]
    if not earlier:
        raise NurtureError(
            f"version {live['number']} of {live['name']!r} is the first: there is none before it"
        )
    return earlier[-1]
