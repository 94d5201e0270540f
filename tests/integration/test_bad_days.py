"""Bad days: mail servers with bad manners, two runs at once, clocks that go back, full disks, a database that
goes away. After each of them the provider's ledger and the outbox agree, and the operator is told."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from typer.testing import CliRunner

from nurture import schedule
from nurture.app import ingest
from nurture.app.runtime import Runtime
from nurture.cli.main import app
from nurture.problems import NurtureError
from nurture.store import tables, trouble
from tests.crash import trials
from tests.crash.scene import PROVIDERS, Scene, audit, build, providing, signups
from tests.crash.workers import DAY, finish, forked, work, worker
from tests.support import sink

MANNERS = ("p1=refuse", "p2=defer", "p3=hang", "p4=vanish", "p5=die", "p6=policy", "p7=busy")


class Day:
    """A workspace of today, so that `nurture status` can be asked about it."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.runtime = scene.open()
        self.at(timedelta())
        ingest.ingest(self.runtime.store, signups(scene.people, scene.start), scene.start)

    def at(self, after: timedelta) -> None:
        """The clock shows so much more than at the beginning."""
        self.runtime.now = lambda: self.scene.start + after

    def jobs(self) -> list[str]:
        """Run every job, as the scheduler does; what failed, in words."""
        return jobs(self.runtime)

    def over(self) -> Scene:
        """The scene alone: others work in it."""
        self.runtime.close()
        return self.scene

    def all_day(self) -> None:
        for after in DAY:
            self.at(after)
            for _ in range(3):
                assert self.jobs() == []

    def status(self) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["status", "--workspace", str(self.scene.folder)])
        return done.exit_code, done.output

    def messages(self, ref: str) -> list[dict[str, object]]:
        messages, contacts = self.scene.rows(tables.messages, tables.contacts)
        ids = {row["ref"]: row["id"] for row in contacts}
        return [dict(row) for row in messages if row["contact_id"] == ids[ref]]

    def taken(self, ref: str) -> int:
        """How many mails the server has for a person."""
        mails = self.scene.sink.messages()
        return sum(mail["recipient"] == f"{ref}@example.com" for mail in mails)


def jobs(runtime: Runtime) -> list[str]:
    failed = []
    for job in schedule.JOBS:
        try:
            schedule.run(runtime, job)
        except NurtureError as error:
            failed.append(f"{job.name}: {error}")
    return failed


Make = Callable[..., Day]


@pytest.fixture
def day(tmp_path: Path, database: str) -> Iterator[Make]:
    """Makes a day with a mail server of these manners."""
    with ExitStack() as stack:

        def make(*manners: str) -> Day:
            given = [manner.replace("=", "@example.com=") for manner in manners]
            server = stack.enter_context(providing("smtp", tmp_path / "ledger.ndjson", *given))
            start = datetime.now(UTC).replace(microsecond=0)
            scene = build(tmp_path / "shop", database, "smtp", server, start=start, timeout=1)
            made = Day(scene)
            stack.callback(made.runtime.close)
            return made

        yield make


# --- mail servers ---------------------------------------------------------------------------------


def test_bad_manners_to_some_hurt_nobody_else(day: Make) -> None:
    today = day(*MANNERS)
    for after in (*DAY, timedelta(hours=3), timedelta(hours=5)):
        today.at(after)
        for _ in range(3):
            today.jobs()
    for ref in ("p0", "p8", "p9"):
        assert [row["state"] for row in today.messages(ref)] == ["accepted"] * 3
        assert today.taken(ref) == 3
    assert {row["state"] for row in today.messages("p1")} == {"refused", "cancelled"}  # no such address
    assert {row["state"] for row in today.messages("p6")} == {"refused"}  # not let in; may be tomorrow
    for ref in ("p2", "p7"):
        waiting = today.messages(ref)
        assert {row["state"] for row in waiting} == {"deferred"}
        assert all(row["attempts"] > 1 for row in waiting)  # type: ignore[operator]
    for ref, kept in (("p3", 0), ("p4", 3), ("p5", 0)):
        assert {row["state"] for row in today.messages(ref)} == {"in_doubt"}
        assert today.taken(ref) == kept
    assert max(today.scene.taken().values()) == 1
    code, said = today.status()
    said = " ".join(said.split())
    assert "in doubt 9: handed over, but the answer was lost; see `nurture doubts`" in said
    refused = sum(row["state"] == "refused" for ref in ("p1", "p6") for row in today.messages(ref))
    assert f"failed {refused}: refused for good by the provider" in said
    assert code == 0


