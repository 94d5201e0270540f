"""Entering journeys: one statement over everybody, not a loop.

The natural key (journey, contact, key, anchor) makes each of these harmless to repeat. A journey that
a person enters once in her life has the anchor "", so that the key alone refuses a second run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from nurture import clock, digests
from nurture.compiler.plan import Plan
from nurture.criteria import Condition
from nurture.model import LeapDay
from nurture.store import bulk, inactivity
from nurture.store import enrollments as enrollment_store
from nurture.store.criteria import Criteria, Rows
from nurture.store.direct import Direct
from nurture.store.engine import Tx
from nurture.store.tables import contacts, enrollments, events
from nurture.store.types import to_micros

GLOBAL_SALT = "nurture.global_holdout"
Column = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a trigger's own select says of each person who enters."""

    anchor: Column
    entered_at: Column
    key: Column
    event_id: Column
    item: Column | None = None
    backfilled: bool = False  # it began before the journey did


def held_out(salt: str, share: int) -> Column:
    """Whether the contact falls into the first `share` hundredths of a percent of `salt`'s permutation:
    the same arithmetic as `digests.bucket`."""
    a, b = digests.multipliers(salt)
    # digests.PRIME is 2**31 - 1, so the product stays below 2**62
    return (contacts.c.hash31 * a + b) % digests.PRIME % digests.WHOLE < share


def _execute(tx: Tx, plan: Plan, now: datetime, insert: Direct, values: Mapping[str, Any]) -> int:
    """Let people in; how many. Where the trigger restarts, what they were in ends."""
    if plan.on_repeat != "restart":
        return max(insert.run(tx, **values), 0)
    begun = insert.column(tx, **values)
    enrollment_store.restart(tx, begun, now)
    return len(begun)


def _entering(
    tx: Tx,
    plan: Plan,
    version_id: int,
    entry: _Entry,
    source: sa.FromClause,
    where: Sequence[sa.ColumnElement[bool]],
    now: Column,
    global_holdout: int,
) -> Any:
    """The insert of the enrollments of everybody whom `source` and `where` leave."""
    control = sa.or_(held_out(plan.journey, plan.holdout), held_out(GLOBAL_SALT, global_holdout))
    columns: dict[str, Column] = {
        "journey": sa.literal(plan.journey),
        "version_id": sa.literal(version_id, sa.BigInteger),
        "contact_id": contacts.c.id,
        "key": entry.key,
        "anchor": sa.literal("") if once(plan) else entry.anchor,
        "trigger_event_id": entry.event_id,
        "entered_at": entry.entered_at,
        "enrolled_at": now,
        "status": sa.case((control, sa.literal("held_out")), else_=sa.literal("active")),
        "step": sa.literal(plan.first, sa.Text),
        "arrived_at": entry.entered_at,
        "due_at": sa.case((control, sa.null()), else_=now),
    }
    if entry.item is not None:
        columns["item"] = entry.item
    if plan.trigger_name is not None:
        columns["trigger_name"] = sa.literal(plan.trigger_name)
    if entry.backfilled:
        columns["backfilled"] = sa.true()
    select = sa.select(*(column.label(name) for name, column in columns.items())).select_from(source)
    select = select.where(
        contacts.c.erased_at.is_(None),
        *where,
        *_may_enter(plan, entry, control if plan.holdout or global_holdout else None),
        *_newcomers(plan),
    )
    maker: Any = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    insert = maker(enrollments).from_select(list(columns), select).on_conflict_do_nothing()
    return insert if plan.on_repeat != "restart" else insert.returning(enrollments.c.id)


def _newcomers(plan: Plan) -> list[sa.ColumnElement[bool]]:
    """Whose it is to enter this version, where another one is live beside it."""
    if plan.newcomers is None:
        return []
    chosen = held_out(plan.newcomers.salt, plan.newcomers.share)
    return [~chosen if plan.newcomers.others else chosen]


def _variant(plan: Plan) -> tuple[Any, ...]:
    """What makes another statement of the same version."""
    return plan.hash, plan.trigger_name, plan.holdout, plan.newcomers


def once(plan: Plan) -> bool:
    """Whether there is one run in a lifetime, so that the natural key alone refuses a second."""
    return plan.reentry is None and plan.on_repeat == "ignore"


