"""What the company and its staff do in a seed."""

from __future__ import annotations

from datetime import timedelta

from nurture import faults
from nurture.app import doubts, erasing, merging, moving, pause, process, publish
from nurture.app.entering import enter_by_hand
from tests.seeds import shop
from tests.seeds.people import People
from tests.seeds.watch import Broken

ERASE, MERGE = ([each for each in faults.POINTS if each.startswith(f"{act}.")] for act in ("erase", "merge"))


class Company(People):
    """It edits, pauses, looks after doubts, erases and merges."""

    def _edits(self, _who: str) -> None:
        self._publish(self.author.edit(self.chance.choice(shop.NAMES)))

    def _publish(self, text: str) -> None:
        file = shop.file_of(self.shop, text)
        self._through_the_door(lambda: publish.publish(self.door.runtime, [file], self.at))

    def _pauses(self, _who: str) -> None:
        name = self.chance.choice(shop.NAMES)
        self._through_the_door(lambda: pause.pause(self.door.runtime, [name], self.at))

    def _resumes(self, _who: str) -> None:
        name, overdue = self.chance.choice(shop.NAMES), self.chance.choice(("now", "spread", "skip"))
        self._through_the_door(
            lambda: pause.resume(self.door.runtime, [name], self.at, overdue=overdue, span=timedelta(hours=3))
        )

    def _goes_out(self, who: str) -> None:
        name = self.chance.choice(shop.NAMES)
        self._through_the_door(lambda: moving.take_out(self.door.runtime, name, [who], self.at))

    def _comes_in(self, who: str) -> None:
        self._through_the_door(lambda: enter_by_hand(self.door.runtime, "welcome", [who], self.at))

    def _settles_doubts(self, _who: str) -> None:
        """Somebody looks at the provider's log and says what became of the messages in doubt that wait for that."""
        found = [doubt.id for doubt in doubts.doubts(self.door.runtime) if doubt.holds]
        for message_id in found:
            ((key,),) = self.watch.read(f"SELECT key FROM messages WHERE id = {message_id}")
            if self.in_the_air(key):
                continue
            word = doubts.Word.ARRIVED if key in self.watch.ledger else doubts.Word.RESEND
            if word is doubts.Word.RESEND and self.chance.random() < 0.3:
                word = doubts.Word.DROP
            self._through_the_door(
                lambda word=word, one=message_id: doubts.settle(self.door.runtime, [one], word, self.at)
            )

    def _goes_down(self, _who: str) -> None:
        self.down_until = self.at + timedelta(minutes=self.chance.randint(5, 300))

    def _is_erased(self, who: str) -> None:
        """She asks for it, and of some the shop will tell nothing more."""
        if self.chance.random() < 0.7:  # some people, in some seeds
            return
        who, silent = self.books.is_now(who), self.chance.random() < 0.5
        if self.chance.random() < 0.5:  # something of hers waits in the inbox
            self._does(who)
        person, names = self._id(who), self.watch.names_of(who)
        self._through_the_door(lambda: self._erase(who), ERASE)
        if person is None:
            return
        self.counts["erasures"] += 1
        ((called, erased_at),) = self.watch.read(f"SELECT ref, erased_at FROM contacts WHERE id = {person}")
        if erased_at is None:
            raise Broken(f"{who} was not erased")
        self.note(f"{who} is {called}")
        self.tombs.append(called)
        self.books.erase(who, silent=silent)
        self.watch.unnamed(names)
        self.nameless += names if silent else []

    def _erase(self, who: str) -> None:
        """As the command does, which is given again when it died."""
        if erasing.finish(self.door.runtime, who) is None:
            erasing.erase(self.door.runtime, who, self.at)

    def _is_merged(self, who: str) -> None:
        """Somebody sees that two of them are one. With what is left of an erased one nobody is."""
        other = self.books.is_now(self.chance.choice(sorted(self.people)))
        who = self.books.is_now(who)
        if who == other:
            return
        if self.tombs and self.chance.random() < 0.2:
            other = self.chance.choice(self.tombs)
        # what was told of the other before is hers, and what is told from now on is the one's
        self._through_the_door(lambda: process.process(self.door.runtime, self.at))
        no = self.watch.noes(who, other)
        self._through_the_door(
            lambda: merging.merge(self.door.runtime, who, other, "user:seed", self.at), MERGE
        )
        found = self.watch.read(f"SELECT merged_into FROM contacts WHERE ref = '{other}'")
        if not found or found[0][0] is None:
            return  # one of them was erased
        if other in self.tombs:
            raise Broken(f"{other}, who was erased, became part of {who}")
        self.counts["merges"] += 1
        self.books.merge(who, other, self.at)
        self.watch.are_one(found[0][0])
        if forgotten := no - self.watch.noes(who):
            raise Broken(f"{who} or {other} had said no to {sorted(forgotten)}")
