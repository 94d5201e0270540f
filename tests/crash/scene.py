"""A small workspace at work, to be disturbed: people, two journeys, a provider that keeps a ledger.

Everybody is due for three messages: one because she signed up, two because she hasn't ordered for long.
A scene is built once and set back before each trial.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from nurture.app import ingest, process, publish
from nurture.app.runtime import Runtime
from nurture.app.workspace import load, publishable
from nurture.model import Basis, ConsentRecord, NewEvent, Person
from nurture.settings import Settings
from nurture.store import tables
from nurture.store.engine import Store
from tests.support import postgres, sink
from tests.support.sink import Sink

START = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)  # 10:00 in São Paulo
PEOPLE = 10
CONNECTIONS = 4
MESSAGES = 3  # for each person

SETTINGS = """
company:
  name: Café Serra Azul
  postal_address: Rua das Acácias 120, São Paulo
  zone: America/Sao_Paulo
channels:
  {channel}:
    provider: {provider}
    {options}
topics:
  offers: {{title: Ofertas}}
  news: {{title: Novidades}}
database: {database}
secret: ${{CRASH_SECRET}}
"""
PROVIDERS: Mapping[str, dict[str, str]] = {
    "smtp": {
        "channel": "email",
        "step": "email: {word}",
        "options": """
    sender: {{address: ola@cafe.example}}
    host: 127.0.0.1
    port: "{port}"
    tls: none
    connections: "{connections}"
    timeout: "{timeout}"
    final_timeout: "{timeout}"
""",
        "module": "tests.support.faulty_smtp",
    },
    "twilio": {
        "channel": "sms",
        "step": "sms: {word}",
        "options": """
    sender: {{address: "+15005550006"}}
    account: AC00000000000000000000000000000000
    token: ${{TWILIO_TOKEN}}
    api: "http://127.0.0.1:{port}"
    callback: "http://127.0.0.1:{port}/status"
    connections: "{connections}"
    timeout: "{timeout}"
""",
        "module": "tests.support.fake_twilio",
    },
    "http": {
        "channel": "webhook",
        "step": "webhook: http://127.0.0.1:{port}/{word}",
        "options": """
    hosts: "127.0.0.1:{port}"
    secret: ${{CRASH_SECRET}}
    connections: "{connections}"
""",
        "module": "tests.support.fake_receiver",
    },
    "resend": {
        "channel": "email",
        "step": "email: {word}",
        "options": """
    sender: {{address: ola@cafe.example}}
    key: ${{API_KEY}}
    api: "http://127.0.0.1:{port}"
    connections: "{connections}"
    timeout: "{timeout}"
""",
        "module": "tests.support.fake_resend",
    },
}
THREAD = """
journey: thread
topic: offers
trigger:
  inactive: order_completed
  for: 60 days
backfill: all
steps:
  - {first}
    on_doubt: {on_doubt}
    id: first
  - wait: 1 hour
  - {second}
    on_doubt: {on_doubt}
    id: second
"""
HELLO = """
journey: hello
topic: news
trigger:
  event: signed_up
steps:
  - {hello}
    on_doubt: {on_doubt}
    id: hello
