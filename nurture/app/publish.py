"""Making journeys live: what would happen first, shown by letting the production engine do it and
rolling it back; then the real thing."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from getpass import getuser
from pathlib import Path
from typing import Any

from nurture import faults
from nurture.app import advance, evaluate, moving
from nurture.app.runtime import Live, Runtime
from nurture.app.workspace import JourneyFile
from nurture.store import enrolling, enrollments, journeys, rehearsal
from nurture.store.engine import Tx
from nurture.triggers import InactivityTrigger

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Expected:
    """What publishing one journey does on its first day."""

    journey: str
    change: str  # "new", "changed", "labels", "unchanged"
    number: int  # the version it will be
    enter: int = 0
    held_out: int = 0
    may_be_messaged: int = 0
    messages: Mapping[str, int] = field(default_factory=dict)
    cost: Decimal = Decimal(0)
    inside: int = 0  # people in earlier versions, who stay in them
    left_out: int = 0  # people who match already and don't enter, since backfill is none


class _RolledBack(Exception):
    """Ends a rehearsal."""


def expected(runtime: Runtime, files: Sequence[JourneyFile], now: datetime) -> list[Expected]:
    """What publishing these journeys would do on the first day. Changes nothing."""
    return [_rehearse(runtime, each, now) for each in files]


def _rehearse(runtime: Runtime, file: JourneyFile, now: datetime) -> Expected:
    found: list[Expected] = []
    try:
        with runtime.store.begin() as tx:
            live = {each.name: each for each in runtime.live(tx)}.get(file.name)
            change, number = _change(tx, file, live)
            inside = sum(enrollments.standing(tx, file.name).values())
            if change in ("unchanged", "labels"):
                found.append(Expected(file.name, change, number, inside=inside))
            else:
                found.append(_first_day(runtime, tx, file, change, number, inside, now))
            raise _RolledBack
    except _RolledBack:
        return found[0]


def _first_day(
    runtime: Runtime, tx: Tx, file: JourneyFile, change: str, number: int, inside: int, now: datetime
) -> Expected:
    live = _make_live(runtime, tx, file, now)
    try:
        evaluate.enter(runtime, tx, live, now)
        status, runs = rehearsal.entered(tx, live.version_id)
        advance.advance_runs(runtime, tx, enrollments.runs(tx, runs), now)
        left_out = _left_out(runtime, tx, live, now) if change == "new" else 0
    finally:
        runtime.forget(live.version_id)
    planned = rehearsal.planned(tx, runs, now + DAY)
    return Expected(
        journey=file.name,
        change=change,
        number=number,
        enter=len(runs),
        held_out=status.get("held_out", 0),
        may_be_messaged=rehearsal.messageable(tx, runs, live.plan.topic),
        messages=planned,
        cost=_cost(runtime, planned),
        inside=inside,
        left_out=left_out,
    )


def _left_out(runtime: Runtime, tx: Tx, live: Live, now: datetime) -> int:
    """How many match already and would enter by `backfill: all`."""
    if live.plan.backfill != "none":
        return 0
    criteria, holdout = runtime.criteria(tx, now), runtime.settings.global_holdout
    return sum(
        enrolling.inactive(tx, criteria, plan, live.version_id, None, holdout)
        for plan in live.plan.parts
        if isinstance(plan.trigger, InactivityTrigger)
    )


def _cost(runtime: Runtime, sent: Mapping[str, int]) -> Decimal:
    costs = runtime.settings.costs
    return costs.email * sent.get("email", 0) + costs.sms_segment * sent.get("sms", 0)


def publish(runtime: Runtime, files: Sequence[JourneyFile], now: datetime) -> list[Expected]:
    """Make these journeys live in one transaction: all of them or none. What was done, by journey."""
    made: list[int] = []
    try:
        done = _publish(runtime, files, now, made)
    except BaseException:
        for version_id in made:
            runtime.forget(version_id)
        raise
    faults.point("enroll.after_commit")
    return done


def _publish(
    runtime: Runtime, files: Sequence[JourneyFile], now: datetime, made: list[int]
) -> list[Expected]:
    """As `publish`; `made` are the new versions, also where it fails."""
    done = []
    with runtime.store.begin() as tx:
        live = {each.name: each for each in runtime.live(tx)}
        for file in files:
            before = live.get(file.name)
            change, number = _change(tx, file, before)
            if change == "labels" and before is not None:
                journeys.relabel(tx, before.version_id, file.text)
            elif change in ("new", "changed"):
                new = _make_live(runtime, tx, file, now)
                made.append(new.version_id)
                moving.apply(runtime, tx, new, now)
                evaluate.enter(runtime, tx, new, now)
            done.append(Expected(file.name, change, number))
        faults.point("enroll.before_commit")
    return done


def _change(tx: Tx, file: JourneyFile, live: Live | None) -> tuple[str, int]:
    if live is None:
        return "new", 1
    if live.plan.hash != file.plan.hash:
        return "changed", journeys.newest(tx, file.name) + 1
    text = journeys.version(tx, live.version_id)["source"]
    return ("unchanged" if text == file.text else "labels"), live.number


def _make_live(runtime: Runtime, tx: Tx, file: JourneyFile, now: datetime) -> Live:
    version: dict[str, Any] = {
        "hash": file.plan.hash,
        "source": file.text,
        "file": file.path,
        "context": file.context.to_json(),
        "published_by": getuser(),
        "git_commit": _commit(runtime.folder),
    }
    version_id = journeys.publish(tx, file.name, version, now)
    if file.plan.backfill == "none":
        journeys.start_looking(tx, file.name, now)
    return next(each for each in runtime.live(tx) if each.version_id == version_id)


def _commit(folder: Path) -> str | None:
    """The git commit that the workspace stands at, if it is in git."""
    try:
        found = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None if found.returncode == 0 else None
