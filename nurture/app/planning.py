"""`nurture plan`: what changes when the workspace is published, for whom, and what the next 30 days will bring."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from nurture.app import moving
from nurture.app.moving import Inside
from nurture.app.runtime import Live, Runtime
from nurture.app.simulating import past
from nurture.app.verdicts import Verdict
from nurture.app.workspace import JourneyFile
from nurture.compiler.difference import Change, difference
from nurture.criteria import parse_all
from nurture.problems import Problem
from nurture.store import canaries, contacts, journeys
from nurture.store.criteria import Rows
from nurture.store.engine import Tx

AHEAD = timedelta(days=30)
WARMING = timedelta(days=60)  # how long runs that began before the 30 days are looked for


@dataclass(frozen=True, slots=True)
class Month:
    """What the next 30 days bring: what the last 30 would have, had the new version been live."""

    enter: int
    messages: Mapping[str, int]
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Canary:
    """A version that so many hundredths of a percent of newcomers enter."""

    number: int
    share: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What publishing one journey changes."""

    journey: str
    change: str  # "new", "changed", "labels", "unchanged"; "whole" and "withdrawn" end a canary
    number: int  # the version it will be
    live: int | None  # the version that is live
    canary: Canary | None  # the one beside it
    changes: tuple[Change, ...]
    in_flight: str
    moves: Mapping[str, str]
    standing: Mapping[str, int]  # people inside, by the step that theirs is in the new version
    gone: Mapping[str, int]  # people inside whose step it doesn't have, by that step
    stranded: Mapping[str, int]  # people whom publishing would lose: it refuses
    next_30_days: Month | None
    failed: str | None = None  # that a version which does the same has stopped as a canary, and why


@dataclass(frozen=True, slots=True)
class Unknown:
    """A negated test that is also true for so many people of whom the field isn't known."""

    file: str
    line: int
    said: str
    people: int


def unknown(
    runtime: Runtime, files: Sequence[JourneyFile], problems: Sequence[Problem], now: datetime
) -> list[Unknown]:
    """The warnings of `nurture check` about negated tests in these journeys, with the people whom each concerns."""
    paths = {file.path for file in files}
    ours = [(each.about, each) for each in problems if each.about and each.mark and each.mark.file in paths]
    empty = parse_all({name: f"{name} is empty" for name, _ in ours})
    with runtime.store.read() as tx:
        criteria = runtime.criteria(tx, now)
        counts = {name: contacts.count(tx, criteria.where(each, Rows())) for name, each in empty.items()}
    return [
        Unknown(each.mark.file, each.mark.line, each.message, counts[name])
        for name, each in ours
        if each.mark
    ]


def plan(runtime: Runtime, files: Sequence[JourneyFile], now: datetime, *, ahead: bool = True) -> list[Plan]:
    """What publishing these journeys would do. Changes nothing; `ahead` also simulates the next 30 days."""
    with runtime.store.read() as tx:
        live = {each.name: each for each in runtime.live(tx)}
        people = {file.name: moving.inside(runtime, tx, file.plan) for file in files}
        newest = {file.name: journeys.newest(tx, file.name) for file in files}
        failed = {file.name: _failed(tx, file) for file in files}
        texts = {each.name: journeys.version(tx, each.version_id)["source"] for each in live.values()}
    behaving = [
        file for file in files if file.name not in live or live[file.name].plan.hash != file.plan.hash
    ]
    ahead_of = months(runtime, behaving, live.keys(), now) if ahead and behaving else {}
    return [
        _plan(
            file,
            live.get(file.name),
            texts.get(file.name),
            people[file.name],
            ahead_of.get(file.name),
            newest[file.name],
            failed[file.name],
        )
        for file in files
    ]


def _plan(
    file: JourneyFile,
    live: Live | None,
    text: str | None,
    people: Sequence[Inside],
    month: Month | None,
    newest: int,
    failed: str | None,
) -> Plan:
    change, number = _change(file, live, text, newest)
    differs = live is not None and live.plan.hash != file.plan.hash
    shown = live.canary if live else None
    chosen = shown.plan.newcomers if shown else None
    return Plan(
        journey=file.name,
        change=change,
        number=number,
        live=live.number if live else None,
        canary=Canary(shown.number, chosen.share) if shown and chosen else None,
        changes=difference(live.plan, file.plan) if live and differs else (),
        in_flight=file.plan.in_flight.mode,
        moves=dict(file.plan.in_flight.moves),
        standing=moving.here(people),
        gone=moving.gone(people),
        stranded=moving.stranded(file.plan, people) if differs else {},
        next_30_days=month,
        failed=failed if change == "changed" else None,
    )


def _failed(tx: Tx, file: JourneyFile) -> str | None:
    found = canaries.failed(tx, file.name, file.plan.hash)
    if found is None:
        return None
    return f"version {found['number']} did the same and stopped: {Verdict(**found['figures']).in_words()}"


def _change(file: JourneyFile, live: Live | None, text: str | None, newest: int) -> tuple[str, int]:
    """What publishing it for everybody is, and the number of the version that they enter then."""
    if live is None:
        return "new", newest + 1
    if live.canary is not None and live.canary.plan.hash == file.plan.hash:
        return "whole", live.canary.number
    if live.plan.hash != file.plan.hash:
        return "changed", newest + 1
    same = "unchanged" if text == file.text else "labels"
    return "withdrawn" if live.canary else same, live.number


def months(
    runtime: Runtime, files: Sequence[JourneyFile], live: Collection[str], now: datetime
) -> dict[str, Month]:
    """The last 30 days had these versions been live; one that is live already has runs that began before."""
    found = {}
    for started in (True, False):
        chosen = [file for file in files if (file.name in live) is started]
        if chosen:
            start = now - AHEAD - (WARMING if started else timedelta())
            for each in past.simulate(runtime, chosen, start, now, since=now - AHEAD).journeys:
                found[each.name] = Month(each.entered, dict(each.messages), each.cost)
    return found
