"""Filters that write money, numbers and dates as people of a locale do (Unicode CLDR, through Babel)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from jinja2.runtime import Context

from nurture.settings import Company

Filter = Callable[..., Any]
_LENGTHS = ("short", "medium", "long", "full")


def filters(locale: str, company: Company) -> Mapping[str, Filter]:
    """The filters of one locale."""
    tag = babel_locale(locale, company.locale)
    return _numbers(tag, company.currency) | _dates(tag, company.zone) | {"first_word": first_word}


def _numbers(tag: str, own_currency: str) -> dict[str, Filter]:
    from babel import Locale, numbers

    locale = Locale.parse(tag)
    written = lru_cache(maxsize=4096)(partial(numbers.format_currency, locale=locale))

    def money(value: Any, currency: str | None = None) -> str:
        """`1234.5 | money` -> R$ 1.234,50"""
        return written(_number(value, "money"), currency or own_currency)

    def number(value: Any, digits: int | None = None) -> str:
        """`1234.5 | number(1)` -> 1.234,5"""
        found = _number(value, "number")
        if digits is None:
            return numbers.format_decimal(found, locale=locale)
        pattern = "#,##0." + "0" * digits if digits else "#,##0"
        return numbers.format_decimal(found, format=pattern, locale=locale)

    def percent(value: Any) -> str:
        """`15 | percent` -> 15%"""
        return numbers.format_percent(
            _number(value, "percent") / 100, locale=locale, decimal_quantization=False
        )

    return {"money": money, "number": number, "percent": percent}


def _dates(tag: str, company_zone: str) -> dict[str, Filter]:
    from babel import Locale, dates

    locale = Locale.parse(tag)
    written = lru_cache(maxsize=4096)(partial(dates.format_date, locale=locale))

    @jinja2.pass_context
    def day(context: Context, value: Any, length: str = "medium") -> str:
        """`coupon.expires_at | date("long")` -> 3 de dezembro de 2026"""
        found = _moment(value, "date")
        if isinstance(found, datetime):
            found = found.astimezone(_zone(context, company_zone)).date()
        return written(found, _length(length))

    @jinja2.pass_context
    def time(context: Context, value: Any, length: str = "short") -> str:
        """`trigger.occurred_at | time` -> 14:05"""
        zone = _zone(context, company_zone)
        return dates.format_time(_instant(value, "time").astimezone(zone), _length(length), locale=locale)

    @jinja2.pass_context
    def both(context: Context, value: Any, length: str = "medium") -> str:
        """`trigger.occurred_at | datetime` -> 3 de dez. de 2026 14:05:00"""
        zone = _zone(context, company_zone)
        return dates.format_datetime(
            _instant(value, "datetime").astimezone(zone), _length(length), locale=tag
        )

    return {"date": day, "time": time, "datetime": both}


@lru_cache(maxsize=256)
def babel_locale(wanted: str, instead: str) -> str:
    """`wanted` as Babel spells it, or its language; the company's, then English, where Babel knows neither."""
    from babel import Locale, UnknownLocaleError

    for tag in (wanted, wanted.partition("-")[0], instead, instead.partition("-")[0]):
        try:
            return str(Locale.parse(tag.replace("-", "_")))
        except (UnknownLocaleError, ValueError):
            continue
    return "en"


def first_word(value: Any) -> str:
    """`"ana maria souza" | first_word` -> ana"""
    return str(value).split(maxsplit=1)[0] if str(value).strip() else ""


def _number(value: Any, name: str) -> Decimal:
    _must_be_known(value, name)
    try:
        return value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"'{name}' is for numbers, and this is {_said(value)}") from None


def _moment(value: Any, name: str) -> date | datetime:
    _must_be_known(value, name)
    try:
        found = value if isinstance(value, date) else _read(value)
    except (TypeError, ValueError):
        raise ValueError(f"'{name}' is for dates, and this is {_said(value)}") from None
    return found.replace(tzinfo=UTC) if isinstance(found, datetime) and found.tzinfo is None else found


def _read(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if len(text) > 10 else date.fromisoformat(text)


def _instant(value: Any, name: str) -> datetime:
    found = _moment(value, name)
    if not isinstance(found, datetime):
        raise ValueError(f"'{name}' needs a time of day, and this is {_said(value)}")
    return found


def _must_be_known(value: Any, name: str) -> None:
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises with the name
    if value is None or value == "":
        from nurture.rendering.errors import UnknownValue

        raise UnknownValue(f"'{name}' got a value that is not known for everybody")


def _zone(context: Context, company_zone: str) -> tzinfo:
    zone = context.get("zone")
    return ZoneInfo(zone if isinstance(zone, str) and zone else company_zone)


def _length(length: str) -> Any:
    if length not in _LENGTHS:
        raise ValueError(f"a date is written {', '.join(_LENGTHS)}, not '{length}'")
    return length


def _said(value: Any) -> str:
    return f"a {type(value).__name__}"
