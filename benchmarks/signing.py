"""What a DKIM signature costs: by itself, and of the whole way from the outbox to a mail server.

Times are of the processor, in one process; mails with and without a signature are sent in turns.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from benchmarks import crew, crowd, mailserver
from benchmarks.crew import CHANNEL, CONNECTIONS
from benchmarks.table import NONE, SQLITE, Row, at_most
from benchmarks.workspaces import workspace
from nurture.app import compose, deliver
from nurture.app.runtime import Runtime
from nurture.channels.smtp import keys
from nurture.channels.smtp.dkim import Signer, signed
from nurture.store.tables import messages

PEOPLE, ROUNDS, TIMES = 1_000, 3, 400
MOST = {"rsa": 1.0, "ed25519": 0.5}  # milliseconds
MOST_OF_UNSIGNED = 2.5


def rows(scale: float) -> Iterator[Row]:
    people = max(200, int(PEOPLE * scale))
    plain, with_rsa, mail = _sent(people)
    for kind, most in MOST.items():
        note = f"of a mail of {len(mail):,} octets; best of {ROUNDS} times {TIMES}"
        yield at_most(f"DKIM: a signature, {kind}", NONE, _signature(kind, mail) * 1e3, "ms", most, note)
    note = (
        f"from the outbox to outcomes committed: {with_rsa * 1e3:.2f} ms a message with RSA of 2048 bits, "
        f"{plain * 1e3:.2f} ms without; {people:,} messages, best of {ROUNDS} in turns"
    )
    yield at_most(
        "DKIM: a message signed, of one unsigned", SQLITE, with_rsa / plain, "x", MOST_OF_UNSIGNED, note
    )


def _signature(kind: str, mail: bytes) -> float:
    """Seconds that a signature takes."""
    signers = [Signer("cafe.example", "n1", keys.make(kind))]
    return min(_each(signers, mail) for _ in range(ROUNDS))


def _each(signers: list[Signer], mail: bytes) -> float:
    started = time.process_time()
    for _ in range(TIMES):
        signed(mail, signers)
    return (time.process_time() - started) / TIMES


def _sent(people: int) -> tuple[float, float, bytes]:
    """Seconds a message without and with a signature, and one of the mails."""
    names = crew.names(ROUNDS)
    journeys = {name: crew.journey(name) for name in names}
    with tempfile.TemporaryDirectory() as folder, mailserver.running() as server:
        file = Path(folder) / "n1.pem"
        file.write_bytes(keys.written(keys.make("rsa")))
        channel = CHANNEL.format(port=server.port, connections=CONNECTIONS)
        signing = f"{channel}    dkim_selector: n1\n    dkim_key_file: {file}\n"
        with (
            workspace(SQLITE, journeys, {}, channel) as plain,
            workspace(SQLITE, journeys, {}, signing) as with_rsa,
        ):
            for runtime in (plain, with_rsa):
                crowd.fill(runtime.store, people)
            times = [(_send(plain, name), _send(with_rsa, name)) for name in names]
            return min(t[0] for t in times), min(t[1] for t in times), _mail(plain)


def _send(runtime: Runtime, journey: str) -> float:
    """Seconds of the processor for each message of a journey that everybody has just entered."""
    crew.due(runtime, journey)
    started = time.process_time()
    accepted = deliver.deliver(runtime, runtime.now())["accepted"]
    assert accepted, "nothing was due"
    return (time.process_time() - started) / accepted


def _mail(runtime: Runtime) -> bytes:
    with runtime.store.begin() as tx:
        chosen = sa.select(messages).where(messages.c.state == "accepted").limit(1)
        row = dict(tx.execute(chosen).mappings().one())
        finished, _ = compose.compose(
            runtime, tx, [row | {"memory": {}, "trigger_event_id": None}], runtime.now()
        )
    return finished[0].envelope.body