def test_a_mail_server_that_is_away_is_said_and_nothing_is_lost(day: Make, tmp_path: Path) -> None:
    today = day()
    server = today.scene.sink
    server.process.terminate()
    server.process.wait()
    failed = today.jobs()
    assert len(failed) == 1
    assert failed[0].startswith("deliver-messages: email: There is no connection to the provider.")
    code, said = today.status()
    assert code == 1
    assert "deliver-messages failed: email: There is no connection to the provider." in " ".join(said.split())
    module = PROVIDERS["smtp"]["module"]
    with sink.running(server.ledger, "--fsync", "--port", str(server.port), module=module):
        today.at(timedelta(minutes=30))
        today.jobs()
        today.all_day()
        today.at(timedelta(hours=3))
        assert today.jobs() == []
        assert audit(today.scene).sound
        assert audit(today.scene).sent_once == audit(today.scene).due
        assert today.status()[1].endswith("All is well.\n")


# --- two at once, and clocks ----------------------------------------------------------------------


def test_several_processes_at_once_do_everything_once(day: Make) -> None:
    scene = day().over()
    for _ in range(2):
        scene.reset()
        workers = [worker(scene) for _ in range(3)]
        assert [finish(pid) for pid in workers] == [0, 0, 0]
        finish(worker(scene))
        found = audit(scene)
        assert found.sound, found
        assert not found.in_doubt