"""
MAIL = """<html><body>{{% block subject %}}{word}{{% endblock %}}<p>Oi {{{{ first_name | default("você") }}}}</p>
<a href="https://cafe.example/{word}">Ver</a> <a href="{{{{ unsubscribe_url }}}}">Sair</a>
<p>{{{{ company.postal_address }}}}</p></body></html>"""
TEXT = """Café Serra Azul: {word}, {{{{ first_name | default("você") }}}}. SAIR para parar."""


SURE = ("resend",)  # drop what comes again with the same key, so that no doubt is left


@contextmanager
def providing(provider: str, ledger: Path, *manners: str) -> Iterator[Sink]:
    """A provider in a process of its own, with a ledger that is on the disk before it answers."""
    chosen = [part for manner in manners for part in ("--on", manner)]
    with sink.running(ledger, "--fsync", *chosen, module=PROVIDERS[provider]["module"]) as running:
        yield running


@dataclass
class Scene:
    """A workspace that stands just before its work, and can be set back to that."""

    folder: Path
    provider: str
    sink: Sink
    database: str
    people: int
    start: datetime = START
    altered: Mapping[str, Any] = field(default_factory=dict)  # settings that are others than the file's
    _clean: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    _warm: Runtime | None = None
    _looking: Store | None = None

    def open(self, clock: Callable[[], datetime] | None = None) -> Runtime:
        settings = self.settings
        return Runtime(Store(settings.database), settings, self.folder, clock or (lambda: self.start))

    @property
    def settings(self) -> Settings:
        found: Settings = replace(_settings(self.folder), **self.altered)
        return found

    def warm(self) -> Runtime:
        """For a process that was forked from one in which somebody has worked: nothing is compiled anew."""
        return self._warm or self.open()

    def with_settings(self, **altered: Any) -> Scene:
        """The same with other settings."""
        warm = self._warm and replace(
            self._warm, settings=replace(self._warm.settings, **altered), _carriers={}
        )
        return replace(self, altered=altered, _warm=warm)

    def keep_warm(self, runtime: Runtime) -> None:
        """Have forked processes begin with what this runtime has made once; its connections are closed."""
        for carrier in runtime._carriers.values():
            carrier.close()
        runtime._carriers.clear()
        runtime.store.engine.dispose()
        self._warm = runtime

    @property
    def dialect(self) -> str:
        return self.database.partition(":")[0].partition("+")[0]

    def wait_for_the_dead(self) -> None:
        """Until PostgreSQL has noticed who is gone, and let go of the rows that they held: a worker passes those by."""
        if self.dialect == "sqlite":
            return
        with self._looks() as store:
            for _ in range(1000):
                if postgres.is_alone(store):
                    return
                time.sleep(0.01)

    @contextmanager
    def _looks(self) -> Iterator[Store]:
        """The database without a worker. No connection outlives it: forked processes would share them."""
        self._looking = self._looking or Store(self.database)
        try:
            yield self._looking
        finally:
            self._looking.engine.dispose()

    def reset(self) -> None:
        """As it was when it was built; the provider's ledger is empty."""
        self.sink.ledger.write_text("")
        if self.dialect == "sqlite":
            path = Path(self.database.removeprefix("sqlite:///"))
            for journal in ("-wal", "-shm"):
                path.with_name(path.name + journal).unlink(missing_ok=True)
            shutil.copyfile(self.folder / "clean.db", path)
        else:
            self._restore()

    def keep(self) -> None:
        """Remember how it stands now."""
        if self.dialect == "sqlite":
            shutil.copyfile(self.database.removeprefix("sqlite:///"), self.folder / "clean.db")
            return
        runtime = self.open()
        with runtime.store.read() as tx:
            self._clean = {
                table.name: [dict(row) for row in tx.execute(sa.select(table)).mappings()]
                for table in tables.metadata.sorted_tables
            }
        runtime.close()

    def _restore(self) -> None:
        with self._looks() as store, store.begin() as tx:
            tx.execute(sa.text("SET LOCAL session_replication_role = replica"))  # no foreign keys meanwhile
            for table in tables.metadata.sorted_tables:
                tx.execute(table.delete())
                if rows := self._clean[table.name]:
                    tx.execute(table.insert(), rows)

    def rows(self, *wanted: sa.Table) -> list[list[Mapping[str, Any]]]:
        """All rows of each table."""
        with self._looks() as store, store.read() as tx:
            return [[dict(row) for row in tx.execute(sa.select(table)).mappings()] for table in wanted]

    def taken(self) -> Counter[str]:
        """How often the provider took each message, by its key; not what it knew again and dropped."""
        taken = (m for m in self.sink.messages() if not m.get("repeat"))
        return Counter(str(m["message_id"]).strip("<>").partition("@")[0] for m in taken)


@cache
def _settings(folder: Path) -> Any:
    loaded = load(folder)
    assert loaded.settings, loaded.problems
    return loaded.settings


def build(
    folder: Path,
    database: str,
    provider: str,
    running: Sink,
    *,
    people: int = PEOPLE,
    on_doubt: str = "drop",
    start: datetime = START,
    timeout: int = 5,
) -> Scene:
    """Write the workspace, take in who bought long ago, and publish."""
    made = PROVIDERS[provider]
    options = made["options"].format(port=running.port, connections=CONNECTIONS, timeout=timeout)
    settings = SETTINGS.format(
        channel=made["channel"],
        provider=provider,
        database=database,
        options=options.strip(),
    )
    _write(folder / "nurture.yaml", settings)
    _write(folder / ".env", f"CRASH_SECRET={'5e' * 32}\nTWILIO_TOKEN=a-token\nAPI_KEY=a-key\n")
    words = ("first", "second", "hello")
    steps = {word: made["step"].format(word=word, port=running.port) for word in words}
    for name, text in (("thread", THREAD), ("hello", HELLO)):
        _write(folder / "journeys" / f"{name}.yaml", text.format(**steps, on_doubt=on_doubt))
    for word in words:
        _write(folder / "templates" / "email" / f"{word}.html", MAIL.format(word=word))
        _write(folder / "templates" / "sms" / f"{word}.txt", TEXT.format(word=word))
    scene = Scene(folder, provider, running, database, people, start)
    runtime = scene.open()
    ingest.ingest(runtime.store, _orders(people, start), start)
    process.process(runtime, start)
    publish.publish(runtime, publishable(folder, None), start)
    runtime.close()
    scene.keep()
    return scene


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def person(number: int) -> Person:
    return Person(f"p{number}", f"p{number}@example.com", f"+55119876500{number:02d}")


