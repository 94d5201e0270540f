"""`nurture import`: people, orders and events from files."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime

if TYPE_CHECKING:
    from nurture.app.importing import Imported, Preview
    from nurture.app.importing.mapping import ColumnMapping, Kind
    from nurture.settings import Settings

DO_NOT_DISTURB = "do-not-disturb"
_SHOWN = 3  # rows, and refused ones, in a preview


def register(app: typer.Typer) -> None:
    app.command("import", short_help="Import people, orders or events.")(import_file)


def import_file(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="contacts, orders, events or do-not-disturb.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or NDJSON file, or either gzipped.")],
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", "-m", metavar="FILE", help="Which column is what, and the consent."),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show how it would be understood; write nothing.")
    ] = False,
    trigger: Annotated[
        bool, typer.Option("--trigger-journeys", help="Let these events start journeys.")
    ] = False,
    name: Annotated[
        str | None,
        typer.Option("--list", metavar="NAME", help="Which do-not-disturb list it is, such as procon-sp."),
    ] = None,
    workspace: Folder = HERE,
) -> None:
    """Import people, orders, events, or a list of telephone numbers that must get no advertising. The same file a
    second time changes nothing; a list takes the place of the former one of its name."""
    from nurture.app import environment, importing, learning
    from nurture.app.process import process

    if (what == DO_NOT_DISTURB) != (name is not None) or (
        name is not None and (mapping or preview or trigger)
    ):
        _refuse(what, file, name)
    if name is not None:
        _must_exist(file)
        _renew(file, name, workspace)
        return
    kind = _kind(what)
    _must_exist(file)
    with runtime(workspace) as opened:
        settings, now = opened.settings, opened.now()
        columns = _columns(mapping, kind, settings)
        if preview:
            seen = importing.preview(file, settings, now, mapping=columns, kind=kind, first=_SHOWN)
            _show_preview(seen, settings.company.zone)
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
            by=f"user:{environment.user()}",
        )
        process(opened, opened.now())  # a large file takes a while to read
        if sys.stderr.isatty():
            print(file=sys.stderr)
        _show(done)
        _show_waiting(columns, settings, asked=trigger)
        _show_learnt(learning.learn(opened))


def _refuse(what: str, file: Path, name: str | None) -> None:
    """Options that do nothing together."""
    from nurture.problems import NurtureError

    if what != DO_NOT_DISTURB:
        raise NurtureError(f"--list is for a list: nurture import {DO_NOT_DISTURB} {file} --list {name}")
    if name is None:
        raise NurtureError(f"say which list it is: nurture import {DO_NOT_DISTURB} {file} --list procon-sp")
    raise NurtureError(
        "a do-not-disturb list needs no --mapping and starts no journeys, and nothing previews it"
    )


def _renew(file: Path, name: str, workspace: Path) -> None:
    from nurture.app import do_not_disturb

    with runtime(workspace) as opened:
        progress = _progress if sys.stderr.isatty() else None
        done = do_not_disturb.load(opened, file, name, opened.now(), progress)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    said = (
        f"{done.list}: {tables.plural(done.numbers, 'number')}, {done.new:,} new, {done.released:,} let go."
    )
    print(tables.paragraph(said))
    if done.unread:
        lines = ", ".join(map(str, done.examples))
        more = ", ..." if done.unread > len(done.examples) else ""
        hold = tables.plural(done.unread, "line holds", "lines hold")
        so = "who is meant there isn't on the list" if done.whole else "so many that nobody was let go"
        print(tables.paragraph(f"{hold} no telephone number: {lines}{more}; {so}."))
    print(tables.paragraph("They get no advertising by SMS or WhatsApp; receipts still reach them."))


def _kind(what: str) -> Kind:
    from nurture.app.importing.mapping import Kind
    from nurture.problems import NurtureError, nearest

    if what in list(Kind):
        return Kind(what)
    if Path(what).suffix:
        raise NurtureError(f"say what the rows are: nurture import orders {what} (or contacts, or events)")
    near = nearest(what, [*(kind.value for kind in Kind), DO_NOT_DISTURB])
    hint = f"did you mean {near!r}?" if near else f"it is contacts, orders, events or {DO_NOT_DISTURB}"
    raise NurtureError(f"{what!r} is nothing that can be imported; {hint}")


def _must_exist(file: Path) -> None:
    from nurture.problems import NurtureError, nearest

    if file.is_file():
        return
    if file.exists():
        raise NurtureError(f"{file} is no file; name one in CSV or NDJSON")
    beside = [path.name for path in file.parent.iterdir()] if file.parent.is_dir() else []
    near = nearest(file.name, beside)
    raise NurtureError(f"there is no file {file}" + (f"; did you mean {file.parent / near}?" if near else ""))


def _columns(mapping: Path | None, kind: Kind, settings: Settings) -> ColumnMapping | None:
    from nurture.app import importing
    from nurture.problems import NurtureError

    if mapping is None:
        return None
    found = importing.read_mapping(mapping, settings)
    if found.kind is not kind:
        raise NurtureError(
            f"{mapping} maps {found.kind}, not {kind}; write `nurture import {found.kind} ...`, "
            f"or `import: {kind}` in a mapping of its own"
        )
    return found


def _progress(rows: int) -> None:
    print(f"\r{rows:,} rows", end="", file=sys.stderr, flush=True)


def _show(done: Imported) -> None:
    print(
        tables.paragraph(
            f"{done.file}: {tables.plural(done.rows, 'row')}, {done.new:,} new, {done.known:,} known already, "
            f"{done.refused:,} refused."
        )
    )
    if done.refused_file:
        for reason, count in done.reasons.items():
            print(tables.paragraph(f"{count:,}  {reason}", 2))
        print(tables.paragraph(f"The refused rows, with their reasons, are in {done.refused_file}."))
        print("Put them right there and import that file.")
    _show_ahead(done.ahead)
    if done.may_start_journeys:
        print(f"{tables.plural(done.may_start_journeys, 'event')} may start journeys.")
    elif done.new:
        print("Next: `nurture publish` shows who would enter the journeys, and asks.")


def _show_waiting(columns: ColumnMapping | None, settings: Settings, *, asked: bool) -> None:
    """To which topics a yes of this file waits to be confirmed."""
    from nurture.model import Basis

    rule = columns.consent if columns else None
    if rule is None or rule.confirmed or rule.basis is not Basis.CONSENT:
        return
    if waits := [topic for topic in rule.topics if settings.topics[topic].double_opt_in]:
        how = "each is asked by mail, and" if asked else "an import asks nobody, --trigger-journeys does;"
        said = f"A yes to {', '.join(waits)} counts once its person confirms it: {how} `nurture explain` shows who did."
        print(tables.paragraph(said))


def _show_learnt(names: Sequence[str]) -> None:
    """Which events of one's own journeys may speak of from now on."""
    if names:
        shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
        said = f"{tables.plural(len(names), 'event')} of your own, which journeys may speak of now: {shown}."
        print(tables.paragraph(f"{said} What they carry is in events.learnt.yaml."))


