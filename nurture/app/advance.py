"""Taking runs to their next step: claim, read facts, decide, write, commit; in rounds of one step.

Runs that stand at the same step of the same version are decided together. After each round its
writes are in the transaction and facts are read again, so a step sees what the step before did.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nurture import faults
from nurture.app import acting, heap
from nurture.app.facts import load
from nurture.app.runtime import Runtime
from nurture.compiler.plan import Plan
from nurture.engine.decide import decide, needs
from nurture.model import Decision, Go, Leave, MessageFact, MessageState, Run, Stay
from nurture.steps.base import Needs, Step, around
from nurture.store import enrollments, messages
from nurture.store.engine import Tx

BATCH = 2000
Row = dict[str, Any]


def advance(runtime: Runtime, now: datetime, *, batch: int = BATCH) -> Counter[str]:
    """Take every run that is due by `now` as far as it goes. Harmless when run twice or at once."""
    counts: Counter[str] = Counter()
    while True:
        with heap.at_rest(), runtime.store.begin() as tx:
            runs = enrollments.claim_due(tx, now, batch)
            counts.update(advance_runs(runtime, tx, runs, now))
            faults.point("advance.before_commit")
        faults.point("advance.after_commit")
        if len(runs) < batch or runtime.stopping():
            return counts


def advance_runs(runtime: Runtime, tx: Tx, runs: Sequence[Run], now: datetime) -> Counter[str]:
    """Take these locked runs as far as they go, within the caller's transaction."""
    counts: Counter[str] = Counter()
    written = _Written()
    standing = list(runs)
    while standing:
        counts["decisions"] += len(standing)
        groups = _by_step(runtime, tx, standing)
        if any(group.needs for group in groups):
            written.settle(tx)
        standing = [run for group in groups for run in _decide_together(runtime, tx, group, now, written)]
        counts["messages"] += len(written.acts.messages) + len(written.acts.special)
        written.act(runtime, tx, now)
    written.settle(tx)
    counts["ended"] = written.ends
    enrollments.trace(tx, written.traces)
    if written.waiting:
        enrollments.wake(tx, messages.being_settled(tx, written.waiting), now)
    return counts


@dataclass(frozen=True, slots=True)
class _Group:
    """Runs that stand at the same step of the same plan; None: at its end."""

    plan: Plan
    step: Step | None
    needs: Needs
    runs: list[Run]


def _by_step(runtime: Runtime, tx: Tx, runs: Iterable[Run]) -> list[_Group]:
    together: dict[tuple[int, str], list[Run]] = defaultdict(list)
    for run in runs:
        together[run.version_id, run.step].append(run)
    groups = []
    for (version_id, step_id), group in together.items():
        plan = runtime.plan(tx, version_id)
        step = plan.steps.get(step_id)
        groups.append(_Group(plan, step, needs(plan, step), group))
    return groups


@dataclass
class _Written:
    """What rounds write. What they do is in the database after each round; where runs stand is when a
    step looks at it, and at the end: most runs go through several steps at once."""

    places: dict[int, Row] = field(default_factory=dict)
    ended: list[Row] = field(default_factory=list)
    ends: int = 0
    traces: list[Row] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)  # runs that wait for a message written earlier
    acts: acting.Acts = field(default_factory=acting.Acts)

    def act(self, runtime: Runtime, tx: Tx, now: datetime) -> None:
        """Write the effects of one round."""
        if self.acts.change_people:  # that wakes runs, which an older place must not undo
            self._move(tx)
        self.acts.write(runtime, tx, now)
        self.acts = acting.Acts()

    def settle(self, tx: Tx) -> None:
        """Write where runs stand."""
        self._move(tx)
        enrollments.end(tx, self.ended)
        self.ends += len(self.ended)
        self.ended.clear()

    def _move(self, tx: Tx) -> None:
        enrollments.move(tx, list(self.places.values()))
        self.places.clear()


