"""Cells as people and programs write them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from nurture.app.importing import places, values
from nurture.clock.places import STATES

SAO_PAULO = ZoneInfo("America/Sao_Paulo")


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        pytest.param("175,26", None, "175.26", id="decimal comma"),
        pytest.param("541.0", None, "541.0", id="as a program writes"),
        pytest.param("R$ 1.234,56", None, "1234.56", id="real with grouping"),
        pytest.param("R$ 175,26", None, "175.26", id="real with a no-break space"),
        pytest.param("1,234.56", None, "1234.56", id="English grouping"),
        pytest.param("USD 12.50", None, "12.50", id="code before"),
        pytest.param("12,50 €", None, "12.50", id="symbol behind"),
        pytest.param("1.234.567", None, "1234567", id="a mark that repeats only groups"),
        pytest.param("1'234.50", None, "1234.50", id="Swiss"),
        pytest.param("(12,00)", None, "-12.00", id="accountant's minus"),
        pytest.param("-3.5", None, "-3.5", id="minus"),
        pytest.param("0.125", None, "0.125", id="three decimals after a zero"),
        pytest.param("1.234", ",", "1234", id="declared comma: the point groups"),
        pytest.param("1.234", ".", "1.234", id="declared point"),
        pytest.param("42", None, "42", id="whole"),
    ],
)
def test_an_amount(text: str, decimal: str | None, expected: str) -> None:
    assert values.number(text, decimal) == Decimal(expected)


def test_a_whole_number_is_shown_as_it_is_written() -> None:
    assert [str(values.number(text)) for text in ("3", "R$ 9.001,50", "541.0")] == ["3", "9001.50", "541.0"]


@pytest.mark.parametrize(
    ("text", "decimal", "says"),
    [
        pytest.param("1.234", None, "two meanings", id="ambiguous"),
        pytest.param("1,234", None, "two meanings", id="ambiguous comma"),
        pytest.param("99.9", ",", "not a number with decimal ','", id="not as declared"),
        pytest.param("12,34,5", None, "not a number", id="odd groups"),
        pytest.param("nan", None, "not a number", id="nan"),
        pytest.param("1e5", None, "not a number", id="exponent"),
        pytest.param("grátis", None, "not a number", id="word"),
        pytest.param("٣٤", None, "not a number", id="other digits"),
    ],
)
def test_no_amount(text: str, decimal: str | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        values.number(text, decimal)


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        pytest.param("09/07/2017 21:57", None, "2017-07-10T00:57:00", id="day first, local"),
        pytest.param("9.7.17", None, "2017-07-09T03:00:00", id="short"),
        pytest.param("2017-07-09 21:57:05", None, "2017-07-10T00:57:05", id="ISO without zone"),
        pytest.param("2017-07-09T21:57:05Z", None, "2017-07-09T21:57:05", id="ISO in UTC"),
        pytest.param("2017-07-09 21:57:05 UTC", None, "2017-07-09T21:57:05", id="UTC in words"),
        pytest.param(
            "2017-07-09T21:57:05.25-03:00", None, "2017-07-10T00:57:05.250000", id="ISO with offset"
        ),
        pytest.param("07/09/2017", "mm/dd/yyyy", "2017-07-09T03:00:00", id="month first by pattern"),
        pytest.param(
            "09/07/2017 21:57:59", "dd/mm/yyyy hh:mm:ss", "2017-07-10T00:57:59", id="minutes after hours"
        ),
        pytest.param("20170709", "yyyymmdd", "2017-07-09T03:00:00", id="packed"),
        pytest.param("1499637425", "epoch", "2017-07-09T21:57:05", id="epoch"),
        pytest.param("1499637425250", "epoch ms", "2017-07-09T21:57:05.250000", id="milliseconds"),
        pytest.param("9/7/2017 9:05 PM", None, "2017-07-10T00:05:00", id="afternoon"),
        pytest.param(
            "2018-11-04 00:30:00", None, "2018-11-04T03:30:00", id="an hour that summer time skipped"
        ),
    ],
)
def test_an_instant(text: str, pattern: str | None, expected: str) -> None:
    assert values.date_reader(pattern, SAO_PAULO)(text) == datetime.fromisoformat(expected).replace(
        tzinfo=UTC
    )


def test_month_first_where_the_company_writes_so() -> None:
    assert values.date_reader(None, UTC, month_first=True)("07/09/2017").month == 7


@pytest.mark.parametrize(
    ("text", "pattern", "says"),
    [
        pytest.param("31/02/2017", None, "not a date that exists", id="31 February"),
        pytest.param("13/13/2017", None, "not a date that exists", id="month 13"),
        pytest.param("2017-02-30", None, "not a date that exists", id="ISO 30 February"),
        pytest.param("ontem", None, "not a date written as", id="word"),
        pytest.param("2017-07-09", "dd/mm/yyyy", "not a date written as dd/mm/yyyy", id="another pattern"),
        pytest.param("01/01/0001", None, "outside 1900", id="year one"),
        pytest.param("yesterday", "epoch", "not a count", id="epoch word"),
    ],
)
def test_no_instant(text: str, pattern: str | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        values.date_reader(pattern, SAO_PAULO)(text)


@pytest.mark.parametrize("pattern", ["dd/mm", "banana", "%d/%m/%Y", "dd/dd/yyyy"])
def test_no_pattern(pattern: str) -> None:
    with pytest.raises(ValueError, match="dd/mm/yyyy"):
        values.date_reader(pattern, UTC)


def test_addresses_come_in_one_spelling_or_not_at_all() -> None:
    assert values.email("Ana.Souza@Example.COM") == "ana.souza@example.com"
    assert values.phone("(11) 98765-4321", "BR") == "+5511987654321"
    assert values.phone("11 8765-4321", "BR") == "+5511987654321"
    for wrong in ("ana@", "ana example.com", "ana@example", "a@b@example.com"):
        with pytest.raises(ValueError, match="not an e-mail address"):
            values.email(wrong)
    for wrong in ("123", "phone", "+00 1"):
        with pytest.raises(ValueError, match="no phone number of BR"):
            values.phone(wrong, "BR")


@pytest.mark.parametrize(
    ("text", "expected"), [("Sim", True), ("x", True), ("1", True), ("Não", False), ("no", False)]
)
def test_yes_and_no(text: str, expected: bool) -> None:
    assert values.boolean(text) is expected


def test_neither_yes_nor_no() -> None:
    with pytest.raises(ValueError, match="neither yes nor no"):
        values.boolean("talvez")


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("Paraná", "BR", "PR"),
        ("sao paulo", "BR", "SP"),
        ("pr", "BR", "PR"),
        ("Bavaria", "BR", "Bavaria"),
        ("Florida", "US", "FL"),
        ("north  Carolina", "US", "north  Carolina"),
        ("Pará", "US", "Pará"),
        ("Bavaria", "DE", "Bavaria"),
    ],
)
def test_states(text: str, country: str, expected: str) -> None:
    assert places.state(text, country) == expected


def test_every_american_state_can_be_written_out() -> None:
    assert set(places._AMERICAN.values()) == STATES["US"]


@pytest.mark.parametrize(
    ("text", "expected"), [("Brasil", "BR"), ("br", "BR"), ("Switzerland", "CH"), ("Alemanha", "DE")]
)
def test_countries(text: str, expected: str) -> None:
    assert places.country(text) == expected


def test_no_country() -> None:
    with pytest.raises(ValueError, match="two-letter code"):
        places.country("Atlantis")
