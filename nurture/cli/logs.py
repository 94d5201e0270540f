"""What `nurture up` says while it runs: a line for each job that did something, on the company's clock."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

from nurture import clock

_NOISY = ("apscheduler", "alembic", "uvicorn")


class OnClock(logging.Formatter):
    """The time of each line is that of the clocks of `zone`, whichever the machine is set to."""

    def __init__(self, zone: str) -> None:
        super().__init__("%(asctime)s %(message)s", "%H:%M:%S")
        self._zone = zone

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        at = clock.local(datetime.fromtimestamp(record.created, UTC), self._zone)
        return at.strftime(datefmt or "%H:%M:%S")


def to_stderr(zone: str) -> None:
    """Say on stderr what is logged from now on, on the clock of `zone`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OnClock(zone))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.ERROR)
