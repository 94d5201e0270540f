"""`nurture message`: what became of one message, as somebody reads it who has to answer for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nurture import schedule
from nurture.app import doubts, opt_outs, restoring
from nurture.app.history import history
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.opening import open_runtime
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.workspace import publishable
from nurture.channels.base import Features, Trouble, accepted, outcome
from nurture.channels.smtp import keys
from nurture.channels.smtp.carrier import open_carrier
from nurture.cli.main import app
from nurture.cli.message import _told
from nurture.model import Basis, Channel, ConsentRecord, NewEvent, Person
from nurture.settings import ChannelConfig, Sender
from nurture.store import tables
from tests.support.office import Office
from tests.support.sink import running

NIGHT = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)  # 22:00 in São Paulo: nothing goes out until 8:00
MORNING = NIGHT + timedelta(hours=11)


@pytest.fixture
def shop(tmp_path: Path, database: str) -> Iterator[Runtime]:
    """Ana signs up at night, gets her welcome in the morning, and follows its link."""
    folder = tmp_path / "shop"
    init(folder)
    file = folder / "nurture.yaml"
    file.write_text(file.read_text().replace("sqlite:///nurture.db", database))
    clock = [NIGHT]
    runtime = open_runtime(folder, lambda: clock[0])
    publish(runtime, publishable(folder, ["welcome"]), NIGHT)
    yes = ConsentRecord("news", True, Basis.CONSENT, how="form", text_version="2026-01", at=NIGHT)
    ana = Person(ref="ana", email="ana@example.com")
    ingest(runtime.store, [NewEvent("signed_up", ana, NIGHT, "site", "1", consents=(yes,))], NIGHT)
    for now in (NIGHT, MORNING):
        clock[0] = now
        for job in schedule.JOBS:
            schedule.run(runtime, job)
    yield runtime
    runtime.close()


def shown(runtime: Runtime, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["message", *arguments, "--workspace", str(runtime.folder)])
    return done.exit_code, " ".join(done.output.split())


def rows(runtime: Runtime) -> list[dict[str, object]]:
    with runtime.store.read() as tx:
        return [dict(row) for row in tx.execute(tables.messages.select()).mappings()]


def test_a_message_tells_its_whole_history(shop: Runtime, tmp_path: Path) -> None:
    (row,) = rows(shop)
    _, by_number = shown(shop, str(row["id"]))
    status, said = shown(shop, str(row["key"]), "--save", str(tmp_path / "again.eml"))
    assert status == 0
    assert said.startswith(by_number)
    told = [
        "to ana; marketing, topic news",
        "accepted; 1 attempt",
        "22:00 gate not now: quiet hours, until 2026-03-03 0",
        "handed over to outbox",
        "attempt 1 accepted",
        "Consent: record 1, news by every channel, given 2026-03-02 22:00 (form, consent, wording 2026-01).",
        "identical to what was handed over",
    ]
    assert [each for each in told if each not in said] == []
    places = [said.index(each) for each in told]
    assert places == sorted(places)
    (sent,) = (shop.folder / "outbox").glob("*.eml")
    assert (tmp_path / "again.eml").read_bytes() == sent.read_bytes()


@pytest.mark.parametrize("signs", [True, False], ids=["signed", "unsigned"])
def test_a_signature_that_is_made_at_handover_is_said(office: Office, tmp_path: Path, signs: bool) -> None:
    key = {"dkim_selector": "n1", "dkim_key": keys.written(keys.make(keys.KINDS[0])).decode()}
    with running(tmp_path / "ledger", "--bodies", str(tmp_path / "bodies")) as server:
        options = {"host": "127.0.0.1", "port": str(server.port), "tls": "none", **(key if signs else {})}
        mail = ChannelConfig(Channel.EMAIL, "smtp", Sender("oi@volta.example"), options=options)
        office.runtime.settings = replace(office.runtime.settings, channels={Channel.EMAIL: mail})
        with closing(open_carrier(mail)) as carrier:
            office.runtime.stand_in(Channel.EMAIL, carrier)
            office.write("ana@example.com")
            office.deliver()
    (arrived,) = (tmp_path / "bodies").iterdir()
    found = history(office.runtime, "1")
    assert found.again
    assert found.again.body
    assert arrived.read_bytes().endswith(found.again.body)
    assert (arrived.read_bytes() == found.again.body) != signs
    said = " ".join("\n".join(_told(found, "UTC", office.at)).split())
    assert "identical to what was handed over" in said
    assert ("but for the DKIM signature, which is made at handover" in said) == signs


def test_what_was_erased_is_not_made_again(shop: Runtime, tmp_path: Path) -> None:
    (row,) = rows(shop)
    with shop.store.begin() as tx:
        tx.execute(tables.messages.update().values({"values": None}))
    assert "what it was filled with has been erased" in shown(shop, str(row["id"]))[1]
    done = CliRunner().invoke(
        app, ["message", str(row["id"]), "--save", str(tmp_path / "x"), "--workspace", str(shop.folder)]
    )
    assert isinstance(done.exception, Exception)
    assert "has no bytes to write" in str(done.exception)
    assert not (tmp_path / "x").exists()


def test_a_template_that_came_out_differently_is_said(shop: Runtime) -> None:
    (row,) = rows(shop)
    with shop.store.begin() as tx:
        tx.execute(tables.messages.update().values(sha256="0" * 64))
    status, said = shown(shop, str(row["id"]), "--json")
    document = json.loads(said)
    assert (status, document["again"]["identical"]) == (0, False)
    assert "it comes out differently now" in document["again"]["why"]


def told(office: Office, number: int) -> list[tuple[str, int | None, str]]:
    return [(each.what, each.number, each.code) for each in history(office.runtime, str(number)).entries]


def test_each_attempt_is_told_with_its_answer_and_how_a_doubt_ended(office: Office) -> None:
    office.write("ana@example.com")
    for trouble in (Trouble.RATE, Trouble.SERVER, Trouble.LOST):
        office.provider.answer = partial(outcome, trouble=trouble, code=trouble.value)
        office.deliver()
        office.at = max(office.at, office.rows()[0]["due_at"]) + timedelta(minutes=1)
    doubts.settle(office.runtime, [1], doubts.Word.ARRIVED, office.at)
    assert told(office, 1) == [
        ("wanted", None, ""),
        ("deferred", 1, "rate"),
        ("deferred", 2, "server"),
        ("handed_over", None, ""),
        ("in_doubt", 3, "lost"),
        ("settled", None, "said_arrived"),
    ]
    found = history(office.runtime, "1")
    assert (found.state, found.attempts, found.again and found.again.identical) == ("accepted", 3, True)
    assert "settled somebody said that it arrived" in " ".join(
        "\n".join(_told(found, "UTC", office.at)).split()
    )


def test_a_repeat_says_why_it_went_again(office: Office) -> None:
    office.provider.features = Features(idempotency=timedelta(hours=1))  # type: ignore[misc]
    office.write("ana@example.com")
    office.provider.answer = partial(outcome, trouble=Trouble.LOST)
    office.deliver()
    office.provider.answer = lambda envelope: accepted(envelope, "200")
    office.at += timedelta(minutes=11)
    office.deliver()
    assert [each for each in told(office, 1) if each[0] in ("in_doubt", "settled", "accepted")] == [
        ("in_doubt", 1, ""),
        ("settled", None, "repeat"),
        ("accepted", 2, "200"),
    ]


@pytest.mark.parametrize(
    ("word", "code"), [(restoring.send, "said_send"), (lambda r: restoring.drop(r, r.now()), "said_drop")]
)
def test_what_was_parked_after_a_restore_was_not_handed_over_for_all_we_know(
    office: Office, word: Callable[[Runtime], int], code: str
) -> None:
    office.write("ana@example.com")
    restoring.park(office.runtime, office.at)
    office.at += timedelta(hours=1)
    assert word(office.runtime) == 1
    assert told(office, 1) == [("wanted", None, ""), ("parked", None, ""), ("settled", None, code)]


def test_what_an_opt_out_cancelled_says_so(office: Office) -> None:
    office.write("ana@example.com")
    opt_outs.withdraw(office.runtime, 1, topic=None, channel=Channel.EMAIL, how="page", now=office.at)
    assert told(office, 1) == [("wanted", None, ""), ("cancelled", None, "consent_withdrawn")]


def test_no_such_message(shop: Runtime) -> None:
    done = CliRunner().invoke(app, ["message", "77", "--workspace", str(shop.folder)])
    assert "there is no message '77'" in str(done.exception)
