"""Where a person probably lives."""

from __future__ import annotations

from datetime import datetime

import pytest

from nurture import clock, identity
from nurture.clock import united_states
from nurture.clock.places import AREA_CODES, STATES


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


BRASILIA, AMAZON, ACRE = -180, -240, -300  # minutes from Greenwich, by law 12876 of 2013
_OFFSETS = {"AC": ACRE} | dict.fromkeys(("AM", "MT", "MS", "RO", "RR"), AMAZON)


def _offset(zone: str) -> float:
    offset = datetime(2026, 6, 1, tzinfo=clock.zone_info(zone)).utcoffset()
    assert offset is not None
    return offset.total_seconds() / 60


@pytest.mark.parametrize("code", sorted(AREA_CODES))
def test_a_brazilian_number_tells_state_and_hour(code: str) -> None:
    zone, source = identity.zone_of(f"+55{code}991234567", None, None, "Asia/Tokyo")
    state = identity.region_of(f"+55{code}991234567", None, None).removeprefix("BR-")
    assert source == "area_code"
    assert state in STATES["BR"]
    assert _offset(zone) == _OFFSETS.get(state, BRASILIA)


@pytest.mark.parametrize("state", sorted(STATES["BR"]))
def test_each_brazilian_state_has_its_hour(state: str) -> None:
    zone, source = identity.zone_of(None, "BR", state, "Asia/Tokyo")
    assert (_offset(zone), source) == (_OFFSETS.get(state, BRASILIA), "state")


@pytest.mark.parametrize("state", sorted(STATES["US"]))
def test_each_american_state_has_a_zone_and_area_codes(state: str) -> None:
    zone, source = identity.zone_of(None, "US", state, "Asia/Tokyo")
    assert (clock.zone_of_state(state, "US"), source) == (zone, "state")
    codes = [code for code, named in united_states.AREA_CODES.items() if named == state]
    assert {identity.region_of(f"+1{code}2550123", None, None) for code in codes} == {f"US-{state}"}


@pytest.mark.parametrize(
    ("state", "city", "zone"),
    [
        pytest.param("PE", "Fernando de Noronha", "America/Noronha", id="an island"),
        pytest.param("AM", "EIRUNEPÉ", "America/Eirunepe", id="capitals and accents"),
        pytest.param("AM", "sao paulo de  olivenca", "America/Eirunepe", id="none, and two spaces"),
        pytest.param("AM", "Manaus", "America/Manaus", id="like its state"),
        pytest.param("PA", "Guajará", "America/Belem", id="the name in another state"),
        pytest.param("MT", "Barra do Garças", "America/Cuiaba", id="Mato Grosso by law, whatever its custom"),
        pytest.param("AC", "Cruzeiro do Sul", "America/Rio_Branco", id="Acre"),
    ],
)
def test_cities_whose_clocks_differ(state: str, city: str, zone: str) -> None:
    assert identity.zone_of(None, "BR", state, "Asia/Tokyo", city=city)[0] == zone
