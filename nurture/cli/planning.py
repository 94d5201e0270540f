"""`nurture plan` in words: what changes, whom it concerns, and what the next 30 days bring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime
from nurture.cli.writing import write

if TYPE_CHECKING:
    from nurture.app.planning import Plan, Unknown
    from nurture.app.worst_values import TooLong
    from nurture.compiler.difference import Change
    from nurture.compiler.plan import Plan as JourneyPlan

_FATE = {
    "pin": "they end in the version that they entered",
    "migrate": "they go on in the new version",
    "drain": "they finish this step and leave",
    "eject": "they leave at once",
}


_SIGN = {"added": "+", "removed": "-", "changed": "~", "moved": "~"}


def register(app: typer.Typer) -> None:
    app.command(short_help="What changes when I publish: steps, people inside, messages, cost?")(plan)


def plan(
    journeys: Annotated[
        list[str] | None, typer.Argument(metavar="JOURNEY", help="Journeys; all if none is named.")
    ] = None,
    workspace: Folder = HERE,
    quick: Annotated[bool, typer.Option("--quick", help="Without the next 30 days.")] = False,
    svg: Annotated[
        Path | None,
        typer.Option("--svg", metavar="FILE", help="Also draw the change of one journey into this file."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """What changes when the workspace is published: steps, whom that concerns, messages and cost.

    Nothing is written. Exit status 1 where somebody inside would be stranded.
    """
    from nurture.app import planning, worst_values
    from nurture.app.publish_checks import refuse_mistakes
    from nurture.app.workspace import chosen, load

    read = load(workspace)
    files = chosen(read, journeys, _MENDED)
    refuse_mistakes(read, files, _MENDED)
    if svg is not None and len(files) != 1:
        raise typer.BadParameter("name one journey to draw", param_hint="--svg")
    with runtime(workspace, for_work=False) as opened:
        found = planning.plan(opened, files, opened.now(), ahead=not quick)
        changed = [file for file, each in zip(files, found, strict=True) if each.change in ("new", "changed")]
        unknown = planning.unknown(opened, changed, read.problems, opened.now())
        too_long = worst_values.too_long(opened, changed)
        currency = opened.settings.company.currency
    if as_json:
        tables.as_json({"journeys": found, "unknown": unknown, "too_long": too_long})
    else:
        said = [*in_words(found, currency), *map(_unknown, unknown), *map(of_sms, too_long)]
        print("\n\n".join(said))
    if svg is not None:
        _draw(svg, files[0].plan, found[0])
        if not as_json:
            print(f"\n{svg}")
    stranded = any(each.stranded for each in found)
    if not as_json:
        print(f"\n{tables.paragraph(_next(found, journeys or [], stranded=stranded))}")
    if stranded:
        raise typer.Exit(1)


_MENDED = "mend them, then `nurture plan` shows what would change"


def _next(found: list[Plan], named: list[str], *, stranded: bool) -> str:
    """What to do now."""
    if stranded:
        return "Next: say where those go who are refused, and plan again."
    if all(each.change == "unchanged" for each in found):
        return "Nothing to publish: everything is live as it stands here."
    return f"Next: `{' '.join(['nurture publish', *named])}` makes it live."


def _draw(path: Path, plan: JourneyPlan, found: Plan) -> None:
    from nurture.reports import planned

    write(path, planned.svg(plan, found.changes, found.standing, found.gone))


def in_words(found: list[Plan], currency: str) -> Iterator[str]:
    """A paragraph for each journey that changes, and a line for the others."""
    for each in found:
        if each.change in ("new", "changed", "canary", "whole", "withdrawn"):
            yield "\n".join(_journey(each, currency))
    labels = [each.journey for each in found if each.change == "labels"]
    if labels:
        yield tables.paragraph(f"Only texts change, no new version: {', '.join(labels)}.")
    unchanged = [each.journey for each in found if each.change == "unchanged"]
    if unchanged:
        yield tables.paragraph(f"Unchanged: {', '.join(unchanged)}.")


def _unknown(found: Unknown) -> str:
    concerned = tables.plural(found.people, "person", "people")
    return tables.paragraph(f"{found.file}:{found.line}: {found.said}: {concerned} today.")


def of_sms(found: TooLong) -> str:
    return tables.paragraph(f"{found.file}:{found.line}: {found.said}.")


def _becomes(found: Plan) -> Iterator[str]:
    canary = found.canary
    said = {
        "new": f"new, version {found.number}",
        "changed": f"version {found.live} becomes {found.number}",
        "canary": f"version {found.number}, beside {found.live}",
        "whole": f"version {found.number} is for everybody who comes, no longer {found.live}",
        "withdrawn": f"version {found.live} is for everybody who comes again",
    }
    yield tables.paragraph(f"{found.journey}: {said[found.change]}")
    if canary is not None:
        share = f"{canary.share / 100:g}% of newcomers enter version {canary.number} today"
        yield tables.paragraph(f"{share}, the others {found.live}", 2)


def _journey(found: Plan, currency: str) -> Iterator[str]:
    yield from _becomes(found)
    for change in found.changes:
        yield from _change(change, found)
    inside = sum(found.standing.values()) + sum(found.gone.values())
    if found.change in ("changed", "whole"):
        people = tables.plural(inside, "person", "people")
        yield tables.paragraph(
            f"Inside: {people}; in_flight is {found.in_flight}: {_FATE[found.in_flight]}.", 2
        )
    if found.failed is not None:
        yield tables.paragraph(f"CAREFUL: {found.failed}.", 2)
    for step, count in found.stranded.items():
        said = (
            f"REFUSED: {count:,} at '{step}', which is gone: say 'in_flight: {{migrate: {{{step}: STEP}}}}'"
        )
        yield tables.paragraph(f"{said} with a step of the new version, or 'end'.", 2)
    if found.next_30_days is not None:
        month = found.next_30_days
        said = f"{month.enter:,} enter, {tables.counts(month.messages, 'no messages')}"
        all_ = "were it for everybody, and " if found.change == "canary" else ""
        like = f"Next 30 days, {all_}if they are like the last 30"
        yield tables.paragraph(f"{like}: {said}, {currency} {month.cost:,.2f}.", 2)


def _change(change: Change, found: Plan) -> Iterator[str]:
    from nurture.reports.planned import head

    if change.step is None:
        for value in change.values:
            yield tables.paragraph(f"~ {value.name}: {value.old} -> {value.new}", 2)
        return
    yield tables.paragraph(f"{_SIGN[change.what]} {head(change)}", 2)
    if len(change.values) > 1 or change.named:
        for value in change.values:
            yield tables.paragraph(f"{value.name}: {value.old} -> {value.new}", 6)
    standing = _standing(change, found)
    if standing and change.what != "added":
        who = tables.plural(standing, "person stands", "people stand")
        yield tables.paragraph(f"{who} here: {_fate(change, found)}", 6)


def _standing(change: Change, found: Plan) -> int:
    """People at the step: at one that is removed, whichever pass of a repeat they are in."""
    if change.what != "removed":
        return found.standing.get(str(change.step), 0)
    return sum(count for step, count in found.gone.items() if step.partition("[")[0] == change.step)


def _fate(change: Change, found: Plan) -> str:
    step, moves = str(change.step), found.moves
    if found.in_flight == "migrate" and step in moves:
        return "they leave" if moves[step] == "end" else f"they go on at '{moves[step]}'"
    if change.what == "removed" and any(each.partition("[")[0] == step for each in found.stranded):
        return "they would be stranded"
    if found.in_flight == "migrate":
        return "they go on here, in the new version"
    return _FATE[found.in_flight]
