"""Looking who came into each segment and who left it: both are events.

Somebody of whom something is heard is looked at there and then. What only time changes, or a journey, is found by
looking at everybody, every ten minutes: over a million people that takes seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nurture.app import hearing
from nurture.app.changes import Occasion, own_event
from nurture.app.runtime import Runtime
from nurture.store import events, segments
from nurture.store.engine import Tx
from nurture.store.types import to_micros

EVERY = timedelta(minutes=10)  # how often everybody is looked at


@dataclass(frozen=True, slots=True)
class _Due:
    """What a look at everybody has to do."""

    first: list[str]  # segments that are new, or whose condition has changed: people stand where they stand
    moved: dict[str, list[int]]  # who is to move, by segment
    undeclared: bool  # whether some are kept that are declared no more


def look(runtime: Runtime, now: datetime) -> int:
    """Bring every segment up to date where that is due; how many people moved. Reads first, so that nobody who
    writes has to wait for it."""
    with runtime.store.read() as tx:
        due = _due(runtime, tx, now)
    if not (due.first or due.moved or due.undeclared):
        return 0
    with runtime.store.begin() as tx:
        if not runtime.store.alone(tx, "segments"):
            return 0
        if due.undeclared:
            segments.forget_but(tx, runtime.segments)
        for name in due.first:
            segments.settle(tx, runtime.criteria(tx, now), name, runtime.segments[name], now)
        by_time = Occasion(str(to_micros(now)), now)
        count = sum(
            _move(runtime, tx, name, dict.fromkeys(people, by_time), now)
            for name, people in due.moved.items()
        )
        segments.looked(tx, due.moved, now)
    return count


def look_at(runtime: Runtime, tx: Tx, occasions: Mapping[int, Occasion], now: datetime) -> None:
    """Move these people, each on her occasion."""
    kept = segments.kept(tx)
    for name, condition in runtime.segments.items():
        if (
            name in kept and kept[name].condition == condition.text
        ):  # else the first look at everybody is yet to come
            _move(runtime, tx, name, occasions, now)


def _due(runtime: Runtime, tx: Tx, now: datetime) -> _Due:
    kept, declared = segments.kept(tx), runtime.segments
    first = [
        name
        for name, condition in declared.items()
        if name not in kept or kept[name].condition != condition.text
    ]
    again = [name for name in declared if name not in first and kept[name].looked_at + EVERY <= now]
    criteria = runtime.criteria(tx, now)
    moved = {name: segments.to_move(tx, criteria, name, declared[name]) for name in again}
    return _Due(first, moved, not kept.keys() <= declared.keys())


def _move(runtime: Runtime, tx: Tx, name: str, occasions: Mapping[int, Occasion], now: datetime) -> int:
    """Move whoever of these people is to move; how many did."""
    if not occasions:
        return 0
    moved = segments.move(tx, runtime.criteria(tx, now), name, runtime.segments[name], occasions.keys(), now)
    if not (moved.entered or moved.left):
        return 0
    heard = hearing.heard(runtime, tx)
    told = [
        own_event(
            event, contact, ref, _of(occasions[contact], event, name, contact), {"segment": name}, heard, now
        )
        for event, which in (("segment_entered", moved.entered), ("segment_left", moved.left))
        for contact, ref in which
    ]
    events.append(tx, told)
    return len(told)


def _of(occasion: Occasion, event: str, name: str, contact: int) -> Occasion:
    return replace(occasion, source_id=f"{event}:{name}:{contact}:{occasion.source_id}")
