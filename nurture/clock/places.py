"""The zone that a person probably lives in, by area code, state or country."""

from __future__ import annotations

from functools import lru_cache

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


def zone_of_state(state: str) -> str | None:
    """The zone of a Brazilian state such as "AM"."""
    found = _BRAZIL.get(state.strip().upper())
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
