"""What a key may hold. Each type reads a node, or says what is wrong with it and gives None."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nurture import clock
from nurture.criteria import Condition, parse
from nurture.limits import QuietHours
from nurture.model import Span
from nurture.nodes import Mapping, Node, Scalar, Sequence, sort_of
from nurture.options import shapes
from nurture.options.desk import Mention, suggestion
from nurture.options.shapes import Schema

if TYPE_CHECKING:
    from nurture.options.desk import Desk

T = TypeVar("T")
ID = re.compile(r"[a-z][a-z0-9_]*")
NAME = re.compile(r"[a-z][a-z0-9_-]*")
_REGION = r"[A-Z]{2}(-[A-Z0-9]{1,3})?"
_CURLY = "“”„‟‘’«»"


class Value(Generic[T]):
    """A type of value. `words` says in the reference and in messages what it is."""

    words: str

    def read(self, node: Node, desk: Desk) -> T | None:
        """The value; None when there is none to be had, with the problem on the desk."""
        scalar = self.scalar(node, desk)
        return None if scalar is None else self.convert(scalar, desk)

    def scalar(self, node: Node, desk: Desk) -> Scalar | None:
        if isinstance(node, Scalar) and not node.is_nothing:
            return _without_curly_quotes(node, desk)
        desk.error("N104", f"expected {self.words}, found {sort_of(node)}", node.mark)
        return None

    def convert(self, scalar: Scalar, desk: Desk) -> T | None:
        try:
            return self.of(scalar.text)
        except ValueError as wrong:
            desk.error("N105", str(wrong), scalar.mark)
            return None

    def of(self, text: str) -> T:
        """The value of `text`. Raises ValueError, worded for the person who wrote it."""
        raise NotImplementedError

    def schema(self, desk: Desk) -> Schema:
        """What an editor is told of it, with the names that `desk` knows: see `shapes`."""
        raise NotImplementedError(f"say what {self.words} looks like: {type(self).__qualname__}.schema")


def _without_curly_quotes(node: Scalar, desk: Desk) -> Scalar | None:
    if node.quoted or len(node.text) < 2 or node.text[0] not in _CURLY or node.text[-1] not in _CURLY:
        return node
    desk.error(
        "N004",
        "curly quotes are not quotes here",
        node.mark,
        f'write "{node.text[1:-1]}" with straight quotes',
    )
    return None


class Text(Value[str]):
    words = "text"

    def of(self, text: str) -> str:
        return text

    def schema(self, desk: Desk) -> Schema:
        return shapes.scalar(self.words)


@dataclass(frozen=True)
class Matching(Value[str]):
    """Text of a certain form; `exists` says whether there is what it names."""

    words: str
    pattern: re.Pattern[str]
    advice: str = ""
    exists: Callable[[str], bool] | None = None

    def of(self, text: str) -> str:
        if self.pattern.fullmatch(text) and (self.exists is None or self.exists(text)):
            return text
        if self.advice:
            raise ValueError(f"'{text}' is not {self.words}: {self.advice}")
        raise ValueError(f"expected {self.words}, found '{text}'")

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, self.pattern.pattern)


EMAIL = Matching(
    "an e-mail address",
    re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "write an address such as 'sales@example.com'",
)
JOURNEY_NAME = Matching(
    "a journey's name", NAME, "write small letters, digits and hyphens, such as 'welcome-back'"
)
STEP_ID = Matching("an id", ID, "write small letters, digits and underscores, such as 'first_mail'")


@dataclass(frozen=True)
class Choice(Value[str]):
    """One of a few words."""

    choices: tuple[str, ...]

    @property
    def words(self) -> str:  # type: ignore[override]
        return _one_of(self.choices)

    def convert(self, scalar: Scalar, desk: Desk) -> str | None:
        if scalar.text in self.choices:
            return scalar.text
        message = f"expected {self.words}, found {sort_of(scalar)}"
        desk.error("N105", message, scalar.mark, _near(scalar.text, self.choices))
        return None

    def schema(self, desk: Desk) -> Schema:
        return shapes.choice(self.words, self.choices)


def _one_of(words: tuple[str, ...]) -> str:
    quoted = [f"'{word}'" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _near(word: str, known: tuple[str, ...]) -> str | None:
    hint = suggestion(word, known, "")
    return hint if hint.startswith("did") else None


@dataclass(frozen=True)
class Integer(Value[int]):
    least: int = 0
    most: int = 1_000_000

    @property
    def words(self) -> str:  # type: ignore[override]
        return f"a whole number from {self.least:,} to {self.most:,}"

    def of(self, text: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,12}", text) or not self.least <= int(text) <= self.most:
            raise ValueError(f"expected {self.words}, found '{text}'")
        return int(text)

    def schema(self, desk: Desk) -> Schema:
        return shapes.integer(self.words, self.least, self.most)


class Number(Value[Decimal]):
    words = "a number such as 0.12"

    def of(self, text: str) -> Decimal:
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("nan")
        if not number.is_finite() or number < 0:
            raise ValueError(f"expected {self.words}, found '{text}'")
        return number

    def schema(self, desk: Desk) -> Schema:
        return shapes.number(self.words, 0)


class Flag(Value[bool]):
    words = "true or false"

    def of(self, text: str) -> bool:
        if text not in ("true", "false"):
            raise ValueError(f"expected {self.words}, found '{text}'")
        return text == "true"

    def schema(self, desk: Desk) -> Schema:
        return shapes.flag()


@dataclass(frozen=True)
class Length(Value[Span]):
    """A length of time. `fixed` ones are counted in elapsed time, where a month has no length."""

    fixed: bool = False
    signed: bool = False
    words: str = "a length of time such as '3 days'"

    def of(self, text: str) -> Span:
        span = clock.parse_span(text, signed=self.signed)
        if self.fixed and span.months:
            raise ValueError(f"'{text}': a month has no fixed length here; write days or weeks")
        return span

    def schema(self, desk: Desk) -> Schema:
        return shapes.length(self.words, fixed=self.fixed, signed=self.signed)


class Due(Value[str]):
    """A length of time or business days, kept as text."""

    words = "a length of time such as '1 business day' or '2 days'"

    def of(self, text: str) -> str:
        if clock.parse_business_days(text) is None:
            clock.parse_span(text)
        return text

    def schema(self, desk: Desk) -> Schema:
        return shapes.length(self.words, business=True)


class WallTime(Value[int]):
    words = "a time of day such as '09:00'"

    def of(self, text: str) -> int:
        return clock.parse_wall(text)

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, rf"\s*{shapes.WALL}\s*")


class Days(Value[frozenset[int]]):
    words = "days such as 'weekdays' or 'monday, thursday'"

    def of(self, text: str) -> frozenset[int]:
        return clock.parse_days(text)

    def schema(self, desk: Desk) -> Schema:
        return shapes.days(self.words)


class QuietTime(Value[QuietHours]):
    words = "a period of the day such as '22:00-07:00'"

    def of(self, text: str) -> QuietHours:
        return clock.parse_quiet_hours(text)

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, rf"\s*{shapes.WALL}\s*[-–]\s*{shapes.WALL}\s*")


class Region(Value[str]):
    words = "a country or state such as 'BR' or 'BR-SP'"

    def of(self, text: str) -> str:
        if not re.fullmatch(_REGION, text):
            raise ValueError(f"expected {self.words}, found '{text}'")
        clock.check_region(text)
        return text

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, _REGION)


class Zone(Value[str]):
    words = "a time zone such as 'America/Sao_Paulo'"

    def of(self, text: str) -> str:
        clock.zone_info(text)
        return text

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, r"[A-Za-z][A-Za-z0-9_+/-]*")


class Share(Value[int]):
    """A share in hundredths of a percent."""

    words = "a share such as '10%'"

    def of(self, text: str) -> int:
        found = re.fullmatch(r"(\d{1,3})(?:\.(\d{1,2}))?\s*%", text)
        share = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else -1
        if not 0 <= share <= 10_000:
            raise ValueError(f"expected {self.words}, found '{text}'")
        return share

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, r"(100(\.00?)?|\d{1,2}(\.\d{1,2})?)\s*%")


@dataclass(frozen=True)
class Named(Value[str]):
    """The name of something that stands elsewhere: a topic, an event, a template."""

    sort: str
    code: str
    where: str = ""  # where such things are declared

    @property
    def words(self) -> str:  # type: ignore[override]
        return f"{'an' if self.sort[0] in 'aeiou' else 'a'} {self.sort}"

    def convert(self, scalar: Scalar, desk: Desk) -> str | None:
        known = desk.names.get(self.sort, ())
        if scalar.text in known:
            return scalar.text
        hint = suggestion(scalar.text, known, self.sort)
        if self.where and not hint.startswith("did"):
            hint = f"{hint}; {self.where}"
        desk.error(self.code, f"unknown {self.sort} '{scalar.text}'", scalar.mark, hint)
        return None

    def schema(self, desk: Desk) -> Schema:
        return shapes.one_of(self.words, desk.names.get(self.sort, ()))


class EventName(Named):
    """An event by its own name, or by what a shop calls it."""

    def convert(self, scalar: Scalar, desk: Desk) -> str | None:
        if scalar.text in desk.aliases:
            return desk.aliases[scalar.text]
        return super().convert(scalar, desk)

    def schema(self, desk: Desk) -> Schema:
        known = desk.names.get(self.sort, ())
        return shapes.one_of(self.words, {*known, *desk.aliases} if known else ())


EVENT = EventName("event", "N402", "own events are declared in events.yaml")
TOPIC = Named("topic", "N401", "topics are declared in nurture.yaml")
POOL = Named("coupon pool", "N403", "pools are declared in coupons.yaml")
SEGMENT = Named("segment", "N412", "segments are declared in segments.yaml")
STAGE = Named("stage", "N413", "stages are declared in stages.yaml")
SCORE = Named("score", "N414", "scores are declared in scores.yaml")
ROUTE = Named("route", "N416", "routing rules are declared in routes.yaml")
JOURNEY = Named("journey", "N417", "journeys stand in journeys/")
SURVEY = Named("survey", "N404", "surveys are declared in surveys.yaml")


@dataclass(frozen=True)
class StepName(Value[str]):
    """The id of a step of this journey."""

    sends: bool = False
    option: str = "of"
    words: str = "the id of a step"

    def convert(self, scalar: Scalar, desk: Desk) -> str | None:
        desk.mentions.append(Mention(scalar.text, scalar.mark, self.sends, self.option))
        return scalar.text

    def schema(self, desk: Desk) -> Schema:
        return shapes.one_of(self.words, ())


class ConditionText(Value[Condition]):
    words = "a condition such as 'total_orders >= 1'"

    def convert(self, scalar: Scalar, desk: Desk) -> Condition | None:
        parsed = parse(scalar.text, scalar.mark)
        desk.problems.extend(parsed.problems)
        return parsed.condition

    def schema(self, desk: Desk) -> Schema:
        return shapes.one_of(self.words, ())


@dataclass(frozen=True)
class OneOrMore(Value[tuple[Any, ...]]):
    """One value, or a list of them."""

    each: Value[Any]

    @property
    def words(self) -> str:  # type: ignore[override]
        return f"{self.each.words}, or a list of them"

    def read(self, node: Node, desk: Desk) -> tuple[Any, ...] | None:
        items = node.items if isinstance(node, Sequence) else (node,)
        if not items:
            desk.error("N104", f"expected {self.words}, found an empty list", node.mark)
        found = [self.each.read(item, desk) for item in items]
        return tuple(value for value in found if value is not None) or None

    def schema(self, desk: Desk) -> Schema:
        return shapes.one_or_more(self.each.schema(desk))


@dataclass(frozen=True)
class TableOf(Value[dict[str, Any]]):
    """A table whose keys the writer chooses."""

    each: Value[Any]
    what: str

    @property
    def words(self) -> str:  # type: ignore[override]
        return f"a table of {self.what}"

    def read(self, node: Node, desk: Desk) -> dict[str, Any] | None:
        if not isinstance(node, Mapping):
            desk.error("N104", f"expected {self.words}, found {sort_of(node)}", node.mark)
            return None
        return {key.text: self.each.read(value, desk) for key, value in node}

    def schema(self, desk: Desk) -> Schema:
        return shapes.table_of(self.each.schema(desk))


@dataclass(frozen=True)
class Custom(Value[T]):
    """A value with a reader of its own, and what it looks like to an editor."""

    words: str
    reader: Callable[[Node, Desk], T | None]
    shape: Callable[[Desk], Schema] | None = None

    def read(self, node: Node, desk: Desk) -> T | None:
        return self.reader(node, desk)

    def schema(self, desk: Desk) -> Schema:
        return self.shape(desk) if self.shape is not None else super().schema(desk)


def moment(text: str) -> datetime | None:
    """`2026-12-01 09:00` or `2026-12-01`, as the clock on the wall shows it; None for another text.

    Raises ValueError for a day or time that there isn't.
    """
    if not re.fullmatch(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d)?", text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text}' is not in the calendar") from None


def instant(text: str, zone: str) -> datetime:
    """`2026-12-01 09:00`, `2026-12-01` or any instant as ISO 8601 has it, in UTC; on the clocks of `zone` where the text
    says no other.

    Raises ValueError for another text, and for a day or time that there isn't.
    """
    if not re.fullmatch(shapes.INSTANT, text):
        raise ValueError(f"'{text}' is not a date and time")
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else clock.on_wall(at, zone)
    except (ValueError, OverflowError):
        raise ValueError(f"'{text}' is not in the calendar") from None
