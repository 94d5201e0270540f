"""Notes to colleagues where they chat, through Apprise (https://github.com/caronc/apprise): Slack, Telegram, Teams and more."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

from nurture import faults
from nurture.channels.base import (
    Envelope,
    Features,
    Forged,
    Heard,
    Options,
    Outcome,
    Prepared,
    Trouble,
    Webhook,
    accepted,
    outcome,
)
from nurture.model import Channel
from nurture.settings import ChannelConfig

if TYPE_CHECKING:
    from apprise import Apprise as Place

CONNECTIONS = 4


def open_carrier(config: ChannelConfig) -> Apprise:
    """The carrier for the places that a channel names. Raises NurtureError for an address that Apprise doesn't know."""
    Options(config, ())
    # an address that is empty is one whose secret is missing here
    return Apprise(
        {name: _place(config, name, address) for name, address in config.places.items() if address}
    )


def _place(config: ChannelConfig, name: str, address: str) -> Place:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it looks for a module that Python gives up
        from apprise import Apprise as Place

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would log addresses, which are secrets
        place = Place()
        known = place.add(address)
    if not known:
        example = "slack://TokenA/TokenB/TokenC/#sales or tgram://BotToken/ChatID"
        raise Options(config, ()).error(f"places: {name} is no address that Apprise knows, such as {example}")
    return place


class Apprise:
    """Apprise says whether a note got through and not why, so one that did not is tried again: it may come twice."""

    name = "apprise"
    channel = Channel.NOTE
    features = Features(
        again=True,
        notes="Slack, Telegram, Teams and whatever else Apprise knows. It does not say why a note failed: one whose"
        " answer was lost is sent again, and may come twice.",
    )
    connections = CONNECTIONS
    patience = 120.0

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = places
        self._pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="note")

    def prepare(self, wave: Sequence[Envelope]) -> Prepared[Envelope]:
        lost = [envelope for envelope in wave if envelope.recipient not in self._places]
        early = tuple(
            outcome(each, Trouble.SETUP, said="channels.note names this place no more") for each in lost
        )
        return Prepared(early, {each.message_id: each for each in wave if each not in lost})

    def hand_over(self, prepared: Prepared[Envelope], allowed: Collection[int]) -> list[Outcome]:
        chosen = [envelope for id_, envelope in prepared.held.items() if id_ in allowed]
        return list(self._pool.map(self._send, chosen))

    def _send(self, envelope: Envelope) -> Outcome:
        faults.point("body.before_send")
        taken = self._places[envelope.recipient].notify(envelope.body.decode(), body_format="text")
        faults.point("body.after_reply")
        return accepted(envelope, "") if taken else outcome(envelope, Trouble.SERVER)

    def parse_webhook(self, webhook: Webhook, now: datetime) -> Heard:
        raise Forged("Apprise tells nothing")

    def close(self) -> None:
        self._pool.shutdown()
