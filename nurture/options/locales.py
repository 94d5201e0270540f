"""Which locales, countries and currencies there are, as Unicode's CLDR knows them (through Babel)."""

from __future__ import annotations

_UNKNOWN = "ZZ"  # CLDR's code for a country that nobody knows


def is_locale(tag: str) -> bool:
    """Whether dates and numbers can be written in its language: `pt-BR`, `pt`."""
    from babel.localedata import exists

    language, _, country = tag.partition("-")
    return exists(language) and (not country or is_country(country))


def is_country(code: str) -> bool:
    from babel.core import get_global

    return code != _UNKNOWN and code in get_global("territory_currencies")


def is_currency(code: str) -> bool:
    from babel.numbers import list_currencies

    return code in list_currencies()
