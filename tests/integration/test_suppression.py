"""A suppression is a fact about an address: it binds everybody who has it, and all who come with it later."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from nurture import digests
from nurture.app import changes, opt_outs
from nurture.app.ingest import ingest
from nurture.app.process import process
from nurture.model import HERSELF, Channel, MessageClass, NewEvent, Person
from nurture.store import consents, gating, messages, tables
from nurture.store.engine import Store, Tx
from tests.support.office import SECRET, open_office
from tests.support.shop import NOW, PHONES, Shop, open_shop

SHARED = {"email": "ana@example.com", "phone": PHONES["ana"]}


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(database, tmp_path)
    yield shop
    shop.runtime.close()


def comes(shop: Shop, ref: str, **traits: str) -> None:
    tells(
        shop,
        NewEvent("identified", Person(ref=ref), NOW, "crm", f"{ref}:{sorted(traits.items())}", traits=traits),
    )


def tells(shop: Shop, *events: NewEvent) -> None:
    ingest(shop.runtime.store, events, NOW)
    process(shop.runtime, NOW)


def row(shop: Shop, ref: str) -> dict[str, Any]:
    return next(each for each in shop.rows(tables.contacts) if each["ref"] == ref)


def marks(shop: Shop, *refs: str) -> list[tuple[str | None, str | None]]:
    return [(row(shop, ref)["email_suppressed"], row(shop, ref)["phone_suppressed"]) for ref in refs]


def test_a_stop_silences_everybody_with_the_number_and_start_takes_it_back(shop: Shop) -> None:
    comes(shop, "ana-2", phone="(11) 98123-4567")
    opt_outs.stop(shop.runtime, PHONES["ana"], "STOP", NOW)
    assert marks(shop, "ana", "ana-2", "bruno") == [(None, "stop"), (None, "stop"), (None, None)]
    assert shop.message(shop.waiting["ana"])["state"] == "cancelled"
    told = {e["person"]["ref"] for e in shop.rows(tables.events) if e["name"] == "consent_withdrawn"}
    assert told == {"ana", "ana-2"}
    assert opt_outs.start_again(shop.runtime, PHONES["ana"])
    assert marks(shop, "ana", "ana-2") == [(None, None), (None, None)]


def test_a_hard_bounce_of_one_cancels_what_waits_for_the_other(shop: Shop) -> None:
    comes(shop, "bruno", phone=PHONES["ana"])
    with shop.runtime.store.begin() as tx:
        opt_outs.suppress(shop.runtime, tx, shop.people["bruno"], "sms", "hard_bounce", "twilio", NOW)
    assert marks(shop, "ana", "bruno") == [(None, "hard_bounce"), (None, "hard_bounce")]
    states = {shop.message(shop.waiting[name])["state"] for name in ("ana", "bruno")}
    assert states == {"cancelled"}


def test_who_comes_with_a_suppressed_address_is_silent_from_the_start(shop: Shop) -> None:
    opt_outs.stop(shop.runtime, PHONES["ana"], "STOP", NOW)
    with shop.runtime.store.begin() as tx:
        opt_outs.suppress(shop.runtime, tx, shop.people["ana"], "email", "complaint", "feedback loop", NOW)
    one, two = (
        NewEvent("identified", Person(ref=ref), NOW, "crm", ref, traits=SHARED) for ref in ("ana-2", "ana-3")
    )
    nameless = NewEvent("signed_up", Person(email="ana@example.com"), NOW, "shop", "s1")
    tells(shop, one, two, nameless)
    assert marks(shop, "ana", "ana-2", "ana-3") == [("complaint", "stop")] * 3


def test_who_gets_another_number_can_be_written_to(shop: Shop) -> None:
    opt_outs.stop(shop.runtime, PHONES["ana"], "STOP", NOW)
    comes(shop, "ana", phone="+5511981239999")
    assert marks(shop, "ana") == [(None, None)]
    comes(shop, "ana", phone=PHONES["ana"])
    assert marks(shop, "ana") == [(None, "stop")]


def test_the_gate_believes_the_list_more_than_the_copy(shop: Shop) -> None:
    """Somebody may come in with the number in the very moment in which it is suppressed."""
    with shop.runtime.store.begin() as tx:
        digest = row(shop, "ana")["phone_digest"]
        consents.suppress(tx, "phone", digest, reason="stop", source="test", at=NOW)
        tx.execute(tables.contacts.update().values(phone_suppressed=None))
    ask = gating.Ask(
        id=1,
        contact_id=shop.people["ana"],
        journey=None,
        channel=Channel.SMS,
        message_class=MessageClass.TRANSACTIONAL,
        topic=None,
        planned_at=NOW,
        expires_at=None,
        key="",
    )
    with shop.runtime.store.read() as tx:
        assert gating.facts(tx, [ask], NOW)[1].suppressed == "stop"
        reach = gating.reach(tx, [shop.people["ana"]], {})
    assert reach.why_not(shop.people["ana"], Channel.SMS, MessageClass.MARKETING, "offers") == "suppressed"


def test_unsubscribing_binds_the_mailbox(shop: Shop) -> None:
    comes(shop, "ana-2", email="ana@example.com")
    with shop.runtime.store.begin() as tx:
        twin = row(shop, "ana-2")["id"]
        yes = changes.consent_record(twin, "offers", None, True, "form", HERSELF, NOW - timedelta(days=1))
        consents.record(tx, [yes])
    opt_outs.withdraw(
        shop.runtime, shop.people["ana"], topic="offers", channel=None, how="one-click", now=NOW
    )
    with shop.runtime.store.read() as tx:
        for contact_id in (shop.people["ana"], twin):
            assert consents.all_withdrawn(tx, contact_id, ["offers"])
        assert not consents.all_withdrawn(tx, shop.people["bruno"], ["offers"])


def test_who_gets_messages_about_others_is_heard_before_one_of_them_leaves_or_after(
    postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on its way to a colleague has been found open: she is heard when it is handed over, and not meanwhile."""
    office = open_office(postgres_database, tmp_path)
    digest = digests.address(SECRET, "email", "rep@volta.example")
    about = {"kind": "transactional", "recipient": "rep@volta.example", "recipient_digest": digest}
    office.write("ana@example.com", **about)
    row, store = office.rows()[0], Store(postgres_database)
    other = replace(office.runtime, store=store)
    leaving = threading.Thread(target=opt_outs.leave_recipient, args=(other, row, office.at))
    mark, waited = messages.mark_handover, []

    def marked_late(tx: Tx, marks: Any) -> set[int]:
        leaving.start()
        leaving.join(0.3)  # it would be through by now, if nothing held it
        waited.append(leaving.is_alive())
        return mark(tx, marks)

    monkeypatch.setattr(messages, "mark_handover", marked_late)
    office.deliver()
    leaving.join()
    office.write("bruno@example.com", **about)
    office.deliver()
    assert waited == [True]
    assert office.took == ["rep@volta.example"]
    store.close()
    office.runtime.close()
