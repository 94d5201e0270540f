"""Looking who came into each segment and who left it: both are events."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from nurture.app import hearing
from nurture.app.changes import Occasion, own_event
from nurture.app.runtime import Runtime
from nurture.store import events, segments
from nurture.store.engine import Tx
from nurture.store.types import to_micros


def look(runtime: Runtime, tx: Tx, now: datetime) -> int:
    """Bring every segment up to date, one statement each over everybody; how many people moved."""
    segments.forget_but(tx, runtime.segments)
    return _look(runtime, tx, now)


def look_silently(runtime: Runtime, tx: Tx, people: Collection[int], now: datetime) -> None:
    """Move those of whom we heard silently, so that an import starts no journey by way of a segment either."""
    if people:
        _look(runtime, tx, now, people, silent=True)


def _look(
    runtime: Runtime, tx: Tx, now: datetime, only: Collection[int] | None = None, silent: bool = False
) -> int:
    heard, criteria, told = hearing.heard(runtime, tx), runtime.criteria(tx, now), []
    for name, condition in runtime.segments.items():
        moved = segments.look(tx, criteria, name, condition, now, only)
        for event, people in (("segment_entered", moved.entered), ("segment_left", moved.left)):
            for contact, ref in people:
                occasion = Occasion(f"{event}:{name}:{contact}:{to_micros(now)}", now, silent)
                told.append(own_event(event, contact, ref, occasion, {"segment": name}, heard, now))
    events.append(tx, told)
    return len(told)
