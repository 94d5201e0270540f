"""The report's language: English or Portuguese, with the company's way of writing numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval, format_skeleton
from babel.numbers import format_currency, format_decimal, get_currency_precision

from nurture.clock import local
from nurture.reports.figures import MICROS_PER_CENT, Period
from nurture.reports.texts import ENGLISH, PORTUGUESE

MINUS = "−"
_WHOLE_FROM = 1_000  # units from which cents say nothing


class Words:
    """Texts and numbers for one locale and currency. Money comes in minor units, costs in micro-units.

    `table` are the texts, where they are to be in another language than the locale's.
    """

    def __init__(self, locale: str, currency: str, table: Mapping[str, str] | None = None) -> None:
        self.locale = _parsed(locale)
        self.currency = currency
        own = PORTUGUESE if self.locale.language == "pt" else ENGLISH
        self.table = own if table is None else table
        # A German month in an English sentence helps nobody; a German number does.
        spoken = self.locale.language in ("en", "pt") and self.table is own
        self.calendar = self.locale if spoken else Locale("en", "GB")

    @property
    def tag(self) -> str:
        """The language of the text, for `<html lang>`."""
        return "pt-BR" if self.table is PORTUGUESE else "en"

    def __call__(self, key: str, **values: object) -> str:
        return self.table[key].format(**values)

    # --- numbers

    def number(self, value: float, digits: int = 0) -> str:
        return _with_sign(round(value, digits), self._plain(value, digits))

    def percent(self, share: float, digits: int = 1) -> str:
        return f"{self.number(share * 100, digits)} %"

    def points(self, share: float, *, unit: bool = True) -> str:
        """A difference of two shares, in percentage points."""
        value = round(share * 100, 1)
        text = _with_sign(value, self._plain(value, 1), plus=True)
        return f"{text} {self('points')}" if unit else text

    def change(self, value: float) -> str:
        return _with_sign(round(value), self._plain(value, 0), plus=True)

    # --- money

    def money(self, cents: float, *, plus: bool = False, exact: bool = False) -> str:
        """An amount. From a thousand on without cents, unless `exact`."""
        digits = self._digits(cents, exact)
        pattern = re.sub(r"\.0+", _decimals(digits), self.locale.currency_formats["standard"].pattern)
        text = format_currency(
            round(abs(cents) / 100, digits),
            self.currency,
            format=pattern,
            locale=self.locale,
            currency_digits=False,
        )
        return _with_sign(round(cents / 100, digits), text, plus)

    def limits(self, low: float, high: float, *, plus: bool = False, exact: bool = False) -> dict[str, str]:
        """`low` and `high` of an interval, without the currency, both to the same digit."""
        digits = self._digits(max(abs(low), abs(high)), exact)
        ends = {"low": low / 100, "high": high / 100}
        return {
            name: _with_sign(round(end, digits), self._plain(end, digits), plus) for name, end in ends.items()
        }

    def cost(self, micros: float) -> str:
        return self.money(micros / MICROS_PER_CENT)

    def _digits(self, cents: float, exact: bool) -> int:
        whole = not exact and abs(cents) >= _WHOLE_FROM * 100
        return 0 if whole else get_currency_precision(self.currency)

    def _plain(self, value: float, digits: int) -> str:
        return format_decimal(
            round(abs(value), digits), format="#,##0" + _decimals(digits), locale=self.locale
        )

    # --- time

    def span(self, length: timedelta) -> str:
        if length % timedelta(days=1):
            return self("hours", count=self.number(length / timedelta(hours=1)))
        return self("day") if length.days == 1 else self("days", count=self.number(length.days))

    def day(self, day: date) -> str:
        return format_date(day, "long", locale=self.calendar)

    def short_day(self, day: date) -> str:
        return format_skeleton("MMMd", day, locale=self.calendar)

    def at(self, instant: datetime, zone: str) -> str:
        shown = local(instant, zone)
        return f"{self.day(shown.date())}, {shown:%H:%M}"

    def period(self, period: Period) -> str:
        if period.first == period.last:
            return self.day(period.first)
        return format_interval(period.first, period.last, "yMMMMd", locale=self.calendar).replace(" ", " ")


def _parsed(tag: str) -> Locale:
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _decimals(digits: int) -> str:
    return "." + "0" * digits if digits else ""


def _with_sign(value: float, text: str, plus: bool = False) -> str:
    """`text`, which shows the absolute value, with the sign of `value`; nothing before a zero."""
    return (MINUS if value < 0 else "+" if value > 0 and plus else "") + text
