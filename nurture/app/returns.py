"""Mails that came back: read, and put into the inbox as what they tell of our messages. Each of them once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nurture.app import feedback, mailbox_place
from nurture.app.ingest import about_message, ingest
from nurture.app.runtime import Runtime
from nurture.channels import returns
from nurture.channels.base import MEANINGS as TROUBLES
from nurture.channels.base import OutcomeKind, Stop
from nurture.channels.returns import Kind, Returned, verp
from nurture.channels.returns.judging import Failure
from nurture.channels.told import moment
from nurture.model import HERSELF, Channel, NewEvent, Person
from nurture.store import messages

if TYPE_CHECKING:
    from nurture.channels.returns.mailbox import Mailbox

SOURCE = "mail"
BATCH = 50
LEFT = "not understood"
_SAID = {
    Kind.BOUNCE: "bounces",
    Kind.COMPLAINT: "complaints",
    Kind.DELAY: "delays",
    Kind.DELIVERED: "delivered",
    Kind.AUTO_REPLY: "automatic replies",
    Kind.ABSENCE: "absences",
    Kind.FEEDBACK: "other feedback",
}
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a mail turned out to be. `what` is how it is counted; None of `event`: it changes nothing.

    `finished`: nobody needs to look at it any more. An answer is for people to read, so it is not; nor is what
    speaks of none of our messages.
    """

    what: str
    event: NewEvent | None = None
    finished: bool = True
    stop: Stop | None = None

    @property
    def understood(self) -> bool:
        return self.what != LEFT

    def in_words(self) -> str:
        """For whoever handed the mail in: what it is, of which message, and why it came back."""
        if self.event is None:
            return self.what
        told = self.event.payload
        about = "/".join(str(told[name]) for name in ("journey", "step") if told[name])
        code, reason = told.get("code"), told.get("reason")
        why = f": {reason}{f' ({code})' if code else ''}" if reason else ""
        return f"{self.what} of {about or 'a test mail'}{why}"


def take(runtime: Runtime, raws: Sequence[bytes], now: datetime) -> list[Taken]:
    """What each of these mails is, with what it tells committed when this returns. The same mail again adds nothing."""
    read = [returns.read(raw) for raw in raws]
    found = _messages(runtime, read)
    taken = [
        _taken(each, _message(runtime, each, found), raw, now) for each, raw in zip(read, raws, strict=True)
    ]
    for stop in (each.stop for each in taken if each.stop is not None):
        feedback.unsubscribe(runtime, stop, HERSELF.by, now)
    ingest(runtime.store, [each.event for each in taken if each.event is not None], now)
    return taken


# --- which message ---------------------------------------------------------------------------


def _messages(runtime: Runtime, read: Iterable[Returned]) -> dict[str, Row]:
    keys = {key for each in read for key in _keys(runtime, each)}
    if not keys:
        return {}
    with runtime.store.read() as tx:
        return messages.by_keys(tx, keys)


def _keys(runtime: Runtime, returned: Returned) -> list[str]:
    """Keys of messages that a mail may speak of: those of return paths before those of Message-IDs."""
    base, secrets = runtime.return_path, [secret for _, secret in runtime.settings.secrets]
    paths = (*returned.to, *returned.sent_by)
    own = [verp.key_in(address, base, secrets) for address in paths] if base else []
    return [
        *(key for key in own if key),
        *(message_id.partition("@")[0].lower() for message_id in (*returned.about, *returned.answers)),
    ]


def _message(runtime: Runtime, returned: Returned, found: Mapping[str, Row]) -> Row | None:
    known = (found[key] for key in _keys(runtime, returned) if key in found)
    return next((row for row in known if row["channel"] == Channel.EMAIL.value), None)


# --- what it tells ---------------------------------------------------------------------------


