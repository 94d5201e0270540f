"""Erasing a person (LGPD art. 18, GDPR art. 17): what will happen, and doing it.

One transaction ends her runs, cancels what has not left, and strips every table. Her addresses stay as keyed digests, so
that no import brings her back into the post. Then the files of the database and those of the outbox are put right.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nurture import digests, faults, identity
from nurture.app import leftovers, opt_outs
from nurture.app.leftovers import Sought
from nurture.app.runtime import Runtime
from nurture.app.stripping import ERASED, Stripping, asked
from nurture.channels.outbox import Outbox
from nurture.model import ADDRESS, SUPPRESSIONS
from nurture.problems import NurtureError
from nurture.store import contacts, erasing, messages, moving
from nurture.store.engine import Tx

Row = Mapping[str, Any]
EXPORTS = "exports"  # the folder for what is given out about people
FORMATS = ("json", "html")
_NO_NAME = {"first_name": None, "last_name": None}
_PATIENCE = 30.0  # seconds that the erasing waits for what is being handed over
_LOOK = 0.2


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What erasing somebody would do: how much is kept of her, what ends, and who else has her address."""

    ref: str
    name: str
    runs: int
    unsent: int
    held: Mapping[str, int]  # by table: rows that are stripped or go
    sharing: tuple[str, ...]  # refs of others at one of her addresses: nothing is sent there any more


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done. `ref` is the name that what is left of her has."""

    ref: str
    runs: int
    unsent: int
    files: Cleared


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was done to files, and what is left to do."""

    gone: int  # of the outbox, and given out about her
    cleaned: tuple[Path, ...]  # files of refused rows
    named: tuple[Path, ...]
    has_left: bool  # whether nothing of hers is being handed over any more
    is_scrubbed: bool  # whether the database's own files hold nothing of her any more
    shared: bool  # whether the database names her still, on somebody else's account

    @property
    def is_whole(self) -> bool:
        """Whether the command need not be given again."""
        return self.has_left and self.is_scrubbed


# --- who -----------------------------------------------------------------------------------


def find(runtime: Runtime, tx: Tx, person: str) -> Row:
    """Her row. Raises NurtureError where nobody is known as that, and says if she was erased."""
    row = contacts.by_anything(tx, person, runtime.settings.company.country)
    if row is None or row["erased_at"] is not None:
        raise nobody(runtime, tx, person, row)
    return row


def nobody(runtime: Runtime, tx: Tx, person: str, row: Row | None = None) -> NurtureError:
    """What to say where nobody is known by a ref or an address (any more)."""
    at = row["erased_at"] if row is not None else erased_at(runtime, tx, person)
    if at is not None:
        return NurtureError(f"{person!r} was erased on {at:%Y-%m-%d}; nobody is known by it now")
    return NurtureError(f"nobody is known as {person!r}; give the ref, e-mail address or phone number")


def finish(runtime: Runtime, person: str) -> tuple[datetime, Cleared] | None:
    """When somebody was erased before, if she was: what a command that died or found the database busy had left of her
    goes now. Of files that name her only those are found that name her as this does."""
    with runtime.store.read() as tx:
        row = contacts.by_anything(tx, person, runtime.settings.company.country)
        at: datetime | None = row["erased_at"] if row is not None else erased_at(runtime, tx, person)
        if at is None:
            return None
        ids = erasing.erased_then(tx, at)
    # by the name that what is left of her has nobody is named
    who = leftovers.sought([] if row is not None else [{**_meant(runtime, person), **_NO_NAME}])
    return at, _clear(runtime, ids, who)


def erased_at(runtime: Runtime, tx: Tx, person: str) -> datetime | None:
    """When somebody who was known as that was erased, if nobody is known as that now."""
    return erasing.erased_since(tx, _digests(runtime, _meant(runtime, person)))


def _meant(runtime: Runtime, person: str) -> dict[str, str | None]:
    """All that these words may be of a person."""
    phone = identity.phone(person, runtime.settings.company.country)
    return {"ref": person, "email": identity.email(person), "phone": phone}


