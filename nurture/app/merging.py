"""Two people who are one: what is one's becomes the other's, in one transaction.

As far as that can be had, she is then as if she had always been one: facts are counted again from the events and
orders of both. Of what they said to a topic the more restrictive word wins. Of two runs of a journey and key the older
goes on.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture import digests, faults
from nurture.app import changes, erasing, hearing, opt_outs, people, segments
from nurture.app.changes import OURS, Occasion
from nurture.app.runtime import Runtime
from nurture.model import ADDRESS, CLOSED_BY, Channel, Json, Origin
from nurture.problems import NurtureError
from nurture.store import contacts, duplicates, enrollments, events, moving
from nurture.store import merging as store
from nurture.store.engine import Tx
from nurture.store.enrolling import GLOBAL_SALT

Row = Mapping[str, Any]
REASON = "merged"
# how often somebody who is at work on one of them is waited for, and seconds in between
TRIES, PAUSE = 100, 0.1


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two, as she stands before."""

    ref: str
    name: str
    seen_at: datetime
    sums: store.Sums
    inside: tuple[str, ...]  # journeys in which she is
    yes: tuple[str, ...]  # topics and channels to which she last said yes


@dataclass(frozen=True, slots=True)
class Ending:
    """A run that ends: the other one is older, or she falls into the control group."""

    run: int
    journey: str
    key: str
    ref: str  # whose it is
    why: str  # `older` or `control_group`


@dataclass(frozen=True, slots=True)
class Merge:
    """What merging two people does."""

    kept: Side
    other: Side
    filled: tuple[str, ...]  # fields that the one who is kept takes from the other
    endings: tuple[Ending, ...]
    withdrawn: tuple[tuple[str, Channel], ...]  # one said yes, the other no: no
    gained: tuple[tuple[str, Channel], ...]  # the other alone said yes: that holds


def rehearse(runtime: Runtime, kept: str, other: str, now: datetime) -> Merge:
    """What `merge` would do. Raises NurtureError as it does."""
    with runtime.store.read() as tx:
        return _look(runtime, tx, *_named(runtime, tx, kept, other))


def merge(runtime: Runtime, kept: str, other: str, by: str, now: datetime) -> Merge:
    """Make `other` part of `kept`, each named by ref, e-mail address or phone number; what that did. `by` is who says
    that they are one, as an `Origin` has it.

    Raises NurtureError where one isn't known or was erased, where both are one already, and where somebody is at work
    on one of them for so long that it makes no sense to wait.
    """
    for _ in range(TRIES):
        if done := _merged(runtime, kept, other, by, now):
            faults.point("merge.after_commit")
            return done
        time.sleep(PAUSE)
    raise NurtureError(f"nothing was merged: a job is at work on {kept} or {other}; try again in a while")


def _merged(runtime: Runtime, kept: str, other: str, by: str, now: datetime) -> Merge | None:
    """What merging them did; None: somebody is at work on one of them."""
    with runtime.store.begin() as tx:
        erasing.alone(runtime, tx)
        found = _named(runtime, tx, kept, other)
        if not store.hold(tx, [row["id"] for row in found]) or found != _named(runtime, tx, kept, other):
            return None
        done = _look(runtime, tx, *found)
        _merge(runtime, tx, done, *found, by, now)
        faults.point("merge.before_commit")
        return done


def _named(runtime: Runtime, tx: Tx, *named: str) -> tuple[Row, Row]:
    kept, other = (erasing.find(runtime, tx, name) for name in named)
    if kept["id"] == other["id"]:
        raise NurtureError(f"{named[0]} and {named[1]} are one person already: {kept['ref']}")
    return kept, other


# --- what it does, before it is done ------------------------------------------------------------


