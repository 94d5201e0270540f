"""A shop from `nurture init` to the report, through the real command: settings, people from files, checks, a
journey that runs by itself against an SMTP server and Twilio's interface, clicks, opt-outs and a pause."""

from __future__ import annotations

import json
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest
import sqlalchemy as sa

from nurture.channels.twilio.webhooks import signature
from nurture.store import contacts, enrollments, tasks
from nurture.store.engine import Store
from nurture.store.tables import messages
from tests.support import digest
from tests.support.operator import Operator, until
from tests.support.sink import Sink, running
from tests.support.visitor import IPHONE

PUBLIC, TOKEN = "https://mail.cafe.example", "a-token-of-twilio"
SOON = 2.2  # seconds: who clicks within two of a mail's arrival is taken for a scanner
CROWD = 80
DELAY, CONNECTIONS = 0.2, 2  # the SMTP server takes ten mails a second: time enough to pause half-way

PEOPLE = """\
Código;Nome;E-mail;Celular;Fuso;Aceita ofertas;Aceito em
ana;Ana;ana@example.com;(11) 98765-4321;;sim;01/02/2025
bruno;Bruno;bruno@example.com;;;não;01/02/2025
chloe;Chloe;chloe@example.com;;;sim;01/02/2025
davi;Davi;davi@example.com;(92) 99123-4567;America/Manaus;sim;01/02/2025
eva;Eva;eva@example;;;sim;01/02/2025
ana;Ana;ana@example.com;(11) 98765-4321;;sim;01/02/2025
fabio;Fábio;fabio@example.com;123;;sim;01/02/2025
"""
PEOPLE_MAPPING = """\
import: contacts
source: erp
columns:
  ref: Código
  first_name: Nome
  email: E-mail
  phone: Celular
  zone: Fuso
dates: dd/mm/yyyy
consent:
  topics: [offers]
  basis: consent
  text_version: cadastro-2025
  how: cadastro
  date_from: Aceito em
  only_if: Aceita ofertas
"""
ORDERS_MAPPING = """\
import: orders
source: erp
columns: {order_id: Pedido, ref: Cliente, ordered_at: Data, total: Valor}
dates: iso
"""
JOURNEY = """\
journey: back-again
topic: offers
trigger: {inactive: order_completed, for: 60 days}
backfill: all
goal: {event: order_completed, within: 30 days, value: event.total}
exit:
  - when: not consents(offers)
steps:
  - email: reactivation/we-miss-you
    id: first
  - wait_for: email_clicked
    of: first
    up_to: 3 days
    then:
      - coupon: WINBACK15
        save_as: coupon
      - branch:
          - if: lifetime_value >= 500
            then:
              - sms: reactivation/coupon
                id: best
          - else:
              - email: reactivation/coupon
                id: offer
      - task: Ligar para quem voltou
        id: call
        brief: tasks/warm-call
      - wait_for: task_done
        of: call
        up_to: 3 days
        then:
          - sms: birthday/present
            id: thanks
"""
TIMELINE = """\
journey: back-again
tests:
  - test: who clicks gets the coupon on the phone
    person: {first_name: Ana, email: ana@example.com, phone: "+5511987654321", consents: [offers]}
    published: 2026-02-01 00:00
    given:
      - {at: 2026-01-05 12:00, event: order_completed, order_id: A-1, total: 640}
      - {at: 2026-03-06 15:00, clicks: first}
    until: 2026-03-06 18:00
    expect:
      - {at: 2026-03-06 12:00, email: reactivation/we-miss-you}
      - {at: 2026-03-06 15:00, coupon: WINBACK15}
      - {at: 2026-03-06 15:00, sms: reactivation/coupon}
      - {at: 2026-03-06 15:00, task: Ligar para quem voltou}
  - test: who doesn't is left in peace
    person: {first_name: Ana, email: ana@example.com, consents: [offers]}
    published: 2026-02-01 00:00
    given:
      - {at: 2026-01-05 12:00, event: order_completed, order_id: A-1, total: 640}
    expect:
      - {at: 2026-03-06 12:00, email: reactivation/we-miss-you}
      - {at: 2026-03-09 12:00, ends: completed}
"""


