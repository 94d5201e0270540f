"""`wait_for:` waits for something to happen, for so long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nurture.criteria import Condition, EventMatch, in_words
from nurture.model import Decision, Go, Json, Run, Seen, Span, Stay, Truth
from nurture.nodes import Mapping, Node, Scalar, sort_of
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options, read_table
from nurture.options.shapes import Schema
from nurture.options.tables import Kind, Option, Table
from nurture.options.values import (
    EVENT,
    ID,
    Choice,
    ConditionText,
    Custom,
    EventName,
    Flag,
    Length,
    StepName,
    TableOf,
)
from nurture.problems import Mark
from nurture.steps.base import ANY_PASS, Facts, Needs, Step, look_again
from nurture.steps.blocks import Steps

_OF = Option("of", StepName(), "Only of this step's message, survey or task.", "first")
_WHERE = Option("where", ConditionText(), "Only an event for which this holds.", "event.total > 100")
_WHEN = Option("when", ConditionText(), "Wait for this to hold instead.", 'has_tag("vip")')
_ANY_KEY = Option("any_key", Flag(), "Take the event whatever the run's key.", "true", default=False)
_EITHER = Table(
    "what is waited for",
    (Option("event", EVENT, "The event.", "order_completed"), _OF, _WHERE, _WHEN, _ANY_KEY),
    anchor="wait_for",
    rules=(
        shapes.exactly_one("event", "when"),
        {"dependencies": {key: ["event"] for key in ("of", "where", "any_key")}},
    ),
)


class _EventOrNothing(EventName):
    def read(self, node: Node, desk: Desk) -> str | None:
        if isinstance(node, Scalar) and node.is_nothing:
            return None
        return EventName.read(self, node, desk)

    def schema(self, desk: Desk) -> Schema:
        return shapes.or_nothing(EventName.schema(self, desk))


def _either_shape(desk: Desk) -> Schema:
    return shapes.table_of({"anyOf": [EVENT.schema(desk), shapes.table(_EITHER, desk)]}, ID.pattern)


def _either(node: Node, desk: Desk) -> dict[str, Options] | None:
    if not isinstance(node, Mapping) or not node.pairs:
        desk.error("N104", f"expected names with what each waits for, found {sort_of(node)}", node.mark)
        return None
    found: dict[str, Options] = {}
    for name, value in node:
        if not ID.fullmatch(name.text):
            desk.error(
                "N113", f"'{name.text}' is not a name: small letters, digits and underscores", name.mark
            )
        table = (
            Mapping(((Scalar("event", name.mark), value),), value.mark)
            if isinstance(value, Scalar)
            else value
        )
        options = read_table(table, _EITHER, desk)
        if options is not None:
            found[name.text] = options
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFor(Step):
    """The first of `events` and `whens` that happens decides; `brings` are the event's fields kept."""

    events: tuple[tuple[str, EventMatch], ...] = ()
    whens: tuple[tuple[str, Condition], ...] = ()
    up_to: Span
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()
    cases: bool = False

    forks = True
    KIND = Kind(
        "wait_for",
        "Wait for something to happen, at most so long, and go on either way. Of a message that never went "
        "out nothing is waited for: 'otherwise' comes at once.",
        Option(
            "wait_for",
            _EventOrNothing("event", "N402", "own events are declared in events.yaml"),
            "The event; nothing with 'when' or 'any'.",
            "email_clicked",
        ),
        (
            _OF,
            _WHERE,
            _WHEN,
            _ANY_KEY,
            Option(
                "any",
                Custom("a table of names", _either, _either_shape),
                "The first of several: by a name of your own, an event or a table of 'event', 'of', 'where' or "
                "'when'.",
                "{bought: order_completed, clicked: {event: email_clicked, of: first}}",
            ),
            Option(
                "up_to",
                Length(fixed=True),
                "The longest wait; a day is 24 hours.",
                "3 days",
                default=Span(days=1, text="1 day"),
            ),
            Option(
                "since",
                Choice(("step", "entry", "ever")),
                "From when on events count: since the step before was done, since entry, or ever.",
                "entry",
                default="step",
            ),
            Option("then", Steps(), "The steps when it happened.", ""),
            Option("otherwise", Steps(), "The steps when it did not.", ""),
            Option("cases", TableOf(Steps(), "steps by name"), "The steps by name of 'any'.", "{bought: []}"),
            Option("timeout", Steps(), "The same as 'otherwise', beside 'cases'.", ""),
        ),
        example="wait_for: email_clicked\nof: first\nup_to: 3 days\nthen:\n  - exit: interested\n"
        "otherwise:\n  - email: reactivation/coupon",
        brings="the fields of the event that came",
        rules=(
            {"required": ["up_to"]},
            {
                "if": shapes.nothing("wait_for"),
                "then": shapes.exactly_one("when", "any"),
                "else": shapes.none_of("when", "any"),
            },
            {"if": shapes.nothing("wait_for"), "then": shapes.none_of("of", "where", "any_key")},
            shapes.not_both("since", "when"),
            shapes.not_both("otherwise", "timeout"),
            shapes.not_both("then", "cases"),
        ),
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> WaitFor:
        if not options.given("up_to") and "up_to" not in options.meant:
            hint = "add 'up_to: 3 days': nobody should wait for ever"
            options.error("N502", "'wait_for' needs 'up_to'", "wait_for", hint)
        events, whens = _waited(options)
        _blocks(options, [name for name, _ in (*events, *whens)])
        fields = options.desk.event_fields
        return cls(
            **place,
            events=tuple(events),
            whens=tuple(whens),
            up_to=options["up_to"],
            fields=tuple(
                (name, tuple(f.name for f in fields.get(match.name, ()) if not f.personal))
                for name, match in events
            ),
            cases=options.given("cases"),
        )

    def describe(self) -> str:
        words = [match.name + (f" of {match.of}" if match.of else "") for _, match in self.events]
        words += [in_words(condition) for _, condition in self.whens]
        return f"wait up to {self.up_to} for {' or '.join(words)}"

    def needs(self) -> Needs:
        return Needs(tuple(condition for _, condition in self.whens), self.events)

    def outcomes(self) -> tuple[str, ...]:
        names = [name for name, _ in (*self.events, *self.whens)]
        return (*(f"wait_for.{name}" for name in names), "wait_for.timeout")

    @property
    def at_most(self) -> timedelta:
        return self.up_to.elapsed()

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        deadline = run.arrived_at + self.up_to.elapsed()
        truths = tuple(facts.truth(condition) for _, condition in self.whens)
        if found := self._first_event(facts, deadline):
            name, seen = found
            return self._go(name, max(seen.occurred_at, run.arrived_at), truths, self._brings(name, seen))
        for (name, _), truth in zip(self.whens, truths, strict=True):
            if truth.value and now <= deadline:
                return self._go(name, max(now, run.arrived_at), truths)
        if why := self._never_sent(run):
            return Decision(
                Go(self.starts["timeout"], run.arrived_at), f"wait_for.not_sent.{why}", truths=truths
            )
        if now >= deadline:
            return Decision(Go(self.starts["timeout"], deadline), "wait_for.timeout", truths=truths)
        until = look_again((condition for _, condition in self.whens), now, deadline)
        return Decision(Stay(until), "wait_for.waiting", truths=truths)

    def _first_event(self, facts: Facts, deadline: datetime) -> tuple[str, Seen] | None:
        seen = [(name, event) for name, _ in self.events if (event := facts.seen(name)) is not None]
        in_time = [(name, event) for name, event in seen if event.occurred_at <= deadline]
        return min(in_time, key=lambda found: found[1].occurred_at, default=None)

    def _go(
        self, name: str, at: datetime, truths: tuple[Truth, ...], brings: dict[str, Json] | None = None
    ) -> Decision:
        label = f"case.{name}" if self.cases else "then"
        start = self.starts.get(label, self.after)
        return Decision(Go(start, at), f"wait_for.{name}", truths=truths, brings=brings or {})

    def _brings(self, name: str, seen: Seen) -> dict[str, Json]:
        kept = dict(self.fields)[name]
        return {field: seen.payload[field] for field in kept if field in seen.payload}

    def _never_sent(self, run: Run) -> str | None:
        """Why nothing can come, where every event waited for is of a message that did not go out."""
        if self.whens or not self.events or any(match.of is None for _, match in self.events):
            return None
        known = [run.memory.get((match.of or "").removesuffix(ANY_PASS)) for _, match in self.events]
        if any(step is not None and step.get("sent", True) for step in known):
            return None
        return next((str(step["why"]) for step in known if step and "why" in step), "not_reached")


Waited = tuple[list[tuple[str, EventMatch]], list[tuple[str, Condition]]]


def _waited(options: Options) -> Waited:
    """What is waited for, by name."""
    argument = options.nodes["wait_for"]
    has_event = not (isinstance(argument, Scalar) and argument.is_nothing)
    ways = [name for name in ("when", "any") if options.given(name)]
    if has_event + len(ways) != 1:
        code = "N106" if has_event or ways else "N103"
        options.error(code, "'wait_for' waits for one thing: an event, 'when' or 'any'", *ways[-1:])
    if options.given("any"):
        options.speak_of("one event: write it into 'any'", "of", "where", "any_key")
    else:
        return _one(
            "when" if options.given("when") else str(options["wait_for"]),
            options,
            options["wait_for"],
            options,
        )
    events: list[tuple[str, EventMatch]] = []
    whens: list[tuple[str, Condition]] = []
    for name, either in (options["any"] or {}).items():
        if either.given("event") == either.given("when"):
            either.error("N106", f"'{name}' waits for one thing: 'event' or 'when'")
        one = _one(name, either, either["event"], options)
        events += one[0]
        whens += one[1]
    return events, whens


def _one(name: str, own: Options, event: str | None, options: Options) -> Waited:
    if own.given("when"):
        own.speak_of("an event, and this waits for a condition", "of", "where", "any_key", "since")
        condition = own.condition("when")
        return [], [(name, condition)] if condition is not None else []
    if event is None:
        return [], []
    where = own.condition("where", event)
    key = options.desk.key_of(event, own["any_key"] or own.given("of"), own.mark)
    return [(name, EventMatch(event, where, own["of"], options["since"], key))], []


def _key(node: Node, name: str) -> Mark:
    return node.key(name).mark if isinstance(node, Mapping) else node.mark


def _blocks(options: Options, names: list[str]) -> None:
    for one, other in (("otherwise", "timeout"), ("then", "cases")):
        if options.given(one) and options.given(other):
            options.error("N106", f"'{one}' and '{other}' say the same", other, "keep one of them")
    if options.given("cases"):
        cases = options["cases"] or {}
        for name in names:
            options.block(f"case.{name}", cases.get(name))
        for name in cases:
            if name not in names:
                known = f"there is {', '.join(names)}" if names else None
                mark = _key(options.nodes["cases"], name)
                options.desk.error("N409", f"'{name}' is not waited for", mark, known, "wait_for")
    else:
        options.block("then", options["then"])
    options.block("timeout", options["timeout"] if options.given("timeout") else options["otherwise"])
