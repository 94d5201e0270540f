"""What decisions do: messages into the outbox, changes of people, coupons and tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias, assert_never

from nurture import digests
from nurture.app import changes, gating, hearing, opt_outs, people, starting
from nurture.app.changes import Occasion, Points, StageChange, TagChange
from nurture.app.ingest import plain
from nurture.app.runtime import Runtime
from nurture.limits import Allow, Cancel, Defer, GateVerdict
from nurture.model import (
    ADDRESS,
    PERSONAL,
    AddPoints,
    Basis,
    Channel,
    Decision,
    Draft,
    Effect,
    IssueCoupon,
    MoveTo,
    OpenTask,
    Origin,
    Run,
    SetField,
    StartJourney,
    Stay,
    Subscription,
    Suppress,
    Tag,
    TakeArm,
)
from nurture.store import coupons, enrollments, keys, messages, splits
from nurture.store.engine import Tx
from nurture.store.gating import Ask

Decided = tuple[Run, Decision]
Row = dict[str, Any]


class Judged(NamedTuple):
    """A message's send key, and the gate's word on it."""

    key: str
    verdict: GateVerdict


Verdicts: TypeAlias = Mapping[tuple[int, int], Judged]


def gate(
    runtime: Runtime, tx: Tx, decisions: Sequence[Decided], now: datetime
) -> dict[tuple[int, int], Judged]:
    """The gate's first word on every message that these decisions want, by (run, slot)."""
    wanted = [
        (run, effect, _key(runtime, run, effect))
        for run, decision in decisions
        for effect in decision.effects
        if isinstance(effect, Draft)
    ]
    to_others = [one for one in wanted if one[1].recipient is not None]
    if to_others:  # the gate looks at their address once they stand in the outbox
        wanted = [one for one in wanted if one[1].recipient is None]
    asks = [
        Ask(
            id=number,
            contact_id=run.contact_id,
            journey=run.journey,
            channel=draft.channel,
            message_class=draft.message_class,
            topic=draft.topic,
            planned_at=now,
            expires_at=draft.expires_at,
            key=key,
            basis=runtime.bases.get(draft.topic or "", Basis.CONSENT),
            version_id=run.version_id,
            on_cap=draft.on_cap,
            template=draft.template,
        )
        for number, (run, draft, key) in enumerate(wanted)
    ]
    verdicts = gating.ask(runtime, tx, asks, now)
    judged = {
        (run.id, draft.slot): Judged(key, verdicts[number]) for number, (run, draft, key) in enumerate(wanted)
    }
    for run, draft, key in to_others:
        judged[run.id, draft.slot] = Judged(key, Allow(None))
    return judged


def again(run: Run, decision: Decision, verdicts: Verdicts) -> bool:
    """Whether the step must be looked at again at once: the gate let none of its messages through."""
    if not isinstance(decision.move, Stay):
        return False
    slots = [effect.slot for effect in decision.effects if isinstance(effect, Draft)]
    return bool(slots) and all([isinstance(verdicts[run.id, slot].verdict, Cancel) for slot in slots])


