"""What somebody may ask for of what is kept about her: all of it, and its end."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime
from nurture.cli.steering import Yes, agree

if TYPE_CHECKING:
    from datetime import datetime

    from nurture.app.erasing import Cleared, Erased, Foreseen

Who = Annotated[str, typer.Argument(metavar="PERSON", help="Ref, e-mail address or phone number.")]


def register(app: typer.Typer) -> None:
    app.command(short_help="Give out all that is kept about a person.")(export)
    app.command(short_help="Erase a person: cancel, strip, never write to her again.")(erase)


class Form(StrEnum):
    JSON = "json"
    HTML = "html"


def export(
    person: Who,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER|FILE",
            help="A folder, or a file that ends in .json or .html.",
            show_default="exports",
        ),
    ] = None,
    form: Annotated[Form | None, typer.Option("--format", help="One of them; both if none is named.")] = None,
    workspace: Folder = HERE,
) -> None:
    """All that is kept about a person, as JSON and as a page that she can read: her fields, what she agreed to, what she
    did, bought and answered, and each message with its text."""
    from nurture.app import exporting

    with runtime(workspace) as opened:
        now = opened.now()
        found = exporting.export(opened, person, now)
        for path in exporting.write(opened, found, to, form, now):
            print(path)


def erase(person: Who, workspace: Folder = HERE, yes: Yes = False) -> None:
    """Erase a person: her runs end, what has not left is cancelled, and everything that names her is stripped. Shows first
    what will happen. Reports keep their figures; her addresses stay as keyed digests, so that no import brings her back."""
    from nurture.app import erasing

    with runtime(workspace) as opened:
        if before := erasing.finish(opened, person):
            print("\n".join(_finished(person, *before, opened.folder)))
            return
        print("\n".join(_foreseen(erasing.foresee(opened, person))))
        agree("Erase her? This can't be taken back.", yes)
        done = erasing.erase(opened, person, opened.now())
    print("\n".join(_done(done, opened.folder)))


# How the terminal calls what stands in a table, one and many.
_HELD = {
    "events": ("event", "events"),
    "messages": ("message", "messages"),
    "orders": ("order", "orders"),
    "consents": ("consent record", "consent records"),
    "tasks": ("task", "tasks"),
    "coupons": ("coupon", "coupons"),
}


def _foreseen(found: Foreseen) -> Iterator[str]:
    name = f" ({found.name})" if found.name else ""
    runs = f"{tables.plural(found.runs, 'run')} would end"
    unsent = (
        f"{tables.plural(found.unsent, 'message')} that {'has' if found.unsent == 1 else 'have'} not left"
    )
    yield tables.paragraph(f"{found.ref}{name}: {runs}, {unsent} would be cancelled.")
    held = [tables.plural(count, *_HELD[table]) for table in _HELD if (count := found.held[table])]
    yield tables.paragraph(
        f"Stripped of all that names her: {', '.join(['her contact', *held])}. Times and amounts stay for the reports."
    )
    if found.sharing:
        others = ", ".join(found.sharing)
        yield tables.paragraph(f"The same address stands with {others}, too: nothing is sent there any more.")


def _done(done: Erased, folder: Path) -> Iterator[str]:
    ended = f"{tables.plural(done.runs, 'run')} ended, {tables.plural(done.unsent, 'message')} cancelled"
    files = f", {_gone(done.files)}" if done.files.gone else ""
    yield tables.paragraph(f"Erased: {ended}{files}. What is left of her is called {done.ref}.")
    yield from _cleared(done.files, folder)


def _finished(person: str, at: datetime, files: Cleared, folder: Path) -> Iterator[str]:
    now = [_gone(files)] if files.gone else []
    now += [] if files.is_whole else ["something is left to do"]
    yield tables.paragraph(
        f"{person} was erased on {at:%Y-%m-%d}: {', '.join(now) or 'nothing is left to do'}."
    )
    yield from _cleared(files, folder)


def _gone(files: Cleared) -> str:
    return f"{tables.plural(files.gone, 'file')} of hers deleted"


def _cleared(files: Cleared, folder: Path) -> Iterator[str]:
    for path in files.cleaned:
        yield tables.paragraph(f"Her rows were taken out of {_short(path, folder)}.")
    if files.named:
        yield "Files that name her still, which nurture didn't write or may not change:"
        yield from (f"  {_short(path, folder)}" for path in files.named)
    if files.shared:
        yield tables.paragraph("The database still names her, in what it holds of somebody else.")
    if not files.has_left:
        yield tables.paragraph(_LEAVING)
    if not files.is_scrubbed:
        yield tables.paragraph(_NOT_YET)


_LEAVING = (
    "A message to her was being handed over when she was erased, and its outcome isn't known yet. The same command once "
    "more, in some minutes, takes out what that leaves."
)
# Her rows are gone, but SQLite leaves what was deleted in its file until something else is written there.
_NOT_YET = (
    "The database's file is busy, or the disk has no room for a copy of it: bytes of what was deleted are still in it. The "
    "same command once more takes them out."
)


def _short(path: Path, folder: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else path
