"""The seeded shop: its people, and everything that happens whoever writes to them.

The same seed gives the same shop. Nothing here knows of journeys or messages; how people answer what
they get is in habits.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from nurture.demo.people import HISTORY, Order, Shopper, shopper
from nurture.model import Basis, ConsentRecord, NewEvent, Person

OPENING = datetime(2026, 3, 2, 3, tzinfo=UTC)  # a Monday, midnight in São Paulo: the demo's first day
SOURCE = "shop"
PEOPLE = 4000  # as many as let the largest journey hold out enough for an answer


class Shop:
    """A coffee shop of `people` contacts: two years of history, then `days` of life.

    Some of the people come only during those days.
    """

    def __init__(self, seed: int, people: int = PEOPLE, days: int = 120) -> None:
        self.seed, self.days = f"{seed}", days
        self.opening, self.closing = OPENING, OPENING + timedelta(days=days)
        self.people = tuple(
            shopper(self.seed, number, OPENING - HISTORY, self.closing) for number in range(1, people + 1)
        )

    @cached_property
    def by_ref(self) -> dict[str, Shopper]:
        return {person.ref: person for person in self.people}

    def history(self) -> Iterator[NewEvent]:
        """What happened before the opening, to be taken in silently."""
        return (event for event in self._events(silent=True) if event.occurred_at < self.opening)

    def life(self) -> list[NewEvent]:
        """What happens from the opening on whoever writes, in its order."""
        later = (e for e in self._events(silent=False) if self.opening <= e.occurred_at < self.closing)
        return sorted(later, key=lambda event: (event.occurred_at, event.source_id))

    def _events(self, *, silent: bool) -> Iterator[NewEvent]:
        for person in self.people:
            yield from events_of(person, silent=silent)


def events_of(person: Shopper, *, silent: bool) -> Iterator[NewEvent]:
    """A person's whole message-free life. The first event says who she is and what she agreed to."""
    who = Person(ref=person.ref)
    arrival: dict[str, Any] = {"traits": traits(person), "consents": consents(person)}
    if person.came_by == "signed_up":
        yield NewEvent(
            "signed_up",
            who,
            person.seen_at,
            SOURCE,
            f"{person.ref}:signup",
            {"page": "home"},
            **arrival,
            silent=silent,
        )
    for number, (at, ebook) in enumerate(person.downloads):
        told: dict[str, Any] = arrival if at == person.seen_at else {}
        source_id = f"{person.ref}:ebook:{number}"
        yield NewEvent(
            "ebook_downloaded", who, at, SOURCE, source_id, {"ebook": ebook}, **told, silent=silent
        )
    for order in person.orders:
        told = arrival if order.at == person.seen_at else {}
        yield from order_events(who, order, told, silent=silent)


def order_events(
    who: Person, order: Order, told: dict[str, Any] | None = None, *, silent: bool = False
) -> Iterator[NewEvent]:
    """An order with its delivery or cancellation."""
    payload = {"order_id": order.order_id, "total": order.total, "currency": "BRL", "status": "paid"}
    yield NewEvent(
        "order_completed",
        who,
        order.at,
        SOURCE,
        f"{order.order_id}:paid",
        payload,
        **told or {},
        silent=silent,
    )
    if order.delivered_at:
        yield NewEvent(
            "order_delivered",
            who,
            order.delivered_at,
            SOURCE,
            f"{order.order_id}:delivered",
            payload,
            silent=silent,
        )
    if order.cancelled_at:
        yield NewEvent(
            "order_cancelled",
            who,
            order.cancelled_at,
            SOURCE,
            f"{order.order_id}:cancelled",
            payload,
            silent=silent,
        )


def traits(person: Shopper) -> dict[str, str]:
    """What the shop knows of her."""
    known = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "phone": person.phone,
        "city": person.city,
        "state": person.state,
        "country": "BR",
        "locale": "pt-BR",
        "company_name": person.company,
        "birthday": person.birthday.isoformat() if person.birthday else None,
    }
    return {name: value for name, value in known.items() if value}


def consents(person: Shopper) -> tuple[ConsentRecord, ...]:
    how = {"signed_up": "newsletter form", "ebook_downloaded": "e-book form", "order_completed": "checkout"}
    return tuple(
        ConsentRecord(topic, True, Basis.CONSENT, None, "cadastro-2024-01", how[person.came_by])
        for topic in sorted(person.topics)
    )