def _decide_together(
    runtime: Runtime, tx: Tx, group: _Group, now: datetime, written: _Written
) -> Iterator[Run]:
    """Decide one step for many runs; those that are to be decided again at once."""
    runs = group.runs
    if group.step is not None and group.step.sends:
        runs = _with_messages(tx, group.step.id, runs)
    facts = load(runtime, tx, group.needs, runs, now)
    decisions = [(run, decide(group.plan, run, facts[run.id], now)) for run in runs]
    verdicts = acting.gate(runtime, tx, decisions, now)
    for run, decision in decisions:
        written.acts.add(run, decision, verdicts, now)
        if decision.also:
            done = written.acts.add_also(runtime, tx, run, decision, now)
            written.traces += [traced(*each, now) for each in done]
        moved = _note(run, decision, now, written)
        if moved is not None:
            yield moved
        elif acting.again(run, decision, verdicts):
            yield run


def _with_messages(tx: Tx, step: str, runs: list[Run]) -> list[Run]:
    found = messages.of_step(tx, step, [run.id for run in runs])
    return [
        run._replace(
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
    move = decision.move
    if isinstance(move, Stay):
        if decision.effects:
            written.traces.append(traced(run, decision, now))
        memory = _noted(run, decision) if decision.brings else run.memory
        written.places[run.id] = _place(run, run.step, run.arrived_at, move.until, memory)
        if any(message.done_at is None for message in run.messages):
            written.waiting.append(run.id)
        return None
    written.traces.append(traced(run, decision, now))
    memory = _remembered(run, decision, move.at)
    match move:
        case Leave():
            written.ended.append(exited(run, move, memory))
        case Go(_, at) if run.leaving is not None:
            written.ended.append(exited(run, Leave(run.leaving, at), memory))
        case Go(None, at):
            written.ended.append(_ended(run, "completed", None, at, memory, run.leaving))
        case Go(step, at):
            assert step is not None
            written.places[run.id] = _place(run, step, at, now, memory)
            return _arrived(run, step, at, memory)
    return None


def _noted(run: Run, decision: Decision) -> Mapping[str, Mapping[str, Any]]:
    """What the run's steps brought, with what this one knows before it is done."""
    return {**run.memory, run.step: {**run.memory.get(run.step, {}), **decision.brings}}


def _remembered(run: Run, decision: Decision, at: datetime) -> Mapping[str, Mapping[str, Any]]:
    """What the run's steps brought, with this one, which is done."""
    done = {**decision.brings, "at": at.isoformat()}
    memory = {**run.memory, run.step: {**run.memory.get(run.step, {}), **done}} if run.step else run.memory
    if run.step.endswith("]"):  # behind a repeat its steps' ids mean the last pass
        memory = {**memory, **dict.fromkeys(around(run.step), memory[run.step])}
    return memory if decision.save_as is None else {**memory, decision.save_as: done}


def _arrived(run: Run, step: str, at: datetime, memory: Any) -> Run:
    """The run at another step, whose messages it hasn't written yet."""
    return Run(
        id=run.id,
        journey=run.journey,
        version_id=run.version_id,
        contact_id=run.contact_id,
        ref=run.ref,
        key=run.key,
        anchor=run.anchor,
        entered_at=run.entered_at,
        step=step,
        arrived_at=at,
        zone=run.zone,
        memory=memory,
        caught_up=run.caught_up,
    )


def _place(run: Run, step: str, arrived_at: datetime, due_at: datetime | None, memory: Any) -> Row:
    return {"id": run.id, "step": step, "arrived_at": arrived_at, "due_at": due_at, "memory": memory}


def exited(run: Run, move: Leave, memory: Any) -> Row:
    """The end of a run. One that left on its own way is told by its `leaving`, which is the reason then."""
    leaving = run.leaving if move.cut else move.reason
    return _ended(run, "exited", move.reason, move.at, memory, leaving)


def _ended(run: Run, status: str, reason: str | None, at: datetime, memory: Any, leaving: str | None) -> Row:
    end = {"id": run.id, "status": status, "exit_reason": reason, "ended_at": at, "memory": memory}
    return {**end, "leaving": leaving}


def traced(run: Run, decision: Decision, now: datetime) -> Row:
    seen = [
        {"if": text, "is": value, "with": values}
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
