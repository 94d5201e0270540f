"""A row becomes events, as a table of rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from nurture.app.importing import headers
from nurture.app.importing.cells import RowError
from nurture.app.importing.files import Record
from nurture.app.importing.mapping import SEGMENT, ColumnMapping, ConsentRule, Kind, defaults, known_fields
from nurture.app.importing.rows import Row, RowReader
from nurture.model import Basis, Channel, Computed, Field, FieldType, Span
from nurture.settings import Company, Settings
from nurture.vocabulary import EVENT_ALIASES

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CONSENT = ConsentRule(
    ("offers", "news"), Basis.CONSENT, "2024-01", "checkout", only_if="optin", date_from="since"
)
CONTACTS = ColumnMapping(
    Kind.CONTACTS,
    {
        "ref": "id",
        "email": "mail",
        "phone": "fone",
        "full_name": "nome",
        "state": "uf",
        "country": "pais",
        "birthday": "nasc",
        "points": "pontos",
        "interests": "gostos",
        "vip": "vip",
    },
    own_fields={
        "points": Field("points", FieldType.NUMBER),
        "interests": Field("interests", FieldType.LIST),
        "vip": Field("vip", FieldType.BOOLEAN),
    },
    zone="America/Sao_Paulo",
    consent=CONSENT,
)
ORDERS = ColumnMapping(
    Kind.ORDERS,
    {
        "order_id": "Pedido",
        "ref": "Cliente",
        "ordered_at": "Data",
        "total": "Valor",
        "status": "Status",
        "delivered_at": "Entrega",
    },
    values={"email": "{ref}@example.com", "country": "BR"},
    zone="America/Sao_Paulo",
    cancelled=frozenset({"cancelado"}),
)
EVENTS = ColumnMapping(Kind.EVENTS, SEGMENT, names=EVENT_ALIASES)
ANA = {"id": "17", "mail": "Ana@Example.com", "nome": "Ana Maria Souza"}
PEDIDO = {"Pedido": "P1", "Cliente": "ana", "Data": "09/07/2017 21:57", "Valor": "R$ 175,26"}


def read(mapping: ColumnMapping, **cells: Any) -> Row:
    return RowReader(mapping, NOW).read(Record(2, cells))


def test_a_contact_is_identified_with_her_traits() -> None:
    row = read(
        CONTACTS,
        **ANA,
        fone="11 8765-4321",
        uf="Paraná",
        pais="Brasil",
        nasc="29/02/1988",
        pontos="12",
        gostos="a; b",
        vip="sim",
    )
    (event,) = row.events
    assert (event.name, event.person.ref, event.person.email, event.occurred_at) == (
        "identified",
        "17",
        "ana@example.com",
        NOW,
    )
    assert event.silent
    assert event.traits == {
        "email": "ana@example.com",
        "phone": "+5511987654321",
        "first_name": "Ana",
        "last_name": "Maria Souza",
        "state": "PR",
        "country": "BR",
        "birthday": date(1988, 2, 29),
        "points": 12.0,
        "interests": ["a", "b"],
        "vip": True,
    }


def test_no_address_stands_in_the_identity_of_an_event() -> None:
    (event,) = read(CONTACTS, mail="ana@example.com").events
    assert "ana" not in event.source_id


@pytest.mark.parametrize(
    ("optin", "since", "expected"),
    [
        pytest.param("sim", "01/02/2024", [("offers", True), ("news", True)], id="yes"),
        pytest.param("não", "", [("offers", False), ("news", False)], id="no is a record too"),
        pytest.param("", "", [], id="nothing said, nothing recorded"),
    ],
)
def test_consent_comes_with_the_people(optin: str, since: str, expected: list[tuple[str, bool]]) -> None:
    (event,) = read(CONTACTS, **ANA, optin=optin, since=since).events
    assert [(consent.topic, consent.given) for consent in event.consents] == expected
    for consent in event.consents:
        assert (consent.basis, consent.text_version, consent.how) == (Basis.CONSENT, "2024-01", "checkout")
        assert consent.at == (datetime(2024, 2, 1, 3, tzinfo=UTC) if since else None)


@pytest.mark.parametrize(
    ("status", "opted_out", "expected"),
    [
        pytest.param("SUBSCRIBED", "", True, id="its own word for yes"),
        pytest.param("unsubscribed", "", False, id="its own word for no"),
        pytest.param("NEVER_SUBSCRIBED", "", None, id="another word says nothing"),
        pytest.param("SUBSCRIBED", "true", False, id="who opted out has said no, whatever else is there"),
        pytest.param("SUBSCRIBED", "false", True, id="who did not opt out"),
    ],
)
def test_consent_in_the_words_of_another_program(status: str, opted_out: str, expected: bool | None) -> None:
    rule = replace(
        CONSENT,
        only_if="Status",
        yes=frozenset(["subscribed"]),
        no=frozenset(["unsubscribed"]),
        unless="Opted out",
    )
    row = read(
        replace(CONTACTS, consent=rule), **ANA, since="01/02/2024", Status=status, **{"Opted out": opted_out}
    )
    consents = row.events[0].consents
    assert {consent.given for consent in consents} == ({expected} - {None})
    # the day in the file is that of her yes or no, not that of the opt-out
    assert {consent.at is None for consent in consents} == ({opted_out == "true"} if consents else set())


@pytest.mark.parametrize(("left", "expected"), [("TRUE", {False}), ("FALSE", set()), ("", set())])
def test_a_list_of_those_who_left_gives_nobody_a_consent(left: str, expected: set[bool]) -> None:
    rule = replace(CONSENT, only_if=None, unless="Left")
    row = read(replace(CONTACTS, consent=rule), **ANA, since="", Left=left)
    assert {consent.given for consent in row.events[0].consents} == expected


def test_an_address_that_a_person_had_is_shortened_before_it_comes_in() -> None:
    mapping = replace(CONTACTS, consent=replace(CONSENT, ip_from="ip"))
    (event,) = read(mapping, **ANA, optin="sim", ip="203.0.113.7").events
    assert {consent.ip for consent in event.consents} == {"203.0.113.0/24"}
    with pytest.raises(RowError, match=r"ip: is not an IP address$"):
        read(mapping, **ANA, optin="sim", ip="203.0.113.777")


def test_consent_with_a_fixed_day_and_channel() -> None:
    rule = replace(CONSENT, only_if=None, date_from=None, date="2023-05-01", channel=Channel.EMAIL)
    (event,) = read(replace(CONTACTS, consent=rule), **ANA).events
    assert {(c.at, c.channel) for c in event.consents} == {
        (datetime(2023, 5, 1, 3, tzinfo=UTC), Channel.EMAIL)
    }


def test_an_order_tells_of_purchase_and_delivery() -> None:
    row = read(ORDERS, **PEDIDO, Status="entregue", Entrega="2017-07-12 10:00:00")
    assert [(event.name, event.source_id) for event in row.events] == [
        ("order_completed", "order:P1"),
        ("order_delivered", "order:P1:delivered"),
    ]
    completed = row.events[0]
    assert completed.occurred_at == datetime(2017, 7, 10, 0, 57, tzinfo=UTC)
    assert completed.payload == {"order_id": "P1", "total": 175.26, "currency": "BRL", "status": "entregue"}
    assert completed.traits == {"email": "ana@example.com", "country": "BR"}


def test_a_status_may_take_an_order_back() -> None:
    row = read(ORDERS, **PEDIDO, Status="Cancelado")
    assert [event.name for event in row.events] == ["order_completed", "order_cancelled"]


SEGMENT_EVENT = {
    "type": "track",
    "event": "Order Placed",
    "userId": "ana",
    "messageId": "m1",
    "timestamp": "2016-09-04T21:15:19-03:00",
    "properties": {"order_id": "P1", "total": 136.23},
}


def test_a_segment_event() -> None:
    (event,) = read(EVENTS, **SEGMENT_EVENT).events
    assert (event.name, event.person.ref, event.source_id) == ("order_completed", "ana", "m1")
    assert event.occurred_at == datetime(2016, 9, 5, 0, 15, 19, tzinfo=UTC)
    assert event.payload == {"order_id": "P1", "total": 136.23}


def test_events_from_a_spreadsheet_have_their_fields_in_columns() -> None:
    mapping = ColumnMapping(
        Kind.EVENTS,
        {
            "ref": "who",
            "event": "what",
            "occurred_at": "when",
            "properties.page": "page",
            "properties.seconds": "s",
        },
    )
    (event,) = read(mapping, who="ana", what="Page Viewed", when="2026-01-01", page="007", s="12.5").events
    assert (event.name, event.payload) == ("page_viewed", {"page": "007", "seconds": 12.5})


def test_a_number_of_json_has_one_meaning_where_its_text_would_have_two() -> None:
    (event, *_) = read(ORDERS, **{**PEDIDO, "Valor": 1.234}).events
    assert event.payload["total"] == 1.234


def test_the_same_row_is_the_same_event_and_another_is_another() -> None:
    once, again, other = (read(CONTACTS, **{**ANA, "uf": uf}) for uf in ("SP", "sp", "RJ"))
    assert once.events[0].source_id == again.events[0].source_id != other.events[0].source_id


@pytest.mark.parametrize(
    ("mapping", "cells", "says"),
    [
        pytest.param(
            CONTACTS, {"id": "1", "mail": "ana@"}, "mail: 'ana@' is not an e-mail address", id="e-mail"
        ),
        pytest.param(CONTACTS, {"id": "1", "fone": "12"}, "fone: '12' is no phone number of BR", id="phone"),
        pytest.param(
            CONTACTS, {"id": "1", "nasc": "30/02/1990"}, "nasc: '30/02/1990' is not a date", id="birthday"
        ),
        pytest.param(CONTACTS, {"nome": "Ana"}, "names nobody: nothing in id or mail or fone", id="nobody"),
        pytest.param(
            CONTACTS, {**ANA, "optin": "talvez"}, "optin: 'talvez' is neither yes nor no", id="consent"
        ),
        pytest.param(CONTACTS, {"id": "a\x00b"}, "NUL", id="NUL"),
        pytest.param(CONTACTS, {"id": {"a": 1}}, "id: is an object or a list", id="object for a value"),
        pytest.param(ORDERS, {**PEDIDO, "Data": ""}, "nothing in Data", id="no date"),
        pytest.param(
            ORDERS, {**PEDIDO, "Pedido": "", "Valor": "NULL"}, "nothing in Pedido and Valor", id="two missing"
        ),
        pytest.param(ORDERS, {**PEDIDO, "Valor": "-5,00"}, "can't be negative", id="negative"),
        pytest.param(ORDERS, {**PEDIDO, "Valor": "1.234"}, "two meanings", id="ambiguous amount"),
        pytest.param(EVENTS, {**SEGMENT_EVENT, "type": "identify"}, "only track events", id="another call"),
        pytest.param(
            EVENTS, {**SEGMENT_EVENT, "event": "123"}, "is not a name for an event", id="event name"
        ),
        pytest.param(
            EVENTS, {**SEGMENT_EVENT, "event": "Email Clicked"}, "told by nurture itself", id="our own event"
        ),
        pytest.param(EVENTS, {**SEGMENT_EVENT, "properties": "x"}, "is not a JSON object", id="properties"),
        pytest.param(EVENTS, {**SEGMENT_EVENT, "userId": None}, "names nobody", id="anonymous"),
    ],
)
def test_a_refused_row_says_why(mapping: ColumnMapping, cells: dict[str, Any], says: str) -> None:
    with pytest.raises(RowError) as refused:
        RowReader(mapping, NOW).read(Record(2, cells))
    assert says in str(refused.value)


def test_what_an_address_book_leaves_out_is_left_out() -> None:
    (event,) = read(CONTACTS, **ANA, nasc="--04-02", uf="N/A").events
    assert "birthday" not in event.traits
    assert "state" not in event.traits


@pytest.mark.parametrize(
    ("kind", "header", "expected"),
    [
        pytest.param(
            Kind.ORDERS,
            "Pedido,Cliente,CEP,Cidade,UF,Data do Pedido,Status,Valor Total",
            {"order_id": "Pedido", "ref": "Cliente", "ordered_at": "Data do Pedido", "total": "Valor Total"},
            id="Brazilian spreadsheet",
        ),
        pytest.param(
            Kind.ORDERS,
            "Order ID,Email,Created at,Total,Currency",
            {"order_id": "Order ID", "email": "Email", "ordered_at": "Created at", "total": "Total"},
            id="English export",
        ),
        pytest.param(
            Kind.CONTACTS,
            "Nome;E-mail;Telefone;Data de Nascimento",
            {"full_name": "Nome", "email": "E-mail", "phone": "Telefone", "birthday": "Data de Nascimento"},
            id="Brazilian contacts",
        ),
        pytest.param(
            Kind.CONTACTS,
            "ref,email,first_name",
            {"ref": "ref", "email": "email", "first_name": "first_name"},
            id="our own names",
        ),
        pytest.param(
            Kind.CONTACTS,
            "Given Name,Family Name,E-mail 1 - Value,Phone 1 - Value",
            {"first_name": "Given Name", "email": "E-mail 1 - Value", "phone": "Phone 1 - Value"},
            id="address book",
        ),
    ],
)
def test_columns_of_well_known_exports_are_known(kind: Kind, header: str, expected: dict[str, str]) -> None:
    names = header.replace(";", ",").split(",")
    found = headers.recognise(kind, names)
    assert expected.items() <= found.items()
    assert headers.looks_like(names) is kind


def test_what_is_computed_no_file_fills() -> None:
    fields = {
        "started": Field("started", FieldType.DATE),
        "ends": Field("ends", FieldType.DATE, computed=Computed("started", Span(months=12))),
    }
    settings = Settings(Company("Volta", "São Paulo"), {}, {}, fields=fields)
    base = defaults(Kind.CONTACTS, settings, {})
    known = known_fields(Kind.CONTACTS, base.own_fields)
    assert ("started" in known, "ends" in known) == (True, False)
