"""Who answers an SMS or a WhatsApp message with a call for help is told who writes and how to stop: once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote_plus, urlencode

import pytest

from nurture import faults
from nurture.app import erasing
from nurture.app.deliver import deliver
from nurture.app.explain import explain
from nurture.app.history import history
from nurture.app.ingest import ingest
from nurture.app.process import process
from nurture.channels import aws
from nurture.channels.told import document
from nurture.channels.twilio.webhooks import signature
from nurture.cli import telling
from nurture.model import Channel, NewEvent, Person
from nurture.settings import ChannelConfig, Company, Sender
from nurture.store import tables
from nurture.web.app import create_app
from tests.support.api_server import ApiServer, Said, serving
from tests.support.proved import proved
from tests.support.shop import NOW, PHONES, TWILIO, Shop, open_shop
from tests.support.visitor import Visitor

SECRET = "a shared secret"
ARN = "arn:aws:sns:sa-east-1:123456789012:answers"
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
OURS = "Volta & Cia: para parar de receber mensagens, responda SAIR."
DAVI = PHONES["davi"]


class Carried(NamedTuple):
    """A provider: its channel, and the options that open it."""

    channel: Channel
    provider: str
    options: Mapping[str, str]


CARRIED = {
    "twilio": Carried(Channel.SMS, "twilio", TWILIO),
    "twilio on WhatsApp": Carried(Channel.WHATSAPP, "twilio", TWILIO),
    "meta": Carried(
        Channel.WHATSAPP, "meta", {"phone_number_id": "106540352242922", "token": "t", "app_secret": SECRET}
    ),
    "vonage": Carried(Channel.SMS, "vonage", {"key": "k", "secret": "s", "signature_secret": SECRET}),
    "infobip": Carried(Channel.SMS, "infobip", {"key": "k", "webhook_secret": SECRET}),
    "zenvia": Carried(Channel.SMS, "zenvia", {"token": "t", "webhook_secret": SECRET}),
    "sns": Carried(
        Channel.SMS,
        "sns",
        {"region": "sa-east-1", "access_key": "AKIATEST", "secret_key": "s", "topic": ARN},
    ),
}


class Scene:
    """A shop whose people write to it through one provider, which plays its own API."""

    def __init__(self, database: str, folder: Path, api: ApiServer, carried: Carried, **changes: Any) -> None:
        self.api, self.carried, self.folder = api, carried, folder
        options = {**carried.options, "api": api.url, "timeout": "2"}
        config = ChannelConfig(carried.channel, carried.provider, Sender("+15005550006"), options)
        self.shop: Shop = open_shop(database, folder, channels={carried.channel: config}, **changes)
        self.visitor = Visitor(create_app(self.shop.runtime, lambda: self.shop.now))

    def says(
        self,
        text: str,
        id_: str = "i1",
        phone: str = DAVI,
        secret: str = SECRET,
        at: datetime | None = None,
        **more: str,
    ) -> int:
        """Somebody writes, `at` or now; the status that the provider gets for telling us now."""
        provider = self.carried.provider
        if provider == "twilio":
            return self._by_twilio(text, id_, phone, more)
        note = _note(provider, text, id_, phone, at or self.shop.now)
        webhook = proved(provider, note, secret, self.shop.now)
        headers = {"content-type": "application/json", **webhook.headers}
        return self.visitor.post(f"/webhooks/{provider}", content=webhook.body, headers=headers).status_code

    def _by_twilio(self, text: str, id_: str, phone: str, more: Mapping[str, str]) -> int:
        prefix = "whatsapp:" if self.carried.channel is Channel.WHATSAPP else ""
        fields = {"From": f"{prefix}{phone}", "To": "+15005550006", "Body": text, "MessageSid": id_, **more}
        path = "/webhooks/twilio/inbound"
        signed = signature(TWILIO["token"], f"https://links.volta.example{path}", fields.items())
        headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signed}
        answer = self.visitor.post(path, content=urlencode(fields), headers=headers)
        assert "<Message>" not in answer.text
        return answer.status_code

    def later(self, by: timedelta = MINUTE) -> None:
        """What came in has its effect, and what is due leaves."""
        self.shop.now += by
        process(self.shop.runtime, self.shop.now)
        deliver(self.shop.runtime, self.shop.now)

    def sent(self) -> list[str]:
        """What the provider was asked to send, as text."""
        return [_text(asked.body) for asked in self.api.asked]

    def closed(self, who: str = "davi") -> tuple[str | None, str | None]:
        """Why nothing is sent to her any more, by SMS and by WhatsApp."""
        (row,) = (each for each in self.shop.rows(tables.contacts) if each["ref"] == who)
        return row["phone_suppressed"], row["whatsapp_suppressed"]

    def answers(self) -> list[dict[str, Any]]:
        return [row for row in self.shop.rows(tables.messages) if row["template"] == "help"]

    def close(self) -> None:
        self.shop.runtime.close()


def _note(provider: str, text: str, id_: str, phone: str, at: datetime) -> dict[str, Any]:
    number, instant = phone.lstrip("+"), at.isoformat()
    if provider == "meta":
        said = {
            "from": number,
            "id": id_,
            "timestamp": str(int(at.timestamp())),
            "type": "text",
            "text": {"body": text},
        }
        return {"entry": [{"changes": [{"value": {"messages": [said]}}]}]}
    if provider == "vonage":
        return {"message_uuid": id_, "channel": "sms", "from": number, "text": text, "timestamp": instant}
    if provider == "infobip":
        return {"results": [{"from": number, "messageId": id_, "text": text, "receivedAt": instant}]}
    if provider == "zenvia":
        message = {"id": id_, "from": number, "contents": [{"type": "text", "text": text}]}
        return {"type": "MESSAGE", "direction": "IN", "timestamp": instant, "message": message}
    return {"originationNumber": phone, "messageBody": text, "inboundMessageId": id_}


def _text(body: bytes) -> str:
    """The body of a request, JSON or a form, as one reads it."""
    written = body.decode()
    return json.dumps(json.loads(written), ensure_ascii=False) if written[0] == "{" else unquote_plus(written)


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with serving(Said()) as server:
        yield server


@pytest.fixture
def unsigned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature of a notification of Amazon's is looked at in test_channels_amazon.py."""
    monkeypatch.setattr(aws, "notification", lambda webhook, topics, now: document(webhook.body))


