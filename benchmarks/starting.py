"""How long a person waits for a command: the whole process, from its start to its end."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.table import NONE, Row, at_most

TIMES = 11
NURTURE = Path(sys.executable).with_name("nurture")


def rows(scale: float) -> Iterator[Row]:
    times = max(3, round(TIMES * scale))
    with tempfile.TemporaryDirectory(prefix="nurture-bench-") as folder:
        shop = Path(folder) / "shop"
        _run(folder, "init", str(shop))
        yield _row("nurture --help", 0.3, [_run(shop, "--help") for _ in range(times)])
        found = [_run(shop, "check") for _ in range(times)]
        journeys = len(list((shop / "journeys").glob("*.yaml")))
        yield _row(f"nurture check ({journeys} shipped journeys)", 1, found)


def _run(folder: Path | str, *arguments: str) -> float:
    """Seconds that a command took, which must have gone well."""
    started = time.perf_counter()
    subprocess.run([NURTURE, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _row(command: str, floor: float, seconds: list[float]) -> Row:
    note = f"the whole process, median of {len(seconds)}, fastest {min(seconds):.2f} s"
    return at_most(command, NONE, median(seconds), "s", floor, note)
