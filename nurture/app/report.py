"""What did it bring? The report of a period, its files, and the rows behind its figures."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from nurture.app import report_rows
from nurture.app.goals import goal_rule
from nurture.app.report_counting import Counting, Plans
from nurture.problems import NurtureError
from nurture.reports import export, html, text
from nurture.reports.figures import Figures, Known, Period, Report
from nurture.settings import Settings
from nurture.store import journeys
from nurture.store.engine import Store
from nurture.store.report_sets import prefer_hash_joins

__all__ = ["FORMATS", "build", "goal_rule", "rows", "write", "write_rows"]

FORMATS: dict[str, tuple[str, Callable[[Report], str]]] = {
    "text": ("report.txt", text.render),
    "html": ("report.html", html.render),
    "json": ("report.json", export.to_json),
    "csv": ("report.csv", export.to_csv),
}


def build(
    store: Store,
    settings: Settings,
    plans: Plans,
    period: Period,
    now: datetime,
    journey: str | None = None,
    known: Mapping[str, Known] | None = None,
) -> Report:
    """The report of a period, of all journeys with a plan or of one.

    `plans` are those of every version that people entered, by version id. `known` are true effects by
    journey, to be printed beside the measured ones. Raises NurtureError for a journey without a plan.
    """
    true = known or {}
    with _counting(store, settings, plans, period, now) as counting:
        names = counting.names(journey)
        credits = counting.credits()
        return Report(
            company=settings.company.name,
            locale=settings.company.locale,
            currency=settings.company.currency,
            accent=settings.company.accent,
            period=period,
            now=now,
            attribution_window=settings.report.attribution_window.elapsed(),
            minimum_people=settings.report.minimum_people,
            minimum_conversions=settings.report.minimum_conversions,
            journeys=tuple(counting.journey(name, credits, true.get(name)) for name in names),
            books=counting.books(credits),
        )


def by_version(
    store: Store, settings: Settings, plans: Plans, period: Period, now: datetime, journey: str
) -> dict[int, Figures]:
    """What each version of a journey came to, by its id: counted as in the report of the period."""
    with _counting(store, settings, plans, period, now) as counting:
        return counting.versions(journey)


def write(report: Report, folder: Path, formats: Sequence[str]) -> list[Path]:
    """Write the report into `folder`, one file a format; the files. Raises NurtureError for a format
    that there isn't."""
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise NurtureError(f"report: unknown format '{unknown[0]}'; there are {', '.join(FORMATS)}")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in formats:
        file, render = FORMATS[name]
        path = folder / file
        path.write_text(render(report), encoding="utf-8", newline="")
        written.append(path)
    return written


def rows(
    store: Store,
    settings: Settings,
    plans: Plans,
    period: Period,
    now: datetime,
    figure: str,
    journey: str | None = None,
) -> Iterator[Mapping[str, Any]]:
    """The rows behind a figure (`report_rows.FIGURES`): a contact, an order or a message each, amounts in
    major units. `orders` is each order of the period with whom it is credited to.

    Raises NurtureError for an unknown figure or journey.
    """
    report_rows.check(figure)
    with _counting(store, settings, plans, period, now) as counting:
        yield from report_rows.RowReader(counting).of(figure, journey)


def write_rows(found: Iterable[Mapping[str, Any]], to: IO[str]) -> int:
    """Write rows as CSV with a header; how many rows. Open the file with `newline=""`."""
    count = 0
    writer = csv.writer(to, lineterminator="\r\n")
    for row in found:
        if not count:
            writer.writerow(row)
        writer.writerow([export.cell(value) for value in row.values()])
        count += 1
    return count


@contextmanager
def _counting(
    store: Store, settings: Settings, plans: Plans, period: Period, now: datetime
) -> Iterator[Counting]:
    """All figures from one moment: an order that comes in meanwhile is in all of them or in none."""
    with store.read() as tx:
        if not store.is_sqlite:  # where a reading transaction is a snapshot anyway
            tx = tx.execution_options(isolation_level="REPEATABLE READ")
            prefer_hash_joins(tx)
        live = {row["name"]: row["version_id"] for row in journeys.live(tx) if row["version_id"] in plans}
        yield Counting(tx, settings, plans, period, now, live)
