"""Reading cells: amounts, dates, addresses and phone numbers as people and programs write them.

Every reader takes text and gives a value, or raises ValueError with words for a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import TypeAlias

from nurture import identity

DateReader: TypeAlias = Callable[[str], datetime]

_YES = frozenset(["1", "true", "t", "yes", "y", "on", "x", "sim", "s", "verdadeiro"])
_NO = frozenset(["0", "false", "f", "no", "n", "off", "nao", "não", "falso", "-"])


def email(text: str) -> str:
    """An address in the one spelling that people are known by."""
    found = identity.email(text)
    if found is None:
        raise ValueError(f"{_shown(text)} is not an e-mail address")
    return found


def network(text: str) -> str:
    """The network of an IP address. What is none is not repeated: it may be one with a mistake in it."""
    found = identity.network(text)
    if found is None:
        raise ValueError("is not an IP address")
    return found


def phone(text: str, country: str) -> str:
    """A number in international form; `country` is meant where it has none."""
    found = identity.phone(text, country)
    if found is None:
        raise ValueError(
            f"{_shown(text)} is no phone number of {country}; numbers of other countries begin with +"
        )
    return found


def boolean(text: str) -> bool:
    word = text.casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(f"{_shown(text)} is neither yes nor no")


_SYMBOL = re.compile(r"^(?:R\$|US\$|[A-Z]{3}\b|[€$£¥])|(?:R\$|\b[A-Z]{3}|[€$£¥])$")


def number(text: str, decimal: str | None = None) -> Decimal:
    """An amount: `R$ 1.234,56`, `1,234.56`, `(12,00)`, `541.0`.

    `decimal` is the mark that the file was said to use. Without it a value must speak for itself:
    `1.234` could be either of two amounts and is refused rather than guessed.
    """
    plain = re.sub(r"[\s']", "", _SYMBOL.sub("", text.strip()))
    negative = plain.startswith("-") or (plain.startswith("(") and plain.endswith(")"))
    plain = _SYMBOL.sub("", plain.strip("()").lstrip("+-"))
    if not decimal and re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", plain):
        raise ValueError(
            f'{_shown(text)} has two meanings; say `decimal: ","` or `decimal: "."` in the mapping'
        )
    whole, fraction = _split(plain, decimal or _mark_of(plain))
    if not re.fullmatch(r"[0-9]+", whole) or not re.fullmatch(r"[0-9]*", fraction):
        raise ValueError(
            f"{_shown(text)} is not a number" + (f" with decimal {decimal!r}" if decimal else "")
        )
    value = Decimal(f"{whole}.{fraction}")
    return -value if negative else value


def _mark_of(plain: str) -> str:
    """The decimal mark of a value: the last of two kinds; a mark that repeats only groups."""
    dots, commas = plain.count("."), plain.count(",")
    if dots and commas:
        return "." if plain.rfind(".") > plain.rfind(",") else ","
    if commas:
        return "," if commas == 1 else "."
    return "." if dots <= 1 else ","


def _split(plain: str, mark: str) -> tuple[str, str]:
    """Whole and fractional digits; grouped digits must be in threes."""
    whole, _, fraction = plain.partition(mark)
    groups = whole.split("," if mark == "." else ".")
    if len(groups) > 1 and (not 1 <= len(groups[0]) <= 3 or any(len(g) != 3 for g in groups[1:])):
        return "", ""
    return "".join(groups), fraction


# --- dates ---------------------------------------------------------------------------------

_TOKENS = {
    "yyyy": r"(?P<year>\d{4})",
    "yy": r"(?P<year>\d{2})",
    "dd": r"(?P<day>\d{1,2})",
    "hh": r"(?P<hour>\d{1,2})",
    "ss": r"(?P<second>\d{2})(?:[.,]\d+)?",
}
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?)?"
)
_SLASHED = "(?P<{a}>\\d{{1,2}})[/.-](?P<{b}>\\d{{1,2}})[/.-](?P<year>\\d{{4}}|\\d{{2}})"
_CLOCK = r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[AaPp][Mm])?)?"
_DAY_FIRST = re.compile(_SLASHED.format(a="day", b="month") + _CLOCK)
_MONTH_FIRST = re.compile(_SLASHED.format(a="month", b="day") + _CLOCK)
_EARLIEST = 1900


def date_reader(pattern: str | None, zone: tzinfo | None, *, month_first: bool = False) -> DateReader:
    """A reader of instants written as `pattern`, in `zone` unless they carry their own.

    A zone of None keeps the clock that is written, for calendar days: nothing is converted.
    Patterns: `dd/mm/yyyy hh:mm:ss` in any order and with any signs between, `iso`, `epoch` (seconds),
    `epoch ms`. None reads ISO 8601 and slashed dates, day first unless `month_first`.
    Raises ValueError for a pattern that isn't one.
    """
    if pattern is None:
        return lambda text: _any(text, zone, _MONTH_FIRST if month_first else _DAY_FIRST)
    wanted = pattern.strip().lower()
    if wanted == "iso":
        return lambda text: _iso(text, zone)
    if wanted in ("epoch", "epoch ms"):
        return lambda text: _epoch(text, 1 if wanted == "epoch" else 1000)
    expression = _compiled(wanted)
    return lambda text: _matched(text, expression, zone, wanted)


_ZONED = re.compile(r":\d{2}.*(?:Z|UTC|[+-]\d{2}:?\d{2})$")


def instant(text: str) -> datetime:
    """An instant in ISO 8601 that says its own zone."""
    found = _iso(text, UTC)
    if not _ZONED.search(text):
        raise ValueError(f"{_shown(text)} says no zone: end it with one, such as -03:00, or with Z for UTC")
    return found


def _compiled(pattern: str) -> re.Pattern[str]:
    """`dd/mm/yyyy hh:mm` as an expression: the `mm` that follows an hour is minutes."""
    parts, seen_hour = [], False
    for token in re.split(r"(y{2,4}|d{1,2}|m{1,2}|h{1,2}|s{1,2})", pattern):
        if token in ("mm", "m"):
            parts.append(r"(?P<minute>\d{2})" if seen_hour else r"(?P<month>\d{1,2})")
        elif (name := token * 2 if len(token) == 1 and token.isalpha() else token) in _TOKENS:
            seen_hour = seen_hour or name == "hh"
            parts.append(_TOKENS[name])
        elif re.search(r"[a-z%]", token.replace("t", "")):
            raise ValueError(
                f"{pattern!r} is not a date pattern; write it like dd/mm/yyyy hh:mm:ss, iso or epoch"
            )
        else:
            parts.append(re.escape(token))
    text = "".join(parts)
    if any(text.count(f"<{name}>") != 1 for name in ("year", "month", "day")):
        raise ValueError(f"{pattern!r} needs one day, one month and one year, like dd/mm/yyyy")
    return re.compile(text)


def _any(text: str, zone: tzinfo | None, slashed: re.Pattern[str]) -> datetime:
    if _ISO.fullmatch(text):
        return _iso(text, zone)
    return _matched(text, slashed, zone, "yyyy-mm-dd or dd/mm/yyyy")


def _iso(text: str, zone: tzinfo | None) -> datetime:
    if not _ISO.fullmatch(text):
        raise ValueError(f"{_shown(text)} is not a date like 2026-03-31T21:00:00Z")
    try:
        found = datetime.fromisoformat(text.replace("UTC", "Z").replace(" Z", "Z").replace(",", "."))
    except ValueError:
        raise ValueError(f"{_shown(text)} is not a date that exists") from None
    return _utc(found, zone, text)


def _epoch(text: str, unit: int) -> datetime:
    if not re.fullmatch(r"\d{1,17}(?:\.\d+)?", text):
        raise ValueError(f"{_shown(text)} is not a count of {'seconds' if unit == 1 else 'milliseconds'}")
    micros = int(Decimal(text) * 1_000_000 / unit)
    return _utc(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros), UTC, text)


def _matched(text: str, expression: re.Pattern[str], zone: tzinfo | None, wanted: str) -> datetime:
    found = expression.fullmatch(text)
    if not found:
        raise ValueError(f"{_shown(text)} is not a date written as {wanted}")
    parts = found.groupdict()
    half = parts.pop("half", None)
    numbers = {name: int(value) for name, value in parts.items() if value}
    if len(parts["year"]) == 2:
        numbers["year"] += 2000 if numbers["year"] < 70 else 1900
    if half:
        numbers["hour"] = numbers["hour"] % 12 + (12 if half.lower() == "pm" else 0)
    try:
        written = datetime(**numbers)  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        raise ValueError(f"{_shown(text)} is not a date that exists") from None
    return _utc(written, zone, text)


def _utc(found: datetime, zone: tzinfo | None, text: str) -> datetime:
    if not _EARLIEST <= found.year <= 2199:
        raise ValueError(f"{_shown(text)} is a date outside 1900 to 2199")
    if zone is None:
        return found.replace(tzinfo=UTC)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _shown(text: str) -> str:
    """The value in quotes, shortened: a whole paragraph in the wrong column stays readable."""
    return repr(text if len(text) <= 40 else text[:39] + "…")