@pytest.fixture
def scene(one_database: str, tmp_path: Path, api: ApiServer) -> Iterator[Scene]:
    opened = Scene(one_database, tmp_path, api, CARRIED["infobip"])
    yield opened
    opened.close()


STAMPED = ("meta", "vonage", "infobip", "zenvia")  # they say when it was written
# Word, id and the minute in which it was written; heard one after the other from minute 20 on.
WORDS = {
    "in order": ([("STOP", "1", 1), ("START", "2", 15)], False),
    "a START that comes late": ([("STOP", "2", 5), ("START", "1", 0)], True),
    "a STOP that comes late": ([("START", "2", 15), ("STOP", "1", 1)], False),
    "a STOP told again": ([("STOP", "1", 1), ("START", "2", 15), ("STOP", "1", 1)], False),
    "a START told again": ([("STOP", "1", 1), ("START", "2", 5), ("STOP", "3", 9), ("START", "2", 5)], True),
    "a START from between two STOPs": ([("STOP", "1", 1), ("STOP", "3", 9), ("START", "2", 5)], True),
    "a STOP from between two STARTs": ([("START", "1", 1), ("START", "3", 9), ("STOP", "2", 5)], False),
    "a START at the same time": ([("STOP", "1", 5), ("START", "2", 5)], True),
    "a STOP at the same time": ([("START", "1", 5), ("STOP", "2", 5)], True),
    "a STOP from a clock that is ahead": ([("STOP", "1", 900), ("START", "2", 21)], False),
    "a START from a clock that is ahead": ([("START", "1", 900), ("STOP", "2", 21)], True),
}


@pytest.mark.parametrize("case", WORDS)
@pytest.mark.parametrize("name", STAMPED)
def test_of_stop_and_start_the_later_holds(
    one_database: str, tmp_path: Path, api: ApiServer, name: str, case: str
) -> None:
    said, silent = WORDS[case]
    scene = Scene(one_database, tmp_path, api, CARRIED[name])
    for number, (word, id_, minute) in enumerate(said):
        scene.shop.now = NOW + (20 + number) * MINUTE
        assert scene.says(word, id_, at=NOW + minute * MINUTE) == 200
        process(scene.shop.runtime, scene.shop.now)
    assert scene.closed() == (("stop", "stop") if silent else (None, None))
    told = [row["name"] for row in scene.shop.rows(tables.events)]
    assert told.count(f"{scene.carried.channel}_replied") == len({id_ for _, id_, _ in said})
    scene.close()


