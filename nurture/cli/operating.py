"""Running a workspace: publish, up, status, pause, resume, enter, task."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime

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


def _show(expected, currency: str) -> None:  # type: ignore[no-untyped-def]
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


def up(workspace: Folder = HERE) -> None:
    """Run the journeys and the web part until stopped (Ctrl-C)."""
    import logging

    from nurture.app.opening import open_runtime
    from nurture.scheduler import Scheduler, until_told_to_stop
    from nurture.web.app import create_app
    from nurture.web.server import Server

    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr
    )
    for noisy in ("apscheduler", "alembic", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with runtime(workspace) as opened:
        opened.store.engine  # noqa: B018  the schema is brought up to date before anything else
        scheduler = Scheduler(lambda: open_runtime(workspace))
        with Server(create_app(opened), opened.settings.web_bind) as server:
            scheduler.start()
            print(
                f"Journeys are running; links and pages are served at {server.url}. Ctrl-C stops.", flush=True
            )
            until_told_to_stop()
            print("Stopping: the job at work is finished first.", flush=True)
            scheduler.stop()


def status(
    workspace: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    patience: Annotated[
        int, typer.Option(help="Minutes that something due may wait before it counts as ill.")
    ] = 10,
) -> None:
    """How every job is doing. Exit status 1 where something failed or waits too long."""
    from datetime import timedelta

    from nurture.app.status import status as look
    from nurture.schedule import JOBS

    with runtime(workspace) as opened:
        found = look(opened, [job.name for job in JOBS], opened.now())
        zone = opened.settings.company.zone
    healthy = found.healthy(timedelta(minutes=patience))
    if as_json:
        tables.as_json({"healthy": healthy, **_document(found)})
    else:
        rows = [["job", "last run", "due", "waiting", "last error"]]
        rows += [
            [
                job.name,
                tables.when(job.last_run, zone, found.at),
                f"{job.due:,}",
                str(job.lag).split(".")[0],
                job.error or "-",
            ]
            for job in found.jobs
        ]
        print(tables.table(rows, right=(2, 3)))
        print(f"messages: {tables.counts(found.messages)}")
        if found.in_doubt:
            print(
                f"{found.in_doubt} in doubt: handed over, but the answer was lost. They are not sent again."
            )
        if found.paused:
            print(f"paused: {', '.join(found.paused)}. `nurture resume` lets them go on.")
        print(
            "All is well." if healthy else "Something needs a look: see the last errors and what is waiting."
        )
    if not healthy:
        raise typer.Exit(1)


def _document(found) -> dict[str, object]:  # type: ignore[no-untyped-def]
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
