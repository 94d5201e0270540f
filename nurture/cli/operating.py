"""Running a workspace: up, run, status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime
from nurture.cli.spans import time_of

if TYPE_CHECKING:
    from nurture.app.runtime import Runtime
    from nurture.app.status import Status
    from nurture.schedule import Job

SHORT = {
    "up": "Run the journeys and their pages until stopped (Ctrl-C).",
    "run": "Run every job once, or the one that is named, and end.",
    "status": "How every job is doing; exit status 1 where one is ill.",
}


def register(app: typer.Typer) -> None:
    for command in (up, run, status):
        app.command(short_help=SHORT[command.__name__])(command)


def up(
    workspace: Folder = HERE,
    every: Annotated[
        float | None, typer.Option(help="Look for work every so many seconds, not at each job's own pace.")
    ] = None,
) -> None:
    """Run the journeys and the web part until stopped (Ctrl-C)."""
    from nurture.app.opening import open_runtime
    from nurture.cli import logs
    from nurture.scheduler import Scheduler, told_to_stop, who_else
    from nurture.web.app import create_app
    from nurture.web.server import Server

    if every is not None and every < 0.1:
        raise typer.BadParameter("a tenth of a second is the least", param_hint="--every")
    pace = None if every is None else time_of(every, timedelta(seconds=1), "--every")
    with runtime(workspace) as opened:
        logs.to_stderr(opened.settings.company.zone)
        opened.store.engine  # noqa: B018  the schema is brought up to date before anything else
        other = who_else(opened)
        scheduler = Scheduler(lambda: open_runtime(workspace), pace)
        told = told_to_stop()
        with Server(create_app(opened), opened.settings.web_bind, patient=other is not None) as server:
            scheduler.start()
            print(
                f"Another nurture runs this workspace ({other}). This one stands by. Ctrl-C stops."
                if other
                else f"Journeys are running; links and pages are served at {server.url}. Ctrl-C stops.",
                flush=True,
            )
            told.wait()
            print("Stopping: what is being handed over now is finished first.", flush=True)
            scheduler.stop()
    print("Stopped. What is due waits for the next `nurture up`.", flush=True)


def run(
    job: Annotated[str | None, typer.Argument(metavar="[JOB]", help="All of them if none is named.")] = None,
    workspace: Folder = HERE,
) -> None:
    """Run every job once, or the one that is named, and end: from cron, or to see at once what happens.

    Harmless beside `nurture up`: what is due is done once, whoever does it.
    """
    from nurture import schedule

    chosen = [each for each in schedule.JOBS if job in (None, each.name)]
    if not chosen:
        raise typer.BadParameter(
            f"the jobs are {', '.join(each.name for each in schedule.JOBS)}", param_hint="JOB"
        )
    with runtime(workspace) as opened:
        went = [(each.name, *_ran(opened, each)) for each in chosen]
    said = [(name, why if done is None else tables.counts(done, "nothing to do")) for name, done, why in went]
    print(tables.table(said))
    if any(done is None for _, done, _ in went):
        raise typer.Exit(1)


def _ran(opened: Runtime, job: Job) -> tuple[Mapping[str, int] | None, str]:
    """What a job did, or why it failed."""
    from nurture import schedule

    try:
        return schedule.run(opened, job), ""
    except Exception as error:
        return None, f"failed: {schedule.in_words(error)}"


def status(
    workspace: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    patience: Annotated[
        float, typer.Option(min=0, help="Minutes that something due may wait before it counts as ill.")
    ] = 10,
) -> None:
    """How every job is doing. Exit status 1 where something failed, waits too long or doesn't run at all."""
    from nurture.app.status import status as look
    from nurture.schedule import JOBS

    patient = time_of(patience, timedelta(minutes=1), "--patience")
    with runtime(workspace) as opened:
        found = look(opened, {job.name: job.every for job in JOBS}, opened.now())
        zone = opened.settings.company.zone
    troubles = found.troubles(patient)
    if as_json:
        tables.as_json({"healthy": not troubles, "troubles": troubles, **_document(found)})
    else:
        _show_status(found, zone)
        told = (*found.stopped, *found.channels)
        said = [tables.paragraph(each) if each in told else each for each in troubles]
        print(*(said or ["All is well."]), sep="\n")
    if troubles:
        raise typer.Exit(1)


def _show_status(found: Status, zone: str) -> None:
    from nurture.app.status import in_words

    rows = [["job", "last run", "due", "lag", "last failed"]]
    for job in found.jobs:
        last_run, failed = (tables.when(at, zone, found.at) for at in (job.last_run, job.failed_at))
        rows.append([job.name, last_run, f"{job.due:,}", in_words(job.lag) if job.due else "-", failed])
    print(tables.table(rows, right=(2, 3)))
    print(f"\n{tables.table(list(_facts(found)))}\n")


def _facts(found: Status) -> Iterator[list[str]]:
    """What is known besides the jobs."""
    sent = {state: count for state, count in found.messages.items() if state not in ("in_doubt", "refused")}
    yield ["messages", tables.counts(sent)]
    if found.cancelled:
        reasons = {reason.replace("_", " "): count for reason, count in found.cancelled.items()}
        yield ["cancelled", tables.counts(reasons)]
    lost = ": handed over, but the answer was lost; see `nurture doubts`" if found.in_doubt else ""
    yield ["in doubt", f"{found.in_doubt:,}{lost}"]
    told = {words: count for words, count in found.failures.items() if count}
    why = next(iter(told)) if len(told) == 1 else tables.counts(told)
    yield ["failed", f"{found.failed:,}: {why}" if found.failed else "0"]
    if found.paused:
        waiting = f"{found.held:,} due messages wait for `nurture resume`"
        yield ["paused", f"{', '.join(found.paused)}: {waiting}"]
    if left := len(found.unread.left):
        mails = "1 mail that came back was" if left == 1 else f"{left:,} mails that came back were"
        yield ["mailbox", f"{mails} not understood, unread in {found.unread.folder}"]
    if found.unheard:
        yield ["opt-outs", found.unheard.in_words()]
    yield from (["pace", each] for each in found.pacing)
    past = (job for job in found.jobs if job.error and not job.failing)
    yield from (["last error", f"{job.name}, which works again: {job.error}"] for job in past)


def _document(found: Status) -> dict[str, object]:
    return {
        "at": found.at,
        "jobs": [
            {
                "name": job.name,
                "last_run": job.last_run,
                "due": job.due,
                "lag_seconds": job.lag.total_seconds(),
                "failing": job.failing,
                "error": job.error,
                "failed_at": job.failed_at,
            }
            for job in found.jobs
        ],
        "messages": dict(found.messages),
        "cancelled": dict(found.cancelled),
        "in_doubt": found.in_doubt,
        "failed": found.failed,
        "refused": dict(found.refused),
        "paused": list(found.paused),
        "canaries_stopped": list(found.stopped),
        "channels_stopped": list(found.channels),
        "pace": list(found.pacing),
        "held_by_pause": found.held,
        "mails_not_understood": len(found.unread.left),
        "stops_without_number": found.unheard.count if found.unheard else 0,
        "last_sign": found.last_sign,
    }
