"""Bugs that are planted in the production code of a process: each must be caught by some seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nurture.app import confirming, ladder, merging
from nurture.app import erasing as commands
from nurture.store import erasing, events, moving, talks
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


def repeats_for_ever() -> None:
    """What is in doubt goes again however long ago its provider has seen it."""
    ladder._drops_repeats = lambda carrier, row, now: carrier.features.idempotency is not None


def merges_forget_a_no() -> None:
    """Of what two people said who are one, the last word holds."""
    merging._withdrawn = lambda kept, other, words: set()


def erases_without_cancelling() -> None:
    """Who is erased leaves her journeys, and what was written to her still leaves."""
    erasing.end = lambda tx, ids, digests, reason, now: (
        moving.end(tx, erasing._going_on(ids), reason, now),
        0,
    )


def erases_but_what_was_told() -> None:
    """What events said of whom keeps naming her."""
    clear = erasing._clear
    erasing._clear = lambda tx, table, hers: None if table.name == "events" else clear(tx, table, hers)


def erases_but_what_waits() -> None:
    """What of hers has not been heard yet is forgotten, and heard later."""
    commands.waiting = lambda runtime, tx, rows: []


def erases_and_forgets_addresses() -> None:
    """Who comes again after she was erased is written to."""
    silence = commands.opt_outs.suppress

    def heard(runtime: Any, tx: Any, contact_id: int, channel: str, reason: str, *rest: Any) -> None:
        if reason != commands.ERASED:
            silence(runtime, tx, contact_id, channel, reason, *rest)

    commands.opt_outs.suppress = heard


def asks_nobody_to_confirm() -> None:
    """A yes that anybody may have typed in holds at once."""
    confirming.is_needed = lambda runtime, consent: False


def confirms_each_time() -> None:
    """Whoever presses the button again has said yes again."""
    confirming._waiting = lambda said: [each for each in said if each["pending"]]


def answers_each_call() -> None:
    """Whoever asks for help is answered, however often."""
    talks.answered = lambda tx, people, template, since: set()


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
        repeats_for_ever,
        merges_forget_a_no,
        erases_without_cancelling,
        erases_but_what_was_told,
        erases_but_what_waits,
        erases_and_forgets_addresses,
        asks_nobody_to_confirm,
        confirms_each_time,
        answers_each_call,
    )
}
# Where seeds from the first have long to wait: whoever looks for them may as well begin here. It is no promise, as a
# seed does something else whenever the product does.
SHOWS_AT: Mapping[str, int] = {
    plant.__name__: seed
    for plant, seed in (
        (crash.gate_outside_the_handover, 28),
        (merges_forget_a_no, 30),
        (erases_without_cancelling, 91),
    )
}
