"""What is due next: where a clock that jumps, such as the demo's, goes to."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from nurture.store import enrollments, events, messages
from nurture.store.engine import Tx


class Due(NamedTuple):
    """When the first event in the inbox is to have its effect, the first run is to go on, the first message to leave;
    None: there is none."""

    event: datetime | None
    run: datetime | None
    message: datetime | None

    @property
    def soonest(self) -> datetime | None:
        """When the first of them is due."""
        return min((at for at in self if at is not None), default=None)


def next_due(tx: Tx) -> Due:
    """When rows are due next. What time alone brings about stands in no row: see `evaluate.next_due`."""
    return Due(events.next_due(tx), enrollments.next_due(tx), messages.next_due(tx))
