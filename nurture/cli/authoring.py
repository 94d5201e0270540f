"""Writing journeys: init, check, test, preview, send-test."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nurture.cli.folder import HERE, Folder, runtime


def register(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(check)
    app.command()(test)
    app.command()(preview)
    app.command("send-test")(send_test)


def init(folder: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Make a workspace that runs."""
    from nurture.app.init import init as make

    make(folder)
    print(f"{folder} is ready. Next:")
    print(f"  cd {folder}")
    print("  nurture check          is everything that stands there right?")
    print("  nurture test           do the journeys do what their tests say?")
    print("  nurture import orders orders.csv --preview")
    print("  nurture publish        make them live (asks first)")
    print("  nurture up             run them")


def check(
    workspace: Annotated[Path, typer.Argument(help="The workspace, or one journey's file.")] = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Is everything that I wrote right? Exit status 1 where it isn't."""
    from nurture.cli.check import check as look

    raise typer.Exit(look(workspace, as_json=as_json))


def test(
    journeys: Annotated[list[str] | None, typer.Argument(metavar="[JOURNEY]...")] = None,
    coverage: Annotated[bool, typer.Option("--coverage", help="List what no test reaches.")] = False,
    workspace: Folder = HERE,
) -> None:
    """Do my journeys do what I wrote down? Exit status 1 where one doesn't."""
    from nurture.cli.testing import run

    raise typer.Exit(run(workspace, journeys, coverage=coverage))


Person = Annotated[
    str | None, typer.Option("--contact", "-c", help="As this person gets it: ref, e-mail or phone.")
]


def preview(
    template: Annotated[str, typer.Argument(help="A template, such as welcome/hello or sms/welcome/hello.")],
    contact: Person = None,
    to: Annotated[Path | None, typer.Option("--out", "-o", help="Where the file is written.")] = None,
    workspace: Folder = HERE,
) -> None:
    """What will she see? Writes the mail as an HTML file, with its text part beside it."""
    from nurture.app.preview import show

    with runtime(workspace) as opened:
        shown = show(opened, template, contact, opened.now())
    made = shown.rendered
    if made.html is None:
        print(made.text)
        print(f"({made.segments} segment{'s' if made.segments != 1 else ''}, {made.encoding})")
        return
    path = to or workspace / "preview" / f"{template.replace('/', '-')}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(made.html, encoding="utf-8")
    path.with_suffix(".txt").write_text(made.text, encoding="utf-8")
    print(f"Subject: {made.subject}")
    print(path)
    print(path.with_suffix(".txt"))


def send_test(
    template: Annotated[str, typer.Argument(help="A template, such as welcome/hello.")],
    to: Annotated[str, typer.Option("--to", help="Your own address or phone number.")],
    contact: Person = None,
    workspace: Folder = HERE,
) -> None:
    """Send it to myself, through the provider that people's messages go through."""
    from nurture.app.preview import send

    with runtime(workspace) as opened:
        outcome = send(opened, template, contact, to, opened.now())
    print(
        f"{outcome.kind}{f' {outcome.code}' if outcome.code else ''}{f': {outcome.detail}' if outcome.detail else ''}"
    )
    if outcome.kind.value != "accepted":
        raise typer.Exit(1)
