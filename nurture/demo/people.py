"""The generated people of the shop: who they are and what they would do if nobody wrote to them.

Purchases follow a BG/NBD-like model (Fader, Hardie and Lee 2005): each person buys at a rate of her
own, drawn from a gamma distribution, and after each purchase may leave for good with a probability of
her own, drawn from a beta distribution. The season thins the purchases.

The grain of the shop's time is an hour: what happens, happens on the hour, as a shop's system would pass it on by the
hour. It is a property of the shop alone; the jobs and the clock know nothing of it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from nurture.demo import names

HISTORY = timedelta(days=730)
GRAIN = timedelta(hours=1)
# Purchases a day while a customer, and the chance to leave after each.
_RATE_SHAPE, _RATE_SCALE = 1.6, 1 / 95
_LEAVE_A, _LEAVE_B = 0.9, 2.6
# How much people buy in each month against the busiest; coffee peaks in winter and before Christmas.
_SEASON = (0.62, 0.60, 0.66, 0.72, 0.86, 0.95, 0.97, 0.90, 0.78, 0.76, 0.92, 1.00)
TOPICS = ("offers", "news", "surveys")
_MIDNIGHT = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Order:
    """A purchase that happens whatever anybody writes."""

    order_id: str
    at: datetime
    total: float
    delivered_at: datetime | None
    cancelled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shopper:
    """One generated person with her whole life, message-free."""

    ref: str
    first_name: str
    last_name: str
    email: str
    phone: str | None
    city: str
    state: str
    company: str | None
    birthday: date | None
    seen_at: datetime
    came_by: str  # signed_up, ebook_downloaded or order_completed
    downloads: tuple[tuple[datetime, str], ...]  # e-books she takes, if it is not how she came
    topics: frozenset[str]
    rate: float  # purchases a day in high season, while a customer
    spend: float  # of a usual order
    attention: float  # 0 to 1: how likely she is to look at what she gets
    gone_at: datetime | None  # left for good
    orders: tuple[Order, ...]


def season(at: datetime) -> float:
    """How much is bought around `at` against the busiest month: 0 to 1."""
    return _SEASON[at.month - 1]


def shopper(seed: str, number: int, start: datetime, end: datetime) -> Shopper:
    """Person `number` of the shop with this seed, whose life is told from `start` to `end`.

    Her own generator makes her the same in a larger shop and in any batch.
    """
    random = Random(f"{seed}:person:{number}")
    first, last = _name(random)
    city, state, area = _home(random)
    seen_at = _seen_at(random, start, end)
    rate = max(random.gammavariate(_RATE_SHAPE, _RATE_SCALE), 1 / 900)
    spend = round(random.lognormvariate(4.55, 0.45), 2)  # median 95 in the company's currency
    came_by = random.choices(("signed_up", "ebook_downloaded", "order_completed"), (45, 25, 30))[0]
    ref = f"C{number:05d}"
    orders, gone_at = _purchases(random, ref, seen_at, came_by, rate, spend, end)
    return Shopper(
        ref=ref,
        first_name=first,
        last_name=last,
        email=f"{_ascii(first)}.{_ascii(last)}.{number}@example.com",
        phone=f"+55{area}9{random.randrange(60_000_000, 99_999_999)}" if random.random() < 0.8 else None,
        city=city,
        state=state,
        company=random.choice(names.COMPANIES) if came_by == "ebook_downloaded" else None,
        birthday=_birthday(random) if random.random() < 0.85 else None,
        seen_at=seen_at,
        came_by=came_by,
        downloads=_downloads(random, seen_at, came_by, end),
        topics=_topics(random),
        rate=rate,
        spend=spend,
        attention=random.betavariate(4, 4),
        gone_at=gone_at,
        orders=orders,
    )


_WOMEN, _MEN = names.weighted(names.WOMEN), names.weighted(names.MEN)
_FAMILIES, _EBOOKS = names.weighted(names.FAMILIES), names.weighted(names.EBOOKS)


def _name(random: Random) -> tuple[str, str]:
    first, weights = _WOMEN if random.random() < 0.56 else _MEN
    return random.choices(first, weights)[0], random.choices(*_FAMILIES)[0]


def _home(random: Random) -> tuple[str, str, int]:
    city, state, area, _ = random.choices(names.CITIES, [weight for *_, weight in names.CITIES])[0]
    return city, state, area


def _seen_at(random: Random, start: datetime, end: datetime) -> datetime:
    """The shop grows: later days bring somewhat more new people."""
    share = random.random() ** 0.8
    return _waking_hour(random, start + (end - start) * share)


def _waking_hour(random: Random, at: datetime) -> datetime:
    """The same day at an hour (UTC) when Brazil is awake."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + int(random.triangular(11, 26, 22)) * GRAIN


def later(at: datetime, delay: timedelta) -> datetime:
    """The first instant of the shop's grain after `at` + `delay`."""
    return at + delay + GRAIN - (at + delay - _MIDNIGHT) % GRAIN


def _downloads(
    random: Random, seen_at: datetime, came_by: str, end: datetime
) -> tuple[tuple[datetime, str], ...]:
    times = [seen_at] if came_by == "ebook_downloaded" else []
    if random.random() < 0.45:
        times.append(_waking_hour(random, seen_at + (end - seen_at) * random.random() + timedelta(days=1)))
    return tuple((at, random.choices(*_EBOOKS)[0]) for at in times)


def _birthday(random: Random) -> date:
    return date(1952, 1, 1) + timedelta(days=random.randrange(365 * 54))


def _topics(random: Random) -> frozenset[str]:
    if random.random() < 0.12:
        return frozenset()
    return frozenset(topic for topic in TOPICS if random.random() < 0.9)


def _purchases(
    random: Random, ref: str, seen_at: datetime, came_by: str, rate: float, spend: float, end: datetime
) -> tuple[tuple[Order, ...], datetime | None]:
    """Her orders until `end`, and when she left for good."""
    leaving = random.betavariate(_LEAVE_A, _LEAVE_B)
    orders: list[Order] = []
    at = seen_at
    if came_by != "order_completed":
        at = _next(random, at, rate * 1.5)
    while at < end:
        orders.append(order(random, f"{ref}-{len(orders) + 1:03d}", at, spend))
        if random.random() < leaving:
            return tuple(orders), at
        at = _next(random, at, rate)
    return tuple(orders), None


def _next(random: Random, at: datetime, rate: float) -> datetime:
    """The next purchase of a Poisson process whose rate follows the season, by thinning."""
    while True:
        at = _waking_hour(random, at + timedelta(days=max(1.0, random.expovariate(rate))))
        if random.random() < season(at):
            return at


def order(random: Random, order_id: str, at: datetime, spend: float) -> Order:
    """A purchase with what becomes of it: 2 in 100 are cancelled, the others come in two to nine days."""
    total = round(spend * random.lognormvariate(0, 0.3), 2)
    if random.random() < 0.02:
        return Order(order_id, at, total, None, later(at, timedelta(hours=random.uniform(2, 30))))
    return Order(order_id, at, total, later(at, timedelta(days=random.triangular(2, 9, 4))), None)


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
