"""Mappings in YAML: what they say, and every mistake at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.app.importing.mapping import SEGMENT, Kind
from nurture.app.importing.mapping_file import read_mapping
from nurture.model import Basis, Channel, Field, FieldType
from nurture.problems import NurtureError
from nurture.settings import Company, Settings, Topic

SETTINGS = Settings(
    company=Company("Torra Serena", "Rua do Café 1"),
    channels={},
    topics={"offers": Topic("offers", "Ofertas"), "news": Topic("news", "Novidades")},
    fields={"points": Field("points", FieldType.NUMBER)},
)
WHOLE = """\
import: orders
source: erp
columns:
  order_id: Pedido
  ref: Cliente
  ordered_at: Data
  total: Valor
  points: Pontos
values:
  email: "{ref}@example.com"
zone: America/Manaus
country: Brasil
dates: mm/dd/yyyy hh:mm
decimal: ","
encoding: latin-1
delimiter: tab
cancelled: [Cancelado, estornado]
consent:
  topics: [offers, news]
  basis: legitimate_interest
  text_version: 01
  how: checkout
  date: 2016-09-01
  channel: email
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mapping.yaml"
    path.write_text(text)
    return path


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    mapping = read_mapping(write(tmp_path, WHOLE), SETTINGS)
    assert mapping.kind is Kind.ORDERS
    assert mapping.columns["points"] == "Pontos"
    assert mapping.values == {"email": "{ref}@example.com"}
    assert (mapping.source, mapping.zone, mapping.country, mapping.decimal) == (
        "erp",
        "America/Manaus",
        "BR",
        ",",
    )
    assert (mapping.dates, mapping.month_first) == ("mm/dd/yyyy hh:mm", True)
    assert (mapping.encoding, mapping.delimiter) == ("latin-1", "\t")
    assert mapping.cancelled == {"cancelado", "estornado"}
    rule = mapping.consent
    assert rule is not None
    assert (rule.topics, rule.basis, rule.channel) == (
        ("offers", "news"),
        Basis.LEGITIMATE_INTEREST,
        Channel.EMAIL,
    )
    assert (rule.text_version, rule.how, rule.date) == ("01", "checkout", "2016-09-01")


def test_consent_in_words_of_its_own(tmp_path: Path) -> None:
    text = "import: contacts\nconsent:\n  topics: news\n  basis: consent\n  text_version: 1\n  how: form\n"
    text += "  only_if: Status\n  yes: SUBSCRIBED\n  no: [UNSUBSCRIBED, cleaned]\n  unless: Opted out\n"
    rule = read_mapping(write(tmp_path, text), SETTINGS).consent
    assert rule is not None
    assert (rule.only_if, rule.unless) == ("Status", "Opted out")
    assert (rule.yes, rule.no) == ({"subscribed"}, {"unsubscribed", "cleaned"})


def test_what_is_not_said_is_as_the_company_writes(tmp_path: Path) -> None:
    mapping = read_mapping(write(tmp_path, "import: contacts\ncolumns: {email: E-mail}\n"), SETTINGS)
    assert (mapping.zone, mapping.country, mapping.currency) == ("America/Sao_Paulo", "BR", "BRL")
    assert mapping.consent is None


def test_events_need_only_their_own_names(tmp_path: Path) -> None:
    mapping = read_mapping(
        write(tmp_path, 'import: events\nevents: {"Guia Baixado": ebook_downloaded}\n'), SETTINGS
    )
    assert mapping.columns == SEGMENT
    assert mapping.names["Guia Baixado"] == "ebook_downloaded"
    assert mapping.names["Order Placed"] == "order_completed"


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        pytest.param("colums: {a: b}\nimport: orders\n", "1:1", "unknown key 'colums'", id="key"),
        pytest.param("import: order\n", "1:9", "'import' is one of contacts, orders, events", id="kind"),
        pytest.param("columns: {email: a}\n", "1:1", "say what is imported", id="no kind"),
        pytest.param("import: contacts\ncolumns: {emial: a}\n", "2:11", "no field 'emial'", id="field"),
        pytest.param(
            "import: contacts\ncolumns: {total_orders: a}\n",
            "2:11",
            "no field 'total_orders'",
            id="counted by us",
        ),
        pytest.param("import: contacts\ncolumns: email\n", "2:10", "wants a table of keys", id="no table"),
        pytest.param("import: contacts\nzone: Sao Paulo\n", "2:7", "is not a time zone", id="zone"),
        pytest.param("import: contacts\ndates: banana\n", "2:8", "is not a date pattern", id="dates"),
        pytest.param('import: contacts\ndecimal: ";"\n', "2:10", "'decimal' is one of ,, .", id="decimal"),
        pytest.param("import: contacts\ncountry: Atlantis\n", "2:10", "is not a country", id="country"),
        pytest.param(
            "import: contacts\nconsent: {topics: [ofers]}\n", "2:20", "unknown topic 'ofers'", id="topic"
        ),
        pytest.param(
            "import: contacts\nconsent: {topics: [offers]}\n", "2:10", "consent needs 'basis'", id="no basis"
        ),
        pytest.param(
            "import: contacts\nconsent: {topics: [], basis: consent, text_version: 1, how: form}\n",
            "2:10",
            "consent needs 'topics'",
            id="no topic",
        ),
        pytest.param(
            "import: contacts\nconsent:\n  topics: [offers]\n  basis:\n  text_version: 1\n  how: form\n",
            "3:3",
            "consent needs 'basis'",
            id="an empty basis",
        ),
        pytest.param(
            "import: contacts\nconsent: {date: ontem}\n", "2:17", "is not a date like", id="consent's day"
        ),
        pytest.param(
            "import: contacts\nconsent: {yes: SUBSCRIBED}\n",
            "2:10",
            "'yes' needs 'only_if'",
            id="words of what",
        ),
        pytest.param("- import\n", "1:1", "a mapping is a table of keys", id="a list"),
    ],
)
def test_a_mistake_is_said_at_its_place(tmp_path: Path, text: str, place: str, says: str) -> None:
    with pytest.raises(NurtureError) as raised:
        read_mapping(write(tmp_path, text), SETTINGS)
    told = [(f"{p.mark.line}:{p.mark.column}", p.message) for p in raised.value.problems if p.mark]
    assert any(at == place and says in message for at, message in told), told


def test_mistakes_come_all_at_once_with_what_was_meant(tmp_path: Path) -> None:
    text = "import: contacts\ncolums: {}\ncolumns: {emial: a}\nconsent: {topics: [ofers], basis: consentt}\n"
    with pytest.raises(NurtureError) as raised:
        read_mapping(write(tmp_path, text), SETTINGS)
    hints = [problem.hint for problem in raised.value.problems if problem.hint]
    assert hints == [f"did you mean '{meant}'?" for meant in ("columns", "email", "offers", "consent")]


def test_a_missing_mapping_is_said(tmp_path: Path) -> None:
    with pytest.raises(NurtureError, match="No such file"):
        read_mapping(tmp_path / "none.yaml", SETTINGS)
