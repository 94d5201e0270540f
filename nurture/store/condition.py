"""What condition a database is in, looked at without changing anything in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from nurture.store import migrate, notes, trouble
from nurture.store.engine import Store


@dataclass(frozen=True, slots=True)
class Condition:
    """`revision` is None for a database that is empty, `safe` says in words whether a power cut can lose what was
    committed, `clock` is the database's own where it has one, and `digest_key` the fingerprint of the key of its digests
    where it knows one."""

    place: str
    product: str
    revision: str | None
    newest: str
    unsafe: tuple[str, ...] = ()
    clock: datetime | None = None
    digest_key: str | None = None


def condition(store: Store) -> Condition:
    """Raises NurtureError where the database can't be reached."""
    if store.is_sqlite and store.url.database and not Path(store.url.database).exists():
        return Condition(store.url.database, "SQLite", None, migrate.HEAD)
    engine = sa.create_engine(store.url, hide_parameters=True, poolclass=sa.NullPool)
    with trouble.told(store.url), engine.connect() as connection:
        look = _sqlite if store.is_sqlite else _postgresql
        found = look(store.url, connection, migrate.revision(engine))
        if found.revision != found.newest:
            return found
        return replace(found, digest_key=notes.read(connection, notes.DIGEST_KEY))


def _sqlite(url: sa.URL, connection: sa.Connection, revision: str | None) -> Condition:
    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    unsafe = () if mode == "wal" or revision is None else (f"journal_mode is {mode} and not wal",)
    version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
    return Condition(url.database or "", f"SQLite {version}", revision, migrate.HEAD, unsafe)


def _postgresql(url: sa.URL, connection: sa.Connection, revision: str | None) -> Condition:
    found = {
        name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
        for name in ("fsync", "full_page_writes", "synchronous_commit", "server_version")
    }
    off = ("fsync", "full_page_writes", "synchronous_commit")
    unsafe = tuple(f"{name} is off" for name in off if found[name] == "off")
    clock = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one().astimezone(UTC)
    place = f"{url.host or 'this machine'}:{url.port or 5432}/{url.database}"
    product = f"PostgreSQL {found['server_version'].partition(' ')[0]}"
    return Condition(place, product, revision, migrate.HEAD, unsafe, clock)
