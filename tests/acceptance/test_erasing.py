"""A person lives through everything, and is erased: nothing names her any more, and no figure has changed."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from nurture.app import advance, deliver, exporting, feedback, merging, process, report, reporting, tasks
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.opening import open_runtime
from nurture.app.opt_outs import start_again
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.workspace import publishable
from nurture.cli.main import app
from nurture.model import NewEvent, Person
from nurture.problems import NurtureError, render
from nurture.rendering.links import LinkContext, Links, Signer
from nurture.reports import export
from nurture.store import tables
from nurture.web.app import create_app
from tests.support.visitor import Visitor

PEOPLE = """ref,first_name,last_name,email,phone,city,plan,vip,since
C-4711,Ana,Quaresma,ana.quaresma@example.com,(11) 98123-4567,Campinas,Anaplano,sim,2026-01-10
C-4712,Bruno,Barbosa,bruno.barbosa@example.com,(11) 98123-4568,Campinas,Brunoplano,sim,2026-01-11
C-4713,Ana,Quaresma,ana.quaresma@example.com,12,,,sim,2026-01-11
"""
MAPPING = """import: contacts
columns:
  ref: ref
  first_name: first_name
  last_name: last_name
  email: email
  phone: phone
  city: city
consent: {topics: [news, surveys], basis: consent, only_if: vip, date_from: since, text_version: "1", how: fair}
"""
JOURNEY = """journey: life
topic: news
trigger: {event: ebook_downloaded, key: trigger.ebook}
holdout: 0%
goal: {event: order_completed, where: event.status = "paid" and city != "Santos", any_key: true, within: 30 days, value: event.total}
steps:
  - coupon: WELCOME10
    id: gift
    save_as: coupon
  - email: welcome/hello
    id: hello
  - sms: birthday/present
    id: text
  - survey: post-sale-nps
    id: nps
  - task: Ligar
    id: call
    assign: owner
  - wait: 3 days
    id: rest
  - email: welcome/hello
    id: last
