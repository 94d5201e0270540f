"""Fault points that are armed for several workers at once: the k-th visit by any of them is the last of whoever makes it.

Visits are counted by pipes, which outlive whoever is killed: for each armed point a byte a visit, and whoever takes the
byte of a k-th visit dies.
"""

from __future__ import annotations

import os
import signal
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from nurture import faults

_GO, _DIE = b".", b"X"


class Snares:
    """Made before workers are forked, and heard by each of them. `hits` are the faults where one died, in their order."""

    def __init__(self, wanted: Iterable[str]) -> None:
        self._waiting: dict[str, list[int]] = defaultdict(list)
        for fault in dict.fromkeys(wanted):
            name, _, nth = fault.partition(":")
            self._waiting[name].append(int(nth or 1))
        self._visits: dict[str, int] = {}
        self._open: list[int] = []
        self._reading, self._writing = self._pipe()
        for name, occurrences in self._waiting.items():
            occurrences.sort()
            self._visits[name], writing = self._pipe()
            last = occurrences[-1]
            os.write(writing, b"".join(_DIE if n in occurrences else _GO for n in range(1, last + 1)))
        self.hits: list[str] = []

    def _pipe(self) -> tuple[int, int]:
        both = os.pipe()
        for end in both:
            os.set_blocking(end, False)
        self._open += both
        return both

    def come_to(self, name: str) -> None:
        """What a worker hears of a point."""
        visits = self._visits.get(name)
        if visits is None:
            return
        with suppress(BlockingIOError):  # all visits that matter have been made
            if os.read(visits, 1) == _DIE:
                os.write(self._writing, bytes([faults.POINTS.index(name)]))
                os.kill(os.getpid(), signal.SIGKILL)

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            for number in os.read(self._reading, 4096):
                name = faults.POINTS[number]
                self.hits.append(f"{name}:{self._waiting[name].pop(0)}")

    def close(self) -> None:
        self._hear()
        for end in self._open:
            os.close(end)


@contextmanager
def laid(wanted: Iterable[str]) -> Iterator[Snares]:
    """Snares that are taken up at the end of the block."""
    snares = Snares(wanted)
    try:
        yield snares
    finally:
        snares.close()


class Counted:
    """Counts how often several workers come to each point in all."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()

    def come_to(self, name: str) -> None:
        os.write(self._writing, bytes([faults.POINTS.index(name)]))

    def visits(self) -> Counter[str]:
        """When all workers are done."""
        os.close(self._writing)
        with os.fdopen(self._reading, "rb") as told:
            return Counter(faults.POINTS[number] for number in told.read())
