"""What people do in a seed, and what is told of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from nurture import faults
from nurture.app import confirming, ingest, opt_outs
from nurture.model import HERSELF, Basis, Channel, ConsentRecord, NewEvent, Person
from tests.seeds import shop
from tests.seeds.stage import Stage
from tests.seeds.watch import Broken

CONFIRM = [each for each in faults.POINTS if each.startswith("confirm.")]


class People(Stage):
    """They buy, say, leave, come back, ask for help and confirm."""

    def _buys(self, who: str) -> None:
        self._order(who, self._lately())
        if self.chance.random() < 0.3:
            order = self.chance.choice(sorted(self.books.orders[self.books.is_now(who)]))
            self._tell(who, "order_delivered", {"order_id": order})

    def _order(self, who: str, at: datetime) -> None:
        self._numbers += 1
        order, total = f"o{self._numbers}", self.chance.randint(5, 300)
        told = {"order_id": order, "total": total, "currency": "BRL"}
        self._tell(who, "order_completed", told, at=at)
        if self.chance.random() < 0.2:  # the shop says the same of the order again, as another event
            self._tell(who, "order_completed", told, at=at)

    def _does(self, who: str) -> None:
        name = self.chance.choice(("signed_up", "cart_added", "product_viewed"))
        payload = {"cart_id": f"c{self.chance.randint(1, 3)}"} if name == "cart_added" else {}
        self._tell(who, name, payload, at=self._lately())

    def _repeats(self, _who: str) -> None:
        """What was told once is told again."""
        again = self.books.again([self.chance.choice(self.books.worth_telling()) for _ in range(2)])
        self._through_the_door(lambda: ingest.ingest(self.store, again, self.at))

    def _says(self, who: str) -> None:
        self._numbers += 1
        at, plan = self._lately() + timedelta(microseconds=self._numbers), self.chance.choice(("free", "pro"))
        back = self.people[who] if who in self.books.erased and self.chance.random() < 0.6 else {}
        self._tell(who, "identified", traits={**back, "plan": plan}, at=at)

    def _lately(self) -> datetime:
        """When something happened that is heard of now."""
        return self.at - self.chance.choice((timedelta(), timedelta(), timedelta(hours=5), timedelta(days=6)))

    def _tell(
        self, who: str, name: str, payload: Any = None, *, at: datetime | None = None, **values: Any
    ) -> None:
        self._numbers += 1
        event = NewEvent(
            name, self._named(who), at or self.at, "seed", f"e{self._numbers}", payload or {}, **values
        )
        self.books.tell(who, event)
        self._through_the_door(lambda: ingest.ingest(self.store, [event], self.at))

    def _named(self, who: str) -> Person:
        """As whoever tells of her names her: by a number or, once she is known, by an address that is hers alone."""
        by_address = self.books.named(who)
        drawn = self.known and by_address and self.chance.random() < 0.15
        return by_address if drawn and by_address else Person(ref=who)

    def _leaves(self, who: str) -> None:
        topic = self.chance.choice((None, *shop.TOPICS))
        channel = self.chance.choice((None, Channel.EMAIL))
        if (person := self._id(who)) is not None:
            self._through_the_door(
                lambda: opt_outs.withdraw(
                    self.door.runtime, person, topic=topic, channel=channel, how="page", now=self.at
                )
            )

    def _stops(self, who: str) -> None:
        if phone := self.people[who].get("phone"):
            self._through_the_door(lambda: opt_outs.stop(self.door.runtime, phone, "answer by SMS", self.at))

    def _comes_back(self, who: str) -> None:
        topic = self.chance.choice(shop.TOPICS)
        if (person := self._id(who)) is not None:
            self._through_the_door(
                lambda: opt_outs.give(
                    self.door.runtime,
                    person,
                    topic=topic,
                    channel=None,
                    how="page",
                    text_version="1",
                    now=self.at,
                )
            )
        if (phone := self.people[who].get("phone")) and self.chance.random() < 0.5:
            self.watch.opened("sms", phone)
            self._through_the_door(lambda: opt_outs.start_again(self.door.runtime, phone))

    def _consents_late(self, who: str) -> None:
        """A form that she filled in days ago is only heard of now: what she said since holds."""
        at = self.at - timedelta(days=self.chance.randint(1, 10))
        self._tell(who, "identified", consents=(given(self.chance.choice(shop.TOPICS)),), at=at)

    def _asks_for_help(self, who: str) -> None:
        """An SMS, and perhaps another one soon after."""
        if (phone := self.people[who].get("phone")) is None:
            return
        for _ in range(self.chance.choice((1, 2))):
            self._numbers += 1
            happened = self.at - timedelta(minutes=self.chance.choice((0, 0, 10, 600)))
            said = {"text": self.chance.choice(("HELP", "ajuda", "help"))}
            event = NewEvent(
                "sms_replied", Person(phone=phone), happened, "outbox", f"s{self._numbers}", said
            )
            self._through_the_door(lambda event=event: ingest.ingest(self.store, [event], self.at))

    def _signs_up(self, who: str) -> None:
        """Somebody, perhaps she, types her address in."""
        self._tell(who, "form_submitted", consents=(given(shop.DOUBLE),), at=self._lately())

    def _confirms(self, _who: str) -> None:
        """Somebody presses the button of a mail that she got, an old one or a new one, and mostly twice."""
        links = [
            row
            for row in self.watch.read(
                "SELECT key, id, contact_id, topic FROM messages WHERE template = 'double-opt-in' ORDER BY id"
            )
            if row[0] in self.watch.ledger
        ]
        if not links:
            return
        _, message_id, person, topic = self.chance.choice(links)
        message = {"contact_id": person, "topic": topic}
        waits, before = self.watch.waits(person, topic), self.watch.confirmed(person)
        for _ in range(self.chance.choice((1, 2, 3))):
            self._through_the_door(
                lambda: confirming.confirm(
                    self.door.runtime, message, replace(HERSELF, message_id=message_id), self.at
                ),
                CONFIRM,
            )
        if self.watch.confirmed(person) - before != waits:
            raise Broken(
                f"the button of message {message_id} confirmed {self.watch.confirmed(person) - before} times; "
                f"there {'was one yes' if waits else 'was none'} that waited"
            )
        self.counts["confirmed"] += waits

    def _id(self, who: str) -> int | None:
        """Her number, where she is known."""
        found = self.watch.read(f"SELECT id FROM contacts WHERE ref = '{who}'")
        return int(found[0][0]) if found else None


def given(topic: str, *, proved: bool = False) -> ConsentRecord:
    """A yes as a form or, where she has proved that it is hers, a file brings it."""
    how = "proved" if proved else shop.FORM
    return ConsentRecord(topic, True, Basis.CONSENT, text_version="1", how=how, confirmed=proved)
