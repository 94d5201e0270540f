"""How fast a channel may send, as `nurture.yaml` says it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from nurture.model import PERSONAL, Channel, Span
from nurture.nodes import Mapping, Node, Scalar, Sequence, sort_of
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options, sub_table
from nurture.options.shapes import Schema
from nurture.options.tables import Option, Table
from nurture.options.values import Integer, Length, Share, Value
from nurture.settings import Pace, Rate, StopRules

_PER = {name: timedelta(**{f"{name}s": 1}) for name in ("second", "minute", "hour", "day")}
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


class _Rate(Value[Rate]):
    words = "a rate such as '10/second' or '5000/day'"
    form = re.compile(rf"([1-9]\d{{0,6}})\s*/\s*({'|'.join(_PER)})")

    def of(self, text: str) -> Rate:
        found = self.form.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"expected {self.words}, found '{text}'")
        count, per = int(found[1]), _PER[found[2]]
        return Rate(count, per, max(1, int(count / per.total_seconds())), f"{count}/{found[2]}")

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, rf"\s*{self.form.pattern}\s*")


HOW_FAST = _Rate()


class _Domains(Value[dict[str, Rate]]):
    words = "rates by domain"

    def read(self, node: Node, desk: Desk) -> dict[str, Rate] | None:
        if not isinstance(node, Mapping):
            desk.error(
                "N104", f"expected {self.words}, found {sort_of(node)}", node.mark, "gmail.com: 5/second"
            )
            return None
        for key, _ in node:
            if not _DOMAIN.fullmatch(key.text):
                hint = "write it in small letters, as it stands behind the @: gmail.com"
                desk.error("N113", f"'{key.text}' is not a domain", key.mark, hint)
        rates = {key.text: _Rate().read(value, desk) for key, value in node}
        return {domain: rate for domain, rate in rates.items() if rate is not None}

    def schema(self, desk: Desk) -> Schema:
        return shapes.table_of(_Rate().schema(desk), _DOMAIN.pattern)


class _Plan(Value[tuple[int, ...]]):
    """Numbers of messages, one for each day."""

    words = "a list of numbers that grow, one for each day"
    each = Integer(1, 100_000_000)

    def read(self, node: Node, desk: Desk) -> tuple[int, ...] | None:
        if not isinstance(node, Sequence) or not node.items:
            desk.error(
                "N104", f"expected {self.words}, found {sort_of(node)}", node.mark, "[50, 100, 500, 1000]"
            )
            return None
        numbers = [self.each.read(item, desk) for item in node.items]
        for before, number, item in zip(numbers, numbers[1:], node.items[1:], strict=False):
            if before is not None and number is not None and number < before:
                text = item.text if isinstance(item, Scalar) else ""
                desk.error("N105", f"'{text}' is less than the day before: a plan grows", item.mark)
        return tuple(number for number in numbers if number is not None)

    def schema(self, desk: Desk) -> Schema:
        return shapes.list_of(self.each.schema(desk), 1)


class _Window(Length):
    longest = timedelta(days=60)  # what happened before is forgotten

    def of(self, text: str) -> Span:
        span = super().of(text)
        if not timedelta() < span.elapsed() <= self.longest:
            raise ValueError(f"'{text}': expected from 1 second to {self.longest.days} days")
        return span


STOP_AT = Table(
    "'stop_at'",
    (
        Option("complaints", Share(), "More complaints than this stop the channel's marketing.", "0.3%"),
        Option("hard_bounces", Share(), "So do more addresses than this that don't exist.", "5%"),
        Option("policy", Share(), "And more refusals than this by the other side's rules.", "10%"),
        Option("at_least", Integer(1), "Nothing is said before so many deliveries.", "500"),
        Option("within", _Window(fixed=True), "The time that is looked at.", "7 days"),
    ),
    anchor="workspace",
)
RATE = (
    Option("rate", _Rate(), "How fast it may send, all workers together.", "10/second"),
    Option("burst", Integer(1), "How many may leave at once after a rest; else a second's worth.", "20"),
)
_TO_PEOPLE = (
    Option(
        "warm_up",
        _Plan(),
        "How many messages a new sender may send on each of its first days. Then there is no limit. Transactional "
        "ones count, and never wait for it.",
        "[50, 100, 500, 1000, 5000, 10000]",
    ),
    Option("stop_at", sub_table(STOP_AT), "What stops its marketing by itself.", "{complaints: 0.3%}"),
)
_DOMAINS = Option("domains", _Domains(), "How fast it may send to these domains.", "{gmail.com: 5/second}")


def table(channel: Channel) -> tuple[Option, ...]:
    """What a channel says of its pace."""
    domains = (_DOMAINS,) if channel is Channel.EMAIL else ()
    return (*RATE, *domains, *(_TO_PEOPLE if channel in PERSONAL else ()))


def pace(options: Options) -> Pace:
    """The pace that these options of a channel say."""
    rate, given = options["rate"], options.nodes
    if "rate" not in given:
        options.speak_of("a 'rate', and there is none", "burst")
    if rate is not None and options["burst"]:
        rate = Rate(rate.count, rate.per, options["burst"], rate.text)
    named: dict[str, Any] = {name: options[name] for name in ("domains", "warm_up") if given.get(name)}
    rules = options["stop_at"] if given.get("stop_at") else None
    stop_at = {name: rules[name] for name in rules.nodes if rules[name] is not None} if rules else {}
    named = {name: value for name, value in named.items() if value is not None}
    return Pace(rate, **named, stop_at=StopRules(**stop_at))
