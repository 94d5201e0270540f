"""What a new version does to the people inside earlier ones, within the transaction that publishes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from nurture.app.runtime import Live, Runtime
from nurture.compiler.in_flight import END
from nurture.compiler.plan import Plan
from nurture.problems import NurtureError
from nurture.store import contacts, holding, moving
from nurture.store.engine import Tx


def apply(tx: Tx, live: Live, now: datetime) -> int:
    """Do to people inside what the version that has just become live says; how many that concerns.

    Raises NurtureError where somebody would stand at a step that isn't there any more.
    """
    mode = live.plan.in_flight.mode
    if mode == "migrate":
        refuse_to_strand(live.plan, moving.standing(tx, live.name, live.version_id))
        moves = dict(live.plan.in_flight.moves)
        out = [old for old, new in moves.items() if new == END]
        ended = moving.end(tx, moving.at_steps(live.name, live.version_id, out), "in_flight.migrate", now)
        onward = {old: new for old, new in moves.items() if new != END}
        return ended + moving.migrate(tx, live.name, live.version_id, onward, now)
    if mode == "drain":
        return moving.drain(tx, live.name, live.version_id, "in_flight.drain", now)
    if mode == "eject":
        return moving.end(tx, moving.inside(live.name, live.version_id), "in_flight.eject", now)
    return 0


def stranded(plan: Plan, standing: Mapping[str, int]) -> dict[str, int]:
    """People at steps that are gone and that no move leads away from, by step."""
    if plan.in_flight.mode != "migrate":
        return {}
    known = {*plan.steps, *dict(plan.in_flight.moves)}
    return {step: count for step, count in standing.items() if step not in known}


def refuse_to_strand(plan: Plan, standing: Mapping[str, int]) -> None:
    """Raises NurtureError that names who would be lost."""
    lost = stranded(plan, standing)
    if not lost:
        return
    where = ", ".join(f"{count:,} at '{step}'" for step, count in lost.items())
    step = next(iter(lost))
    raise NurtureError(
        f"{plan.journey}: nothing was published: {where} would stand at a step that is gone; say where they go: "
        f"'in_flight: {{migrate: {{{step}: STEP}}}}', with a step of the new version or 'end'"
    )


def taken_out(runtime: Runtime, journey: str, people: list[str]) -> tuple[int, int]:
    """How many runs `take_out` would end, and how many messages of the journey wait. Changes nothing."""
    with runtime.store.read() as tx:
        return moving.count(tx, _chosen(tx, journey, people)), sum(holding.waiting(tx, journey).values())


def take_out(runtime: Runtime, journey: str, people: list[str], now: datetime) -> int:
    """End the runs of these people (none named: of everybody) in a journey, whatever the version; how many.

    Raises NurtureError for a journey that was never published and for people who aren't known.
    """
    with runtime.store.begin() as tx:
        return moving.end(tx, _chosen(tx, journey, people), "by_hand", now)


def _chosen(tx: Tx, journey: str, people: list[str]) -> moving.Test:
    if journey not in moving.journeys(tx):
        known = ", ".join(moving.journeys(tx)) or "none"
        raise NurtureError(f"no journey called {journey!r} is published; published are: {known}")
    found = {person: contacts.by_anything(tx, person) for person in people}
    unknown = [person for person, row in found.items() if row is None]
    if unknown:
        raise NurtureError(f"nobody known as {', '.join(unknown)}; nobody was taken out")
    if not people:
        return moving.inside(journey)
    return moving.of_people(journey, [row["id"] for row in found.values() if row is not None])
