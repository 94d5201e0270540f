"""Looking back: report, explain."""

from __future__ import annotations

import sys
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    HTML = "html"


def register(app: typer.Typer) -> None:
    app.command()(report)
    app.command()(explain)


def report(
    journey: Annotated[str | None, typer.Argument(help="One journey; all if none is named.")] = None,
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = None,
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

    with runtime(workspace) as opened:
        now = opened.now()
        of = reporting.period(opened, _day(since), _day(until), now)
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


def _day(at: datetime | None) -> date | None:
    return at.date() if at else None


def explain(
    person: Annotated[str, typer.Argument(help="Ref, e-mail address or phone number.")],
    journey: Annotated[str | None, typer.Argument(help="One journey; all if none is named.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    workspace: Folder = HERE,
) -> None:
    """Why did she get this, or why not: every decision about a person, with what it saw."""
    from dataclasses import asdict

    from nurture.app.explain import explain as tell

    with runtime(workspace) as opened:
        now, zone = opened.now(), opened.settings.company.zone
        story = tell(opened, person, journey, now)
    if as_json:
        tables.as_json(asdict(story))
        return
    for run in story.runs:
        _show_run(run, zone, now)
    for outside in story.not_in:
        print(f"{outside.journey}: not entered: {outside.why}")
        for text, value, seen in outside.truth.atoms if outside.truth else ():
            print(f"    {'yes' if value else 'no ':3}  {text}{_values(seen)}")
    if story.suppressed:
        print(f"not written to: {', '.join(story.suppressed)}")
    if not story.runs and not story.not_in:
        print("No journey is published.")


def _show_run(run, zone: str, now: datetime) -> None:  # type: ignore[no-untyped-def]
    state = run.exit_reason or run.status
    print(f"{run.journey}, version {run.version}: entered {tables.when(run.entered_at, zone, now)}, {state}")
    if run.step:
        print(f"    stands at {run.step!r}, looked at again {tables.when(run.due_at, zone, now)}")
    for line in run.lines:
        print(f"    {tables.when(line.at, zone, now)}  {line.step or '-'}: {line.reason}  ({line.place})")
        for atom in line.seen:
            print(f"        {'yes' if atom['is'] else 'no ':3}  {atom['if']}{_values(atom['with'])}")
    for message in run.messages:
        consent = f", consent record {message['consent_id']}" if message["consent_id"] else ""
        reason = f" ({message['reason']})" if message["reason"] else ""
        print(f"    {message['channel']} {message['template']}: {message['state']}{reason}{consent}")


def _values(seen) -> str:  # type: ignore[no-untyped-def]
    shown = ", ".join(f"{name} is {'unknown' if value is None else value}" for name, value in seen.items())
    return f"   {shown}" if shown else ""
