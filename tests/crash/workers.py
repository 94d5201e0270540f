"""Workers forked from a warm process, so that a kill costs a fraction of a second."""

from __future__ import annotations

import gc
import os
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta

from nurture import faults
from nurture.app import advance, deliver, evaluate, ingest, process
from nurture.app.runtime import Runtime
from nurture.problems import NurtureError
from tests.crash.scene import Scene, signups

Act = Callable[[], None]


DAY = (timedelta(), timedelta(minutes=90))  # of the scene's start: all is due by then
# where one worker is at the end of its day while another takes up what a third had left
LONG_DAY = (*DAY, timedelta(minutes=180), timedelta(minutes=270))


def work(scene: Scene, runtime: Runtime, day: Sequence[timedelta] = DAY) -> None:
    """Everything that is due at these times. Small batches, so that there are several."""
    ingest.BATCH = 6
    for now in (scene.start + after for after in day):
        runtime.now = lambda now=now: now  # type: ignore[misc]
        ingest.ingest(runtime.store, signups(scene.people, scene.start), now)
        for _ in range(4):
            process.process(runtime, now, batch=12)
            evaluate.evaluate(runtime, now)
            advance.advance(runtime, now, batch=8)
            if not deliver.deliver(runtime, now, batch=10):
                break


def persist(scene: Scene, runtime: Runtime, recovered: Act) -> list[str]:
    """The same by a worker that goes on where its database fails, as the scheduler does: what it said of that.

    `recovered` is done after each failure.
    """
    said: list[str] = []
    for _ in range(20):
        try:
            work(scene, runtime)
            return said
        except NurtureError as error:
            said.append(str(error))
            recovered()
    raise AssertionError(f"it fails for ever: {said[-1]}")


def worker(
    scene: Scene,
    fault: str | None = None,
    plant: Act | None = None,
    *,
    act: Act | None = None,
    heard: Callable[[str], None] | None = None,
    day: Sequence[timedelta] = DAY,
) -> int:
    """Fork a worker that does all the work; its process id. At `fault` it is killed, or does `act`; `heard` hears of all
    fault points instead."""

    def life() -> None:
        if heard is not None:
            faults.listen(heard)
        elif act is None:
            faults.arm(fault)
        else:
            faults.arm(fault, act)
        runtime = scene.warm()
        work(scene, runtime, day)
        runtime.close()

    return forked(life, plant)


def forked(life: Act, plant: Act | None = None) -> int:
    """A process that lives `life` with a bug planted in it, and ends."""
    pid = os.fork()
    if pid:
        _unfinished.add(pid)
        return pid
    status = 70
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever forked it ends it
        gc.freeze()  # to look through what was inherited would copy all of it
        if plant:
            plant()
        life()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


_unfinished: set[int] = set()  # forked and not waited for


def finish(pid: int) -> int:
    """Wait for a worker: 0 for done, -9 for killed. Anything else is an error of the worker's own."""
    return _ended(*os.waitpid(pid, 0))


def first_gone(pids: Collection[int]) -> tuple[int, int]:
    """A worker that has ended, and how: as `finish`."""
    while True:
        for pid in pids:
            if (code := gone(pid)) is not None:
                return pid, code
        time.sleep(0.002)


def gone(pid: int) -> int | None:
    """How a worker has ended, as `finish`; None: it is still there."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return _ended(pid, status) if found else None


def _ended(pid: int, status: int) -> int:
    _unfinished.discard(pid)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), f"the worker failed with {code}: see its traceback above"
    return code


def end_the_rest() -> None:
    """Kill those whom nobody has waited for, because a trial came to grief."""
    for pid in tuple(_unfinished):
        os.kill(pid, signal.SIGKILL)  # a child that nobody has waited for keeps its number
        os.waitpid(pid, 0)
    _unfinished.clear()


def stop_here() -> None:
    """The whole process stands still until somebody lets it go on."""
    os.kill(os.getpid(), signal.SIGSTOP)


def stopped(pid: int) -> bool:
    """Wait until the worker stands still; False if it has ended without coming to that point."""
    _, status = os.waitpid(pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return True
    _unfinished.discard(pid)
    assert os.waitstatus_to_exitcode(status) == 0, "the worker failed: see its traceback above"
    return False


def go_on(pid: int) -> None:
    os.kill(pid, signal.SIGCONT)


def rehearse(scene: Scene) -> Counter[str]:
    """How often an undisturbed worker comes to each fault point. Leaves this process warm."""
    faults.arm(f"{faults.POINTS[0]}:{10**9}")
    runtime = scene.open()
    work(scene, runtime)
    scene.keep_warm(runtime)
    visits = faults.visits()
    faults.arm(None)
    return visits
