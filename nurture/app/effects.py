"""What events do to people: fields, consent, activity, orders, and what came back of messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from nurture.app import changes, confirming, helping, opt_outs, people, soft_bounces
from nurture.app.changes import OURS, Occasion
from nurture.app.runtime import Runtime
from nurture.channels.base import Trouble
from nurture.model import Basis
from nurture.store import contacts, coupons, enrollments, events, messages, orders, stops
from nurture.store.engine import Tx
from nurture.store.types import MOST_MONEY

Row = Mapping[str, Any]
Messages = Mapping[str, Row]
_LONGEST = 500  # characters: an index of PostgreSQL takes 2,700 bytes

# What a provider or person reports: the message's column, the state it moves to, from which states.
_REPORTS: dict[str, tuple[str, str | None, tuple[str, ...]]] = {
    "delivered": ("delivered_at", "delivered", ("accepted", "in_doubt", "handover")),
    "opened": ("opened_at", None, ()),
    "clicked": ("clicked_at", None, ()),
    "bounced": ("bounced_at", "bounced", ("accepted", "delivered", "in_doubt", "handover")),
    "complained": ("complained_at", "complained", ("accepted", "delivered", "in_doubt", "handover")),
    "replied": ("replied_at", None, ()),
}


def apply(
    runtime: Runtime, tx: Tx, rows: Sequence[Row], spoken_of: Messages, heard: Collection[str], now: datetime
) -> None:
    """Apply one round of events, at most one a person. `heard` are the names that start journeys."""
    people.set_traits(runtime, tx, [row for row in rows if row["traits"]], heard, now)
    _record_consents(runtime, tx, rows, heard, now)
    _note_activity(tx, rows, now)
    _note_orders(runtime, tx, rows)
    _note_coupons(tx, rows)
    _note_reports(runtime, tx, rows, spoken_of, now)
    _remember_answers(tx, rows, spoken_of)
    helping.answer(runtime, tx, rows, now)


def _record_consents(
    runtime: Runtime, tx: Tx, rows: Sequence[Row], heard: Collection[str], now: datetime
) -> None:
    said = [
        (
            _consent(runtime, row, consent, now),
            Occasion(
                f"consent:{row['source']}:{row['source_id']}:{number}", row["occurred_at"], row["silent"]
            ),
        )
        for row in rows
        for number, consent in enumerate(row["consents"] or ())
    ]
    changes.record_consents(tx, said, heard, now)
    confirming.ask(runtime, tx, said, now)


def _consent(runtime: Runtime, row: Row, consent: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "contact_id": row["contact_id"],
        "topic": consent["topic"],
        "channel": consent["channel"],
        "given": consent["given"],
        "basis": Basis(consent["basis"]).value,
        "text_version": consent["text_version"],
        "how": consent["how"] or row["source"],
        "event_id": row["id"],
        "recorded_by": consent.get("by"),
        "ip": consent.get("ip"),
        "message_id": row["message_id"],
        "pending": confirming.is_needed(runtime, consent),
        "occurred_at": datetime.fromisoformat(consent["at"]) if consent["at"] else row["occurred_at"],
        "recorded_at": now,
    }


def _note_activity(tx: Tx, rows: Sequence[Row], now: datetime) -> None:
    events.note_activity(
        tx,
        [
            {
                "name": row["name"],
                "contact_id": row["contact_id"],
                "times": 1,
                "first_at": row["occurred_at"],
                "last_at": row["occurred_at"],
                "updated_at": now,
            }
            for row in rows
            if _is_hers(row)
        ],
    )


def _is_hers(row: Row) -> bool:
    """Not what a scanner clicked or a proxy opened."""
    return (
        not row["name"].endswith(("_clicked", "_opened")) or row["payload"].get("class", "human") == "human"
    )


def _note_orders(runtime: Runtime, tx: Tx, rows: Sequence[Row]) -> None:
    def about(name: str, columns: Callable[[Row], dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {
                "order_id": order_id,
                "contact_id": row["contact_id"],
                "currency": _text(row["payload"].get("currency")) or runtime.settings.company.currency,
                **columns(row),
            }
            for row in rows
            if row["name"] == name and (order_id := _text(row["payload"].get("order_id")))
        ]

    orders.completed(
        tx,
        about(
            "order_completed",
            lambda row: {"ordered_at": row["occurred_at"], "total": minor(row["payload"].get("total"))},
        ),
    )
    orders.delivered(tx, about("order_delivered", lambda row: {"delivered_at": row["occurred_at"]}))
    orders.cancelled(tx, about("order_cancelled", lambda row: {"cancelled_at": row["occurred_at"]}))
    orders.refunded(tx, about("order_refunded", lambda row: {"refunded": minor(row["payload"].get("total"))}))
    buyers = {row["contact_id"] for row in rows if row["name"].startswith("order_")}
    if buyers:
        contacts.refresh_order_facts(tx, buyers)


def _text(value: Any) -> str:
    """An id or a code, whatever its writer took for it, as far as an index takes it; empty where there is none."""
    return "" if value is None else str(value)[:_LONGEST]


def _note_coupons(tx: Tx, rows: Sequence[Row]) -> None:
    """A coupon that was used is a cost of the journey that gave it."""
    for row in rows:
        told = row["payload"]
        if row["name"] == "coupon_redeemed" and told.get("code"):
            order_id = _text(told.get("order_id")) or None
            coupons.redeem(tx, str(told["code"]), order_id, minor(told.get("discount")), row["occurred_at"])


def minor(amount: Any) -> int:
    """An amount in major units as whole cents; what is no number, or more than anybody pays, counts as nothing."""
    try:
        cents = Decimal(str(amount)) * 100
        return int(cents.to_integral_value()) if abs(cents) <= MOST_MONEY else 0
    except ArithmeticError:
        return 0


def _note_reports(runtime: Runtime, tx: Tx, rows: Sequence[Row], spoken_of: Messages, now: datetime) -> None:
    """Opens, clicks, deliveries, bounces and complaints, on the message and on its person."""
    by_id = {message["id"]: message for message in spoken_of.values()}
    for verb, (column, state, before) in _REPORTS.items():
        told = [row for row in rows if row["message_id"] is not None and row["name"].endswith(f"_{verb}")]
        told = [row for row in told if _is_hers(row)]
        if not told:
            continue
        messages.came_back(tx, column, _first(told))
        # a click or an open proves that a message in doubt arrived; what we tell was settled when we told it
        proven = {row["message_id"] for row in told if row["source"] != OURS}
        moved = messages.advance_state(tx, proven, state or "accepted", before or ("in_doubt", "handover"))
        people.wake_runs_of(tx, [by_id[message_id] for message_id in moved if message_id in by_id], now)
        if verb == "clicked":
            contacts.note_clicks(tx, {row["contact_id"]: row["occurred_at"] for row in told})
        if verb in ("bounced", "complained"):
            _silence(runtime, tx, told, verb, by_id, now)
        if verb == "bounced":
            _count_refusals(tx, told, by_id, now)


def _first(rows: Iterable[Row]) -> dict[int, datetime]:
    first: dict[int, datetime] = {}
    for row in rows:
        at = first.get(row["message_id"])
        first[row["message_id"]] = row["occurred_at"] if at is None else min(at, row["occurred_at"])
    return first


def _silence(
    runtime: Runtime, tx: Tx, rows: Sequence[Row], verb: str, by_id: Mapping[int, Row], now: datetime
) -> None:
    """A hard bounce and a complaint end all writing to that address; so do many bounces that aren't for good.

    What we tell ourselves closed the address when we told it.
    """
    for row in rows:
        if row["source"] == OURS:
            continue
        reason = row["payload"].get("suppress", "hard_bounce") if verb == "bounced" else "complaint"
        message = by_id.get(row["message_id"])
        if reason and message is not None:
            if message["recipient_digest"]:
                opt_outs.suppress_recipient(tx, message, reason, row["source"], now, row["occurred_at"])
                continue
            whose, channel = message["merged_from"] or row["contact_id"], message["channel"]
            sent_to, at = message["sent_to"], row["occurred_at"]
            opt_outs.suppress(runtime, tx, whose, channel, reason, row["source"], now, sent_to, at)
    if soft := [row for row in rows if verb == "bounced" and _is_soft(row, by_id)]:
        soft_bounces.look(runtime, tx, [(row, by_id[row["message_id"]]) for row in soft], now)


def _count_refusals(tx: Tx, rows: Sequence[Row], by_id: Mapping[int, Row], now: datetime) -> None:
    """What the other side's rules did not let in, told after it was accepted, counts as what they refuse at once."""
    refused = [row["message_id"] for row in rows if row["payload"].get("trouble") == Trouble.POLICY]
    for channel, count in Counter(by_id[each]["channel"] for each in refused if each in by_id).items():
        stops.tally(tx, channel, now, delivered=0, policy=count)


def _is_soft(row: Row, by_id: Mapping[int, Row]) -> bool:
    """Whether this bounce counts against the person's own address, but isn't for good."""
    message = by_id.get(row["message_id"])
    to_her = message is not None and message["recipient_digest"] is None and message["merged_from"] is None
    return to_her and row["payload"].get("soft") is True and not row["payload"].get("suppress")


def _remember_answers(tx: Tx, rows: Sequence[Row], spoken_of: Messages) -> None:
    """What somebody answered is what the step that asked brings back: `ID.score`, `ID.comment`."""
    by_id = {message["id"]: message for message in spoken_of.values()}
    for row in rows:
        asked = by_id.get(row["message_id"]) if row["name"] == "survey_answered" else None
        if asked is not None and asked["enrollment_id"] is not None and asked["step"]:
            answer = {name: row["payload"][name] for name in ("score", "comment") if name in row["payload"]}
            enrollments.remember(tx, asked["enrollment_id"], asked["step"], answer)
