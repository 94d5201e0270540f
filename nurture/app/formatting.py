"""Journeys brought into the canonical layout."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nurture.app.workspace import unreadable
from nurture.compiler.layout import lay_out
from nurture.problems import NurtureError


def journeys_at(paths: Iterable[Path]) -> list[Path]:
    """The files that are named, and those of the folders that are. Raises NurtureError where there is none."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise NurtureError(f"there is no {path}")
        found += sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def laid_out(path: Path, *, write: bool) -> bool:
    """Whether the file's layout is another one than the canonical; where `write`, it has that afterwards.

    Raises NurtureError where it can't be read, laid out or written.
    """
    try:
        said = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise NurtureError(f"{path} can't be laid out", (unreadable(path, str(path), error),)) from None
    except OSError as error:
        raise NurtureError(f"{path} can't be read: {error.strerror}") from None
    made = lay_out(said, str(path))
    if made == said:
        return False
    if write:
        try:
            path.write_bytes(made.encode())
        except OSError as error:
            raise NurtureError(f"{path} can't be written: {error.strerror}") from None
    return True
