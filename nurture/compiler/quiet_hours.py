"""`quiet_hours` of a journey or of the workspace: when a channel must not be used."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import Any

from nurture import clock
from nurture.clock.laws import LAWS
from nurture.clock.quiet import SHUT
from nurture.limits import PERSON, QuietHours, QuietWeek
from nurture.model import PERSONAL, Channel
from nurture.nodes import Mapping, Node
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options, read_table
from nurture.options.shapes import Schema
from nurture.options.tables import Option, Table
from nurture.options.values import Choice, Custom, Flag, OneOrMore, QuietTime, Region, Value

_ALL_DAY = "all day"


class _Hours(Value[tuple[int, int]]):
    """Hours of one day of the week, or all of it."""

    words = "a period of the day such as '16:00-10:00', or 'all day'"

    def of(self, text: str) -> tuple[int, int]:
        if text.strip() == _ALL_DAY:
            return SHUT
        hours = clock.parse_quiet_hours(text)
        return hours.start, hours.end

    def schema(self, desk: Desk) -> Schema:
        period = rf"\s*{shapes.WALL}\s*[-–]\s*{shapes.WALL}\s*"
        return shapes.matching(self.words, rf"{period}|\s*{_ALL_DAY}\s*")


class _Whose(Region):
    """A country or state, or the person's own."""

    words = "a country or state such as 'BR' or 'BR-SP', or 'person'"

    def of(self, text: str) -> str:
        return PERSON if text == PERSON else super().of(text)

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, rf"[A-Z]{{2}}(-[A-Z0-9]{{1,3}})?|{PERSON}")


_HOLIDAYS = Option(
    "holidays",
    _Whose(),
    "Quiet all day on the holidays of a country or state, or with `person` of where she lives.",
    "BR-SP",
)
_WEEKENDS = Option("weekends", Flag(), "Quiet all day on Saturdays and Sundays.", "true", default=False)
CHANNEL_HOURS = Table(
    "a channel's quiet hours",
    (
        Option("hours", QuietTime(), "When nothing leaves, in the person's zone.", '"20:00-09:00"'),
        Option("saturdays", _Hours(), "Other hours on Saturdays.", '"16:00-10:00"'),
        Option("sundays", _Hours(), "Other hours on Sundays.", "all day"),
        _HOLIDAYS,
        Option("weekends", Flag(), _WEEKENDS.doc, "true"),
    ),
    anchor="limits",
    rules=({"minProperties": 1},),
)


def _channel(node: Node, desk: Desk) -> Dict[str, Any] | None:
    """What is said of a channel: hours alone, or a table."""
    if not isinstance(node, Mapping):
        hours = QuietTime().read(node, desk)
        return {"hours": hours} if hours is not None else None
    options = read_table(node, CHANNEL_HOURS, desk)
    if options is None:
        return None
    if not options.nodes and not options.meant:
        options.error("N103", "a channel's quiet hours say when", hint='such as: hours: "20:00-09:00"')
    return options.values


_CHANNEL = Custom(
    "a period of the day such as '22:00-07:00', or a table of hours, saturdays, sundays, holidays, weekends",
    _channel,
    lambda desk: {"anyOf": [QuietTime().schema(desk), shapes.table(CHANNEL_HOURS, desk)]},
)
_NAMES = {
    Channel.EMAIL: ("e-mail", "22:00-07:00"),
    Channel.SMS: ("SMS", "20:00-09:00"),
    Channel.WHATSAPP: ("WhatsApp message", "20:00-09:00"),
}
QUIET_HOURS = Table(
    "'quiet_hours'",
    (
        *(
            Option(channel.value, _CHANNEL, f"When no {name} leaves, in the person's zone.", f'"{example}"')
            for channel, (name, example) in _NAMES.items()
        ),
        _HOLIDAYS,
        _WEEKENDS,
        Option(
            "law",
            OneOrMore(Choice(LAWS)),
            "Hours that laws, or rules that a trade gave itself, leave to advertising by telephone (SMS, WhatsApp) to "
            "who lives there, and how many messages a day. Not legal advice.",
            "[br, us]",
            default=(),
        ),
    ),
    anchor="limits",
    rules=({"anyOf": [{"required": [name]} for name in (*(channel.value for channel in PERSONAL), "law")]},),
)


def quiet_hours(options: Options) -> dict[Channel, QuietHours]:
    """The hours by channel. What isn't said of a channel is as it is said of all."""
    named = (*(channel.value for channel in PERSONAL), "law")
    if not any(options.given(name) for name in named):
        options.error("N103", "'quiet_hours' needs hours for a channel", hint='such as: email: "22:00-07:00"')
    laws = tuple(dict.fromkeys(options["law"]))
    found = {}
    for channel in PERSONAL:
        said = options[channel.value]
        binding = laws if channel is not Channel.EMAIL else ()  # laws speak of telephones
        if said is not None or binding:
            found[channel] = _hours(said, options, binding)
    return found


def _hours(said: Dict[str, Any] | None, options: Options, laws: tuple[str, ...]) -> QuietHours:
    if said is None:
        return QuietWeek(0, 0, laws=laws)  # the law alone
    hours, own = said["hours"] or QuietHours(0, 0), said.get
    holidays: str | None = own("holidays") or options["holidays"]
    weekends: bool = options["weekends"] if said.get("weekends") is None else said["weekends"]
    plain = QuietHours(hours.start, hours.end, holidays, weekends)
    if not (laws or own("saturdays") or own("sundays")):
        return plain
    return QuietWeek(hours.start, hours.end, holidays, weekends, own("saturdays"), own("sundays"), laws)
