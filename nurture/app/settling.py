"""What a message's state becomes: after the provider's answer, after the gate's no, and where nothing can be rendered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from nurture.app.changes import OURS
from nurture.channels.base import Outcome, OutcomeKind, Trouble
from nurture.engine import retry
from nurture.limits import Allow, Cancel, GateVerdict
from nurture.store import enrollments, messages
from nurture.store.engine import Tx
from nurture.store.repeats import AGAIN, REPEAT, RESENT

Row = Mapping[str, Any]
Settlement = dict[str, Any]


def unanswered(message_id: int, error: Exception) -> Outcome:
    """The carrier itself failed after the mark: what it did with the message nobody knows."""
    return Outcome(
        message_id, OutcomeKind.IN_DOUBT, "", f"The carrier failed while sending ({type(error).__name__})."
    )


def unprepared(message_id: int, error: Exception) -> Outcome:
    """The carrier itself failed before the mark: nothing has left, and the others are not to wait for one that it
    can't bear."""
    said = f"The carrier failed before sending ({type(error).__name__})."
    return Outcome(message_id, OutcomeKind.DEFERRED, "", said)


def event(row: Row, outcome: Outcome, now: datetime) -> dict[str, Any] | None:
    """What an outcome tells journeys: `email_sent`, or `email_bounced` for an address that does not exist."""
    if row["recipient"]:  # what becomes of a message to somebody else is nothing that happened to the person
        return None
    if outcome.kind is OutcomeKind.ACCEPTED:
        verb = "sent"
    elif outcome.suppress:
        verb = "bounced"
    else:
        return None
    return told_by_us(row, verb, outcome.at or now, now)


def counted(outcomes: Sequence[Outcome]) -> Counter[str]:
    """What of these answers a channel is judged by: how many messages were `delivered`, or refused for their address
    or by policy, and how many by `policy`."""
    policy = sum(each.trouble is Trouble.POLICY for each in outcomes)
    taken = sum(each.kind is OutcomeKind.ACCEPTED or each.suppress is not None for each in outcomes)
    return Counter(delivered=taken + policy, policy=policy)


def told_by_us(row: Row, verb: str, at: datetime, now: datetime) -> dict[str, Any]:
    """The inbox row of what the product itself tells of a message: `sent`, `bounced`."""
    return {
        "name": f"{row['channel']}_{verb}",
        "person": {"ref": None, "email": None, "phone": None, "message": row["key"]},
        "occurred_at": at,
        "received_at": now,
        "source": OURS,
        # the same in whatever batches it was written; those that are told together are neighbours in the indexes
        "source_id": f"{verb}:{row['planned_at']:%Y%m%d%H%M%S}:{row['key']}",
        "payload": {
            "message": row["key"],
            "journey": row["journey"],
            "step": row["step"],
            "template": row["template"],
        },
    }


def settle(tx: Tx, settlements: Sequence[Settlement], now: datetime) -> Collection[int]:
    """Write settlements, and wake the runs whose message is done. Gives the messages that were ours to settle."""
    if not settlements:
        return ()
    done = {settled["id"] for settled in settlements if settled["done_at"] is not None}
    ours = messages.settle(tx, settlements)
    enrollments.wake(tx, [run for message_id, run in ours.items() if run and message_id in done], now)
    return ours.keys()


def _settlement(row: Row, state: str, now: datetime, **values: Any) -> Settlement:
    return {
        "id": row["id"],
        "fence": row["fence"],
        "state": state,
        "reason": None,
        "due_at": row["due_at"],
        "done_at": None if state in ("deferred", "scheduled") else now,
        "accepted_at": None,
        "provider_id": None,
        "outcome": None,
        "code": "",
        "detail": "",
        "at": now,
        "attempts": row["attempts"] + (values.get("outcome", messages.GATE) != messages.GATE),
        **values,
    }


def not_now(row: Row, verdict: GateVerdict, now: datetime) -> Settlement:
    """The gate said later or never. What a pause holds stays due, and leaves when the pause ends."""
    assert not isinstance(verdict, Allow)
    perhaps = _perhaps(row)
    if isinstance(verdict, Cancel):
        state, done_at = ("in_doubt", _done_at(row, now)) if perhaps else ("cancelled", now)
        said = _said_anew(row, verdict.reason)
        return _settlement(row, state, now, reason=verdict.reason, done_at=done_at, **said)
    until = row["due_at"] if verdict.reason == "paused" else verdict.until
    said = _said_anew(row, verdict.reason, until.isoformat())
    return _settlement(row, "deferred", now, reason=perhaps or verdict.reason, due_at=until, **said)


def _perhaps(row: Row) -> str | None:
    """Why a message goes again that may have arrived, and is no less in doubt for what comes between."""
    return row["reason"] if row["reason"] in AGAIN else None


def _said_anew(row: Row, reason: str, until: str = "") -> dict[str, Any]:
    """An entry for the message's history, where the gate did not say the same before."""
    return {} if row["reason"] == reason else {"outcome": messages.GATE, "code": reason, "detail": until}


def handed_at(row: Row, now: datetime) -> datetime:
    """When a message that is handed over now was first: for a repeat, the provider counts from there."""
    first: datetime | None = row["handed_at"] if row["reason"] == REPEAT else None
    return first or now


def unfit(row: Row, why: str, now: datetime) -> Settlement:
    """It can't be made."""
    return _refused(row, now, reason="unfit", outcome="refused", code="unfit", detail=why)


def _refused(row: Row, now: datetime, **said: Any) -> Settlement:
    """It will not leave. What goes again may have arrived the first time, and is no less in doubt for that."""
    if _perhaps(row):
        return _settlement(row, "in_doubt", now, done_at=_done_at(row, now), **said)
    return _settlement(row, "refused", now, **said)


def still_in_doubt(row: Row, now: datetime) -> Settlement:
    """It was to go again and must not: what became of it the first time nobody knows."""
    return _settlement(row, "in_doubt", now, reason="reply_lost", done_at=_done_at(row, now))


def _done_at(row: Row, now: datetime) -> datetime | None:
    """When a message in doubt is done with: now, or when somebody says a word to it."""
    return None if row["on_doubt"] == "hold" else now


def result(row: Row, outcome: Outcome, now: datetime) -> Settlement:
    """What the provider's answer makes of a message."""
    said = {"outcome": outcome.kind.value, "code": outcome.code, "detail": outcome.detail}
    match outcome.kind:
        case OutcomeKind.ACCEPTED:
            at = outcome.at or now
            return _settlement(
                row, "accepted", now, accepted_at=at, done_at=at, provider_id=outcome.provider_id, **said
            )
        case OutcomeKind.REFUSED:
            return _refused(row, now, reason=outcome.code or "refused", **said)
        case OutcomeKind.IN_DOUBT if row["on_doubt"] != "resend":
            return _settlement(row, "in_doubt", now, reason="reply_lost", done_at=_done_at(row, now), **said)
        case OutcomeKind.DEFERRED | OutcomeKind.IN_DOUBT:
            again = retry.after(row["attempts"] + 1, row["key"], now, row["expires_at"])
            perhaps = RESENT if outcome.kind is OutcomeKind.IN_DOUBT else _perhaps(row)
            if isinstance(again, retry.RetryAt):
                reason = perhaps or outcome.code
                return _settlement(row, "deferred", now, reason=reason, due_at=again.at, **said)
            over = "cancelled" if again.reason == "expired" else "refused"
            return _settlement(row, "in_doubt" if perhaps else over, now, reason=again.reason, **said)
