"""Which message an order is credited to: the last that a person clicked within a window before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Order:
    """An order that stands. Money in minor units."""

    person: int
    at: datetime
    order_id: str
    total: int
    refunded: int
    held_out: bool = False  # placed by somebody held out, within that journey's window
    ref: str = ""  # the person's id in the shop or CRM

    @property
    def net(self) -> int:
        return self.total - self.refunded


@dataclass(frozen=True, slots=True)
class Click:
    """A human click on a message, and the run that the message belongs to."""

    person: int
    at: datetime
    message: str  # its key
    journey: str | None
    version_id: int | None
    began_at: datetime | None  # when the run began


@dataclass(frozen=True, slots=True)
class Credit:
    order: Order
    click: Click | None  # None: nothing was clicked within the window


def credit(orders: Iterable[Order], clicks: Iterable[Click], window: timedelta) -> Iterator[Credit]:
    """Each order with the last click at or before it, not older than `window`.

    Both come sorted by person and time; each is read once, so neither needs to fit into memory.
    """
    coming = iter(clicks)
    ahead = next(coming, None)
    last: Click | None = None
    for order in orders:
        while ahead is not None and (ahead.person, ahead.at) <= (order.person, order.at):
            last, ahead = ahead, next(coming, None)
        near = last is not None and last.person == order.person and order.at - last.at <= window
        yield Credit(order, last if near else None)
