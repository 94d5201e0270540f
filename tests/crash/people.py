"""What is done to one person by a command, killed half-way, while a worker is at work: erasing her, merging her with
another, giving out what is kept about her. Whoever asked for it asks again until nothing is left to do.

The worker stands still, with messages of hers at any stage, until the command has died or is done; then it goes on.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from nurture import faults
from nurture.app import erasing, exporting, ingest, merging
from nurture.app.runtime import Runtime
from nurture.model import Basis, Channel, ConsentRecord, NewEvent
from nurture.problems import NurtureError
from nurture.settings import ChannelConfig, Sender
from nurture.store import tables
from nurture.store.messages import OPEN
from tests.crash.plants import Plant
from tests.crash.scene import MESSAGES, PEOPLE, START, Scene, person, signups
from tests.crash.workers import finish, forked, go_on, stop_here, stopped, worker

Row = Mapping[str, Any]
KEPT, WHO = f"p{PEOPLE - 2}", f"p{PEOPLE - 1}"
NAME = {"first_name": "Ana", "last_name": "Quaresma"}
NAMED = re.compile(rf"{WHO}@example\.com|quaresma|11987650009|98765-?0009", re.IGNORECASE)
REF = re.compile(
    rf"(?<![\w-]){WHO}(?![\w-])"
)  # in the files of a database these two letters may stand anywhere
OUTBOX = "outbox"
_SENT = ("handover", "accepted", "in_doubt")


@dataclass(frozen=True)
class Done:
    """What became of it."""

    died: bool
    wrong: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.wrong


def _prepare(scene: Scene, *consents: ConsentRecord) -> None:
    """All have signed up; the last one has a name, and has said this."""

    def life() -> None:
        runtime, at = scene.warm(), START - timedelta(hours=1)
        said = NewEvent("identified", person(PEOPLE - 1), at, "site", "named", {}, NAME, consents)
        ingest.ingest(runtime.store, [said, *signups(PEOPLE)], START)
        runtime.close()

    scene.reset()
    for folder in (OUTBOX, erasing.EXPORTS):
        shutil.rmtree(scene.folder / folder, ignore_errors=True)
    finish(forked(life))


@dataclass(frozen=True)
class _At:
    """How things stand at a moment."""

    messages: Sequence[Row]
    runs: Sequence[Row]
    contacts: Sequence[Row]

    @property
    def sent(self) -> set[str]:
        return {row["key"] for row in self.messages if row["state"] in _SENT}

    def of(self, *people: int) -> Iterator[Row]:
        return (row for row in self.messages if row["contact_id"] in people)


def _at(scene: Scene) -> _At:
    return _At(*scene.rows(tables.messages, tables.enrollments, tables.contacts))


def _command(
    scene: Scene, act: Callable[[Runtime], Any], fault: str | None = None, plant: Plant | None = None
) -> bool:
    """Give a command in a process of its own; whether that died. A reasoned no is an answer."""

    def life() -> None:
        faults.arm(fault)
        runtime = scene.warm()
        with suppress(NurtureError):
            act(runtime)
        runtime.close()

    return finish(forked(life, plant)) != 0


def _beside_a_worker(
    scene: Scene,
    act: Callable[[Runtime], Any],
    in_force: Callable[[_At], bool],
    fault: str,
    busy: int,
    plant: Plant | None,
) -> tuple[bool, _At]:
    """A command is killed while a worker stands still, and given again: whether it died, and how things stood when it
    was in force and the worker had not gone on."""
    came = stopped(busy)
    died = _command(scene, act, fault, plant)
    if not in_force(at := _at(scene)):
        _command(scene, act, None, plant)
        at = _at(scene)
    if came:
        go_on(busy)
        _command(scene, act, None, plant)  # beside the worker
        finish(busy)
    finish(worker(scene, None, plant))
    _command(scene, act, None, plant)
    return died, at


# --- erasing --------------------------------------------------------------------------------------


def files(scene: Scene) -> Scene:
    """The same scene with its mails in a folder."""
    options = {"folder": str(scene.folder / OUTBOX), "fsync": "false"}
    config = ChannelConfig(Channel.EMAIL, "outbox", Sender("ola@cafe.example"), options)
    return scene.with_settings(channels={Channel.EMAIL: config})


def erased(scene: Scene, fault: str, standing: str, plant: Plant | None = None, *, dead: str = "") -> Done:
    """Erase one of them by a command that is killed at `fault`, while a worker stands at `standing` and another has
    died at `dead`."""
    _prepare(scene)
    (who,) = (row["id"] for row in _at(scene).contacts if row["ref"] == WHO)
    others = replace(scene, people=PEOPLE - 1)  # of whom the site goes on telling

    def is_erased(at: _At) -> bool:
        return any(row["id"] == who and row["erased_at"] for row in at.contacts)

    if dead:
        finish(worker(others, dead))
    busy = worker(others, standing, plant, act=stop_here)
    died, at = _beside_a_worker(others, _erase, is_erased, fault, busy, plant)
    return Done(died, [*_not_silent(at, who), *_went_on(scene, at, who), *_traces(scene), *_not_once(scene)])


def _erase(runtime: Runtime) -> None:
    if erasing.finish(runtime, WHO) is None:
        erasing.erase(runtime, WHO, START)


def _not_silent(at: _At, who: int) -> Iterator[str]:
    """What goes on though she is erased."""
    yield from (f"{row['template']} is {row['state']}" for row in at.of(who) if row["state"] in OPEN)
    runs = (row for row in at.runs if row["contact_id"] == who and row["status"] == "active")
    yield from (f"her run of {row['journey']} goes on" for row in runs)


def _went_on(scene: Scene, at: _At, who: int) -> Iterator[str]:
    """What was handed over to her afterwards, and what didn't come to the others."""
    now = _at(scene)
    yield from _not_silent(now, who)
    hers = {row["key"] for row in now.of(who)}
    taken = scene.taken()
    late = (hers & (now.sent | taken.keys())) - at.sent
    yield from (f"{key} left after she was erased" for key in late)
    yield from (f"{key} was taken {count} times" for key, count in taken.items() if count > 1)
    theirs = [row for row in now.messages if row["contact_id"] != who]
    yield from (f"{row['key']} is {row['state']}" for row in theirs if row["state"] != "accepted")
    if len(theirs) != MESSAGES * (PEOPLE - 1):
        yield f"the others have {len(theirs)} messages"
    if taken:
        yield from (f"{row['key']} did not come" for row in theirs if not taken[row["key"]])


