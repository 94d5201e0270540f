"""Money, numbers and dates as people of a locale write them, in the person's own zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from nurture.problems import NurtureError
from tests.unit.rendering.shop import header, links, mail, renderer

LATE = datetime(2026, 12, 4, 1, 5, tzinfo=UTC)  # 3 December, 22:05 in São Paulo
WRITTEN = {
    "money": ("v | money", Decimal("1234.5"), "R$ 1.234,50", "R$1,234.50"),
    "money of another currency": ('v | money("EUR")', 9, "€ 9,00", "€9.00"),
    "money told as text": ("v | money", "0.1", "R$ 0,10", "R$0.10"),
    "a debt": ("v | money", -3, "-R$ 3,00", "-R$3.00"),
    "a number": ("v | number", 1234567.5, "1.234.567,5", "1,234,567.5"),
    "a number with digits": ("v | number(2)", 3, "3,00", "3.00"),
    "a whole number": ("v | number(0)", 1234.4, "1.234", "1,234"),
    "percent": ("v | percent", 15, "15%", "15%"),
    "half a percent": ("v | percent", Decimal("12.5"), "12,5%", "12.5%"),
    "a day": ("v | date", date(2026, 12, 3), "3 de dez. de 2026", "Dec 3, 2026"),
    "a long day": ('v | date("long")', "2026-12-03", "3 de dezembro de 2026", "December 3, 2026"),
    "the day of an instant": ('v | date("short")', LATE, "03/12/2026", "12/3/26"),
    "an instant told as text": ("v | time", LATE.isoformat(), "22:05", "10:05 PM"),
    "day and time": ('v | datetime("short")', LATE, "03/12/2026 22:05", "12/3/26, 10:05 PM"),
    "the first word": ("v | first_word", "ana maria souza", "ana", "ana"),
}


def written(expression: str, value: Any, locale: str = "pt-BR", **more: Any) -> str:
    sources = mail("<p>{{ " + expression + " }}</p>")
    made = renderer(sources).email("it", locale, {"v": value, **more}, links(), header())
    return " ".join(made.text.split())


@pytest.mark.parametrize("name", WRITTEN)
def test_as_people_write_it(name: str) -> None:
    expression, value, brazilian, american = WRITTEN[name]
    assert written(expression, value) == brazilian
    assert written(expression, value, locale="en-US") == american


def test_a_locale_that_nobody_knows_is_the_companys() -> None:
    assert written("v | money", 1, locale="xx-YY") == "R$ 1,00"


def test_a_language_in_a_country_of_another_is_still_that_language() -> None:
    assert written("v | date", LATE, locale="de-BR", zone="Europe/Lisbon") == "04.12.2026"


def test_the_hour_is_that_of_the_persons_wall() -> None:
    assert written("v | time", LATE, zone="America/Manaus") == "21:05"
    assert written("v | date", LATE, zone="Europe/Lisbon") == "4 de dez. de 2026"


WRONG = {
    "text is no number": ("v | money", "caro", "'money' is for numbers"),
    "text is no date": ("v | date", "amanhã", "'date' is for dates"),
    "a day has no hour": ("v | time", date(2026, 12, 3), "'time' needs a time of day"),
    "no such length": ('v | date("tiny")', date(2026, 12, 3), "a date is written short, medium, long, full"),
    "not known for everybody": ("v | money", None, "'money' got a value that is not known for everybody"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_written_is_said_and_whose_it_is_is_not(name: str) -> None:
    expression, value, words = WRONG[name]
    with pytest.raises(NurtureError) as told:
        written(expression, value)
    said = f"{told.value} {' '.join(each.message for each in told.value.problems)}"
    assert words in said
    assert "caro" not in said
