"""The command line. Each command imports what it needs when it runs: help and check start at once."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from nurture.cli import (
    api_keys,
    authoring,
    data,
    doubts,
    editing,
    good_mail,
    importing,
    merging,
    message,
    operating,
    people,
    planning,
    publishing,
    returns,
    reviewing,
    simulating,
    steering,
    tasks,
    versions,
)

app = typer.Typer(
    name="nurture",
    help="Marketing journeys as text: checked, tested, sent once, and honestly measured.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for _module in (
    authoring,
    editing,
    importing,
    data,
    simulating,
    planning,
    publishing,
    versions,
    operating,
    good_mail,
    api_keys,
    steering,
    doubts,
    returns,
    merging,
    tasks,
    reviewing,
    message,
    people,
):
    _module.register(app)


def _say_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"nurture {version('nurture')}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_say_version),
    ] = False,
) -> None:
    """Marketing journeys as text: checked, tested, sent once, and honestly measured."""


def main() -> None:
    """Run the command line; what goes wrong in a way that we know is said in words, without a traceback."""
    from nurture.cli.tables import paragraph
    from nurture.problems import NurtureError, render

    try:
        app()
    except NurtureError as error:
        said = [render(problem) for problem in error.problems]
        if str(error) and str(error) not in said:
            said.append(paragraph(f"nurture: {error}"))
        print("\n\n".join(said), file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
