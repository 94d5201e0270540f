"""What people write into forms and templates, from the imported file to the received mail."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nurture import schedule
from nurture.app import importing, ingest
from nurture.app.importing.mapping import ColumnMapping, Kind
from nurture.app.runtime import Runtime
from nurture.app.workspace import publishable
from nurture.cli.main import app
from nurture.model import Channel
from nurture.problems import NurtureError
from nurture.store import messages as outbox
from nurture.store import tables
from tests.crash.scene import Scene, audit, build, signups
from tests.crash.workers import finish, worker
from tests.support import sink

NAMES = {
    "p0": "Ana",
    "p1": "{{7*7}}{% for x in range(9) %}",
    "p2": "Chloe\r\nBcc: x@example.com",
    "p3": "=?utf-8?q?Davi=0D=0ABcc:_x@example.com?=",
    "p4": "<script>alert(1)</script>\"' onclick='x",
    "p5": "Ana\N{RIGHT-TO-LEFT OVERRIDE}\N{ZERO WIDTH SPACE}",
}
GREETING = """<html><body>{% block subject %}{{ first_name }}, oi{% endblock %}
<p title="{{ first_name }}">Olá, {{ first_name }}</p>
<a href="https://cafe.example/?n={{ first_name | urlencode }}">Ver</a> <a href="{{ unsubscribe_url }}">Sair</a>
<p>{{ company.postal_address }}</p></body></html>"""


class Seen(HTMLParser):
    """The elements of a mail, the attributes of its paragraphs, and their text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.titles: list[str | None] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.titles += [value for name, value in attrs if name == "title"]
        assert not {name for name, _ in attrs} & {"onclick", "onload"}

    def handle_data(self, data: str) -> None:
        self.text += data


class Shop:
    """A workspace with one mail to greet those who sign up, and a server that keeps bodies."""

    def __init__(self, scene: Scene, bodies: Path) -> None:
        self.scene, self.bodies = scene, bodies

    def template(self, text: str) -> None:
        (self.scene.folder / "templates" / "email" / "hello.html").write_text(text, encoding="utf-8")

    def greet(self) -> Runtime:
        runtime = self.scene.open()
        ingest.ingest(runtime.store, signups(self.scene.people), self.scene.start)
        for job in schedule.JOBS[:-1]:
            schedule.run(runtime, job)
        return runtime

    def mails(self) -> dict[str, EmailMessage]:
        """The greetings, by the person's number."""
        read = [
            (line["recipient"], message_from_bytes(self._body(line["sha256"]), policy=default))
            for line in self.scene.sink.messages()
        ]
        return {who.partition("@")[0]: mail for who, mail in read if mail["Subject"] != "first"}

    def _body(self, digest: str) -> bytes:
        return (self.bodies / f"{digest}.eml").read_bytes()

    def agrees_with_the_ledger(self) -> bool:
        """What the outbox calls accepted has arrived, each once, and nothing else has."""
        (rows,) = self.scene.rows(tables.messages)
        return self.scene.taken() == {row["key"]: 1 for row in rows if row["state"] == "accepted"}

    def refused(self) -> dict[str, str]:
        """Why greetings were not sent, by the person's number."""
        contacts, messages, attempts = self.scene.rows(tables.contacts, tables.messages, tables.attempts)
        refs = {row["id"]: row["ref"] for row in contacts}
        why = {row["message_id"]: row["detail"] for row in attempts}
        return {
            refs[row["contact_id"]]: why[row["id"]]
            for row in messages
            if row["journey"] == "hello" and row["state"] == "refused"
        }


@pytest.fixture
def shop(tmp_path: Path, database: str) -> Iterator[Shop]:
    bodies = tmp_path / "bodies"
    with sink.running(tmp_path / "ledger.ndjson", "--bodies", str(bodies)) as server:
        yield Shop(build(tmp_path / "shop", database, "smtp", server, people=len(NAMES)), bodies)