@dataclass
class Acts:
    """Everything that one round of decisions writes besides the runs themselves."""

    messages: list[Row] = field(default_factory=list)
    special: list[tuple[Row, Draft]] = field(
        default_factory=list
    )  # to somebody else, with a word on caps, or of a test
    traits: list[Row] = field(default_factory=list)
    tags: list[TagChange] = field(default_factory=list)
    consents: list[tuple[Row, Occasion]] = field(default_factory=list)
    suppressions: list[tuple[int, Channel]] = field(default_factory=list)
    coupons: list[Row] = field(default_factory=list)
    tasks: list[Row] = field(default_factory=list)
    points: list[Points] = field(default_factory=list)
    stages: list[StageChange] = field(default_factory=list)
    starts: list[tuple[Run, StartJourney]] = field(default_factory=list)
    arms: list[Row] = field(default_factory=list)

    @property
    def change_people(self) -> bool:
        """Whether there is more to write than messages, coupons and tasks."""
        changes_ = (self.traits, self.tags, self.consents, self.suppressions, self.points, self.stages)
        return any(changes_)

    def add(self, run: Run, decision: Decision, verdicts: Verdicts, now: datetime) -> None:
        for effect in decision.effects:
            if isinstance(effect, Draft):
                row = _message(run, effect, verdicts[run.id, effect.slot], now)
                if effect.recipient is None and effect.on_cap is None and effect.arm is None:
                    self.messages.append(row)
                else:
                    self.special.append((row, effect))
            else:
                self._change(run, effect, now)

    def add_also(
        self, runtime: Runtime, tx: Tx, run: Run, decision: Decision, now: datetime
    ) -> list[Decided]:
        """What an exit does on the way out, each as if its step stood in the journey."""
        done = [(run._replace(step=step), each) for step, each in decision.also]
        for own in done:
            self.add(*own, gate(runtime, tx, [own], now), now)
        return done

    def _change(self, run: Run, effect: Effect, now: datetime) -> None:
        match effect:
            case SetField(name, value):
                self.traits.append(
                    {
                        "contact_id": run.contact_id,
                        "traits": plain({name: value}),
                        "occurred_at": now,
                        "source": "journey",
                        "source_id": f"{run.id}:{run.step}",
                        "silent": False,
                    }
                )
            case Tag(name, add):
                occasion = Occasion(f"tag:{run.id}:{run.step}:{name}", now)
                self.tags.append(TagChange(run.contact_id, name, add, occasion))
            case Subscription(topic, given):
                occasion = Occasion(f"consent:{run.id}:{run.step}:{topic}", now)
                self.consents.append((_consent(run, topic, given, now), occasion))
            case Suppress(channel):
                self.suppressions += [(run.contact_id, each) for each in ([channel] if channel else PERSONAL)]
            case IssueCoupon(pool, code, expires_at):
                self.coupons.append(_coupon(run, pool, code, now, expires_at))
            case OpenTask(title, assign, due_at, brief):
                self.tasks.append(_task(run, now, title=title, assign=assign, due_at=due_at, brief=brief))
            case AddPoints(score, points):
                occasion = Occasion(f"score:{run.id}:{run.step}:{score}", now)
                self.points.append(Points(run.contact_id, score, points, occasion))
            case MoveTo(stage):
                occasion = Occasion(f"stage:{run.id}:{run.step}", now)
                self.stages.append(StageChange(run.contact_id, stage, occasion))
            case StartJourney():
                self.starts.append((run, effect))
            case TakeArm(split, arm):
                self.arms.append(
                    {"journey": run.journey, "name": split, "contact_id": run.contact_id, "arm": arm}
                )
            case Draft():
                raise TypeError("a draft goes through the gate")
            case other:
                assert_never(other)

    def write(self, runtime: Runtime, tx: Tx, now: datetime) -> None:
        messages.write(tx, keys.apart(tx, self.messages))
        if self.special:
            special = [_special(runtime, row, draft) for row, draft in self.special]
            messages.write(tx, keys.apart(tx, special))
        heard = hearing.heard_of_changes(runtime, tx) if self.change_people else frozenset()
        for row in self.traits:
            people.set_traits(runtime, tx, [row], heard, now)
        changes.set_tags(tx, self.tags, heard, now)
        changes.set_stages(tx, self.stages, heard, now)
        changes.add_points(tx, self.points, heard, now)
        changes.record_consents(tx, self.consents, heard, now)
        for contact_id, channel in self.suppressions:
            opt_outs.suppress(runtime, tx, contact_id, channel.value, "journey", "journey", now)
        coupons.issue(tx, self.coupons)
        enrollments.open_tasks(tx, self.tasks)
        splits.keep(tx, self.arms)
        if self.starts:
            starting.start(runtime, tx, self.starts, hearing.heard(runtime, tx), now)


def _message(run: Run, draft: Draft, judged: Judged, now: datetime) -> Row:
    """The outbox row of a draft. What the gate refuses is written too, as cancelled, with the reason."""
    verdict = judged.verdict
    refused = verdict if isinstance(verdict, Cancel) else None
    deferred = verdict if isinstance(verdict, Defer) else None
    return {
        "key": judged.key,
        "enrollment_id": run.id,
        "journey": run.journey,
        "version_id": run.version_id,
        "step": run.step,
        "slot": draft.slot,
        "contact_id": run.contact_id,
        "channel": str(draft.channel),
        "class": str(draft.message_class),
        "topic": draft.topic,
        "template": draft.template,
        "subject": draft.subject,
        "survey": draft.survey,
        "on_doubt": draft.on_doubt,
        "variables": draft.variables or None,
        "state": "cancelled" if refused else "scheduled",
        "reason": refused.reason if refused else (deferred.reason if deferred else None),
        "planned_at": now,
        "due_at": deferred.until if deferred else now,
        "expires_at": draft.expires_at,
        "consent_id": verdict.consent_id if isinstance(verdict, Allow) else None,
        "done_at": now if refused else None,
    }


def _special(runtime: Runtime, row: Row, draft: Draft) -> Row:
    """The row with what few messages have."""
    address = draft.recipient
    kind = ADDRESS.get(draft.channel, "email")  # a webhook's address is no person's
    digest = digests.address(runtime.secret, kind, address) if address else None
    return {**row, "recipient": address, "recipient_digest": digest, "on_cap": draft.on_cap, "arm": draft.arm}


def _key(runtime: Runtime, run: Run, draft: Draft) -> str:
    return digests.send_key(
        runtime.secret, run.journey, run.ref, run.key, run.anchor, run.step, draft.channel, draft.slot
    )


def _coupon(run: Run, pool: str, code: str, now: datetime, expires_at: datetime | None) -> Row:
    return {
        "code": code,
        "pool": pool,
        "contact_id": run.contact_id,
        "enrollment_id": run.id,
        "step": run.step,
        "issued_at": now,
        "expires_at": expires_at,
    }


def _task(run: Run, now: datetime, **said: Any) -> Row:
    return {
        "enrollment_id": run.id,
        "step": run.step,
        "contact_id": run.contact_id,
        "created_at": now,
        **said,
    }


def _consent(run: Run, topic: str, given: bool, now: datetime) -> Row:
    origin = Origin(f"journey:{run.journey}/{run.step}")
    return changes.consent_record(run.contact_id, topic, None, given, f"journey:{run.journey}", origin, now)