class Shop:
    """The workspace, its operator, and the two providers."""

    def __init__(self, folder: Path, smtp: Sink, twilio: Sink) -> None:
        self.folder, self.smtp, self.twilio = folder, smtp, twilio
        self.nurture = Operator(folder)
        self.port = _free_port()
        self.client = httpx.Client(headers={"user-agent": IPHONE}, timeout=10)
        self.store = Store(f"sqlite:///{folder / 'nurture.db'}")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def mails(self) -> dict[str, EmailMessage]:
        """The latest mail of each recipient."""
        found = {}
        for line in self.smtp.messages():
            path = self.smtp.ledger.parent / "bodies" / f"{line['sha256']}.eml"
            found[line["recipient"]] = message_from_bytes(path.read_bytes(), policy=default)
        return found

    def texts(self) -> Counter[str]:
        """How many SMS each number got."""
        return Counter(line["recipient"] for line in self.twilio.messages())

    def here(self, public: str) -> str:
        """Where an address of ours is served, behind the proxy that a real one has."""
        assert public.startswith(PUBLIC)
        return f"http://127.0.0.1:{self.port}{public.removeprefix(PUBLIC)}"

    def get(self, public: str) -> httpx.Response:
        return self.client.get(self.here(public))

    def answer(self, phone: str, text: str) -> httpx.Response:
        """An SMS to the shop, as Twilio passes it on."""
        fields = {"From": phone, "To": "+15005550006", "Body": text, "MessageSid": f"SM{phone[1:]}"}
        url = f"{PUBLIC}/webhooks/twilio/inbound"
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": signature(TOKEN, url, fields.items()),
        }
        return self.client.post(self.here(url), content=urlencode(fields), headers=headers)

    def reasons(self, person: str) -> list[str]:
        """What was decided about a person, in order: what `nurture explain` shows, without a process each time."""
        with self.store.read() as tx:
            row = contacts.by_anything(tx, person)
            assert row is not None
            runs = enrollments.of_contact(tx, row["id"])
            return [trace["reason"] for run in runs for trace in enrollments.traces_of(tx, run["id"])]

    def open_tasks(self) -> int:
        with self.store.read() as tx:
            return len(tasks.open_ones(tx))


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with (
        running(
            tmp_path / "mails.jsonl", "--bodies", str(tmp_path / "bodies"), "--delay", str(DELAY)
        ) as smtp,
        running(tmp_path / "sms.jsonl", module="tests.support.fake_twilio") as twilio,
    ):
        shop = Shop(tmp_path / "my-shop", smtp, twilio)
        yield shop
        shop.client.close()
        shop.store.close()


def test_from_a_new_folder_to_the_report(shop: Shop) -> None:
    a_workspace_is_made_and_its_providers_put_in(shop)
    people_come_in_from_files(shop)
    a_journey_is_written_checked_and_looked_at(shop)
    it_is_published(shop)
    with shop.nurture.running("up", "--every", "0.5"):
        mails_go_out_and_what_comes_back_is_heard(shop)
        a_colleague_calls_and_no_sms_goes_to_who_said_stop(shop)
        nothing_leaves_after_a_pause(shop)
        an_order_is_attributed_to_the_click(shop)
        assert "All is well." in shop.nurture("status")
    it_is_explained_with_values(shop)


def a_workspace_is_made_and_its_providers_put_in(shop: Shop) -> None:
    outside = Operator(shop.folder.parent)
    assert "nurture check" in outside("init", "my-shop")
    text = (shop.folder / "nurture.yaml").read_text(encoding="utf-8")
    email = f"provider: smtp\n    host: 127.0.0.1\n    port: {shop.smtp.port}\n    connections: {CONNECTIONS}"
    sms = (
        "provider: twilio\n    account: AC00000000000000000000000000000000\n    token: ${TWILIO_AUTH_TOKEN}\n"
        f"    api: http://127.0.0.1:{shop.twilio.port}"
    )
    email_part, sms_part = (
        f"provider: outbox                        # -> {name}" for name in ("smtp", "twilio")
    )
    assert email_part in text
    assert sms_part in text
    text = text.replace(email_part, email).replace(sms_part, sms)
    # at any hour and on any holiday: this shop writes when the test runs
    text = re.sub(r"  quiet_hours: .*\n", "", text)
    text = text.replace("url: http://127.0.0.1:8025", f"url: {PUBLIC}")
    shop.write("nurture.yaml", text.replace("bind: 127.0.0.1:8025", f"bind: 127.0.0.1:{shop.port}"))
    with (shop.folder / ".env").open("a", encoding="utf-8") as env:
        env.write(f"TWILIO_AUTH_TOKEN={TOKEN}\n")


