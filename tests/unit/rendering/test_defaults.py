"""What a template says where a value is not known."""

from __future__ import annotations

import pytest

from nurture.rendering.defaults import defaults


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('{{ city | default("sua cidade") }}', {"city": "sua cidade"}),
        ("{{ contact.city | d('aqui') | upper }}", {"contact.city": "aqui"}),
        ('{{ first_name | first_word | default("você") }}', {"first_name": "você"}),
        ('{% set who = first_name or "você" %}{{ who }}', {"first_name": "você"}),
        ("{{ city | default(company.name) }}", {"city": "…"}),
        ("{{ city }}{% if state %}{{ state }}{% endif %}", {}),
        ("{{ city | default('a') ", {}),
    ],
)
def test_defaults_are_found(source: str, found: dict[str, str]) -> None:
    assert {name: text for name, text in defaults([source]).items() if name} == found
