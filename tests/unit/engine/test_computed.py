"""Computed dates."""

from __future__ import annotations

from datetime import date

import pytest

from nurture.clock import parse_span
from nurture.engine import computed
from nurture.model import Computed, Field, FieldType, LeapDay

DAY, INSTANT = FieldType.DATE, FieldType.INSTANT


@pytest.mark.parametrize(
    ("kind", "base", "plus", "found"),
    [
        (DAY, "2025-01-31", "1 month", "2025-02-28"),
        (DAY, "2024-02-29", "12 months", "2025-02-28"),
        (DAY, "2025-03-10", "-7 days", "2025-03-03"),
        (DAY, "2025-03-10T08:00:00+00:00", "1 day", "2025-03-11"),
        (DAY, date(2025, 3, 10), "1 week", "2025-03-17"),
        (INSTANT, "2025-03-10T12:00:00+00:00", "36 hours", "2025-03-12T00:00:00+00:00"),
        (INSTANT, "2025-03-10T12:00:00", "1 hour", "2025-03-10T13:00:00+00:00"),
        (DAY, None, "1 day", None),
        (DAY, "soon", "1 day", None),
        (DAY, "9999-12-31", "1 day", None),
    ],
)
def test_a_date_and_so_long_more(kind: FieldType, base: object, plus: str, found: str | None) -> None:
    fields = {"to": Field("to", kind, computed=Computed("from", parse_span(plus, signed=True)))}
    assert computed.dates(fields, {"from": base}, "America/Sao_Paulo") == {"to": found}


def test_whole_years_from_29_february_come_to_1_march_where_it_is_kept_then() -> None:
    fields = {
        name: Field(name, kind, computed=Computed("from", parse_span(plus)))
        for name, kind, plus in (
            ("day", DAY, "12 months"),
            ("at", INSTANT, "12 months"),
            ("half", DAY, "6 months"),
        )
    }
    found = computed.dates(fields, {"from": "2024-02-29"}, "UTC", leap_day=LeapDay.MARCH_1)
    assert found == {"day": "2025-03-01", "at": "2025-03-01T00:00:00+00:00", "half": "2024-08-29"}


def test_days_keep_the_time_on_her_wall() -> None:
    """In Berlin clocks go forward in the night to 30 March 2025."""
    fields = {"to": Field("to", INSTANT, computed=Computed("from", parse_span("1 day")))}
    found = computed.dates(fields, {"from": "2025-03-29T08:00:00+00:00"}, "Europe/Berlin")
    assert found == {"to": "2025-03-30T07:00:00+00:00"}


def test_only_what_was_told_of_is_computed() -> None:
    fields = {
        name: Field(name, DAY, computed=Computed(base, parse_span("1 day")))
        for name, base in (("one", "a"), ("two", "b"))
    }
    known = {"a": "2025-01-01", "b": "2025-01-01"}
    assert computed.dates(fields, known, "UTC", {"b"}) == {"two": "2025-01-02"}
