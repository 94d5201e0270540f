"""Lists of numbers that must get no advertising: whom they bind, and whom the next list lets go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.app import gating, opt_outs
from nurture.app.do_not_disturb import Renewed, load
from nurture.app.explain import explain
from nurture.app.ingest import ingest
from nurture.app.process import process
from nurture.limits import Allow, Cancel, GateVerdict
from nurture.model import Channel, MessageClass, NewEvent, Person
from nurture.problems import NurtureError
from nurture.store import do_not_disturb, tables
from nurture.store import gating as store
from tests.support.shop import PHONES, Shop, open_shop

LIST = "procon-sp"


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(database, tmp_path)
    yield shop
    shop.runtime.close()


def renew(shop: Shop, *lines: str, name: str = LIST) -> Renewed:
    shop.now += timedelta(days=1)
    path = shop.runtime.folder / f"{name}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load(shop.runtime, path, name, shop.now)


def asked(shop: Shop) -> dict[str, GateVerdict]:
    """What the gate says of each person's waiting SMS."""
    ids = {
        row["id"]: row["contact_id"]
        for row in shop.rows(tables.messages)
        if row["key"] in shop.waiting.values()
    }
    names = {contact: name for name, contact in shop.people.items()}
    with shop.runtime.store.read() as tx:
        verdicts = gating.ask(shop.runtime, tx, store.asks(tx, ids, shop.runtime.bases), shop.now)
    return {names[ids[message]]: verdict for message, verdict in verdicts.items()}


def test_a_number_on_a_list_gets_no_advertising_until_the_list_lets_it_go(shop: Shop) -> None:
    assert isinstance(asked(shop)["ana"], Allow)
    first = renew(shop, "Telefone", "11 8123-4567", "(11) 98123-4568")  # Ana's of old, and Bruno's
    assert (first.numbers, first.new, first.released) == (2, 2, 0)
    assert asked(shop) == {
        "ana": Cancel("do_not_disturb"),
        "bruno": Cancel("do_not_disturb"),
        "davi": asked(shop)["davi"],
    }
    assert isinstance(asked(shop)["davi"], Allow)
    again = renew(shop, "Telefone", PHONES["bruno"], "+5521987654321")
    assert (again.numbers, again.new, again.released) == (2, 1, 1)
    assert isinstance(asked(shop)["ana"], Allow)
    assert asked(shop)["bruno"] == Cancel("do_not_disturb")


def test_it_is_another_thing_than_a_stop(shop: Shop) -> None:
    opt_outs.stop(shop.runtime, PHONES["ana"], "sms", shop.now)
    renew(shop, PHONES["ana"], PHONES["bruno"])
    opt_outs.start_again(shop.runtime, PHONES["bruno"])  # nothing to take back
    assert asked(shop)["bruno"] == Cancel("do_not_disturb")
    renew(shop, PHONES["davi"])
    assert {row["reason"] for row in shop.rows(tables.suppressions)} == {"stop"}
    with shop.runtime.store.begin() as tx:
        assert (
            store.reach(tx, shop.people.values(), {}).why_not(
                shop.people["ana"], Channel.SMS, MessageClass.MARKETING, "offers"
            )
            == "suppressed"
        )


def test_it_binds_advertising_by_telephone_alone(shop: Shop) -> None:
    renew(shop, PHONES["ana"])
    ana = shop.people["ana"]
    with shop.runtime.store.read() as tx:
        reach = store.reach(tx, [ana], {})
    why = {
        (channel, kind): reach.why_not(ana, channel, kind, "offers")
        for channel in (Channel.EMAIL, Channel.SMS)
        for kind in MessageClass
    }
    assert {place for place, reason in why.items() if reason} == {(Channel.SMS, MessageClass.MARKETING)}
    assert why[Channel.SMS, MessageClass.MARKETING] == "do_not_disturb"
    with shop.runtime.store.begin() as tx:
        tx.execute(sa.update(tables.messages).values({"class": "transactional"}))
    assert isinstance(asked(shop)["ana"], Allow)


def test_who_comes_later_with_such_a_number_is_bound(shop: Shop) -> None:
    renew(shop, "21987654321")
    event = NewEvent("signed_up", Person("chloe", None, "(21) 8765-4321"), shop.now, "site", "1")
    ingest(shop.runtime.store, [event], shop.now)
    process(shop.runtime, shop.now)
    chloe = next(row for row in shop.rows(tables.contacts) if row["ref"] == "chloe")
    with shop.runtime.store.read() as tx:
        assert do_not_disturb.people(tx, [chloe["id"], shop.people["ana"]]) == {chloe["id"]}
    told = explain(shop.runtime, "chloe", None, shop.now)
    assert [(each["name"], each["since"], each["file"]) for each in told.do_not_disturb] == [
        (LIST, shop.now, f"{LIST}.csv")
    ]


def test_a_message_to_somebody_else_goes_by_her_number(shop: Shop) -> None:
    renew(shop, PHONES["bruno"])
    bruno = next(row for row in shop.rows(tables.contacts) if row["ref"] == "bruno")
    with shop.runtime.store.begin() as tx:
        to_bruno = {"recipient": PHONES["bruno"], "recipient_digest": bruno["phone_digest"]}
        tx.execute(
            sa.update(tables.messages).where(tables.messages.c.key == shop.waiting["ana"]).values(to_bruno)
        )
    assert asked(shop)["ana"] == Cancel("do_not_disturb")


def test_two_lists_are_renewed_apart_and_hold_no_numbers(shop: Shop) -> None:
    renew(shop, PHONES["ana"])
    renew(shop, PHONES["ana"], PHONES["bruno"], name="nao-me-perturbe")
    renew(shop, PHONES["davi"])
    assert asked(shop)["ana"] == Cancel("do_not_disturb")  # by the other list
    with shop.runtime.store.read() as tx:
        assert do_not_disturb.held(tx) == {LIST: 1, "nao-me-perturbe": 2}
    kept = str(shop.rows(tables.do_not_disturb)) + str(shop.rows(tables.do_not_disturb_lists))
    assert not any(phone[-8:] in kept for phone in PHONES.values())


def test_a_file_that_is_no_list_leaves_it_as_it_was(shop: Shop) -> None:
    renew(shop, PHONES["ana"])
    for lines in (("Telefone",), ("nome;cidade", "Ana;Campinas"), (*"abcde", PHONES["davi"])):
        with pytest.raises(NurtureError, match="no telephone number"):
            renew(shop, *lines)
    with pytest.raises(NurtureError, match="no name for a list"):
        renew(shop, PHONES["davi"], name="Procon SP")
    assert asked(shop)["ana"] == Cancel("do_not_disturb")


FORMS = {
    "numbers-alone": ("11981234567",),
    "a-heading": ("Número", "+55 11 98123-4567"),
    "a-title-above-it": ("Bloqueio de ligações", "", "Telefone", "11981234567"),
    "a-date-beside-it": ("telefone;data", "11981234567;2026-01-05"),
    "the-area-code-by-itself": ("DDD;TELEFONE", "11;981234567"),
    "the-same-of-old-without-a-heading": ('"11","81234567"',),
    "another-number-before-it": ("CPF;LINHA", "52998224725;11981234567"),
    "without-a-plus": ("data,telefone", "20260105,5511981234567"),
}


def test_how_a_list_may_be_written(shop: Shop) -> None:
    for name, lines in FORMS.items():
        done = renew(shop, *lines, name=name)
        assert (done.numbers, done.unread) == (1, 0), name
    told = explain(shop.runtime, "ana", None, shop.now).do_not_disturb
    assert [each["name"] for each in told] == sorted(FORMS)
