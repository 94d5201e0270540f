"""What a journey writes down for a field of a type, and which texts are none of it."""

from __future__ import annotations

import re

import pytest

from nurture.model import Field, FieldType, Json
from nurture.steps.update import typed

SAO_PAULO = "America/Sao_Paulo"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("instant", "2026-12-01 09:00", "2026-12-01T12:00:00+00:00"),
        ("instant", "2026-12-01T09:00", "2026-12-01T12:00:00+00:00"),
        ("instant", "2026-12-01", "2026-12-01T03:00:00+00:00"),
        ("instant", "2026-12-01T09:00:30.5Z", "2026-12-01T09:00:30.500000+00:00"),
        ("instant", "2026-12-01T09:00:00+0200", "2026-12-01T07:00:00+00:00"),
        ("instant", "2018-11-04 00:30", "2018-11-04T03:00:00+00:00"),  # clocks went from midnight to one
        ("date", "2026-12-01", "2026-12-01"),
        ("number", "-12.50", -12.5),
        ("number", "3.0", 3),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("list", "one", ["one"]),
        ("text", "01310", "01310"),
    ],
)
def test_a_text_has_the_type_of_its_field(kind: str, text: str, value: Json) -> None:
    made = typed(Field("x", FieldType(kind)), text, SAO_PAULO)
    assert (made, type(made)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("instant", "tomorrow"),
        ("instant", "2026-02-30 09:00"),
        ("instant", "2026-12-01 24:30"),
        ("instant", "2026-12-01 9:00"),
        ("instant", "0001-01-01T00:00+12:00"),
        ("date", "2026-12-01 09:00"),
        ("date", "2026-02-30"),
        ("date", "01/12/2026"),
        ("number", "1.000,50"),
        ("number", "1e3"),
        ("boolean", "yes"),
        ("boolean", "True"),
    ],
)
def test_another_text_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        typed(Field("x", FieldType(kind)), text, SAO_PAULO)
