"""Taking runs to their next step: claim, read facts, decide, write, commit; in rounds of one step.

Runs that stand at the same step of the same version are decided together. After each round its
writes are in the transaction and facts are read again, so a step sees what the step before did.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from nurture import faults
from nurture.app import acting
from nurture.app.facts import load
from nurture.app.runtime import Runtime
from nurture.engine.decide import decide, needs
from nurture.model import Decision, Go, Leave, MessageFact, MessageState, Run, Stay
from nurture.store import enrollments, messages
from nurture.store.engine import Tx

BATCH = 1000
Row = Mapping[str, Any]


def advance(runtime: Runtime, now: datetime, *, batch: int = BATCH) -> Counter[str]:
    """Take every run that is due by `now` as far as it goes. Harmless when run twice or at once."""
    counts: Counter[str] = Counter()
    while True:
        with runtime.store.begin() as tx:
            rows = enrollments.claim_due(tx, now, batch)
            counts.update(advance_runs(runtime, tx, rows, now))
            faults.point("advance.before_commit")
        faults.point("advance.after_commit")
        if len(rows) < batch or runtime.stopping():
            return counts


def advance_runs(runtime: Runtime, tx: Tx, rows: Sequence[Row], now: datetime) -> Counter[str]:
    """Take these locked runs as far as they go, within the caller's transaction."""
    counts: Counter[str] = Counter()
    standing = [as_run(row) for row in rows]
    while standing:
        counts["decisions"] += len(standing)
        written = _Written()
        going: list[Run] = []
        for (version_id, _), group in _by_step(standing).items():
            going += _decide_together(runtime, tx, version_id, group, now, written)
        written.flush(runtime, tx, now)
        counts["ended"] += len(written.ended)
        counts["messages"] += len(written.acts.messages)
        standing = going
    return counts


def as_run(row: Row) -> Run:
    """A claimed row as the engine sees it."""
    return Run(
        id=row["id"],
        journey=row["journey"],
        version_id=row["version_id"],
        contact_id=row["contact_id"],
        ref=row["ref"],
        key=row["key"],
        anchor=row["anchor"],
        entered_at=row["entered_at"],
        step=row["step"] or "",
        arrived_at=row["arrived_at"],
        zone=row["zone"],
        memory=row["memory"],
    )


def _by_step(runs: Iterable[Run]) -> dict[tuple[int, str], list[Run]]:
    groups: dict[tuple[int, str], list[Run]] = defaultdict(list)
    for run in runs:
        groups[run.version_id, run.step].append(run)
    return groups


@dataclass
class _Written:
    """What one round writes."""

    moved: list[dict[str, Any]] = field(default_factory=list)
    ended: list[dict[str, Any]] = field(default_factory=list)
    traces: list[dict[str, Any]] = field(default_factory=list)
    acts: acting.Acts = field(default_factory=acting.Acts)

    def flush(self, runtime: Runtime, tx: Tx, now: datetime) -> None:
        enrollments.move(tx, self.moved)
        self.acts.write(runtime, tx, now)
        enrollments.end(tx, self.ended)
        enrollments.trace(tx, self.traces)


def _decide_together(
    runtime: Runtime, tx: Tx, version_id: int, runs: list[Run], now: datetime, written: _Written
) -> list[Run]:
    """Decide one step for many runs; those that went on to another step."""
    plan = runtime.plan(tx, version_id)
    step = plan.steps.get(runs[0].step)
    if step is not None and step.sends:
        runs = _with_messages(tx, runs)
    facts = load(runtime, tx, needs(plan, step), runs, now)
    decisions = [(run, decide(plan, run, facts[run.id], now)) for run in runs]
    verdicts = acting.gate(runtime, tx, plan, decisions, now)
    going = []
    for run, decision in decisions:
        written.acts.add(runtime, run, decision, verdicts, now)
        moved = _note(run, decision, now, written)
        if moved is not None:
            going.append(moved)
        elif acting.again(run, decision, verdicts):
            going.append(run)
    return going


def _with_messages(tx: Tx, runs: list[Run]) -> list[Run]:
    found = messages.of_step(tx, [run.id for run in runs])
    return [
        replace(
            run,
            messages=tuple(
                MessageFact(row["slot"], MessageState(row["state"]), row["done_at"], row["reason"])
                for row in found[run.id]
            ),
        )
        if run.id in found
        else run
        for run in runs
    ]


def _note(run: Run, decision: Decision, now: datetime, written: _Written) -> Run | None:
    """Write where the run stands after this decision; the run, if it stands at another step."""
    memory = run.memory
    if not isinstance(decision.move, Stay):
        done = {**decision.brings, "at": decision.move.at.isoformat()}
        memory = {**memory, run.step: {**memory.get(run.step, {}), **done}} if run.step else memory
        if decision.save_as is not None:
            memory = {**memory, decision.save_as: done}
    if not isinstance(decision.move, Stay) or decision.effects:
        written.traces.append(traced(run, decision, now))
    match decision.move:
        case Stay(until):
            written.moved.append(_place(run, run.step, run.arrived_at, until, memory))
        case Leave(reason, at):
            written.ended.append(ending(run, "exited", reason, at, memory))
        case Go(None, at):
            written.ended.append(ending(run, "completed", None, at, memory))
        case Go(step, at):
            assert step is not None
            written.moved.append(_place(run, step, at, now, memory))
            return replace(run, step=step, arrived_at=at, memory=memory, messages=())
    return None


def _place(run: Run, step: str, arrived_at: datetime, due_at: datetime | None, memory: Any) -> dict[str, Any]:
    return {"id": run.id, "step": step, "arrived_at": arrived_at, "due_at": due_at, "memory": memory}


def ending(run: Run, status: str, reason: str | None, at: datetime, memory: Any) -> dict[str, Any]:
    return {"id": run.id, "status": status, "exit_reason": reason, "ended_at": at, "memory": memory}


def traced(run: Run, decision: Decision, now: datetime) -> dict[str, Any]:
    seen = [
        {"if": text, "is": value, "with": dict(values)}
        for truth in decision.truths
        for text, value, values in truth.atoms
    ]
    return {
        "enrollment_id": run.id,
        "at": now,
        "step": run.step or None,
        "reason": decision.reason,
        "seen": seen or None,
    }
