"""The zone that a person probably lives in, by city, area code, state or country."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from nurture.clock import united_states

# Brazil: each state's zone and area codes (Anatel's national numbering plan). Where a state or an area code
# has several zones, that of most of its people.
_BRAZIL = {
    "SP": ("America/Sao_Paulo", (11, 12, 13, 14, 15, 16, 17, 18, 19)),
    "RJ": ("America/Sao_Paulo", (21, 22, 24)),
    "ES": ("America/Sao_Paulo", (27, 28)),
    "MG": ("America/Sao_Paulo", (31, 32, 33, 34, 35, 37, 38)),
    "PR": ("America/Sao_Paulo", (41, 42, 43, 44, 45, 46)),
    "SC": ("America/Sao_Paulo", (47, 48, 49)),
    "RS": ("America/Sao_Paulo", (51, 53, 54, 55)),
    "DF": ("America/Sao_Paulo", (61,)),
    "GO": ("America/Sao_Paulo", (62, 64)),
    "TO": ("America/Araguaina", (63,)),
    "MT": ("America/Cuiaba", (65, 66)),
    "MS": ("America/Campo_Grande", (67,)),
    "AC": ("America/Rio_Branco", (68,)),
    "RO": ("America/Porto_Velho", (69,)),
    "BA": ("America/Bahia", (71, 73, 74, 75, 77)),
    "SE": ("America/Maceio", (79,)),
    "PE": ("America/Recife", (81, 87)),
    "AL": ("America/Maceio", (82,)),
    "PB": ("America/Fortaleza", (83,)),
    "RN": ("America/Fortaleza", (84,)),
    "CE": ("America/Fortaleza", (85, 88)),
    "PI": ("America/Fortaleza", (86, 89)),
    "PA": ("America/Belem", (91, 93, 94)),
    "AM": ("America/Manaus", (92, 97)),
    "RR": ("America/Boa_Vista", (95,)),
    "AP": ("America/Belem", (96,)),
    "MA": ("America/Fortaleza", (98, 99)),
}
AREA_CODES = {f"{code}": zone for zone, codes in _BRAZIL.values() for code in codes} | {
    "93": "America/Santarem"
}
_STATE_OF_CODE = {f"{code}": state for state, (_, codes) in _BRAZIL.items() for code in codes}
# Where the clocks of a state differ: the islands of Pernambuco (decree 2784 of 1913), and the towns of western
# Amazonas that keep the time of Acre (law 12876 of 2013; their names:
# https://portalamazonia.com/amazonas/voce-sabia-que-o-amazonas-possui-mais-de-um-fuso-horario).
_CITIES = {("PE", "fernando de noronha"): "America/Noronha"} | {
    ("AM", city): "America/Eirunepe"
    for city in (
        "amatura",
        "atalaia do norte",
        "benjamin constant",
        "boca do acre",
        "eirunepe",
        "envira",
        "guajara",
        "ipixuna",
        "itamarati",
        "pauini",
        "sao paulo de olivenca",
    )
}
STATES = {"BR": frozenset(_BRAZIL), "US": frozenset(united_states.ZONES)}

# Countries with several zones whose most populous one is not the first in the table of IANA.
_MOST_PEOPLE = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "PS": "Asia/Hebron",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "UZ": "Asia/Tashkent",
}


def zone_of_area_code(code: str) -> str | None:
    """The zone of a Brazilian area code such as "92"."""
    return AREA_CODES.get(code)


def state_of_number(phone: str) -> str | None:
    """The state that the area code of a Brazilian or American number (E.164) belongs to, such as "AM" or "FL"."""
    if phone.startswith("+55"):
        return _STATE_OF_CODE.get(phone[3:5])
    return united_states.AREA_CODES.get(phone[2:5]) if phone.startswith("+1") else None


def zone_of_city(state: str, city: str) -> str | None:
    """The zone of a Brazilian city whose clocks differ from those of its state; None for all others."""
    plain = unicodedata.normalize("NFKD", " ".join(city.split()).casefold())
    return _CITIES.get((state, "".join(c for c in plain if not unicodedata.combining(c))))


def zone_of_state(state: str, country: str = "BR") -> str | None:
    """The zone of a state of Brazil or of the United States, such as "AM"."""
    code = state.strip().upper()
    if country == "US":
        return united_states.ZONES.get(code)
    found = _BRAZIL.get(code) if country == "BR" else None
    return found[0] if found else None


def zone_of_country(country: str) -> str | None:
    """The zone in which most people of a country (ISO 3166, such as "PT") live."""
    code = country.strip().upper()
    return _MOST_PEOPLE.get(code) or _first_zones().get(code)


@lru_cache(maxsize=1)
def _first_zones() -> dict[str, str]:
    from importlib import resources  # slow to load

    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    return {row[0]: row[2] for row in reversed(rows)}
