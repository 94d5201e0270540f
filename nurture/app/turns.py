"""Whose turn it is to let people into a journey, on PostgreSQL.

Whether somebody may come in again depends on the run that she is in or had. Two transactions that let her in at once
don't see the run that the other is about to commit, and where she may come more than once in her life no key refuses
the second. So the jobs let people into such a journey one after the other, and not while somebody is let in by hand.
Those by hand share their turn: they hold the person's row, which keeps them apart.

No circle can close, since everybody takes in this order what others may have to wait for:

1. what a job does alone: `process`, `segments`, `evaluate.NAME` (a job never waits for it; erasing and merging do, in
   this order, and take no turn);
2. the turns, in the order of the journeys' names;
3. rows.

Who holds a turn asks for no job, and who holds a row asks for neither. `advance` and `deliver` take rows only.
"""

from __future__ import annotations

from collections.abc import Iterable

from nurture.app.runtime import Live, Runtime
from nurture.store import enrolling
from nurture.store.engine import Tx


def take(runtime: Runtime, tx: Tx, journeys: Iterable[Live], *, by_hand: bool = False) -> None:
    """Wait until nobody else lets people into those of these journeys that may be entered again; from then on nobody
    does, until this transaction ends. It has written and locked nothing yet."""
    again = (live.name for live in journeys if not all(enrolling.once(way.plan) for way in live.ways))
    for name in sorted(again):
        runtime.store.in_turn(tx, f"enter.{name}", shared=by_hand)