def _traces(scene: Scene) -> Iterator[str]:
    """Where she is named: in a row, in the files of SQLite, in what was written to a folder."""
    chosen = tables.metadata.sorted_tables
    for table, rows in zip(chosen, scene.rows(*chosen), strict=True):
        for row in rows:
            if NAMED.search(said := str(dict(row))) or REF.search(said):
                yield f"{table.name} names her: {said}"
    places = [path for folder in (OUTBOX, erasing.EXPORTS) for path in (scene.folder / folder).glob("*")]
    if scene.dialect == "sqlite":
        database = Path(scene.database.removeprefix("sqlite:///"))
        places += database.parent.glob(f"{database.name}*")
    for path in places:
        if NAMED.search(path.read_bytes().decode("latin-1")):
            yield f"{path.name} names her"


def _not_once(scene: Scene) -> Iterator[str]:
    contacts, suppressions = scene.rows(tables.contacts, tables.suppressions)
    gone = [row for row in contacts if row["erased_at"]]
    if len(gone) != 1 or len(contacts) != PEOPLE:
        yield f"{len(gone)} of {len(contacts)} are erased"
    noted = [row for row in suppressions if row["kind"] == "erased"]
    if len(noted) != 3:
        yield f"{len(noted)} of her ref, address and number are noted as erased"


# --- merging --------------------------------------------------------------------------------------


def merged(scene: Scene, fault: str, standing: str, plant: Plant | None = None) -> Done:
    """Two are merged, one of whom has said no to offers."""
    _prepare(scene, ConsentRecord("offers", False, Basis.CONSENT, how="form"))
    ids = {row["ref"]: row["id"] for row in _at(scene).contacts}

    def is_one(at: _At) -> bool:
        return any(row["id"] == ids[WHO] and row["merged_into"] for row in at.contacts)

    busy = worker(scene, standing, plant, act=stop_here)
    died, at = _beside_a_worker(scene, _merge, is_one, fault, busy, plant)
    both = ids[KEPT], ids[WHO]
    return Done(died, [*_not_one(scene, at, *both), *_not_strict(scene, at, *both), *_not_whole(scene, both)])


