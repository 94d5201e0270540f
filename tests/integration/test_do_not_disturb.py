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
    "the-area-code-twice": ("DDD;Telefone", "11;11981234567"),
    "the-area-code-after-it": ("Telefone;DDD", "81234567;11"),
    "a-comma-in-a-name": ('"Nome","Telefone"', '"Silva, Ana","11981234567"'),
    "a-quote-that-stays-open": ("Nome;Telefone", '"Silva, Ana;11981234567'),
    "in-the-second-of-two-columns": ("Telefone;Celular", ";11981234567"),
    "a-heading-below-a-line-with-a-date": ("Lista;;", "Nome;CPF;Telefone", "Ana;11981234569;11981234567"),
}


def test_how_a_list_may_be_written(shop: Shop) -> None:
    for name, lines in FORMS.items():
        done = renew(shop, *lines, name=name)
        assert (done.numbers, done.unread) == (1, 0), name
    told = explain(shop.runtime, "ana", None, shop.now).do_not_disturb
    assert [each["name"] for each in told] == sorted(FORMS)


LOSSES = {
    "the area code twice": ("DDD;Telefone", "11;11981234567", "11;11981234568"),
    "a comma in a name": (
        '"Nome","Telefone"',
        '"Silva, Ana","11981234567"',
        '"Souza, Bia","11981234568"',
    ),
    "two in a cell": ("Telefone", "11981234567 / 11981234568"),
    "two columns": ("Nome;Telefone 1;Telefone 2", "Ana;11981234567;11981234568"),
    "an open quote": ("Nome;Telefone", '"Ana;11981234567', 'Bia;"11981234568"'),
    "a number that is none before it": ("11981234567,x", "1191234567890,11981234568"),
}


@pytest.mark.parametrize("lines", LOSSES.values(), ids=LOSSES)
def test_nobody_is_let_go_whom_the_file_still_names(shop: Shop, lines: tuple[str, ...]) -> None:
    renew(shop, "11981234567", "11981234568")
    again = renew(shop, *lines)
    assert (again.numbers, again.new, again.released, again.unread) == (2, 0, 0, 0)


def test_each_line_that_may_mean_a_number_is_told_also_the_first(shop: Shop) -> None:
    heading = ("Lista de 2026", "CPF;Telefone")
    done = renew(shop, *heading, "11981234569;1181234", "11981234569;", "1;11981234567", "2;11981234568")
    assert (done.numbers, done.unread, done.examples) == (2, 2, (3, 4))  # and no CPF is taken for a number


def test_a_list_of_which_much_cant_be_read_lets_nobody_go(shop: Shop) -> None:
    numbers = [f"119812345{last:02}" for last in range(20)]
    renew(shop, PHONES["davi"], *numbers)
    torn = renew(shop, *numbers[:16], *(number[:-3] for number in numbers[16:]))
    assert (torn.numbers, torn.released, torn.unread, torn.whole) == (21, 0, 4, False)
    mended = renew(shop, *numbers)
    assert (mended.numbers, mended.released, mended.whole) == (20, 1, True)
