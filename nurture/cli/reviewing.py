"""Looking back: report, explain."""

from __future__ import annotations

import sys
from datetime import date
from enum import StrEnum
from typing import Annotated

import typer

from nurture.cli import tables, telling
from nurture.cli.folder import HERE, Folder, runtime


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    HTML = "html"


def register(app: typer.Typer) -> None:
    app.command(short_help="What the journeys brought: attributed, incremental, cost, ROI.")(report)
    app.command(short_help="Why did she get this, or why not?")(explain)


def report(
    journey: Annotated[
        str | None, typer.Argument(metavar="JOURNEY", help="One; all if none is named.")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day: 2026-10-01.")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day.")] = None,
    form: Annotated[
        Format, typer.Option("--format", help="How it is shown; html goes to a file.")
    ] = Format.TEXT,
    rows: Annotated[
        str | None, typer.Option("--rows", help="The rows behind a figure, as CSV.", metavar="FIGURE")
    ] = None,
    workspace: Folder = HERE,
) -> None:
    """What the journeys brought: attributed, incremental, cost, ROI."""
    from nurture.app import report as reports
    from nurture.app import reporting

    first, last = _day(since), _day(until)
    with runtime(workspace) as opened:
        now = opened.now()
        of = reporting.period(opened, first, last, now)
        if rows:
            with opened.store.read() as tx:
                plans = opened.plans(tx)
            reports.write_rows(
                reports.rows(opened.store, opened.settings, plans, of, now, rows, journey), sys.stdout
            )
            return
        made = reporting.make(opened, of, now, journey)
        if form is Format.HTML:
            (path,) = reports.write(made, opened.folder / reporting.FOLDER, ("html",))
            print(path)
            return
        print(reports.FORMATS[form.value][1](made).rstrip())


def _day(text: str | None) -> date | None:
    from nurture.problems import NurtureError

    try:
        found = date.fromisoformat(text) if text else None
    except ValueError:
        raise NurtureError(f"{text} is no day; write it as 2026-10-01") from None
    if found and not 1000 < found.year < 9000:
        raise NurtureError(f"{text} is no day of a shop; write it as 2026-10-01")
    return found


def explain(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Ref, e-mail address or phone number.")],
    journey: Annotated[
        str | None, typer.Argument(metavar="JOURNEY", help="One journey; all if none is named.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    workspace: Folder = HERE,
) -> None:
    """Why did she get this, or why not: every decision about a person, with what it saw."""
    from nurture.app.explain import explain as tell

    with runtime(workspace) as opened:
        now, zone = opened.now(), opened.settings.company.zone
        story = tell(opened, person, journey, now)
    if as_json:
        tables.as_json(story)
        return
    print("\n\n".join(telling.story(story, zone, now)))
