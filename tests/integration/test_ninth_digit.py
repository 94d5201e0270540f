"""A Brazilian mobile with and without its ninth digit is one person, by whichever door it comes in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nurture.app import explain, importing
from nurture.app.importing.mapping import ColumnMapping, Kind
from nurture.app.ingest import ingest
from nurture.app.preview import _recipient
from nurture.app.previewing import viewers
from nurture.app.process import process
from nurture.channels.base import Stop
from nurture.model import Channel, NewEvent, Person
from nurture.rendering.links import Signer
from nurture.store import contacts, tables
from nurture.web import opting
from nurture.web.desk import Desk
from tests.support.shop import PHONES, SECRETS, Shop, open_shop

OLD = "+551181234567"  # Ana's number before 2012
SPELLINGS = (OLD, "(11) 8123-4567", "11 8123-4567", "1181234567", PHONES["ana"], "(11) 98123-4567")


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(database, tmp_path)
    yield shop
    shop.runtime.close()


def tell(shop: Shop, person: Person, number: str, **traits: Any) -> None:
    event = NewEvent("identified", person, shop.now, "site", number, traits=traits)
    ingest(shop.runtime.store, [event], shop.now)
    process(shop.runtime, shop.now)


def refs(shop: Shop) -> list[str]:
    return sorted(row["ref"] for row in shop.rows(tables.contacts))


def test_events_find_and_name_the_same_person(shop: Shop) -> None:
    for number, spelling in enumerate(SPELLINGS):
        tell(shop, Person(None, None, spelling), f"by-phone-{number}", city="Campinas")
        tell(shop, Person("ana", None, None), f"of-her-{number}", phone=spelling)
    assert refs(shop) == ["ana", "bruno", "davi"]
    ana = next(row for row in shop.rows(tables.contacts) if row["ref"] == "ana")
    assert (ana["phone"], ana["city"]) == (PHONES["ana"], "Campinas")


def test_files_name_the_same_person(shop: Shop) -> None:
    path = shop.runtime.folder / "people.csv"
    path.write_text(
        "celular;cidade\n" + "".join(f"{each};Campinas\n" for each in SPELLINGS), encoding="utf-8"
    )
    done = importing.load(shop.runtime.store, path, shop.runtime.settings, shop.now, kind=Kind.CONTACTS)
    assert (done.accepted, done.refused) == (1, len(SPELLINGS) - 1)  # the same as the first line
    orders = shop.runtime.folder / "orders.csv"
    orders.write_text(f"pedido;data;total;celular\nA1;2026-05-01;90;{OLD}\n", encoding="utf-8")
    columns = {"order_id": "pedido", "ordered_at": "data", "total": "total", "phone": "celular"}
    mapping = ColumnMapping(Kind.ORDERS, columns)
    importing.load(shop.runtime.store, orders, shop.runtime.settings, shop.now, mapping=mapping)
    process(shop.runtime, shop.now)
    assert refs(shop) == ["ana", "bruno", "davi"]
    assert [row["contact_id"] for row in shop.rows(tables.orders)] == [shop.people["ana"]]


def test_whoever_is_looked_for_is_found(shop: Shop) -> None:
    for spelling in SPELLINGS:
        assert explain.explain(shop.runtime, spelling, None, shop.now).ref == "ana", spelling
        assert [found[0] for found in viewers.search(shop.runtime, spelling)] == ["ana"], spelling
        assert _recipient(shop.runtime, Channel.SMS, "x", spelling) == PHONES["ana"], spelling


def test_a_number_that_is_a_ref_too_means_the_ref(shop: Shop) -> None:
    tell(shop, Person("1181234567", "chloe@example.com", None), "1")
    with shop.runtime.store.read() as tx:
        found = contacts.by_anything(tx, "1181234567", "BR")
        assert found is not None
        assert found["email"] == "chloe@example.com"
        assert contacts.by_anything(tx, "00000000", "BR") is None


@pytest.mark.parametrize(("said", "has"), [(OLD, PHONES["ana"]), (PHONES["ana"], OLD)])
def test_a_stop_silences_both(shop: Shop, said: str, has: str) -> None:
    desk = Desk(shop.runtime, shop.runtime.renderer, Signer(SECRETS), lambda: shop.now)
    tell(shop, Person("chloe", None, "+551187654321"), "chloe")
    opting.stop(desk, Stop(Person(None, None, said), Channel.SMS, "sms"), "twilio", shop.now)
    tell(shop, Person("chloe", None, None), "hers", phone=has)
    suppressed = {row["ref"]: row["phone_suppressed"] for row in shop.rows(tables.contacts)}
    assert (suppressed["ana"], suppressed["chloe"], suppressed["davi"]) == ("stop", "stop", None)
    start = NewEvent("sms_replied", Person(None, None, has), shop.now, "twilio", "SM2", {"text": "START"})
    assert opting.start(desk, start, shop.now)
    assert {row["phone_suppressed"] for row in shop.rows(tables.contacts)} == {None}
