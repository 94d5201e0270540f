"""Opening a workspace for work: its settings checked, its database up to date."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from nurture.app import digest_key
from nurture.app.runtime import Runtime
from nurture.app.workspace import load
from nurture.problems import NurtureError, Severity
from nurture.store.engine import Store


def open_runtime(
    folder: Path, now: Callable[[], datetime] | None = None, *, for_work: bool = True
) -> Runtime:
    """The workspace in `folder`. Raises NurtureError with its problems where nurture.yaml has mistakes, and where its
    database has its digests by another secret.

    `now` is a clock of its own instead of real time. Where it isn't `for_work`, secrets may be missing.
    """
    opened = as_it_is(folder, now, for_work=for_work)
    if for_work:
        try:
            digest_key.hold(opened)
        except BaseException:
            opened.close()
            raise
    return opened


def as_it_is(folder: Path, now: Callable[[], datetime] | None = None, *, for_work: bool = True) -> Runtime:
    """The same without a look at the database, whatever stands in it."""
    loaded = load(folder, for_work=for_work, with_journeys=False)
    if loaded.settings is None:
        errors = tuple(p for p in loaded.problems if p.severity is Severity.ERROR)
        files = [*dict.fromkeys(p.mark.file for p in errors if p.mark is not None)] or ["nurture.yaml"]
        named = " and ".join(str(folder / file) for file in files)
        raise NurtureError(f"{named} can't be used yet", problems=errors)
    store = Store(_database(loaded.settings.database, folder))
    if now is not None:
        return Runtime(store, loaded.settings, folder, now)
    return Runtime(store, loaded.settings, folder, wait=time.sleep)


def _database(url: str, folder: Path) -> str:
    """A relative SQLite path is meant from the workspace, wherever the command is run."""
    scheme, separator, path = url.partition("sqlite:///")
    if separator and path and not path.startswith("/") and path != ":memory:":
        return f"{scheme}{separator}{(folder / path).resolve()}"
    return url
