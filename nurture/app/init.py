"""A new workspace: one that runs, with the journeys that ship, their templates and their tests."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from pathlib import Path

from nurture.app import library, schemas
from nurture.app.workspace import load
from nurture.problems import NurtureError

GITIGNORE = ".env\nnurture.db*\noutbox/\npreview/\nreports/\n"
# What is written anew by whoever makes it her own: the letters and who signs them. Layouts and pages stay with
# the product, where they are mended; a file of the same name in the workspace stands in for one.
CONTENT = ("email/**/*", "sms/**/*", "whatsapp/**/*", "tasks/**/*", "parts/signature.*")


def init(folder: Path) -> None:
    """Make a workspace in `folder`. Raises NurtureError where something stands there already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NurtureError(f"{folder} is not empty; name a new folder")
    try:
        _fill(folder)
    except OSError as error:
        raise NurtureError(f"{folder} can't be made: {error.strerror}") from None


def _fill(folder: Path) -> None:
    templates, journeys = library.templates(), library.journeys()
    later = {path for name in library.library() for path in library.templates_of(name)}
    for name in ("journeys", "tests", "templates"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _copy(templates / "workspace", folder, "*.yaml")
    _copy(journeys, folder / "journeys", "*.yaml")
    _copy(journeys / "tests", folder / "tests", "*.yaml")
    for pattern in CONTENT:
        _copy(templates, folder / "templates", pattern, but=later)
    (folder / ".gitignore").write_text(GITIGNORE, encoding="utf-8")
    _write_secret(folder / ".env")
    schemas.install(folder, load(folder, for_work=False, with_journeys=False).context)


def _copy(source: Path, folder: Path, pattern: str, but: Collection[Path] = ()) -> None:
    for path in sorted(source.glob(pattern)):
        if path.is_file() and path not in but:
            target = folder / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())


def _write_secret(path: Path) -> None:
    """The key that signs links, where only its owner reads it."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(f"# Keep this file out of version control.\nNURTURE_SECRET={secrets.token_hex(32)}\n")
