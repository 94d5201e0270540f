"""A copy of the past to try things on: SQLite in a file of its own, whatever the workspace's database is.

Reading takes one transaction that no writer waits for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from nurture.model import SUPPRESSIONS
from nurture.store import trouble
from nurture.store.engine import Alone, Store
from nurture.store.tables import metadata

Choice = Mapping[str, str]  # by table: the SQL condition of the rows to take
BATCH = 5000
# What the product keeps for itself: nothing that a journey looks at.
OWN = frozenset(
    ("attempts", "bodies", "imports", "jobs", "template_versions", "workspace")
    + ("buckets", "stops", "tallies", "warm_ups")
)


def person(source: Store, path: Path, contact_id: int) -> Store:
    """Everything about one person, and every journey, in a new database."""
    hers = f"contact_id = {int(contact_id)}"
    digests = "SELECT {address}_digest FROM contacts WHERE id = " + str(int(contact_id))
    chosen = {
        table.name: hers if "contact_id" in table.c else "1 = 1"
        for table in metadata.sorted_tables
        if table.name not in OWN
    }
    chosen["contacts"] = f"id = {int(contact_id)}"
    chosen["traces"] = f"enrollment_id IN (SELECT id FROM enrollments WHERE {hers})"
    chosen["suppressions"] = " OR ".join(
        f"(kind = '{kind}' AND digest IN ({digests.format(address=address)}))"
        for kind, address in SUPPRESSIONS.items()
    )
    chosen["do_not_disturb"] = f"digest IN ({digests.format(address='phone')})"
    return copy(source, path, chosen)


def copy(source: Store, path: Path, chosen: Choice, bare: bool = False) -> Store:
    """The chosen rows of the chosen tables in a new database; where it is `bare`, without indexes and for one process
    alone."""
    url = f"sqlite:///{path}"
    target = Alone(url) if bare else Store(url, durable=False)
    target.engine.dispose()
    with trouble.told(source.url), closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("PRAGMA synchronous = OFF")
        if bare:
            _without_indexes(db)
        tables = [table for table in metadata.sorted_tables if table.name in chosen]
        if source.is_sqlite:
            _from_sqlite(db, source, tables, chosen)
        else:
            _from_postgresql(db, source, tables, chosen)
    return target


def _without_indexes(db: sqlite3.Connection) -> None:
    names = db.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for (name,) in names:
        db.execute(f'DROP INDEX "{name}"')


def index(store: Store, but: Collection[str] = ()) -> None:
    """Make the indexes that a bare copy lacks, but not these."""
    with store.begin() as tx:
        for each in (each for table in metadata.sorted_tables for each in table.indexes):
            if each.name not in but:
                each.create(tx)


def _from_sqlite(db: sqlite3.Connection, source: Store, tables: Sequence[sa.Table], chosen: Choice) -> None:
    source.engine  # noqa: B018  its tables are made, or brought up to date
    db.execute("ATTACH ? AS source", (source.url.database,))
    db.execute("BEGIN")
    for table in tables:
        names = _names(table)
        where = chosen[table.name].replace("FROM ", "FROM source.")
        db.execute(
            f"INSERT INTO main.{table.name} ({names}) SELECT {names} FROM source.{table.name} WHERE {where}"
        )
    db.execute("COMMIT")


def _from_postgresql(
    db: sqlite3.Connection, source: Store, tables: Sequence[sa.Table], chosen: Choice
) -> None:
    db.execute("BEGIN")
    with _snapshot(source) as tx:
        for table in tables:
            marks = ", ".join("?" * len(table.c))
            insert = f"INSERT INTO {table.name} ({_names(table)}) VALUES ({marks})"
            for rows in _rows(tx, table, chosen[table.name]):
                db.executemany(insert, rows)
    db.execute("COMMIT")


@contextmanager
def _snapshot(source: Store) -> Iterator[sa.Connection]:
    """All tables as they were at one instant."""
    with source.engine.connect().execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    ) as tx:
        yield tx


def _rows(tx: sa.Connection, table: sa.Table, where: str) -> Iterator[Sequence[tuple[object, ...]]]:
    """The rows as SQLite keeps them, batch by batch."""
    columns = ", ".join(_plain(column) for column in table.c)
    statement = sa.text(f"SELECT {columns} FROM {table.name} WHERE {where}")
    found = tx.execution_options(stream_results=True, max_row_buffer=BATCH).execute(statement)
    for rows in found.partitions(BATCH):
        yield [tuple(row) for row in rows]


def _plain(column: sa.Column[object]) -> str:
    match column.type:
        case sa.JSON():
            return f'"{column.name}"::text'
        case sa.Boolean():
            return f'"{column.name}"::int'
        case sa.Text():
            return f'"{column.name}"'
    return f'"{column.name}"'


def _names(table: sa.Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.c)
