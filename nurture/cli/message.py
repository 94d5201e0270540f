"""`nurture message`: one message, from the step that wanted it to what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nurture.cli import tables, telling
from nurture.cli.folder import HERE, Folder, runtime

if TYPE_CHECKING:
    from nurture.app.history import Again, Entry, History


def register(app: typer.Typer) -> None:
    app.command(short_help="What became of a message, and the consent it rests on?")(message)


def message(
    which: Annotated[
        str, typer.Argument(metavar="NO", help="Its number, as `explain` shows it, or its key.")
    ],
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write its bytes, made again, to a file.")
    ] = None,
    workspace: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="For machines, without its bytes.")] = False,
) -> None:
    """A message's whole history: its states, each attempt and what the provider said, what the gate said, the consent
    record that it rests on, what came back, and whether it can be made again byte for byte."""
    from nurture.app.history import history

    with runtime(workspace) as opened:
        found = history(opened, which)
        zone, now = opened.settings.company.zone, opened.now()
    if save is not None:
        _save(found, save)
    if as_json:
        again = None if found.again is None else _again(found.again)
        tables.as_json({**{name: getattr(found, name) for name in found.__slots__}, "again": again})
        return
    print("\n".join(_told(found, zone, now)))
    if save is not None:
        print(f"\nWritten to {save}.")


def _again(again: Again) -> dict[str, Any]:
    return {"identical": again.identical, "why": again.why, "signed_at_handover": again.signed}


def _save(found: History, to: Path) -> None:
    from nurture.problems import NurtureError

    if found.again is None or found.again.body is None:
        why = found.again.why if found.again else "it was never finished"
        raise NurtureError(f"message {found.id} has no bytes to write: {why}")
    to.write_bytes(found.again.body)


def _told(found: History, zone: str, now: datetime) -> Iterator[str]:
    of = f", of {found.journey}" if found.journey else ""
    version = f" version {found.version}, step '{found.step}'" if found.version else ""
    yield tables.paragraph(f"Message {found.id}: {found.channel} {found.template}{of}{version}")
    about = f"about {found.person}, to somebody else" if found.to_somebody_else else f"to {found.person}"
    topic = f", topic {found.topic}" if found.topic else ""
    yield tables.paragraph(f"{about}; {found.message_class}{topic}; key {found.key}")
    yield tables.paragraph(_state(found, zone, now))
    yield ""
    rows = [
        [tables.when(entry.at, zone, now), _what(entry), _words(entry, zone, now)] for entry in found.entries
    ]
    yield tables.table(rows)
    yield ""
    yield tables.paragraph(_consent(found, zone, now))
    yield tables.paragraph(_bytes(found.again, found.sha256))


def _state(found: History, zone: str, now: datetime) -> str:
    why = f" ({_reason(found.reason)})" if found.reason else ""
    waits = (
        f", due {tables.when(found.due_at, zone, now)}" if found.state in ("scheduled", "deferred") else ""
    )
    until = f", until {tables.when(found.expires_at, zone, now)}" if waits and found.expires_at else ""
    at = f", known to {found.provider} as {found.provider_id}" if found.provider_id else ""
    return (
        f"{found.state.replace('_', ' ')}{why}{waits}{until}; {tables.plural(found.attempts, 'attempt')}{at}"
    )


def _reason(code: str) -> str:
    return {**telling.SKIPPED, **telling.REFUSED}.get(code, code.replace("_", " "))


def _what(entry: Entry) -> str:
    if entry.number is not None:
        return f"attempt {entry.number}"
    return "step" if entry.what == "decided" else entry.what.replace("_", " ")


def _words(entry: Entry, zone: str, now: datetime) -> str:
    match entry.what:
        case "wanted":
            return f"by step '{entry.words}'" if entry.words else _OF_NO_STEP.get(entry.code, "by no step")
        case "decided":
            return telling.reason(entry.code)
        case "gate":
            until = (
                f", until {tables.when(datetime.fromisoformat(entry.words), zone, now)}"
                if entry.words
                else ""
            )
            return f"{'not now' if entry.words else 'no'}: {_reason(entry.code)}{until}"
        case "cancelled":
            return _reason(entry.code)
        case "parked":
            return "the database was restored from a backup: it may have left after that"
        case "settled":
            return _SETTLED[entry.code]
        case "handed_over":
            return f"to {entry.words}"
    said = [entry.what.replace("_", " ") if entry.number is not None else "", entry.code, entry.words]
    return ", ".join(filter(None, said))


# What a message is for that no step wanted, by its template.
_OF_NO_STEP = {
    "help": "as an answer to who asked for help",
    "double-opt-in": "to ask whether it was she who said yes",
}

# How a doubt was settled.
_SETTLED = {
    "found": "the provider has it",
    "absent": "the provider never had it: it goes again",
    "repeat": "it goes again: the provider drops a second one",
    "receipt": "the provider spoke of it",
    "said_arrived": "somebody said that it arrived",
    "said_send": "somebody said that it goes out",
    "said_resend": "somebody said that it goes again",
    "said_drop": "somebody said to leave it",
}


def _consent(found: History, zone: str, now: datetime) -> str:
    record: Any = found.consent
    if record is None:
        none = "none recorded: a marketing message is not handed over without one"
        return f"Consent: {none if found.message_class == 'marketing' else 'none is needed for this class'}."
    on = f" by {record['channel']}" if record["channel"] else " by every channel"
    text = f", wording {record['text_version']}" if record["text_version"] else ""
    at = tables.when(record["occurred_at"], zone, now)
    recorded = "".join(f", {fact}" for fact in telling.recorded(record))
    return (
        f"Consent: record {record['id']}, {record['topic']}{on}, given {at} ({record['how']},"
        f" {record['basis'].replace('_', ' ')}{text}{recorded})."
    )


def _bytes(again: Again | None, sha256: str | None) -> str:
    if again is None:
        return "Bytes: none yet."
    digest = f"sha256 {sha256[:16]}…" if sha256 else ""
    if again.identical and again.body is not None:
        but = ", but for the DKIM signature, which is made at handover" if again.signed else ""
        count = f"{len(again.body):,}"
        return f"Bytes: made again, {count} of them, identical to what was handed over ({digest}){but}."
    return f"Bytes: not made again ({digest}): {again.why}."
