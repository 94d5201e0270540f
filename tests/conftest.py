"""What every test may ask for: the two databases and the shared data."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

ROOT = Path(__file__).parent.parent
NO_SKIP = os.environ.get("NURTURE_NO_SKIP") == "1"

# Temporary files are kept in memory where there is plenty of it: tests kill processes, never the machine, so
# none can tell, and nothing waits for the disk. `make soak` and `make bench` use the disk.
MEMORY = Path("/dev/shm")
if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 6 << 30:
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None

# What takes longest is begun first, or at the end one core would wait for the other's last minute.
LONGEST = (
    "acceptance/test_events.py",
    "acceptance/test_prefect.py",
    "acceptance/test_command_line.py",
    "integration/test_criteria_meaning.py",
    "acceptance/test_olist.py",
    "journeys/test_timelines.py",
    "integration/test_scheduler.py",
    "integration/test_report_trials.py",
    "journeys/test_library.py",
    "integration/test_seeds.py",
    "integration/test_drawn_lives.py",
    "acceptance/test_demo.py",
)

# What forks comes before everything: a process that has run thousands of tests takes twice as long to copy.
FORKING = ROOT / "tests" / "crash"

ONE_DATABASE = {"one_database", "one_database_of_module"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "NURTURE_ONE_DATABASE" in os.environ:  # the others have been run on it
        items[:] = [each for each in items if ONE_DATABASE & set(getattr(each, "fixturenames", ()))]
    order = {ROOT / "tests" / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (item.path.parent != FORKING, order.get(item.path, len(order))))


def pytest_collection_finish() -> None:
    """What was collected stays until the end: nobody needs to look through it for rubbish again and again, or to copy it
    when a fork does so. And ten thousand new objects are soon enough for a look."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: somebody is always waiting, for a server, a clock or the disk."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; never part of the repository."""
    folder = Path(os.environ.get("NURTURE_SHARED_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}; set NURTURE_SHARED_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from nurture.store.engine import Store

    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    store = Store(f"sqlite:///{path}")
    assert store.engine
    store.close()
    return path


@pytest.fixture
def sqlite_database(tmp_path: Path, _migrated_sqlite: Path) -> str:
    """The URL of a new SQLite database with the product's schema."""
    path = tmp_path / "nurture.db"
    shutil.copyfile(_migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_database() -> Iterator[str]:
    """The URL of a new PostgreSQL database with the product's schema."""
    from tests.support import postgres

    url = postgres.migrated_database(durable=False)
    yield url
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest) -> str:
    """The URL of a new database with the product's schema: the test runs once on each kind."""
    kind = {"sqlite": "sqlite_database", "postgresql": "postgres_database"}[request.param]
    url: str = request.getfixturevalue(kind)
    return url


@pytest.fixture
def one_database(request: pytest.FixtureRequest) -> str:
    """The URL of a new database for a test to which its kind makes no difference: SQLite, or where
    NURTURE_ONE_DATABASE says so PostgreSQL, as `make both` does."""
    kind = os.environ.get("NURTURE_ONE_DATABASE", "sqlite")
    url: str = request.getfixturevalue({"sqlite": "sqlite_database", "postgresql": "postgres_database"}[kind])
    return url


@pytest.fixture(scope="module")
def one_database_of_module(tmp_path_factory: pytest.TempPathFactory, _migrated_sqlite: Path) -> Iterator[str]:
    """The same for all tests of a file."""
    if os.environ.get("NURTURE_ONE_DATABASE") != "postgresql":
        path = tmp_path_factory.mktemp("database") / "nurture.db"
        shutil.copyfile(_migrated_sqlite, path)
        yield f"sqlite:///{path}"
        return
    from tests.support import postgres

    url = postgres.migrated_database(durable=False)
    yield url
    postgres.drop_database(url)


# With NURTURE_NO_SKIP=1 every skip is a failure that says why.


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _unskipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _unskipped((yield))


Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def _unskipped(report: Report) -> Report:
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        where = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{where} (NURTURE_NO_SKIP=1: a skip is a failure)"
    return report
