"""A provider that takes every mail and remembers each body that reached it, also one that comes twice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.policy import default

from nurture.channels.base import Envelope, Features, Forged, Heard, Outcome, Prepared, Webhook, accepted
from nurture.model import Channel


@dataclass(frozen=True, slots=True)
class Letter:
    """One body that reached the provider."""

    at: datetime
    recipient: str
    subject: str
    text: str
    html: str


@dataclass
class Postman:
    """A carrier without idempotency: what is handed over twice has arrived twice.

    `meanwhile` is called when bodies are under way and no answer is back yet.
    """

    now: Callable[[], datetime]
    letters: list[Letter] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None
    connections: int = 20
    name: str = "postman"
    channel: Channel = Channel.EMAIL
    features: Features = Features()
    patience: float = 60.0

    def prepare(self, wave: Sequence[Envelope]) -> Prepared[Envelope]:
        return Prepared((), {each.message_id: each for each in wave})

    def hand_over(self, prepared: Prepared[Envelope], allowed: Collection[int]) -> list[Outcome]:
        chosen = [each for id_, each in prepared.held.items() if id_ in allowed]
        self.letters += [self._letter(each) for each in chosen]
        self.meanwhile()
        return [accepted(each, "250") for each in chosen]

    def _letter(self, envelope: Envelope) -> Letter:
        mail = message_from_bytes(envelope.body, policy=default)
        parts = [mail.get_body((kind,)) for kind in ("plain", "html")]
        text, html = (part.get_content() if part else "" for part in parts)
        return Letter(self.now(), envelope.recipient, str(mail["Subject"]), text, html)

    def parse_webhook(self, webhook: Webhook, now: datetime) -> Heard:
        raise Forged("a postman sends no webhooks")

    def close(self) -> None:
        pass
