"""The keys of a journey, and what they make."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from nurture.compiler import in_flight
from nurture.compiler.plan import PRIORITIES, Exit, Goal, InFlight, Reentry
from nurture.compiler.quiet_hours import QUIET_HOURS, quiet_hours
from nurture.compiler.reading import read_trigger
from nurture.criteria import EventMatch
from nurture.limits import Cap, Limits
from nurture.model import PERSONAL, Channel, FieldType, Span
from nurture.nodes import Mapping, Node, Scalar, Sequence, sort_of
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options, read_table
from nurture.options.shapes import Schema
from nurture.options.tables import Option, Table
from nurture.options.values import (
    EVENT,
    JOURNEY_NAME,
    TOPIC,
    Choice,
    ConditionText,
    Custom,
    Flag,
    Integer,
    Length,
    Matching,
    Share,
    Text,
)
from nurture.steps import Notify, Step, Task, Update
from nurture.steps.blocks import Steps
from nurture.triggers import TRIGGERS, Trigger

T = TypeVar("T")

_WHERE = Option("where", ConditionText(), "Only an event for which this holds.", "event.total > 100")
_ANY_KEY = Option("any_key", Flag(), "Take the event whatever the run's key.", "true", default=False)
_VALUE = Matching(
    "a field of the event",
    re.compile(r"event\.[A-Za-z_][A-Za-z0-9_]*"),
    "write 'event.' and the field's name, such as 'event.total'",
)

REENTRY = Table(
    "'reentry'",
    (
        Option("after", Length(fixed=True), "So long after the start of the run before.", "180 days"),
        Option("at_most", Integer(1, 1000), "Runs in all.", "3"),
    ),
    anchor="reentry",
)
GOAL = Table(
    "'goal'",
    (
        Option("event", EVENT, "The event that is the aim.", "order_completed", required=True, default=""),
        _WHERE,
        Option("within", Length(fixed=True), "So long after the entry it counts.", "30 days"),
        Option("value", _VALUE, "The event's field that says what it is worth.", "event.total"),
        _ANY_KEY,
    ),
    anchor="goal",
)
EXIT = Table(
    "an exit rule",
    (
        Option("event", EVENT, "This event ends the run.", "order_completed"),
        _WHERE,
        Option("when", ConditionText(), "This ends the run as soon as it holds.", "not consents(offers)"),
        Option("after", Length(fixed=True), "The longest that a run lasts.", "45 days"),
        _ANY_KEY,
        Option(
            "do",
            Steps(),
            "What is done on the way out: `update`, `notify` and `task` steps.",
            "[{update: {tag: bought}}]",
            default=(),
        ),
    ),
    anchor="exit-rules",
    rules=(
        shapes.exactly_one("event", "when", "after"),
        {"dependencies": {"where": ["event"], "any_key": ["event"]}},
    ),
)
_AT_MOST = Option("at_most", Integer(0, 1000), "So many messages ...", "3", required=True, default=1)
_DAY = Span(days=1, text="1 day")
_PER = Option("per", Length(fixed=True), "... in so long.", "7 days", required=True, default=_DAY)
_FULL = (
    Option("on_cap", Choice(("defer", "skip")), "What becomes of one more.", "defer", default="defer"),
    Option("defer_at_most", Length(fixed=True), "Skipped when it would be later than this.", "48 hours"),
)
CHANNEL_CAP = Table("a channel's cap", (_AT_MOST, _PER, *_FULL), anchor="limits")
_CHANNEL_NAMES = {Channel.EMAIL: "e-mails", Channel.SMS: "SMS", Channel.WHATSAPP: "WhatsApp messages"}


def _table(table: Table, make: Callable[[Options], T | None]) -> Custom[T]:
    def read(node: Node, desk: Desk) -> T | None:
        options = read_table(node, table, desk)
        return make(options) if options is not None else None

    words = f"a table of {', '.join(option.name for option in table.options)}"
    return Custom(words, read, lambda desk: shapes.table(table, desk))


def _reentry_shape(desk: Desk) -> Schema:
    word = shapes.choice("'never' or 'after_exit'", ("never", "after_exit"))
    return {"anyOf": [word, {**shapes.table(REENTRY, desk), "minProperties": 1}]}


def _trigger_shape(desk: Desk) -> Schema:
    return shapes.kinds([each.KIND for each in TRIGGERS.values()], desk, what="a trigger")


def _reentry(node: Node, desk: Desk) -> Reentry | None:
    if isinstance(node, Scalar):
        word = Choice(("never", "after_exit")).read(node, desk)
        return Reentry() if word == "after_exit" else None
    options = read_table(node, REENTRY, desk)
    if options is not None and not options.given("after") and not options.given("at_most"):
        options.error("N103", "'reentry' needs 'after'", hint="write 'reentry: {after: 180 days}'")
    return Reentry(options["after"], options["at_most"]) if options is not None else None


def _goal(options: Options) -> Goal:
    event, desk = options["event"], options.desk
    key = desk.key_of(event, options["any_key"], options.mark_of("event")) if event else None
    value = options["value"]
    if value and event:
        _check_value(options, event, value.removeprefix("event."))
    where = options.condition("where", *([event] if event else []))
    if where is not None:
        desk.asked[-1] = replace(desk.asked[-1], of_goal=True)
    return Goal(EventMatch(event, where, since="entry", key=key), options["within"], value)


def _check_value(options: Options, event: str, name: str) -> None:
    field = next((each for each in options.desk.event_fields.get(event, ()) if each.name == name), None)
    if field is None:
        options.error("N407", f"'{event}' has no field '{name}'", "value")
    elif field.type is not FieldType.NUMBER:
        options.error("N411", f"'{name}' is no number, so it can't be what the goal is worth", "value")


def _exits(node: Node, desk: Desk) -> tuple[Exit, ...] | None:
    if not isinstance(node, Sequence):
        desk.error(
            "N104",
            f"expected a list of exit rules, found {sort_of(node)}",
            node.mark,
            "- event: ...",
            "exit-rules",
        )
        return None
    tables = [read_table(item, EXIT, desk) for item in node.items]
    rules = [rule for table in tables if table is not None and (rule := _exit(table)) is not None]
    return tuple(replace(rule, do=_named(rule.do, number)) for number, rule in enumerate(rules, 1))


def _named(steps: tuple[Step, ...], rule: int) -> tuple[Step, ...]:
    """What an exit does has ids of its own, apart from the journey's steps."""
    return tuple(replace(step, id=f"exit.{rule}.{number}") for number, step in enumerate(steps, 1))


