"""Who answers webhooks where nobody is to be called: in tests of journeys."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from nurture.app.runtime import Runtime
from nurture.channels.base import (
    Envelope,
    Features,
    Forged,
    Heard,
    Outcome,
    OutcomeKind,
    Prepared,
    Webhook,
    accepted,
)
from nurture.model import Channel
from nurture.steps.base import base_of
from nurture.store import messages

FAILS = "fails"  # instead of an answer: the receiver does not take the call


class StandIn:
    """Takes every call, and answers with what `answers` says for its step."""

    name = "rehearsal"
    channel = Channel.WEBHOOK
    features = Features()
    connections = 50
    patience = 60.0

    def __init__(self, runtime: Runtime, answers: Mapping[str, Any]) -> None:
        self._runtime, self._answers = runtime, answers

    def prepare(self, wave: Sequence[Envelope]) -> Prepared[Envelope]:
        return Prepared((), {envelope.message_id: envelope for envelope in wave})

    def hand_over(self, prepared: Prepared[Envelope], allowed: Collection[int]) -> list[Outcome]:
        called = [envelope for id_, envelope in prepared.held.items() if id_ in allowed]
        with self._runtime.store.read() as tx:
            rows = messages.by_keys(tx, [envelope.key for envelope in called])
        return [self._answer(envelope, rows[envelope.key]["step"]) for envelope in called]

    def _answer(self, envelope: Envelope, step: str) -> Outcome:
        answer = self._answers.get(step, self._answers.get(base_of(step), {}))
        if answer == FAILS:
            return Outcome(envelope.message_id, OutcomeKind.REFUSED, "400", "The test says that it fails.")
        return replace(accepted(envelope, "200"), answer=json.dumps(answer).encode())

    def parse_webhook(self, webhook: Webhook, now: datetime) -> Heard:
        raise Forged("who stands in sends nothing")

    def close(self) -> None:
        pass
