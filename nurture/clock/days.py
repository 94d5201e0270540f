"""Calendar days: anniversaries, and holidays of a country or state."""

from __future__ import annotations

from calendar import isleap
from contextlib import suppress
from datetime import date
from functools import lru_cache

from nurture.clock.places import zone_of_state
from nurture.model import LeapDay

# Days off by custom that the law only calls optional. The other optional ones are for civil servants.
_CUSTOMARY = {"BR": ("Carnival", "Corpus Christi")}

_ANY_YEAR = 2026

_KEPT_ON = {LeapDay.FEBRUARY_28: "02-28", LeapDay.MARCH_1: "03-01"}


def kept_on(day: date, leap_day: LeapDay) -> tuple[str, ...]:
    """The days (MM-DD) whose anniversary is `day`: its own, and in a common year that of 29 February too."""
    own = f"{day:%m-%d}"
    return (own, "02-29") if own == _KEPT_ON[leap_day] and not isleap(day.year) else (own,)


@lru_cache(maxsize=512)
def holidays_of(region: str, year: int) -> frozenset[date]:
    """The public holidays of a country ("BR") or state ("BR-SP") in `year`.

    Raises ValueError for a region that is not known.
    """
    return frozenset(_off(region, year))


@lru_cache(maxsize=512)
def _off(region: str, year: int) -> dict[date, str]:
    """Those days with their names."""
    customary = _CUSTOMARY.get(region.partition("-")[0], ())
    public = _named(region, year, "public")
    optional = _named(region, year, "optional") if customary else {}
    return public | {day: name for day, name in optional.items() if any(each in name for each in customary)}


def _named(region: str, year: int, category: str) -> dict[date, str]:
    import holidays  # takes half a second to load, and few need it

    country, dash, state = region.partition("-")
    if state or not dash:
        # NotImplementedError: the library knows no such country or state
        with suppress(NotImplementedError):
            return dict(
                holidays.country_holidays(country, state or None, year, language="en_US", categories=category)
            )
    raise ValueError(f"'{region}' is not a country or state with known holidays; write 'BR' or 'BR-SP'")


def check_region(region: str) -> None:
    """Raises ValueError unless the holidays of `region` are known. Quick for Brazil."""
    country, dash, state = region.partition("-")
    if country != "BR" or (dash and not (state.isupper() and zone_of_state(state))):
        holidays_of(region, _ANY_YEAR)


@lru_cache(maxsize=512)
def known_region(region: str) -> str | None:
    """`region` if its holidays are known, else its country, else None."""
    for each in dict.fromkeys((region, region.partition("-")[0])):
        try:
            check_region(each)
        except ValueError:
            continue
        return each
    return None


def holiday_name(day: date, region: str) -> str | None:
    """What the holiday of `region` on that day is called in English, if it is one."""
    return _off(region, day.year).get(day)


def is_holiday(day: date, region: str) -> bool:
    """Whether `day` is a holiday in `region` ("BR", "BR-SP")."""
    return day in holidays_of(region, day.year)
