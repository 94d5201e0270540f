"""Where seeds are lived through: the workspace and an empty database, made once."""

from __future__ import annotations

import shutil
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nurture.rendering.renderer import Renderer
from nurture.rendering.sources import TemplateSources
from nurture.store.engine import Store
from tests.seeds.shop import open_shop
from tests.seeds.watch import Broken
from tests.seeds.world import World
from tests.support.drawn_shop import Shop

MEMORY = Path("/dev/shm")  # a seed syncs nothing, so its database may as well stand there


@dataclass(frozen=True)
class Lived:
    """What came of a seed. `digest` is of all that happened: the same at every replay."""

    seed: int
    digest: str
    failure: str | None
    broken: bool = False  # a promise was; else the product, or the seed itself, came to grief
    counts: Counter[str] = field(default_factory=Counter)
    doubts: Counter[str] = field(default_factory=Counter)
    days: int = 0
    seconds: float = 0.0  # of the processor
    trace: tuple[str, ...] = ()


@dataclass(frozen=True)
class Room:
    folder: Path
    shop: Shop
    renderer: Any

    def live(self, seed: int, dialect: str = "sqlite", plant: Callable[[], None] | None = None) -> Lived:
        """Live through a seed, with a bug planted in this process or none."""
        if plant is not None:
            plant()
        if dialect == "sqlite":
            return self._live(seed, self._fresh())
        from tests.support import postgres

        url = postgres.migrated_database()
        try:
            return self._live(seed, url)
        finally:
            postgres.drop_database(url)

    def _live(self, seed: int, url: str) -> Lived:
        began, failure, promise = time.process_time(), None, False
        world = World(seed, self.shop, url, self.renderer)
        try:
            world.live()
        except Broken as broken:
            failure, promise = str(broken), True
        except Exception:
            failure = traceback.format_exc()
        return Lived(
            seed,
            world.digest,
            failure,
            promise,
            world.counts,
            world.watch.doubts,
            world.temper.days,
            time.process_time() - began,
            tuple(world.trace),
        )

    def _fresh(self) -> str:
        path = self.folder / "seed.db"
        for journal in ("-wal", "-shm"):
            path.with_name(path.name + journal).unlink(missing_ok=True)
        shutil.copyfile(self.folder / "migrated.db", path)
        return f"sqlite:///{path}"


@contextmanager
def room() -> Iterator[Room]:
    where = MEMORY if MEMORY.is_dir() else None
    with TemporaryDirectory(prefix="nurture-seeds-", dir=where) as name:
        folder = Path(name)
        shop = open_shop(folder / "shop")
        assert shop.workspace.settings is not None
        renderer = Renderer(TemplateSources.of_workspace(shop.workspace.folder), shop.workspace.settings)
        store = Store(f"sqlite:///{folder / 'migrated.db'}")
        assert store.engine
        store.close()
        yield Room(folder, shop, renderer)
