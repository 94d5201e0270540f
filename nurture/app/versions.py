"""The versions of a journey: who published them when, what they brought, and the way back to the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nurture import clock, digests
from nurture.app import report
from nurture.app.runtime import Runtime
from nurture.app.verdicts import Verdict
from nurture.problems import NurtureError, nearest
from nurture.reports.figures import Figures, Period
from nurture.reports.statistics import Estimate, wilson
from nurture.store import canaries, journeys
from nurture.store.engine import Tx

Row = Mapping[str, Any]
LONG = timedelta(days=3660)  # before the first publishing: a run that was let in later may have begun


@dataclass(frozen=True, slots=True)
class Results:
    """What came of a version, counted as in the report: people who entered and were not held out, messages, people who
    reached the goal within its window, and what they brought (minor units). `conversion` is None where too few entered
    to say."""

    entered: int = 0
    held_out: int = 0
    inside: int = 0
    sent: int = 0
    delivered: int | None = None  # None: no provider reports deliveries
    clicked: int = 0
    bounced: int = 0
    complained: int = 0
    converted: int = 0
    revenue: int = 0
    conversion: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One version. `share` of newcomers enter it, in hundredths of a percent: 0 of those who come now; `stopped` says
    why where it was a canary that stopped by itself, `held` whether what it sends waits."""

    number: int
    published_at: datetime
    published_by: str | None
    git_commit: str | None
    live: bool
    results: Results
    share: int = 0
    stopped: str | None = None
    held: bool = False


@dataclass(frozen=True, slots=True)
class WayBack:
    """From a version to the one that newcomers enter then; `inside` are the people who stay in it. Where a canary runs,
    it is what ends, and `share` of newcomers (in hundredths of a percent) enter it; where one has stopped by itself,
    there is nothing to go back from."""

    journey: str
    live: int
    before: int
    inside: int
    share: int | None = None
    stopped: bool = False


def history(runtime: Runtime, journey: str, now: datetime | None = None) -> list[Version]:
    """Every version, the first first. Raises NurtureError for a journey that was never published."""
    with runtime.store.read() as tx:
        live, counts = _live(tx, journey), journeys.results(tx, journey)
        tried, rows, plans = (
            canaries.of_journey(tx, journey),
            journeys.versions(tx, journey),
            runtime.plans(tx),
        )
    now, zone = now or runtime.now(), runtime.settings.company.zone
    began = min(rows[0]["published_at"], now) - LONG
    of = Period(clock.local(began, zone).date(), clock.local(now, zone).date(), zone)
    figures = report.by_version(runtime.store, runtime.settings, plans, of, now, journey)
    least = runtime.settings.report.minimum_people
    return [
        _version(
            row,
            live,
            tried.get(row["id"]),
            _results(figures.get(row["id"], Figures()), counts.get(row["id"], {}), least),
        )
        for row in rows
    ]


def _results(figures: Figures, counts: Mapping[str, int], least: int) -> Results:
    treated, channels = figures.treated, figures.channels
    told = [each.delivered for each in channels if each.delivered is not None]
    return Results(
        entered=treated.people,
        held_out=figures.held_out.people,
        inside=counts.get("active", 0),
        sent=sum(each.sent for each in channels),
        delivered=sum(told) if told else None,
        clicked=sum(each.clicked for each in channels),
        bounced=sum(each.bounced for each in channels),
        complained=counts.get("complained", 0),
        converted=treated.converted,
        revenue=treated.revenue,
        conversion=wilson(treated.converted, treated.people) if treated.people >= max(least, 1) else None,
    )


def _version(row: Row, live: Row, tried: Row | None, results: Results) -> Version:
    rest = digests.WHOLE - (live["share"] or 0)
    shares = {live["version_id"]: rest, live["canary_id"]: live["share"]}
    stopped = tried is not None and tried["outcome"] in canaries.BY_ITSELF
    return Version(
        number=row["number"],
        published_at=row["published_at"],
        published_by=row["published_by"],
        git_commit=row["git_commit"],
        live=row["id"] in shares,
        results=results,
        share=shares.get(row["id"]) or 0,
        stopped=Verdict(**tried["figures"]).in_words() if tried and stopped else None,
        held=tried is not None and tried["held"],
    )


def way_back(runtime: Runtime, journey: str) -> WayBack:
    """What `roll_back` would do. Raises NurtureError where there is no version before."""
    with runtime.store.read() as tx:
        return _way_back(tx, journey)


def _way_back(tx: Tx, journey: str) -> WayBack:
    live = _live(tx, journey)
    number, results = live["number"], journeys.results(tx, journey)

    def inside(version_id: int) -> int:
        return results.get(version_id, {}).get("active", 0)

    if live["canary_id"] is not None:
        return WayBack(journey, live["canary_number"], number, inside(live["canary_id"]), live["share"])
    for each in canaries.stopped(tx):
        if each["journey"] == journey and each["settled_at"] is None:
            return WayBack(journey, each["number"], number, inside(each["version_id"]), stopped=True)
    return WayBack(journey, number, _before(tx, live)["number"], inside(live["version_id"]))


def roll_back(runtime: Runtime, journey: str, now: datetime | None = None) -> int:
    """Let newcomers enter the version before again: before the canary where one runs, else before the live one. Its
    number. Who is inside stays in her version. That a canary has stopped by itself is seen to.

    Raises NurtureError where there is no version before.
    """
    now = now or runtime.now()
    with runtime.store.begin() as tx:
        way = _way_back(tx, journey)
        if way.share is not None:
            canaries.end(tx, journey, "rolled_back", now)
        elif way.stopped:
            canaries.settle(tx, journey, now)
        else:
            journeys.open_to_all(tx, journey, _before(tx, _live(tx, journey))["id"])
        return way.before


def _live(tx: Tx, journey: str) -> Mapping[str, Any]:
    known = {row["name"]: row for row in journeys.live(tx)}
    if journey not in known:
        near = nearest(journey, known)
        hint = f"did you mean {near!r}?" if near else f"published are: {', '.join(known) or 'none'}"
        raise NurtureError(f"no journey called {journey!r} is published; {hint}")
    return known[journey]


def _before(tx: Tx, live: Row) -> Row:
    """The version that everybody entered before: not one that never was more than a canary."""
    journey = str(live["name"])
    given_up = {id_ for id_, row in canaries.of_journey(tx, journey).items() if row["outcome"] != "whole"}
    earlier = [
        row
        for row in journeys.versions(tx, journey)
        if row["number"] < live["number"] and row["id"] not in given_up
    ]
    if not earlier:
        raise NurtureError(
            f"version {live['number']} of {live['name']!r} is the first: there is none before it"
        )
    return earlier[-1]
