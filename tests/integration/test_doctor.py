"""The doctor as somebody runs it: DNS from a file, real TLS, a real mail server, both databases."""

from __future__ import annotations

import io
import json
import os
import ssl
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from unittest.mock import patch

import dkim
import pytest
import sqlalchemy as sa

from nurture.app.doctor import Finding, Resolver, Verdict, links, machine, provider
from nurture.app.doctor.names import Book, CouldNotAsk, addresses, exchangers, reverse
from nurture.app.runtime import Runtime
from nurture.channels.base import Options
from nurture.channels.smtp import keys
from nurture.channels.smtp.dkim import Signer, signed
from nurture.channels.smtp.server import KNOWN, read_server
from nurture.cli.main import main
from nurture.model import Channel
from nurture.settings import ApiAccess, ApiKey, ChannelConfig, Scope, Sender
from nurture.store.engine import Store
from tests.support import postgres
from tests.support.api_server import Said
from tests.support.api_server import serving as api_serving
from tests.support.certificates import Authority
from tests.support.channels import faulty
from tests.support.commands import Done
from tests.support.name_server import answering
from tests.support.shop import settings

OK, WARNING, WRONG, UNKNOWN, SKIPPED = Verdict
NAME = "links.shop.example"
NOW = datetime.now(UTC)
HEALTH = b'{"status": "ok", "database": "ok", "jobs": {}}'


# --- links --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_keys_of_the_api_are_told_with_what_they_may_and_whether_somebody_could_read_them() -> None:
    shop = ApiKey("shop", (b"new", b"old"), frozenset([Scope.PEOPLE, Scope.EVENTS]))
    till = ApiKey("till", (b"one",), frozenset([Scope.ENTER]))
    assert list(links.look_at_keys("http://shop.example", ApiAccess())) == []
    (told,) = links.look_at_keys("https://shop.example", ApiAccess((shop, till)))
    assert (told.verdict, told.found) == (
        OK,
        "shop may events, people; till may enter; shop has an old key beside the new one",
    )
    (told,) = links.look_at_keys("http://127.0.0.1:8025", ApiAccess((till,)))
    assert (told.verdict, told.found) == (WARNING, "till may enter; and they come without HTTPS")