def _look(runtime: Runtime, tx: Tx, kept: Row, other: Row) -> Merge:
    words = {row["id"]: store.words(tx, row["id"]) for row in (kept, other)}
    runs = store.standing(tx, [kept["id"], other["id"]])
    withdrawn = _withdrawn(kept, other, words)
    hers, others = words[kept["id"]], words[other["id"]]
    gained = [
        place for place, given in others.items() if given and place not in hers and place not in withdrawn
    ]
    return Merge(
        kept=_side(tx, kept, hers, runs),
        other=_side(tx, other, others, runs),
        filled=tuple(_filled(runtime, kept, other)),
        endings=tuple(_endings(runtime, tx, kept, other, runs)),
        withdrawn=tuple((topic, Channel(channel)) for topic, channel in sorted(withdrawn)),
        gained=tuple((topic, Channel(channel)) for topic, channel in sorted(gained)),
    )


def _side(tx: Tx, row: Row, words: Mapping[tuple[str, str], bool], runs: Sequence[store.Standing]) -> Side:
    return Side(
        ref=row["ref"],
        name=contacts.full_name(row),
        seen_at=row["created_at"],
        sums=store.sums(tx, row["id"]),
        inside=tuple(sorted({run.journey for run in runs if run.contact_id == row["id"]})),
        yes=tuple(f"{topic} by {channel}" for (topic, channel), given in sorted(words.items()) if given),
    )


def _withdrawn(
    kept: Row, other: Row, words: Mapping[int, Mapping[tuple[str, str], bool]]
) -> set[tuple[str, str]]:
    """The topics and channels to which one of them said yes and the other no: in so many words, or by what she told
    from an address at which nobody will write to her any more."""
    said = [words[row["id"]] for row in (kept, other)]
    yes = {place for each in said for place, given in each.items() if given}
    no = {place for each in said for place, given in each.items() if not given}
    closed = {channel.value for channel in Channel if _left(kept, other, channel)}
    return {place for place in yes if place in no or place[1] in closed}


def _left(kept: Row, other: Row, channel: Channel) -> bool:
    """Whether the other said herself, from another address, that she wants nothing more by this channel."""
    if channel not in CLOSED_BY:
        return False
    address = f"{ADDRESS[channel]}_digest"
    elsewhere = kept[address] is not None and kept[address] != other[address]
    return elsewhere and other[f"{CLOSED_BY[channel]}_suppressed"] in opt_outs.HER_WORD


def _filled(runtime: Runtime, kept: Row, other: Row) -> dict[str, Json]:
    """The fields of the other that the one who is kept lacks."""
    found: dict[str, Json] = {
        name: other[name]
        for name in sorted(people.COLUMNS - {"zone"})
        if _is_empty(kept[name]) and not _is_empty(other[name])
    }
    if kept["zone_source"] != "given" and other["zone_source"] == "given":
        found["zone"] = other["zone"]
    own = {name: value for name, value in other["fields"].items() if name not in runtime.computed}
    return found | {
        name: value
        for name, value in sorted(own.items())
        if _is_empty(kept["fields"].get(name)) and not _is_empty(value)
    }


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _endings(
    runtime: Runtime, tx: Tx, kept: Row, other: Row, runs: Sequence[store.Standing]
) -> Iterator[Ending]:
    """Runs that end. In which arm of a journey she is, her own hash says."""
    refs = {row["id"]: row["ref"] for row in (kept, other)}
    going = []
    for run in runs:
        if run.contact_id == other["id"] and _in_control(runtime, tx, run, kept["hash31"]):
            yield Ending(run.id, run.journey, run.key, refs[run.contact_id], "control_group")
        else:
            going.append(run)
    for run in _younger(runtime, tx, going):
        yield Ending(run.id, run.journey, run.key, refs[run.contact_id], "older")


def _in_control(runtime: Runtime, tx: Tx, run: store.Standing, hashed: int) -> bool:
    shares = (
        (run.journey, runtime.plan(tx, run.version_id).holdout),
        (GLOBAL_SALT, runtime.settings.global_holdout),
    )
    return any(share and digests.bucket(salt, hashed) < share for salt, share in shares)


