"""Several workers at once, each killed at a point of its own and replaced by the next, until all are dead or done."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.crash.scene import CONNECTIONS, Audit, Scene, audit
from tests.crash.workers import LONG_DAY, finish, worker


@dataclass(frozen=True)
class Hunt:
    """Where workers were killed, and what came of it."""

    hits: tuple[str, ...]
    audit: Audit

    @property
    def sound(self) -> bool:
        """Nothing lost or twice, and at most a wave in doubt for each who died."""
        return self.audit.sound and len(self.audit.in_doubt) <= CONNECTIONS * len(self.hits)


def hunted(scene: Scene, faults: Sequence[str], workers: int) -> Hunt:
    """So many workers at a time, each armed with the next of these faults; then one more finishes."""
    scene.reset()
    waiting, at_work = list(faults), dict[int, str]()
    hits: list[str] = []
    last = time.monotonic()
    while waiting or at_work:
        while waiting and len(at_work) < workers:
            fault = waiting.pop(0)
            at_work[worker(scene, fault)] = fault
        pid, killed = _first_gone(at_work)
        fault = at_work.pop(pid)
        if killed:
            hits.append(fault)
            last = time.monotonic()
    scene.wait_for_the_dead()
    finish(worker(scene, day=LONG_DAY))
    return Hunt(tuple(hits), audit(scene, last))


def _first_gone(pids: dict[int, str]) -> tuple[int, bool]:
    """A worker that has ended, and whether it was killed."""
    while True:
        for pid in pids:
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                code = os.waitstatus_to_exitcode(status)
                assert code in (0, -signal.SIGKILL), f"a worker failed with {code}: see its traceback above"
                return pid, code != 0
        time.sleep(0.002)