def test_names_that_attack_do_nothing_from_the_file_to_the_mail(shop: Shop, tmp_path: Path) -> None:
    shop.template(GREETING)
    file = tmp_path / "people.csv"
    with file.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([("ref", "first_name"), *NAMES.items()])
    runtime = shop.scene.open()
    loaded = importing.load(runtime.store, file, runtime.settings, shop.scene.start)
    assert loaded.accepted + loaded.refused == len(NAMES)
    runtime.close()
    shop.greet().close()
    mails, refused = shop.mails(), shop.refused()
    assert mails.keys() | refused.keys() == NAMES.keys()
    assert {line["recipient"] for line in shop.scene.sink.messages()} <= {f"{n}@example.com" for n in NAMES}
    for mail in mails.values():
        assert mail["Bcc"] is None
        html = mail.get_body(("html",))
        assert html is not None
        assert Seen(html.get_content()).tags == ["html", "head", "body", "p", "a", "a", "p", "img"]
    for ref in ("p0", "p1", "p4"):
        html = mails[ref].get_body(("html",))
        assert html is not None
        assert mails[ref]["Subject"] == f"{NAMES[ref]}, oi"
        assert Seen(html.get_content()).titles == [NAMES[ref]]
        assert f"Olá, {NAMES[ref]}" in Seen(html.get_content()).text
    assert "encoded-word" in refused["p3"]
    assert shop.agrees_with_the_ledger()


PEOPLE = """\
ref,email,phone
p0,p0@example.com,
p1,p1@,
p2,,123
p0,p0@example.com,
p0,another@example.com,
"""
WRONG_FILES = {
    "a wrong encoding": (ColumnMapping(Kind.CONTACTS, {"ref": "ref"}, encoding="utf-8"), "is not utf-8"),
    "missing columns": (ColumnMapping(Kind.CONTACTS, {"ref": "codigo"}), "no column 'codigo'"),
}
TEN_MISTAKES = Path(__file__).parents[1] / "problems" / "ten-mistakes.yaml"


def test_wrong_files_and_a_journey_full_of_mistakes_change_nothing_that_is_sent(
    shop: Shop, tmp_path: Path
) -> None:
    scene, file = shop.scene, tmp_path / "people.csv"
    runtime = scene.open()
    for mapping, said in WRONG_FILES.values():
        file.write_bytes("ref,first_name\np0,João\n".encode("cp1252"))
        with pytest.raises(NurtureError, match=said):
            importing.load(runtime.store, file, runtime.settings, scene.start, mapping=mapping)
    file.write_text(PEOPLE, encoding="utf-8")
    loaded = importing.load(runtime.store, file, runtime.settings, scene.start)
    assert (loaded.accepted, loaded.refused) == (1, 4), loaded.reasons
    runtime.close()
    (scene.folder / "journeys" / "ten-mistakes.yaml").write_bytes(TEN_MISTAKES.read_bytes())
    with pytest.raises(NurtureError, match="10 errors; nothing was published"):
        publishable(scene.folder, None)
    finish(worker(scene))
    found = audit(scene)
    assert found.sound, found
    assert found.sent_once == found.due


UNFIT = {
    "a missing variable": ("<p>{{ nickname }}</p>", "nothing is called 'nickname'"),
    "a value that is not known of everybody": ("<p>{{ first_name }}</p>", "not known for everybody"),
    "an endless loop": (
        "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
        "the template takes more than 200,000 steps",
    ),
}


@pytest.mark.parametrize(("content", "why"), UNFIT.values(), ids=UNFIT)
def test_a_template_that_cannot_be_filled_is_refused_with_its_place_and_holds_up_nobody(
    shop: Shop, content: str, why: str
) -> None:
    shop.template(f"<html><body>{{% block subject %}}Oi{{% endblock %}}\n{content}\n</body></html>")
    runtime = shop.greet()
    refused = shop.refused()
    assert refused.keys() == NAMES.keys()
    for said in refused.values():
        assert why in said
        assert "templates/email/hello.html:2:1" in said
        assert "Traceback" not in said
        assert "\n" not in said
    told = CliRunner().invoke(app, ["explain", "p0", "hello", "-w", str(shop.scene.folder)]).output
    assert "refused (could not be made of its template)" in " ".join(told.split())
    assert "by the provider" not in told
    assert len(shop.scene.sink.messages()) == len(NAMES)  # the other journey's
    with runtime.store.read() as tx:
        assert outbox.states(tx)["refused"] == len(NAMES)
    assert shop.agrees_with_the_ledger()
    assert runtime.carrier(Channel.EMAIL).name == "smtp"
    runtime.close()