def _digests(runtime: Runtime, known: Row) -> list[str]:
    """The keyed digests of a person's ref and addresses."""
    kinds = ("ref", *dict.fromkeys(SUPPRESSIONS.values()))
    return [digests.address(runtime.secret, kind, known[kind]) for kind in kinds if known[kind]]


# --- before --------------------------------------------------------------------------------


def foresee(runtime: Runtime, person: str) -> Foreseen:
    """What `erase` would do. Changes nothing; raises NurtureError where nobody is known as that."""
    with runtime.store.read() as tx:
        row = find(runtime, tx, person)
        rows = contacts.with_merged(tx, row["id"])
        ids = [each["id"] for each in rows]
        runs, unsent = erasing.going_on(tx, ids, _known(runtime, rows))
        held = {table.name: len(erasing.rows(tx, table, ids)) for table in erasing.tables_of_people()}
        return Foreseen(row["ref"], contacts.full_name(row), runs, unsent, held, tuple(_sharing(tx, rows)))


def _known(runtime: Runtime, rows: Iterable[Row]) -> list[str]:
    return [digest for row in rows for digest in _digests(runtime, row)]


def _sharing(tx: Tx, rows: Sequence[Row]) -> list[str]:
    kinds = dict.fromkeys(SUPPRESSIONS.values())
    known = [(kind, row[f"{kind}_digest"]) for row in rows for kind in kinds if row[f"{kind}_digest"]]
    own = {row["id"] for row in rows}
    others = {each for kind, digest in known for each in contacts.sharing(tx, kind, digest)} - own
    return sorted(contacts.refs(tx, others).values()) if others else []


# --- erasing -------------------------------------------------------------------------------


def erase(runtime: Runtime, person: str, now: datetime) -> Erased:
    """Erase somebody, in force when the transaction commits: nothing is handed over to her afterwards.

    Raises NurtureError where nobody is known as that, or she was erased before.
    """
    with runtime.store.begin() as tx:
        alone(runtime, tx)
        row = find(runtime, tx, person)
        rows = contacts.with_merged(tx, row["id"])
        ids, who, known = [each["id"] for each in rows], leftovers.sought(rows), _known(runtime, rows)
        before = erasing.erased_since(tx, known)  # she came again before all was cleared away
        runs, unsent = _silence(runtime, tx, ids, known, now)
        _strip(runtime, tx, rows, known, now)
        faults.point("erase.before_commit")
    faults.point("erase.after_commit")
    with runtime.store.read() as tx:
        ref = contacts.refs(tx, ids)[row["id"]]
        ids += erasing.erased_then(tx, before) if before else []
    return Erased(ref, runs, unsent, _clear(runtime, ids, who))


def alone(runtime: Runtime, tx: Tx) -> None:
    """Wait for the jobs that name people without holding them, and let none begin."""
    for purpose in ("process", "segments", *(f"evaluate.{name}" for name in moving.journeys(tx))):
        runtime.store.in_turn(tx, purpose)


def _silence(
    runtime: Runtime, tx: Tx, ids: Sequence[int], known: Collection[str], now: datetime
) -> tuple[int, int]:
    """As an opt-out does: the rows are held, her addresses closed, and what has not left is cancelled."""
    messages.lock_contacts(tx, ids)
    erasing.lock(tx, ids)
    ended = erasing.end(tx, ids, known, ERASED, now)
    for channel in ADDRESS:
        for contact_id in ids:
            opt_outs.suppress(runtime, tx, contact_id, channel.value, ERASED, "erase", now)
    erasing.remember(tx, known, now)
    return ended


def _strip(runtime: Runtime, tx: Tx, rows: Sequence[Row], known: Collection[str], now: datetime) -> None:
    """Her row, which comes first, and those that were merged into it."""
    erasing.take(tx, waiting(runtime, tx, rows), rows[0]["id"], ERASED, now)
    stripping, ids = Stripping(asked(runtime, tx)), [row["id"] for row in rows]
    erasing.strip(tx, ids, stripping.renamed, stripping.thinned, stripping.asked.texts)
    erasing.forget_recipient(tx, known)
    numbers = {row["id"]: digests.hash31(stripping.renamed(row["ref"])) for row in rows}
    erasing.mark(tx, numbers, runtime.settings.company.zone, now)


