"""Answers to who asks for help, or who it is that writes. They belong to no journey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from nurture import digests
from nurture.app.runtime import Runtime
from nurture.model import BY_PHONE, MessageClass
from nurture.store import keys, messages, talks
from nurture.store.engine import Tx

Row = Mapping[str, Any]

TEMPLATE = "help"
ONCE_IN = timedelta(hours=24)  # two programs that answer each other must not go on for ever
_CHANNELS = {f"{channel}_replied": channel for channel in BY_PHONE}


def answer(runtime: Runtime, tx: Tx, rows: Sequence[Row], now: datetime) -> None:
    """Put an answer into the outbox for each of these events that asks for one, at most one a person in a day. No two
    of them are of one person."""
    asking = [row for row in rows if row["name"] in _CHANNELS and _asks(runtime, row, now)]
    if not asking:
        return
    had = talks.answered(tx, [row["contact_id"] for row in asking], TEMPLATE, now - ONCE_IN)
    written = [_message(runtime, row, now) for row in asking if row["contact_id"] not in had]
    messages.write(tx, keys.apart(tx, written))


def _asks(runtime: Runtime, row: Row, now: datetime) -> bool:
    """Whether somebody asks, through the channel's own provider, and hasn't waited in vain for a day."""
    config = runtime.settings.channels.get(_CHANNELS[row["name"]])
    if config is None or config.provider != row["source"] or row["silent"]:
        return False
    if row["payload"].get("helped") or row["occurred_at"] + ONCE_IN <= now:
        return False
    from nurture.channels.keywords import Meaning, meaning  # its tables take time, and few events are answers

    return meaning(str(row["payload"].get("text", ""))) is Meaning.HELP


def _message(runtime: Runtime, row: Row, now: datetime) -> dict[str, Any]:
    return {
        "key": digests.keyed(runtime.secret, "help", row["source"], row["source_id"]),
        "contact_id": row["contact_id"],
        "channel": _CHANNELS[row["name"]].value,
        "class": MessageClass.TRANSACTIONAL.value,
        "template": TEMPLATE,
        "state": "scheduled",
        "planned_at": now,
        "due_at": now,
        "expires_at": row["occurred_at"] + ONCE_IN,
    }
