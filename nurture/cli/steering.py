"""Taking a hand in what runs: pause, resume, enter, eject. What will happen is shown first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.cli import restoring, tables
from nurture.cli.folder import HERE, Folder, runtime

if TYPE_CHECKING:
    from nurture.app.entering import Entry
    from nurture.app.pause import Held

SHORT = {
    "pause": "Stop before the next handover: one journey, or --all.",
    "resume": "Let paused journeys go on, without a storm: one journey, or --all.",
    "enter": "Let people into a journey that starts by hand.",
    "eject": "Take people out of a journey: those named, or --everybody.",
}
All = Annotated[bool, typer.Option("--all", help="Every journey.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
People = Annotated[
    list[str], typer.Argument(metavar="PERSON...", help="Ref, e-mail address or phone number.")
]
OVERDUE = ("spread", "now", "skip")


def register(app: typer.Typer) -> None:
    for command in (pause, resume, enter, eject):
        app.command(short_help=SHORT[command.__name__])(command)


def pause(
    journey: Annotated[str | None, typer.Argument()] = None,
    every: All = False,
    workspace: Folder = HERE,
    yes: Yes = False,
) -> None:
    """Stop before the next handover: one journey, or --all. Nobody enters, and no message leaves."""
    from nurture.app import pause as pausing

    names = _chosen(journey, every)
    with runtime(workspace) as opened:
        found = pausing.held(opened, names, opened.now())
        _show(found)
        print("Paused, nobody enters and nothing leaves; what falls due waits.")
        agree(f"Pause {tables.plural(len(found), 'journey')}?", yes)
        paused = pausing.pause(opened, names, opened.now())
    said = f"Paused: {', '.join(paused) or 'nothing is published'}. `nurture resume` lets them go on."
    print(tables.paragraph(said))


def resume(
    journey: Annotated[str | None, typer.Argument()] = None,
    every: All = False,
    channel: Annotated[
        str | None,
        typer.Option(metavar="CHANNEL", help="Marketing by this channel, which had stopped by itself."),
    ] = None,
    after_restore: Annotated[
        bool, typer.Option("--after-restore", help="The database was restored from a backup.")
    ] = False,
    send: Annotated[
        bool, typer.Option("--send", help="With --after-restore: send what may have been sent already.")
    ] = False,
    drop: Annotated[bool, typer.Option("--drop", help="With --after-restore: leave it out.")] = False,
    overdue: Annotated[
        str,
        typer.Option(
            help="What is overdue: spread (at the channel's rate or 100 a minute, or over --over), now, or skip (it is left out)."
        ),
    ] = "spread",
    over: Annotated[
        str | None, typer.Option(metavar="SPAN", help="How long what is overdue takes to leave: '4 hours'.")
    ] = None,
    workspace: Folder = HERE,
    yes: Yes = False,
) -> None:
    """Let paused journeys go on: one journey, or --all. Shows what is overdue; lets it go bit by bit.

    With --channel: let a channel's marketing go on that had stopped by itself. With --after-restore: park what may have
    been sent after the backup, and decide about it.
    """
    from nurture.app import pause as pausing

    if (journey is not None) + every + (channel is not None) + after_restore > 1:
        raise typer.BadParameter("name one journey, or say one of --all, --channel, --after-restore")
    if (send or drop) and (not after_restore or (send and drop)):
        raise typer.BadParameter("--send or --drop belongs to --after-restore: one of them")
    if channel is not None:
        restoring.resume_channel(workspace, channel)
        return
    if after_restore:
        restoring.after_restore(workspace, "send" if send else "drop" if drop else None)
        return
    names = _chosen(journey, every)
    if overdue not in OVERDUE:
        raise typer.BadParameter(f"choose one of {', '.join(OVERDUE)}", param_hint="--overdue")
    with runtime(workspace) as opened:
        found = pausing.held(opened, names, opened.now())
        late = sum(each.overdue for each in found)
        span = _span(over) if over else pausing.over(late, pausing.pace(opened, found))
        _show(found)
        print(_let_go(overdue, late, span))
        agree(f"Let {tables.plural(len(found), 'journey')} go on?", yes)
        names = pausing.resume(opened, names, opened.now(), overdue=overdue, span=span)
    print(tables.paragraph(f"Going on: {', '.join(names) or 'nothing is published'}."))


def _let_go(overdue: str, late: int, span: timedelta) -> str:
    messages = tables.plural(late, "message")
    if not late:
        return "Nothing is overdue."
    if overdue == "skip":
        return f"{messages} overdue: left out, and those people go on."
    if overdue == "now":
        return f"{messages} overdue: leave at once."
    minutes = max(1, round(span.total_seconds() / 60))
    return f"{messages} overdue: leave bit by bit over {tables.plural(minutes, 'minute')}."


def _span(text: str) -> timedelta:
    from nurture.clock import parse_span

    try:
        return parse_span(text).elapsed()
    except ValueError as error:
        raise typer.BadParameter(f"{error}", param_hint="--over") from None


def _show(found: Sequence[Held]) -> None:
    rows = [["journey", "now", "inside", "waiting", "overdue", "enter at once"]]
    for each in found:
        held = f"version {each.stopped} stopped" if each.stopped else "running"
        state = "paused" if each.paused_at else held
        waiting = tables.counts(each.waiting)
        enter = f"{each.enter:,}" if each.paused_at else "-"
        rows.append([each.journey, state, f"{each.inside:,}", waiting, f"{each.overdue:,}", enter])
    print(tables.table(rows, right=(2, 4, 5)))


def _chosen(journey: str | None, every: bool) -> list[str] | None:
    if (journey is None) != every:
        raise typer.BadParameter("name one journey, or say --all")
    return [journey] if journey else None


def agree(question: str, yes: bool) -> None:
    """Ask, unless it was said that there is no need to. Raises NurtureError where nobody is there to answer."""
    from nurture.problems import NurtureError

    if yes:
        return
    try:
        agreed = typer.confirm(question)
    except typer.Abort:
        print()
        raise NurtureError("nothing was done; --yes does it without asking") from None
    if not agreed:
        print("Nothing was done.")
        raise typer.Exit(1)


def enter(journey: str, people: People, workspace: Folder = HERE, yes: Yes = False) -> None:
    """Let people into a journey with `trigger: {manual: true}`. Shows first who is refused, and why."""
    from nurture.app.entering import enter_by_hand, rehearse

    with runtime(workspace) as opened:
        entries = rehearse(opened, journey, people, opened.now())
        _show_entries(journey, entries)
        if not any(each.enters for each in entries):
            return
        agree("Let them in?", yes)
        entered = enter_by_hand(opened, journey, people, opened.now())
    print(tables.paragraph(f"{entered} of {len(people)} entered {journey}."))


def _show_entries(journey: str, entries: Sequence[Entry]) -> None:
    from nurture.cli.telling import atom_in_words

    let_in = [each.person for each in entries if each.enters]
    for each in entries:
        if not each.enters:
            print(tables.paragraph(f"{each.person} is refused: {each.why}"))
            for atom in each.truth.atoms if each.truth else ():
                print(atom_in_words(*atom))
    for person in (each.person for each in entries if each.held_out):
        print(tables.paragraph(f"{person} falls into the control group: she is counted, and gets nothing."))
    if let_in:
        said = f"{tables.plural(len(let_in), 'person', 'people')} of {len(entries)} would enter {journey} now"
        follows = f"`nurture simulate {journey} --contact {let_in[0]}` shows what follows."
        print(tables.paragraph(f"{said}; {follows}"))
    else:
        print("Nobody would enter.")


def eject(
    journey: str,
    people: Annotated[
        list[str] | None, typer.Argument(metavar="PERSON...", help="Ref, e-mail address or phone number.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--everybody", help="All who are inside.")] = False,
    workspace: Folder = HERE,
    yes: Yes = False,
) -> None:
    """Take people out of a journey: their runs end, and what has not been sent to them is cancelled."""
    from nurture.app import moving

    if bool(people) == everybody:
        raise typer.BadParameter("name people, or say --everybody")
    with runtime(workspace) as opened:
        count, waiting = moving.taken_out(opened, journey, people or [])
        ends = f"{tables.plural(count, 'run')} of {journey} would end"
        unsent = f"Unsent in the whole journey: {tables.plural(waiting, 'message')}"
        print(tables.paragraph(f"{ends}; what these people have not been sent is cancelled. {unsent}."))
        if not count:
            return
        agree("Take them out?", yes)
        ended = moving.take_out(opened, journey, people or [], opened.now())
    print(f"Taken out of {journey}: {tables.plural(ended, 'run')}.")