def _do(options: Options) -> tuple[Step, ...]:
    """The steps of `do`: such as are done at once."""
    for placed in options["do"]:
        if placed.id is not None:
            options.desk.error("N108", "what an exit does has no id", placed.id_mark, "take it away")
        if not isinstance(placed.step, Update | Notify | Task):
            kind = placed.step.KIND.name
            message = f"an exit can't do '{kind}'"
            hint = "it can update, notify and open a task"
            options.desk.error("N523", message, placed.step.mark, hint, options.table.anchor)
    return tuple(placed.step for placed in options["do"])


def _exit(options: Options) -> Exit | None:
    given = [name for name in ("event", "when", "after") if options.given(name)]
    if len(given) != 1:
        code = "N106" if given else "N103"
        options.error(code, "an exit rule is one of 'event', 'when' and 'after'", *given[1:2])
        return None
    event = options["event"]
    if event is None:
        options.speak_of("an event, and this rule names none", "where", "any_key")
        return Exit(when=options.condition("when"), after=options["after"], do=_do(options))
    key = options.desk.key_of(event, options["any_key"], options.mark_of("event"))
    match = EventMatch(event, options.condition("where", event), since="entry", key=key)
    return Exit(event=match, do=_do(options))


def _cap(options: Options) -> Cap:
    rest: dict[str, Any] = {"defer_at_most": options["defer_at_most"]} if options["defer_at_most"] else {}
    return Cap(options["at_most"], options["per"], options["on_cap"], **rest)


