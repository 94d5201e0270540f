"""All that is kept about a person (LGPD art. 18, GDPR art. 15 and 20), as JSON and as a page that she can read.

Whatever a table of people holds is given out, also what is added to it later; left out is what only the machine needs,
and the addresses of others to whom was written about her.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from nurture import faults
from nurture.app.compose import Before
from nurture.app.erasing import EXPORTS, FORMATS, draft, exports, find, waiting
from nurture.app.runtime import Runtime
from nurture.model import SUPPRESSIONS, Channel
from nurture.problems import NurtureError
from nurture.reports import person as page
from nurture.store import contacts, do_not_disturb, erasing
from nurture.store.engine import Tx

Row = Mapping[str, Any]
# What only the machine needs.
_MACHINE = frozenset(
    ("contact_id", "hash31", "told", "email_digest", "phone_digest", "lease_owner", "lease_until", "fence")
    + (
        "recipient",
        "recipient_digest",
        "queue",
        "merged_into",
        "merged_from",
        "sent_to",
        "link_key",
        "variables",
        "values",
        "slot",
        "on_doubt",
        "body",
    )
)
_SHOWN_OTHERWISE = frozenset(("bodies",))  # messages have their text
_MINOR = frozenset(("lifetime_value", "total", "refunded", "discount"))  # amounts in hundredths


def export(runtime: Runtime, person: str, now: datetime) -> dict[str, Any]:
    """All about somebody, by table; times are in UTC, amounts in major units. Raises NurtureError where nobody is known
    as that."""
    with runtime.store.read() as tx:
        row = find(runtime, tx, person)
        rows = contacts.with_merged(tx, row["id"])
        ids = [each["id"] for each in rows]
        tables = [table for table in erasing.tables_of_people() if table.name not in _SHOWN_OTHERWISE]
        held = {table.name: erasing.rows(tx, table, ids) for table in tables}
        held["messages"] = [_message(runtime, tx, each) for each in held["messages"]]
        held["inbox"] = erasing.whole(tx, waiting(runtime, tx, rows))
        kinds = dict.fromkeys(SUPPRESSIONS.values())
        digests = [each[f"{kind}_digest"] for each in rows for kind in kinds]
        held["suppressions"] = [_closed(each) for each in erasing.listed(tx, [d for d in digests if d])]
        numbers = {each["phone_digest"] for each in rows} - {None}
        held["do_not_disturb"] = [
            each for number in sorted(numbers) for each in do_not_disturb.of_number(tx, number)
        ]
        held["contacts"] = rows
    company = runtime.settings.company
    contact, *merged = held.pop("contacts")
    if merged:
        held["merged"] = merged
    head = {"company": company.name, "made_at": now, "contact": _shown(contact)}
    sections = {name: [_shown(each) for each in rows] for name, rows in held.items()}
    plain: dict[str, Any] = json.loads(json.dumps({**head, **sections}, default=_as_text))
    return plain


def _message(runtime: Runtime, tx: Tx, row: Row) -> Row:
    """A message with what it said, made again."""
    said: dict[str, Any] = {"to_somebody_else": row["recipient"] is not None}
    if row["values"] is not None and row["channel"] != Channel.WEBHOOK.value:
        try:
            rendered = Before(runtime, tx).made(row)
            said |= {"subject": rendered.subject, "text": rendered.text}
        except NurtureError as gone:
            said |= {"text": None, "not_made_again": str(gone)}
    return {**row, **said}


def _closed(row: Row) -> Row:
    return {name: row[name] for name in ("kind", "reason", "source", "since")}


def _shown(row: Row) -> dict[str, Any]:
    """A row without what is empty and what only the machine needs."""
    return {
        name: value / 100 if name in _MINOR else value
        for name, value in row.items()
        if value is not None and value not in ("", {}) and name not in _MACHINE
    }


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


# --- files ---------------------------------------------------------------------------------


def write(
    runtime: Runtime, found: Mapping[str, Any], to: Path | None, chosen: str | None, now: datetime
) -> list[Path]:
    """Write what `export` found into a folder (by itself the workspace's `exports`) or a file that ends in .json or
    .html; the files. Raises NurtureError where that can't be done."""
    written = list(_files(runtime, found["contact"]["id"], to, chosen))
    if to is None:
        _keep_out_of_git(runtime.folder / EXPORTS)
    for path in written:
        text = _json(found) if path.suffix == ".json" else _html(runtime, found, now)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, text)
        except OSError as error:
            raise NurtureError(f"{path} can't be written: {error.strerror}; name another with --to") from None
    return written


def _write(path: Path, text: str) -> None:
    """For nobody else's eyes, and as a whole or not at all."""
    faults.point("export.before_write")
    begun = draft(path)
    begun.unlink(missing_ok=True)
    with os.fdopen(
        os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
    faults.point("export.after_write")
    begun.replace(path)


def _files(runtime: Runtime, contact_id: int, to: Path | None, chosen: str | None) -> Iterator[Path]:
    if to is not None and to.suffix[1:] in FORMATS and not to.is_dir():
        if chosen not in (None, to.suffix[1:]):
            raise NurtureError(f"{to.name} is no name of a file in {chosen}; leave --format out")
        yield to
        return
    yield from exports(to or runtime.folder / EXPORTS, contact_id, FORMATS if chosen is None else (chosen,))


def _keep_out_of_git(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / ".gitignore").write_text("*\n", encoding="ascii")


def _json(found: Mapping[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def _html(runtime: Runtime, found: Mapping[str, Any], now: datetime) -> str:
    company = runtime.settings.company
    topics = {name: topic.title for name, topic in runtime.settings.topics.items()}
    return page.render(found, company.locale, company.currency, company.accent, company.zone, now, topics)
