"""What `nurture erase` says of somebody who was erased before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from nurture.app.erasing import Cleared
from nurture.cli.people import _finished

AT, FOLDER = datetime(2026, 3, 2, 13, tzinfo=UTC), Path("shop")
NOTHING = Cleared(0, (), (), has_left=True, is_scrubbed=True, shared=False)


def said(files: Cleared) -> str:
    return " ".join(" ".join(_finished("C-4711", AT, files, FOLDER)).split())


def test_what_a_command_that_died_had_left_is_told() -> None:
    assert said(NOTHING) == "C-4711 was erased on 2026-03-02: nothing is left to do."
    found = replace(NOTHING, gone=2, cleaned=(FOLDER / "people.refused.csv",), named=(FOLDER / "people.csv",))
    assert said(found) == (
        "C-4711 was erased on 2026-03-02: 2 files of hers deleted. Her rows were taken out of people.refused.csv. "
        "Files that name her still, which nurture didn't write or may not change: people.csv"
    )


def test_what_is_left_to_do_is_told() -> None:
    assert said(replace(NOTHING, is_scrubbed=False)).startswith(
        "C-4711 was erased on 2026-03-02: something is left to do. The database's file is busy"
    )
    leaving = said(replace(NOTHING, has_left=False))
    assert "A message to her was being handed over when she was erased" in leaving
    assert "The same command once more" in leaving