def _younger(runtime: Runtime, tx: Tx, runs: Sequence[store.Standing]) -> Iterator[store.Standing]:
    """Of runs that go on, the oldest first, those for which there is no room beside an older one of the other's."""
    first: dict[tuple[str, str], store.Standing] = {}
    for run in runs:
        older = first.setdefault((run.journey, run.key), run)
        if older.contact_id != run.contact_id and runtime.plan(tx, run.version_id).on_repeat != "parallel":
            yield run


# --- doing it -----------------------------------------------------------------------------------


def _merge(runtime: Runtime, tx: Tx, done: Merge, kept: Row, other: Row, by: str, now: datetime) -> None:
    heard, to = hearing.heard_of_changes(runtime, tx), kept["id"]
    occasion = Occasion(f"merge:{other['ref']}", now, silent=True)
    _fill(runtime, tx, kept, other, heard, now)
    filled = contacts.rows(tx, [to])[to]
    moving.end(tx, store.these(tx, [each.run for each in done.endings]), REASON, now)
    store.move(tx, filled, other, now)
    store.take_words(tx, to, other["id"])
    _withdraw(tx, to, done.withdrawn, by, occasion, heard, now)
    contacts.refresh_order_facts(tx, [to])
    _seen(tx, kept, other)
    store.bury(tx, to, other["id"], now)
    enrollments.wake(tx, [run.id for run in store.standing(tx, [to])], now)
    segments.look_at(runtime, tx, {to: occasion}, now)


def _fill(runtime: Runtime, tx: Tx, kept: Row, other: Row, heard: Iterable[str], now: datetime) -> None:
    """Take what is empty from the other. What was said of a field holds from when it was said of her."""
    traits = _filled(runtime, kept, other)
    if not traits:
        return
    row = {"contact_id": kept["id"], "traits": traits, "occurred_at": now, "silent": True}
    row |= {"source": OURS, "source_id": f"merge:{other['ref']}"}
    people.set_traits(runtime, tx, [row], frozenset(heard), now)
    told = {name: at for name, at in other["told"].items() if name in traits}
    contacts.change(tx, [{"id": kept["id"], "told": {**kept["told"], **told}}])


def _withdraw(
    tx: Tx,
    contact_id: int,
    places: Sequence[tuple[str, Channel]],
    by: str,
    occasion: Occasion,
    heard: Iterable[str],
    now: datetime,
) -> None:
    """A record of our own for each no that wins over a yes; what it forbids and hasn't left is cancelled."""
    said = [
        (
            changes.consent_record(contact_id, topic, channel.value, False, "merge", Origin(by), now),
            Occasion(f"consent:{occasion.source_id}:{number}", now),
        )
        for number, (topic, channel) in enumerate(places)
    ]
    changes.record_consents(tx, said, frozenset(heard), now)


def _seen(tx: Tx, kept: Row, other: Row) -> None:
    """She was first seen when the first of them was, and last clicked when the last of them did."""
    moved = contacts.seen_by(tx, {kept["id"]: other["created_at"]})
    events.happened_at(tx, OURS, {f"created:{ref}": at for ref, at in moved.items()})
    if other["last_click_at"] is not None:
        contacts.note_clicks(tx, {kept["id"]: other["last_click_at"]})


# --- who may be one -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """Two contacts who are probably one person: `same` says what both have, `phone` or `email`."""

    kept: str  # who was seen first
    other: str
    names: tuple[str, str]
    same: str


def likely(runtime: Runtime) -> list[Pair]:
    """Pairs of contacts who share a phone number or a mailbox; that may be a family, so nobody is merged by it."""
    with runtime.store.read() as tx:
        found = list(duplicates.pairs(tx))
        names = contacts.names(tx, {ref for kept, other, _ in found for ref in (kept, other)})
    return [Pair(kept, other, (names[kept], names[other]), same) for kept, other, same in found]
