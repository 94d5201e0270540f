"""Running a workspace: publish, up, status, pause, resume, enter, task."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime

if TYPE_CHECKING:
    from nurture.app.publish import Expected
    from nurture.app.status import Status

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[JOURNEY]...", help="Journeys; all if none is named.")
]


def register(app: typer.Typer) -> None:
    for command in (publish, up, status, pause, resume, enter, tasks):
        app.command()(command)


def publish(
    journeys: Names = None,
    workspace: Folder = HERE,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines; needs --yes.")] = False,
) -> None:
    """Make journeys live: shows who enters now and what it costs, and asks."""
    from nurture.app import publish as publishing
    from nurture.app.workspace import publishable

    files = publishable(workspace, journeys)
    with runtime(workspace) as opened:
        now = opened.now()
        expected = publishing.expected(opened, files, now)
        if as_json:
            tables.as_json(expected)
        else:
            _show(expected, opened.settings.company.currency)
        changed = [each for each in expected if each.change != "unchanged"]
        if not changed:
            print("Nothing to publish: everything is live as it stands here.")
            return
        if not yes and not typer.confirm(f"Publish {len(changed)} of {len(expected)}?"):
            print("Nothing was changed.")
            raise typer.Exit(1)
        publishing.publish(opened, files, now)
    if not as_json:
        print("Published. `nurture up` runs the journeys; `nurture status` says how they are doing.")


def _show(expected: Sequence[Expected], currency: str) -> None:
    rows = [["journey", "version", "enter now", "held out", "may message", "first messages", "cost"]]
    for each in expected:
        version = f"{each.number} ({each.change})"
        rows.append(
            [
                each.journey,
                version,
                f"{each.enter:,}",
                f"{each.held_out:,}",
                f"{each.may_be_messaged:,}",
                tables.counts(each.messages),
                f"{currency} {each.cost:,.2f}",
            ]
        )
    print(tables.table(rows, right=(2, 3, 4, 6)))
    for each in expected:
        if each.inside and each.change == "changed":
            print(f"{each.journey}: {each.inside:,} people inside stay in the version that they entered.")


def up(
    workspace: Folder = HERE,
    every: Annotated[
        float | None, typer.Option(help="Look for work every so many seconds, not at each job's own pace.")
    ] = None,
) -> None:
    """Run the journeys and the web part until stopped (Ctrl-C)."""
    from datetime import timedelta

    from nurture.app.opening import open_runtime
    from nurture.scheduler import Scheduler, until_told_to_stop
    from nurture.web.app import create_app
    from nurture.web.server import Server

    if every is not None and every < 0.1:
        raise typer.BadParameter("a tenth of a second is the least", param_hint="--every")
    _log_to_stderr()
    with runtime(workspace) as opened:
        opened.store.engine  # noqa: B018  the schema is brought up to date before anything else
        scheduler = Scheduler(lambda: open_runtime(workspace), timedelta(seconds=every) if every else None)
        with Server(create_app(opened), opened.settings.web_bind) as server:
            scheduler.start()
            print(
                f"Journeys are running; links and pages are served at {server.url}. Ctrl-C stops.", flush=True
            )
            until_told_to_stop()
            print("Stopping: what is being handed over now is finished first.", flush=True)
            scheduler.stop()
    print("Stopped. What is due waits for the next `nurture up`.", flush=True)


def _log_to_stderr() -> None:
    import logging

    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr
    )
    for noisy in ("apscheduler", "alembic", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def status(
    workspace: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    patience: Annotated[
        float, typer.Option(min=0, help="Minutes that something due may wait before it counts as ill.")
    ] = 10,
) -> None:
    """How every job is doing. Exit status 1 where something failed, waits too long or doesn't run at all."""
    from datetime import timedelta

    from nurture.app.status import status as look
    from nurture.schedule import JOBS

    with runtime(workspace) as opened:
        found = look(opened, [job.name for job in JOBS], opened.now())
        zone = opened.settings.company.zone
    troubles = found.troubles(timedelta(minutes=patience))
    if as_json:
        tables.as_json({"healthy": not troubles, "troubles": troubles, **_document(found)})
    else:
        _show_status(found, zone)
        print(*(troubles or ["All is well."]), sep="\n")
    if troubles:
        raise typer.Exit(1)


