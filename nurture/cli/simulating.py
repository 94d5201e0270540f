"""`nurture simulate`: what will happen, and what would have happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime
from nurture.cli.telling import atom_in_words, reason

if TYPE_CHECKING:
    from nurture.app.explain import Line, RunStory
    from nurture.app.simulating.person import Simulated


def register(app: typer.Typer) -> None:
    app.command(short_help="What will happen to her, when, and why? Or: had it been live?")(simulate)


def simulate(
    journey: str,
    contact: Annotated[
        str | None, typer.Option(metavar="PERSON", help="Ref, e-mail address or phone number.")
    ] = None,
    answers: Annotated[str, typer.Option(help="How she answers: silence, clicks or buys.")] = "silence",
    event: Annotated[
        list[str] | None,
        typer.Option(help="What happens to her: 'order_completed@+3d {\"total\": 100}'. May be repeated."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=1500, help="How far to look for her.")] = 90,
    treated: Annotated[bool, typer.Option("--treated", help="As if nobody were in a control group.")] = False,
    workspace: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """What will happen to one person in a journey as it stands in the workspace: when, which way, and why.

    The production engine on a copy; nothing is sent and nothing is written.
    """
    from nurture.app.simulating.happenings import ANSWERS
    from nurture.app.simulating.person import Question
    from nurture.app.simulating.person import simulate as look
    from nurture.app.workspace import publishable

    if contact is None:
        raise typer.BadParameter("say whom: --contact ana", param_hint="--contact")
    if answers not in ANSWERS:
        raise typer.BadParameter(f"choose one of {', '.join(ANSWERS)}", param_hint="--answers")
    (file,) = publishable(workspace, [journey])
    with runtime(workspace, for_work=False) as opened:
        found = look(opened, file, Question(contact, answers, tuple(event or ()), days, treated))
    if as_json:
        tables.as_json(found)
    else:
        print("\n".join(in_words(found)))


def in_words(found: Simulated) -> Iterator[str]:
    """The timeline as a marketer reads it."""
    which = {"unchanged": "as it is live", "changed": "as changed in the workspace", "new": "not live yet"}
    yield tables.paragraph(f"{found.ref} in {found.journey}, {which[found.change]}; times in {found.zone}")
    yield tables.paragraph(f"The numbers are lines of {found.file}.")
    yield tables.paragraph(f"Assumed: {'; '.join(found.assumed)}.")
    for run in found.runs:
        yield ""
        yield from _run(run, found)
    if found.not_in is not None:
        yield ""
        until = tables.wall(found.until, found.zone)
        yield tables.paragraph(
            f"She does not enter up to {until}: {found.not_in.why}  ({found.not_in.place})"
        )
        for text, value, seen in found.not_in.truth.atoms if found.not_in.truth else ():
            yield atom_in_words(text, value, seen)


def _run(run: RunStory, found: Simulated) -> Iterator[str]:
    """When, in which line of the file, at which step, what; below it what was looked at."""
    word = "entered" if run.entered_at < found.start else "enters"
    rows = [(_row(run.entered_at, found, "", "", f"{word} version {run.version}"), list[str]())]
    for line in run.lines:
        if line.at >= found.start and not _said_by_the_next(line, run):
            rows.append((_line(line, run, found), _atoms(line)))
    if run.status == "held_out":
        rows[0][1].append("She is in the control group: recorded, never touched.")
        rows[0][1].append("--treated shows what the others get.")
    elif run.ended_at is not None:
        why = f": {reason(run.exit_reason).removeprefix('leaves: ')}" if run.exit_reason else ""
        rows.append((_row(run.ended_at, found, "", "", f"{run.status}{why}"), []))
    elif run.step:
        rows.append((_row(found.until, found, "", run.step, "still here"), []))
    yield from _with_notes(rows)


def _with_notes(rows: Sequence[tuple[list[str], list[str]]]) -> Iterator[str]:
    """The rows in columns, the notes of each below it."""
    notes = iter([note for _, note in rows])
    below: list[str] = []
    for line in tables.table([row for row, _ in rows], right=(1,)).splitlines():
        if not line.startswith(" "):  # a row begins
            yield from (tables.paragraph(note, 6) for note in below)
            below = next(notes)
        yield line
    yield from (tables.paragraph(note, 6) for note in below)


def _row(at: datetime, found: Simulated, line: str, step: str, what: str) -> list[str]:
    return [tables.wall(at, found.zone), line, step, what]


def _said_by_the_next(line: Line, run: RunStory) -> bool:
    """A message that leaves as soon as it is written, and the exit that ends the run, are said once."""
    if line.reason == run.exit_reason and not line.seen:
        return True
    after = run.lines[run.lines.index(line) + 1 :][:1]
    accepted = bool(after) and after[0].reason == "message.accepted" and after[0].at == line.at
    return line.reason.startswith("message.written") and accepted


def _line(line: Line, run: RunStory, found: Simulated) -> list[str]:
    said = reason(line.reason)
    if line.reason == "message.accepted":
        own = [f"{each.channel} {each.template}" for each in run.messages if each.step == line.step]
        said = ", ".join(own) or said
    return _row(line.at, found, line.place.rpartition(":")[2], line.step or "", said)


def _atoms(line: Line) -> list[str]:
    return [atom_in_words(atom["if"], atom["is"], atom["with"]).strip() for atom in line.seen]
