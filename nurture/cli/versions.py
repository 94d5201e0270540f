"""`nurture versions` and `nurture rollback`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime
from nurture.cli.steering import Yes, agree

if TYPE_CHECKING:
    from nurture.app.versions import Version, WayBack


def register(app: typer.Typer) -> None:
    app.command(short_help="The versions of a journey: who, when, what they brought.")(versions)
    app.command(short_help="Go back to the version before: newcomers enter it again.")(rollback)


def versions(
    journey: str,
    workspace: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """The versions of a journey: who published them when and from which commit, and what came of them."""
    from nurture.app.versions import history

    with runtime(workspace, for_work=False) as opened:
        now, company = opened.now(), opened.settings.company
        found = history(opened, journey, now)
    if as_json:
        tables.as_json({"journey": journey, "versions": found})
        return
    rows = [["", "published", "by", "commit", "newcomers"]]
    for each in found:
        when, by = tables.when(each.published_at, company.zone, now), tables.cut(each.published_by or "-", 20)
        share = f"{each.share / 100:g}%" if each.live else "-"
        rows.append([_number(each), when, by, (each.git_commit or "-")[:8], share])
    print(tables.table(rows, right=(4,)))
    print(f"\n{tables.table(_came(found, company.currency), right=(1, 2, 3, 4, 6))}")
    print("", *map(tables.paragraph, _notes(found)), sep="\n")


def _came(found: list[Version], currency: str) -> list[list[str]]:
    """What came of each version."""
    rows = [["", "entered", "inside", "delivered", "clicked", "converted", f"revenue {currency}"]]
    for each in found:
        of = each.results
        arrived = of.sent if of.delivered is None else of.delivered
        rate = of.conversion
        converted = f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%})" if rate else "too few to say"
        counts = (of.entered, of.inside, arrived)
        rows.append(
            [
                _number(each),
                *(f"{count:,}" for count in counts),
                _share(of.clicked, of.sent),
                converted,
                f"{of.revenue / 100:,.2f}",
            ]
        )
    return rows


def _notes(found: list[Version]) -> Iterator[str]:
    yield "* is live: newcomers enter it. Converted: reached the goal within its window; who entered lately still may."
    if all(each.results.delivered is None for each in found):
        yield "Delivered are those that the provider took: it reports no deliveries."
    for each in found:
        if each.stopped:
            waits = "; what it sends waits for `nurture resume`" if each.held else ""
            yield f"Version {each.number} stopped: {each.stopped}{waits}."


def _number(version: Version) -> str:
    return f"{version.number}{' *' if version.live else ''}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _stopped(way: WayBack) -> str:
    return (
        f"{way.journey}: the canary of version {way.live} has stopped by itself, and everybody who comes enters version "
        f"{way.before} already; `nurture status` tells it no longer. What version {way.live} sends waits for "
        f"`nurture resume {way.journey}`, or `nurture eject` takes its people out."
    )


def rollback(journey: str, workspace: Folder = HERE, yes: Yes = False) -> None:
    """Go back to the version before the live one, or end a canary. Who is inside stays in the version that she
    entered."""
    from nurture.app import versions as kept

    with runtime(workspace) as opened:
        way = kept.way_back(opened, journey)
        if way.stopped:
            kept.roll_back(opened, journey)
            print(tables.paragraph(_stopped(way)))
            return
        people = tables.plural(way.inside, "person stays", "people stay")
        who = f"All newcomers to {journey}" if way.share is not None else f"Newcomers to {journey}"
        said = f"{who} enter version {way.before} again instead of {way.live}; {people} in {way.live}."
        print(tables.paragraph(f"{said} `nurture eject` takes people out."))
        agree(f"Go back to version {way.before}?", yes)
        number = kept.roll_back(opened, journey)
    print(tables.paragraph(f"{journey}: version {number} is live again. The workspace's file is as it was."))
