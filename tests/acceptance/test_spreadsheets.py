"""Real exports: orders as Brazilian spreadsheets write them, and header rows of real programs."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.app import importing
from nurture.app.importing.files import inspect, records
from nurture.app.importing.headers import looks_like, recognise
from nurture.app.importing.mapping import Kind
from nurture.app.opening import open_runtime
from nurture.settings import Company, Settings
from nurture.store.tables import contacts, orders
from tests.support import digest
from tests.support.operator import Operator

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS = Settings(Company("Torra Serena", "Rua do Café 1"), {}, {}, secrets=(("k1", b"x" * 32),))
EXPORTS = (
    "pedidos_latin1_semicolon_crlf.csv",
    "pedidos_utf8_bom_semicolon_crlf.csv",
    "pedidos_utf8_comma_decimalcomma_quoted.csv",
)

pytestmark = pytest.mark.shared_data


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_gives_its_totals(shared_data: Path, tmp_path: Path, name: str) -> None:
    """At the terminal, into a new workspace; the other two are the same orders and change nothing."""
    expected = json.loads((shared_data / "contacts_csv" / "expected.json").read_text())
    Operator(tmp_path)("init", "shop")
    nurture = Operator(tmp_path / "shop")
    said = nurture("import", "orders", str(shared_data / "contacts_csv" / name))
    assert f"{name}: 3,000 rows, 3,000 new, 0 known already, 0 refused." in " ".join(said.split())
    before = digests(tmp_path / "shop")
    rows, total, first, last, clients = business(tmp_path / "shop")
    assert (rows, clients) == (expected["rows"], expected["unique_clients"]) == (3000, 2982)
    assert total == round(expected["sum_valor_total"] * 100) == 513_247_12
    # the spreadsheets give minutes, in São Paulo: three hours behind, two in summer
    assert (first, last) == (
        datetime(2016, 9, 5, 0, 15, tzinfo=UTC),
        datetime(2018, 10, 3, 21, 55, tzinfo=UTC),
    )
    for other in EXPORTS:
        said = nurture("import", "orders", str(shared_data / "contacts_csv" / other))
        assert "3,000 rows, 0 new, 3,000 known already, 0 refused." in " ".join(said.split())
    assert digests(tmp_path / "shop") == before


def business(workspace: Path) -> tuple[int, int, datetime, datetime, int]:
    """Orders, their sum in cents, the first and the last, and people."""
    columns = (
        sa.func.count(),
        sa.func.sum(orders.c.total),
        sa.func.min(orders.c.ordered_at),
        sa.func.max(orders.c.ordered_at),
        sa.select(sa.func.count()).select_from(contacts).scalar_subquery(),
    )
    runtime = open_runtime(workspace)
    with runtime.store.read() as tx:
        found = tx.execute(sa.select(*columns)).one()
    runtime.close()
    return tuple(found)


def digests(workspace: Path) -> dict[str, str]:
    runtime = open_runtime(workspace)
    found = digest.digests(runtime.store)
    runtime.close()
    return found


HEADERS = {
    "mailchimp_audience_export": {"email": "Email Address", "first_name": "First Name", "country": "CC"},
    "google_contacts_legacy": {
        "email": "E-mail 1 - Value",
        "phone": "Phone 1 - Value",
        "birthday": "Birthday",
    },
    "hubspot_import": {"email": "Email", "phone": "Phone", "last_name": "Last Name"},
    "salesforce": {"email": "Email", "phone": "MobilePhone", "first_name": "FirstName"},
    "leadlovers_BR": {
        "email": "E-mail",
        "phone": "Telefone",
        "full_name": "Nome",
        "birthday": "Data de Nascimento",
    },
    "systeme_io": {"email": "Email", "phone": "Phone number", "last_name": "Surname", "country": "Country"},
    "outlook": {"email": "E-mail Address", "phone": "Mobile Phone"},
    "mautic": {"email": "email", "first_name": "firstname", "state": "state", "city": "city"},
}


@pytest.mark.parametrize("program", HEADERS)
def test_a_real_header_is_known(shared_data: Path, program: str) -> None:
    known = json.loads((shared_data / "contacts_csv" / "real_headers.json").read_text())
    line = known[program]["header"]
    (header,) = csv.reader([line], delimiter=";" if ";" in line else ",")
    assert HEADERS[program].items() <= recognise(Kind.CONTACTS, header).items()
    assert looks_like(header) is Kind.CONTACTS


def test_every_header_that_is_verified_is_tried(shared_data: Path) -> None:
    known = json.loads((shared_data / "contacts_csv" / "real_headers.json").read_text())
    assert {name for name, entry in known.items() if "header" in entry} == set(HEADERS)


def test_contacts_of_a_real_program(shared_data: Path) -> None:
    seen = importing.preview(shared_data / "contacts_csv" / "mautic_10contacts.csv", SETTINGS, NOW)
    assert (seen.kind, seen.rows, seen.refused, seen.unused) == (Kind.CONTACTS, 10, 0, ("company",))
    assert seen.first[0].fields == {
        "email": "ariel@example.com",
        "first_name": "Ariel",
        "last_name": "N.",
        "country": "CH",
    }


def test_the_spectrum_of_csv(shared_data: Path) -> None:
    folder, tried = shared_data / "contacts_csv" / "csv-spectrum", 0
    for path in sorted((folder / "csvs").glob("*.csv")):
        expected = json.loads((folder / "json" / f"{path.stem}.json").read_text("utf-8", "replace"))
        if isinstance(expected, list):  # location_coordinates has other values than its CSV
            assert [dict(record.cells) for record in records(path, inspect(path))] == expected, path.name
            tried += 1
    assert tried == 11


def test_all_segment_events_are_understood(shared_data: Path) -> None:
    expected = json.loads((shared_data / "events" / "olist_segment_events.expected.json").read_text())
    seen = importing.preview(shared_data / "events" / "olist_segment_events.ndjson.gz", SETTINGS, NOW)
    assert (seen.kind, seen.rows, seen.refused) == (Kind.EVENTS, expected["events"], 0)
    assert seen.events["order_completed"] == expected["by_event"]["Order Placed"]
    assert seen.events["survey_answered"] == expected["by_event"]["Survey Answered"]
