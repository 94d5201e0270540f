"""Imports into a real database, on both kinds: what arrives, what is refused, what a second time does."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.app import importing
from nurture.app.importing.mapping import ColumnMapping, ConsentRule, Kind
from nurture.app.process import process
from nurture.app.runtime import Runtime
from nurture.model import Basis
from nurture.problems import NurtureError
from nurture.settings import Company, Settings, Topic
from nurture.store.engine import Store
from nurture.store.tables import contacts, events, imports, orders, permissions
from tests.support import digest

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SETTINGS = Settings(
    company=Company("Torra Serena", "Rua do Café 1, São Paulo"),
    channels={},
    topics={"offers": Topic("offers", "Ofertas")},
    secrets=(("k1", b"x" * 32),),
)
ORDERS = """Pedido;E-mail;Nome;Data do Pedido;Valor Total;UF
P1;ana@example.com;Ana Souza;01/02/2026 10:00;R$ 100,00;SP
P2;davi@example.com;Davi Lima;02/02/2026 11:30;R$ 1.250,50;Amazonas
P3;ana@example.com;Ana Souza;03/02/2026 09:15;R$ 20,25;SP
"""


@pytest.fixture
def runtime(database: str, tmp_path: Path) -> Iterator[Runtime]:
    runtime = Runtime(Store(database), SETTINGS, tmp_path, lambda: NOW)
    yield runtime
    runtime.close()


def write(folder: Path, text: str, name: str = "pedidos.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding, newline="")
    return path


def load(runtime: Runtime, path: Path, **how: object) -> importing.Imported:
    done = importing.load(runtime.store, path, SETTINGS, NOW, **how)  # type: ignore[arg-type]
    process(runtime, NOW)
    return done


def test_orders_become_people_with_facts(runtime: Runtime, tmp_path: Path) -> None:
    done = load(runtime, write(tmp_path, ORDERS))
    assert (done.kind, done.rows, done.refused, done.new, done.known) == (Kind.ORDERS, 3, 0, 3, 0)
    columns = (
        contacts.c.email,
        contacts.c.total_orders,
        contacts.c.lifetime_value,
        contacts.c.state,
        contacts.c.zone,
    )
    with runtime.store.read() as tx:
        assert tx.execute(sa.select(*columns).order_by(contacts.c.email)).all() == [
            ("ana@example.com", 2, 12025, "SP", "America/Sao_Paulo"),
            ("davi@example.com", 1, 125050, "AM", "America/Manaus"),
        ]


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(lambda text: text, id="the same file"),
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="another newline"),
        pytest.param(
            lambda text: "\n".join([text.split("\n")[0], *reversed(text.strip().split("\n")[1:])]),
            id="reversed",
        ),
        pytest.param(lambda text: "\n".join(text.split("\n")[:2]), id="a part of it"),
    ],
)
def test_a_second_import_changes_nothing(runtime: Runtime, tmp_path: Path, again: object) -> None:
    load(runtime, write(tmp_path, ORDERS))
    before = digest.digests(runtime.store)
    done = load(runtime, write(tmp_path, again(ORDERS), "again.csv"))  # type: ignore[operator]
    assert (done.new, done.known) == (0, done.accepted)
    assert digest.digests(runtime.store) == before


def test_consent_comes_with_the_people_and_yields_to_a_withdrawal(runtime: Runtime, tmp_path: Path) -> None:
    rule = ConsentRule(("offers",), Basis.CONSENT, "2024-01", "checkout", only_if="aceita", date="2025-01-01")
    mapping = ColumnMapping(Kind.CONTACTS, {"email": "email"}, consent=rule)
    people = "email;aceita\nana@example.com;sim\nbruno@example.com;não\nchloe@example.com;\n"
    load(runtime, write(tmp_path, people, "people.csv"), mapping=mapping)
    chosen = sa.select(contacts.c.email, permissions.c.channel, permissions.c.given).join(permissions)
    with runtime.store.read() as tx:
        assert set(tx.execute(chosen).all()) == {
            ("ana@example.com", "email", True),
            ("ana@example.com", "sms", True),
            ("bruno@example.com", "email", False),
            ("bruno@example.com", "sms", False),
            (
                "bruno@example.com",
                "whatsapp",
                False,
            ),  # a yes to every channel doesn't open it, a no closes it
        }


def test_what_is_refused_stands_beside_with_line_and_reason(runtime: Runtime, tmp_path: Path) -> None:
    bad = ORDERS + (
        "P4;not-an-address;X;01/02/2026;10,00;SP\n"
        "P5;chloe@example.com;Chloe;31/02/2026;10,00;SP\n"
        "P1;ana@example.com;Ana Souza;01/02/2026 10:00;R$ 100,00;SP\n"
        "P3;ana@example.com;Ana Souza;03/02/2026 09:15;R$ 21,00;SP\n"
        ";bruno@example.com;Bruno;01/02/2026;10,00;SP\n"
    )
    done = load(runtime, write(tmp_path, bad))
    assert (done.rows, done.accepted, done.refused) == (8, 3, 5)
    assert done.refused_file == tmp_path / "pedidos.refused.csv"
    told = [line.rsplit(";", 3)[1:3] for line in done.refused_file.read_text("utf-8-sig").splitlines()[1:]]
    assert told == [
        ["5", "E-mail: 'not-an-address' is not an e-mail address"],
        ["6", "Data do Pedido: '31/02/2026' is not a date that exists"],
        ["7", "the same as line 2"],
        ["8", "line 4 is about the same one and says otherwise, the first counts"],
        ["9", "nothing in Pedido"],
    ]


def test_refused_rows_put_right_can_be_imported(runtime: Runtime, tmp_path: Path) -> None:
    done = load(runtime, write(tmp_path, ORDERS.replace("davi@example.com", "davi@")))
    assert done.refused_file is not None
    mended = done.refused_file.read_text("utf-8-sig").replace("davi@;", "davi@example.com;")
    done = load(runtime, write(tmp_path, mended, "mended.csv", "utf-8-sig"))
    assert (done.accepted, done.new, done.refused) == (1, 1, 0)


def test_lines_cut_off_at_different_places_count_as_one_reason(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text('{"event": "signed_up"\n{"event": "opened", "userId": "ana"\n')
    seen = importing.preview(path, SETTINGS, NOW)
    assert seen.reasons == {"is not JSON: Expecting … delimiter": 2}


def test_events_that_are_dated_after_now_are_counted(runtime: Runtime, tmp_path: Path) -> None:
    path = write(tmp_path, ORDERS.replace("03/02/2026 09:15", "02/03/2026 09:01"))
    assert importing.preview(path, SETTINGS, NOW).ahead == 1, "one minute after now, in São Paulo"
    assert load(runtime, path).ahead == 1


def test_what_to_write_is_not_taken_for_a_value_of_the_row(tmp_path: Path) -> None:
    seen = importing.preview(write(tmp_path, ORDERS.replace("R$ 20,25", "1.234")), SETTINGS, NOW)
    way_out = 'say `decimal: ","` or `decimal: "."` in the mapping'
    assert seen.reasons == {f"Valor Total: … has two meanings; {way_out}": 1}


def test_people_in_ndjson_are_known_by_the_names_of_their_fields(runtime: Runtime, tmp_path: Path) -> None:
    """Also by those that only a later one has."""
    path = write(tmp_path, '{"ref": "ana", "E-mail": "ana@example.com"}\n', "people.ndjson")
    path.write_text(path.read_text() + '{"ref": "davi", "Celular": "(92) 99123-4567"}\n')
    done = load(runtime, path, kind=Kind.CONTACTS)
    assert (done.new, done.refused) == (2, 0), done.reasons
    with runtime.store.read() as tx:
        known = set(tx.execute(sa.select(contacts.c.email, contacts.c.phone)).all())
    assert known == {("ana@example.com", None), (None, "+5592991234567")}


CONSENT = "consent: {topics: [offers], basis: consent, text_version: '1', how: form, only_if: aceita}\n"
IN_NDJSON = {
    "contacts": ("{ref: id, email: contato.email}", {"id": "ana"}),
    "orders": (
        "{order_id: pedido, ref: id, email: contato.email, ordered_at: data, total: valor}",
        {"id": "ana", "pedido": "P1", "data": "2026-02-01T10:00:00Z", "valor": 100.5},
    ),
    "events": (
        "{event: tipo, ref: id, email: contato.email, occurred_at: data}",
        {"id": "ana", "tipo": "signed_up", "data": "2026-02-01T10:00:00Z"},
    ),
}


@pytest.mark.parametrize("kind", IN_NDJSON)
def test_each_kind_comes_in_ndjson_by_a_mapping_that_names_its_consent(
    runtime: Runtime, tmp_path: Path, kind: str
) -> None:
    columns, row = IN_NDJSON[kind]
    row = {**row, "contato": {"email": "ana@example.com"}, "aceita": "sim"}
    text = f"import: {kind}\ncolumns: {columns}\n{CONSENT}"
    mapping = importing.read_mapping(write(tmp_path, text, "mapping.yaml"), SETTINGS)
    path = write(tmp_path, json.dumps(row) + "\n", "rows.ndjson")
    assert load(runtime, path, mapping=mapping).new == 1
    chosen = sa.select(contacts.c.email, contacts.c.total_orders, permissions.c.channel).join(permissions)
    count = 1 if kind == "orders" else 0
    with runtime.store.read() as tx:
        known = set(tx.execute(chosen.where(permissions.c.given)).all())
    assert known == {("ana@example.com", count, "email"), ("ana@example.com", count, "sms")}
    before = digest.digests(runtime.store)
    assert load(runtime, path, mapping=mapping).known == 1
    assert digest.digests(runtime.store) == before


def test_events_in_ndjson_are_not_taken_for_people(tmp_path: Path) -> None:
    line = '{"type": "track", "event": "signed_up", "userId": "ana", "timestamp": "2026-03-02T10:00:00Z"}\n'
    path = write(tmp_path, line, "signups.ndjson")
    with pytest.raises(NurtureError, match=r"holds events: nurture import events .*signups\.ndjson"):
        importing.preview(path, SETTINGS, NOW, kind=Kind.CONTACTS)


def test_events_in_a_spreadsheet_need_no_mapping_where_their_columns_are_known(tmp_path: Path) -> None:
    text = "evento;cliente;data;Ebook Name;total\nebook_downloaded;ana;02/03/2026 10:00;guide;12.5\n"
    seen = importing.preview(write(tmp_path, text), SETTINGS, NOW, kind=Kind.EVENTS)
    ((event,),) = (row.events for row in seen.first)
    assert (event.name, event.person.ref) == ("ebook_downloaded", "ana")
    assert event.payload == {"ebook_name": "guide", "total": 12.5}
    with pytest.raises(NurtureError, match="no column is known to be occurred_at; name it"):
        importing.preview(write(tmp_path, "evento;cliente\nx;ana\n"), SETTINGS, NOW, kind=Kind.EVENTS)


def test_whole_numbers_are_kept_without_a_fraction(runtime: Runtime, tmp_path: Path) -> None:
    """Else a message says "3.0 orders" and "your order 9001.0"."""
    text = "evento;cliente;data;order_id;items;rating\nrated;ana;02/03/2026 10:00;9001;3;4.5\n"
    load(runtime, write(tmp_path, text), kind=Kind.EVENTS)
    with runtime.store.read() as tx:
        payload = tx.execute(sa.select(events.c.payload).where(events.c.name == "rated")).scalar_one()
    assert json.dumps({name: payload[name] for name in ("order_id", "items", "rating")}) == (
        '{"order_id": 9001, "items": 3, "rating": 4.5}'
    )


def test_a_preview_says_all_and_writes_nothing(runtime: Runtime, tmp_path: Path) -> None:
    path = write(tmp_path, ORDERS + "P4;nobody;X;01/02/2026;10,00;SP\n", encoding="cp1252")
    before = digest.digests(runtime.store)
    seen = importing.preview(path, SETTINGS, NOW, first=2)
    assert (seen.kind, seen.rows, seen.refused, seen.delimiter) == (Kind.ORDERS, 4, 1, ";")
    assert seen.events == {"order_completed": 3}
    assert [row.fields["total"] for row in seen.first] == [Decimal("100.00"), Decimal("1250.50")]
    assert [(each.line, each.reason) for each in seen.examples] == [
        (5, "E-mail: 'nobody' is not an e-mail address")
    ]
    assert seen.reasons == {"E-mail: … is not an e-mail address": 1}
    assert digest.digests(runtime.store) == before
    assert list(tmp_path.glob("*.refused.csv")) == []


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        pytest.param(
            ColumnMapping(Kind.ORDERS, {"order_id": "Pedido", "ref": "Cleinte", "total": "Valor total"}),
            "no column 'Cleinte'; no column 'Valor total' .did you mean 'Valor Total'",
            id="wrong names",
        ),
        pytest.param(
            ColumnMapping(
                Kind.CONTACTS,
                {"email": "E-mail"},
                consent=ConsentRule(("offers",), Basis.CONSENT, "1", "x", only_if="Aceita"),
            ),
            "no column 'Aceita'",
            id="consent's column",
        ),
    ],
)
def test_a_mapping_that_does_not_fit_names_the_columns(
    runtime: Runtime, tmp_path: Path, mapping: ColumnMapping, says: str
) -> None:
    with pytest.raises(NurtureError, match=says) as raised:
        load(runtime, write(tmp_path, ORDERS), mapping=mapping)
    assert "The columns are: Pedido, E-mail, Nome" in str(raised.value)


def test_columns_that_nobody_knows_ask_for_a_mapping(runtime: Runtime, tmp_path: Path) -> None:
    with pytest.raises(
        NurtureError, match="no column is known to be ref, email or phone; name it in a mapping"
    ):
        load(runtime, write(tmp_path, "alfa,beta\n1,2\n"))


@pytest.mark.parametrize(("asked", "silent"), [(False, True), (True, False)])
def test_imports_start_journeys_only_when_asked(
    runtime: Runtime, tmp_path: Path, asked: bool, silent: bool
) -> None:
    done = load(runtime, write(tmp_path, ORDERS), trigger_journeys=asked)
    assert done.may_start_journeys == (3 if asked else 0)
    with runtime.store.read() as tx:
        told = (
            tx.execute(sa.select(events.c.silent).where(events.c.source == "import").distinct())
            .scalars()
            .all()
        )
    assert told == [silent]


def test_orders_of_the_future_wait_for_their_day(runtime: Runtime, tmp_path: Path) -> None:
    load(runtime, write(tmp_path, ORDERS.replace("03/02/2026", "03/05/2026")))
    with runtime.store.read() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(orders)).scalar_one() == 2
    process(runtime, datetime(2026, 5, 4, tzinfo=UTC))
    with runtime.store.read() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(orders)).scalar_one() == 3


def test_every_import_is_noted(runtime: Runtime, tmp_path: Path) -> None:
    load(runtime, write(tmp_path, ORDERS))
    columns = (
        imports.c.kind,
        imports.c.rows,
        imports.c.accepted,
        imports.c.known,
        imports.c.refused,
        imports.c.at,
    )
    with runtime.store.read() as tx:
        assert tx.execute(sa.select(*columns)).all() == [("orders", 3, 3, 0, 0, NOW)]


def test_events_in_any_order_come_to_the_same(runtime: Runtime, tmp_path: Path) -> None:
    told = [
        {"event": name, "userId": who, "messageId": f"{who}{day}", "timestamp": f"2026-02-{day:02d}T10:00:00-03:00",
         "properties": {"order_id": f"{who}-{order}", "total": 10.5 * order}}
        for who in ("ana", "bruno")
        for day, name, order in ((1, "Order Placed", 1), (2, "Order Placed", 2), (3, "Order Cancelled", 1), (9, "Order Delivered", 2))
    ]  # fmt: skip
    text = [json.dumps({"type": "track", **each}) for each in told]
    load(runtime, write(tmp_path, "\n".join(text), "events.ndjson"))
    with runtime.store.read() as tx:
        facts = tx.execute(
            sa.select(contacts.c.ref, contacts.c.total_orders, contacts.c.lifetime_value)
        ).all()
    assert sorted(facts) == [("ana", 1, 2100), ("bruno", 1, 2100)]
    before = digest.digests(runtime.store)
    random.Random(1).shuffle(text)
    assert load(runtime, write(tmp_path, "\n".join(text + text[:2]), "events.ndjson")).new == 0
    assert digest.digests(runtime.store) == before


def test_memory_stays_flat(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        lines = (f"P{n};p{n}@example.com;01/02/2026;10,00" for n in range(rows))
        path.write_text("Pedido;E-mail;Data do Pedido;Valor Total\n" + "\n".join(lines))
        tracemalloc.start()
        assert importing.preview(path, SETTINGS, NOW).rows == rows
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    small, large = peak(2_000), peak(20_000)
    assert large < small * 1.5 + 1_000_000


def test_settings_decide_what_the_mapping_leaves_out(tmp_path: Path) -> None:
    english = replace(
        SETTINGS, company=replace(SETTINGS.company, locale="en-US", zone="America/New_York", currency="USD")
    )
    path = write(tmp_path, "Order ID,Email,Created at,Total\n1,ana@example.com,02/03/2026 10:00,12.50\n")
    (row,) = importing.preview(path, english, NOW).first
    assert row.fields["ordered_at"] == datetime(2026, 2, 3, 15, tzinfo=UTC)
    assert row.events[0].payload["currency"] == "USD"
