"""`nurture versions` and `nurture rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime
from nurture.cli.steering import Yes, agree

if TYPE_CHECKING:
    from nurture.app.versions import Version


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
        found = history(opened, journey)
        now, zone = opened.now(), opened.settings.company.zone
    if as_json:
        tables.as_json({"journey": journey, "versions": found})
        return
    rows = [["", "published", "by", "commit", "runs", "inside", "sent", "clicked", "bounced"]]
    rows += [[_number(each), tables.when(each.published_at, zone, now), *_cells(each)] for each in found]
    print(tables.table(rows, right=(4, 5, 6, 7, 8)))
    print("\n* is live: newcomers enter it.")


def _number(version: Version) -> str:
    return f"{version.number}{' *' if version.live else ''}"


def _cells(version: Version) -> list[str]:
    counts = version.results
    runs = sum(counts.get(status, 0) for status in ("active", "completed", "exited", "held_out"))
    sent = counts.get("accepted", 0)
    figures = [runs, counts.get("active", 0), sent]
    shares = [_share(counts.get(name, 0), sent) for name in ("clicked", "bounced")]
    commit = (version.git_commit or "-")[:8]
    return [tables.cut(version.published_by or "-", 12), commit, *(f"{each:,}" for each in figures), *shares]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def rollback(journey: str, workspace: Folder = HERE, yes: Yes = False) -> None:
    """Go back to the version before the live one. Who is inside stays in the version that she entered."""
    from nurture.app import versions as kept

    with runtime(workspace) as opened:
        way = kept.way_back(opened, journey)
        people = tables.plural(way.inside, "person stays", "people stay")
        said = f"Newcomers to {journey} enter version {way.before} again instead of {way.live}; {people} in {way.live}."
        print(tables.paragraph(f"{said} `nurture eject` takes people out."))
        agree(f"Go back to version {way.before}?", yes)
        number = kept.roll_back(opened, journey)
    print(tables.paragraph(f"{journey}: version {number} is live again. The workspace's file is as it was."))