@pytest.mark.usefixtures("unsigned")
@pytest.mark.parametrize("name", ["twilio", "twilio on WhatsApp", "sns"])
def test_a_stop_that_is_told_again_after_a_start_is_known(
    database: str, tmp_path: Path, api: ApiServer, name: str
) -> None:
    scene = Scene(database, tmp_path, api, CARRIED[name])
    for word, id_, closed in (
        ("STOP", "1", ("stop", "stop")),
        ("START", "2", (None, None)),
        ("STOP", "1", (None, None)),
        ("STOP", "3", ("stop", "stop")),
    ):
        scene.shop.now += MINUTE
        assert scene.says(word, id_) == 200
        assert scene.closed() == closed
    told = [row["name"] for row in scene.shop.rows(tables.events)]
    assert told.count("consent_withdrawn") == 4  # two STOPs, on two channels
    scene.close()


@pytest.mark.usefixtures("unsigned")
@pytest.mark.parametrize("name", CARRIED)
def test_an_answer_through_every_provider(
    one_database: str, tmp_path: Path, api: ApiServer, name: str
) -> None:
    scene = Scene(one_database, tmp_path, api, CARRIED[name])
    assert scene.says("Ajuda?") == 200
    scene.later()
    assert scene.says("Ajuda?") == 200  # told again
    scene.later()
    (said,) = scene.sent()
    assert OURS in said
    assert DAVI.lstrip("+") in said
    (row,) = scene.answers()
    assert (row["state"], row["class"], row["channel"], row["journey"]) == (
        "accepted",
        "transactional",
        CARRIED[name].channel,
        None,
    )
    told = history(scene.shop.runtime, row["key"])
    assert (told.journey, told.person, told.again and told.again.identical) == (None, "davi", True)
    scene.close()


def test_of_several_in_a_day_one_is_answered(database: str, tmp_path: Path, api: ApiServer) -> None:
    scene = Scene(database, tmp_path, api, CARRIED["infobip"])
    for number in range(3):
        scene.says("ajuda", f"i{number}")
        scene.says("quem é?", f"j{number}")
        scene.later()
    assert len(scene.sent()) == 1
    scene.later(DAY)
    scene.says("ajuda", "i9")
    scene.later()
    assert len(scene.sent()) == 2
    scene.says("ajuda", "i10", PHONES["ana"])  # somebody else
    scene.later()
    assert len(scene.sent()) == 3
    scene.close()


def test_a_forged_question_is_not_answered(scene: Scene) -> None:
    assert scene.says("ajuda", secret="a guess") == 403
    scene.later()
    assert (scene.sent(), scene.answers()) == ([], [])


def test_who_said_stop_hears_nothing_until_she_asks_for_messages_again(scene: Scene) -> None:
    scene.says("SAIR", "i1")
    scene.says("ajuda", "i2")
    scene.later()
    assert scene.sent() == []
    assert [(row["state"], row["reason"]) for row in scene.answers()] == [("cancelled", "suppressed")]
    scene.says("VOLTAR", "i3")
    scene.says("ajuda", "i4")
    scene.later()
    assert len(scene.sent()) == 1


def test_a_stop_that_comes_before_the_answer_leaves_holds_it_back(scene: Scene) -> None:
    scene.says("ajuda", "i1")
    process(scene.shop.runtime, scene.shop.now)
    scene.says("SAIR", "i2")
    scene.later()
    assert scene.sent() == []


def test_a_stranger_is_answered(scene: Scene) -> None:
    scene.says("help", phone="+5521987654321")
    scene.later()
    (asked,) = scene.api.asked
    assert b"5521987654321" in asked.body


def test_who_asks_why_is_shown_what_belongs_to_no_journey(scene: Scene) -> None:
    scene.says("ajuda")
    scene.later()
    told = explain(scene.shop.runtime, "davi", None, scene.shop.now)
    (line,) = (part for part in telling.story(told, told.zone, scene.shop.now) if "of no journey" in part)
    assert line.endswith(f"  message {scene.answers()[0]['id']}, sms help: accepted")