def _may_enter(
    plan: Plan, entry: _Entry, control: sa.ColumnElement[bool] | None
) -> list[sa.ColumnElement[bool]]:
    """While a run of the person and key is going, `on_repeat` speaks; when none is, `reentry`, which counts from
    start to start, however late they came in. A run of the control group does no step: it goes on for as long as a
    treated one may, so that both begin alike."""
    if once(plan):
        return []
    before = sa.select(sa.literal(1)).where(
        enrollments.c.journey == plan.journey,
        enrollments.c.contact_id == contacts.c.id,
        enrollments.c.key == entry.key,
    )
    going = before.where(enrollments.c.status == "active").exists()
    held = before.where(enrollments.c.status == "held_out")
    allowed = [~_too_soon(plan, entry, before)]
    if plan.on_repeat != "ignore":
        # where a repeat restarts or begins another one, it does so at each start: whether it goes still or not
        allowed = [sa.or_(going, held.exists(), *allowed)]
    else:
        allowed.append(~going)
        if control is not None and plan.may_last:
            lasts = sa.literal(plan.may_last // timedelta(microseconds=1), sa.BigInteger)
            goes_on = sa.type_coerce(enrollments.c.entered_at, sa.BigInteger) + lasts > entry.entered_at
            allowed.append(~sa.and_(control, held.where(goes_on).exists()))
    if plan.reentry is not None and plan.reentry.at_most is not None:
        runs = sa.select(sa.func.count()).where(*before._where_criteria).scalar_subquery()
        allowed.append(runs < plan.reentry.at_most)
    return allowed


def _too_soon(plan: Plan, entry: _Entry, before: sa.Select[Any]) -> sa.ColumnElement[bool]:
    """Whether `reentry` refuses somebody for the runs that she has had."""
    if plan.reentry is None:
        return before.exists()
    if plan.reentry.after is None:
        return sa.false()
    span = sa.literal(plan.reentry.after.elapsed() // timedelta(microseconds=1), sa.BigInteger)
    # a sum, so that no planner looks through everybody's recent runs instead of this person's few
    recent = sa.type_coerce(enrollments.c.entered_at, sa.BigInteger) + span > entry.entered_at
    return before.where(recent).exists()


def _meant(criteria: Criteria, condition: Condition | None) -> list[sa.ColumnElement[bool]]:
    """What the trigger's `where` asks of the person, if it has one."""
    return [] if condition is None else [criteria.where(condition.tree, Rows(contact=contacts))]


@contextmanager
def _over_everybody(tx: Tx) -> Iterator[None]:
    """Keep PostgreSQL from looping over enrollments for each contact: on a table that was empty when
    it was analysed it would, and scan the rows that this very statement writes."""
    if tx.dialect.name == "sqlite":
        yield
        return
    tx.execute(sa.text("SET LOCAL enable_nestloop = off"))
    yield
    tx.execute(sa.text("SET LOCAL enable_nestloop = on"))


def by_event(
    tx: Tx,
    criteria: Criteria,
    plan: Plan,
    version_id: int,
    event_ids: Collection[int],
    global_holdout: int,
) -> int:
    """Enroll the people of these events, where the trigger's `where` and `max_age` let them."""
    if not event_ids:
        return 0
    statement, _, moments = criteria.prepared(
        ("by_event", version_id, *_variant(plan), global_holdout),
        lambda: (_by_event(tx, criteria, plan, version_id, global_holdout), None),
    )
    return _execute(tx, plan, criteria.now, statement, {**moments, "ids": event_ids})


def _by_event(tx: Tx, criteria: Criteria, plan: Plan, version_id: int, global_holdout: int) -> Any:
    entry, source, where = _of_events(criteria, plan)
    where.append(bulk.given(events.c.id))
    return _entering(tx, plan, version_id, entry, source, where, criteria.moment(), global_holdout)


def by_history(tx: Tx, criteria: Criteria, plan: Plan, version_id: int, global_holdout: int) -> int:
    """Enroll whoever had such an event before the journey began, as of the latest one (of each key)."""
    entry, source, where = _of_events(criteria, plan)
    entry = replace(entry, backfilled=True)
    latest = sa.func.row_number().over(
        partition_by=(events.c.contact_id, entry.key),
        order_by=(events.c.occurred_at.desc(), events.c.id.desc()),
    )
    happened = sa.type_coerce(events.c.occurred_at, sa.BigInteger) <= criteria.moment()
    ranked = sa.select(events.c.id, entry.key.label("key"), latest.label("place")).select_from(source)
    chosen = ranked.where(*where, events.c.processed_at.is_not(None), happened).subquery("ranked")
    newest = sa.select(chosen.c.id, chosen.c.key).where(chosen.c.place == 1)
    where.append(sa.tuple_(events.c.id, entry.key).in_(newest))
    insert = _entering(tx, plan, version_id, entry, source, where, criteria.moment(), global_holdout)
    values = criteria.moments_of(insert)
    with _over_everybody(tx):
        return _execute(tx, plan, criteria.now, Direct(insert), values)


def _of_events(criteria: Criteria, plan: Plan) -> tuple[_Entry, sa.FromClause, list[sa.ColumnElement[bool]]]:
    """Who enters by events of the trigger: how, from where, and which of them."""
    trigger: Any = plan.trigger
    occurred = sa.type_coerce(events.c.occurred_at, sa.BigInteger)
    source: sa.FromClause = events.join(contacts, contacts.c.id == events.c.contact_id)
    item: Column | None = None
    key: Column = sa.literal("")
    if trigger.items is not None:
        each = criteria.each_item(events, trigger.items, trigger.key)
        source, item, key = source.join(each.source, sa.true()), each.item, each.key
    elif trigger.key is not None:
        key = criteria.event_key(events, trigger.key)
    anchor = events.c.source + "/" + events.c.source_id
    where = [events.c.name == trigger.name, *criteria.genuine(events, trigger.name, trigger.where)]
    if trigger.max_age is not None:
        where.append(occurred >= criteria.moment(trigger.max_age.elapsed()))
    if trigger.where is not None:
        rows = Rows(contacts, event=events, trigger=events, event_name=trigger.name)
        where.append(criteria.where(trigger.where.tree, rows))
    if trigger.key is not None:
        where.append(key.is_not(None))
    return _Entry(anchor, occurred, key, events.c.id, item), source, where


def inactive(
    tx: Tx,
    criteria: Criteria,
    plan: Plan,
    version_id: int,
    since: datetime | None,
    global_holdout: int,
    changed_since: datetime | None = None,
) -> int:
    """Enroll who crossed the line since the tick at `since`, with people whose history has changed since
    `changed_since` (as long if it is None); `since` None: everybody beyond the line."""
    trigger: Any = plan.trigger

    def enter(window: str, start: datetime | None = None) -> int:
        statement, _, values = criteria.prepared(
            ("inactive", window, version_id, *_variant(plan), global_holdout),
            lambda: (_inactive(tx, criteria, plan, version_id, window, global_holdout), None),
        )
        since = {"window_start": to_micros(start)} if start else {}
        return _execute(tx, plan, criteria.now, statement, {**values, **since})

    if since is None:
        with _over_everybody(tx):
            return enter("everybody")
    # what was processed in the same instant may have come after
    crossed = since if trigger.intervals else since - trigger.span.elapsed()
    return enter("crossed", crossed) + enter("changed", changed_since or since)


def _inactive(
    tx: Tx, criteria: Criteria, plan: Plan, version_id: int, window: str, global_holdout: int
) -> Any:
    trigger: Any = plan.trigger
    latest = inactivity.latest(trigger.events)
    last_at, updated_at = (
        sa.type_coerce(column, sa.BigInteger) for column in (latest.c.last_at, latest.c.updated_at)
    )
    elapsed = window == "everybody" and plan.backfill == "at_elapsed_step"
    entry = _Entry(
        anchor=sa.cast(last_at, sa.Text),
        entered_at=inactivity.crossed(latest, trigger) if elapsed else criteria.moment(),
        key=sa.literal(""),
        event_id=sa.cast(sa.null(), sa.BigInteger),
        backfilled=elapsed,
    )
    start = sa.bindparam("window_start", type_=sa.BigInteger)
    beyond = inactivity.line(latest, trigger, of_few=window == "changed")
    where = beyond(criteria.moment(trigger.span.elapsed() if not trigger.intervals else timedelta()))
    where += _meant(criteria, trigger.where)
    match window:
        case "crossed":
            where.append(~sa.and_(*beyond(start)))
        case "changed":
            where.append(updated_at >= start)
    source = latest.join(contacts, contacts.c.id == latest.c.contact_id)
    return _entering(tx, plan, version_id, entry, source, where, criteria.moment(), global_holdout)


def zones(tx: Tx) -> list[str]:
    """The zones that people live in."""
    return _ZONES.column(tx)


def _leaping() -> Direct:
    """Each zone's successor is looked up in the index, however many people live in it."""
    first = sa.select(sa.func.min(contacts.c.zone).label("zone")).cte("zones", recursive=True)
    after = sa.select(sa.func.min(contacts.c.zone)).where(contacts.c.zone > first.c.zone).scalar_subquery()
    found = first.union_all(sa.select(after).where(first.c.zone.is_not(None)))
    return Direct(sa.select(found.c.zone).where(found.c.zone.is_not(None)).order_by(found.c.zone))


_ZONES = _leaping()


def on_date(
    tx: Tx,
    criteria: Criteria,
    plan: Plan,
    version_id: int,
    zone: str,
    day: date,
    at: datetime,
    global_holdout: int,
    leap_day: LeapDay,
) -> int:
    """Enroll the people of `zone` whose date calls for a run that starts at `at`, on their `day`.

    `day` is the date looked for: the day of the run less the trigger's offset.
    """
    statement, _, moments = criteria.prepared(
        ("on_date", version_id, *_variant(plan), global_holdout),
        lambda: (_on_date(tx, criteria, plan, version_id, global_holdout), None),
    )
    trigger: Any = plan.trigger
    days = list(clock.kept_on(day, leap_day)) if trigger.yearly else [day.isoformat()]
    values = {"zone": zone, "day": day.isoformat(), "at": to_micros(at), "days": days}
    return _execute(tx, plan, criteria.now, statement, {**moments, **values})


def _on_date(tx: Tx, criteria: Criteria, plan: Plan, version_id: int, global_holdout: int) -> Any:
    trigger: Any = plan.trigger
    value = criteria.field(trigger.field)
    entry = _Entry(
        anchor=sa.bindparam("day", type_=sa.Text),
        entered_at=sa.bindparam("at", type_=sa.BigInteger),
        key=sa.literal(""),
        event_id=sa.cast(sa.null(), sa.BigInteger),
    )
    first, count = (6, 5) if trigger.yearly else (1, 10)
    stands = sa.func.substr(value, first, count, type_=sa.Text)
    where: list[sa.ColumnElement[bool]] = [
        contacts.c.zone == sa.bindparam("zone"),
        bulk.given(stands, "days"),
    ]
    where += _meant(criteria, trigger.where)
    return _entering(tx, plan, version_id, entry, contacts, where, criteria.moment(), global_holdout)


def on_schedule(
    tx: Tx,
    criteria: Criteria,
    plan: Plan,
    version_id: int,
    at: datetime,
    global_holdout: int,
) -> int:
    """Enroll everybody who matches now, for the occurrence `at`."""
    statement, _, moments = criteria.prepared(
        ("on_schedule", version_id, *_variant(plan), global_holdout),
        lambda: (_on_schedule(tx, criteria, plan, version_id, global_holdout), None),
    )
    values = {"occurrence": at.isoformat(), "at": to_micros(at)}
    with _over_everybody(tx):
        return _execute(tx, plan, criteria.now, statement, {**moments, **values})


def _on_schedule(tx: Tx, criteria: Criteria, plan: Plan, version_id: int, global_holdout: int) -> Any:
    entry = _Entry(
        anchor=sa.bindparam("occurrence", type_=sa.Text),
        entered_at=sa.bindparam("at", type_=sa.BigInteger),
        key=sa.literal(""),
        event_id=sa.cast(sa.null(), sa.BigInteger),
    )
    where = _meant(criteria, plan.trigger.where)
    return _entering(tx, plan, version_id, entry, contacts, where, criteria.moment(), global_holdout)


def by_hand(
    tx: Tx,
    criteria: Criteria,
    plan: Plan,
    version_id: int,
    contact_ids: Collection[int],
    anchor: str,
    now: datetime,
    global_holdout: int,
    event_id: int | None = None,
) -> int:
    """Enroll these people because somebody said so, or another journey did by an event; `anchor` names the
    occasion."""
    entry = _Entry(
        anchor=sa.literal(anchor),
        entered_at=sa.literal(to_micros(now), sa.BigInteger),
        key=sa.literal(""),
        event_id=sa.cast(sa.literal(event_id, sa.BigInteger), sa.BigInteger),
    )
    where = [bulk.in_ids(tx, contacts.c.id, contact_ids), *_meant(criteria, plan.trigger.where)]
    at = sa.literal(to_micros(now), sa.BigInteger)
    insert = _entering(tx, plan, version_id, entry, contacts, where, at, global_holdout)
    return _execute(tx, plan, now, Direct(insert), {})
