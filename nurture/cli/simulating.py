"""`nurture simulate`: what will happen, and what would have happened."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime
from nurture.cli.telling import atom_in_words, reason
from nurture.cli.writing import write

if TYPE_CHECKING:
    from nurture.app.explain import Line, RunStory
    from nurture.app.simulating.past import Journey, Past
    from nurture.app.simulating.person import Simulated
    from nurture.store.pretending import Waited


DAYS, SILENCE = 90, "silence"


def register(app: typer.Typer) -> None:
    app.command(short_help="What will happen to her, when, and why? Or: had it been live?")(simulate)


def simulate(
    journey: str,
    contact: Annotated[
        str | None, typer.Option(metavar="PERSON", help="Ref, e-mail address or phone number.")
    ] = None,
    answers: Annotated[str, typer.Option(help="How she answers: silence, clicks or buys.")] = SILENCE,
    event: Annotated[
        list[str] | None,
        typer.Option(help="What happens to her: 'order_completed@+3d {\"total\": 100}'. May be repeated."),
    ] = None,
    history: Annotated[
        str | None, typer.Option(metavar="SPAN", help="Had it been live for so long: 365d.")
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --history: also draw the journey with these counts on it."),
    ] = None,
    people: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --history: also write who would have entered when, as CSV."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="With --history: a line for each day, week or month; chosen by its length if unsaid."
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=1500, help="How far to look for her.")] = DAYS,
    treated: Annotated[bool, typer.Option("--treated", help="As if nobody were in a control group.")] = False,
    workspace: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """What will happen to one person in a journey as it stands in the workspace: when, which way, and why.

    With --history: had it been live so long, who would have entered, what would have been sent, what would it have
    cost? The production engine on a copy; nothing is sent and nothing is written.
    """
    from nurture.app.simulating.happenings import ANSWERS
    from nurture.app.simulating.person import Question
    from nurture.app.simulating.person import simulate as look
    from nurture.app.workspace import publishable

    if (contact is None) == (history is None):
        raise typer.BadParameter("say --contact ana, or --history 365d", param_hint="--contact")
    ahead = {"--answers": answers != SILENCE, "--event": event, "--days": days != DAYS, "--treated": treated}
    past = {"--svg": svg, "--people": people, "--by": by}
    if history is not None:
        _refuse(ahead, "it is about one person: say --contact ana")
        _history(workspace, journey, history, as_json, svg, people, by)
        return
    _refuse(past, "it is about the past: say --history 365d")
    assert contact is not None
    if answers not in ANSWERS:
        raise typer.BadParameter(f"choose one of {', '.join(ANSWERS)}", param_hint="--answers")
    (file,) = publishable(workspace, [journey])
    with runtime(workspace, for_work=False) as opened:
        found = look(opened, file, Question(contact, answers, tuple(event or ()), days, treated))
    if as_json:
        tables.as_json(found)
    else:
        print("\n".join(in_words(found)))


def _refuse(given: Mapping[str, object], why: str) -> None:
    """What belongs to the other of the two, the past or one person's future, is not passed over in silence."""
    for option, value in given.items():
        if value:
            raise typer.BadParameter(why, param_hint=option)


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


def _history(
    workspace: Path,
    journey: str,
    history: str,
    as_json: bool,
    svg: Path | None,
    people: Path | None,
    by: str | None,
) -> None:
    from nurture.app.simulating import past
    from nurture.app.simulating.drawn import drawn
    from nurture.app.workspace import publishable
    from nurture.clock import parse_span

    if by is not None and by not in _PERIODS:
        raise typer.BadParameter(f"choose one of {', '.join(_PERIODS)}", param_hint="--by")
    days = re.fullmatch(r"\s*(\d{1,4})\s*d(ays?)?\s*", history)
    try:
        span = timedelta(days=int(days[1])) if days else parse_span(history).elapsed()
    except ValueError as error:
        raise typer.BadParameter(f"{error}", param_hint="--history") from None
    if not timedelta(days=1) <= span <= timedelta(days=1500):
        raise typer.BadParameter("between 1 and 1500 days, such as 365d", param_hint="--history")
    files = publishable(workspace, [journey])
    with runtime(workspace, for_work=False) as opened:
        now = opened.now()
        found = past.simulate(opened, files, now - span, now, by_name=people is not None)
        currency = opened.settings.company.currency
    if as_json:
        tables.as_json(found)
    else:
        print("\n".join(past_in_words(found, currency, by)))
    if svg is not None:
        write(svg, drawn(files[0].plan, found.journeys[0], found))
        if not as_json:
            print(f"\n{svg}")
    if people is not None:
        write(people, by_name(found))
        if not as_json:
            print(f"\n{people}")


