"""An outbox full of mail, a provider that remembers what it took when, and a clock that jumps: for tests of when
messages leave."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from nurture import digests
from nurture.app import deliver, pacing
from nurture.app.runtime import Runtime
from nurture.channels.base import Envelope, Features, Forged, Heard, Outcome, Prepared, Webhook, accepted
from nurture.model import Channel
from nurture.settings import ChannelConfig, Company, Sender, Settings, Topic
from nurture.store import bulk, consents, contacts, messages, tables
from nurture.store.engine import Store
from tests.support.shop import consent

NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)  # noon in São Paulo
SECOND = timedelta(seconds=1)
SECRET = b"a secret of thirty-two characters"
TEMPLATE = (
    "<title>{% block subject %}Oi{% endblock %}</title>"
    '<p>Oi {{ company.postal_address }}</p><a href="{{ unsubscribe_url }}">no</a>'
)


@dataclass
class Provider:
    """Takes every message, and remembers when and which. `answer` says what else it may say."""

    clock: Callable[[], datetime]
    took: list[tuple[datetime, str]] = field(default_factory=list)
    answer: Callable[[Envelope], Outcome] = lambda envelope: accepted(envelope, "250")
    after: Callable[[], None] = lambda: None  # done after each wave
    name = "provider"
    channel = Channel.EMAIL
    features = Features()
    connections = 20
    patience = 60.0

    def prepare(self, wave: Sequence[Envelope]) -> Prepared[Envelope]:
        return Prepared((), {envelope.message_id: envelope for envelope in wave})

    def hand_over(self, prepared: Prepared[Envelope], allowed: Collection[int]) -> list[Outcome]:
        chosen = [envelope for id_, envelope in prepared.held.items() if id_ in allowed]
        self.took += [(self.clock(), envelope.recipient) for envelope in chosen]
        self.after()
        return [self.answer(envelope) for envelope in chosen]

    def parse_webhook(self, webhook: Webhook, now: datetime) -> Heard:
        raise Forged("it sends nothing")

    def close(self) -> None:
        pass


@dataclass
class Office:
    """A workspace with one provider of e-mail."""

    runtime: Runtime
    provider: Provider
    at: datetime = NOW
    _people: int = 0

    @property
    def took(self) -> list[str]:
        """Who was written to, in that order."""
        return [recipient for _, recipient in self.provider.took]

    def write(
        self, *addresses: str, kind: str = "marketing", due: datetime | None = None, **more: Any
    ) -> list[str]:
        """Put a message to each of these people into the outbox; their keys."""
        due = due or self.at
        with self.runtime.store.begin() as tx:
            people = contacts.add(tx, [self._contact(address) for address in addresses])
            if kind != "transactional":
                consents.record(tx, [consent(contact_id) for contact_id in people.values()])
            rows = [self._message(people[a], a, kind, due, number) for number, a in enumerate(addresses)]
            messages.write(tx, [{**row, **more} for row in rows])
        return [row["key"] for row in rows]

    def backlog(self, count: int, since: datetime, every: timedelta = timedelta(), **more: Any) -> None:
        """So many marketing messages to one after the other, due since then."""
        names = [f"p{number}@example.com" for number in range(self._people, self._people + count)]
        self._people += count
        with self.runtime.store.begin() as tx:
            people = contacts.add(tx, [self._contact(name) for name in names])
            consents.record(tx, [consent(contact_id) for contact_id in people.values()])
            rows = [
                {**self._message(people[name], name, "marketing", since + number * every, number), **more}
                for number, name in enumerate(names)
            ]
            bulk.insert(tx, tables.messages, rows)

    def _contact(self, address: str) -> dict[str, Any]:
        return {
            "ref": address,
            "email": address,
            "email_digest": digests.address(SECRET, "email", address),
            "zone": "America/Sao_Paulo",
            "hash31": digests.hash31(address),
            "created_at": NOW - timedelta(days=30),
            "updated_at": NOW - timedelta(days=30),
        }

    def _message(
        self, contact_id: int, address: str, kind: str, due: datetime, number: int
    ) -> dict[str, Any]:
        return {
            "key": digests.keyed(SECRET, address, kind, str(due), str(number)),
            "contact_id": contact_id,
            "journey": "letters",
            "step": "letter",
            "channel": "email",
            "class": kind,
            "topic": "offers" if kind != "transactional" else None,
            "template": "a",
            "state": "scheduled",
            "planned_at": due,
            "due_at": due,
        }

    def deliver(self, **more: Any) -> Any:
        return deliver.deliver(self.runtime, self.at, **more)

    def live(self, until: datetime, most: int = 1000, step: timedelta = timedelta()) -> None:
        """Let time pass, stopping wherever a message may leave, and no more often than each `step`."""
        for _ in range(most):
            self.deliver()
            with self.runtime.store.read() as tx:
                due = pacing.next_due(self.runtime, tx, self.at)
            if due is None or due > until:
                self.at = max(self.at, until)
                return
            assert due > self.at, f"at {self.at} there is something to do for ever"
            self.at = max(due, self.at + step)
        raise AssertionError(f"no end by {self.at}")

    def rows(self, table: sa.Table = tables.messages) -> list[dict[str, Any]]:
        with self.runtime.store.read() as tx:
            return [dict(row) for row in tx.execute(sa.select(table).order_by(*table.primary_key)).mappings()]

    def most_within(self, span: timedelta) -> int:
        """The most that were handed over within any such time."""
        times = [at for at, _ in self.provider.took]
        return max((sum(at <= other < at + span for other in times) for at in set(times)), default=0)


def open_office(url: str, folder: Path) -> Office:
    """An empty outbox."""
    template = folder / "templates" / "email" / "a.html"
    template.parent.mkdir(parents=True, exist_ok=True)
    template.write_text(TEMPLATE, encoding="utf-8")
    template.with_suffix(".txt").write_text("Oi {{ unsubscribe_url }}", encoding="utf-8")
    settings = Settings(
        company=Company(name="Volta", postal_address="Rua das Flores 10, São Paulo"),
        channels={Channel.EMAIL: ChannelConfig(Channel.EMAIL, "outbox", Sender("oi@volta.example"))},
        topics={"offers": Topic("offers", "Ofertas")},
        secrets=(("k1", SECRET),),
    )
    office: Office
    runtime = Runtime(Store(url, durable=False), settings, folder, lambda: office.at)
    office = Office(runtime, Provider(lambda: office.at))
    runtime.stand_in(Channel.EMAIL, office.provider)
    return office