"""
MAIL = """<title>{% block subject %}Oi, {{ first_name }}{% endblock %}</title>
<p>Oi, {{ first_name }} {{ last_name }}! {{ company.postal_address }} <a href="{{ unsubscribe_url }}">sair</a></p>
"""
START = datetime(2026, 3, 3, 15, tzinfo=UTC)
NAMES = re.compile(
    rb"quaresma|Q-9090|98123-?4567|981234567|C-4711|Anaplano|the-order-of-ana|anas friend", re.IGNORECASE
)


@dataclass
class World:
    """A workspace in which Ana and Bruno did the same."""

    runtime: Runtime
    clock: list[datetime]
    report: str = ""

    @property
    def folder(self) -> Path:
        return self.runtime.folder

    def rows(self, table: sa.Table, **where: Any) -> list[dict[str, Any]]:
        with self.runtime.store.read() as tx:
            chosen = sa.select(table).filter_by(**where).order_by(*table.primary_key)
            return [dict(row) for row in tx.execute(chosen).mappings()]

    def work(self, days: int = 0) -> None:
        self.clock[0] += timedelta(days=days, minutes=10)
        for job in (process.process, advance.advance, deliver.deliver, advance.advance):
            job(self.runtime, self.clock[0])

    def tell(self, name: str, who: str, **payload: Any) -> None:
        event = NewEvent(
            name, Person(ref=who), self.clock[0], "shop", f"{name}:{who}:{self.clock[0]}", payload
        )
        ingest(self.runtime.store, [event], self.clock[0])

    def command(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--workspace", str(self.folder)])

    def figures(self) -> tuple[str, list[str]]:
        """The report, down to its last digit, and the rows behind it without whose they are."""
        now = self.clock[0]
        days = reporting.period(self.runtime, START.date(), START.date() + timedelta(days=20), now)
        with self.runtime.store.read() as tx:
            plans = self.runtime.plans(tx)
        hers = {"contact", "order", "message"}
        rows = [
            f"{figure}: { {name: value for name, value in row.items() if name not in hers} }"
            for figure in ("outcomes", "sent", "clicked", "coupons", "orders")
            for row in report.rows(self.runtime.store, self.runtime.settings, plans, days, now, figure)
        ]
        return export.to_json(reporting.make(self.runtime, days, now)), sorted(rows)

    def message(self, who: int, channel: str) -> dict[str, Any]:
        return self.rows(tables.messages, contact_id=who, channel=channel)[0]


@pytest.fixture
def world(database: str, tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "shop"
    init(folder)
    for shipped in (*(folder / "journeys").glob("*.yaml"), *(folder / "tests").glob("*.yaml")):
        shipped.unlink()
    file = folder / "nurture.yaml"
    text = re.sub(r"\n  quiet_hours:.*", "", file.read_text(encoding="utf-8"))
    text = text.replace("provider: smtp", "provider: outbox").replace("sqlite:///nurture.db", database)
    file.write_text(text, encoding="utf-8")
    (folder / "journeys" / "life.yaml").write_text(JOURNEY, encoding="utf-8")
    (folder / "people.yaml").write_text(MAPPING, encoding="utf-8")
    for mail in ("welcome/hello", "survey/post-sale-nps"):
        (folder / "templates" / "email" / f"{mail}.html").write_text(MAIL, encoding="utf-8")
    clock = [START]
    world = World(open_runtime(folder, lambda: clock[0]), clock)
    yield world
    world.runtime.close()


def live(world: World) -> None:
    """Ana and Bruno come in by a file, get a mail, an SMS and a survey, click, answer, write back and buy."""
    (world.folder / "people.csv").write_text(PEOPLE, encoding="utf-8")
    done = world.command(
        "import", "contacts", str(world.folder / "people.csv"), "--mapping", str(world.folder / "people.yaml")
    )
    assert "1 refused" in " ".join(done.output.split()), done.output
    publish(world.runtime, publishable(world.folder, ["life"]), START)
    world.work()
    for who, friend in (("C-4711", "anas friend"), ("C-4712", "brunos friend")):
        world.tell("identified", who)
        world.tell("ebook_downloaded", who, ebook=f"book-of-{who}", note=friend)
    for _ in range(3):
        world.work()
    with Visitor(create_app(world.runtime, world.runtime.now)) as visitor:
        for who in (1, 2):
            links = links_of(world, world.message(who, "email")["key"])
            world.clock[0] += timedelta(minutes=5)
            assert visitor.get(links.track("https://cafeserraazul.example/")).status_code == 302
            survey = next(row for row in world.rows(tables.messages, contact_id=who) if row["survey"])
            links = links_of(world, survey["key"], survey["survey"])
            answer = visitor.post(
                links.survey(), data={"score": "9", "comment": ("", "quaresma", "barbosa")[who]}
            )
            assert answer.status_code == 200
    for task in tasks.open_tasks(world.runtime):
        tasks.close(world.runtime, task.id, f"of {task.person}", world.clock[0])
    codes = {row["contact_id"]: row["code"] for row in world.rows(tables.coupons)}
    for who, ref, order in ((1, "C-4711", "the-order-of-ana"), (2, "C-4712", "the-order-of-bruno")):
        bought = {"order_id": order, "total": 80 + who, "currency": "BRL", "status": "paid", "items": [ref]}
        world.tell("order_completed", ref, **bought)
        world.tell("coupon_redeemed", ref, code=codes[who], order_id=order, discount=8)
    world.work()
    double = Person(ref="Q-9090", email="quaresma.ana@example.com")
    ingest(world.runtime.store, [NewEvent("signed_up", double, world.clock[0], "site", "d")], world.clock[0])
    world.work()
    merging.merge(world.runtime, "C-4711", "Q-9090", "user:chloe", world.clock[0])
    # what the inbox has not got to when she goes
    world.tell("ebook_downloaded", "C-4711", ebook="another", note="anas friend")
    later = NewEvent("signed_up", Person(email="Ana.Quaresma@example.com"), world.clock[0], "shop", "x")
    ingest(world.runtime.store, [later], world.clock[0])


def links_of(world: World, key: str, survey: str | None = None) -> Links:
    settings = world.runtime.settings
    return Links(LinkContext(key, "", survey=survey), Signer(settings.secrets))


def dumped(world: World, tmp_path: Path) -> Path:
    """What PostgreSQL gives out of this database."""
    from tests.support import postgres

    url = world.runtime.store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    path = tmp_path / "dump.sql"
    subprocess.run([postgres.program("pg_dump"), f"--file={path}", url], check=True, capture_output=True)
    return path


def naming(world: World, tmp_path: Path) -> list[str]:
    """Where Ana is named: every byte of the workspace, and of the database wherever it is."""
    store = world.runtime.store
    places = [path for path in world.folder.rglob("*") if path.is_file()]
    if store.is_sqlite:
        places += Path(str(store.url.database)).parent.glob("nurture.db*")
    else:
        places.append(dumped(world, tmp_path))
    return sorted(path.name for path in places if NAMES.search(path.read_bytes()))


def test_she_is_erased_and_nothing_else_changes(world: World, tmp_path: Path) -> None:
    live(world)
    assert {"people.csv", "people.refused.csv"} < set(naming(world, tmp_path))
    ana, bruno = (world.rows(tables.contacts, ref=ref)[0] for ref in ("C-4711", "C-4712"))
    is_all_given_out(world)
    old = world.message(ana["id"], "email")
    before, of_bruno = world.figures(), kept_of(world, bruno["id"])
    assert '"converted": 2' in before[0]
    shutil.rmtree(world.folder / "reports", ignore_errors=True)

    done = world.command("erase", "(11) 98123-4567", "--yes")
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "C-4711 (Ana Quaresma): 1 run would end" in said
    assert "Her rows were taken out of people.refused.csv" in said
    assert said.endswith(
        "Files that name her still, which nurture didn't write or may not change: people.csv"
    )
    assert naming(world, tmp_path) == ["people.csv"]

    assert kept_of(world, bruno["id"]) == of_bruno
    assert (world.folder / "outbox" / f"{world.message(bruno['id'], 'email')['key']}.eml").is_file()
    assert world.figures() == before
    (run,) = world.rows(tables.enrollments, contact_id=ana["id"])
    assert (run["status"], run["exit_reason"], run["memory"]) == ("exited", "erased", {})
    assert [row["topic"] for row in world.rows(tables.consents, contact_id=ana["id"])][:2] == [
        "news",
        "surveys",
    ]
    told = world.rows(tables.events, contact_id=ana["id"], name="order_completed")
    assert [(row["payload"]["total"], row["payload"]["status"]) for row in told] == [(81, "paid")]
    assert "items" not in told[0]["payload"]

    with Visitor(create_app(world.runtime, world.runtime.now)) as visitor:
        links = links_of(world, old["key"], "post-sale-nps")
        pages = [
            visitor.get(links.unsubscribe()),
            visitor.post(links.unsubscribe(), data={"what": "everything"}),
        ]
        assert [page.status_code for page in pages] == [200, 200]
        assert visitor.get(links.track("https://cafeserraazul.example/")).status_code == 302
        assert not any(NAMES.search(page.content) for page in pages)
        assert visitor.post(links.survey(), data={"score": "1", "comment": "anas friend"}).status_code == 404
    said = {"reason": "550 no ana.quaresma@example.com here", "suppress": "hard_bounce"}
    late = NewEvent("email_bounced", Person(), world.clock[0], "smtp", "late", said, message_key=old["key"])
    ingest(world.runtime.store, feedback.ours(world.runtime, [late], world.clock[0]), world.clock[0])
    world.work(days=5)
    assert len(world.rows(tables.messages, contact_id=ana["id"])) == 3
    assert naming(world, tmp_path) == ["people.csv"]

    again = world.command("erase", "C-4711", "--yes")
    assert re.search("was erased on 2026-..-..: nothing is left to do", again.output)
    assert "was erased on 2026-" in words_of(world.command("explain", "ana.quaresma@example.com"))
    asked = world.command("message", str(old["id"])).output
    assert "what it was filled with has been erased" in " ".join(asked.split())
    explained = world.command("explain", world.rows(tables.contacts, id=ana["id"])[0]["ref"]).output
    assert "exited: she was erased" in " ".join(explained.split())
    is_not_written_to_again(world)


def is_all_given_out(world: World) -> None:
    """The JSON and the page hold what Ana is, did, answered and got."""
    done = world.command("export", "ana.quaresma@example.com")
    data, shown = (Path(line) for line in done.output.split())
    given = json.loads(data.read_text(encoding="utf-8"))
    assert [given["contact"][name] for name in ("ref", "phone", "city", "lifetime_value")] == [
        *("C-4711", "+5511981234567", "Campinas", 81.0)
    ]
    assert {event["name"] for event in given["inbox"]} == {"ebook_downloaded", "signed_up"}
    assert [(each["topic"], each["given"]) for each in given["consents"]][:2] == [
        ("news", True),
        ("surveys", True),
    ]
    letter = next(each for each in given["messages"] if each["channel"] == "email")
    assert "Ana" in letter["text"]
    assert letter["subject"]
    assert [each["total"] for each in given["orders"]] == [81.0]
    assert given["tasks"][0]["outcome"] == "of Ana Quaresma"
    assert [each["code"] for each in given["coupons"]]
    page = html.unescape(shown.read_text(encoding="utf-8"))
    for said in (
        "O que guardamos sobre você",
        "Ana",
        "+5511981234567",
        "the-order-of-ana",
        "quaresma",
        letter["text"],
    ):
        assert said in page
    assert "barbosa" not in (page + data.read_text(encoding="utf-8")).lower()
    (alone,) = exporting.write(world.runtime, given, world.folder / "ana.json", None, world.clock[0])
    assert alone.read_bytes() == data.read_bytes()
    alone.unlink()


def words_of(done: Result) -> str:
    assert isinstance(done.exception, NurtureError), done.output
    return " ".join([str(done.exception), *(render(each) for each in done.exception.problems)])


def kept_of(world: World, contact_id: int) -> list[Any]:
    """Everything of a person."""
    held = [table for table in tables.metadata.sorted_tables if "contact_id" in table.c]
    own = [world.rows(table, contact_id=contact_id) for table in held]
    return [world.rows(tables.contacts, id=contact_id), *own]


def is_not_written_to_again(world: World) -> None:
    """Who comes again by a file gets nothing until she herself asks."""
    again = ("--mapping", str(world.folder / "people.yaml"), "--again")
    world.command("import", "contacts", str(world.folder / "people.csv"), *again)
    ingest(world.runtime.store, [back := came_back(world)], world.clock[0])
    for book in ("third", "book-of-C-4711"):  # one of which she had before
        world.tell("ebook_downloaded", back.person.ref or "", ebook=book)
        world.work()
    (ana,) = world.rows(tables.contacts, email="ana.quaresma@example.com")
    assert (ana["email_suppressed"], ana["phone_suppressed"]) == ("erased", "erased")
    sent = world.rows(tables.messages, contact_id=ana["id"])
    assert {(row["state"], row["reason"]) for row in sent} == {("cancelled", "suppressed")}
    assert len(sent) == 2 * len({row["step"] for row in sent})
    assert start_again(world.runtime, "+5511981234567")
    assert world.rows(tables.contacts, id=ana["id"])[0]["phone_suppressed"] is None


def came_back(world: World) -> NewEvent:
    traits = {"email": "ana.quaresma@example.com", "phone": "+5511981234567"}
    return NewEvent("identified", Person(ref="C-4711"), world.clock[0], "crm", "again", traits=traits)
