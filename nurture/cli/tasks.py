"""`nurture tasks`: work for people, what they should know, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime
from nurture.problems import NurtureError

if TYPE_CHECKING:
    from nurture.app.tasks import OpenTask

_LARGEST = 2**63 - 1  # of the numbers that a database gives


def _number(typed: int) -> int:
    if typed > _LARGEST:
        raise NurtureError(f"there is no task {typed}; `nurture tasks` lists those that are open")
    return typed


Number = Annotated[int, typer.Argument(metavar="NO", help="The task's number.", callback=_number)]


def register(app: typer.Typer) -> None:
    tasks = typer.Typer(rich_markup_mode=None, add_completion=False)
    tasks.callback(invoke_without_command=True)(list_open)
    tasks.command(short_help="What the colleague should know.")(show)
    tasks.command(short_help="Close a task with its outcome.")(done)
    app.add_typer(tasks, name="tasks", short_help="Work for people: list, show, close with an outcome.")


def list_open(
    context: typer.Context,
    workspace: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Work that journeys give to people: list what is open, show one, close it with its outcome."""
    if context.invoked_subcommand:
        context.obj = workspace
        return
    from nurture.app import tasks as work

    with runtime(workspace) as opened:
        found = work.open_tasks(opened)
        zone, now = opened.settings.company.zone, opened.now()
    if as_json:
        tables.as_json(found)
        return
    if not found:
        print("No open tasks.")
        return
    rows = [["no.", "due", "person", "for", "task"]]
    rows += [[str(t.id), tables.when(t.due_at, zone, now), t.person, t.assign, t.title] for t in found]
    print(tables.table(rows))
    print("\nNext: `nurture tasks show NO` shows one, `nurture tasks done NO OUTCOME` closes it.")


def show(context: typer.Context, number: Number, workspace: Folder = HERE) -> None:
    """What the colleague should know: the task's brief, with the person's values."""
    from nurture.app import tasks as work

    with runtime(_folder(context, workspace)) as opened:
        task, brief = work.brief(opened, number)
        zone, now = opened.settings.company.zone, opened.now()
    print(f"{task.id}: {task.title}")
    print(f"{_state(task)}, for {task.assign}, due {tables.when(task.due_at, zone, now)}\n")
    print(
        tables.letter(brief) if brief else f"Person: {task.person}\n(The journey gives this task no brief.)"
    )
    if task.outcome is None:
        print(f"\nNext: `nurture tasks done {task.id} OUTCOME` closes it.")


def _state(task: OpenTask) -> str:
    return "open" if task.outcome is None else f"closed ({task.outcome})"


def done(
    context: typer.Context,
    number: Number,
    outcome: Annotated[str, typer.Argument(metavar="OUTCOME", help="What came of it.")] = "done",
    workspace: Folder = HERE,
) -> None:
    """Close a task. Its outcome is an event, and the journey goes on by it."""
    from nurture.app import tasks as work

    with runtime(_folder(context, workspace)) as opened:
        title = work.close(opened, number, outcome, opened.now())
    print(f"Closed: {title} ({outcome}).")


def _folder(context: typer.Context, workspace: Folder) -> Folder:
    """`-w` may stand before or after the word `show` or `done`."""
    return context.obj if workspace == HERE and context.obj is not None else workspace
