"""The ladder of doubt: what can be found out about messages whose answer was lost, before anybody has to decide.

First the provider is asked, where it can be. Else the same message is handed over again, where the provider drops a
second one with the same key. What neither settles stays in doubt: for a webhook or a click that bears its key, and
for what its step says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from nurture import faults
from nurture.app import pacing, people
from nurture.app.runtime import Runtime
from nurture.channels.base import Found, Searches, Sought, Whereabouts
from nurture.model import ADDRESS, Channel
from nurture.store import contacts, messages, restoring
from nurture.store.engine import Tx
from nurture.store.repeats import LEFT, REPEAT

if TYPE_CHECKING:
    from nurture.channels.base import Carrier

Row = Mapping[str, Any]
LATELY = timedelta(days=2)  # providers keep what they can be asked about, and keys, for about so long
# why messages are in doubt; others of them were to go again and must not: the gate, an opt-out or an exit said so
_LOST = ("reply_lost", "worker_lost")
AHEAD = timedelta(minutes=1)  # more than clocks differ that are right
UNDATED = "undated"  # handed over by a clock that was ahead: nobody knows for how long a second one would be dropped
AGAIN = timedelta(minutes=10)  # a message that nothing was found out about is asked after again


def climb(runtime: Runtime, carriers: Mapping[Channel, Carrier], now: datetime) -> Counter[str]:
    """Settle what can be settled of the messages in doubt; how many were found, and how many go again."""
    able = [channel for channel, carrier in carriers.items() if _is_able(carrier)]
    if not able:
        return Counter()
    with runtime.store.read() as tx:
        doubtful = [row for row in messages.doubtful(tx) if row["channel"] in able]
        at = pacing.real(
            runtime, tx, now
        )  # not before they are read: another may have handed one over meanwhile
        undated = [] if runtime.wait is None else [row for row in doubtful if _is_undated(row, at)]
        rows = [row for row in doubtful if _is_open(runtime, carriers[row["channel"]], row, at)]
        known = contacts.rows(tx, {row["contact_id"] for row in rows})
    found = {
        each.message_id: each
        for channel in able
        for each in _search(carriers[channel], [row for row in rows if row["channel"] == channel], known)
    }
    runtime.asked_after.update({row["id"]: at for row in rows})
    again = [row for row in rows if _goes_again(carriers[row["channel"]], row, found, at)]
    arrived = [row for row in rows if _is(found, row, Whereabouts.ARRIVED)]
    if arrived or again or undated:
        with runtime.store.begin() as tx:
            messages.lock_contacts(tx, {row["contact_id"] for row in (*arrived, *again, *undated)})
            for row in undated:
                messages.resolve(tx, row["id"], row["fence"], {"reason": UNDATED})
            _settle(tx, arrived, again, found, now)
            faults.point("doubt.before_commit")
        faults.point("doubt.after_commit")
    return Counter({"found": len(arrived), "resent": len(again)})


def _is_able(carrier: Carrier) -> bool:
    return isinstance(carrier, Searches) or carrier.features.idempotency is not None


def _is_undated(row: Row, at: datetime) -> bool:
    """Whether it would have been handed over in the future."""
    return row["reason"] in _LOST and row["handed_at"] > at + AHEAD


def _is_open(runtime: Runtime, carrier: Carrier, row: Row, now: datetime) -> bool:
    """Whether it is worth a look: it went out lately, has had time to appear there, and wasn't asked after a moment
    ago."""
    seen_from = row["handed_at"] + (carrier.appears_within if isinstance(carrier, Searches) else timedelta())
    asked = runtime.asked_after.get(row["id"])
    return seen_from <= now < row["handed_at"] + LATELY and (asked is None or asked + AGAIN <= now)


def _search(carrier: Carrier, rows: Sequence[Row], known: Mapping[int, Row]) -> Sequence[Found]:
    """What the provider says of these messages, where it can be asked."""
    if not isinstance(carrier, Searches) or not rows:
        return ()
    return carrier.search([_sought(row, known) for row in rows])


def _sought(row: Row, known: Mapping[int, Row]) -> Sought:
    kind = ADDRESS.get(row["channel"])
    own = known[row["contact_id"]].get(kind) if kind and row["contact_id"] in known else None
    return Sought(row["id"], row["key"], row["recipient"] or own or "", row["handed_at"])


def _is(found: Mapping[int, Found], row: Row, whereabouts: Whereabouts) -> bool:
    return row["id"] in found and found[row["id"]].whereabouts is whereabouts


def _goes_again(carrier: Carrier, row: Row, found: Mapping[int, Found], now: datetime) -> bool:
    """Whether it isn't there for certain, or the provider would drop a second one; not against somebody's word."""
    if row["reason"] == LEFT:
        return False
    if _is(found, row, Whereabouts.ABSENT):
        return True
    repeats = row["reason"] in _LOST and _drops_repeats(carrier, row, now)
    return repeats and not _is(found, row, Whereabouts.ARRIVED)


def _drops_repeats(carrier: Carrier, row: Row, now: datetime) -> bool:
    """Whether a second message now is dropped for certain: half of the time that the provider names is left."""
    window = carrier.features.idempotency
    return window is not None and now - row["handed_at"] < window / 2


def too_late(
    runtime: Runtime, tx: Tx, carriers: Mapping[Channel, Carrier], rows: Sequence[Row], now: datetime
) -> list[Row]:
    """Those of these leased messages that were to be repeated while the provider drops a second one, and that waited
    for too long: behind a limit, or for a pause to end."""
    again = [row for row in rows if row["reason"] == REPEAT]
    if not again:
        return []
    at = pacing.real(runtime, tx, now)
    return [row for row in again if not _drops_repeats(carriers[row["channel"]], row, at)]


def note(tx: Tx, ids: Iterable[int], how: str, now: datetime) -> None:
    """Tell in the history of these messages what settled the doubt about them."""
    messages.note(tx, [(id_, 0, now, messages.SETTLED, how, "") for id_ in ids])


def _settle(
    tx: Tx, arrived: Sequence[Row], again: Sequence[Row], found: Mapping[int, Found], now: datetime
) -> None:
    moved = set(messages.advance_state(tx, [row["id"] for row in arrived], "accepted", ["in_doubt"]))
    for row in arrived:
        if row["id"] in moved and (provider_id := found[row["id"]].provider_id):
            messages.name(tx, row["id"], provider_id)
    note(tx, moved, "found", now)
    people.wake_runs_of(tx, [row for row in arrived if row["id"] in moved], now)
    restoring.send(tx, now, [row["id"] for row in again if row["reason"] == restoring.REASON], "absent")
    for row in again:
        if row["reason"] == restoring.REASON:
            continue
        absent = _is(found, row, Whereabouts.ABSENT)
        kept = {"reason": None, "handed_at": None} if absent else {"reason": REPEAT}
        messages.resolve(
            tx, row["id"], row["fence"], {"state": "scheduled", "due_at": now, "done_at": None, **kept}
        )
        note(tx, [row["id"]], "absent" if absent else "repeat", now)
