"""Opening the database and its transactions.

SQLite runs WAL with `synchronous=FULL`; a writing transaction begins with `BEGIN IMMEDIATE`, so
that two writers queue instead of failing half way. PostgreSQL is opened by URL.
"""

from __future__ import annotations

import json
import math
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

from nurture.problems import NurtureError
from nurture.store import migrate, trouble
from nurture.store.criteria_json import register

Tx: TypeAlias = sa.Connection


class Store:
    """The database of one workspace. Cheap to make; connects on first use.

    One that isn't `durable` (SQLite only) may be lost with the machine, as a demo's may: nothing is synced.
    """

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self._durable = durable
        self.url = _normalised(url)
        self.dialect = self.url.get_backend_name()
        if self.dialect not in ("sqlite", "postgresql"):
            raise NurtureError(f"database: {self.dialect} is not supported; use sqlite:/// or postgresql://")

    @property
    def is_sqlite(self) -> bool:
        return self.dialect == "sqlite"

    @cached_property
    def engine(self) -> sa.Engine:
        """The engine, with its schema brought up to date."""
        engine = _sqlite(self.url, self._durable) if self.is_sqlite else _postgresql(self.url)
        with trouble.told(self.url):
            migrate.ensure(engine)
        return engine

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A writing transaction: commits at the end, rolls back on an exception.

        Raises NurtureError where the database is full, gone or closed to us.
        """
        with trouble.told(self.url), self.engine.begin() as tx:
            yield tx

    @contextmanager
    def rehearse(self) -> Iterator[Tx]:
        """A writing transaction that is taken back at its end: what would happen."""
        with trouble.told(self.url), self.engine.connect() as tx, tx.begin() as rehearsal:
            try:
                yield tx
            finally:
                rehearsal.rollback()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A reading transaction that takes no write lock, and as long as it likes."""
        with trouble.told(self.url), self.engine.connect().execution_options(nurture_read=True) as tx:
            yield tx

    def lease_clock(self, tx: Tx) -> datetime:
        """Real time for leases, whatever clock the jobs run on: the database's own on PostgreSQL."""
        if self.is_sqlite:
            return datetime.now(UTC)
        found: datetime = tx.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return found.astimezone(UTC)

    def alone(self, tx: Tx, purpose: str) -> bool:
        """Whether this transaction is the only one doing `purpose`; held until it ends."""
        if self.is_sqlite:
            return True  # BEGIN IMMEDIATE already makes every writer the only one
        return bool(tx.execute(_TRY_LOCK, {"purpose": f"nurture.{purpose}"}).scalar_one())

    def in_turn(self, tx: Tx, purpose: str, *, shared: bool = False) -> None:
        """Wait until no other transaction is doing `purpose`; from then on none does, until this one ends. Those that
        have it `shared` don't wait for each other. Who came first has its turn first."""
        if not self.is_sqlite:
            tx.execute(_SHARE if shared else _LOCK, {"purpose": f"nurture.{purpose}"})

    def stay(self, tx: Tx) -> None:
        """Show PostgreSQL that who computes for long inside this transaction has not been stopped."""
        if not self.is_sqlite:
            tx.exec_driver_sql("SELECT 1")

    def close(self) -> None:
        if "engine" in self.__dict__:
            self.engine.dispose()
            del self.__dict__["engine"]


_TRY_LOCK = sa.text("SELECT pg_try_advisory_xact_lock(hashtext(:purpose))")
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtext(:purpose))")
_SHARE = sa.text("SELECT pg_advisory_xact_lock_shared(hashtext(:purpose))")


class Alone(Store):
    """A copy (SQLite) with which one process works alone and which it then throws away: everything is one
    transaction that nothing syncs, commits or takes back."""

    def __init__(self, url: str) -> None:
        super().__init__(url, durable=False)

    @cached_property
    def _only(self) -> Tx:
        tx = self.engine.connect()
        driver: Any = tx.connection.driver_connection
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=OFF", "foreign_keys=OFF"):
            driver.execute(f"PRAGMA {pragma}")
        return tx

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        with trouble.told(self.url):
            yield self._only

    read = begin

    def close(self) -> None:
        if "_only" in self.__dict__:
            self._only.close()
            del self.__dict__["_only"]
        super().close()


def this_process() -> str:
    """Who holds a lease: host, process, when it started, so that a reused number is not mistaken, and where its number
    means it."""
    return f"{socket.gethostname()}:{os.getpid()}:{_STARTED}:{_WHERE}"