def _show_status(found: Status, zone: str) -> None:
    from nurture.app.status import in_words

    rows = [["job", "last run", "due", "lag", "last failed"]]
    for job in found.jobs:
        last_run, failed = (tables.when(at, zone, found.at) for at in (job.last_run, job.failed_at))
        rows.append([job.name, last_run, f"{job.due:,}", in_words(job.lag) if job.due else "-", failed])
    print(tables.table(rows, right=(2, 3)))
    sent = {state: count for state, count in found.messages.items() if state not in ("in_doubt", "refused")}
    facts = [
        ["messages", tables.counts(sent)],
        ["in doubt", f"{found.in_doubt:,}"],
        ["failed", f"{found.failed:,}"],
    ]
    if found.in_doubt:
        facts[1][1] += ": handed over, but the answer was lost; they are not sent again"
    if found.failed:
        facts[2][1] += ": refused for good by the provider"
    if found.paused:
        facts.append(
            ["paused", f"{', '.join(found.paused)}: {found.held:,} due messages wait for `nurture resume`"]
        )
    print(f"\n{tables.table(facts)}\n")


def _document(found: Status) -> dict[str, object]:
    return {
        "at": found.at,
        "jobs": [
            {
                "name": job.name,
                "last_run": job.last_run,
                "due": job.due,
                "lag_seconds": job.lag.total_seconds(),
                "error": job.error,
                "failed_at": job.failed_at,
            }
            for job in found.jobs
        ],
        "messages": dict(found.messages),
        "in_doubt": found.in_doubt,
        "failed": found.failed,
        "paused": list(found.paused),
        "held_by_pause": found.held,
        "last_sign": found.last_sign,
    }


All = Annotated[bool, typer.Option("--all", help="Every journey.")]


def pause(
    journey: Annotated[str | None, typer.Argument()] = None, every: All = False, workspace: Folder = HERE
) -> None:
    """Stop before the next handover: one journey, or --all."""
    from nurture.app.pause import pause as stop

    with runtime(workspace) as opened:
        names = stop(opened, _chosen(journey, every), opened.now())
    print(f"Paused: {', '.join(names) or 'nothing is published'}. `nurture resume` lets them go on.")


def resume(
    journey: Annotated[str | None, typer.Argument()] = None, every: All = False, workspace: Folder = HERE
) -> None:
    """Let paused journeys go on: one journey, or --all."""
    from nurture.app.pause import resume as go_on

    with runtime(workspace) as opened:
        names = go_on(opened, _chosen(journey, every))
    print(f"Going on: {', '.join(names) or 'nothing is published'}.")


def _chosen(journey: str | None, every: bool) -> list[str] | None:
    if (journey is None) != every:
        raise typer.BadParameter("name one journey, or say --all")
    return [journey] if journey else None


def enter(
    journey: str,
    people: Annotated[
        list[str], typer.Argument(metavar="PERSON...", help="Ref, e-mail address or phone number.")
    ],
    workspace: Folder = HERE,
) -> None:
    """Let people into a journey with `trigger: {manual: true}`."""
    from nurture.app.entering import enter_by_hand

    with runtime(workspace) as opened:
        entered = enter_by_hand(opened, journey, people, opened.now())
    print(
        f"{entered} of {len(people)} entered {journey}; the others are inside already or may not enter again."
    )


def tasks(
    done: Annotated[int | None, typer.Option("--done", help="Close the task of this number.")] = None,
    outcome: Annotated[str, typer.Option(help="What came of it.")] = "done",
    workspace: Folder = HERE,
) -> None:
    """Work for people: list what is open, or close a task with its outcome."""
    from nurture.app import tasks as work

    with runtime(workspace) as opened:
        if done is not None:
            title = work.close(opened, done, outcome, opened.now())
            print(f"Closed: {title} ({outcome}).")
            return
        found = work.open_tasks(opened)
        zone, now = opened.settings.company.zone, opened.now()
    if not found:
        print("No open tasks.")
        return
    rows = [["no.", "task", "person", "for", "due"]]
    rows += [[str(t.id), t.title, t.person, t.assign, tables.when(t.due_at, zone, now)] for t in found]
    print(tables.table(rows))
    print("`nurture tasks --done NO --outcome WORDS` closes one.")
