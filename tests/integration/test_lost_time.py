"""Time that is lost with a database, drawn at random: whatever happened in it, nothing leaves twice, and nothing is lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.app import restoring
from nurture.app.ingest import ingest
from nurture.channels.base import Envelope, Outcome, accepted
from nurture.limits import Cap, Limits
from nurture.model import Channel, ConsentRecord, NewEvent, Person, Span
from nurture.store import jobs, tables
from nurture.store import restoring as parking
from nurture.store.engine import Store
from tests.integration.test_backups import back_up, live
from tests.integration.test_in_flight import NOW, Shop
from tests.support import postgres
from tests.support.office import Provider

HOUR = timedelta(hours=1)
ORDERS, DAYS, AFTER = 14, 12, 25


@dataclass
class World:
    """A shop whose people order at drawn hours, and each message that its provider took."""

    shop: Shop
    orders: Sequence[NewEvent]
    sent: list[tuple[str, str]] = field(default_factory=list)  # order and step

    def until(self, end: datetime) -> None:
        """Live on, and hear of each order when it is made."""
        for order in self.orders:
            if self.shop.at < order.occurred_at <= end:
                self._live(order.occurred_at)
                self.tell([order])
        self._live(end)

    def tell(self, orders: Sequence[NewEvent]) -> None:
        ingest(self.shop.runtime.store, orders, self.shop.at)

    def _live(self, end: datetime) -> None:
        live(self.shop, (end - self.shop.at) / timedelta(days=1))

    def took(self, envelope: Envelope) -> Outcome:
        self.sent += self._known(tables.messages.c.id == envelope.message_id)
        return accepted(envelope, "250")

    def told_of(self) -> set[tuple[str, str]]:
        """What is in doubt, and what a full cap cancelled: after quiet hours mails are spread, in each world otherwise."""
        messages = tables.messages.c
        return set(self._known((messages.state == "in_doubt") | (messages.reason == "cap")))

    def began(self) -> set[str]:
        """The orders that let somebody in. Where a run lasts longer here, the next order may find her inside still."""
        return {order for order, _ in self._known(sa.true())}

    def _known(self, where: sa.ColumnElement[bool]) -> list[tuple[str, str]]:
        messages, runs, events = tables.messages, tables.enrollments, tables.events
        joined = messages.join(runs, runs.c.id == messages.c.enrollment_id)
        joined = joined.join(events, events.c.id == runs.c.trigger_event_id)
        chosen = sa.select(events.c.source_id, messages.c.step).select_from(joined).where(where)
        with self.shop.runtime.store.read() as tx:
            return [(order, step) for order, step in tx.execute(chosen)]


def world(database: str, folder: Path, random: Random) -> World:
    shop = Shop(database, folder)
    steps = [{"email": "reactivation/we-miss-you", "id": f"mail{number}"} for number in range(5)]
    waits = [{"wait": f"{random.choice((1, 5, 20, 30, 72))} hours"} for _ in steps]
    journey = {
        "journey": "thanks",
        "topic": "offers",
        "reentry": {"after": "1 hour"},
        "trigger": {"event": "order_completed"},
    }
    drawn = [step for pair in zip(waits, steps, strict=True) for step in pair]
    shop.publish(json.dumps(journey | {"steps": drawn}))
    if random.random() < 0.5:
        cap = Cap(random.choice((1, 2, 4)), Span(seconds=2 * 86400, text="2 days"))
        shop.runtime.settings = replace(shop.runtime.settings, limits=Limits(cap=cap))
    made = World(shop, sorted(_orders(random), key=lambda order: order.occurred_at))
    provider = Provider(lambda: shop.at, answer=made.took)
    shop.runtime.stand_in(Channel.EMAIL, provider)
    return made


def _orders(random: Random) -> list[NewEvent]:
    found = []
    for number in range(ORDERS):
        name, at = random.choice(("chloe", "davi", "eva", "felipe")), NOW + random.random() * DAYS * 24 * HOUR
        yes = (ConsentRecord("offers", given=True, how="form", at=at),)
        payload = {"order_id": f"{number}", "total": 80}
        person = Person(name, f"{name}@example.com")
        found.append(NewEvent("order_completed", person, at, "test", f"{number}", payload, consents=yes))
    return found


class Interrupted(BaseException):
    """Somebody pressed Ctrl+C, or the machine went down."""


@contextmanager
def interrupted(after: int) -> Iterator[None]:
    """Reliving ends within one of its transactions."""
    park, left = parking.park, iter(range(after))

    def some(*given: Any) -> int:
        parked = park(*given)
        if next(left, None) is None:
            raise Interrupted
        return parked

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parking, "park", some)
        yield


@pytest.mark.parametrize("seed", range(8))
def test_nothing_leaves_twice_and_nothing_is_lost(one_database: str, tmp_path: Path, seed: int) -> None:
    """Beside the same world without a loss: what that one sends is sent here once, or is in doubt. The command is
    interrupted, and given again."""
    random = Random(seed)
    lost_since = NOW + random.random() * DAYS * 24 * HOUR
    restored_at = lost_since + random.choice((1, 10, 40, 150)) * random.random() * HOUR
    end = NOW + (DAYS + AFTER) * 24 * HOUR
    here = world(one_database, tmp_path / "here", Random(seed))
    here.until(lost_since)
    with here.shop.runtime.store.begin() as tx:
        jobs.started(tx, "advance", lost_since)
    here.shop.runtime.store.close()
    restore = back_up(one_database, tmp_path)
    here.shop.runtime.store = Store(one_database)
    here.until(restored_at)
    here.shop.runtime.store.close()
    here.shop.runtime.store = Store(restored := restore())
    here.tell([order for order in here.orders if lost_since < order.occurred_at <= restored_at])
    for _ in range(random.randrange(4)):
        with suppress(Interrupted), interrupted(random.randrange(20)):
            restoring.park(here.shop.runtime, restored_at)
    restoring.park(here.shop.runtime, restored_at)
    if random.random() < 0.5:
        restoring.drop(here.shop.runtime, restored_at)
    here.until(end)
    told_of, began = here.told_of(), here.began()
    here.shop.runtime.close()
    if restored != one_database:
        postgres.drop_database(restored)
    assert [each for each, count in Counter(here.sent).items() if count > 1] == []

    there = world(f"sqlite:///{tmp_path / 'there.db'}", tmp_path / "there", Random(seed))
    there.until(end)
    there.shop.runtime.close()
    missing = set(there.sent) - set(here.sent) - told_of
    assert {(order, step) for order, step in missing if order in began} == set()
    assert len(there.sent) > ORDERS
