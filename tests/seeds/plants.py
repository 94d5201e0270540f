"""Bugs that are planted in the production code of a process: each must be caught by some seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nurture.app import ladder, merging
from nurture.engine import gate
from nurture.store import events
from tests.crash import plants as crash
from tests.seeds.workers import SeededStore, Worker

Plant = Callable[[], None]


def leases_by_a_local_clock() -> None:
    """Each worker measures leases with the clock of its own machine: one is ahead."""

    def local(self: SeededStore, tx: Any) -> Any:
        world = self._world
        ahead = isinstance(world.at_work, Worker) and world.at_work.name == "w1"
        return world.at + world.temper.skew if ahead else world.at

    SeededStore.lease_clock = local  # type: ignore[method-assign]


def no_unique() -> None:
    """An event that was told is not known again."""
    append, told = events.append, 0

    def anew(tx: Any, rows: Sequence[Mapping[str, Any]]) -> int:
        nonlocal told
        renamed = []
        for row in rows:
            told += 1
            renamed.append({**row, "source_id": f"{row['source_id']}#{told}"})
        return append(tx, renamed)

    events.append = anew


def forgets_who_was_erased() -> None:
    """The gate doesn't ask whether somebody was erased."""
    never = gate._never
    gate._never = lambda facts, now: never(facts._replace(erased=False), now)


def repeats_for_ever() -> None:
    """What is in doubt goes again however long ago its provider has seen it."""
    ladder._drops_repeats = lambda carrier, row, now: carrier.features.idempotency is not None


def merges_forget_a_no() -> None:
    """Of what two people said who are one, the last word holds."""
    merging._withdrawn = lambda kept, other, words: set()


PLANTS: Mapping[str, Plant] = {
    plant.__name__: plant
    for plant in (
        crash.send_then_mark,
        crash.no_doubt,
        crash.forgets_the_leased,
        crash.outcome_before_reply,
        crash.no_fence,
        crash.plain_retry,
        crash.gate_before_the_lease_only,
        crash.gate_outside_the_handover,
        crash.no_second_gate,
        no_unique,
        leases_by_a_local_clock,
        forgets_who_was_erased,
        repeats_for_ever,
        merges_forget_a_no,
    )
}
