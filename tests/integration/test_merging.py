"""Two people who are one: what both did, said and were sent is hers, and nothing leaves that either didn't want."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from nurture.app import erasing, explain, exporting, merging, opt_outs
from nurture.app.ingest import ingest
from nurture.app.process import process
from nurture.model import Channel, NewEvent, Person
from nurture.problems import NurtureError
from nurture.store import consents, contacts, messages, tables
from nurture.store import merging as store
from tests.support.shop import PHONES, Shop, consent, open_shop


@pytest.fixture
def shop(one_database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(one_database, tmp_path)
    yield shop
    shop.runtime.close()


@pytest.fixture
def each(database: str, tmp_path: Path) -> Iterator[Shop]:
    """A shop on each database."""
    shop = open_shop(database, tmp_path)
    yield shop
    shop.runtime.close()


@pytest.fixture
def on_postgresql(postgres_database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(postgres_database, tmp_path)
    yield shop
    shop.runtime.close()


def tell(shop: Shop, person: Person, name: str, number: str, **more: Any) -> None:
    days = more.pop("days", 0)
    event = NewEvent(name, person, shop.now - timedelta(days=days), "site", number, **more)
    ingest(shop.runtime.store, [event], shop.now)
    process(shop.runtime, shop.now)


def merge(shop: Shop, kept: str = "ana", other: str = "bruno") -> merging.Merge:
    return merging.merge(shop.runtime, kept, other, "user:chloe", shop.now)


def person(shop: Shop, ref: str) -> dict[str, Any]:
    return next(row for row in shop.rows(tables.contacts) if row["ref"] == ref)


def allowed(shop: Shop, ref: str, topic: str = "offers", channel: str = "email") -> bool | None:
    found = [
        row["given"]
        for row in shop.rows(tables.permissions)
        if (row["contact_id"], row["topic"], row["channel"]) == (person(shop, ref)["id"], topic, channel)
    ]
    return found[0] if found else None


def test_what_both_did_is_hers(each: Shop) -> None:
    """Facts are as if she had always been one."""
    shop = each
    for ref, number, total, days in (("ana", "A1", 90, 3), ("bruno", "B1", 60, 1), ("bruno", "B2", 10, 40)):
        payload = {"order_id": number, "total": total, "currency": "BRL"}
        tell(shop, Person(ref), "order_completed", number, payload=payload, days=days)
    tell(shop, Person("bruno"), "identified", "city", traits={"city": "Campinas", "first_name": "B."})
    merge(shop)
    ana, bruno = person(shop, "ana"), person(shop, "bruno")
    assert (ana["total_orders"], ana["lifetime_value"]) == (3, 16000)
    assert (ana["first_order_at"], ana["last_order_at"]) == (
        shop.now - timedelta(days=40),
        shop.now - timedelta(days=1),
    )
    assert ana["created_at"] == shop.now - timedelta(days=40)
    assert (ana["first_name"], ana["city"], ana["email"]) == ("Ana", "Campinas", "ana@example.com")
    done = [row for row in shop.rows(tables.activity) if row["name"] == "order_completed"]
    assert [(row["contact_id"], row["times"]) for row in done] == [(ana["id"], 3)]
    assert {row["contact_id"] for row in shop.rows(tables.messages)} == {ana["id"], shop.people["davi"]}
    assert (bruno["first_name"], bruno["total_orders"], bruno["erased_at"]) == (None, 0, shop.now)


def test_whatever_names_the_other_leads_to_her(shop: Shop) -> None:
    merge(shop)
    merge(shop, "davi", "ana")
    davi = shop.people["davi"]
    for number, each in enumerate(
        (Person("bruno"), Person(None, "bruno@example.com"), Person(None, None, PHONES["bruno"]))
    ):
        tell(shop, each, "product_viewed", f"seen-{number}")
    tell(shop, Person(), "email_clicked", "click", message_key=shop.sent["bruno"])
    seen = [row for row in shop.rows(tables.events) if row["name"] in ("product_viewed", "email_clicked")]
    assert [row["contact_id"] for row in seen] == [davi] * 4
    assert [explain.explain(shop.runtime, each, None, shop.now).ref for each in ("bruno", PHONES["ana"])] == [
        "davi"
    ] * 2
    with shop.runtime.store.read() as tx:
        assert [row["ref"] for row in contacts.search(tx, "bruno", 5)] == ["davi"]


@pytest.mark.parametrize("who", ["ana", "bruno"])
def test_whoever_of_them_said_no_it_holds(shop: Shop, who: str) -> None:
    """Also where the other said yes later: a record of our own says so, and theirs stay."""
    opt_outs.withdraw(
        shop.runtime, shop.people[who], topic="offers", channel=Channel.EMAIL, how="page", now=shop.now
    )
    other = {"ana": "bruno", "bruno": "ana"}[who]
    later = shop.now + timedelta(days=1)
    with shop.runtime.store.begin() as tx:
        consents.record(tx, [{**consent(shop.people[other]), "occurred_at": later}])
    shop.now = later + timedelta(days=1)
    before = shop.rows(tables.consents)
    done = merge(shop)
    assert done.withdrawn == (("offers", Channel.EMAIL),)
    assert (allowed(shop, "ana"), allowed(shop, "ana", channel="sms")) == (False, True)
    *old, new = shop.rows(tables.consents)
    assert [row["id"] for row in old] == [row["id"] for row in before]
    assert (new["given"], new["how"], new["channel"], new["recorded_by"]) == (
        False,
        "merge",
        "email",
        "user:chloe",
    )


def test_a_yes_of_one_alone_holds_with_its_own_record(shop: Shop) -> None:
    with shop.runtime.store.begin() as tx:
        consents.record(tx, [{**consent(shop.people["bruno"]), "topic": "news"}])
    done = merge(shop)
    assert done.gained == (("news", Channel.EMAIL), ("news", Channel.SMS))
    held = [row for row in shop.rows(tables.permissions) if row["topic"] == "news"]
    assert {(row["contact_id"], row["given"]) for row in held} == {(shop.people["ana"], True)}


def test_a_stop_from_the_other_number_is_a_no_by_sms(shop: Shop) -> None:
    """Before and after: a STOP closes its number for all, and for her the channel."""
    opt_outs.stop(shop.runtime, PHONES["bruno"], "answer by SMS", shop.now)
    done = merge(shop)
    assert done.withdrawn == (("offers", Channel.SMS),)
    assert (allowed(shop, "ana", channel="sms"), allowed(shop, "ana")) == (False, True)
    assert shop.message(shop.waiting["ana"])["state"] == "cancelled"
    assert person(shop, "ana")["phone_suppressed"] is None

    merge(shop, "davi", "ana")
    opt_outs.stop(shop.runtime, PHONES["ana"], "answer by SMS", shop.now)
    assert allowed(shop, "davi", channel="sms") is False


def test_leaving_by_the_others_mail_silences_her(shop: Shop) -> None:
    merge(shop)
    key = shop.sent["bruno"]
    opt_outs.withdraw(
        shop.runtime, shop.message(key)["contact_id"], topic=None, channel=None, how="page", now=shop.now
    )
    assert (allowed(shop, "ana"), allowed(shop, "ana", channel="sms")) == (False, False)
    assert {shop.message(shop.waiting[who])["state"] for who in ("ana", "bruno")} == {"cancelled"}


def test_somebody_who_still_holds_the_old_id_silences_her_too(shop: Shop) -> None:
    """A page that was opened before the merge and sent after it."""
    merge(shop)
    opt_outs.withdraw(
        shop.runtime, shop.people["bruno"], topic="offers", channel=None, how="page", now=shop.now
    )
    assert allowed(shop, "ana") is False


def test_an_address_that_a_third_one_has_too_leads_to_whom_it_led(shop: Shop) -> None:
    """It named Ana, whoever came in with it later; so it names who she is now."""
    tell(shop, Person("eva"), "identified", "eva", traits={"email": "ana@example.com"})
    tell(shop, Person("gil"), "identified", "gil")
    merge(shop, "gil", "ana")
    tell(shop, Person(None, "ana@example.com"), "product_viewed", "seen")
    seen = next(row for row in shop.rows(tables.events) if row["name"] == "product_viewed")
    assert seen["contact_id"] == person(shop, "gil")["id"]
    assert explain.explain(shop.runtime, "ana@example.com", None, shop.now).ref == "gil"


def test_a_bounce_closes_the_address_to_which_the_mail_went(shop: Shop) -> None:
    merge(shop)
    tell(
        shop,
        Person(),
        "email_bounced",
        "bounce",
        message_key=shop.sent["bruno"],
        payload={"suppress": "hard_bounce"},
    )
    assert person(shop, "ana")["email_suppressed"] is None
    assert person(shop, "bruno")["email_suppressed"] == "hard_bounce"
    assert allowed(shop, "ana") is True


def test_a_complaint_about_the_others_mail_is_a_no(shop: Shop) -> None:
    merge(shop)
    tell(shop, Person(), "email_complained", "spam", message_key=shop.sent["bruno"])
    assert allowed(shop, "ana") is False


def test_what_the_other_told_the_provider_is_a_no_by_sms(shop: Shop) -> None:
    with shop.runtime.store.begin() as tx:
        opt_outs.suppress(shop.runtime, tx, shop.people["bruno"], "sms", "opt_out", "twilio", shop.now)
    assert merge(shop).withdrawn == (("offers", Channel.SMS),)
    assert (allowed(shop, "ana", channel="sms"), allowed(shop, "ana")) == (False, True)


def test_two_are_likely_one_where_they_share_a_number_or_a_mailbox(shop: Shop) -> None:
    """Gmail reads no dots and nothing behind a plus sign; other providers may."""
    tell(shop, Person("c1"), "identified", "1", traits={"email": "Chloe.Lima@gmail.com"})
    tell(shop, Person("c2"), "identified", "2", traits={"email": "chloelima+shop@googlemail.com"})
    tell(shop, Person("c3"), "identified", "3", traits={"email": "a.na@example.com"})
    tell(shop, Person("c4"), "identified", "4", traits={"phone": "(11) 8123-4567", "first_name": "Ana"})
    found = {(pair.kept, pair.other, pair.same) for pair in merging.likely(shop.runtime)}
    assert found == {("c1", "c2", "email"), ("ana", "c4", "phone")}
    merge(shop, "ana", "c4")
    merge(shop, "c1", "c2")
    assert merging.likely(shop.runtime) == []


def test_who_is_given_out_and_erased_is_with_all_that_she_was(shop: Shop) -> None:
    merge(shop)
    known = exporting.export(shop.runtime, "bruno", shop.now)
    assert (known["contact"]["ref"], [each["email"] for each in known["merged"]]) == (
        "ana",
        ["bruno@example.com"],
    )
    assert len(known["messages"]) == 4
    erasing.erase(shop.runtime, "bruno@example.com", shop.now)
    rest = [row for row in shop.rows(tables.contacts) if row["id"] != shop.people["davi"]]
    assert [(row["email"], row["phone"], row["email_digest"]) for row in rest] == [(None, None, None)] * 2
    assert not {"ana", "bruno"} & {row["ref"] for row in rest}
    with pytest.raises(NurtureError, match="erased"):
        merge(shop, "davi", "bruno")


@pytest.mark.postgresql
def test_an_opt_out_that_waited_for_the_merge_silences_her(
    on_postgresql: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was on its way for somebody who is somebody else by the time it may go on."""
    shop, bury, waiting = on_postgresql, store.bury, list[threading.Thread]()

    def meanwhile(tx: Any, *rest: Any) -> None:
        bury(tx, *rest)
        leave = threading.Thread(
            target=lambda: opt_outs.withdraw(
                shop.runtime, shop.people["bruno"], topic="offers", channel=None, how="page", now=shop.now
            )
        )
        leave.start()
        waiting.append(leave)
        locks = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not tx.exec_driver_sql(locks).scalar_one():
            time.sleep(0.01)

    monkeypatch.setattr(store, "bury", meanwhile)
    merge(shop)
    waiting[0].join()
    assert [allowed(shop, "ana", channel=channel) for channel in ("email", "sms")] == [False, False]
    assert {shop.message(shop.waiting[who])["state"] for who in ("ana", "bruno")} == {"cancelled"}


@pytest.mark.postgresql
def test_nobody_is_taken_from_a_job_that_is_at_work_on_her(
    on_postgresql: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = on_postgresql
    monkeypatch.setattr(merging, "TRIES", 2)
    with shop.runtime.store.begin() as tx:
        messages.lock_contacts(tx, [shop.people["bruno"]])
        with pytest.raises(NurtureError, match="a job is at work on ana or bruno; try again"):
            merge(shop)
    assert merge(shop).other.ref == "bruno"


def test_nobody_is_merged_with_herself_or_with_nobody(shop: Shop) -> None:
    for other, words in (
        ("bruno@example.com", "one person already"),
        ("chloe", "nobody is known as .chloe."),
    ):
        merge(shop) if other.startswith("bruno") else None
        with pytest.raises(NurtureError, match=words):
            merging.rehearse(shop.runtime, "ana", other, shop.now)
