"""`nurture demo`: a shop to look at."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command(short_help="A coffee shop, 120 days, and what its journeys brought.")(demo)


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demo shop is made.")] = Path("demo-shop"),
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 1,
    people: Annotated[int, typer.Option(min=1, help="How many people the shop knows.")] = 4000,
    days: Annotated[int, typer.Option(min=1, help="How many days are lived through.")] = 120,
    batch: Annotated[
        int | None, typer.Option(min=1, help="Batch size of the jobs; the figures don't depend on it.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace a demo shop that is there.")] = False,
) -> None:
    """Make a coffee shop, live 120 days with its journeys, and show what they brought."""
    import shutil

    from nurture.demo.run import run
    from nurture.demo.summary import as_text

    if fresh and (folder / "nurture.yaml").exists():
        shutil.rmtree(folder)
    done = run(folder, seed, people, days, _Progress(), batch=batch)
    print(as_text(done))


class _Progress:
    """What goes on, how much is done and how long it still takes, on stderr: one line that changes in a
    terminal, a line for every tenth elsewhere."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._told = -1
        self._in_place = sys.stderr.isatty()

    def __call__(self, share: float, words: str) -> None:
        gone = time.monotonic() - self._began
        left = f", {gone / share * (1 - share):.0f} s left" if 0.15 <= share < 1 else ""
        line = f"{share:4.0%}  {words}{left}"
        if self._in_place:
            print(f"\r{line:<78}", end="\n" if share == 1 else "", file=sys.stderr, flush=True)
        elif int(share * 10) > self._told:
            self._told = int(share * 10)
            print(line, file=sys.stderr, flush=True)