def test_two_threads_at_once_do_everything_once(day: Make) -> None:
    scene = day().over()
    scene.reset()
    ready, failures = threading.Barrier(2), []

    def life() -> None:
        runtime = scene.open()
        try:
            ready.wait()
            work(scene, runtime)
        except Exception as failure:
            failures.append(failure)
        finally:
            runtime.close()

    threads = [threading.Thread(target=life) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    finish(worker(scene))
    found = audit(scene)
    assert found.sound, found
    assert not found.in_doubt


def test_people_may_opt_out_while_several_are_at_work(day: Make) -> None:
    scene = day().over()
    for _ in range(2):
        scene.reset()
        workers = [worker(scene), forked(lambda: trials.opt_out(scene)), worker(scene)]
        assert [finish(pid) for pid in workers] == [0, 0, 0]
        finish(worker(scene))
        (messages,) = scene.rows(tables.messages)
        assert {row["state"] for row in messages} <= {"accepted", "cancelled"}
        assert scene.taken() == {row["key"]: 1 for row in messages if row["state"] == "accepted"}


def test_a_clock_that_goes_back_an_hour_sends_nothing_again(day: Make) -> None:
    today = day()
    hours = (0.0, -1.0, -0.5, 1.5, 0.5, 1.5)
    for hour in hours:
        today.at(timedelta(hours=hour))
        for _ in range(2):
            assert today.jobs() == []
    found = audit(today.scene)
    assert found.sound, found
    assert found.sent_once == found.due


# --- disks and databases that fail ----------------------------------------------------------------


SAID = {  # psycopg's errors, and what the keeper of the database server is told
    "DiskFull": "the disk of the database server at db.example:5432 is full; nothing is lost, and the jobs go on when",
    "IoError": "at db.example:5432 failed: its disk may be full, over its quota or broken, and its log says more; nothing is",
    "InternalError_": "at db.example:5432 failed: its disk may be full, over its quota or broken, and its log says more; nothing",
    "ConfigurationLimitExceeded": "at db.example:5432 is out of memory or at a limit of its configuration, as its log says;",
    "OutOfMemory": "at db.example:5432 is out of memory or at a limit of its configuration, as its log says; nothing is lost",
    "TooManyConnections": "at db.example:5432 has no connection left",
    "DataCorrupted": "at db.example:5432 has found its files damaged. Stop nurture and restore a backup",
    "IndexCorrupted": "at db.example:5432 has found an index damaged",
}


@pytest.mark.parametrize(("name", "said"), SAID.items(), ids=SAID)
def test_what_fails_a_database_server_is_said(name: str, said: str) -> None:
    failure = getattr(psycopg.errors, name)("could not extend file: ana@example.com")
    for each in (failure, sa.exc.InternalError("INSERT", {}, failure)):
        with (
            pytest.raises(NurtureError, match=said) as told,
            trouble.told(sa.make_url("postgresql+psycopg://nurture:secret@db.example/shop")),
        ):
            raise each
        assert "ana" not in str(told.value)


@pytest.mark.parametrize("room", [0, 2, 4, 6, 8])
def test_a_full_disk_loses_nothing_and_is_said(room: int, day_on_sqlite: Day) -> None:
    today = day_on_sqlite
    with today.runtime.store.read() as tx:
        pages = tx.execute(sa.text("PRAGMA page_count")).scalar_one()
    _limit(today.runtime, pages + room)
    failed = []
    for after in DAY:
        today.at(after)
        failed += today.jobs()
    assert failed
    assert all("the disk is full" in words and "nothing is lost" in words for words in failed)
    assert not any("Traceback" in words for words in failed)
    _limit(today.runtime, 2**30)
    for hours in (2, 4, 6):
        today.at(timedelta(hours=hours))
        for _ in range(3):
            assert today.jobs() == []
    found = audit(today.scene)
    assert found.sound, found
    assert found.sent_once == found.due
    code, said = today.status()
    assert code == 0, said


def _limit(runtime: Runtime, pages: int) -> None:
    """From here on the database may have so many pages."""
    engine = runtime.store.engine
    engine.dispose()

    @event.listens_for(engine, "connect")
    def limited(connection: object, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")  # type: ignore[attr-defined]


@pytest.fixture
def day_on_sqlite(tmp_path: Path, sqlite_database: str) -> Iterator[Day]:
    with providing("smtp", tmp_path / "ledger.ndjson") as server:
        start = datetime.now(UTC).replace(microsecond=0)
        today = Day(build(tmp_path / "shop", sqlite_database, "smtp", server, start=start))
        yield today
        today.runtime.close()


@pytest.mark.parametrize("kilobytes", [8, 64, 128])
def test_files_that_may_not_grow_lose_nothing_and_are_said(
    kilobytes: int, tmp_path: Path, day_on_sqlite: Day
) -> None:
    scene = day_on_sqlite.over()
    scene.reset()
    told, room = tmp_path / "told", kilobytes * 1024

    def life() -> None:
        runtime = scene.open()
        assert runtime.store.engine
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        told.write_text("\n".join(jobs(runtime)))

    finish(forked(life))
    failed = told.read_text().splitlines()
    assert failed
    assert all("can't be written" in words or "can't grow" in words for words in failed), failed
    finish(worker(scene))
    finish(worker(scene))
    found = audit(scene)
    assert found.sound, found
    assert found.doubt_is_small


@pytest.mark.postgresql
def test_postgresql_may_stop_and_start_during_a_run(tmp_path: Path, postgres_database: str) -> None:
    from tests.support import postgres

    with sink.running(tmp_path / "ledger.ndjson", "--fsync", "--delay", "0.1") as server:
        scene = build(tmp_path / "shop", postgres_database, "smtp", server)
        told = tmp_path / "told"
        pid = forked(lambda: _persist(scene, told))
        _until_taken(server, 3)
        postgres.server().stop()
        time.sleep(1)
        postgres.server().start()
        finish(pid)
        failed = told.read_text().splitlines()
        assert failed
        assert all("database server" in words or "connection" in words for words in failed), failed
        found = audit(scene)
        assert found.sound, found
        assert not found.in_doubt  # the process has lived through it and knows what it was answered


def _persist(scene: Scene, told: Path) -> None:
    """Poke the jobs until all is done, whatever fails meanwhile."""
    runtime = scene.open()
    with told.open("w") as words:
        done_at = dict.fromkeys(DAY, 0)
        for after in DAY:
            runtime.now = lambda after=after: scene.start + after  # type: ignore[misc]
            while done_at[after] < 3:
                try:
                    ingest.ingest(runtime.store, signups(scene.people, scene.start), scene.start)
                    failed = jobs(runtime)
                except NurtureError as error:
                    failed = [str(error)]
                words.writelines(f"{one}\n" for one in failed)
                done_at[after] += not failed
                time.sleep(0.1 if failed else 0)
    runtime.close()


def _until_taken(server: sink.Sink, count: int) -> None:
    given_up = time.monotonic() + 60
    while len(server.messages()) < count:
        assert time.monotonic() < given_up
        time.sleep(0.02)
