"""The time as statements bind it: one that was made once serves again at another `now`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from nurture import clock
from nurture.store.criteria_json import Column
from nurture.store.types import to_micros

_NO_TIME = timedelta()
_MICROSECOND = timedelta(microseconds=1)


class Moments:
    """What statements bind of the time, by name: each is a fixed span before `now`, whenever that is."""

    def __init__(
        self, now: datetime, zone: str, known: dict[str, Callable[[datetime], Any]] | None = None
    ) -> None:
        self.now, self._zone = now, zone
        self._known = {} if known is None else known

    def at(self, now: datetime) -> Moments:
        """The same moments, seen from another `now`."""
        return Moments(now, self._zone, self._known)

    def micros(self, ago: timedelta = _NO_TIME) -> Column:
        return self._bound("micros", ago, sa.BigInteger(), lambda now: to_micros(now - ago))

    def text(self, ago: timedelta = _NO_TIME) -> Column:
        """As instants stand in JSON."""
        return self._bound("text", ago, sa.Text(), lambda now: written(now - ago))

    def day(self, ago: timedelta = _NO_TIME) -> Column:
        """The calendar day so many days before today."""
        return self._bound(
            "day", ago, sa.Text(), lambda now: (clock.local(now, self._zone).date() - ago).isoformat()
        )

    def values(self, names: Iterable[str]) -> dict[str, Any]:
        """What to execute a statement with that binds these."""
        return {name: self._known[name](self.now) for name in names}

    def _bound(self, form: str, ago: timedelta, kind: Any, of: Callable[[datetime], Any]) -> Column:
        name = f"now_{form}_{ago // _MICROSECOND}".replace("-", "m")
        self._known[name] = of
        return sa.bindparam(name, of(self.now), type_=kind)

    def bound_in(self, statement: sa.ClauseElement) -> tuple[str, ...]:
        """The names of the moments that a statement binds."""
        binds = (part for part in visitors.iterate(statement) if isinstance(part, sa.BindParameter))
        return tuple(dict.fromkeys(bind.key for bind in binds if bind.key in self._known))


def written(instant: datetime) -> str:
    """An instant the way it stands in JSON, where the order of texts is that of time."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
