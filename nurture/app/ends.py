"""Exits by what has just happened: a run ends in the same transaction that takes the event in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from nurture.app import facts
from nurture.app.acting import Acts
from nurture.app.advance import exited, traced
from nurture.app.runtime import Runtime
from nurture.engine.decide import exit_needs, leaving
from nurture.model import Leave, Run
from nurture.store import enrollments
from nurture.store.engine import Tx


def listening(runtime: Runtime, tx: Tx, names: Collection[str]) -> list[int]:
    """Versions with people inside that may react to events of these names, or to any change."""
    return [
        version_id
        for version_id in sorted(runtime.in_use(tx))
        if (heard := runtime.listens(tx, version_id)) is None or not heard.isdisjoint(names)
    ]


def resolve(runtime: Runtime, tx: Tx, run_ids: Sequence[int], now: datetime) -> int:
    """End those of these runs that an exit rule ends now; how many."""
    groups: dict[int, list[Run]] = defaultdict(list)
    for run in enrollments.runs(tx, run_ids):
        groups[run.version_id].append(run)
    ended, traces, acts = [], [], Acts()
    for version_id, runs in groups.items():
        plan = runtime.plan(tx, version_id)
        known = facts.load(runtime, tx, exit_needs(plan), runs, now)
        for run in runs:
            decision = leaving(plan, run, known[run.id], now)
            if decision is not None and isinstance(decision.move, Leave):
                ended.append(exited(run, decision.move, run.memory))
                traces.append(traced(run, decision, now))
                traces += [traced(*each, now) for each in acts.add_also(runtime, tx, run, decision, now)]
    enrollments.end(tx, ended)
    enrollments.trace(tx, traces)
    acts.write(runtime, tx, now)
    return len(ended)
