"""Messages from people who are due to a mail server, beside django-drip-campaigns in the same run.

Both send the same HTML to a fast server on loopback, one after the other, and keep what they know in the same kind of
database on the same disk: SQLite with `synchronous=FULL`, PostgreSQL with `fsync=on`. Ours goes from what is due in the
outbox to outcomes that are committed. On PostgreSQL two workers share it, as they do in production; `send_drips` knows
no second worker: two of them would send everything twice.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks import crowd, mailserver
from benchmarks.table import POSTGRESQL, SQLITE, Row, at_least, left_out
from benchmarks.workspaces import DATABASES, go_live, workspace
from nurture.app import advance, compose
from nurture.app.runtime import Runtime
from nurture.store.tables import enrollments, messages
from tests.support import postgres

PEOPLE, THEIRS, ROUNDS, TIMES = 5_000, 500, 4, 10
CONNECTIONS = 50  # as many as Postfix lets one client have; the product opens 20 where nobody says
WORKERS = {SQLITE: 1, POSTGRESQL: 2}
RIVAL = Path(os.environ.get("NURTURE_BENCH_RIVAL", ".venv-bench")) / "bin" / "python"
CHANNEL = """    provider: smtp
    host: 127.0.0.1
    port: "{port}"
    tls: none
    connections: "{connections}"
"""
JOURNEY = """
journey: {name}
topic: offers
trigger: {{inactive: order_completed, for: 60 days}}
reentry: {{after: 180 days}}
backfill: all
limits: {{quiet_hours: {{email: "22:00-07:00"}}, cap: {{at_most: 9, per: 14 days}}}}
steps:
  - email: reactivation/we-miss-you
"""


@dataclass(frozen=True, slots=True)
class Sent:
    messages: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.messages / self.seconds


def rows(scale: float) -> Iterator[Row]:
    what = "messages sent, of django-drip-campaigns"
    if not RIVAL.exists():
        yield left_out(
            what, "x", TIMES, f"NOT MEASURED: no django-drip-campaigns in {RIVAL}; `make bench` installs it"
        )
        return
    for database in DATABASES:
        yield _compared(what, database, scale)


def _compared(what: str, database: str, scale: float) -> Row:
    names = [f"miss-you-{number}" for number in range(ROUNDS)]
    journeys = {name: JOURNEY.format(name=name) for name in names}
    with (
        mailserver.running() as server,
        workspace(
            database, journeys, {}, CHANNEL.format(port=server.port, connections=CONNECTIONS)
        ) as runtime,
        ExitStack() as stack,
    ):
        crowd.fill(runtime.store, int(PEOPLE * scale))
        ours, theirs = [], []
        workers = [stack.enter_context(_worker(runtime.folder)) for _ in range(WORKERS[database])]
        for name in names:
            ours.append(_ours(runtime, name, workers))
            theirs.append(_theirs(runtime, database, server.port, max(50, int(THEIRS * scale))))
    assert server.taken == sum(sent.messages for sent in (*ours, *theirs)), (
        "the server did not get every message"
    )
    best, rival = (max(sent, key=lambda one: one.rate) for sent in (ours, theirs))
    return at_least(
        what,
        database,
        best.rate / rival.rate,
        "x",
        TIMES,
        f"from the outbox to outcomes committed, {WORKERS[database]} at work with {CONNECTIONS} connections: {best.rate:,.0f}/s ({best.messages:,} "
        f"messages); `send_drips` {rival.rate:,.0f}/s ({rival.messages:,}); best of {ROUNDS} in turns",
    )


def _ours(runtime: Runtime, journey: str, workers: list[subprocess.Popen[str]]) -> Sent:
    """Everybody who has just entered gets her mail: rendered, asked about, handed over, noted."""
    go_live(runtime, journey)
    advance.advance(runtime, runtime.now())
    started = time.perf_counter()
    for worker in workers:
        assert worker.stdin
        print(file=worker.stdin, flush=True)
    accepted = sum(int(worker.stdout.readline()) for worker in workers if worker.stdout)
    return Sent(accepted, time.perf_counter() - started)


@contextmanager
def _worker(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.worker", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        yield worker


def _theirs(runtime: Runtime, database: str, port: int, people: int) -> Sent:
    html, subject = _mail(runtime)
    with _their_database(database) as settings:
        given = {"people": people, "port": port, "html": html, "subject": subject, "database": settings}
        ran = subprocess.run(
            [RIVAL, Path(__file__).parent / "rival" / "drips.py"],
            input=json.dumps(given),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    said = json.loads(ran.stdout)
    return Sent(said["sent"], said["seconds"])


def _mail(runtime: Runtime) -> tuple[str, str]:
    """The HTML and subject of a mail that we have sent, with the name as a variable of Django's."""
    with runtime.store.begin() as tx:
        chosen = sa.select(messages, enrollments.c.memory, enrollments.c.trigger_event_id)
        row = tx.execute(
            chosen.join(enrollments, enrollments.c.id == messages.c.enrollment_id)
            .where(messages.c.state == "accepted")
            .limit(1)
        ).mappings()
        finished, _ = compose.compose(runtime, tx, [dict(row.one())], runtime.now())
    mail: Any = message_from_bytes(finished[0].envelope.body, policy=default)
    html = mail.get_body(("html",)).get_content()
    assert "{{" not in html
    name = mail["To"].addresses[0].display_name
    assert name in html
    return html.replace(name, "{{ user.first_name }}"), mail["Subject"].replace(name, "{{ user.first_name }}")


@contextmanager
def _their_database(database: str) -> Iterator[dict[str, Any]]:
    """An empty database, as Django's settings name it."""
    if database == POSTGRESQL:
        url = sa.make_url(name := postgres.fresh_database())
        yield {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": url.database,
            "USER": url.username,
            "PASSWORD": url.password or "",
            "HOST": url.host or url.query.get("host", ""),
            "PORT": str(url.port or ""),
        }
        postgres.drop_database(name)
        return
    with tempfile.TemporaryDirectory(prefix="nurture-bench-") as folder:
        yield {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(folder) / "drips.sqlite3")}
