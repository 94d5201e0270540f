"""What mail providers tell of a message, in our words.

A provider reads its own webhook and says with `About` what it means. What it tells of mails that are not ours names
no key; whoever takes it in decides about that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from nurture.channels.base import MEANINGS, Heard, OutcomeKind, Receipt, Stop, Trouble, scrub
from nurture.channels.visitors import PROXY, classify
from nurture.model import Channel, NewEvent, Person

KEY = "nurture"  # the name under which a provider keeps our key with a message, where it may have one
_LONGEST = 200
_ABOUT_US = (Trouble.POLICY, Trouble.CONTENT, Trouble.RATE)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a mail did not arrive. `said` are the other side's words, without addresses; several that are `soft` in a row
    suppress the address."""

    code: str
    reason: str
    permanent: bool
    suppress: str | None = None
    said: str = ""
    soft: bool = False
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class About:
    """Of which message a provider speaks, and when that happened."""

    source: str
    recipient: str
    key: str | None  # ours, if the provider kept it
    provider_id: str
    at: datetime

    def taken(self) -> Heard:
        """The provider has it: that ends doubt."""
        return Heard(receipts=(Receipt(self.key, self.provider_id),) if self.key else ())

    def delivered(self, id_: str) -> Heard:
        return self._event("delivered", id_, {})

    def opened(self, id_: str, agent: str, *, proxy: bool = False) -> Heard:
        return self._event("opened", id_, {"class": self._visitor(agent, proxy)})

    def clicked(self, id_: str, link: str, agent: str) -> Heard:
        return self._event("clicked", id_, {"class": self._visitor(agent), "link": link})

    def bounced(self, id_: str, failure: Failure) -> Heard:
        said: dict[str, Any] = {"said": scrub(failure.said, self.recipient)} if failure.said else {}
        said |= {"soft": True} if failure.soft else {}
        said |= {"trouble": failure.trouble.value} if failure.trouble else {}
        why = {
            "code": failure.code,
            "reason": failure.reason,
            "permanent": failure.permanent,
            "suppress": failure.suppress,
        }
        return self._event("bounced", id_, why | said)

    def complained(self, id_: str) -> Heard:
        return self._event("complained", id_, {})

    def unsubscribed(self, where: str) -> Heard:
        """The person asked the provider, named as people know it, for no more mail."""
        stop = Stop(
            Person(email=self.recipient or None),
            Channel.EMAIL,
            f"unsubscribed at {where}",
            self.at,
            self.key,
            self.provider_id or None,
        )
        return replace(self.taken(), stops=(stop,))

    def _visitor(self, agent: str, proxy: bool = False) -> str:
        return PROXY if proxy else classify({"user-agent": agent}, None, self.at)

    def _event(self, verb: str, id_: str, payload: Mapping[str, Any]) -> Heard:
        event = NewEvent(
            f"email_{verb}",
            Person(email=self.recipient or None),
            self.at,
            self.source,
            id_,
            {"provider_id": self.provider_id, **payload},
            message_key=self.key,
        )
        named = self.key or self.recipient or self.provider_id
        return replace(self.taken(), events=(event,) if named else ())


def failure(
    said: str, status: str = "", *, hard: bool | None = None, reason: str | None = None, code: str = ""
) -> Failure:
    """What the other side's words mean. `hard` and `reason` (of `returns.reasons`) are what the provider makes of them.

    An address is suppressed where the provider calls the failure permanent, or says nothing and the words do; never
    where they are about us: our reputation, our mail, our pace. A refusal with 5.7.x is about us, whatever the provider
    makes of it.
    """
    # these take a while to load, and `nurture check` needs none of it
    from nurture.channels.returns.judging import is_of_policy, judge
    from nurture.channels.returns.reasons import MEANINGS as REASONS
    from nurture.channels.returns.reasons import Reason

    judged, found = judge(said, status)
    of_policy = is_of_policy(said, found)
    why = Reason(reason) if reason and not of_policy else judged
    if hard and why is Reason.UNCLEAR:
        why = Reason.UNKNOWN_USER
    meaning = REASONS[why]
    gone = meaning.hard if hard is None else hard and not of_policy and meaning.trouble not in _ABOUT_US
    permanent = gone or (found.startswith("5") if hard is None else hard)
    return Failure(
        found or code,
        meaning.words,
        permanent,
        "hard_bounce" if gone else None,
        said,
        meaning.counts and not gone,
        meaning.trouble,
    )


def dropped(trouble: Trouble, code: str, said: str = "") -> Failure:
    """What a provider took over and then never sent."""
    meaning = MEANINGS[trouble]
    return Failure(code, meaning.words, meaning.kind is OutcomeKind.REFUSED, meaning.suppress, said)


def together(heard: Iterable[Heard]) -> Heard:
    """What several notes in one request say."""
    each = list(heard)
    return Heard(
        tuple(event for one in each for event in one.events),
        tuple(stop for one in each for stop in one.stops),
        tuple(preference for one in each for preference in one.preferences),
        tuple(receipt for one in each for receipt in one.receipts),
    )


# --- reading what somebody else wrote ----------------------------------------------------------


def documents(body: bytes) -> list[Mapping[str, Any]]:
    """The notes in a request's body: one as it is, or several in a list."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return []
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]


def document(body: bytes) -> Mapping[str, Any]:
    """A body that is one note; where it is none, an empty table."""
    return next(iter(documents(body)), {})


def table(value: object) -> Mapping[str, Any]:
    """`value` if it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def tables(value: object) -> list[Mapping[str, Any]]:
    """The tables in `value` if it is a list, else none."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def first(value: object) -> Mapping[str, Any]:
    """The first table in `value`, else an empty one."""
    return next(iter(tables(value)), {})


def first_text(value: object) -> str:
    """`value` as a text, or the first where there are several."""
    return text(value[0] if isinstance(value, list) and value else value)


def text(value: object) -> str:
    """`value` if it is a text or a number, else nothing; without what no database keeps (NUL, half a character)."""
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return ""
    written = str(value)
    if written.isprintable():
        return written
    return written.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def key(value: object) -> str | None:
    """Our key, as a provider gives it back."""
    return text(value)[:_LONGEST] or None


def seconds(value: object, now: datetime, per_second: int = 1) -> datetime:
    """An instant in seconds since 1970, or parts of them, not later than now; now where there is none."""
    try:
        return min(datetime.fromtimestamp(float(text(value)) / per_second, UTC), now)
    except (ValueError, OverflowError, OSError):
        return now


def instant(value: object, now: datetime) -> datetime:
    """An instant in ISO 8601, not later than now; now where there is none."""
    try:
        found = datetime.fromisoformat(text(value))
    except ValueError:
        return now
    return min(found, now) if found.tzinfo else now


def moment(date: str | None) -> datetime | None:
    """The time that a Date header names; None where it names none."""
    try:
        return parsedate_to_datetime(date).astimezone(UTC) if date else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def identity(*parts: object) -> str:
    """What makes an event one, where the provider numbers none: of all that tells it from others."""
    return hashlib.blake2b("\n".join(map(text, parts)).encode(), digest_size=16).hexdigest()