def waiting(runtime: Runtime, tx: Tx, rows: Iterable[Row]) -> list[int]:
    """The events that wait in the inbox and name these people by ref, address or message."""
    refs, emails, phones = ({row[kind] for row in rows} - {None} for kind in ("ref", "email", "phone"))
    keys = set(erasing.keys(tx, [row["id"] for row in rows]))
    country = runtime.settings.company.country

    def is_hers(person: Row) -> bool:
        return (
            person.get("ref") in refs
            or person.get("message") in keys
            or (bool(person.get("email")) and identity.email(person["email"]) in emails)
            or (bool(person.get("phone")) and identity.phone(person["phone"], country) in phones)
        )

    return [event["id"] for event in erasing.waiting(tx) if is_hers(event["person"])]


def _clear(runtime: Runtime, ids: Sequence[int], who: Sought) -> Cleared:
    """What the transaction could not take with it. Whatever dies in between, all of it can be done again."""
    with runtime.store.read() as tx:
        keys = erasing.keys(tx, ids)
    left = _let_leave(runtime, ids)
    gone = sum(_forget_files(runtime, ids, keys))
    faults.point("erase.before_scrub")
    scrubbed = erasing.scrub(runtime.store)
    faults.point("erase.after_scrub")
    cleaned, named = _look_through(runtime, who)
    return Cleared(gone, cleaned, named, left, scrubbed, _still_named(runtime, who))


def _let_leave(runtime: Runtime, ids: Sequence[int]) -> bool:
    """What was being handed over when she was erased has its outcome written; that is stripped, too, and what was put
    off isn't tried again. Whether all has."""
    over = time.monotonic() + _PATIENCE
    while True:
        with runtime.store.begin() as tx:
            leaving = erasing.leaving(tx, ids)
            erasing.clear(tx, ids)
            erasing.end(tx, ids, (), ERASED, runtime.now())
        if not leaving or time.monotonic() > over or runtime.wait is None:
            return not leaving
        runtime.wait(_LOOK)


# --- files ---------------------------------------------------------------------------------


def _forget_files(runtime: Runtime, ids: Sequence[int], keys: Sequence[str]) -> Iterator[bool]:
    """Delete what the outbox wrote of these messages and what was given out about her: for each file, that it was there."""
    given_out = [path for each in ids for path in exports(runtime.folder / EXPORTS, each)]
    begun = [draft(path) for path in given_out]
    for path in (*_in_outbox(runtime, keys), *given_out, *begun):
        with suppress(FileNotFoundError):
            path.unlink()
            yield True


def _in_outbox(runtime: Runtime, keys: Sequence[str]) -> Iterator[Path]:
    for channel, config in runtime.settings.channels.items():
        carrier = runtime.carrier(channel) if config.provider == Outbox.name else None
        if isinstance(carrier, Outbox):
            yield from map(Path, carrier.files_of(frozenset(keys)))


def exports(folder: Path, contact_id: int, formats: Sequence[str] = FORMATS) -> list[Path]:
    """The files in a folder that are given out about a person: their names say nothing of her."""
    return [folder / f"contact-{contact_id}.{form}" for form in formats]


def draft(path: Path) -> Path:
    """What is written of such a file before it has its name."""
    return path.with_name(f"{path.name}.part")


def _look_through(runtime: Runtime, who: Sought) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The files of refused rows that were put right, and the files of the workspace that name her still."""
    own = [Path(path) for path in erasing.database_files(runtime.store)]
    named = leftovers.naming(runtime.folder, who, own)
    cleaned = tuple(path for path in named if leftovers.clean_refused(path, who))
    return cleaned, tuple(path for path in named if path not in cleaned)


def _still_named(runtime: Runtime, who: Sought) -> bool:
    """Whether the database's files name her, which others' records do then."""
    return any(leftovers.names(Path(path), who) for path in erasing.database_files(runtime.store))
