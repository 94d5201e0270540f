"""What the story knows of its people, told to nobody: what was said and bought, who is whom, and who was erased."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from nurture.model import NewEvent, Person


@dataclass
class Books:
    """By the refs that the shop has for its people.

    Who is erased is nobody any more: what was told of her before is no longer hers. An event of hers that is told again
    is another one to the product, and she is then somebody new. Of some the shop tells nothing more.
    """

    people: Mapping[str, Mapping[str, Any]]
    orders: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    said: dict[str, list[tuple[datetime, str]]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, NewEvent] = field(default_factory=dict)  # by source id
    whose: dict[str, str] = field(default_factory=dict)  # by source id
    merged: dict[str, str] = field(default_factory=dict)  # who became part of whom
    erased: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)  # of the erased: the shop has forgotten them, too
    forgotten: set[str] = field(
        default_factory=set
    )  # source ids that were told of an erased one, and not again
    renamed: int = 0  # how many events the inbox calls otherwise

    def is_now(self, who: str) -> str:
        """By which name she goes since she was merged."""
        while who in self.merged:
            who = self.merged[who]
        return who

    def known(self) -> list[str]:
        """Of whom the shop tells."""
        return sorted(self.people.keys() - self.silent)

    def named(self, who: str) -> Person | None:
        """Her address, where it is hers alone and always was."""
        email = self.people[who]["email"]
        alone = sum(each["email"] == email for each in self.people.values()) == 1
        return Person(email=email.upper()) if alone and who not in self.erased else None

    def tell(self, who: str, event: NewEvent) -> None:
        """It is told for the first time."""
        self.told[event.source_id], self.whose[event.source_id] = event, who
        self._note(event)

    def again(self, source_ids: Iterable[str]) -> list[NewEvent]:
        """What to tell of what was told before: of who was erased by her ref, since her address names nobody."""
        return [self._again(each) for each in source_ids]

    def _again(self, source_id: str) -> NewEvent:
        if source_id in self.forgotten:
            self.forgotten.remove(source_id)
            event = replace(self.told[source_id], person=Person(ref=self.whose[source_id]))
            self.told[source_id] = event
            self._note(event)
        return self.told[source_id]

    def _note(self, event: NewEvent) -> None:
        who = self.is_now(self.whose[event.source_id])
        if event.name == "order_completed":
            self.orders[who][event.payload["order_id"]] = event.payload["total"] * 100
        if "plan" in event.traits:
            self.said[who].append((event.occurred_at, event.traits["plan"]))

    def worth_telling(self) -> list[str]:
        """The events that may be told again."""
        return sorted(each for each, who in self.whose.items() if who not in self.silent)

    def merge(self, who: str, other: str, at: datetime) -> None:
        """They are one from `at` on. What the other says bears the microsecond of its number: it may be yet to come."""
        self.merged[other] = who
        self.orders[who] |= self.orders.pop(other, {})
        said = self.said.pop(other, [])
        before = [each for each in said if each[0] <= at]
        self.said[who] = (self.said[who] or before) + [each for each in said if each[0] > at]

    def are(self, who: str) -> set[str]:
        """All who are this person."""
        return {each for each in self.people if self.is_now(each) == who}

    def erase(self, who: str, *, silent: bool) -> None:
        """She is erased, and whoever was merged into her."""
        gone = self.are(who)
        lost = {each for each, of in self.whose.items() if of in gone} - self.forgotten
        self.forgotten |= lost
        self.renamed += len(lost)
        self.erased |= gone
        self.silent |= gone if silent else set()
        for each in gone:
            self.merged.pop(each, None)
            self.orders.pop(each, None)
            self.said.pop(each, None)
