"""`nurture demo`: a shop to look at."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command(short_help="A coffee shop, 120 days, and what its journeys brought.")(demo)


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demo shop is made.")] = Path("demo-shop"),
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 1,
    people: Annotated[int, typer.Option(help="How many people the shop knows.")] = 3000,
    days: Annotated[int, typer.Option(help="How many days are lived through.")] = 120,
    batch: Annotated[
        int | None, typer.Option(help="Batch size of the jobs; the figures don't depend on it.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace a demo shop that is there.")] = False,
) -> None:
    """Make a coffee shop, live 120 days with its journeys, and show what they brought."""
    import shutil

    from nurture.demo.run import run
    from nurture.demo.summary import as_text

    if fresh and (folder / "nurture.yaml").exists():
        shutil.rmtree(folder)
    done = run(folder, seed, people, days, _demo_progress, batch=batch)
    print(file=sys.stderr)
    print(as_text(done))


def _demo_progress(share: float, words: str) -> None:
    filled = round(share * 30)
    print(
        f"\r{'#' * filled}{'.' * (30 - filled)} {share:4.0%}  {words:<40}",
        end="",
        file=sys.stderr,
        flush=True,
    )