def _taken(returned: Returned, row: Row | None, raw: bytes, now: datetime) -> Taken:
    if returned.kind is Kind.OTHER:
        answers = row is not None and any(each.startswith(row["key"]) for each in returned.answers)
        if row is None or not answers:
            return Taken(LEFT, finished=False)
        event = _event(row, "replied", {}, returned, raw, now)
        if not returned.stop:
            return Taken("answers", event, finished=False)
        stop = Stop(Person(), Channel.EMAIL, "answer by mail", at=event.occurred_at, message_key=row["key"])
        return Taken("opt-outs", event, finished=False, stop=stop)
    said = _SAID[returned.kind]
    if row is None:  # somebody else's affair, who may have this mailbox too
        return Taken(f"{said} of no message of ours", finished=False)
    if returned.kind in (Kind.DELAY, Kind.AUTO_REPLY, Kind.ABSENCE, Kind.FEEDBACK):
        return Taken(said, finished=returned.kind is not Kind.ABSENCE)  # words alone may be a person's
    match returned.kind:
        case Kind.BOUNCE:
            final = next(each for each in returned.failures if not each.delayed)
            return Taken(said, _event(row, "bounced", why(final), returned, raw, now))
        case Kind.COMPLAINT:
            return Taken(said, _event(row, "complained", {}, returned, raw, now))
        case _:
            return Taken(said, _event(row, "delivered", {}, returned, raw, now))


def why(failure: Failure) -> dict[str, Any]:
    """What an event tells of a bounce. `soft`: several of them in a row suppress the address."""
    meaning = failure.meaning
    return {
        "code": failure.code,
        "reason": meaning.words,
        "permanent": TROUBLES[meaning.trouble].kind is OutcomeKind.REFUSED,
        "suppress": "hard_bounce" if meaning.hard else None,
        "soft": meaning.counts,
        "trouble": meaning.trouble.value,
        "said": failure.said,
    }


def _event(
    row: Row, verb: str, payload: Mapping[str, Any], returned: Returned, raw: bytes, now: datetime
) -> NewEvent:
    mail = hashlib.blake2b(returned.message_id.encode() or raw, digest_size=10).hexdigest()
    return NewEvent(
        f"email_{verb}",
        Person(),
        _when(returned, row, now),
        SOURCE,
        f"{verb}:{row['key']}:{mail}",
        {**about_message(row), **payload},
        message_key=row["key"],
    )


def _when(returned: Returned, row: Row, now: datetime) -> datetime:
    """When the mail was written, as far as that can be: between its message's handover and now."""
    written = moment(returned.date)
    return min(max(written, row["handed_at"] or written), now) if written else now


# --- the mailbox ------------------------------------------------------------------------------


def collect(runtime: Runtime, now: datetime) -> Counter[str]:
    """Read what has come into the mailbox. Raises NurtureError where it can't be read.

    What mails tell is committed before they are marked as read, and how far they were read after that: who dies
    between reads some again, and what they tell is known already.
    """
    from nurture.channels.returns.mailbox import opened

    counts: Counter[str] = Counter()
    config = runtime.settings.returns
    if config is None:
        return counts
    with opened(config) as mailbox:
        before = _place(runtime)
        place = before.of(mailbox.validity, f"{config.user}@{config.host}/{config.folder}")
        waiting = mailbox.newer(place.read_to)
        put_away = mailbox.delete if config.delete else mailbox.mark_read
        for start in range(0, len(waiting), BATCH):
            if runtime.stopping():
                break
            uids = waiting[start : start + BATCH]
            taken = _read(runtime, mailbox, uids, now)
            if finished := [uid for uid, each in taken.items() if each.finished]:
                put_away(finished)
            left = [uid for uid, each in taken.items() if not each.understood]
            place = replace(place, read_to=uids[-1], left=(*place.left, *left))
            _keep(runtime, place)
            counts.update(each.what for each in taken.values())
        place = replace(place, left=tuple(mailbox.unread(place.left)))
        if place != before:
            _keep(runtime, place)
    return counts


def _read(runtime: Runtime, mailbox: Mailbox, uids: Sequence[int], now: datetime) -> dict[int, Taken]:
    """What these mails are, by UID. Those that are gone are not among them."""
    fetched = {uid: raw for uid in uids if (raw := mailbox.fetch(uid)) is not None}
    return dict(zip(fetched, take(runtime, list(fetched.values()), now), strict=True))


def _place(runtime: Runtime) -> mailbox_place.Place:
    with runtime.store.read() as tx:
        return mailbox_place.read(tx)


def _keep(runtime: Runtime, place: mailbox_place.Place) -> None:
    with runtime.store.begin() as tx:
        mailbox_place.keep(tx, place)
