"""From the request of an opt-out to the last byte of any body that is handed over to that person.

Workers hand over as fast as they can, several mails to each person, while people press their mail program's button
(RFC 8058) at the web application, which uvicorn serves from a process of its own. Every second one is somebody whose
mail a worker has leased at that moment: it is the next to leave. The mail server notes when a body's last byte has
come; who gets nothing more after her request counts as 0.
"""

from __future__ import annotations

import http.client
import math
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from threading import Event, Lock

import sqlalchemy as sa

from benchmarks import crew, mailserver, webserver
from benchmarks.mailserver import Taken
from benchmarks.sending import WORKERS
from benchmarks.table import Row, at_most
from benchmarks.workspaces import DATABASES
from nurture.app.runtime import Runtime
from nurture.rendering.links import Purpose, Signer
from nurture.store.tables import contacts, messages

PEOPLE, MAILS = 5_000, 3
LEAVERS, PAUSE = 4, 0.05  # how many press at the same time, and seconds until each does again
MOST = 1.0  # seconds
_UNSENT = ("scheduled", "leased")
_BODY = "List-Unsubscribe=One-Click"
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody who opted out: when she asked, and when she was told that it is done."""

    address: str
    asked: float
    answered: float


def rows(scale: float) -> Iterator[Row]:
    for database in DATABASES:
        yield _row(database, int(PEOPLE * scale))


def _row(database: str, people: int) -> Row:
    names = crew.names(MAILS)
    with (
        mailserver.running() as server,
        crew.mailing(database, server, people, names) as runtime,
        webserver.serving(runtime.folder) as url,
        crew.hired(runtime.folder, WORKERS[database]) as workers,
    ):
        for name in names:
            crew.due(runtime, name)
        started = time.perf_counter()
        crew.work(workers)
        with _leaving(runtime, url.removeprefix("http://")) as left:
            sent = crew.done(workers)
            seconds = time.perf_counter() - started
        ledger = server.ledger()
    after = _after(left, ledger)
    note = (
        f"{len(after):,} people opted out while {sent:,} messages left at {sent / seconds:,.0f}/s: a body reached "
        f"{sum(each > 0 for each in after):,} of them after their request, the last of all {max(after):.2f} s after "
        f"it; answered in {median(each.answered - each.asked for each in left) * 1e3:.0f} ms in the median"
    )
    return at_most(
        "from an opt-out's request to the last body, 99 of 100", database, _at(after, 0.99), "s", MOST, note
    )


def _after(left: Sequence[Left], ledger: Sequence[Taken]) -> list[float]:
    """Seconds from each one's request to the last byte that reached her; 0 where none did."""
    last = {each.to: each.at for each in ledger}
    return sorted(max(0.0, last.get(each.address, 0.0) - each.asked) for each in left)


def _at(figures: Sequence[float], share: float) -> float:
    return figures[math.ceil(share * len(figures)) - 1]


@contextmanager
def _leaving(runtime: Runtime, host: str) -> Iterator[list[Left]]:
    """People opt out for as long as the block lasts; those who did, when it has ended."""
    left: list[Left] = []
    choice, ended = _Choice(runtime), Event()

    def press() -> None:
        line = http.client.HTTPConnection(host)
        while not ended.wait(PAUSE) and (person := choice.next()):
            left.append(_opt_out(line, *person))
        line.close()

    with ThreadPoolExecutor(LEAVERS) as pool:
        pressing = [pool.submit(press) for _ in range(LEAVERS)]
        try:
            yield left
        finally:
            ended.set()
    for each in pressing:
        each.result()


def _opt_out(line: http.client.HTTPConnection, address: str, token: str) -> Left:
    asked = time.monotonic()
    line.request("POST", f"/u/{token}", _BODY, _HEADERS)
    answer = line.getresponse()
    answer.read()
    assert answer.status == 200, f"the opt-out was answered with {answer.status}"
    return Left(address, asked, time.monotonic())


class _Choice:
    """Who opts out next: in turns anybody to whom mails are due, and somebody whose mail is the next to leave."""

    def __init__(self, runtime: Runtime) -> None:
        self._store, self._signer = runtime.store, Signer(runtime.settings.secrets)
        chosen = sa.select(messages.c.contact_id, contacts.c.email, sa.func.min(messages.c.key)).join(
            contacts, contacts.c.id == messages.c.contact_id
        )
        with self._store.read() as tx:
            rows = tx.execute(
                chosen.where(messages.c.state.in_(_UNSENT)).group_by(*chosen.selected_columns[:2])
            )
            self._people = {contact: (email, key) for contact, email, key in rows}
        self._chance, self._lock, self._turn = random.Random(4), Lock(), 0

    def next(self) -> tuple[str, str] | None:
        """An address and the token of her link; nobody where all have left."""
        with self._lock:
            self._turn += 1
            near = self._leased() if self._turn % 2 else []
            if not (those := near or list(self._people)):
                return None
            address, key = self._people.pop(self._chance.choice(those))
        return address, self._signer.sign(Purpose.UNSUBSCRIBE, key)

    def _leased(self) -> list[int]:
        with self._store.read() as tx:
            found = tx.execute(sa.select(messages.c.contact_id).where(messages.c.state == "leased")).scalars()
            return sorted(set(found) & self._people.keys())
