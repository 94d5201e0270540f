"""Where the migrations end is what the tables say, on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.problems import NurtureError
from nurture.store import engine, migrate
from nurture.store.engine import Store
from nurture.store.tables import metadata

# indexes() compares them by their text
pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")


@pytest.fixture
def empty(database: str, tmp_path: Path) -> Iterator[sa.Engine]:
    """A database of the same kind without a table."""
    if database.startswith("sqlite"):
        url = f"sqlite:///{tmp_path / 'empty.db'}"
        engine = sa.create_engine(url)
        yield engine
        engine.dispose()
        return
    from tests.support import postgres

    url = postgres.fresh_database()
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()
    postgres.drop_database(url)


def shape(engine: sa.Engine) -> dict[str, Any]:
    """Every table, with all that the database itself says of it."""
    looked = sa.inspect(engine)
    return {
        name: {
            "columns": {each["name"]: _plain(each) for each in looked.get_columns(name)},
            "primary key": _plain(looked.get_pk_constraint(name)),
            "foreign keys": sorted(map(repr, map(_plain, looked.get_foreign_keys(name)))),
            "unique": sorted(map(repr, map(_plain, looked.get_unique_constraints(name)))),
            "checks": sorted(map(repr, map(_plain, looked.get_check_constraints(name)))),
        }
        for name in looked.get_table_names()
        if name != "alembic_version"
    }


def _plain(told: Mapping[Any, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in sorted(told.items())}


def indexes(engine: sa.Engine) -> list[str]:
    """Every index as the database would write it: with its expressions and conditions."""
    statement = {
        "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        "postgresql": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    }[engine.dialect.name]
    with engine.connect() as connection:
        found = connection.execute(sa.text(statement)).scalars()
        return sorted(" ".join(each.split()) for each in found if "alembic_version" not in each)


def test_the_migrations_end_where_the_tables_are(database: str, empty: sa.Engine) -> None:
    migrated = Store(database)
    metadata.create_all(empty)
    assert shape(migrated.engine) == shape(empty)
    assert indexes(migrated.engine) == indexes(empty)
    assert len(shape(empty)) == len(metadata.tables)
    migrated.close()


def test_an_empty_database_is_brought_up_to_date_and_a_second_time_nothing_happens(empty: sa.Engine) -> None:
    assert migrate.revision(empty) is None
    migrate.ensure(empty)
    assert migrate.revision(empty) == migrate.HEAD
    before = shape(empty)
    migrate.ensure(empty)
    assert shape(empty) == before


def test_head_is_the_newest_migration() -> None:
    from alembic.script import ScriptDirectory

    folder = Path(migrate.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == migrate.HEAD


def test_sqlite_syncs_every_commit_and_queues_its_writers(sqlite_database: str) -> None:
    store = Store(sqlite_database)
    wanted = {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 10_000, "foreign_keys": 1}  # 2: FULL
    with store.read() as tx:
        found = {name: tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
    store.close()
    assert found == wanted


def test_a_writer_on_sqlite_waits_for_the_one_before_it(sqlite_database: str) -> None:
    store, other = Store(sqlite_database), Store(sqlite_database)
    began = Event()

    def write() -> datetime:
        began.set()
        with other.begin():
            return datetime.now(UTC)

    with ThreadPoolExecutor(1) as pool:
        with store.begin():
            wrote = pool.submit(write)
            began.wait()
            with pytest.raises(TimeoutError):
                wrote.result(timeout=0.05)
            let_go = datetime.now(UTC)
        assert wrote.result(timeout=30) > let_go
    store.close()
    other.close()


def test_a_writer_on_sqlite_that_waits_in_vain_says_so(
    sqlite_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_PATIENCE", 0.05)
    store, other = Store(sqlite_database), Store(sqlite_database)
    told = pytest.raises(NurtureError, match="another program has held its write lock")
    with store.begin(), told, other.begin():
        pass
    with other.begin() as tx:  # and the next time it is not in its own way
        assert tx.exec_driver_sql("PRAGMA busy_timeout").scalar() == 10_000
    store.close()
    other.close()
