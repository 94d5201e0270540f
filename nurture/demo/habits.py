"""How people answer what they really got, and what that is truly worth.

Every draw is a stable hash of (seed, person, journey, day, what), so that the same seed gives the same
answers in whatever order or batch the messages come, and a held-out person's life is untouched by it.
Because the chances are known, so is the true lift: the expected extra orders of the messages handed over.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from nurture.demo.people import Shopper, later
from nurture.digests import fraction

_USUAL_SCATTER = math.exp(0.3**2 / 2)  # mean of the factor that people.order puts on a usual order
_NOT_CANCELLED = 0.98


@dataclass(frozen=True, slots=True)
class Appeal:
    """What a journey's messages do: of those who look how many click, of these how many buy.

    `discount` is what its coupon takes off, where the message has one.
    """

    click: float
    buy: float
    discount: float = 0.0


# By journey; others move nobody.
APPEALS: Mapping[str, Appeal] = {
    "welcome": Appeal(click=0.34, buy=0.22),
    "ebook-follow-up": Appeal(click=0.40, buy=0.18),
    "reactivation-60-days": Appeal(click=0.36, buy=0.34, discount=0.15),
    "post-sale-survey": Appeal(click=0.10, buy=0.0),
    "birthday": Appeal(click=0.42, buy=0.30, discount=0.10),
}
_UNMOVED = Appeal(click=0.05, buy=0.0)
_SHOWS_IMAGES = 0.6
_UNSUBSCRIBES = 0.006  # of those who look
_ANSWERS_SURVEY = 0.45
# How likely each NPS score is, 0 to 10.
_SCORES = (2, 1, 1, 2, 2, 5, 6, 12, 20, 22, 27)


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody will do about one message, and when. None: not at all."""

    looks_at: datetime | None
    shows_images: bool = False
    clicks: bool = False
    unsubscribes: bool = False
    score: int | None = None
    buys_at: datetime | None = None
    coupon: str | None = None
    discount: float = 0.0  # share of the price, by that coupon


@dataclass(frozen=True, slots=True)
class Got:
    """A message that reached somebody."""

    journey: str
    channel: str
    at: datetime
    day: int  # of the demo
    asks_score: bool = False
    coupon: str | None = None


def answer(seed: str, person: Shopper, got: Got) -> Answer:
    """What `person` does about the message she got."""

    def draw(what: str) -> float:
        return fraction(seed, person.ref, got.journey, str(got.day), got.channel, what)

    if draw("look") >= looks(person, got):
        return Answer(None)
    appeal = APPEALS.get(got.journey, _UNMOVED)
    looks_at = later(got.at, timedelta(hours=-math.log(1 - draw("delay")) * 4))
    clicks = draw("click") < appeal.click
    buys = clicks and draw("buy") < appeal.buy
    return Answer(
        looks_at=looks_at,
        shows_images=draw("images") < _SHOWS_IMAGES,
        clicks=clicks,
        unsubscribes=not clicks and draw("unsubscribe") < _UNSUBSCRIBES,
        score=_score(draw("score")) if got.asks_score and draw("survey") < _ANSWERS_SURVEY else None,
        buys_at=later(looks_at, timedelta(minutes=10 + draw("buy delay") * 2000)) if buys else None,
        coupon=got.coupon,
        discount=appeal.discount if got.coupon else 0.0,
    )


def looks(person: Shopper, got: Got) -> float:
    """The chance that she reads it: texts nearly always, mail by her attention."""
    return 0.85 if got.channel == "sms" else 0.25 + 0.5 * person.attention


def _score(share: float) -> int:
    total = share * sum(_SCORES)
    for score, weight in enumerate(_SCORES):
        total -= weight
        if total < 0:
            return score
    return 10


@dataclass(frozen=True, slots=True)
class Worth:
    """What a journey's messages truly brought: expectations over the draws, not the draws themselves."""

    conversions: float = 0.0  # people who buy and would not have bought within the goal's window
    revenue: float = 0.0


class Truth:
    """Adds up what each journey was truly worth, message by message.

    A message brings an order with the chance that she looks, clicks and buys. It makes a conversion
    where none of her earlier messages of the journey did and she would not have bought anyway.
    """

    def __init__(self, windows: Mapping[str, timedelta]) -> None:
        """`windows` are the journeys' goals': how long after the first message an order converts."""
        self._windows = windows
        self._first: dict[tuple[str, str], datetime] = {}
        self._missed: dict[tuple[str, str], float] = {}
        self._revenue: dict[str, float] = defaultdict(float)

    def note(self, person: Shopper, got: Got) -> None:
        """Count one message that was handed over."""
        appeal, about = APPEALS.get(got.journey, _UNMOVED), (got.journey, person.ref)
        chance = looks(person, got) * appeal.click * appeal.buy * _NOT_CANCELLED
        self._revenue[got.journey] += (
            chance * person.spend * _USUAL_SCATTER * (1 - (appeal.discount if got.coupon else 0))
        )
        began = self._first.setdefault(about, got.at)
        end = began + self._windows[got.journey]
        buys_anyway = any(began < order.at <= end and order.cancelled_at is None for order in person.orders)
        self._missed[about] = self._missed.get(about, 1.0) * (1.0 if buys_anyway else 1.0 - chance)

    def of(self, journey: str) -> Worth:
        """What the messages of `journey` that were handed over so far were worth."""
        missed = (share for (name, _), share in self._missed.items() if name == journey)
        return Worth(sum(1.0 - share for share in missed), self._revenue[journey])
