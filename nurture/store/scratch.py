"""What a long job has seen so far, on disk beyond a few megabytes: a file of any size needs no more memory."""

from __future__ import annotations

import sqlite3


class Seen:
    """Keys and the number they first came with. Gone when the `with` ends."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)  # "" is a private temporary file
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(
            "CREATE TABLE seen (key TEXT PRIMARY KEY, number INTEGER, digest TEXT) WITHOUT ROWID"
        )
        self._db.execute("BEGIN")

    def first(self, key: str, number: int, digest: str) -> tuple[int, str] | None:
        """Note `key`; None if it is new, else the number and digest that it came with first."""
        row = (key, number, digest)
        if self._db.execute("INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT DO NOTHING", row).rowcount:
            return None
        found: tuple[int, str] = self._db.execute(
            "SELECT number, digest FROM seen WHERE key = ?", (key,)
        ).fetchone()
        return found

    def __enter__(self) -> Seen:
        return self

    def __exit__(self, *_error: object) -> None:
        self._db.close()
