"""`nurture api-key`: a key with which another system asks by HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from nurture.settings import Scope


def register(app: typer.Typer) -> None:
    app.command("api-key", short_help="Make a key for a system that tells events or lets people in by HTTP.")(
        api_key
    )


def api_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who will ask: what it tells is known by it.")],
    may: Annotated[
        list[Scope],
        typer.Option(
            help="What it may do: tell events, set people's fields, give and withdraw consents, let somebody enter; "
            "may come again."
        ),
    ],
) -> None:
    """Make a key, show it this once, and print what nurture.yaml is to say. The key itself is kept nowhere."""
    from nurture.app.api_keys import make

    made = make(name, may)
    print(made.key, "", "Shown once and kept nowhere: hand it over now. In nurture.yaml write:", "", sep="\n")
    print(made.lines, end="")
