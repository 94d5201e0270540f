"""Who takes messages in a lived journey where answers get lost or come too late, and what the messages say."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from email import message_from_bytes, policy
from typing import Any

from nurture.app.runtime import Runtime
from nurture.app.standing_in import StandIn
from nurture.channels.base import (
    Carrier,
    Envelope,
    Features,
    Forged,
    Heard,
    Outcome,
    Prepared,
    Trouble,
    Webhook,
    outcome,
)
from nurture.channels.http import TIMEOUT
from nurture.model import Channel
from nurture.store import messages

Said = dict[str, bytes]  # what each message said, by its key


class Lossy:
    """Takes every message, and loses the answers to the first so many of some steps. Nobody can ask it later."""

    name = "lossy"
    features = Features()

    def __init__(self, runtime: Runtime, within: Carrier, lost: Mapping[str, int], said: Said) -> None:
        self._runtime, self._within, self._said = runtime, within, said
        self._left = Counter(lost)
        self.channel = within.channel

    @property
    def connections(self) -> int:
        return self._within.connections

    @property
    def patience(self) -> float:
        return self._within.patience

    def prepare(self, wave: Sequence[Envelope]) -> Prepared[Any]:
        self._said |= {envelope.key: envelope.body for envelope in wave}
        return self._within.prepare(wave)

    def hand_over(self, prepared: Prepared[Any], allowed: Collection[int]) -> list[Outcome]:
        held: dict[int, Envelope] = dict(prepared.held)
        with self._runtime.store.read() as tx:
            rows = messages.by_keys(tx, [envelope.key for envelope in held.values()])
        found = self._within.hand_over(prepared, allowed)
        return [self._heard(each, held[each.message_id], rows) for each in found]

    def _heard(self, answer: Outcome, envelope: Envelope, rows: Mapping[str, Any]) -> Outcome:
        step = rows[envelope.key]["step"]
        if self._left[step] > 0:
            self._left[step] -= 1
            return outcome(envelope, Trouble.LOST)
        return answer

    def parse_webhook(self, webhook: Webhook, now: datetime) -> Heard:
        raise Forged("nobody sends anything here")

    def close(self) -> None:
        self._within.close()


class Receiver(StandIn):
    """Answers webhooks, some of them only after so many seconds (`{takes: 20}`): too late for a short timeout."""

    def _answer(self, envelope: Envelope, step: str) -> Outcome:
        answer = self._answers.get(step, {})
        if isinstance(answer, Mapping) and answer.get("takes", 0) > (envelope.timeout or TIMEOUT):
            return outcome(envelope, Trouble.LOST)
        return super()._answer(envelope, step)


def stand_in(runtime: Runtime, case: Mapping[str, Any]) -> Said:
    """Have webhooks answered as the case says, and answers lost; what each message says, by its key."""
    said: Said = {}
    runtime.stand_in(Channel.WEBHOOK, Receiver(runtime, case.get("webhooks", {})))
    if "lost" in case or case.get("says"):
        for channel in runtime.settings.channels:
            within = runtime.carrier(channel)
            runtime.stand_in(channel, Lossy(runtime, within, case.get("lost", {}), said))
    return said


def in_short(channel: str, body: bytes) -> str:
    """What a message says, in one line: of a mail its subject and the first line of its text."""
    match channel:
        case Channel.EMAIL:
            mail = message_from_bytes(body, policy=policy.default)
            text = mail.get_body(("plain",))
            first = text.get_content().splitlines()[0] if text is not None else ""
            return f"{mail['Subject']} / {first.strip()}"
        case Channel.WHATSAPP:
            return str(json.loads(body)["text"])
        case _:
            return body.decode()
