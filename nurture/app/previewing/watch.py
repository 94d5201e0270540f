"""Whether a workspace's files have changed since the last look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

FOLDERS = (("journeys", True), ("templates", True), ("tests", False))  # and whether with what is below them
_TEXTS = (".html", ".txt", ".mjml")
_ENDINGS = (*_TEXTS, ".yaml", ".yml", ".env")


@dataclass(frozen=True, slots=True)
class Stamp:
    """Other texts whenever a file was written, added or taken away: `meaning` for all that YAML says and for which
    templates there are, `whole` for their texts as well."""

    meaning: str = ""
    whole: str = ""


def stamp(folder: Path) -> Stamp:
    """The files of a workspace as they are now."""
    meaning, whole = blake2b(digest_size=8), blake2b(digest_size=8)
    for path, written, size in sorted(_files(folder)):
        about = f"{path}\0{written}\0{size}\0".encode()
        whole.update(about)
        meaning.update(path.encode() if path.endswith(_TEXTS) else about)
    return Stamp(meaning.hexdigest(), whole.hexdigest())


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    yield from _in(folder, deep=False)
    for name, deep in FOLDERS:
        yield from _in(folder / name, deep=deep)


def _in(folder: Path, *, deep: bool) -> Iterator[tuple[str, int, int]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    if deep:
                        yield from _in(Path(entry.path), deep=True)
                elif entry.name.endswith(_ENDINGS):
                    about = entry.stat()
                    yield entry.path, about.st_mtime_ns, about.st_size
    except FileNotFoundError:
        return  # it was taken away meanwhile
