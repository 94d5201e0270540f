"""`nurture returns`: mails that came back, from a mail server's pipe or from files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nurture.cli.folder import HERE, Folder, runtime

# sysexits(3), as mail servers read them: keep it and try again; send it back as one that nobody can read.
TRY_AGAIN, NOT_UNDERSTOOD = 75, 65


def register(app: typer.Typer) -> None:
    app.command(short_help="Take in mails that came back: bounces, complaints, answers.")(returns)


def returns(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Mails; without any, one is read from standard input."),
    ] = None,
    workspace: Folder = HERE,
) -> None:
    """Take in mails that came back: bounces, complaints, answers. The same mail again changes nothing.

    Exit status 65 for a mail that isn't understood, and 75 where it could not be taken in and should come again.
    """
    from nurture.problems import NurtureError

    try:
        said = _take(files or [], workspace)
    except NurtureError as error:
        print(f"nurture: {error}", file=sys.stderr)
        raise typer.Exit(TRY_AGAIN) from None
    for name, what in said:
        print(f"{name}: {what}")
    if any(what.startswith("not understood") for _, what in said):
        raise typer.Exit(NOT_UNDERSTOOD)


def _take(files: list[Path], workspace: Path) -> list[tuple[str, str]]:
    from nurture.app import returns as taking

    mails = [(file.name, _read(file)) for file in files] or [("standard input", sys.stdin.buffer.read())]
    with runtime(workspace) as opened:
        taken = taking.take(opened, [raw for _, raw in mails], opened.now())
    return [(name, each.in_words()) for (name, _), each in zip(mails, taken, strict=True)]


def _read(file: Path) -> bytes:
    from nurture.problems import NurtureError

    try:
        return file.read_bytes()
    except OSError as failure:
        raise NurtureError(f"{file} cannot be read: {failure.strerror}") from failure
