"""What must hold in a seed: looked at after each commit, whenever the provider takes a body, and at the end.

It knows nothing of how the product decides. It reads what was committed, and holds it against the provider's ledger and
against what the seed itself did.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from nurture.store import tables
from nurture.store.types import from_micros
from tests.seeds.provider import Taken
from tests.seeds.shop import CAP, CAP_HOURS, DOUBLE, FORM, QUIET

if TYPE_CHECKING:
    from tests.seeds.world import World

HANDED = frozenset(("handover", "accepted", "delivered", "bounced", "complained", "in_doubt"))
ARRIVED = frozenset(("accepted", "delivered", "bounced", "complained"))
OF_PEOPLE = ("events", "orders", "consents", "permissions", "activity", "scores", "splits")
LEASE = timedelta(seconds=120)  # of a mark: the carrier's patience, and a minute
_MESSAGES = (
    "key",
    "contact_id",
    "enrollment_id",
    "journey",
    "step",
    "channel",
    '"class"',
    "topic",
    "state",
    "reason",
    "fence",
    "on_doubt",
    "expires_at",
    "handed_at",
    "slot",
    "template",
    "planned_at",
)
_NAMES = tuple(name.strip('"') for name in _MESSAGES)
_READ = f"SELECT {', '.join(_MESSAGES)} FROM messages"
Row = Mapping[str, Any]


class Broken(BaseException):
    """A promise was broken: nothing that the product does when a carrier or a job fails gets hold of that."""


@dataclass
class Mark:
    """When a message was last marked: the commit, for whom and how, the time, and by whom."""

    commit: int
    address: tuple[int, str]
    at: datetime
    by: str
    fence: int


@dataclass
class Watch:
    """The eyes of a seed."""

    world: World
    commit: int = 0
    messages: dict[str, Row] = field(default_factory=dict)
    zones: dict[int, str] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    ledger: dict[str, list[Taken]] = field(default_factory=dict)
    silenced: dict[tuple[int, str], int] = field(default_factory=dict)  # by person and channel: the commit
    erased: dict[int, int] = field(default_factory=dict)  # by person: the commit
    merged: dict[int, int] = field(default_factory=dict)  # by person: who she is now
    merges: dict[int, int] = field(default_factory=dict)  # by who they are now: the commit of the last
    paused: dict[str, int] = field(default_factory=dict)
    consents: dict[int, tuple[Row, int]] = field(default_factory=dict)  # by id, with the commit
    closed: dict[tuple[str, str], int] = field(default_factory=dict)  # addresses of the erased: the commit
    tombs: dict[int, tuple[int, int]] = field(default_factory=dict)  # the erased: their runs and messages
    written: dict[str, int] = field(default_factory=dict)  # messages: the commit
    doubts: Counter[str] = field(default_factory=Counter)
    addresses: dict[int, tuple[str | None, str | None]] = field(default_factory=dict)  # by person, the last
    _raw: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    _eye: Any = None
    _version: Any = None

    # --- reading --------------------------------------------------------------------------------

    def open(self) -> None:
        self._eye = self.world.store.engine.raw_connection()
        if not self.world.store.is_sqlite:
            self._eye.driver_connection.autocommit = True

    def close(self) -> None:
        if self._eye is not None:
            self._eye.close()

    def read(self, statement: str) -> list[tuple[Any, ...]]:
        cursor = self._eye.cursor()
        cursor.execute(statement)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        cursor.close()
        return found

    def committed(self) -> None:
        """Look at what is there now."""
        if self.world.store.is_sqlite:
            (version,) = self.read("PRAGMA data_version")
            if version == self._version:
                return
            self._version = version
        self.commit += 1
        self._people()
        self._messages()

    def _people(self) -> None:
        gone = []
        for contact_id, zone, email, phone, erased, merged, *addresses in self.read(
            "SELECT id, zone, email_suppressed, phone_suppressed, erased_at, merged_into, email, phone FROM contacts"
        ):
            if erased is not None and merged is None and contact_id not in self.tombs:
                gone.append(contact_id)
            elif any(addresses):
                self.addresses[contact_id] = (addresses[0], addresses[1])
            self.zones[contact_id] = zone
            if merged is not None and self.merged.get(contact_id) != merged:
                self.merged[contact_id] = merged
                self.merges[merged] = self.commit
            if erased is not None:
                self.erased.setdefault(contact_id, self.commit)
            for channel, reason in (("email", email), ("sms", phone)):
                if reason is None:
                    self.silenced.pop((contact_id, channel), None)
                else:
                    self.silenced.setdefault((contact_id, channel), self.commit)
        for contact_id in gone:
            self._has_gone(contact_id)
        for name, paused in self.read("SELECT name, paused_at FROM journeys"):
            if paused is None:
                self.paused.pop(name, None)
            else:
                self.paused.setdefault(name, self.commit)
        newest = max(self.consents, default=0)
        columns = ("id", "contact_id", "topic", "channel", "given", "occurred_at", "how")
        for row in self.read(f"SELECT {', '.join(columns)} FROM consents WHERE id > {newest} ORDER BY id"):
            self.consents[row[0]] = (dict(zip(columns, row, strict=True)), self.commit)

    def _has_gone(self, contact_id: int) -> None:
        """Somebody was erased by this commit: nothing of hers goes on, and what she had is nobody's address any more."""
        hers = {contact_id, *(each for each, now in self.merged.items() if now == contact_id)}
        for each in hers:
            for channel, address in zip(("email", "sms"), self.addresses.get(each, ()), strict=False):
                if address is not None:
                    self.closed[channel, address] = self.commit
        going = self.read(
            f"SELECT id, journey FROM enrollments WHERE contact_id = {contact_id} AND status = 'active'"
        )
        unsent = self.read(
            f"SELECT key, state FROM messages WHERE contact_id = {contact_id} "
            "AND state IN ('scheduled', 'leased', 'deferred')"
        )
        if going or unsent:
            raise Broken(f"person {contact_id} was erased, and {(going + unsent)[:3]} go on")
        self.tombs[contact_id] = self._left_of(contact_id)

    def _left_of(self, contact_id: int) -> tuple[int, int]:
        """How many runs and messages there are of her."""
        counts = [
            self.read(f"SELECT COUNT(*) FROM {table} WHERE contact_id = {contact_id}")
            for table in ("enrollments", "messages")
        ]
        return int(counts[0][0][0]), int(counts[1][0][0])

    def left_alone(self) -> None:
        """Nothing was begun with who was erased, and nothing written to her."""
        for contact_id, had in self.tombs.items():
            if (has := self._left_of(contact_id)) != had:
                raise Broken(f"person {contact_id} was erased with {had} runs and messages, and has {has}")

    def opened(self, channel: str, address: str) -> None:
        """Whoever has this address now asks to be written to again."""
        self.closed.pop((channel, address), None)

    def names_of(self, ref: str) -> list[str]:
        """What names somebody, and whoever was merged into her, and nobody else."""
        found = []
        for (person,) in self.read(f"SELECT id FROM contacts WHERE ref = '{ref}'"):
            for known in self.world.books.are(ref):
                row = self.world.people[known]
                found += [known, row["last_name"]]
                for kind in ("email", "phone"):
                    if kind in row and not self._is_shared(kind, row[kind], person):
                        found.append(row[kind])
        return sorted(set(found))

    def _is_shared(self, kind: str, address: str, person: int) -> bool:
        if sum(each.get(kind) == address for each in self.world.people.values()) > 1:
            return True
        others = f"id <> {person} AND (merged_into IS NULL OR merged_into <> {person})"
        return bool(self.read(f"SELECT id FROM contacts WHERE {kind} = '{address}' AND {others}"))

    def unnamed(self, names: Collection[str]) -> None:
        """No column of any table names her."""
        if not names:
            return
        named = re.compile(
            "|".join(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9@])" for name in names), re.IGNORECASE
        )
        for table in tables.metadata.sorted_tables:
            for row in self.read(f'SELECT * FROM "{table.name}"'):
                if found := named.search(str(row)):
                    raise Broken(f"{table.name} names {found[0]}, who was erased: {str(row)[:300]}")

    def _messages(self) -> None:
        seen, raw = {}, {}
        for values in self.read(_READ):
            key = values[0]
            before = self.messages.get(key)
            raw[key] = values
            if before is not None and self._raw[key] == values:
                seen[key] = before
                continue
            seen[key] = row = dict(zip(_NAMES, values, strict=True))
            if before is None:
                self.written[key] = self.commit
            if before is None or before["state"] != row["state"] or before["fence"] != row["fence"]:
                self._changed(row, before)
        self.messages, self._raw = seen, raw
        for key in self.ledger:
            self._agree(key)

    def _changed(self, row: Row, before: Row | None) -> None:
        key, state = row["key"], row["state"]
        anew = key not in self.marks or self.marks[key].fence != row["fence"]
        if anew and state in HANDED and state != "in_doubt":  # that is no mark: it may not leave again
            at, by = from_micros(row["handed_at"]), self.world.at_work.called
            self.marks[key] = Mark(self.commit, _address(row), at, by, row["fence"])
        if state in ARRIVED and key not in self.ledger:
            raise Broken(f"{key} is {state}, and the provider has nothing")
        if state in ("cancelled", "refused", "in_doubt") and not row["reason"]:
            raise Broken(f"{key} is {state} and nobody knows why")
        if state == "in_doubt" and before is not None and before["state"] != "in_doubt":
            self.doubts[row["reason"]] += 1
            if row["reason"] == "worker_lost":
                self._worker_is_lost(key)

    def _worker_is_lost(self, key: str) -> None:
        mark = self.marks[key]
        if mark.by not in self.world.dead and self.world.at - mark.at < LEASE:
            raise Broken(f"{key} was put in doubt, and {mark.by}, who has it, is alive and well")

    def _agree(self, key: str) -> None:
        row = self.messages.get(key)
        if row is None:
            raise Broken(f"the provider has {key}, and the outbox doesn't know it")
        if row["state"] not in HANDED and not self._goes_again(row):
            raise Broken(f"the provider has {key}, which is {row['state']}")

    def _may_repeat(self, row: Row) -> bool:
        """Its step asks for that. Who sends again by hand has looked into the ledger before."""
        return bool(row["on_doubt"] == "resend")

    def _goes_again(self, row: Row) -> bool:
        """It waits to go again to a provider that will drop it, or because its step wants that."""
        if row["state"] not in ("scheduled", "leased", "deferred"):
            return False
        repeats = self.world.temper.settles == "drops" and row["reason"] == "repeat"
        return repeats or (self._may_repeat(row) and row["reason"] == "resend")

    # --- a body leaves --------------------------------------------------------------------------

    def take(self, taken: Taken) -> None:
        """The provider keeps a body. Everything that may forbid that is looked at."""
        row = self.messages[taken.key]
        before = self.ledger.setdefault(taken.key, [])
        if before and not self._may_repeat(row):
            raise Broken(f"{taken.key} was sent twice: by {before[-1].by} and {taken.by}")
        self._same_bytes(taken)
        before.append(taken)
        self._allowed(row, taken)

    def again(self, taken: Taken) -> None:
        """A body that the provider has already, and drops. It left all the same."""
        self._same_bytes(taken)
        self._allowed(self.messages[taken.key], taken)

    def _same_bytes(self, taken: Taken) -> None:
        if any(before.digest != taken.digest for before in self.ledger[taken.key]):
            raise Broken(f"{taken.key} was sent with other bytes the second time")

    def _allowed(self, row: Row, taken: Taken) -> None:
        mark = self.marks.get(taken.key)
        marked, at = (mark.commit, mark.at) if mark else (self.commit + 1, taken.at)
        address = mark.address if mark else _address(row)  # since then she may have been merged into another
        self._forbidden(row, marked, "to somebody who was silenced", self.silenced.get(address))
        self._forbidden(row, marked, "to somebody who was erased", self.erased.get(row["contact_id"]))
        closed = self.closed.get((row["channel"], taken.recipient))
        self._forbidden(row, marked, "to the address of somebody who was erased", closed)
        self._forbidden(row, marked, "of a paused journey", self.paused.get(row["journey"]))
        if row["expires_at"] is not None and at >= from_micros(row["expires_at"]):
            raise Broken(f"{taken.key} was handed over after it had expired")
        if row["class"] == "transactional":
            self._helped_once(row)
            return
        if self.merges.get(row["contact_id"], 0) <= marked:  # else it was another one's when it was marked
            self._consent(row, marked)
            self._quiet(row, at)
            self._cap(row, at)

    def _forbidden(self, row: Row, marked: int, what: str, since: int | None) -> None:
        if since is not None and marked >= since:
            raise Broken(f"{row['key']} left, {what} (commit {since}; marked at {marked}, now {self.commit})")

    def _consent(self, row: Row, marked: int) -> None:
        """The last word about it, by when it was said."""
        said = [
            (consent["occurred_at"], consent["id"], consent["given"], commit)
            for consent, commit in self.consents.values()
            if self.merged.get(consent["contact_id"], consent["contact_id"]) == row["contact_id"]
            and consent["topic"] == row["topic"]
            and consent["channel"] in (None, row["channel"])
            and not (consent["topic"] == DOUBLE and consent["how"] == FORM)  # anybody may have filled that in
        ]
        if not said:
            raise Broken(f"{row['key']} left without anybody's consent")
        *_, given, commit = max(said)
        if not given:
            self._forbidden(row, marked, "to somebody who opted out", commit)

    def _quiet(self, row: Row, at: datetime) -> None:
        if quiet(row["channel"], self.zones[row["contact_id"]], at):
            raise Broken(f"{row['key']} was handed over in quiet hours ({at:%d %H:%M} UTC)")

    def _cap(self, row: Row, at: datetime) -> None:
        since = at - timedelta(hours=CAP_HOURS)
        recent = [
            key
            for key in self.ledger.keys() & self.marks.keys()
            if (other := self.messages.get(key))
            and other["contact_id"] == row["contact_id"]
            and other["class"] != "transactional"
            and since < self.marks[key].at <= at
        ]
        if len(recent) > CAP:
            raise Broken(f"{row['key']} is one more than the cap lets out: {sorted(recent)}")

    def _helped_once(self, row: Row) -> None:
        """Who asks for help has one answer in a day. Two who were merged since may have had one each."""
        since = self.merges.get(row["contact_id"], 0)
        if row["template"] != "help" or self.written[row["key"]] <= since:
            return
        for key in self.ledger.keys() - {row["key"]}:
            other = self.messages[key]
            if (
                other["template"] == "help"
                and other["contact_id"] == row["contact_id"]
                and self.written[key] > since
                and abs(from_micros(other["planned_at"]) - from_micros(row["planned_at"]))
                < timedelta(hours=24)
            ):
                raise Broken(f"{key} and {row['key']} both answer one call for help")

    def waits(self, person: int, topic: str) -> bool:
        """Whether a yes of hers waits for her to confirm it."""
        said = sorted(
            (consent["id"], consent["given"], consent["channel"], consent["how"])
            for consent, _ in self.consents.values()
            if self.merged.get(consent["contact_id"], consent["contact_id"]) == person
            and consent["topic"] == topic
        )
        asked = [id_ for id_, given, _, how in said if given and how == FORM]
        settled = [id_ for id_, given, channel, how in said if not given or (how != FORM and channel is None)]
        return max(asked, default=0) > max(settled, default=0) and person not in self.tombs

    def confirmed(self, person: int) -> int:
        """How often she has confirmed something."""
        ((count,),) = self.read(
            f"SELECT COUNT(*) FROM consents WHERE contact_id = {person} AND how = 'double opt-in'"
        )
        return int(count)

    def noes(self, *refs: str) -> set[tuple[str, str]]:
        """The topics and channels to which one of these people last said no."""
        named = ", ".join(f"'{ref}'" for ref in refs)
        return set(
            self.read(
                "SELECT topic, channel FROM permissions p JOIN contacts c ON c.id = p.contact_id "
                f"WHERE NOT p.given AND c.ref IN ({named})"
            )
        )

    def are_one(self, contact_id: int) -> None:
        """Of somebody who has just been merged into another nothing is left, and she is in nothing twice."""
        for table in (*OF_PEOPLE, "enrollments", "messages"):
            left = self.read(
                f"SELECT c.ref FROM {table} t JOIN contacts c ON c.id = t.contact_id WHERE c.merged_into IS NOT NULL"
            )
            if left:
                raise Broken(f"{table} of {left[0][0]}, who was merged")
        twice = self.read(
            f"SELECT journey, key FROM enrollments WHERE contact_id = {contact_id} AND status = 'active' "
            "GROUP BY journey, key HAVING COUNT(*) > 1"
        )
        if twice:
            raise Broken(f"person {contact_id}, who is two, is in {twice[0]} twice")

    def crashed(self, called: str) -> None:
        """At most one wave is in doubt after a crash."""
        caught = [
            key
            for key, row in self.messages.items()
            if row["state"] == "handover" and self.marks[key].by == called
        ]
        if len(caught) > self.world.temper.connections:
            raise Broken(f"{called} died with {len(caught)} messages in the air")


def _address(row: Row) -> tuple[int, str]:
    return row["contact_id"], row["channel"]


@lru_cache
def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def quiet(channel: str, zone: str, at: datetime) -> bool:
    """Whether the clock on her wall says that this channel is quiet."""
    wall = at.astimezone(ZoneInfo(zone))
    begins, ends = map(_minutes, QUIET[channel])
    minute = wall.hour * 60 + wall.minute
    return minute >= begins or minute < ends