@contextmanager
def serving(certificate: Path, body: bytes = HEALTH, status: int = 200, under: str = "/") -> Iterator[int]:
    """A server on loopback that answers requests `under` a path so, and others with 404, behind this certificate; its
    port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here = self.path.startswith(under)
            self.send_response(status if here else 404)
            self.end_headers()
            self.wfile.write(body if here else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who distrusts us hangs up
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


def look(url: str, address: str | None = "127.0.0.1") -> dict[str, Finding]:
    book = Book({NAME: {"A": (address,)}} if address else {})
    found, _ = links.look(book, url, lambda: NOW, 2)
    return {each.name: each for each in found}


def test_links_over_https_to_nurture_are_in_order(trusted: Authority) -> None:
    with serving(trusted.certificate(NAME)) as port:
        book = Book({NAME: {"A": ("127.0.0.1",)}})
        found, ahead = links.look(book, f"https://{NAME}:{port}", lambda: datetime.now(UTC), 2)
    assert [(each.name, each.verdict) for each in found] == [("certificate", OK), ("HTTPS", OK)]
    assert "(19 days)" in found[0].found
    assert ahead is not None
    assert abs(ahead) < timedelta(seconds=30)


def test_a_certificate_that_ends_soon(trusted: Authority) -> None:
    with serving(trusted.certificate(NAME, timedelta(days=9, hours=1))) as port:
        found = look(f"https://{NAME}:{port}")
    assert found["certificate"].verdict is WARNING
    assert "(9 days)" in found["certificate"].found


UNTRUSTED = {
    "ended": (NAME, timedelta(days=-3), f"ended on {NOW - timedelta(days=3):%Y-%m-%d}"),
    "for somebody else": ("www.shop.example", timedelta(days=20), "is for www.shop.example"),
}


@pytest.mark.parametrize("name", UNTRUSTED)
def test_a_certificate_that_does_not_hold(trusted: Authority, name: str) -> None:
    whom, left, says = UNTRUSTED[name]
    with serving(trusted.certificate(whom, left)) as port:
        found = look(f"https://{NAME}:{port}")
    assert found["certificate"].verdict is WRONG
    assert says in found["certificate"].found
    assert "made anew" in found["certificate"].do


def test_a_certificate_without_its_chain(authority: Authority) -> None:
    with serving(authority.certificate(NAME)) as port:
        found = look(f"https://{NAME}:{port}")
    assert found["certificate"].verdict is WRONG
    assert "without the chain" in found["certificate"].found


def test_somebody_else_answers(trusted: Authority) -> None:
    with serving(trusted.certificate(NAME), b"Bem-vindo", 404) as port:
        found = look(f"https://{NAME}:{port}")
    assert (found["HTTPS"].verdict, found["certificate"].verdict) == (WRONG, OK)
    assert "/health answers 404" in found["HTTPS"].found
    assert "nurture up" in found["HTTPS"].do


@pytest.mark.parametrize("path", ["/links", "/links/"])
def test_links_under_a_path_are_asked_about_there(trusted: Authority, path: str) -> None:
    with serving(trusted.certificate(NAME), under="/links/health") as port:
        assert look(f"https://{NAME}:{port}{path}")["HTTPS"].verdict is OK


def test_nurture_without_its_database_is_told(trusted: Authority) -> None:
    with serving(trusted.certificate(NAME), b'{"status": "down", "database": "unreachable"}', 503) as port:
        found = look(f"https://{NAME}:{port}")["HTTPS"]
    assert found.verdict is WRONG
    assert found.found.endswith("/health answers 503: it is nurture, and it can't reach its database")
    assert "Start the database" in found.do


BEFORE_ASKING = {
    "no HTTPS": (f"http://{NAME}", WRONG, "without HTTPS"),
    "this machine": ("https://127.0.0.1:8025", WRONG, "nobody but this machine"),
    "a private network": ("https://10.1.2.3", WRONG, "or its network reaches"),
}


@pytest.mark.parametrize("name", BEFORE_ASKING)
def test_addresses_that_nobody_needs_to_be_asked_about(name: str) -> None:
    url, verdict, says = BEFORE_ASKING[name]
    assert (look(url)["HTTPS"].verdict, says in look(url)["HTTPS"].found) == (verdict, True)


def test_a_host_without_an_address_is_wrong_and_one_that_does_not_answer_unknown() -> None:
    assert look(f"https://{NAME}", address=None)["address"].verdict is WRONG
    assert look(f"https://{NAME}", address="timeout")["HTTPS"].verdict is UNKNOWN
    refused = look(f"https://{NAME}:9")["HTTPS"]  # nobody listens on the port of discard
    assert (refused.verdict, "port 9" in refused.found) == (UNKNOWN, True)


# --- the DNS in earnest ---------------------------------------------------------------------------

ZONE = {
    ("shop.example", "TXT"): ['"v=spf1 " "-all"', '"other"'],
    ("shop.example", "MX"): ["20 Second.shop.example.", "10 first.shop.example."],
    ("none.example", "MX"): ["0 ."],
    ("10.2.0.192.in-addr.arpa", "PTR"): ["first.shop.example."],
    ("first.shop.example", "AAAA"): ["2001:db8::1"],
    ("broken.example", "A"): ["192.0.2.1"],
}


def test_a_name_server_is_asked_as_a_file_is_read() -> None:
    with answering(ZONE, mute=("mute.example",)) as port:
        resolver = Resolver(0.3, ("127.0.0.1", port))
        assert sorted(resolver.ask("shop.example", "TXT")) == ["other", "v=spf1 -all"]
        assert [host.lower() for host in exchangers(resolver, "shop.example")] == [
            "first.shop.example",
            "second.shop.example",
        ]
        assert resolver.ask("none.example", "MX") == ("0 .",)
        assert resolver.ask(reverse("192.0.2.10"), "PTR") == ("first.shop.example",)
        assert addresses(resolver, "first.shop.example.") == ("2001:db8::1",)
        assert resolver.ask("nobody.example", "A") == ()
        with pytest.raises(CouldNotAsk, match=r"A of mute\.example: no answer in time"):
            resolver.ask("mute.example", "A")


def test_a_name_server_that_is_named(tmp_path: Path) -> None:
    settle(tmp_path, 9)
    with answering(ZONE) as port:
        told = run(tmp_path, "doctor", "--server", f"127.0.0.1:{port}", "--format", "json")
    found = {each["name"]: each for each in json.loads(told.said)["findings"]}
    assert found["SPF"]["found"].startswith("shop.example says v=spf1 -all")
    assert found["DMARC"]["verdict"] == "wrong"


# --- database and clock ---------------------------------------------------------------------------


def test_a_database_that_is_up_to_date(database: str) -> None:
    if database.startswith("postgresql"):
        postgres.set_durable(database, True)
    store = Store(database)
    (found,), condition = machine.look_at_database(store)
    store.close()
    assert (found.verdict, condition is not None) == (OK, True), found.found
    assert "is up to date" in found.found
    assert condition
    assert (condition.clock is not None) == database.startswith("postgresql")


def test_commits_that_do_not_wait_for_the_disk_are_wrong(postgres_database: str) -> None:
    postgres.set_durable(postgres_database, False)
    store = Store(postgres_database)
    (found,), _ = machine.look_at_database(store)
    store.close()
    assert found.verdict == WRONG
    assert "synchronous_commit is off" in found.found


def test_looking_at_a_database_makes_and_changes_nothing(tmp_path: Path, sqlite_database: str) -> None:
    (found,), _ = machine.look_at_database(Store(f"sqlite:///{tmp_path}/none.db"))
    assert (found.verdict, "is empty" in found.found) == (WARNING, True)
    assert not (tmp_path / "none.db").exists()
    _set_revision(sqlite_database, "0001")
    for _ in range(2):
        (found,), _ = machine.look_at_database(Store(sqlite_database))
        assert (found.verdict, "stands at 0001" in found.found) == (WARNING, True)


def test_a_database_of_a_newer_nurture(sqlite_database: str) -> None:
    _set_revision(sqlite_database, "9999")
    (found,), _ = machine.look_at_database(Store(sqlite_database))
    assert (found.verdict, found.do) == (WRONG, "Install the newest nurture here.")


def test_a_database_that_could_lose_what_was_committed(sqlite_database: str) -> None:
    engine = sa.create_engine(sqlite_database)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
    engine.dispose()
    (found,), _ = machine.look_at_database(Store(sqlite_database))
    assert (found.verdict, "journal_mode is delete" in found.found) == (WRONG, True)


def test_a_database_that_is_not_there() -> None:
    (found,), _ = machine.look_at_database(Store("postgresql://nobody@127.0.0.1:9/none"))
    assert (found.verdict, "doesn't answer" in found.found) == (WRONG, True)


def _set_revision(url: str, revision: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
    engine.dispose()


CLOCKS = {
    "the same": ({"the database": 0.4}, OK, "the same as that of the database"),
    "a little off": (
        {"the database": 0.4, "the links' host": -40},
        WARNING,
        "40 s ahead of that of the links' host",
    ),
    "far off": ({"the database": 3600}, WRONG, "3,600 s behind that of the database"),
    "alone": ({}, SKIPPED, "no other clock"),
}


@pytest.mark.parametrize("name", CLOCKS)
def test_the_clock_beside_others(name: str) -> None:
    off, verdict, says = CLOCKS[name]
    found = machine.look_at_clock({whose: timedelta(seconds=each) for whose, each in off.items()})
    assert (found.verdict, says in found.found) == (verdict, True)


# --- the command ----------------------------------------------------------------------------------

SETTINGS = """
company: {{name: Volta, postal_address: "Rua das Flores 10, São Paulo"}}
channels:
  email:
    provider: smtp
    host: 127.0.0.1
    port: {port}
    user: volta
    password: ${{SMTP_PASSWORD}}
    connect_timeout: 5
    sender: {{address: oi@shop.example}}
{more}
web: {{url: "https://links.shop.example:{https}"}}
secret: ${{NURTURE_SECRET}}
"""
ANSWERS = """
shop.example: {{TXT: "v=spf1 ip4:192.0.2.10 -all", MX: 10 mx.shop.example}}
mx.shop.example: {{A: 192.0.2.10}}
10.2.0.192.in-addr.arpa: {{PTR: mx.shop.example}}
_dmarc.shop.example: {{TXT: "v=DMARC1; p=none; rua=mailto:dmarc@shop.example"}}
links.shop.example: {{A: 127.0.0.1}}
n1._domainkey.shop.example: {{TXT: "{record}"}}
"""
SIGNING = "    dkim_selector: n1\n    dkim_key_file: dkim/n1.pem"


def run(folder: Path, *words: str, password: str = "segredo") -> Done:
    """`nurture WORDS` in this process: what it says, to either stream, and its exit status."""
    said, environment = io.StringIO(), {"NURTURE_SECRET": "5e" * 32, "SMTP_PASSWORD": password}
    with (
        chdir(folder),
        patch.dict(os.environ, environment),
        patch.object(sys, "argv", ["nurture", *words]),
        redirect_stdout(said),
        redirect_stderr(said),
    ):
        try:
            main()
        except SystemExit as end:
            return Done(said.getvalue(), int(end.code or 0))
    return Done(said.getvalue(), 0)


def settle(folder: Path, port: int, https: int = 9, more: str = "") -> None:
    (folder / "nurture.yaml").write_text(SETTINGS.format(port=port, https=https, more=more), encoding="utf-8")


def test_from_a_new_key_to_everything_in_order(tmp_path: Path, trusted: Authority) -> None:
    certificate = trusted.certificate(NAME)
    with (
        faulty(tmp_path, "--auth", "volta:segredo") as server,
        serving(certificate) as https,
    ):
        settle(tmp_path, server.port, https)
        made = run(tmp_path, "dkim", "--selector", "n1")
        assert made.status == 0, made.said
        record = next(line for line in made.said.splitlines() if "v=DKIM1" in line).split("Value")[1].strip()
        (tmp_path / "answers.yaml").write_text(ANSWERS.format(record=record), encoding="utf-8")
        settle(tmp_path, server.port, https, SIGNING)
        asked = ("doctor", "--dns", "answers.yaml", "--ip", "192.0.2.10")
        fresh = run(tmp_path, *asked)
        told = run(tmp_path, *asked, "--format", "json")
        refused = run(tmp_path, *asked, password="outro")
        assert server.messages() == []  # nothing was sent
    assert fresh.status == 0, fresh.said
    assert "DKIM n1: n1._domainkey.shop.example has our key, rsa of 2048 bits" in " ".join(fresh.said.split())
    assert "127.0.0.1:" in fresh.said
    assert "logged in as volta" in fresh.said
    assert fresh.said.splitlines()[-1] == "1 warning; 11 in order."  # the database has no tables yet
    document = json.loads(told.said)
    assert document["well"] is True
    assert {each["verdict"] for each in document["findings"]} == {"ok", "warning"}
    assert refused.status == 1
    assert "does not accept our user name or password" in " ".join(refused.said.split())
    assert "outro" not in refused.said
    _signs(tmp_path, record)


def _signs(folder: Path, record: str) -> None:
    """The file holds the other half of the record, for nobody else to read and for git to pass over."""
    path = folder / "dkim" / "n1.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (folder / "dkim" / ".gitignore").read_text() == "*\n"
    mail = b"From: oi@shop.example\r\nSubject: Oi\r\n\r\nOi\r\n"
    sent = signed(mail, [Signer("shop.example", "n1", keys.read(path.read_text()))])
    assert dkim.verify(sent, dnsfunc=lambda name, timeout=5: record.encode())


@pytest.mark.parametrize("name", ["straße.example", "xn--strae-oqa.example"])
@pytest.mark.parametrize("answers", ["straße.example", "xn--strae-oqa.example"])
def test_a_host_of_links_may_have_accents(
    tmp_path: Path, trusted: Authority, name: str, answers: str
) -> None:
    with serving(trusted.certificate("xn--strae-oqa.example")) as https:
        settle(tmp_path, 9, https)
        settings = tmp_path / "nurture.yaml"
        settings.write_text(settings.read_text(encoding="utf-8").replace(NAME, name), encoding="utf-8")
        (tmp_path / "answers.yaml").write_text(f"{answers}: {{A: 127.0.0.1}}\n", encoding="utf-8")
        told = run(tmp_path, "doctor", "--dns", "answers.yaml", "--format", "json")
    found = [each for each in json.loads(told.said)["findings"] if each["area"] == "links"]
    assert [(each["name"], each["verdict"]) for each in found] == [("certificate", "ok"), ("HTTPS", "ok")]


def test_what_is_wrong_is_told_apart_from_what_could_not_be_asked(tmp_path: Path) -> None:
    settle(tmp_path, 9)
    answers = ANSWERS.format(record="v=DKIM1; p=").replace("n1._domainkey", "other._domainkey")
    (tmp_path / "answers.yaml").write_text(answers, encoding="utf-8")
    unasked = run(tmp_path, "doctor", "--dns", "answers.yaml")
    assert unasked.status == 3, unasked.said
    assert "2 could not be asked" in unasked.said  # the mail server and the host of the links
    named = run(tmp_path, "doctor", "--dns", "answers.yaml", "--selector", "other", "--format", "json")
    assert named.status == 1
    (wrong,) = [each for each in json.loads(named.said)["findings"] if each["verdict"] == "wrong"]
    assert wrong["name"] == "DKIM other"
    assert "withdrawn" in wrong["found"]
    assert wrong["why"]
    assert wrong["do"]


def test_a_key_that_others_may_read_and_mail_that_everybody_can(tmp_path: Path) -> None:
    options = {"host": "smtp.shop.example", "tls": "none"}
    config = ChannelConfig(Channel.EMAIL, "smtp", Sender("oi@shop.example"), options)
    assert "Set tls: starttls" in read_server(Options(config, KNOWN)).greeted().advice
    (tmp_path / "n1.pem").write_bytes(keys.written(keys.make("ed25519")))
    signing = {"dkim_selector": "n1", "dkim_key_file": f"{tmp_path}/n1.pem", "host": "127.0.0.1", "port": "9"}
    for mode, count in ((0o640, 1), (0o600, 0)):
        (tmp_path / "n1.pem").chmod(mode)
        channels = {Channel.EMAIL: replace(config, options=signing)}
        runtime = Runtime(Store("sqlite://"), settings(channels=channels), tmp_path)
        found = [each for each in provider.look(runtime)[0] if each.name == "DKIM key"]
        assert [each.do for each in found] == [f"chmod 600 {tmp_path}/n1.pem"] * count


def test_what_to_do_about_a_key_that_the_provider_does_not_take(tmp_path: Path) -> None:
    with api_serving(Said(401, '{"errors": [{"message": "Unauthorized."}]}')) as server:
        options = {"api": server.url, "key": "sp-wrong"}
        config = ChannelConfig(Channel.EMAIL, "sparkpost", Sender("oi@shop.example"), options)
        runtime = Runtime(Store("sqlite://"), settings(channels={Channel.EMAIL: config}), tmp_path)
        (found,) = provider.look(runtime)[0]
        runtime.close()
    assert found.verdict is WRONG
    assert "does not accept our user name or password" in found.found
    assert found.do.startswith("Copy the key anew. Keys belong to a region")
    assert found.do.endswith("Look at channels.email in nurture.yaml.")
    assert "sp-wrong" not in str(found)


def test_where_the_key_is_missing_a_workspace_can_be_checked_but_sends_nothing(tmp_path: Path) -> None:
    settle(tmp_path, 9, more=SIGNING)
    checked = run(tmp_path, "check")
    assert checked.status == 0, checked.said
    assert "warning[N604]: channels.email: dkim/n1.pem is not here" in checked.said
    refused = run(tmp_path, "status")
    assert (refused.status, "dkim/n1.pem: No such file" in refused.said) == (1, True)


def test_a_secret_that_was_taken_away_is_told_and_nothing_runs(tmp_path: Path) -> None:
    settle(tmp_path, 9)
    (tmp_path / "answers.yaml").write_text(ANSWERS.format(record="v=DKIM1; p="), encoding="utf-8")
    (tmp_path / "people.csv").write_text("email\nana@example.com\n", encoding="utf-8")
    for line in ("import contacts people.csv", "run process-feedback"):
        assert run(tmp_path, *line.split()).status == 0
    asked = ("doctor", "--dns", "answers.yaml", "--format", "json")

    def secret() -> dict[str, str]:
        findings = json.loads(run(tmp_path, *asked).said)["findings"]
        return next(each for each in findings if each["name"] == "secret")

    assert secret()["verdict"] == "ok"
    (tmp_path / ".env").write_text(f"ANOTHER={'a7' * 32}\n", encoding="utf-8")
    told = (tmp_path / "nurture.yaml").read_text(encoding="utf-8").replace("NURTURE_SECRET", "ANOTHER")
    (tmp_path / "nurture.yaml").write_text(told, encoding="utf-8")
    assert secret()["verdict"] == "wrong"
    assert secret()["do"].startswith("Put the former secret back as the last one")
    for line in ("run", "up", "import contacts people.csv"):
        refused = run(tmp_path, *line.split())
        assert refused.status == 1
        assert "Put the former secret back as the last one" in " ".join(refused.said.split())
        assert "Traceback" not in refused.said


def test_a_return_path_elsewhere_is_looked_at_by_its_own_domain(tmp_path: Path) -> None:
    settle(tmp_path, 9, more="    return_path: bounces@back.example")
    (tmp_path / "answers.yaml").write_text(ANSWERS.format(record="v=DKIM1; p="), encoding="utf-8")
    told = run(tmp_path, "doctor", "--dns", "answers.yaml", "--format", "json")
    found = {each["name"]: each for each in json.loads(told.said)["findings"]}
    assert found["SPF"]["found"] == "back.example has no SPF record"
    assert "the return path is back.example, not aligned" in found["alignment"]["found"]


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    settle(tmp_path, 9)
    assert run(tmp_path, "dkim", "--selector", "n1", "--kind", "ed25519").status == 0
    before = (tmp_path / "dkim" / "n1.pem").read_bytes()
    again = run(tmp_path, "dkim", "--selector", "n1")
    assert (again.status, "choose another selector" in again.said) == (1, True)
    assert (tmp_path / "dkim" / "n1.pem").read_bytes() == before


WRONG_WORDS = {
    "an odd selector": (("dkim", "--selector", "a b"), "a selector is a name as the DNS has it"),
    "no file of answers": (("doctor", "--dns", "none.yaml"), "none.yaml: No such file"),
    "no address": (("doctor", "--ip", "here"), "'here' is no address such as 192.0.2.10"),
    "no name server": (("doctor", "--server", "ns.example"), "'ns.example' is no address"),
    "no port of it": (("doctor", "--server", "127.0.0.1:²"), "'127.0.0.1:²' is no address"),
}


@pytest.mark.parametrize("name", WRONG_WORDS)
def test_wrong_words_are_told(tmp_path: Path, name: str) -> None:
    words, says = WRONG_WORDS[name]
    settle(tmp_path, 9)
    done = run(tmp_path, *words)
    assert done.status != 0
    assert says in " ".join(done.said.replace("│", "").split())
    assert "Traceback" not in done.said
