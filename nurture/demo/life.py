"""The people's side of the demo: they find messages, look, click, buy, answer and leave.

They know nothing of journeys but what stands in a message; what they do goes through its links, as
anybody's would.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from nurture.demo.browser import Browser
from nurture.demo.habits import Answer, Got, Truth, answer
from nurture.demo.mailbox import Mail
from nurture.demo.people import Shopper, order
from nurture.demo.shop import SOURCE, Shop, order_events
from nurture.model import Channel, NewEvent, Person

_COMMENTS = ("", "", "", "Chegou rápido e fresquinho.", "A entrega demorou.", "Adorei o café!")


@dataclass(order=True)
class _Intent:
    """Something that somebody will do."""

    at: datetime
    key: str
    what: str
    person: Shopper = field(compare=False)
    mail: Mail = field(compare=False)
    answer: Answer = field(compare=False)


class Life:
    """The people of one shop with their mailboxes, and what their answers were truly worth."""

    def __init__(self, shop: Shop, browser: Browser, windows: Mapping[str, timedelta]) -> None:
        """`windows` are the journeys' goals': see Truth."""
        self.shop, self.browser = shop, browser
        self.truth = Truth(windows)
        self.counts: Counter[str] = Counter()
        self.bought_last: str | None = None  # the ref of who bought after a message
        self._intents: list[_Intent] = []
        self._coming = iter(shop.life())
        self._next = next(self._coming, None)

    def next_at(self) -> datetime | None:
        """When somebody does something next."""
        times = [self._intents[0].at] if self._intents else []
        times += [self._next.occurred_at] if self._next else []
        return min(times, default=None)

    def happens(self, until: datetime) -> Iterator[NewEvent]:
        """What the shop sees up to `until` whoever wrote."""
        while self._next is not None and self._next.occurred_at <= until:
            yield self._next
            self._next = next(self._coming, None)

    def find(self, mail: Mail, person: Shopper, row: Mapping[str, Any], now: datetime) -> None:
        """A message has arrived: decide what she will do about it."""
        got = Got(
            journey=row["journey"] or "",
            channel=mail.channel.value,
            at=now,
            day=(now - self.shop.opening).days,
            asks_score=row["survey"] is not None,
            coupon=mail.coupon,
        )
        self.truth.note(person, got)
        self.counts[f"got {mail.channel.value}"] += 1
        will = answer(self.shop.seed, person, got)
        if will.looks_at is None:
            return
        does = [
            (will.shows_images and mail.channel is Channel.EMAIL, "open", will.looks_at),
            (will.clicks, "click", will.looks_at),
            (will.score is not None, "score", will.looks_at),
            (will.unsubscribes and mail.channel is Channel.EMAIL, "unsubscribe", will.looks_at),
            (will.buys_at is not None, "buy", will.buys_at),
        ]
        for wanted, what, at in does:
            if wanted and at is not None:
                heapq.heappush(self._intents, _Intent(at, mail.key, what, person, mail, will))

    def act(self, now: datetime) -> Iterator[NewEvent]:
        """Everything that people meant to do by `now`. Clicks go through the web; purchases are given back."""
        while self._intents and self._intents[0].at <= now:
            intent = heapq.heappop(self._intents)
            self.counts[intent.what] += 1
            if intent.what == "buy":
                yield from self._buy(intent, now)
            else:
                _DOES[intent.what](self, intent)

    def _buy(self, intent: _Intent, now: datetime) -> Iterator[NewEvent]:
        """The purchase that would not have been made without the message."""
        random = Random(f"{self.shop.seed}:bought:{intent.key}")
        person, code = intent.person, intent.answer.coupon
        self.bought_last = person.ref
        usual = order(random, f"{person.ref}-m{intent.key[:10]}", now, person.spend)
        bought = replace(usual, total=round(usual.total * (1 - intent.answer.discount), 2))
        yield from order_events(Person(ref=person.ref), bought)
        if code:
            used = {
                "code": code,
                "order_id": bought.order_id,
                "discount": round(usual.total - bought.total, 2),
            }
            yield NewEvent(
                "coupon_redeemed", Person(ref=person.ref), now, SOURCE, f"{bought.order_id}:coupon", used
            )

    def _open(self, intent: _Intent) -> None:
        for picture in intent.mail.links("o")[:1]:
            self._must(self.browser.get(picture).status == 200, picture)

    def _click(self, intent: _Intent) -> None:
        links = intent.mail.links("c")
        if links:
            chosen = links[int(intent.key, 36) % min(3, len(links))] if intent.key.isalnum() else links[0]
            self._must(self.browser.get(chosen).status == 302, chosen)

    def _score(self, intent: _Intent) -> None:
        score = intent.answer.score
        link = next((each for each in intent.mail.links("s") if each.endswith(f"score={score}")), None)
        if link is None:
            return
        self._must(self.browser.get(link).status == 200, link)
        comment = Random(f"{self.shop.seed}:comment:{intent.key}").choice(_COMMENTS)
        page = self.browser.post(link.partition("?")[0], {"score": str(score), "comment": comment})
        self._must(page.status == 200, link)

    def _unsubscribe(self, intent: _Intent) -> None:
        if (link := intent.mail.unsubscribe) is not None:
            self._must(self.browser.post(link, {"List-Unsubscribe": "One-Click"}).status == 200, link)

    def _must(self, fine: bool, link: str) -> None:
        if not fine:
            raise RuntimeError(f"the web application refused a link that it had sent: {link}")


_DOES: Mapping[str, Callable[[Life, _Intent], None]] = {
    "open": Life._open,
    "click": Life._click,
    "score": Life._score,
    "unsubscribe": Life._unsubscribe,
}
