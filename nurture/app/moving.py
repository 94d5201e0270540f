"""What a new version does to the people inside earlier ones, within the transaction that publishes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nurture.app.runtime import Live, Runtime
from nurture.compiler.in_flight import END
from nurture.compiler.matching import match, renames
from nurture.compiler.plan import Plan
from nurture.problems import NurtureError
from nurture.steps.base import base_of
from nurture.store import contacts, holding
from nurture.store import moving as store
from nurture.store.engine import Tx


@dataclass(frozen=True, slots=True)
class Inside:
    """The people of one version: how many stand at each step, and which step of the new version each is."""

    version_id: int
    plan: Plan
    standing: Mapping[str, int]
    pairs: Mapping[str, str]


def inside(runtime: Runtime, tx: Tx, plan: Plan, but: int | None = None) -> list[Inside]:
    """Who is inside the versions of a journey (but this one), seen from what is to become its plan."""
    found = []
    for version_id, standing in store.standing(tx, plan.journey, but).items():
        old = runtime.plan(tx, version_id)
        found.append(Inside(version_id, old, standing, match(old, plan)))
    return found


def moves(plan: Plan, of: Inside) -> dict[str, str]:
    """Where `migrate` leads from the steps that are called otherwise or are gone: what the journey says, and else
    the step that it is."""
    changed = {old: new for old, new in of.pairs.items() if old != new}
    return {**changed, **dict(plan.in_flight.moves)}


def apply(runtime: Runtime, tx: Tx, live: Live, now: datetime) -> int:
    """Do to people inside what the version that has just become live says; how many that concerns.

    Raises NurtureError where somebody would stand at a step that isn't there any more.
    """
    mode = live.plan.in_flight.mode
    if mode == "migrate":
        found = inside(runtime, tx, live.plan, live.version_id)
        refuse_to_strand(live.plan, found)
        return sum(_migrate(tx, live, each, now) for each in found)
    if mode == "drain":
        return store.drain(tx, live.name, live.version_id, "in_flight.drain", now)
    if mode == "eject":
        return store.end(tx, store.inside(live.name, live.version_id), "in_flight.eject", now)
    return 0


def _migrate(tx: Tx, live: Live, of: Inside, now: datetime) -> int:
    chosen, said = store.of_version(live.name, of.version_id), dict(live.plan.in_flight.moves)
    out = [old for old, new in said.items() if new == END]
    ended = store.end(tx, store.at_steps(chosen, out), "in_flight.migrate", now)
    onward = {old: new for old, new in moves(live.plan, of).items() if new != END}
    store.take_back(tx, store.at_steps(chosen, list(said)), now)
    store.rename(tx, chosen, _names(live.plan, of))
    return ended + store.migrate(tx, chosen, live.version_id, onward, now)


def _names(plan: Plan, of: Inside) -> dict[str, str]:
    """The ids that steps have now, by those that they had: also of a step that the journey's map leads from, where
    that is of one kind with the new step to which it leads."""
    said = {
        old: new
        for old, new in plan.in_flight.moves
        if old in of.plan.steps
        and new in plan.steps
        and new not in of.pairs.values()
        and type(of.plan.steps[old]) is type(plan.steps[new])
    }
    return renames({**of.pairs, **said})


def stranded(plan: Plan, found: Sequence[Inside]) -> dict[str, int]:
    """People at steps that are gone and that no move leads away from, by step."""
    if plan.in_flight.mode != "migrate":
        return {}
    said = dict(plan.in_flight.moves)
    return {step: count for step, count in gone(found).items() if step not in said}


def gone(found: Sequence[Inside]) -> Counter[str]:
    """People whose step the new version doesn't have, by that step."""
    return _count(found, lambda of, step: None if step in of.pairs else step)


def here(found: Sequence[Inside]) -> Counter[str]:
    """People by the step of the new version that theirs is; those in any pass of a repeat count together."""
    return _count(found, lambda of, step: base_of(of.pairs[step]) if step in of.pairs else None)


def _count(found: Sequence[Inside], named: Callable[[Inside, str], str | None]) -> Counter[str]:
    counts = Counter[str]()
    for of in found:
        for step, count in of.standing.items():
            if name := named(of, step):
                counts[name] += count
    return counts


def refuse_to_strand(plan: Plan, found: Sequence[Inside]) -> None:
    """Raises NurtureError that names who would be lost."""
    lost = stranded(plan, found)
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
        return store.count(tx, _chosen(runtime, tx, journey, people)), sum(
            holding.waiting(tx, journey).values()
        )


def take_out(runtime: Runtime, journey: str, people: list[str], now: datetime) -> int:
    """End the runs of these people (none named: of everybody) in a journey, whatever the version; how many.

    Raises NurtureError for a journey that was never published and for people who aren't known.
    """
    with runtime.store.begin() as tx:
        return store.end(tx, _chosen(runtime, tx, journey, people), "by_hand", now)


def unpublished(tx: Tx, journey: str) -> NurtureError:
    """What to say of a journey that was never published."""
    known = ", ".join(store.journeys(tx)) or "none"
    return NurtureError(f"no journey called {journey!r} is published; published are: {known}")


def _chosen(runtime: Runtime, tx: Tx, journey: str, people: list[str]) -> store.Test:
    if journey not in store.journeys(tx):
        raise unpublished(tx, journey)
    found = {person: contacts.by_anything(tx, person, runtime.settings.company.country) for person in people}
    unknown = [person for person, row in found.items() if row is None]
    if unknown:
        raise NurtureError(f"nobody known as {', '.join(unknown)}; nobody was taken out")
    if not people:
        return store.inside(journey)
    return store.of_people(journey, [row["id"] for row in found.values() if row is not None])
