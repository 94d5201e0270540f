"""People are erased while two workers write to them and a shop tells of them, on both databases: `python -m tests.erased`.

ERASED_PEOPLE says how many (40). The exit status is 1 where a command failed, a run of hers went on, or anything in the
database or the outbox names her afterwards.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import sqlalchemy as sa

from nurture.app import advance, deliver, erasing, evaluate, process
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.opening import open_runtime
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.workspace import publishable
from nurture.model import Basis, ConsentRecord, NewEvent, Person
from nurture.store import tables
from tests.support import postgres

JOURNEY = """journey: life
topic: news
trigger: {event: ebook_downloaded}
reentry: after_exit
limits:
  cap: {at_most: 1000, per: 1 day}
steps:
  - update: {tag: seen}
  - email: welcome/hello
    id: one
  - task: Ligar
    id: call
  - update: {tag: again}
  - email: welcome/hello
    id: two
"""
MAIL = """<title>{% block subject %}Oi{% endblock %}</title>
<p>Oi {{ first_name }} {{ company.postal_address }} <a href="{{ unsubscribe_url }}">sair</a></p>
"""
JOBS = (process.process, evaluate.evaluate, advance.advance, deliver.deliver)


class Trial:
    """A workspace, its workers, and what went wrong."""

    def __init__(self, folder: Path, url: str, count: int) -> None:
        self.folder, self.count = folder, count
        self.over, self.gone = threading.Event(), set[int]()
        self.wrong: list[str] = []
        init(folder)
        for shipped in (*(folder / "journeys").glob("*.yaml"), *(folder / "tests").glob("*.yaml")):
            shipped.unlink()
        settings = folder / "nurture.yaml"
        text = re.sub(r"\n  quiet_hours:.*", "", settings.read_text(encoding="utf-8"))
        settings.write_text(text.replace("sqlite:///nurture.db", url), encoding="utf-8")
        (folder / "journeys" / "life.yaml").write_text(JOURNEY, encoding="utf-8")
        (folder / "templates" / "email" / "welcome" / "hello.html").write_text(MAIL, encoding="utf-8")

    @contextmanager
    def opened(self) -> Iterator[Runtime]:
        runtime = open_runtime(self.folder)
        yield runtime
        runtime.close()

    def work(self) -> None:
        with self.opened() as runtime:
            while not self.over.is_set():
                self.round(runtime)

    def round(self, runtime: Runtime) -> None:
        for job in JOBS:
            try:
                job(runtime, runtime.now())
            except Exception as error:
                self.wrong.append(f"{job.__name__}: {error!r}"[:300])

    def tell(self) -> None:
        """What a shop sends, of everybody who is left: again and again."""
        with self.opened() as runtime:
            for turn in range(1_000_000):
                if self.over.is_set():
                    return
                told = [
                    self.event(runtime, turn, number)
                    for number in range(2 * self.count)
                    if number not in self.gone
                ]
                ingest(runtime.store, told[turn % 7 :: 7], runtime.now())
                time.sleep(0.05)

    def event(self, runtime: Runtime, turn: int, number: int) -> NewEvent:
        now = runtime.now()
        yes = ConsentRecord("news", True, Basis.CONSENT, how="form", at=now)
        who = Person(ref=f"ref-{number}-", email=f"mail-{number}-@example.com")
        traits = {"first_name": f"name-{number}-"}
        payload = {"note": f"note-{number}-"}
        return NewEvent("ebook_downloaded", who, now, "site", f"{turn}:{number}", payload, traits, (yes,))

    def erase(self) -> None:
        chance = Random(1)
        with self.opened() as runtime:
            for number in range(self.count):
                self.gone.add(number)
                last = [self.event(runtime, -turn, number) for turn in range(1, 6)]
                ingest(runtime.store, last, runtime.now())
                time.sleep(chance.random() * 0.2)  # some of it is being worked on when she goes
                try:
                    erasing.erase(runtime, f"ref-{number}-", runtime.now())
                except Exception as error:
                    self.wrong.append(f"erase {number}: {error!r}"[:300])

    def run(self) -> None:
        with self.opened() as runtime:
            publish(runtime, publishable(self.folder, ["life"]), runtime.now())
        threads = [threading.Thread(target=act) for act in (self.work, self.work, self.tell)]
        for thread in threads:
            thread.start()
        time.sleep(4)
        self.erase()
        self.over.set()
        for thread in threads:
            thread.join()
        with self.opened() as runtime:
            self.round(runtime)
            self.look(runtime)

    def look(self, runtime: Runtime) -> None:
        """What names somebody who is gone, and whether one of them goes on."""
        named = re.compile("|".join(rf"(?:ref|mail|name|note)-{number}-" for number in self.gone))
        with runtime.store.read() as tx:
            for table in tables.metadata.sorted_tables:
                for row in tx.execute(sa.select(table)).mappings():
                    self.wrong += [f"{table.name}: {found}" for found in named.findall(str(dict(row)))]
            ran = sa.select(tables.contacts.c.ref).join(
                tables.enrollments, tables.enrollments.c.contact_id == tables.contacts.c.id
            )
            erased = tables.contacts.c.erased_at.is_not(None)
            going = tx.execute(ran.where(erased, tables.enrollments.c.status == "active")).scalars()
            self.wrong += [f"{ref} goes on" for ref in going]
            count = tx.execute(sa.select(sa.func.count()).where(erased)).scalar_one()
        self.wrong += [] if count == self.count else [f"{count} were erased"]
        letters = [path.read_text(encoding="utf-8") for path in (self.folder / "outbox").iterdir()]
        self.wrong += [found for letter in letters for found in named.findall(letter)]
        print(
            f"{runtime.store.dialect}: {count} erased, {len(letters)} mails of others, {len(self.wrong)} wrong"
        )


def main() -> int:
    count, wrong = int(os.environ.get("ERASED_PEOPLE", "40")), []
    with tempfile.TemporaryDirectory() as place:
        for kind in ("sqlite", "postgresql"):
            url = (
                f"sqlite:///{place}/nurture.db"
                if kind == "sqlite"
                else postgres.migrated_database(durable=False)
            )
            trial = Trial(Path(place) / kind, url, count)
            trial.run()
            wrong += trial.wrong
    print("\n".join(wrong[:20]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
