"""Messages from people who are due to a mail server, beside django-drip-campaigns in the same run.

Both send the same HTML to a fast server on loopback, one after the other, and keep what they know in the same kind of
database on the same disk: SQLite with `synchronous=FULL`, PostgreSQL with `fsync=on`. Ours goes from what is due in the
outbox to outcomes that are committed. On PostgreSQL two workers share it, as they do in production; `send_drips` knows
no second worker: two of them would send everything twice. Each round writes to people whom none before has written to, as
`send_drips` does, whose database is new each time.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa

from benchmarks import crew, mailserver
from benchmarks.crew import CONNECTIONS, Sent
from benchmarks.table import POSTGRESQL, SQLITE, Row, at_least, left_out
from benchmarks.workspaces import DATABASES
from nurture.app import compose
from nurture.app.runtime import Runtime
from nurture.store.tables import enrollments, messages
from tests.support import postgres

PEOPLE, THEIRS, ROUNDS = 5_000, 800, 4
RATE = 1_500  # messages a second
TIMES = {SQLITE: 10, POSTGRESQL: 7}  # of theirs; a round on PostgreSQL came to between 7.4 and 12.8
WORKERS = {SQLITE: 1, POSTGRESQL: 2}
RIVAL = Path(os.environ.get("NURTURE_BENCH_RIVAL", ".venv-bench")) / "bin" / "python"
_WHAT = "messages sent, of django-drip-campaigns"


def rows(scale: float) -> Iterator[Row]:
    if not RIVAL.exists():
        why = f"NOT MEASURED: no django-drip-campaigns in {RIVAL}; `make bench` installs it"
        yield left_out(_WHAT, "x", min(TIMES.values()), why)
    for database in DATABASES:
        ours, theirs = _measured(database, scale)
        yield _rate(database, ours)
        if theirs:
            yield _ratio(database, ours, theirs)


def _rate(database: str, ours: list[Sent]) -> Row:
    note = (
        f"from the outbox to outcomes committed, each with its consent, cap, links and event: {_best(ours).messages:,} "
        f"messages, {WORKERS[database]} at work with {CONNECTIONS} connections; best of {ROUNDS}, slowest "
        f"{min(sent.rate for sent in ours):,.0f}/s"
    )
    return at_least("messages sent", database, _best(ours).rate, "/s", RATE, note)


def _ratio(database: str, ours: list[Sent], theirs: list[Sent]) -> Row:
    """Round by round, each after the other: a machine that is slow for a while is so for both."""
    ratios = sorted(mine.rate / yours.rate for mine, yours in zip(ours, theirs, strict=True))
    note = (
        f"`send_drips` {_best(theirs).rate:,.0f}/s at best ({_best(theirs).messages:,} messages); median of {ROUNDS} "
        f"rounds in turns, {ratios[0]:.1f} to {ratios[-1]:.1f}"
    )
    return at_least(_WHAT, database, median(ratios), "x", TIMES[database], note)


def _best(rounds: list[Sent]) -> Sent:
    return max(rounds, key=lambda sent: sent.rate)


def _measured(database: str, scale: float) -> tuple[list[Sent], list[Sent]]:
    """Ours and theirs, round by round; theirs only where there is one."""
    names = crew.names(ROUNDS)
    ours, theirs = [], []
    with (
        mailserver.running() as server,
        crew.mailing(database, server, int(PEOPLE * scale), names, apart=True) as runtime,
        crew.hired(runtime.folder, WORKERS[database]) as workers,
    ):
        for name in names:
            ours.append(crew.send(runtime, name, workers))
            if RIVAL.exists():
                theirs.append(_theirs(runtime, database, server.port, max(50, int(THEIRS * scale))))
    assert server.taken == sum(sent.messages for sent in (*ours, *theirs)), (
        "the server did not get every message"
    )
    return ours, theirs


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
