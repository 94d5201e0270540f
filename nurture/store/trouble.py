"""What a database's own errors mean for the person who runs it. Nothing that a row holds is repeated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from nurture.problems import NurtureError

_SQLITE = {
    "SQLITE_FULL": "the disk is full: {place} can't grow. Free some space; nothing is lost, and the jobs go on by themselves",
    "SQLITE_IOERR": "{place} can't be written: the disk is full, over its quota or broken. "
    "Nothing is lost, and the jobs go on when there is space again",
    "SQLITE_BUSY": "{place} is busy: another program has held its write lock for 10 seconds",
    "SQLITE_CANTOPEN": "{place} can't be opened. Is the folder there, and may this user write in it?",
    "SQLITE_READONLY": "{place} can't be written: this user may only read it",
    "SQLITE_CORRUPT": "{place} is damaged. Stop nurture and restore a backup",
    "SQLITE_NOTADB": "{place} is not a SQLite database",
}
_FAILED = (
    "the database server at {place} failed: its disk may be full, over its quota or broken, and its log says more; "
    "nothing is lost, and the jobs go on when it works again"
)
_POSTGRESQL = {  # by class or code of SQLSTATE: the first that fits
    "53100": "the disk of the database server at {place} is full; nothing is lost, and the jobs go on when there is space again",
    "53300": "the database server at {place} has no connection left; raise its max_connections or run fewer workers",
    "25P03": "the database server at {place} ended a transaction in which nothing had happened for too long, as when this "
    "process or its machine stood still; nothing of it was written, and the jobs go on",
    "53": "the database server at {place} is out of memory or at a limit of its configuration, as its log says; nothing is "
    "lost, and the jobs try again",
    "57P": "the database server at {place} was shut down; the jobs go on when it is back",
    "08": "the connection to the database server at {place} was lost; the jobs try again",
    "28": "the database server at {place} does not accept our user or password",
    "3D": "the database server at {place} has no such database; make it with createdb",
    "58": _FAILED,
    "XX001": "the database server at {place} has found its files damaged. Stop nurture and restore a backup",
    "XX002": "the database server at {place} has found an index damaged, as its log says: REINDEX makes it anew",
    "XX": _FAILED,  # a file that may not grow, as over a quota, has no code of its own
}
_GONE = "the database server at {place} doesn't answer; the jobs go on when it is back"


@contextmanager
def told(url: sa.URL) -> Iterator[None]:
    """Errors of the database at `url` that its operator can mend are raised as NurtureError."""
    try:
        yield
    except Exception as error:
        words = in_words(error, url)
        if words is None:
            raise
        raise NurtureError(f"database: {words}") from error


def in_words(error: BaseException, url: sa.URL) -> str | None:
    """What happened and the way out; None for what is no trouble of the database's keeper."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        name = getattr(cause, "sqlite_errorname", "") or ""
        found = next((words for code, words in _SQLITE.items() if name.startswith(code)), None)
        return found and found.format(place=url.database)
    if type(cause).__module__.startswith("psycopg"):
        return _postgresql(cause, f"{url.host or 'this machine'}:{url.port or 5432}")
    return None


def _postgresql(cause: BaseException | None, place: str) -> str | None:
    state = getattr(cause, "sqlstate", None) or ""
    found = next((words for code, words in _POSTGRESQL.items() if state.startswith(code)), None)
    if found is None and not state and type(cause).__name__ == "OperationalError":
        found = _refused(str(cause))
    return found and found.format(place=place)


def _refused(said: str) -> str:
    """Before there is a connection the server's reasons come without a code."""
    if "authentication failed" in said or "no password supplied" in said:
        return _POSTGRESQL["28"]
    return _POSTGRESQL["3D"] if "does not exist" in said and "database" in said else _GONE
