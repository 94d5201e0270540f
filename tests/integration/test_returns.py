"""What comes back by mail has its effect on the person and the message, once, and nothing that is forged has."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from nurture import digests
from nurture.app import mailbox_place, returns
from nurture.app.compose import Composed, compose
from nurture.app.deliver import deliver
from nurture.app.doctor import Verdict
from nurture.app.doctor.provider import look_at_mailbox
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.mailbox_place import Place
from nurture.app.process import process
from nurture.channels.returns import verp
from nurture.channels.returns.mailbox import opened as opened_mailbox
from nurture.channels.told import About, failure
from nurture.model import Channel, NewEvent, Person
from nurture.problems import NurtureError
from nurture.settings import ChannelConfig, MailboxConfig, OAuthConfig, Sender, SoftBounces
from nurture.store import messages, stops, tables
from tests.support import api_server, imap, sink
from tests.support.api_server import ApiServer, Said
from tests.support.operator import Operator
from tests.support.shop import NOW, SECRETS, Shop, open_shop

BASE = "bounces@volta.example"
MAIL = {
    Channel.EMAIL: ChannelConfig(
        Channel.EMAIL, "smtp", Sender("oi@volta.example"), {"host": "127.0.0.1", "return_path": BASE}
    )
}


@pytest.fixture
def shop(one_database: str, tmp_path: Path) -> Iterator[Shop]:
    yield from opened(one_database, tmp_path)


@pytest.fixture
def on_both(database: str, tmp_path: Path) -> Iterator[Shop]:
    yield from opened(database, tmp_path)


def opened(database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(database, tmp_path, channels=MAIL, bounces=SoftBounces(suppress_after=3))
    yield shop
    shop.runtime.close()


def path(shop: Shop, name: str) -> str:
    return verp.address(BASE, shop.sent[name], SECRETS[0][1])


def bounce(
    to: str,
    said: str = "550 5.1.1 No such user",
    *,
    key: str = "",
    number: int = 1,
    action: str = "failed",
    days: float = 0,
) -> bytes:
    """A delivery report as a mail server writes it."""
    about = f"Message-ID: <{key}@volta.example>" if key else "Subject: Volte"
    status = said.split()[1]
    return f"""Return-Path: <>
Delivered-To: {to}
From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: {BASE}
Date: {format_datetime(NOW + timedelta(days=days))}
Message-ID: <{number}.{days}@mx.example>
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; ana@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--b
Content-Type: text/rfc822-headers

From: oi@volta.example
{about}

--b--
""".encode()


def complaint(key: str) -> bytes:
    return f"""From: feedback@provider.example
To: abuse@volta.example
Subject: FW: Volte
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Some/1.0
Version: 1

--b
Content-Type: message/rfc822

From: oi@volta.example
Message-ID: <{key}@volta.example>
Subject: Volte

