"""`nurture plan` in words: what changes, whom it concerns, and what the next 30 days bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime

if TYPE_CHECKING:
    from nurture.app.planning import Plan
    from nurture.compiler.difference import Change

_FATE = {
    "pin": "they end in the version that they entered",
    "migrate": "they go on in the new version",
    "drain": "they finish this step and leave",
    "eject": "they leave at once",
}


def register(app: typer.Typer) -> None:
    app.command(short_help="What changes when I publish: steps, people inside, messages, cost?")(plan)


def plan(
    journeys: Annotated[
        list[str] | None, typer.Argument(metavar="JOURNEY", help="Journeys; all if none is named.")
    ] = None,
    workspace: Folder = HERE,
    quick: Annotated[bool, typer.Option("--quick", help="Without the next 30 days.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """What changes when the workspace is published: steps, whom that concerns, messages and cost.

    Nothing is written. Exit status 1 where somebody inside would be stranded.
    """
    from nurture.app import planning
    from nurture.app.workspace import publishable

    files = publishable(workspace, journeys)
    with runtime(workspace, for_work=False) as opened:
        found = planning.plan(opened, files, opened.now(), ahead=not quick)
        currency = opened.settings.company.currency
    if as_json:
        tables.as_json({"journeys": found})
    else:
        print("\n\n".join(in_words(found, currency)))
    if any(each.stranded for each in found):
        raise typer.Exit(1)


def in_words(found: list[Plan], currency: str) -> Iterator[str]:
    """A paragraph for each journey that changes, and a line for the others."""
    for each in found:
        if each.change in ("new", "changed"):
            yield "\n".join(_journey(each, currency))
    labels = [each.journey for each in found if each.change == "labels"]
    if labels:
        yield tables.paragraph(f"Only texts change, no new version: {', '.join(labels)}.")
    unchanged = [each.journey for each in found if each.change == "unchanged"]
    if unchanged:
        yield tables.paragraph(f"Unchanged: {', '.join(unchanged)}.")


def _journey(found: Plan, currency: str) -> Iterator[str]:
    if found.change == "new":
        yield f"{found.journey}: new, version {found.number}"
    else:
        yield f"{found.journey}: version {found.live} becomes {found.number}"
    for change in found.changes:
        yield from _change(change, found)
    inside = sum(found.standing.values())
    if found.change == "changed":
        people = tables.plural(inside, "person", "people")
        yield tables.paragraph(
            f"Inside: {people}; in_flight is {found.in_flight}: {_FATE[found.in_flight]}.", 2
        )
    for step, count in found.stranded.items():
        said = (
            f"REFUSED: {count:,} at '{step}', which is gone: say 'in_flight: {{migrate: {{{step}: STEP}}}}'"
        )
        yield tables.paragraph(f"{said} with a step of the new version, or 'end'.", 2)
    if found.next_30_days is not None:
        month = found.next_30_days
        said = f"{month.enter:,} enter, {tables.counts(month.messages, 'no messages')}"
        yield tables.paragraph(
            f"Next 30 days, if they are like the last 30: {said}, {currency} {month.cost:,.2f}.", 2
        )


def _change(change: Change, found: Plan) -> Iterator[str]:
    if change.step is None:
        for value in change.values:
            yield tables.paragraph(f"~ {value.name}: {value.old} -> {value.new}", 2)
        return
    sign = {"added": "+", "removed": "-", "changed": "~", "moved": "~"}[change.what]
    moved = ", now in another place" if change.what == "moved" else ""
    yield tables.paragraph(f"{sign} {change.step}: {change.says}{moved}", 2)
    for value in change.values:
        yield tables.paragraph(f"{value.name}: {value.old} -> {value.new}", 6)
    standing = found.standing.get(change.step, 0)
    if standing and change.what != "added":
        who = tables.plural(standing, "person stands", "people stand")
        yield tables.paragraph(f"{who} here: {_fate(change.step, found)}", 6)


def _fate(step: str, found: Plan) -> str:
    moves: Mapping[str, str] = found.moves
    if found.in_flight == "migrate" and step in moves:
        return "they leave" if moves[step] == "end" else f"they go on at '{moves[step]}'"
    if step in found.stranded:
        return "they would be stranded"
    return _FATE[found.in_flight]
