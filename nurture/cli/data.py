"""Bringing data in: import, demo."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime


class What(StrEnum):
    CONTACTS = "contacts"
    ORDERS = "orders"
    EVENTS = "events"


def register(app: typer.Typer) -> None:
    app.command("import")(import_file)
    app.command()(demo)


def import_file(
    what: Annotated[What, typer.Argument(help="What the rows are.")],
    file: Annotated[
        Path, typer.Argument(help="A CSV or NDJSON file, or either gzipped.", exists=True, dir_okay=False)
    ],
    mapping: Annotated[
        Path | None, typer.Option("--mapping", "-m", help="Which column is what, and the consent.")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show how it would be understood; write nothing.")
    ] = False,
    trigger: Annotated[
        bool, typer.Option("--trigger-journeys", help="Let these events start journeys.")
    ] = False,
    workspace: Folder = HERE,
) -> None:
    """Import people, orders or events. The same file a second time changes nothing."""
    from nurture.app import importing
    from nurture.app.process import process

    with runtime(workspace) as opened:
        settings, now = opened.settings, opened.now()
        columns = importing.read_mapping(mapping, settings) if mapping else None
        kind = importing.Kind(what.value)
        if preview:
            _show_preview(importing.preview(file, settings, now, mapping=columns, kind=kind))
            return
        done = importing.load(
            opened.store,
            file,
            settings,
            now,
            mapping=columns,
            kind=kind,
            trigger_journeys=trigger,
            progress=_progress if sys.stderr.isatty() else None,
        )
        process(opened, now)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(
        f"{done.file}: {done.rows:,} rows, {done.new:,} new, {done.known:,} known already, {done.refused:,} refused."
    )
    if done.refused_file:
        for reason, count in done.reasons.items():
            print(f"  {count:,} {reason}")
        print(f"The refused rows, with their reasons, are in {done.refused_file}.")
    if trigger:
        print(f"{done.may_start_journeys:,} events may start journeys.")


def _progress(rows: int) -> None:
    print(f"\r{rows:,} rows", end="", file=sys.stderr, flush=True)


def _show_preview(seen) -> None:  # type: ignore[no-untyped-def]
    print(
        f"{seen.file}: {seen.rows:,} {seen.kind.value}, {seen.encoding}, columns by {seen.delimiter or 'NDJSON'!r}"
    )
    print(tables.table([["field", "column"], *([field, column] for field, column in seen.columns.items())]))
    if seen.unused:
        print(f"not read: {', '.join(seen.unused)}")
    print(
        f"events: {tables.counts(seen.events)}; with consent: {seen.with_consent:,}; refused: {seen.refused:,}"
    )
    for row in seen.first:
        for event in row.events:
            print(
                f"  {event.occurred_at:%Y-%m-%d %H:%M} {event.name} {event.person.ref or event.person.email} {dict(event.traits or event.payload)}"
            )
    for reason, count in seen.reasons.items():
        print(f"  refused: {count:,} {reason}")
    if not seen.with_consent:
        print("Nobody comes in with consent: name its basis in the mapping, or nobody may be sent marketing.")


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
