"""A small workspace at work, to be killed: people, a journey of two messages, a provider that keeps a ledger.

Workers are forked from a warm process, so that a kill costs a fraction of a second.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nurture import faults
from nurture.app import advance, deliver, evaluate, ingest, process, publish
from nurture.app.runtime import Runtime
from nurture.app.workspace import load, publishable
from nurture.model import Basis, ConsentRecord, NewEvent, Person
from nurture.store import messages
from nurture.store.engine import Store

START = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)  # 10:00 in São Paulo
CONNECTIONS = 4

SETTINGS = """
company:
  name: Café Serra Azul
  postal_address: Rua das Acácias 120, São Paulo
  zone: America/Sao_Paulo
channels:
  email:
    provider: smtp
    sender: {{address: ola@cafe.example, name: Café Serra Azul}}
    host: 127.0.0.1
    port: "{port}"
    tls: none
    connections: "{connections}"
    timeout: "5"
    final_timeout: "5"
topics:
  offers: {{title: Ofertas}}
database: {database}
secret: ${{CRASH_SECRET}}
"""
JOURNEY = """
journey: thread
topic: offers
trigger:
  inactive: order_completed
  for: 60 days
backfill: all
steps:
  - email: first
  - wait: 1 hour
  - email: second
"""
MAIL = """<html><body>{{% block subject %}}{word}{{% endblock %}}<p>Oi {{{{ first_name | default("você") }}}}</p>
<a href="https://cafe.example/{word}">Ver</a> <a href="{{{{ unsubscribe_url }}}}">Sair</a>
<p>{{{{ company.postal_address }}}}</p></body></html>"""


@dataclass
class Scene:
    """A workspace with `people` due for two messages each."""

    folder: Path
    people: int
    pids: list[int] = field(default_factory=list)

    def open(self, clock: Callable[[], datetime]) -> Runtime:
        loaded = load(self.folder)
        assert loaded.settings, loaded.problems
        return Runtime(Store(loaded.settings.database), loaded.settings, self.folder, clock)


def build(folder: Path, database: str, port: int, people: int, *, on_doubt: str = "") -> Scene:
    """Write the workspace, take the people in and publish."""
    (folder / "journeys").mkdir(parents=True)
    (folder / "templates" / "email").mkdir(parents=True)
    settings = SETTINGS.format(port=port, connections=CONNECTIONS, database=database)
    (folder / "nurture.yaml").write_text(settings, encoding="utf-8")
    (folder / ".env").write_text(f"CRASH_SECRET={'5e' * 32}\n", encoding="utf-8")
    journey = (
        JOURNEY.replace("- email: first", f"- email: first\n    on_doubt: {on_doubt}")
        if on_doubt
        else JOURNEY
    )
    (folder / "journeys" / "thread.yaml").write_text(journey, encoding="utf-8")
    for word in ("first", "second"):
        (folder / "templates" / "email" / f"{word}.html").write_text(MAIL.format(word=word), encoding="utf-8")
    scene = Scene(folder, people)
    runtime = scene.open(lambda: START)
    ingest.ingest(runtime.store, _history(people), START)
    process.process(runtime, START)
    publish.publish(runtime, publishable(folder, None), START)
    runtime.close()
    return scene


def _history(people: int) -> list[NewEvent]:
    consent = ConsentRecord("offers", True, Basis.CONSENT, text_version="2026-01", how="form")
    return [
        NewEvent(
            name="order_completed",
            person=Person(ref=f"p{number}", email=f"p{number}@example.com"),
            occurred_at=START - timedelta(days=90, minutes=number),
            source="shop",
            source_id=f"o{number}",
            payload={"order_id": f"o{number}", "total": 10 + number, "currency": "BRL"},
            consents=(consent,),
        )
        for number in range(people)
    ]


def work(runtime: Runtime) -> None:
    """Everything that is due: today, and an hour and a half later."""
    for now in (START, START + timedelta(minutes=90)):
        runtime.now = lambda now=now: now  # type: ignore[misc]
        for _ in range(4):
            done: Counter[str] = Counter()
            for job in (process.process, evaluate.evaluate, advance.advance, deliver.deliver):
                done.update(job(runtime, now))
            if not sum(done.values()):
                break


def worker(scene: Scene, fault: str | None, plant: Callable[[], None] | None = None) -> int:
    """Fork a worker that does all the work; its process id. It is killed at `fault`, if it comes there."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        if plant:
            plant()
        faults.arm(fault)
        runtime = scene.open(lambda: START)
        work(runtime)
        runtime.close()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def finish(pid: int) -> int:
    """Wait for a worker: 0 for done, -9 for killed. Anything else is an error of the worker's own."""
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), f"the worker failed with {code}: see its traceback above"
    return code


@dataclass(frozen=True)
class Audit:
    """What the ledger and the outbox say when the dust has settled."""

    due: int
    sent_once: int
    lost: list[str]
    twice: list[str]
    in_doubt: list[str]
    unsettled: list[str]
    false_words: list[str]  # the outbox says accepted, and the provider has nothing; or the reverse

    @property
    def sound(self) -> bool:
        return not (self.lost or self.twice or self.unsettled or self.false_words)


def audit(scene: Scene, ledger: list[dict[str, str]]) -> Audit:
    """Compare the provider's ledger with the outbox, message by message."""
    runtime = scene.open(lambda: START)
    with runtime.store.read() as tx:
        rows = messages.everything(tx)
    runtime.close()
    taken = Counter(entry["message_id"].strip("<>").partition("@")[0] for entry in ledger)
    states = {row["key"]: row["state"] for row in rows}
    doubt = [key for key, state in states.items() if state == "in_doubt"]
    return Audit(
        due=scene.people * 2,
        sent_once=sum(count == 1 for count in taken.values()),
        lost=[key for key, state in states.items() if state == "accepted" and not taken[key]]
        + ["never written"] * (scene.people * 2 - len(states)),
        twice=[key for key, count in taken.items() if count > 1],
        in_doubt=doubt,
        unsettled=[key for key, state in states.items() if state not in ("accepted", "in_doubt")],
        false_words=[key for key in taken if states.get(key) not in ("accepted", "in_doubt")],
    )
