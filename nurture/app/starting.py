"""Journeys that start one another."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from nurture.app.changes import Occasion, own_event
from nurture.app.runtime import Runtime
from nurture.compiler.by_hand import by_hand_of, needs_event, taken
from nurture.compiler.plan import Plan
from nurture.model import Run, StartJourney
from nurture.store import enrolling, events
from nurture.store.engine import Tx

NAME = "journey_started"


def start(
    runtime: Runtime,
    tx: Tx,
    wanted: Collection[tuple[Run, StartJourney]],
    heard: Collection[str],
    now: datetime,
) -> None:
    """Let people into the journeys that steps of theirs start, as far as these let them in."""
    if not wanted:
        return
    live = {each.name: each for each in runtime.live(tx)}
    for run, asked in wanted:
        target = live.get(asked.journey)
        if target is None or target.paused_at is not None:
            continue
        target = target.way_of(run.ref)
        plan = by_hand_of(target.plan)
        if needs_event(plan.trigger):
            continue
        occasion = Occasion(f"start:{run.id}:{run.step}", now)
        payload = {"journey": run.journey, **_typed(plan, asked.values, runtime.settings.company.zone)}
        event = own_event(NAME, run.contact_id, run.ref, occasion, payload, heard, now)
        events.append(tx, [event])
        enrolling.by_hand(
            tx,
            runtime.criteria(tx, now),
            plan,
            target.version_id,
            [run.contact_id],
            occasion.source_id,
            now,
            runtime.settings.global_holdout,
            event_id=events.id_of(tx, event["source"], event["source_id"]),
        )


def _typed(plan: Plan, values: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """The values by the types that the other journey declares. `check` refuses what doesn't fit; where the other journey
    was published anew since, it stays unknown."""
    from nurture.steps.update import typed

    declared = taken(plan)
    found: dict[str, Any] = {"depth": values["depth"]}
    for name, field in declared.items():
        try:
            found[name] = typed(field, str(values[name]), zone)
        except (KeyError, ValueError):
            continue
    return found