def _show_preview(seen: Preview, zone: str) -> None:
    separated = f", columns separated by {seen.delimiter!r}" if seen.delimiter else ""
    rows = tables.plural(seen.rows, seen.kind.value.removesuffix("s"))
    print(f"{seen.file}: {rows}, {seen.encoding}{separated}\n")
    print(tables.table([["field", "column"], *([field, column] for field, column in seen.columns.items())]))
    if seen.unused:
        print(tables.paragraph(f"not read: {', '.join(seen.unused)}"))
    print(f"\nThe first rows, as they would be understood (times in {zone}):")
    for row in seen.first:
        print(tables.paragraph(_fields(row.fields, zone), 2))
    print(f"\n{seen.rows - seen.refused:,} can be imported, {seen.with_consent:,} with consent; ", end="")
    print(f"{seen.refused:,} would be refused.")
    for refused in seen.examples[:_SHOWN]:
        print(tables.paragraph(f"line {refused.line}: {refused.reason}", 2))
    if seen.refused > _SHOWN:
        print(f"  and {seen.refused - _SHOWN:,} more; importing writes all of them to a file beside")
    _show_ahead(seen.ahead)
    if not seen.with_consent:
        print(tables.paragraph(_NO_CONSENT[seen.kind.value]))
    print("Nothing was written. Without --preview it is imported.")


def _show_ahead(events: int) -> None:
    """What is easily a wrong clock, and would otherwise seem to be lost until its time comes."""
    if events:
        dated = f"{tables.plural(events, 'event')} {'is' if events == 1 else 'are'} dated after now"
        print(
            tables.paragraph(f"{dated}, and nothing follows before then. Wrong? Say `zone` in the mapping.")
        )


_NO_CONSENT = {
    "contacts": "Nobody comes in with consent: name its basis in a mapping (docs/how-to/import.md), or none of "
    "these people may be sent marketing.",
    "orders": "These rows bring no consent: who is new by them may not be sent marketing.",
    "events": "These rows bring no consent: who is new by them may not be sent marketing.",
}


def _fields(fields: Mapping[str, Any], zone: str) -> str:
    return ", ".join(f"{name}: {_value(value, zone)}" for name, value in fields.items())


def _value(value: Any, zone: str) -> str:
    match value:
        case datetime():
            return value.astimezone(_zone(zone)).strftime("%Y-%m-%d %H:%M")
        case date():
            return value.isoformat()
        case Mapping():
            return "{" + _fields(value, zone) + "}"
    return str(value)


def _zone(name: str) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)