Volte!
--b--
""".encode()


def answer(key: str, *headers: str, text: str = "Quero saber mais. Obrigada!") -> bytes:
    more = "".join(f"{each}\n" for each in headers)
    return (
        f"From: Ana <ana@example.com>\nTo: oi@volta.example\nSubject: Re: Volte\nIn-Reply-To: <{key}@volta.example>\n"
        f"Message-ID: <r@example.com>\n{more}\n{text}\n"
    ).encode()


def take(shop: Shop, *mails: bytes, days: float = 0) -> list[str]:
    at = NOW + timedelta(days=days)
    what = [each.what for each in returns.take(shop.runtime, mails, at)]
    process(shop.runtime, at)
    return what


def told(shop: Shop) -> list[str]:
    names = ("email_bounced", "email_complained", "email_replied", "email_delivered")
    return [row["name"] for row in shop.rows(tables.events) if row["name"] in names]


def suppressed(shop: Shop, name: str = "ana") -> str | None:
    found: str | None = next(row for row in shop.rows(tables.contacts) if row["ref"] == name)[
        "email_suppressed"
    ]
    return found


# --- what it does ------------------------------------------------------------------------------


def test_a_hard_bounce_ends_all_mail_to_the_address_and_the_message_says_why(on_both: Shop) -> None:
    assert take(on_both, bounce(path(on_both, "ana"))) == ["bounces"]
    assert suppressed(on_both) == "hard_bounce"
    assert on_both.message(on_both.sent["ana"])["state"] == "bounced"
    (event,) = (row for row in on_both.rows(tables.events) if row["name"] == "email_bounced")
    known = {
        "journey": "reactivation",
        "step": "first",
        "code": "550 5.1.1",
        "suppress": "hard_bounce",
        "permanent": True,
    }
    assert known.items() <= event["payload"].items()
    assert event["payload"]["reason"] == "The address does not exist."
    assert "ana@" not in str(event["payload"])


@pytest.mark.parametrize(
    "said", ["550 5.7.26 DMARC", "550 5.7.1 User unknown", "552 5.2.2 mailbox full", "451 4.3.0 try later"]
)
def test_other_bounces_are_noted_and_leave_the_address_open(shop: Shop, said: str) -> None:
    take(shop, bounce(path(shop, "ana"), said))
    assert suppressed(shop) is None
    assert shop.message(shop.sent["ana"])["state"] == "bounced"


def test_what_rules_refuse_later_counts_towards_stopping_the_channel_once(shop: Shop) -> None:
    mail = bounce(path(shop, "ana"), "550 5.7.1 blocked using a blocklist")
    take(shop, mail)
    take(shop, mail, bounce(path(shop, "bruno"), "552 5.2.2 full", number=2))
    with shop.runtime.store.begin() as tx:
        found = stops.came_back(tx, "email", NOW - timedelta(days=1))
    assert (found.policy, found.hard_bounces) == (1, 0)


def test_a_complaint_ends_all_mail_and_a_report_that_it_is_no_spam_does_not(shop: Shop) -> None:
    assert take(shop, complaint(shop.sent["ana"]).replace(b"abuse\n", b"not-spam\n")) == ["other feedback"]
    assert suppressed(shop) is None
    assert take(shop, complaint(shop.sent["ana"])) == ["complaints"]
    assert suppressed(shop) == "complaint"


BY_RETURN_PATH = {
    "the report": "Original-Mail-From: <{path}>\n\n--b\nContent-Type: text/rfc822-headers\n\n",
    "the returned headers": "\n--b\nContent-Type: text/rfc822-headers\n\nReturn-Path: <{path}>\n",
}


@pytest.mark.parametrize("name", BY_RETURN_PATH)
def test_a_complaint_may_name_the_mail_by_its_return_path_alone(shop: Shop, name: str) -> None:
    forged = f"bounces+{shop.sent['ana']}{'a' * 12}@volta.example"
    assert take(shop, by_return_path(name, forged)) == ["complaints of no message of ours"]
    assert take(shop, by_return_path(name, path(shop, "ana"))) == ["complaints"]
    assert suppressed(shop) == "complaint"


def by_return_path(name: str, path: str) -> bytes:
    return f"""From: feedback@provider.example
To: abuse@volta.example
Subject: FW: Volte
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Version: 1
{BY_RETURN_PATH[name].format(path=path)}From: oi@volta.example
Subject: Volte

