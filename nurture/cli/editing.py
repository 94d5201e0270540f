"""Writing with help: the schema that editors read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nurture.cli.folder import HERE, Folder
from nurture.cli.writing import write

SNAPSHOTS = Path("tests", "snapshots")
SHORT = {
    "fmt": "Lay journeys out alike. --check only says which ones are not.",
    "add": "Copy a journey that ships, with its templates and tests.",
    "graph": "A journey as a picture: Mermaid or SVG.",
    "schema": "The JSON Schema by which editors complete and explain journeys.",
}


def register(app: typer.Typer) -> None:
    for command in (add, schema, fmt, graph):
        app.command(command.__name__, short_help=SHORT[command.__name__])(command)


def schema(
    of: Annotated[
        str,
        typer.Argument(metavar="FILE", help="journey, nurture, fields, events, surveys or coupons."),
    ] = "journey",
    write: Annotated[
        bool, typer.Option("--write", help="Write all of them to schemas/, with the settings of the editor.")
    ] = False,
    workspace: Folder = HERE,
) -> None:
    """The JSON Schema by which editors complete and explain a file. In a workspace it knows the names of its
    templates, events, topics, fields, pools and surveys; `nurture check` keeps schemas/ up to date."""
    from nurture.app import schemas
    from nurture.app.workspace import load
    from nurture.problems import NurtureError

    inside = (workspace / "nurture.yaml").is_file()
    if not write:
        context = load(workspace, for_work=False, with_journeys=False).context if inside else None
        sys.stdout.write(schemas.text(schemas.schema(of, context)))
        return
    try:
        written = schemas.install(workspace, load(workspace, for_work=False, with_journeys=False).context)
    except OSError as error:
        raise NurtureError(f"{error.filename} can't be written: {error.strerror}") from None
    print("\n".join(map(str, written)) if written else "schemas/ is up to date")


def fmt(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE", help="Journeys, or folders of them; all of the workspace if none is named."
        ),
    ] = None,
    only_check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit status 1 where a file would change.")
    ] = False,
    workspace: Folder = HERE,
) -> None:
    """Lay journeys out alike: each step's kind first, its options in one order, blocks last, two spaces, quotes
    where YAML needs them. Comments stay, and so does what a journey does."""
    from nurture.app.formatting import journeys_at, laid_out
    from nurture.problems import NurtureError, Problem

    changed, failed = [], []
    problems: list[Problem] = []
    for path in journeys_at(paths or [workspace / "journeys"]):
        try:
            if laid_out(path, write=not only_check):
                changed.append(path)
        except NurtureError as error:
            failed.append(str(error))
            problems += error.problems
    for path in changed:
        print(f"{path} {'would be' if only_check else 'is'} laid out anew")
    if failed:
        raise NurtureError("; ".join(failed), tuple(problems))
    if not changed:
        print("every journey is laid out as it should be")
    raise typer.Exit(1 if changed and only_check else 0)


def graph(
    journey: Annotated[str, typer.Argument(metavar="JOURNEY", help="Its name.")],
    form: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="FORMAT", help="mermaid or svg.", show_default="mermaid"),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where it is written.")
    ] = None,
    workspace: Folder = HERE,
) -> None:
    """A journey as a picture, to look at or to put into a document. Mermaid is text that GitHub, GitLab and
    Notion draw; the SVG stands alone, on a phone as well, in light and dark."""
    from nurture.app.workspace import journey_of
    from nurture.problems import NurtureError
    from nurture.reports import picture

    form = form or ("svg" if to is not None and to.suffix == ".svg" else "mermaid")
    if form not in ("mermaid", "svg"):
        raise NurtureError(f"there is no format '{form}'; there is mermaid, svg")
    plan = journey_of(workspace, journey).plan
    drawn = picture.svg(plan) if form == "svg" else picture.mermaid(plan)
    if to is None:
        sys.stdout.write(drawn)
        return
    write(to, drawn, "name another file by --out")
    print(to)


def add(
    journey: Annotated[
        str | None,
        typer.Argument(metavar="JOURNEY", help="Its name; without it, those that ship are listed."),
    ] = None,
    workspace: Folder = HERE,
) -> None:
    """Copy a journey that ships, with its templates and tests. What stands in the workspace already stays."""
    from nurture.app.adding import add as copy
    from nurture.app.adding import shipped
    from nurture.cli import tables

    if journey is None:
        print(tables.table([[each.name, each.in_short] for each in shipped()]))
        return
    added = copy(workspace, journey)
    print("\n".join([*map(str, added.written), *(f"{path}: kept as it is" for path in added.kept)]))
    for what in added.missing:
        print(tables.paragraph(f"to do: {what}"))
    print("\nNext: nurture check")
    if (workspace / SNAPSHOTS).is_dir():
        print("and nurture test --update-snapshots, which keeps what its texts say")