def _where() -> str:
    """The start of this machine and the PID namespace (one a container), whatever host name they go by. Where there is
    no /proc there are no namespaces: the host name. Empty where it can't be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except (OSError, ValueError):
        return "" if sys.platform == "linux" else socket.gethostname()


_STARTED = int(time.time() * 1000)
_WHERE = _where()


def is_dead(owner: str) -> bool:
    """Whether `owner`, as `this_process` wrote it, no longer runs. Of who ran elsewhere nobody here can know: those are
    not dead before their lease ends."""
    try:
        _, pid, started, where = owner.split(":")
    except ValueError:  # written by an older release, which did not say where
        return False
    if not _WHERE or where != _WHERE or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return started != str(_STARTED)
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _normalised(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # neither says the URL, which may hold a password
        raise NurtureError(
            "database: this is no address of a database; see 'database' in nurture.yaml"
        ) from None
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _sqlite(url: sa.URL, durable: bool) -> sa.Engine:
    if url.database:
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NurtureError(f"database: {folder} can't be made: {error.strerror}") from None
    engine = sa.create_engine(
        url,
        poolclass=QueuePool,
        connect_args={"timeout": _PATIENCE},
        hide_parameters=True,
        json_deserializer=_parsed,
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the transactions below are ours, not the driver's
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={'FULL' if durable else 'OFF'}",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-65536",
            "wal_autocheckpoint=4000",  # pages: a batch of some thousand rows is copied to the database once
        ):
            connection.execute(f"PRAGMA {pragma}")
        register(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        reading = connection.get_execution_options().get("nurture_read")
        driver: Any = connection.connection.driver_connection  # past SQLAlchemy, whose way takes longer
        if reading:
            driver.execute("BEGIN")
        else:
            _begin_writing(driver)

    return engine


def _begin_writing(driver: Any) -> None:
    """Take the write lock, or wait until it is free.

    A worker lets go of it for some milliseconds only, between its waves. SQLite's own waiting looks less and less often,
    down to ten times a second, and would miss most of them: an opt-out would wait until the worker has nothing to do.
    """
    over = time.monotonic() + _PATIENCE
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while not _taken(driver, last=time.monotonic() > over):
            time.sleep(_LOOK)
    finally:
        driver.execute(_BUSY_TIMEOUT)


def _taken(driver: Any, *, last: bool) -> bool:
    """Whether the write lock is ours. Raises what the driver does, where this was the last try."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


_PATIENCE = 10.0  # seconds that a writer waits for the others
_LOOK = 0.001  # seconds from one look at the lock to the next
_BUSY_TIMEOUT = f"PRAGMA busy_timeout={_PATIENCE * 1000:.0f}"


def _parsed(text: str) -> Any:
    """A document. Most memories and fields are empty, and a batch reads thousands."""
    return {} if text == "{}" else json.loads(text)


def _postgresql(url: sa.URL) -> sa.Engine:
    try:
        engine = sa.create_engine(
            url if "connect_timeout" in url.query else url.update_query_dict({"connect_timeout": "10"}),
            pool_size=5,
            max_overflow=10,
            hide_parameters=True,
        )
    except ModuleNotFoundError as missing:
        raise NurtureError(
            "database: PostgreSQL needs its driver; install it with: pip install 'nurture[postgresql]'"
        ) from missing
    _ping(engine)
    _let_go(engine)
    return engine


def _let_go(engine: sa.Engine) -> None:
    """Have the server end a connection that stands still inside a transaction: its worker was stopped, or its machine
    is gone, and others wait for what it holds. Nobody waits for one that only reads, and it may do so slowly. What
    the database, its user or the URL say of such a time goes before."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.execute(_IDLE)
        connection.commit()

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("nurture_read"):
            connection.connection.cursor().execute(_AT_LEISURE)


# Longer than any transaction computes between two statements.
_IDLE = """
SELECT set_config('idle_in_transaction_session_timeout', '120s', false)
WHERE current_setting('idle_in_transaction_session_timeout') = '0'
"""
_AT_LEISURE = "SET LOCAL idle_in_transaction_session_timeout = 0"


def _ping(engine: sa.Engine) -> None:
    """Have a connection asked whether it still stands before it is used again, unless it did a moment ago.

    A wave is a transaction of a few milliseconds, and asking takes three round trips.
    """

    @event.listens_for(engine, "checkin")
    def left(_connection: Any, record: Any) -> None:
        record.info["left"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def taken(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("left", math.inf) > _FRESH:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as gone:
                raise sa.exc.DisconnectionError from gone


_FRESH = 1.0  # seconds
