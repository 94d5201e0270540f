"""Where a person probably lives."""

from __future__ import annotations

import pytest

from nurture import clock
from nurture.clock.places import AREA_CODES


def test_all_67_area_codes_of_brazil_have_a_zone() -> None:
    assert len(AREA_CODES) == 67
    assert all(clock.zone_info(zone) for zone in AREA_CODES.values())


@pytest.mark.parametrize(
    ("code", "zone"),
    [
        ("11", "America/Sao_Paulo"),
        ("68", "America/Rio_Branco"),
        ("92", "America/Manaus"),
        ("67", "America/Campo_Grande"),
        ("85", "America/Fortaleza"),
        ("20", None),
    ],
)
def test_area_codes(code: str, zone: str | None) -> None:
    assert clock.zone_of_area_code(code) == zone


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("BR", "America/Sao_Paulo"),
        ("pt", "Europe/Lisbon"),
        ("US", "America/New_York"),
        ("RU", "Europe/Moscow"),
        ("XX", None),
        ("", None),
    ],
)
def test_countries(country: str, zone: str | None) -> None:
    assert clock.zone_of_country(country) == zone


@pytest.mark.parametrize(
    ("state", "zone"), [("am", "America/Manaus"), ("SP", "America/Sao_Paulo"), ("XX", None)]
)
def test_states(state: str, zone: str | None) -> None:
    assert clock.zone_of_state(state) == zone
