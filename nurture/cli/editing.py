"""Writing with help: the schema that editors read."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nurture.cli.folder import HERE, Folder

SHORT = {
    "schema": "The JSON Schema by which editors complete and explain journeys.",
}


def register(app: typer.Typer) -> None:
    for command in (schema,):
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
