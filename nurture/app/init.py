"""A new workspace: one that runs, with the journeys that ship and their tests."""

from __future__ import annotations

import os
import secrets
from importlib.resources import files
from pathlib import Path

from nurture.problems import NurtureError

GITIGNORE = ".env\nnurture.db*\noutbox/\npreview/\nreports/\n"


def init(folder: Path) -> None:
    """Make a workspace in `folder`. Raises NurtureError where something stands there already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NurtureError(f"{folder} is not empty; name a new folder")
    for name in ("journeys", "tests", "templates/email", "templates/sms", "templates/tasks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _copy(_shipped("nurture.templates") / "workspace", folder)
    _copy(_shipped("nurture.journeys"), folder / "journeys")
    _copy(_shipped("nurture.journeys") / "tests", folder / "tests")
    (folder / ".gitignore").write_text(GITIGNORE, encoding="utf-8")
    _write_secret(folder / ".env")


def _shipped(package: str) -> Path:
    return Path(str(files(package)))


def _copy(source: Path, folder: Path) -> None:
    for path in sorted(source.glob("*.yaml")):
        (folder / path.name).write_bytes(path.read_bytes())


def _write_secret(path: Path) -> None:
    """The key that signs links, where only its owner reads it."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(f"# Keep this file out of version control.\nNURTURE_SECRET={secrets.token_hex(32)}\n")
