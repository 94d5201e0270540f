"""What is done to a scene, and what came of it. Tests and the soak share these."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nurture import faults
from nurture.app import opt_outs
from nurture.model import Channel
from nurture.store import engine, tables
from nurture.store.engine import Store
from tests.crash import plants
from tests.crash.plants import Plant
from tests.crash.scene import CONNECTIONS, START, Audit, Scene, audit
from tests.crash.workers import (
    DAY,
    LONG_DAY,
    finish,
    forked,
    go_on,
    persist,
    stop_here,
    stopped,
    work,
    worker,
)
from tests.support.small_disk import SmallDisk

# Where a worker holds no transaction, so that the world may go on while it stands still.
BETWEEN = (
    "recover.after_commit",
    "lease.after_commit",
    "compose.after_commit",
    "handover.after_commit",
    "body.before_send",
    "body.before_reply",
    "body.after_reply",
    "outcome.after_commit",
)


def killed(scene: Scene, fault: str, plant: Plant | None = None) -> tuple[bool, Audit]:
    """A worker is killed at `fault` and others finish. Whether it came there at all, and what came of it."""
    scene.reset()
    dead = finish(worker(scene, fault, plant)) != 0
    since = time.monotonic()
    finish(worker(scene, None, plant))
    return dead, audit(scene, since)


def undisturbed(scene: Scene, plant: Plant | None = None) -> Audit:
    """Nobody is killed; a second worker comes when the first is done."""
    scene.reset()
    for _ in range(2):
        finish(worker(scene, None, plant))
    return audit(scene)


def without_unique(scene: Scene, fault: str) -> Audit:
    """As `killed`, in a database that knows nothing again."""
    scene.reset()
    runtime = scene.open()
    with plants.without_unique(runtime.store):
        finish(worker(scene, fault))
        finish(worker(scene))
        found = audit(scene)
    runtime.close()
    return found


def repeated(scene: Scene) -> Audit:
    """Another worker comes when all is done: a repeat changes nothing."""
    finish(worker(scene))
    return audit(scene)


def outlived(scene: Scene, fault: str, plant: Plant | None = None) -> tuple[bool, Audit]:
    """A worker stands still at `fault` for longer than its lease; another does the work; then it goes on."""
    return _interrupted(scene, fault, plant, lambda: finish(forked(_later(scene), plant)))


def taken_over(
    scene: Scene, fault: str, plant: Plant | None = None, held: str = "body.before_reply:2"
) -> tuple[bool, Audit]:
    """A worker stands still at `fault` for longer than its lease; another takes what it had and stands still at `held`
    with it; the first goes on and does all that it can, and then the other does. Whether both came there."""
    others: list[int] = []

    def take_over() -> bool:
        others.append(forked(_later(scene, held), plant))
        return stopped(others[0])

    scene.reset()
    first = worker(scene, fault, plant, act=stop_here)
    came = stopped(first) and take_over()
    for each in (first, *others) if came else ():
        go_on(each)
        finish(each)
    finish(worker(scene, None, plant))
    return came, audit(scene)


def _later(scene: Scene, held: str | None = None) -> Callable[[], None]:
    """The life of a worker for whom every lease has lapsed. It stands still at `held`."""

    def life() -> None:
        faults.arm(held, stop_here)
        clock = Store.lease_clock
        Store.lease_clock = lambda self, tx: clock(self, tx) + timedelta(days=1)  # type: ignore[method-assign]
        _all_work(scene)

    return life


def disagreed(
    scene: Scene, fault: str, plant: Plant | None = None, by: timedelta = timedelta(days=1)
) -> tuple[bool, Audit]:
    """A worker stands still at `fault` for a moment while another, whose own clock is a day ahead (or as much as
    `by` says), works."""

    def life() -> None:
        _go_wrong(by)
        _all_work(scene)

    return _interrupted(scene, fault, plant, lambda: finish(forked(life, plant)))


def _go_wrong(by: timedelta) -> None:
    """From now on the machine's clock is so far ahead for this process."""

    class Other(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + by

    engine.datetime = Other  # type: ignore[attr-defined]


def jumped(scene: Scene, fault: str, by: timedelta) -> tuple[bool, Audit]:
    """A worker stands still at `fault` while the clock of another jumps so far in the middle of its work, the jobs' and
    the machine's. What one of them put off by its own clock is done in the days that follow."""

    def life() -> None:
        runtime = scene.open()

        def jump() -> None:
            _go_wrong(by)
            runtime.now = lambda: scene.start + by  # type: ignore[method-assign]

        faults.arm("recover.after_commit:1", jump)
        work(scene, runtime, (*DAY[:1], *(by + after for after in DAY)))
        runtime.close()

    days = (*LONG_DAY, timedelta(days=2), timedelta(days=3))
    return _interrupted(scene, fault, None, lambda: finish(forked(life)), days)


def _all_work(scene: Scene) -> None:
    runtime = scene.open()
    work(scene, runtime)
    runtime.close()


def cut_off(scene: Scene, fault: str) -> tuple[bool, Audit]:
    """The server ends every connection to its database while a worker is at `fault` (PostgreSQL)."""
    return _failing(scene, fault, lambda: _end_connections(scene.database), lambda: None)


def _end_connections(url: str) -> None:
    import psycopg

    plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def filled_up(scene: Scene, fault: str, plant: Plant | None = None) -> tuple[bool, Audit]:
    """From `fault` on no file may grow, until a job has failed of it (SQLite)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))

    def make_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return _failing(scene, fault, fill, make_room, plant)


def _failing(
    scene: Scene,
    fault: str,
    fail: Callable[[], None],
    recover: Callable[[], None],
    plant: Plant | None = None,
) -> tuple[bool, Audit]:
    """A worker whose database fails at `fault`. Whether it noticed, and what came of it once another has finished."""
    scene.reset()
    told = scene.folder / "told"
    told.write_text("")

    def life() -> None:
        faults.arm(fault, fail)
        runtime = scene.open()
        told.write_text("\n".join(persist(scene, runtime, recover)))
        runtime.close()

    finish(forked(life, plant))
    finish(worker(scene, None, plant))
    return bool(told.read_text()), audit(scene)


@dataclass(frozen=True)
class Filled:
    """What came of a worker whose database server had a full disk."""

    noticed: bool
    said: str  # by a worker that went on
    died: bool
    audit: Audit

    @property
    def sound(self) -> bool:
        """A worker that goes on knows what it was answered: nothing is in doubt. One that dies leaves a wave at most."""
        return self.audit.sound and len(self.audit.in_doubt) <= (CONNECTIONS if self.died else 0)


def filled_up_server(
    scene: Scene, disk: SmallDisk, what: str, fault: str, *, dies: bool = False, plant: Plant | None = None
) -> Filled:
    """From `fault` on the server has no space for what `FILLED` names, until a job has failed of it. Then there is space
    again, the worker goes on or dies, and another finishes."""
    disk.tidy(scene.database, tables.metadata.tables)
    scene.reset()
    said = scene.folder / "said"
    said.write_text("")
    pauses = iter([stop_here])

    def life() -> None:
        faults.arm(fault, lambda: FILLED[what](disk, scene))
        runtime = scene.open()
        said.write_text("\n".join(persist(scene, runtime, lambda: next(pauses, _no_pause)())))
        runtime.close()

    first = forked(life, plant)
    noticed = stopped(first)
    if noticed and what == "log":
        disk.wait_until_down()
        disk.start()
    disk.make_room()
    if noticed:
        os.kill(first, signal.SIGKILL if dies else signal.SIGCONT)
        finish(first)
    scene.wait_for_the_dead()
    finish(worker(scene, None, plant, day=LONG_DAY))
    return Filled(noticed, said.read_text(), noticed and dies, audit(scene))


FILLED: Mapping[str, Callable[[SmallDisk, Scene], None]] = {
    "tables": lambda disk, scene: disk.fill_tables(scene.database),
    "log": lambda disk, scene: disk.fill_log(),
}


def _no_pause() -> None:
    """It has stood still once."""


def _interrupted(
    scene: Scene,
    fault: str,
    plant: Plant | None,
    meanwhile: Callable[[], Any],
    day: Sequence[timedelta] = DAY,
) -> tuple[bool, Audit]:
    """A worker stands still at `fault` while this is done. Another finishes, who works at these times of the day."""
    scene.reset()
    first = worker(scene, fault, plant, act=stop_here)
    came = stopped(first)
    if came:
        meanwhile()
        go_on(first)
        finish(first)
    finish(worker(scene, None, plant, day=day))
    return came, audit(scene)


def opted_out(scene: Scene, fault: str, plant: Plant | None = None) -> tuple[bool, list[str]]:
    """While a worker stands still at `fault` every second person opts out, and all is said and done.

    Returns what was handed over to them afterwards.
    """
    scene.reset()
    handed: set[str] = set()

    def meanwhile() -> None:
        finish(forked(lambda: opt_out(scene), plant))
        (rows,) = scene.rows(tables.messages)
        handed.update(row["key"] for row in rows if row["state"] in ("handover", "accepted", "in_doubt"))

    first = worker(scene, fault, plant, act=stop_here)
    came = stopped(first)
    if came:
        meanwhile()
        go_on(first)
        finish(first)
    finish(worker(scene, None, plant))
    messages, contacts = scene.rows(tables.messages, tables.contacts)
    gone = {row["id"] for row in contacts if _goes(row)}
    theirs = {row["key"] for row in messages if row["contact_id"] in gone}
    return came, sorted(key for key in scene.taken() if key in theirs - handed)


def _goes(contact: Mapping[str, Any]) -> bool:
    return int(contact["ref"].removeprefix("p")) % 2 == 1


def opt_out(scene: Scene) -> None:
    """By the page behind the link for mail, by STOP for SMS."""
    (contacts,) = scene.rows(tables.contacts)
    runtime = scene.open()
    for row in filter(_goes, contacts):
        if scene.provider == "twilio":
            opt_outs.stop(runtime, row["phone"], "answer by SMS", START)
        else:
            opt_outs.withdraw(
                runtime, row["id"], topic=None, channel=Channel.EMAIL, how="one-click", now=START
            )
    runtime.close()