def people_come_in_from_files(shop: Shop) -> None:
    shop.write("clientes.csv", PEOPLE)
    shop.write("clientes.yaml", PEOPLE_MAPPING)
    arguments = ("import", "contacts", "clientes.csv", "-m", "clientes.yaml")
    seen = shop.nurture(*arguments, "--preview")
    assert "4 can be imported, 3 with consent; 3 would be refused." in seen
    assert "line 6: E-mail: 'eva@example' is not an e-mail address" in seen
    assert "4 new, 0 known already, 3 refused" in shop.nurture(*arguments)
    refused = (shop.folder / "clientes.refused.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(";")[0] for line in refused[1:]] == ["eva", "ana", "fabio"]
    assert "the same as line 2" in refused[2]
    shop.write("pedidos.yaml", ORDERS_MAPPING)
    rows = [(f"P-{name}", name, 90, total) for name, total in TOTALS.items()]
    shop.write("pedidos.csv", _orders(*rows))
    assert "4 new" in shop.nurture("import", "orders", "pedidos.csv", "-m", "pedidos.yaml")
    before = _digest(shop)
    assert "0 new, 4 known already" in shop.nurture(*arguments)
    assert "0 new, 4 known already" in shop.nurture("import", "orders", "pedidos.csv", "-m", "pedidos.yaml")
    assert _digest(shop) == before


TOTALS = {"ana": "640,00", "bruno": "80,00", "chloe": "55,00", "davi": "999,90"}


def _orders(*rows: tuple[str, str, float, str]) -> str:
    """Orders as the shop exports them: number, client, how many days ago, total."""
    now = datetime.now(ZoneInfo("America/Sao_Paulo"))
    lines = (
        f"{number};{client};{now - timedelta(days=days):%Y-%m-%dT%H:%M:%S};{total}"
        for number, client, days, total in rows
    )
    return "\n".join(["Pedido;Cliente;Data;Valor", *lines]) + "\n"


def _digest(shop: Shop) -> dict[str, str]:
    return digest.digests(shop.store)


def a_journey_is_written_checked_and_looked_at(shop: Shop) -> None:
    shop.write("journeys/back-again.yaml", JOURNEY)
    assert "6 journeys: everything is right" in shop.nurture("check")
    shop.write("tests/back-again.yaml", TIMELINE)
    assert "2 passed, 0 failed" in shop.nurture("test", "back-again")
    seen = shop.nurture("preview", "reactivation/coupon", "--contact", "ana")
    assert "Ana, separei 15% para o seu próximo pedido" in seen
    assert re.search(r"coupon\.code +VOLTA-777777 +made up, of the pool WINBACK15", seen)
    assert re.search(r"first_name +Ana +contact ana", seen)
    written = shop.folder / "preview" / "reactivation-coupon"
    assert "VOLTA-777777" in written.with_suffix(".txt").read_text(encoding="utf-8")
    assert "List-Unsubscribe-Post" in written.with_suffix(".eml").read_text(encoding="utf-8")
    assert "Sent by smtp" in shop.nurture("send-test", "welcome/hello", "--to", "me@example.com")
    assert shop.mails().keys() == {"me@example.com"}


def it_is_published(shop: Shop) -> None:
    seen = shop.nurture("publish", "back-again", typed="n\n", status=1)
    # Bruno enters and hears nothing: he said no to offers
    assert re.search(r"back-again +1 new +4 +0 +3 +3 email, BRL 0\.01", seen)
    assert "Nothing was published." in seen
    assert "Published." in shop.nurture("publish", "back-again", "--yes")


def mails_go_out_and_what_comes_back_is_heard(shop: Shop) -> None:
    wanted = {f"{name}@example.com" for name in ("ana", "chloe", "davi")}
    mails = until(shop.mails, lambda found: wanted <= found.keys())
    assert "bruno@example.com" not in mails
    until(lambda: _accepted(shop), lambda count: count == len(wanted))
    time.sleep(SOON)
    for name in ("ana", "davi"):
        (link,) = _links(mails[f"{name}@example.com"], "c")
        reply = shop.get(link)
        assert (reply.status_code, urlsplit(reply.headers["location"]).path) == (302, "/novidades")
    _opens(shop, mails["ana@example.com"])
    _leaves_by_one_click(shop, mails["chloe@example.com"])
    until(shop.texts, lambda found: found == {"+5511987654321": 1, "+5592991234567": 1})
    assert "VOLTA-" in shop.twilio.messages()[0]["text"]


def _accepted(shop: Shop) -> int:
    """How many of the journey's mails the outbox knows to be accepted: a click counts from then."""
    m = messages.c
    with shop.store.read() as tx:
        accepted = sa.select(sa.func.count()).where(m.channel == "email", m.accepted_at.is_not(None))
        return int(tx.execute(accepted).scalar_one())


def _links(mail: EmailMessage, purpose: str) -> list[str]:
    """The signed addresses in a mail's HTML: c is a click, o an opening, u the way out."""
    html = mail.get_body(("html",))
    assert html is not None
    return [unescape(url) for url in re.findall(rf'"({PUBLIC}/{purpose}/[^"]+)"', html.get_content())]


def _opens(shop: Shop, mail: EmailMessage) -> None:
    (picture,) = _links(mail, "o")
    assert shop.get(picture).headers["content-type"] == "image/gif"


def _leaves_by_one_click(shop: Shop, mail: EmailMessage) -> None:
    """As the button of a mail program does it (RFC 8058)."""
    address = str(mail["List-Unsubscribe"]).strip("<>")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    reply = shop.client.post(shop.here(address), data={"List-Unsubscribe": "One-Click"})
    assert reply.status_code == 200
    until(lambda: shop.reasons("chloe")[-1], lambda reason: reason == "exit.when")


def a_colleague_calls_and_no_sms_goes_to_who_said_stop(shop: Shop) -> None:
    assert shop.answer("+5592991234567", "SAIR").status_code == 200
    until(shop.open_tasks, lambda count: count == 2)
    found = json.loads(shop.nurture("tasks", "--json"))
    numbers = {task["person"]: str(task["id"]) for task in found}
    brief = shop.nurture("tasks", "show", numbers["Ana"])
    assert "Quem: Ana" in brief
    assert "Telefone: +5511987654321" in brief
    for number in numbers.values():
        assert "Closed: Ligar para quem voltou (meeting)." in shop.nurture("tasks", "done", number, "meeting")
    until(shop.texts, lambda found: found["+5511987654321"] == 2)
    until(lambda: shop.reasons("davi")[-1], lambda reason: reason == "message.skipped.suppressed")
    assert shop.texts()["+5592991234567"] == 1


def nothing_leaves_after_a_pause(shop: Shop) -> None:
    names = [f"c{number}" for number in range(CROWD)]
    rows = "".join(f"{name};{name.title()};{name}@example.com;;;sim;01/02/2025\n" for name in names)
    shop.write("todos.csv", PEOPLE.splitlines(keepends=True)[0] + rows)
    shop.write("velhos.csv", _orders(*((f"V-{name}", name, 75, "50,00") for name in names)))
    shop.nurture("import", "contacts", "todos.csv", "-m", "clientes.yaml")
    before = len(shop.smtp.messages())
    shop.nurture("import", "orders", "velhos.csv", "-m", "pedidos.yaml")
    until(lambda: len(shop.smtp.messages()) - before, lambda count: count > 5)
    assert "Paused:" in shop.nurture("pause", "--all", "--yes")
    sent = len(shop.smtp.messages()) - before
    assert 0 < sent < CROWD
    time.sleep(2)
    assert len(shop.smtp.messages()) - before == sent
    assert "back-again:" in shop.nurture("status")
    _leaves_by_link_and_button(shop)
    shop.nurture("resume", "back-again", "--yes")
    # one of them left in the meantime, by the mail that she had got
    everybody = until(lambda: _got(shop), lambda got: len(got) == CROWD)
    assert set(everybody.values()) == {1}


def _got(shop: Shop) -> Counter[str]:
    return Counter(
        line["recipient"] for line in shop.smtp.messages() if re.match(r"c\d+@", line["recipient"])
    )


def _leaves_by_link_and_button(shop: Shop) -> None:
    """Following the link changes nothing; pressing the button does, even while journeys are paused."""
    address = next(iter(_got(shop)))
    (link,) = _links(shop.mails()[address], "u")
    page = shop.get(link)
    assert (page.status_code, "<button" in page.text) == (200, True)
    person = address.partition("@")[0]
    told = json.loads(shop.nurture("explain", person, "--json"))
    assert [record["given"] for record in told["consents"]] == [True]
    shop.client.post(shop.here(link), data={"what": "topic"})
    told = json.loads(shop.nurture("explain", person, "--json"))
    assert [record["given"] for record in told["consents"]] == [True, False]


def an_order_is_attributed_to_the_click(shop: Shop) -> None:
    shop.write("novos.csv", _orders(("N-1", "ana", 0, "120,50"), ("N-2", "bruno", 0, "30,00")))
    shop.nurture("import", "orders", "novos.csv", "-m", "pedidos.yaml")
    (figures,) = json.loads(shop.nurture("report", "back-again", "--format", "json"))["journeys"]
    assert figures["attributed"]["orders"] == 1
    assert figures["attributed"]["revenue"] == 120.5
    assert figures["treated"]["people"] == CROWD + 4
    # first to 3 and the crowd
    assert figures["messages"]["email"]["sent"] == CROWD + 3
    assert figures["messages"]["email"]["clicked"] == 2
    assert figures["messages"]["email"]["opened"] == 1
    assert figures["messages"]["sms"]["sent"] == 3
    assert "R$ 120,50" in shop.nurture("report", "back-again")
    (_, behind) = shop.nurture("report", "back-again", "--rows", "attributed").splitlines()
    assert "N-1" in behind


def it_is_explained_with_values(shop: Shop) -> None:
    said = shop.nurture("explain", "ana@example.com", "back-again")
    assert "branch: takes 'if 1'" in said
    assert "yes: lifetime_value >= 500 (lifetime_value is 640" in said
    assert "journeys/back-again.yaml:" in said
    assert "rests on consent record" in said