def _orders(people: int, start: datetime) -> list[NewEvent]:
    given = tuple(
        ConsentRecord(topic, True, Basis.CONSENT, text_version="2026-01", how="form")
        for topic in ("offers", "news")
    )
    return [
        NewEvent(
            name="order_completed",
            person=person(number),
            occurred_at=start - timedelta(days=90, minutes=number),
            source="shop",
            source_id=f"o{number}",
            payload={"order_id": f"o{number}", "total": 10 + number, "currency": "BRL"},
            consents=given,
        )
        for number in range(people)
    ]


def signups(people: int, start: datetime = START) -> list[NewEvent]:
    """What the site tells us, again and again until we have answered."""
    return [
        NewEvent("signed_up", person(number), start - timedelta(minutes=1), "site", f"s{number}", {})
        for number in range(people)
    ]


@dataclass(frozen=True)
class Audit:
    """What the provider's ledger and the outbox say when the dust has settled."""

    due: int
    sent_once: int
    lost: tuple[str, ...]
    twice: tuple[str, ...]
    in_doubt: tuple[str, ...]
    unsettled: tuple[str, ...]
    false_words: tuple[str, ...]  # the outbox says accepted, and the provider has nothing; or the reverse
    unheard: tuple[str, ...] = ()  # what came in and had no effect, or more than one
    written: int = 0  # messages in the outbox: exactly what is due
    arrived: int = 0  # of those in doubt
    found_out: int = 0  # no longer in doubt, because the provider drops what comes again
    seconds: float = 0.0  # until everything was in order again

    @property
    def sound(self) -> bool:
        wrong = self.lost or self.twice or self.unsettled or self.false_words or self.unheard
        taken = self.sent_once - self.arrived + len(self.in_doubt)
        return not wrong and self.written == taken == self.due

    @property
    def doubt_is_small(self) -> bool:
        """At most one wave of one worker."""
        return len(self.in_doubt) <= CONNECTIONS


def audit(scene: Scene, since: float | None = None) -> Audit:
    """Compare the provider's ledger with the outbox, message by message."""
    seconds = time.monotonic() - since if since else 0.0
    taken, due = scene.taken(), scene.people * MESSAGES
    messages, events, runs, attempts = scene.rows(
        tables.messages, tables.events, tables.enrollments, tables.attempts
    )
    states = {row["key"]: row["state"] for row in messages}
    sure = scene.provider in SURE
    doubted = {row["message_id"] for row in attempts if row["outcome"] == "in_doubt"}
    return Audit(
        due=due,
        sent_once=sum(count == 1 for count in taken.values()),
        lost=tuple(key for key, state in states.items() if state == "accepted" and not taken[key])
        + ("never written",) * (due - len(states)),
        twice=tuple(key for key, count in taken.items() if count > 1),
        in_doubt=tuple(key for key, state in states.items() if state == "in_doubt"),
        written=len(messages),
        arrived=sum(state == "in_doubt" and taken[key] > 0 for key, state in states.items()),
        found_out=sum(row["id"] in doubted and row["state"] == "accepted" for row in messages),
        unsettled=tuple(
            key for key, state in states.items() if state != "accepted" and (sure or state != "in_doubt")
        ),
        false_words=tuple(key for key in taken if states.get(key) not in ("accepted", "in_doubt")),
        unheard=(*_unheard(events, scene.people), *_wrong_runs(runs, scene.people)),
        seconds=seconds,
    )


def _unheard(events: Sequence[Mapping[str, Any]], people: int) -> list[str]:
    """Each sign-up is one event that was worked off."""
    heard = Counter(
        row["source_id"] for row in events if row["name"] == "signed_up" and row["processed_at"] is not None
    )
    return [f"s{number}" for number in range(people) if heard[f"s{number}"] != 1]


def _wrong_runs(runs: Sequence[Mapping[str, Any]], people: int) -> list[str]:
    """Each person went once through each journey, to its end."""
    each = Counter((row["journey"], row["contact_id"]) for row in runs)
    wrong = [f"{count} runs of {journey}" for (journey, _), count in each.items() if count != 1]
    missing = 2 * people - len(each)
    open_runs = sum(row["status"] == "active" for row in runs)
    return (
        wrong
        + ([f"{missing} runs missing"] if missing else [])
        + ([f"{open_runs} runs stand still"] if open_runs else [])
    )
