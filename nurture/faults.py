"""Named places where a test may kill the process. In production they do nothing.

`NURTURE_FAULT=handover.after_commit:3` kills this process with SIGKILL the third time
it comes there. `POINTS` lists every name, so that a test can visit them all; a name that is
not listed raises at once.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable

POINTS = (
    "enroll.before_commit",
    "enroll.after_commit",
    "advance.before_commit",
    "advance.after_commit",
    "recover.before_commit",
    "recover.after_commit",
    "doubt.before_commit",
    "doubt.after_commit",
    "lease.before_commit",
    "lease.after_commit",
    "compose.before_commit",
    "compose.after_commit",
    "handover.before_commit",
    "handover.after_commit",
    "body.before_send",
    "body.before_reply",
    "body.after_reply",
    "outcome.before_commit",
    "outcome.after_commit",
    "ingest.before_commit",
    "ingest.after_commit",
    "feedback.before_commit",
    "feedback.after_commit",
    "optout.before_commit",
    "optout.after_commit",
    "receipt.before_commit",
    "receipt.after_commit",
    "confirm.before_commit",
    "confirm.after_commit",
    "merge.before_commit",
    "merge.after_commit",
    "erase.before_commit",
    "erase.after_commit",
    "erase.before_scrub",
    "erase.after_scrub",
    "export.before_write",
    "export.after_write",
)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Trap:
    """Counts the visits to one armed point and acts at the chosen one."""

    def __init__(self, armed: str | None, act: Callable[[], None] = _kill) -> None:
        name, _, nth = (armed or "").partition(":")
        if name and name not in POINTS:
            raise ValueError(f"no fault point is called {name!r}; they are {', '.join(POINTS)}")
        self.name, self.nth, self.act = name, int(nth or 1), act
        self.visits: Counter[str] = Counter()

    def come_to(self, name: str) -> None:
        self.visits[name] += 1
        if name == self.name and self.visits[name] == self.nth:
            self.act()


_trap = _Trap(os.environ.get("NURTURE_FAULT"))
_heard: Callable[[str], None] | None = _trap.come_to if _trap.name else None


def arm(armed: str | None, act: Callable[[], None] = _kill) -> None:
    """Arm `name[:occurrence]` in this process, or disarm with None."""
    global _trap
    _trap = _Trap(armed, act)
    listen(_trap.come_to if _trap.name else None)


def listen(heard: Callable[[str], None] | None) -> None:
    """Have this hear of every point that the process comes to, or nobody. It may raise: there the code ends."""
    global _heard
    _heard = heard


def visits() -> Counter[str]:
    """How often each point was passed while a point was armed."""
    return _trap.visits


def point(name: str) -> None:
    """Say that the code has come to `name`."""
    if _heard is None:
        return
    if name not in POINTS:
        raise ValueError(f"no fault point is called {name!r}")
    _heard(name)
