"""When people last did something, and who has let so much time pass since then that an inactivity trigger sees her."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias

import sqlalchemy as sa

from nurture.store.direct import Direct
from nurture.store.engine import Tx
from nurture.store.tables import activity
from nurture.store.types import from_micros, to_micros
from nurture.triggers import InactivityTrigger

LEAST_EVENTS = 3  # two intervals: fewer have no mean
Column = sa.ColumnElement[Any]
Line: TypeAlias = Callable[[Column], list[sa.ColumnElement[bool]]]


def latest(names: Sequence[str]) -> Any:
    """When each person last did any of these, and first, and how often."""
    columns = {
        "times": activity.c.times,
        "first_at": activity.c.first_at,
        "last_at": activity.c.last_at,
        "updated_at": activity.c.updated_at,
    }
    if len(names) == 1:
        chosen = sa.select(activity.c.contact_id, *columns.values())
        return chosen.where(activity.c.name == names[0]).subquery("latest")
    together: dict[str, Any] = {"times": sa.func.sum, "first_at": sa.func.min}
    every = [together.get(name, sa.func.max)(column).label(name) for name, column in columns.items()]
    chosen = sa.select(activity.c.contact_id, *every).where(activity.c.name.in_(names))
    return chosen.group_by(activity.c.contact_id).subquery("latest")


def line(found: Any, trigger: InactivityTrigger, *, of_few: bool) -> Line:
    """Who of those `found` by `latest` is beyond the line of the trigger: by a span who has done nothing since an
    instant, else who at an instant has done nothing for so many times her own mean interval."""
    if trigger.intervals:
        return _beyond_own(found, trigger.intervals)
    last_at = _instant(found, "last_at")
    if of_few:  # as a sum, so that no index over everybody beyond the line, who may be most, is taken for it
        return lambda at: [last_at - at <= 0]
    return lambda at: [last_at <= at]


def _beyond_own(found: Any, times: int) -> Line:
    """The mean interval is the time from the first event to the last, shared among those between."""
    first_at, last_at = _instant(found, "first_at"), _instant(found, "last_at")
    own = [found.c.times >= LEAST_EVENTS, last_at > first_at]
    return lambda at: [*own, (at - last_at) * (found.c.times - 1) >= (last_at - first_at) * times]


def crossed(found: Any, trigger: InactivityTrigger) -> Column:
    """When each person crossed the line."""
    first_at, last_at = _instant(found, "first_at"), _instant(found, "last_at")
    if not trigger.intervals:
        return last_at + sa.literal(_micros(trigger), sa.BigInteger)
    whole = (last_at - first_at) * trigger.intervals
    # the remainder is taken off first: `/` is a division without one on SQLite, PostgreSQL and SQLAlchemy alike
    return last_at + sa.cast((whole - whole % (found.c.times - 1)) / (found.c.times - 1), sa.BigInteger)


def next_crossing(tx: Tx, trigger: InactivityTrigger, now: datetime) -> datetime | None:
    """When the next person will have been inactive for as long as the trigger says, if nothing happens meanwhile."""
    found: int | None = _next_crossing(trigger).one(tx, now=to_micros(now))
    if found is None:
        return None
    return from_micros(found) + (timedelta() if trigger.intervals else trigger.span.elapsed())


@lru_cache
def _next_crossing(trigger: InactivityTrigger) -> Direct:
    """The first crossing after `now`; by a span the first last event of those, which an index knows."""
    found, now = latest(trigger.events), sa.bindparam("now", type_=sa.BigInteger)
    first_at, last_at = _instant(found, "first_at"), _instant(found, "last_at")
    if not trigger.intervals:
        return Direct(sa.select(sa.func.min(last_at)).where(last_at > now - _micros(trigger)))
    intervals = found.c.times - 1
    # up to the whole microsecond at which it is so long
    up = (last_at - first_at) * trigger.intervals + intervals - 1
    at = last_at + sa.cast((up - up % intervals) / intervals, sa.BigInteger)
    own = found.c.times >= LEAST_EVENTS, last_at > first_at
    return Direct(sa.select(sa.func.min(at)).where(*own, at > now))


def _instant(found: Any, name: str) -> Column:
    return sa.type_coerce(found.c[name], sa.BigInteger)


def _micros(trigger: InactivityTrigger) -> int:
    return trigger.span.elapsed() // timedelta(microseconds=1)
