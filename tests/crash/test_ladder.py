"""The ladder of doubt: a provider that can be asked leaves none, wherever the worker dies."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from nurture import faults
from nurture.model import Channel
from tests.crash.workers import finish, forked
from tests.support.office import NOW, Office, open_office

PEOPLE = 12


def _office(database: str, folder: Path) -> Office:
    """Mail to files, in waves of four."""
    office = open_office(database, folder)
    office.runtime._carriers.clear()
    settings = office.runtime.settings
    files = replace(settings.channels[Channel.EMAIL], options={"folder": str(folder / "outbox")})
    office.runtime.settings = replace(settings, channels={Channel.EMAIL: files})
    office.runtime.carrier(Channel.EMAIL).connections = 4  # type: ignore[misc]
    return office


def _life(database: str, folder: Path, fault: str | None) -> int:
    def life() -> None:
        faults.arm(fault)
        office = _office(database, folder)
        office.deliver(batch=5)
        office.runtime.close()

    return finish(forked(life))


@pytest.mark.parametrize(
    "points",
    [
        ("handover.after_commit:2",),
        ("body.before_send:6",),
        ("body.before_reply:6",),
        ("body.after_reply:6",),
        ("body.before_reply:6", "doubt.before_commit:1"),
        ("body.before_reply:6", "doubt.after_commit:1"),
    ],
    ids="-".join,
)
def test_files_are_there_or_not_and_each_is_sent_once(
    points: tuple[str, ...], sqlite_database: str, tmp_path: Path
) -> None:
    office = _office(sqlite_database, tmp_path)
    office.backlog(PEOPLE, NOW)
    office.runtime.close()
    for point in points:
        assert _life(sqlite_database, tmp_path, point) == -9, f"{point} was not come to"
    whole = [path for path in (tmp_path / "outbox").iterdir() if path.suffix == ".eml"]
    before = {path.name: path.stat().st_mtime_ns for path in whole}
    _life(sqlite_database, tmp_path, None)
    office = _office(sqlite_database, tmp_path)
    rows = office.rows()
    office.runtime.close()
    files = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "outbox").glob("*.eml")}
    assert Counter(row["state"] for row in rows) == {"accepted": PEOPLE}
    assert files.keys() == {f"{row['key']}.eml" for row in rows}
    assert files.items() >= before.items(), "what had left was not sent again"