def _merge(runtime: Runtime) -> None:
    merging.merge(runtime, KEPT, WHO, "user:chloe", START)


def _not_one(scene: Scene, at: _At, kept: int, other: int) -> Iterator[str]:
    """What of the other is left, and runs that go on twice."""
    chosen = [table for table in tables.metadata.sorted_tables if "contact_id" in table.c]
    for table, rows in zip(chosen, scene.rows(*chosen), strict=True):
        yield from (f"{table.name} has something of the other" for row in rows if row["contact_id"] == other)
    for journey in ("thread", "hello"):
        going = [row for row in at.runs if row["journey"] == journey and row["contact_id"] == kept]
        if sum(row["status"] == "active" for row in going) > 1:
            yield f"she goes through {journey} twice"
    (now,) = (row for row in _at(scene).contacts if row["id"] == kept)
    if (now["total_orders"], now["lifetime_value"]) != (2, 100 * (2 * 10 + 2 * PEOPLE - 3)):
        yield f"she has {now['total_orders']} orders of {now['lifetime_value']}"


def _not_strict(scene: Scene, at: _At, kept: int, other: int) -> Iterator[str]:
    """Her no must hold: it is written down once, and no offer leaves any more."""
    records, permissions = scene.rows(tables.consents, tables.permissions)
    own = [row for row in records if row["how"] == "merge"]
    noted = sorted((row["contact_id"], row["topic"], row["channel"], row["given"]) for row in own)
    if noted != [(kept, "offers", channel, False) for channel in ("email", "sms")]:
        yield f"noted of the merge: {noted}"
    held = {row["topic"]: row["given"] for row in permissions if row["contact_id"] == kept}
    if held != {"offers": False, "news": True}:
        yield f"of her holds {held}"
    now = _at(scene)
    offers = {row["key"] for row in now.of(kept, other) if row["topic"] == "offers"}
    yield from (f"{key} left though she said no" for key in (offers & scene.taken().keys()) - at.sent)


def _not_whole(scene: Scene, both: tuple[int, int]) -> Iterator[str]:
    """What was lost or came twice."""
    now, taken = _at(scene), scene.taken()
    yield from (f"{key} was taken {count} times" for key, count in taken.items() if count > 1)
    for row in now.messages:
        if row["state"] not in ("accepted", "cancelled"):
            yield f"{row['key']} is {row['state']}"
        if (row["state"] == "accepted") != (taken[row["key"]] > 0):
            yield f"{row['key']} is {row['state']} and was taken {taken[row['key']]} times"
        if row["state"] == "cancelled" and row["contact_id"] not in both:
            yield f"{row['key']} of another is cancelled: {row['reason']}"
    yield from ("a run goes on" for row in now.runs if row["status"] == "active")
    if not any(row["template"] == "hello" and row["state"] == "accepted" for row in now.of(*both)):
        yield "nobody said hello to her"


# --- giving out -----------------------------------------------------------------------------------


def exported(scene: Scene, fault: str) -> Done:
    """What is kept about her is given out by a command that is killed, given again, killed again, and then she is
    erased."""
    _prepare(scene)
    _command(scene, _export)
    whole = _given_out(scene)
    shutil.rmtree(scene.folder / erasing.EXPORTS)
    died = _command(scene, _export, fault)
    wrong = [f"{name} is not whole" for name, said in _given_out(scene).items() if said != whole[name]]
    for path in (scene.folder / erasing.EXPORTS).glob("contact-*"):
        if path.stat().st_mode & 0o077:
            wrong.append(f"others may read {path.name}")
    _command(scene, _export)
    if _given_out(scene) != whole:
        wrong.append("it was not given out again")
    _command(scene, _export, fault)
    _command(scene, _erase)
    return Done(died and len(whole) == 2, [*wrong, *_traces(scene)])


def _export(runtime: Runtime) -> None:
    exporting.write(runtime, exporting.export(runtime, WHO, START), None, None, START)


def _given_out(scene: Scene) -> dict[str, bytes]:
    found = (scene.folder / erasing.EXPORTS).glob("contact-*")
    return {path.name: path.read_bytes() for path in found if path.suffix in (".json", ".html")}