CAP = Table(
    "'cap'",
    (
        replace(_AT_MOST, doc="So many messages of all channels together ...", required=False),
        replace(_PER, required=False),
        *_FULL,
        *(
            Option(
                channel.value,
                _table(CHANNEL_CAP, _cap),
                f"A cap of {words} alone, beside or instead of that of all channels.",
                "{at_most: 1, per: 7 days}",
            )
            for channel, words in _CHANNEL_NAMES.items()
        ),
    ),
    anchor="limits",
    rules=(
        {"anyOf": [{"required": [name]} for name in ("at_most", *PERSONAL)]},
        {
            "dependencies": {
                name: ["at_most", "per"] for name in ("at_most", "per", "on_cap", "defer_at_most")
            }
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Caps:
    """A cap of all channels together, and those of single channels."""

    together: Cap | None = None
    alone: Dict[Channel, Cap] = field(default_factory=dict)


def _caps(options: Options) -> Caps:
    of_all = [name for name in ("at_most", "per", "on_cap", "defer_at_most") if options.given(name)]
    alone = {channel: options[channel.value] for channel in PERSONAL if options[channel.value] is not None}
    if of_all or not any(options.given(channel.value) for channel in PERSONAL):
        for needed in (_AT_MOST, _PER):
            if not options.given(needed.name) and needed.name not in options.meant:
                hint = f"add '{needed.name}: {needed.example}'"
                options.desk.error("N103", f"'cap' needs '{needed.name}'", options.mark, hint, "limits")
    return Caps(_cap(options) if of_all else None, alone)


LIMITS = Table(
    "'limits'",
    (
        Option(
            "quiet_hours",
            _table(QUIET_HOURS, quiet_hours),
            "When nothing leaves.",
            '{email: "22:00-07:00", holidays: BR-SP}',
            default={},
        ),
        Option(
            "cap",
            _table(CAP, _caps),
            "How many messages at most, of all channels together or of one.",
            "{at_most: 3, per: 7 days, sms: {at_most: 1, per: 7 days}}",
            default=Caps(),
        ),
    ),
    anchor="limits",
)
LIMITS_VALUE = _table(
    LIMITS,
    lambda options: Limits(options["quiet_hours"], options["cap"].together, options["cap"].alone),
)


def _topic(node: Node, desk: Desk) -> str | None:
    if isinstance(node, Scalar):
        desk.topic = node.text  # an unknown one is one mistake, not one for each message
    return TOPIC.read(node, desk)


def _trigger(node: Node, desk: Desk) -> Trigger | None:
    return read_trigger(node, desk)


JOURNEY = Table(
    "a journey",
    (
        Option("journey", JOURNEY_NAME, "Its name, the same for ever.", "welcome", required=True, default=""),
        Option("description", Text(), "What it is for.", "Greets people who sign up.", default=""),
        Option("owner", Text(), "Who looks after it.", "mariana@example.com"),
        Option(
            "topic",
            Custom("a topic", _topic, TOPIC.schema),
            "The consent that its marketing messages need.",
            "offers",
        ),
        Option(
            "trigger",
            Custom("a trigger", _trigger, _trigger_shape),
            "What starts a run.",
            "{event: signed_up}",
            required=True,
        ),
        Option(
            "reentry",
            Custom("never, after_exit or a table of after, at_most", _reentry, _reentry_shape),
            "When somebody may enter again: `never` (the default), `after_exit`, or so long after the start of "
            "the run before.",
            "{after: 180 days}",
        ),
        Option(
            "on_repeat",
            Choice(("ignore", "restart", "parallel")),
            "What a trigger does while a run of the person (and key) is going: nothing, end it and begin again, or "
            "begin another beside it. `reentry` speaks when none is going.",
            "ignore",
            default="ignore",
        ),
        Option(
            "holdout",
            Share(),
            "A control group: recorded, never touched, so that the report can say what the journey brings.",
            "10%",
            default=0,
        ),
        Option(
            "goal",
            _table(GOAL, _goal),
            "What it is for. A goal measures; only exits end a run.",
            "{event: order_completed, within: 30 days, value: event.total}",
        ),
        Option(
            "exit",
            Custom("a list of exit rules", _exits, lambda desk: shapes.list_of(shapes.table(EXIT, desk))),
            "What ends a run.",
            "[{event: order_completed}, {when: not consents(offers)}]",
            default=(),
        ),
        Option(
            "priority",
            Choice(tuple(PRIORITIES)),
            "Whose message goes first where several journeys want the same person on the same day and a cap in "
            "`nurture.yaml` has no room for all of them.",
            "high",
            default="normal",
        ),
        Option(
            "limits",
            LIMITS_VALUE,
            "Quiet hours and caps of this journey.",
            '{quiet_hours: {email: "22:00-07:00"}, cap: {at_most: 3, per: 7 days}}',
            default=Limits(),
        ),
        Option(
            "backfill",
            Choice(("none", "all", "at_elapsed_step")),
            "Whether people enter who match already at the first publishing: not, from the first step, or as if their "
            "run had begun when they qualified. That one passes over the steps whose time has gone by and sends at "
            "most the latest message that is due.",
            "all",
            default="none",
        ),
        Option(
            "in_flight",
            Custom("pin, migrate, drain, eject or a map of steps", in_flight.read, in_flight.shape),
            "What a new version does to people inside: they end in the version that they entered (`pin`); go on in the "
            "new one at the same step, or where a map says (`migrate`); finish the step at which they stand and leave "
            "(`drain`); leave at once (`eject`).",
            "{migrate: {old_step: new_step}}",
            default=InFlight(),
        ),
        Option(
            "steps",
            Steps(),
            "What happens, one after the other.",
            "[{email: welcome/hello}, {wait: 3 days}]",
            required=True,
            default=(),
        ),
    ),
    anchor="journey",
    rules=({"properties": {"steps": {"minItems": 1}}},),
)


def read_journey(node: Mapping, desk: Desk) -> Options | None:
    return read_table(
        node,
        JOURNEY,
        desk,
        {
            "quiet_hours": "it belongs to 'limits'",
            "cap": "it belongs to 'limits'",
            **dict.fromkeys(
                ("where", "max_age", "key", "event", "inactive", "for"), "it belongs to 'trigger'"
            ),
        },
    )