def by_name(found: Past) -> str:
    """Who would have entered when, and what became of each: CSV that no spreadsheet runs."""
    from nurture.reports.export import cell

    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow(["person", "entered", "status", "step", "reason", "ended"])
    for run in (run for journey in found.journeys for run in journey.runs or ()):
        entered, ended = (at and tables.wall(at, found.zone) for at in (run.entered_at, run.ended_at))
        told = (run.person, entered, run.status, run.step, run.exit_reason, ended)
        lines.writerow(map(cell, told))
    return out.getvalue()


def past_in_words(found: Past, currency: str, by: str | None = None) -> Iterator[str]:
    """What would have happened, as a marketer reads it; `by` day, week or month, or as the length of the past asks for."""
    by = by or next(name for name, (_, most) in _PERIODS.items() if found.end - found.start <= most)
    start, end = (tables.wall(at, found.zone)[:10] for at in (found.start, found.end))
    for journey in found.journeys:
        said = f"{journey.name}, had it been live from {start} to {end}, with {found.people:,} people known"
        yield tables.paragraph(said)
        yield ""
        periods = _periods(journey, by)
        yield tables.table(periods, right=range(1, len(periods[0])))
        yield ""
        yield tables.table(list(_facts(journey, found, currency)))
    yield ""
    yield tables.paragraph(f"Taken for granted: {'; '.join(found.assumed)}.")


# How each is headed, and of how long a past it is shown where nobody asks for another.
_PERIODS = {
    "day": ("day", timedelta(days=31)),
    "week": ("week of", timedelta(days=190)),
    "month": ("month", timedelta.max),
}


def _period(day: str, by: str) -> str:
    """The period of a day: itself, the Monday before, or its month."""
    if by == "week":
        at = date.fromisoformat(day)
        return (at - timedelta(days=at.weekday())).isoformat()
    return day[:7] if by == "month" else day


def _periods(journey: Journey, by: str) -> list[list[str]]:
    """Who entered and what was sent by channel; a period without either has no line."""
    from nurture.model import OPENED_BY_ALL, PERSONAL

    rows: dict[str, Counter[str]] = {}
    for day in journey.days:
        row = rows.setdefault(_period(day.day, by), Counter())
        row["entered"] += day.entered
        row.update(day.messages)
    total = sum(rows.values(), Counter[str]())
    used = [each.value for each in PERSONAL if each in OPENED_BY_ALL or total[each.value]]
    names = ("entered", *used)
    shown = [[period, *(f"{rows[period][name]:,}" for name in names)] for period in sorted(rows)]
    return [[_PERIODS[by][0], *names], *shown, ["in all", *(f"{total[name]:,}" for name in names)]]


def _facts(journey: Journey, found: Past, currency: str) -> Iterator[list[str]]:
    yield ["cost", f"{currency} {journey.cost:,.2f}, an SMS counted as one segment"]
    if journey.days:
        busiest = max(journey.days, key=lambda day: sum(day.messages.values()))
        yield ["busiest day", f"{busiest.day}: {tables.counts(busiest.messages)}"]
    if journey.held_out:
        yield ["control group", f"{journey.held_out:,} recorded, never touched"]
    yield ["sent later", _reasons(journey.held_back)]
    if journey.waited is not None:
        yield ["waited for the pace", _waited(journey.waited)]
    yield ["not sent", _reasons(journey.not_sent)]
    yield ["inside today", tables.counts(journey.standing, "nobody")]
    yield [
        "ended",
        ", ".join(f"{n:,} {reason(why).removeprefix('leaves: ')}" for why, n in journey.ended.items()) or "-",
    ]
    if journey.as_of_today:
        fields = ", ".join(f"{name} of {people:,}" for name, people in journey.as_of_today.items())
        yield ["taken as of today", f"{fields}: no event tells when it became what it is"]
    yield ["decisions", f"{found.decisions:,}"]


def _waited(waited: Waited) -> str:
    from nurture.app.status import in_words

    said = f"{waited.count:,}, the longest {in_words(waited.longest)}" if waited.count else "none"
    return f"{said}; {waited.still:,} wait still" if waited.still else said


def _reasons(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {why.replace('_', ' ')}" for why, count in counts.items()) or "none"