def test_other_answers_are_not(scene: Scene) -> None:
    for number, text in enumerate(("obrigada!", "VOLTAR", "Pode me ligar amanhã?")):
        scene.says(text, f"i{number}")
    scene.later()
    assert scene.answers() == []


def test_in_words_of_our_own_and_in_the_persons_language(scene: Scene) -> None:
    own = scene.folder / "templates" / "sms"
    own.mkdir(parents=True)
    (own / "help.pt.txt").write_text("Volta, de segunda a sexta: 11 4000-0000.\n", encoding="utf-8")
    with scene.shop.runtime.store.begin() as tx:
        ana = tables.contacts.update().where(tables.contacts.c.ref == "ana")
        tx.execute(ana.values(locale="es-MX"))
    scene.says("ajuda", "i1")
    scene.says("ayuda", "i2", PHONES["ana"])
    scene.later()
    said = " ".join(scene.sent())
    assert "Volta, de segunda a sexta: 11 4000-0000." in said
    assert "responde BAJA." in said


def test_where_no_language_is_ours_it_is_english(one_database: str, tmp_path: Path, api: ApiServer) -> None:
    company = Company(name="Volta", postal_address="Rue des Fleurs 10", locale="fr")
    scene = Scene(one_database, tmp_path, api, CARRIED["zenvia"], company=company)
    scene.says("help")
    scene.later()
    assert "Volta: to get no more messages, reply STOP." in scene.sent()[0]
    scene.close()


def test_what_twilio_has_answered_itself_is_not_answered_again(
    one_database: str, tmp_path: Path, api: ApiServer
) -> None:
    scene = Scene(one_database, tmp_path, api, CARRIED["twilio"])
    scene.says("HELP", OptOutType="HELP")
    scene.later()
    assert scene.answers() == []
    scene.close()


def test_what_waited_for_a_day_is_not_answered_any_more(scene: Scene) -> None:
    scene.says("ajuda")
    scene.later(DAY)
    assert scene.answers() == []


@pytest.mark.parametrize(("source", "silent"), [("crm", False), ("zenvia", False), ("infobip", True)])
def test_what_another_tells_of_or_an_import_is_not_answered(scene: Scene, source: str, silent: bool) -> None:
    said = {"text": "ajuda"}
    told = NewEvent("sms_replied", Person(phone=DAVI), NOW, source, "i1", said, silent=silent)
    ingest(scene.shop.runtime.store, [told], NOW)
    scene.later()
    assert scene.answers() == []


def test_a_lost_answer_leaves_doubt_and_no_second_message(
    one_database: str, tmp_path: Path, api: ApiServer
) -> None:
    scene = Scene(one_database, tmp_path, api, CARRIED["vonage"])
    api.usual = Said(text="close")
    scene.says("ajuda", "i1")
    scene.later()
    api.usual = Said()
    scene.says("ajuda", "i2")
    scene.later()
    assert len(scene.sent()) == 1
    assert [row["state"] for row in scene.answers()] == ["in_doubt"]
    scene.close()


def test_a_call_for_help_that_comes_again_after_he_was_erased_holds_nothing_up(
    one_database: str, tmp_path: Path, api: ApiServer
) -> None:
    scene = Scene(one_database, tmp_path, api, CARRIED["vonage"])
    scene.says("ajuda")
    scene.later()
    erasing.erase(scene.shop.runtime, "davi", scene.shop.now)
    scene.says("ajuda")
    scene.later()
    assert [row["state"] for row in scene.answers()] == ["accepted", "cancelled"]
    scene.close()


def test_who_is_erased_while_his_answer_is_made_breaks_off_nobody_elses(
    one_database: str, tmp_path: Path, api: ApiServer
) -> None:
    scene = Scene(one_database, tmp_path, api, CARRIED["vonage"])

    def erase_him(point: str) -> None:
        if point == "lease.after_commit":
            faults.listen(None)
            erasing.erase(scene.shop.runtime, "davi", scene.shop.now)

    scene.says("ajuda")
    scene.says("ajuda", "i2", PHONES["bruno"])
    faults.listen(erase_him)
    scene.later()
    assert [row["state"] for row in scene.answers()] == ["cancelled", "accepted"]
    scene.close()