--b--
""".encode()


def test_an_answer_is_an_event_and_what_a_machine_answers_is_none(shop: Shop) -> None:
    key = shop.sent["ana"]
    assert take(shop, answer(key, "Auto-Submitted: auto-replied")) == ["automatic replies"]
    assert take(shop, answer(key, text="Olá, estou de férias até dia 10.")) == ["absences"]
    assert told(shop) == []
    assert take(shop, answer(key)) == ["answers"]
    assert told(shop) == ["email_replied"]
    assert shop.message(key)["replied_at"] is not None
    assert suppressed(shop) is None


def test_who_answers_that_she_wants_no_more_gets_no_more(shop: Shop) -> None:
    key = shop.sent["ana"]
    mail = answer(key, text="sair")
    assert take(shop, mail, mail) == ["opt-outs", "opt-outs"]
    assert take(shop, mail, days=1) == ["opt-outs"]
    records = [row for row in shop.rows(tables.consents) if not row["given"]]
    assert {(row["how"], row["recorded_by"]) for row in records} == {("answer by mail", "person")}
    assert {row["message_id"] for row in records} == {shop.message(key)["id"]}
    assert len({row["topic"] for row in records}) == len(records)  # once, however often it is read
    open_ones = [row for row in shop.rows(tables.permissions) if row["given"] and row["channel"] == "email"]
    assert {row["contact_id"] for row in open_ones} == {shop.people["bruno"], shop.people["davi"]}
    assert "email_replied" in told(shop)
    assert suppressed(shop) is None  # it is a word about consent; the address is good


def test_a_delay_changes_nothing_and_a_report_of_arrival_is_an_arrival(shop: Shop) -> None:
    assert take(shop, bounce(path(shop, "ana"), "450 4.4.1 timeout", action="delayed")) == ["delays"]
    assert shop.message(shop.sent["ana"])["state"] == "accepted"
    assert take(shop, bounce(path(shop, "ana"), "250 2.0.0 ok", action="delivered")) == ["delivered"]
    assert shop.message(shop.sent["ana"])["state"] == "delivered"


def test_the_same_mail_again_changes_nothing(shop: Shop) -> None:
    mail = bounce(path(shop, "ana"), "552 5.2.2 full")
    again = mail.replace(b"Return-Path: <>", b"Return-Path: <>\nReceived: by another way")
    take(shop, mail, mail)
    take(shop, again)
    assert told(shop) == ["email_bounced"]


# --- whose it is --------------------------------------------------------------------------------


def test_without_a_return_path_the_returned_message_id_tells(shop: Shop) -> None:
    take(shop, bounce(BASE, key=shop.sent["bruno"]))
    assert (suppressed(shop, "bruno"), suppressed(shop)) == ("hard_bounce", None)


def test_a_forged_return_path_changes_nothing(shop: Shop) -> None:
    forged = verp.address(BASE, shop.sent["ana"], b"another secret")
    unsigned = f"bounces+{shop.sent['ana']}{'a' * 12}@volta.example"
    said = take(shop, bounce(forged), bounce(unsigned, number=2), bounce(BASE, number=3))
    assert said == ["bounces of no message of ours"] * 3
    assert told(shop) == []
    assert suppressed(shop) is None


def test_a_secret_that_was_replaced_still_counts(shop: Shop) -> None:
    old = path(shop, "ana")
    shop.runtime.settings = replace(shop.runtime.settings, secrets=(("k2", b"n" * 32), *SECRETS))
    take(shop, bounce(old))
    assert suppressed(shop) == "hard_bounce"


# --- bounces that aren't for good ----------------------------------------------------------------


def soft(shop: Shop, *days: float, said: str = "552 5.2.2 full") -> None:
    for day in days:
        take(shop, bounce(path(shop, "ana"), said, days=day, number=int(day * 10)), days=day)


def test_several_in_a_row_suppress_the_address(on_both: Shop) -> None:
    soft(on_both, 1, 1.1, 1.2, 8)  # of one day only one counts
    assert suppressed(on_both) is None
    soft(on_both, 15)
    assert suppressed(on_both) == "soft_bounces"


def test_those_of_long_ago_and_those_about_us_do_not_count(shop: Shop) -> None:
    soft(shop, 1, 2)
    soft(shop, 100)
    soft(shop, 101, 102, 103, said="550 5.7.1 blocked for spam")
    assert suppressed(shop) is None
    soft(shop, 104, 105)
    assert suppressed(shop) == "soft_bounces"


def test_a_mail_that_arrived_begins_the_count_anew(on_both: Shop) -> None:
    soft(on_both, 1, 2)
    arrives(on_both, 3)
    soft(on_both, 4, 5)
    assert suppressed(on_both) is None
    soft(on_both, 6)
    assert suppressed(on_both) == "soft_bounces"


def test_they_count_for_the_address_that_they_came_from(on_both: Shop) -> None:
    soft(on_both, 1, 2)
    at = NOW + timedelta(days=3)
    moved = NewEvent("identified", Person(ref="ana"), at, "crm", "moved", traits={"email": "new@example.com"})
    ingest(on_both.runtime.store, [moved], at)
    process(on_both.runtime, at)
    soft(on_both, 4)
    assert suppressed(on_both) is None
    closed = {row["digest"]: row["reason"] for row in on_both.rows(tables.suppressions)}
    old = digests.address(on_both.runtime.secret, "email", "ana@example.com")
    assert closed == {old: "soft_bounces"}


def arrives(shop: Shop, day: int) -> None:
    """Another mail to Ana, delivered."""
    at = NOW + timedelta(days=day)
    sent = dict(shop.message(shop.sent["ana"])) | {
        "key": f"other{day}",
        "state": "delivered",
        "bounced_at": None,
    }
    del sent["id"]
    with shop.runtime.store.begin() as tx:
        messages.write(tx, [{**sent, "delivered_at": at, "accepted_at": at, "handed_at": at}])


def test_another_address_begins_the_count_anew(shop: Shop) -> None:
    soft(shop, 1, 2)
    at = NOW + timedelta(days=3)
    ingest(
        shop.runtime.store,
        [NewEvent("identified", Person(ref="ana"), at, "crm", "1", traits={"email": "ana@new.example"})],
        at,
    )
    process(shop.runtime, at)
    soft(shop, 4, 5)
    assert suppressed(shop) is None


# --- the mailbox -----------------------------------------------------------------------------------


@pytest.fixture
def mailbox() -> Iterator[imap.Imap]:
    with imap.serving() as found:
        yield found


@pytest.fixture
def read(shop: Shop, mailbox: imap.Imap) -> Shop:
    return reading(shop, mailbox)


def reading(shop: Shop, mailbox: imap.Imap, **options: Any) -> Shop:
    config = MailboxConfig("127.0.0.1", imap.USER, imap.PASSWORD, mailbox.port, "none", **options)
    shop.runtime.settings = replace(shop.runtime.settings, returns=config)
    return shop


def collect(shop: Shop) -> dict[str, int]:
    counts = dict(returns.collect(shop.runtime, NOW))
    process(shop.runtime, NOW)
    return counts


def left(shop: Shop) -> int:
    from nurture.app.status import status

    return len(status(shop.runtime, {}, NOW).unread.left)


def test_what_was_read_is_marked_and_what_people_should_see_is_not(read: Shop, mailbox: imap.Imap) -> None:
    unknown, answered = b"From: x@example.com\nSubject: Oi\n\nTudo bem?\n", answer(read.sent["bruno"])
    mailbox.put(bounce(path(read, "ana")), unknown, answered, complaint(read.sent["davi"]))
    assert collect(read) == {"bounces": 1, "not understood": 1, "answers": 1, "complaints": 1}
    assert mailbox.unread() == [2, 3]
    assert (suppressed(read), suppressed(read, "davi")) == ("hard_bounce", "complaint")
    assert len(mailbox.mails) == 4
    assert collect(read) == {}
    assert left(read) == 1
    mailbox.mails[2].flags.add("\\Seen")  # somebody has read it
    collect(read)
    assert left(read) == 0


def test_what_speaks_of_no_message_of_ours_is_left_alone(read: Shop, mailbox: imap.Imap) -> None:
    away = b"Subject: Out of office\nIn-Reply-To: <a@office.example>\n\nBack on Monday.\n"
    mailbox.put(away, bounce(BASE), answer(read.sent["ana"], "Auto-Submitted: auto-replied"))
    assert sum(collect(read).values()) == 3
    assert mailbox.unread() == [1, 2]
    assert left(read) == 0


@pytest.mark.parametrize("uidplus", [True, False])
def test_only_who_asks_for_it_has_mails_deleted(shop: Shop, mailbox: imap.Imap, uidplus: bool) -> None:
    mailbox.uidplus = uidplus
    (own,) = mailbox.put(b"Subject: of somebody\n\n")
    mailbox.mails[own].flags |= {"\\Seen", "\\Deleted"}  # not ours to expunge
    mailbox.put(bounce(path(shop, "ana")), answer(shop.sent["bruno"]))
    collect(reading(shop, mailbox, delete=True))
    gone = {uid for uid in (1, 2, 3) if uid not in mailbox.mails}
    assert gone == ({2} if uidplus else set())
    assert uidplus or "\\Deleted" in mailbox.mails[2].flags


def test_a_line_that_is_cut_before_the_mark_loses_and_doubles_nothing(read: Shop, mailbox: imap.Imap) -> None:
    mailbox.put(*(bounce(path(read, name), "552 5.2.2 full", number=i) for i, name in enumerate(read.sent)))
    mailbox.before = cut_at("UID STORE")
    with pytest.raises(NurtureError, match="the mailbox at 127"):
        collect(read)
    assert told(read) == ["email_bounced"] * 3
    assert len(mailbox.unread()) == 3
    mailbox.before = lambda command: None
    collect(read)
    assert told(read) == ["email_bounced"] * 3
    assert mailbox.unread() == []


def cut_at(name: str) -> Any:
    def before(command: str) -> None:
        if command == name:
            raise imap.Cut

    return before


def test_uids_that_are_counted_anew_are_read_anew_and_nothing_doubles(read: Shop, mailbox: imap.Imap) -> None:
    mailbox.put(bounce(path(read, "ana"), "552 5.2.2 full"))
    collect(read)
    mailbox.validity += 1
    mailbox.put(bounce(path(read, "bruno"), number=2))
    assert collect(read) == {"bounces": 2}
    assert told(read) == ["email_bounced"] * 2


def test_a_mailbox_of_any_size_is_read(read: Shop, mailbox: imap.Imap) -> None:
    uids = range(1_000_000, 1_130_000)  # in one line they would be more than a million octets
    mailbox.mails = {uid: imap.Kept(b"Subject: of somebody\n\n") for uid in uids}
    config = read.runtime.settings.returns
    assert config is not None
    assert look_at_mailbox(config).found.endswith("(mails in INBOX: 130,000)")
    with opened_mailbox(config) as open_one:
        assert open_one.newer(1_129_990) == list(uids[-9:])
    mailbox.mails.clear()
    assert look_at_mailbox(config).found.endswith("(mails in INBOX: 0)")


@pytest.fixture
def tokens() -> Iterator[ApiServer]:
    """A token endpoint that knows one refresh token and one application."""
    refused = {"error": "invalid_grant", "error_description": "AADSTS700082: it has\r\nexpired"}
    with api_server.serving(Said(400, json.dumps(refused))) as server:
        given = Said(text='{"access_token": "ya29.a", "expires_in": 3599}')
        server.answers = {b"refresh_token=1%2F%2F09": given, b"grant_type=client_credentials": given}
        yield server


def by_oauth(shop: Shop, mailbox: imap.Imap, tokens: ApiServer, **more: Any) -> Shop:
    mailbox.tokens = mailbox.tokens or {"ya29.a"}
    oauth = OAuthConfig(f"{tokens.url}/token", "an-application", "a secret", **more)
    config = MailboxConfig("127.0.0.1", imap.USER, "", mailbox.port, "none", oauth=oauth)
    shop.runtime.settings = replace(shop.runtime.settings, returns=config)
    return shop


@pytest.mark.parametrize(
    ("more", "grant"), [({"refresh_token": "1//09"}, "refresh_token"), ({"scope": "x"}, "client_credentials")]
)
def test_a_mailbox_without_a_password_is_opened_by_oauth(
    shop: Shop, mailbox: imap.Imap, tokens: ApiServer, more: dict[str, str], grant: str
) -> None:
    by_oauth(shop, mailbox, tokens, **more)
    mailbox.put(bounce(path(shop, "ana")))
    assert collect(shop) == {"bounces": 1}
    asked = dict(parse_qsl(tokens.asked[0].body.decode()))
    want = {"grant_type": grant, "client_id": "an-application", "client_secret": "a secret", **more}
    assert asked == want
    config = shop.runtime.settings.returns
    assert config is not None
    found = look_at_mailbox(config)
    assert (found.verdict, found.found.split(",")[1]) == (Verdict.OK, " by OAuth 2 (mails in INBOX: 1)")


@pytest.mark.parametrize("case", ["an ended token", "no rights", "no json", "elsewhere", "nobody there"])
def test_why_it_is_not_opened_is_told_without_a_secret(
    shop: Shop, mailbox: imap.Imap, tokens: ApiServer, case: str
) -> None:
    why = {
        "an ended token": "invalid_grant: AADSTS700082: it has expired",
        "no rights": "AUTHENTICATE failed",
        "no json": "no access token",
        "elsewhere": "token_url says 302",
        "nobody there": "Connection refused",
    }
    mailbox.tokens = {"another"}
    by_oauth(shop, mailbox, tokens, refresh_token="0//ended" if case == "an ended token" else "1//09")
    if case == "no json":
        tokens.answers, tokens.usual = {}, Said(text="<html>")
    if case == "elsewhere":
        tokens.answers, tokens.usual = {}, Said(302, headers={"Location": "http://127.0.0.1:1/"})
    if case == "nobody there":
        oauth = OAuthConfig("http://127.0.0.1:1/token", "an-application", "a secret", "1//09")
        config = replace(shop.runtime.settings.returns, oauth=oauth)  # type: ignore[type-var]
        shop.runtime.settings = replace(shop.runtime.settings, returns=config)
    with pytest.raises(NurtureError, match=why[case]) as told:
        collect(shop)
    assert "check host, port, folder, user and oauth" in str(told.value)
    assert not any(secret in str(told.value) for secret in ("a secret", "1//09", "ended'", "ya29"))
    config = shop.runtime.settings.returns
    assert config is not None
    found = look_at_mailbox(config)
    assert found.verdict is Verdict.WRONG
    assert "refresh token" in found.do


WRONG = {
    "the password": ({"password": "outro"}, "wrong user or password"),
    "the folder": ({"folder": "Bounces"}, "there is no folder 'Bounces'"),
    "a folder with an accent": ({"folder": "Devoluções"}, "there is no folder 'Devoluções'"),
    "a folder that no server has": ({"folder": "\ud800\r\nA NOOP"}, "there is no folder"),
    "the port": ({"port": 1}, "Connection refused"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mailbox_that_cannot_be_read_says_why(read: Shop, name: str) -> None:
    options, why = WRONG[name]
    assert read.runtime.settings.returns is not None
    config = replace(read.runtime.settings.returns, **options)  # type: ignore[arg-type]
    read.runtime.settings = replace(read.runtime.settings, returns=config)
    with pytest.raises(NurtureError, match=why) as told:
        collect(read)
    assert "segredo" not in str(told.value)
    assert why in look_at_mailbox(config).found


FOLDERS = {  # as IMAP has them: RFC 3501, 5.1.3
    "Devoluções": "Devolu&AOcA9Q-es",
    "~peter/mail/台北/日本語": "~peter/mail/&U,BTFw-/&ZeVnLIqe-",
    "P&D 📬": "P&-D &2D3c7A-",
    "~é~": "~&AOk-~",
    'Volta "de" C:\\mail': r"Volta \"de\" C:\\mail",
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_may_have_any_name(shop: Shop, mailbox: imap.Imap, name: str) -> None:
    mailbox.folder = FOLDERS[name]
    mailbox.put(bounce(path(shop, "ana")))
    assert collect(reading(shop, mailbox, folder=name)) == {"bounces": 1}


def test_a_process_killed_between_commit_and_mark_doubles_nothing(
    one_database: str, tmp_path: Path, mailbox: imap.Imap
) -> None:
    shop = reading(open_shop(one_database, tmp_path, channels=MAIL), mailbox)
    mailbox.put(*(bounce(path(shop, name), "552 5.2.2 full", number=i) for i, name in enumerate(shop.sent)))
    process_ = subprocess.Popen(
        [sys.executable, "-c", _COLLECTS, one_database, str(tmp_path), str(mailbox.port)]
    )

    def kill(command: str) -> None:
        if command == "UID STORE":
            os.kill(process_.pid, signal.SIGKILL)
            raise imap.Cut

    mailbox.before = kill
    assert process_.wait() == -signal.SIGKILL
    mailbox.before = lambda command: None
    assert mailbox.unread() == [1, 2, 3]
    collect(shop)
    assert mailbox.unread() == []
    assert told(shop) == ["email_bounced"] * 3
    shop.runtime.close()


_COLLECTS = """
import sys
from pathlib import Path
from tests.integration import test_returns as here
from nurture.app.runtime import Runtime
from nurture.settings import MailboxConfig
from nurture.store.engine import Store
from tests.support.operator import Operator
from tests.support.shop import NOW, settings
from tests.support import api_server, imap, sink
from tests.support.api_server import ApiServer, Said
config = MailboxConfig("127.0.0.1", imap.USER, imap.PASSWORD, int(sys.argv[3]), "none")
runtime = Runtime(Store(sys.argv[1]), settings(channels=here.MAIL, returns=config), Path(sys.argv[2]))
here.returns.collect(runtime, NOW)
"""


def test_what_a_provider_tells_of_full_mailboxes_counts_as_well(shop: Shop) -> None:
    for day in (1, 2, 3):
        at = NOW + timedelta(days=day)
        about = About("sendgrid", "ana@example.com", shop.sent["ana"], "m1", at)
        events = about.bounced(f"b{day}", failure("552 5.2.2 Mailbox full", hard=False)).events
        ingest(shop.runtime.store, events, at)
        process(shop.runtime, at)
        assert suppressed(shop) == ("soft_bounces" if day == 3 else None)


# --- on the way out and back ------------------------------------------------------------------------


def test_a_bounce_to_the_sender_that_the_server_was_told_comes_home(shop: Shop, tmp_path: Path) -> None:
    with sink.running(tmp_path / "ledger.jsonl") as server:
        options = {"host": "127.0.0.1", "port": str(server.port), "return_path": BASE}
        config = replace(MAIL[Channel.EMAIL], options=options)
        company = replace(shop.runtime.settings.company, website="https://volta.example")
        channels = {Channel.EMAIL: config}
        shop.runtime.settings = replace(shop.runtime.settings, channels=channels, company=company)
        waits(shop, "ana")
        assert dict(deliver(shop.runtime, NOW)) == {"accepted": 1, "refused": 0}
        (sent,) = server.messages()
    assert sent["sender"].startswith("bounces+")
    assert sent["sender"].endswith("@volta.example")
    take(shop, bounce(sent["sender"]))
    assert shop.message("b" * 32)["state"] == "bounced"
    assert suppressed(shop) == "hard_bounce"


def waits(shop: Shop, name: str) -> None:
    """A mail that is due now."""
    row = dict(shop.message(shop.sent[name]))
    for column in ("id", "handed_at", "accepted_at", "done_at"):
        row.pop(column)
    row |= {"key": "b" * 32, "state": "scheduled", "due_at": NOW, "survey": None, "template": "welcome/hello"}
    with shop.runtime.store.begin() as tx:
        messages.write(tx, [row])


def test_the_return_path_is_the_same_at_every_attempt_also_under_a_new_secret(shop: Shop) -> None:
    company = replace(shop.runtime.settings.company, website="https://volta.example")
    shop.runtime.settings = replace(shop.runtime.settings, company=company)
    waits(shop, "ana")
    first = composed(shop)
    shop.runtime.settings = replace(shop.runtime.settings, secrets=(("k2", b"n" * 32), *SECRETS))
    again = composed(shop, first.kept)
    assert first.envelope.sender == verp.address(BASE, "b" * 32, SECRETS[0][1])
    assert again.envelope == first.envelope


def composed(shop: Shop, kept: Mapping[str, Any] | None = None) -> Composed:
    """The waiting mail as it would be handed over, with what was kept of an attempt before."""
    ((found,), unfit) = _compose(shop, kept or {})
    assert not unfit
    return found


def _compose(shop: Shop, kept: Mapping[str, Any]) -> tuple[list[Composed], list[Any]]:
    run = dict.fromkeys(("memory", "trigger_event_id", "item", "trigger_name"))
    with shop.runtime.store.begin() as tx:
        return compose(shop.runtime, tx, [{**shop.message("b" * 32), **run, **kept}], NOW)


# --- by hand and by pipe ---------------------------------------------------------------------------


def test_mails_come_in_by_a_pipe_or_as_files_and_what_became_of_each_is_said(tmp_path: Path) -> None:
    init(folder := tmp_path / "shop")
    nurture = Operator(folder)
    (folder / "unknown.eml").write_bytes(b"Subject: Oi\n\nTudo bem?\n")
    (folder / "away.eml").write_bytes(b"Subject: Out of office\n\nBack on Monday.\n")
    assert nurture("returns", "away.eml") == "away.eml: automatic replies of no message of ours\n"
    said = nurture("returns", typed=bounce("bounces@shop.example").decode())
    assert said == "standard input: bounces of no message of ours\n"
    assert nurture("returns", "away.eml", "unknown.eml", status=65).endswith("unknown.eml: not understood\n")
    assert "missing.eml cannot be read: No such file" in nurture("returns", "missing.eml", status=75)


def test_how_far_a_mailbox_was_read_is_kept(on_both: Shop) -> None:
    for place in (Place(7, 3, (1, 2), "INBOX"), Place(8, 0, (), "INBOX")):
        with on_both.runtime.store.begin() as tx:
            mailbox_place.keep(tx, place)
        with on_both.runtime.store.read() as tx:
            assert mailbox_place.read(tx) == place
