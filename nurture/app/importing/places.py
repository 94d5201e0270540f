"""Names of states, countries and time zones as people write them."""

from __future__ import annotations

import unicodedata
from functools import cache
from zoneinfo import available_timezones

_STATES = {
    "acre": "AC", "alagoas": "AL", "amapa": "AP", "amazonas": "AM", "bahia": "BA", "ceara": "CE",
    "distrito federal": "DF", "espirito santo": "ES", "goias": "GO", "maranhao": "MA", "mato grosso": "MT",
    "mato grosso do sul": "MS", "minas gerais": "MG", "para": "PA", "paraiba": "PB", "parana": "PR",
    "pernambuco": "PE", "piaui": "PI", "rio de janeiro": "RJ", "rio grande do norte": "RN",
    "rio grande do sul": "RS", "rondonia": "RO", "roraima": "RR", "santa catarina": "SC", "sao paulo": "SP",
    "sergipe": "SE", "tocantins": "TO",
}  # fmt: skip
_AMERICAN = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA",
    "colorado": "CO", "connecticut": "CT", "delaware": "DE", "district of columbia": "DC", "florida": "FL",
    "georgia": "GA", "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA",
    "kansas": "KS", "kentucky": "KY", "louisiana": "LA", "maine": "ME", "maryland": "MD",
    "massachusetts": "MA", "michigan": "MI", "minnesota": "MN", "mississippi": "MS", "missouri": "MO",
    "montana": "MT", "nebraska": "NE", "nevada": "NV", "new hampshire": "NH", "new jersey": "NJ",
    "new mexico": "NM", "new york": "NY", "north carolina": "NC", "north dakota": "ND", "ohio": "OH",
    "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "rhode island": "RI", "south carolina": "SC",
    "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT",
    "virginia": "VA", "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
}  # fmt: skip
_LANGUAGES = ("en", "pt", "es")


def state(text: str, country: str) -> str:
    """In Brazil `Paraná`, `parana` and `pr` are PR, in the United States `Florida` is FL; what is no state stays as
    it is."""
    names = {"BR": _STATES, "US": _AMERICAN}.get(country, {})
    known = names.get(_bare(text))
    return known or (text.upper() if text.upper() in names.values() else text)


def country(text: str) -> str:
    """The ISO code of a country by its code or its name in English, Portuguese or Spanish.

    Raises ValueError for what is none.
    """
    codes = _countries()
    found = text.upper() if text.upper() in codes.values() else codes.get(_bare(text))
    if found is None:
        raise ValueError(f"{text[:40]!r} is not a country; write its two-letter code, like BR")
    return found


@cache
def zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _countries() -> dict[str, str]:
    from babel import Locale  # its tables are slow to load, and many files have no countries

    found = {"usa": "US", "eua": "US", "uk": "GB", "england": "GB", "inglaterra": "GB", "brasil": "BR"}
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha():
                found.setdefault(_bare(name), code)
    return found


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))
