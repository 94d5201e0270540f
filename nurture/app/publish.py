"""Making journeys live: what would happen first, shown by letting the production engine do it and
rolling it back; then the real thing."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeAlias

from nurture import faults
from nurture.app import advance, costs, environment, evaluate, moving
from nurture.app.recomputing import recompute
from nurture.app.runtime import Live, Runtime
from nurture.app.workspace import JourneyFile
from nurture.model import Channel
from nurture.problems import NurtureError
from nurture.store import canaries, enrolling, enrollments, journeys, rehearsal
from nurture.store.engine import Tx
from nurture.triggers import InactivityTrigger

DAY = timedelta(days=1)

# "canary": a share of newcomers enters the new version; "share": another share than before; "whole": everybody does
# from now on; "withdrawn": nobody does any more, since the workspace has the version that the others enter.
Change: TypeAlias = Literal["new", "changed", "labels", "unchanged", "canary", "share", "whole", "withdrawn"]
BEGINS = frozenset(("new", "changed", "canary"))  # changes that make a version
_PUBLISHING = "publish"  # one after the other, so that the second sees the versions that the first has made


@dataclass(frozen=True, slots=True)
class Expected:
    """What publishing one journey does on its first day."""

    journey: str
    change: Change
    number: int  # the version that it is about
    enter: int = 0
    held_out: int = 0
    may_be_messaged: int = 0
    messages: Mapping[str, int] = field(default_factory=dict)
    cost: Decimal = Decimal(0)
    inside: int = 0  # people in earlier versions, who stay in them
    left_out: int = 0  # people who match already and don't enter, since backfill is none
    share: int | None = None  # of newcomers who enter that version, in hundredths of a percent; None: all


def expected(
    runtime: Runtime, files: Sequence[JourneyFile], now: datetime, share: int | None = None
) -> list[Expected]:
    """What publishing these journeys would do on the first day, for all newcomers or a share of them (in hundredths of
    a percent). Changes nothing. Raises NurtureError as `publish` does."""
    return [_rehearse(runtime, each, now, share) for each in files]


def tried(runtime: Runtime, files: Sequence[JourneyFile]) -> list[str]:
    """The journeys with a canary of which the file is one of the two versions: publishing it would end the trial."""
    with runtime.store.read() as tx:
        trials = {live.name: {way.plan.hash for way in live.ways} for live in runtime.live(tx) if live.canary}
    return [file.name for file in files if file.plan.hash in trials.get(file.name, ())]


def _rehearse(runtime: Runtime, file: JourneyFile, now: datetime, share: int | None) -> Expected:
    with runtime.store.rehearse() as tx:
        runtime.store.in_turn(tx, _PUBLISHING)
        live = _live(runtime, tx, file.name)
        change, number = _change(tx, file, live, share)
        inside = sum(enrollments.standing(tx, file.name).values())
        if change in BEGINS:
            return _first_day(runtime, tx, file, live, change, number, inside, now, share)
        return Expected(file.name, change, number, inside=inside, share=share)


def _live(runtime: Runtime, tx: Tx, journey: str) -> Live | None:
    return next((each for each in runtime.live(tx) if each.name == journey), None)


def _first_day(
    runtime: Runtime,
    tx: Tx,
    file: JourneyFile,
    before: Live | None,
    change: Change,
    number: int,
    inside: int,
    now: datetime,
    share: int | None,
) -> Expected:
    made = _make(runtime, tx, file, before, now, share)
    live = made.canary or made
    try:
        evaluate.enter(runtime, tx, made, now)
        status, runs = rehearsal.entered(tx, live.version_id)
        advance.advance_runs(runtime, tx, enrollments.runs(tx, runs), now)
        left_out = _left_out(runtime, tx, live, now) if change == "new" else 0
    finally:
        runtime.forget(live.version_id)
    planned = rehearsal.planned(tx, runs, now + DAY)
    by_whatsapp = rehearsal.by_whatsapp(tx, runs, now + DAY) if Channel.WHATSAPP in planned else {}
    return Expected(
        journey=file.name,
        change=change,
        number=number,
        enter=len(runs),
        held_out=status.get("held_out", 0),
        may_be_messaged=rehearsal.messageable(tx, runs, live.plan.topic),
        messages=planned,
        cost=costs.of(runtime.settings, planned, by_whatsapp),
        inside=inside,
        left_out=left_out,
        share=share,
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


def publish(
    runtime: Runtime, files: Sequence[JourneyFile], now: datetime, share: int | None = None
) -> list[Expected]:
    """Make these journeys live in one transaction, all of them or none: for everybody who comes, or for a share of them
    (in hundredths of a percent). What was done, by journey.

    Raises NurtureError where somebody would be stranded, and for a share where there is no version for the others.
    """
    try:
        done = _publish(runtime, files, now, share)
    except BaseException:
        runtime.forget_all()  # the versions that it made are gone, and others will get their ids
        raise
    faults.point("enroll.after_commit")
    return done


def _publish(
    runtime: Runtime, files: Sequence[JourneyFile], now: datetime, share: int | None
) -> list[Expected]:
    done = []
    with runtime.store.begin() as tx:
        runtime.store.in_turn(tx, _PUBLISHING)
        recompute(runtime, tx, now)
        for file in files:
            before = _live(runtime, tx, file.name)
            change, number = _change(tx, file, before, share)
            _apply(runtime, tx, file, before, change, now, share)
            done.append(Expected(file.name, change, number, share=share))
        faults.point("enroll.before_commit")
    return done


def _apply(
    runtime: Runtime,
    tx: Tx,
    file: JourneyFile,
    before: Live | None,
    change: Change,
    now: datetime,
    share: int | None,
) -> None:
    if change == "labels" and before is not None:
        same = next(way for way in before.ways if way.plan.hash == file.plan.hash)
        journeys.relabel(tx, same.version_id, file.text)
    elif change == "share" and before is not None and before.canary is not None and share is not None:
        canaries.widen(tx, before.canary.version_id, share)
    elif change == "withdrawn":
        canaries.end(tx, file.name, "rolled_back", now)
    elif change != "unchanged":
        made = _make(runtime, tx, file, before, now, share)
        if share is None:
            moving.apply(runtime, tx, made, now)
        evaluate.enter(runtime, tx, made, now)


def _change(tx: Tx, file: JourneyFile, live: Live | None, share: int | None) -> tuple[Change, int]:
    """What publishing this file is, and the number of the version that it is about."""
    if live is None:
        if share is not None:
            raise NurtureError(
                f"{file.name} was never published: there is no version for the others to enter; publish it without "
                "--canary first"
            )
        return "new", 1
    canary = live.canary
    if canary is not None and canary.plan.hash == file.plan.hash:
        now = canary.plan.newcomers.share if canary.plan.newcomers else None
        change: Change = "whole" if share is None else "share" if share != now else _labels(tx, file, canary)
        return change, canary.number
    if live.plan.hash == file.plan.hash:
        return ("withdrawn" if canary and share is None else _labels(tx, file, live)), live.number
    return ("changed" if share is None else "canary"), journeys.newest(tx, file.name) + 1


def _labels(tx: Tx, file: JourneyFile, same: Live) -> Change:
    return "unchanged" if journeys.version(tx, same.version_id)["source"] == file.text else "labels"


def _make(
    runtime: Runtime, tx: Tx, file: JourneyFile, before: Live | None, now: datetime, share: int | None
) -> Live:
    """The journey with the version of this file open to everybody who comes, or to a share of them."""
    canary = before.canary if before is not None else None
    whole = canary is not None and canary.plan.hash == file.plan.hash and share is None
    version_id = canary.version_id if canary and whole else _add(runtime, tx, file, now)
    canaries.settle(tx, file.name, now)
    canaries.end(tx, file.name, "whole" if whole else "replaced", now)
    if share is not None:
        canaries.begin(tx, version_id, file.name, share, now)
    else:
        journeys.open_to_all(tx, file.name, version_id)
    if file.plan.backfill == "none":
        journeys.start_looking(tx, file.name, now)
    return next(each for each in runtime.live(tx) if each.name == file.name)


def _add(runtime: Runtime, tx: Tx, file: JourneyFile, now: datetime) -> int:
    version: dict[str, Any] = {
        "hash": file.plan.hash,
        "source": file.text,
        "file": file.path,
        "context": file.context.to_json(),
        "published_by": environment.user(),
        "git_commit": _commit(runtime.folder),
    }
    return journeys.add(tx, file.name, version, now)


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
