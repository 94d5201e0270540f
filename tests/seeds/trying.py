"""Seeds with a bug planted: in a process of its own, which the bug doesn't leave."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable

from tests.seeds.plants import PLANTS
from tests.seeds.room import Lived, Room


def lived_with(here: Room, seed: int, plant: str, dialect: str = "sqlite") -> Lived:
    """What comes of a seed with this bug planted."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        status = 70
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as told:
                told.write(pickle.dumps(here.live(seed, dialect, PLANTS[plant])))
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as heard:
        said = heard.read()
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, f"the process of seed {seed} ended with {status}"
    found: Lived = pickle.loads(said)
    return found


def caught(here: Room, plant: str, seeds: Iterable[int], dialect: str = "sqlite") -> tuple[int, str] | None:
    """The first seed that sees a promise broken by the planted bug, and which."""
    for seed in seeds:
        lived = lived_with(here, seed, plant, dialect)
        if lived.broken:
            return seed, str(lived.failure)
    return None
