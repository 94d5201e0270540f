"""What changes on people is itself an event: history at once, unless somebody listens; then it goes through the
inbox like any other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.model import PERSONAL, Basis, Origin
from nurture.store import consents, contacts, enrollments, events, messages, scores
from nurture.store.engine import Tx

OURS = "nurture"  # the source of what the product itself tells

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Occasion:
    """On what occasion somebody changed: the start of the events' ids, when, and whether it starts journeys."""

    source_id: str
    at: datetime
    silent: bool = False


def own_event(
    name: str,
    contact_id: int,
    ref: str,
    occasion: Occasion,
    payload: Row,
    heard: Collection[str],
    now: datetime,
) -> Row:
    """An event of our own making. `heard` are the names that somebody listens to."""
    waits = name in heard
    return {
        "name": name,
        "contact_id": None if waits else contact_id,
        "person": {"ref": ref, "email": None, "phone": None, "message": None} if waits else None,
        "occurred_at": occasion.at,
        "received_at": now,
        "processed_at": None if waits else now,
        "source": OURS,
        "source_id": occasion.source_id,
        "payload": payload,
        "silent": occasion.silent,
    }


@dataclass(frozen=True, slots=True)
class TagChange:
    contact_id: int
    tag: str
    add: bool
    occasion: Occasion


def set_tags(tx: Tx, wanted: Sequence[TagChange], heard: Collection[str], now: datetime) -> None:
    """Put tags on and take them off; what was so already is no change."""
    if not wanted:
        return
    people = {change.contact_id for change in wanted}
    before, refs = contacts.tagged(tx, people), contacts.refs(tx, people)
    after, told = set(before), []
    for change in wanted:
        pair = (change.contact_id, change.tag)
        if (pair in after) == change.add:
            continue
        (after.add if change.add else after.remove)(pair)
        name = "tag_added" if change.add else "tag_removed"
        payload, ref = {"tag": change.tag}, refs[change.contact_id]
        told.append(own_event(name, change.contact_id, ref, change.occasion, payload, heard, now))
    contacts.tag(tx, sorted(after - before))
    contacts.untag(tx, sorted(before - after))
    events.append(tx, told)


@dataclass(frozen=True, slots=True)
class StageChange:
    contact_id: int
    stage: str
    occasion: Occasion


def set_stages(tx: Tx, wanted: Sequence[StageChange], heard: Collection[str], now: datetime) -> None:
    """Move people to stages, one after the other; who stands there already doesn't move."""
    if not wanted:
        return
    before = contacts.rows(tx, {change.contact_id for change in wanted})
    stands = {contact_id: row["stage"] for contact_id, row in before.items()}
    told = []
    for change in wanted:
        old = stands[change.contact_id]
        if change.stage == old:
            continue
        stands[change.contact_id] = change.stage
        row = before[change.contact_id]
        told.append(moved(change.contact_id, row["ref"], old, change.stage, change.occasion, heard, now))
    moves = [
        (contact_id, stage) for contact_id, stage in stands.items() if stage != before[contact_id]["stage"]
    ]
    contacts.change(
        tx, [{"id": contact_id, "stage": stage, "updated_at": now} for contact_id, stage in moves]
    )
    events.append(tx, told)


def moved(
    contact_id: int,
    ref: str,
    old: str | None,
    new: str,
    occasion: Occasion,
    heard: Collection[str],
    now: datetime,
) -> Row:
    """The event of coming to another stage."""
    payload = {"stage": new, "before": old}
    return own_event("stage_changed", contact_id, ref, occasion, payload, heard, now)


@dataclass(frozen=True, slots=True)
class Points:
    """Points to add to a score of somebody, or to take away."""

    contact_id: int
    score: str
    points: int
    occasion: Occasion


def add_points(tx: Tx, wanted: Sequence[Points], heard: Collection[str], now: datetime) -> None:
    """Add points to scores; going up is an event, which knows the points before and after."""
    if not wanted:
        return
    people = {change.contact_id for change in wanted}
    refs = contacts.refs(tx, people)
    points = scores.locked(tx, people)
    told = []
    for change in wanted:
        place = (change.contact_id, change.score)
        before = points.get(place, 0)
        points[place] = before + change.points
        if change.points > 0:
            payload = {"score": change.score, "value": points[place], "before": before}
            ref = refs[change.contact_id]
            told.append(
                own_event("score_reached", change.contact_id, ref, change.occasion, payload, heard, now)
            )
    scores.put(
        tx, {(each.contact_id, each.score): points[each.contact_id, each.score] for each in wanted}, now
    )
    events.append(tx, told)


def consent_record(
    contact_id: int, topic: str, channel: str | None, given: bool, how: str, origin: Origin, now: datetime
) -> Row:
    """What somebody said yes or no to, as no event brought it: by what she did at `now`, or by what a journey says."""
    return {
        "contact_id": contact_id,
        "topic": topic,
        "channel": channel,
        "given": given,
        "basis": Basis.CONSENT.value,
        "text_version": "",
        "how": how,
        "event_id": None,
        "recorded_by": origin.by,
        "ip": origin.ip,
        "message_id": origin.message_id,
        "occurred_at": now,
        "recorded_at": now,
    }


def record_consents(
    tx: Tx, said: Sequence[tuple[Row, Occasion]], heard: Collection[str], now: datetime
) -> None:
    """Append what people said yes or no to. A no takes back what has not left in the same transaction; a yes that is
    pending is told to nobody."""
    if not said:
        return
    in_order = sorted(said, key=lambda each: each[0]["occurred_at"])
    messages.lock_contacts(tx, {record["contact_id"] for record, _ in said if not record["given"]})
    consents.record(tx, [record for record, _ in in_order])
    for record, _ in in_order:
        if not record["given"]:
            _take_back(tx, record, now)
    refs = contacts.refs(tx, {record["contact_id"] for record, _ in said})
    told = [
        _of_consent(record, occasion, refs, heard, now)
        for record, occasion in in_order
        if not record.get("pending")
    ]
    events.append(tx, told)


def _take_back(tx: Tx, record: Mapping[str, Any], now: datetime) -> None:
    """Cancel what this no forbids and hasn't left: nothing by a channel on which a later yes holds."""
    contact_id, topic = record["contact_id"], record["topic"]
    still = consents.given(tx, contact_id, topic)
    told = [record["channel"]] if record["channel"] or not still else [each.value for each in PERSONAL]
    for channel in told:
        if channel not in still:
            runs = messages.cancel_for(
                tx, [contact_id], "consent_withdrawn", now, channel=channel, topic=topic
            )
            enrollments.wake(tx, runs, now)


def _of_consent(
    record: Mapping[str, Any],
    occasion: Occasion,
    refs: Mapping[int, str],
    heard: Collection[str],
    now: datetime,
) -> Row:
    name = "consent_given" if record["given"] else "consent_withdrawn"
    payload = {"topic": record["topic"], "channel": record["channel"], "how": record["how"]}
    return own_event(name, record["contact_id"], refs[record["contact_id"]], occasion, payload, heard, now)
