"""The report as a job, and the period that is meant where none is named."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

from nurture import clock
from nurture.app import report
from nurture.app.runtime import Runtime
from nurture.problems import NurtureError
from nurture.reports.figures import Period, Report

FOLDER = "reports"
DAYS = 30


def period(runtime: Runtime, since: date | None, until: date | None, now: datetime) -> Period:
    """The days from `since` to `until`, both included; without them the last 30 days up to today.

    Raises NurtureError where it would end before it begins.
    """
    zone = runtime.settings.company.zone
    last = until or clock.local(now, zone).date()
    first = since or last - timedelta(days=DAYS - 1)
    if last < first:
        raise NurtureError(f"the report would end on {last}, before it begins on {first}")
    return Period(first, last, zone)


def make(runtime: Runtime, of: Period, now: datetime, journey: str | None = None) -> Report:
    """The report of a period. Raises NurtureError for a journey that was never published."""
    with runtime.store.read() as tx:
        plans = runtime.plans(tx)
    return report.build(runtime.store, runtime.settings, plans, of, now, journey)


def refresh(runtime: Runtime, now: datetime) -> Counter[str]:
    """Write the report of the last 30 days into the workspace's `reports` folder."""
    made = make(runtime, period(runtime, None, None, now), now)
    files = report.write(made, runtime.folder / FOLDER, ("html", "json", "csv"))
    return Counter(journeys=len(made.journeys), files=len(files))
