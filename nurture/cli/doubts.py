"""`nurture doubts`: messages whose answer was lost, and what is to be done with them."""

from __future__ import annotations

from typing import Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime


def register(app: typer.Typer) -> None:
    app.command(short_help="Messages whose answer was lost: list them, settle them.")(doubts)


def doubts(
    arrived: Annotated[list[int] | None, typer.Option(metavar="NO", help="It did arrive.")] = None,
    resend: Annotated[list[int] | None, typer.Option(metavar="NO", help="Send it again.")] = None,
    drop: Annotated[list[int] | None, typer.Option(metavar="NO", help="Leave it, and go on.")] = None,
    workspace: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Messages that were handed over and whose answer was lost. The provider's log knows whether they arrived."""
    from nurture.app import doubts as doubting
    from nurture.app.doubts import Word

    said = [(Word.ARRIVED, arrived), (Word.RESEND, resend), (Word.DROP, drop)]
    chosen = [(word, numbers) for word, numbers in said if numbers]
    with runtime(workspace) as opened:
        for word, numbers in chosen:
            doubting.settle(opened, numbers, word, opened.now())
        found = doubting.doubts(opened)
        zone, now = opened.settings.company.zone, opened.now()
    if as_json:
        tables.as_json(found)
        return
    for word, numbers in chosen:
        print(f"{_DONE[word.value]}: {', '.join(map(str, numbers))}.")
    if not found:
        print("No message is in doubt.")
        return
    rows = [["no.", "handed over", "person", "journey", "step", "channel", "run", "word"]]
    rows += [
        [
            str(d.id),
            tables.when(d.handed_at, zone, now),
            d.person,
            d.journey or "-",
            d.step or "-",
            d.channel,
            "waits" if d.holds else "goes on",
            "left" if d.left else "-",
        ]
        for d in found
    ]
    print(tables.table(rows))
    if not all(d.left for d in found):
        print(f"\n{tables.paragraph(_NEXT)}")


_NEXT = "Next: `nurture doubts --arrived NO`, `--resend NO` or `--drop NO`, as the provider's log says."
_DONE = {"arrived": "Counts as sent", "resend": "Will be sent again", "drop": "Left"}
