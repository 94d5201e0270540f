"""Builds scenes when they are first asked for, with their providers, and keeps them."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.crash.scene import Scene, audit, build, providing
from tests.crash.workers import rehearse
from tests.support.small_disk import SmallDisk

SMALL_DISK = "postgresql on a small disk"  # beside the names of the databases


class Stage:
    """A folder with scenes; a context manager, whose providers stop at its end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._scenes: dict[Any, Scene] = {}
        self._visits: dict[Path, Counter[str]] = {}
        self._open = ExitStack()
        self._built = 0
        self._small_disk: SmallDisk | None = None

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def scene(self, provider: str, dialect: str, *manners: str, on_doubt: str = "drop") -> Scene:
        """The scene with this provider on this database, as it was when it was built."""
        wanted = (provider, dialect, manners, on_doubt)
        if wanted not in self._scenes:
            self._built += 1
            folder = self.folder / f"{self._built}-{provider}-{dialect}"
            folder.mkdir()
            running = self._open.enter_context(providing(provider, folder / "ledger.ndjson", *manners))
            database = self._database(folder, dialect)
            self._scenes[wanted] = build(folder, database, provider, running, on_doubt=on_doubt)
        return self._scenes[wanted]

    def strike(self) -> None:
        """Take down everything: what is asked for next is built anew."""
        self._open.close()
        self._scenes.clear()
        self._visits.clear()
        self._small_disk = None

    @property
    def small_disk(self) -> SmallDisk:
        """The server of the scenes whose disk may be full."""
        if self._small_disk is None:
            self._small_disk = self._open.enter_context(SmallDisk())
        return self._small_disk

    def visits(self, scene: Scene) -> Counter[str]:
        """How often an undisturbed worker comes to each point; that it does all its work is seen to."""
        if scene.folder not in self._visits:
            scene.reset()
            self._visits[scene.folder] = rehearse(scene)
            found = audit(scene)
            assert found.sound, found
            assert not found.in_doubt, found
        return self._visits[scene.folder]

    def _database(self, folder: Path, dialect: str) -> str:
        if dialect == "sqlite":
            return f"sqlite:///{folder / 'crash.db'}"
        if dialect == SMALL_DISK:
            return self.small_disk.database()
        from tests.support import postgres

        return postgres.migrated_database()
