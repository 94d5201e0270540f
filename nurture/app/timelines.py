"""What `tests/*.yaml` says: a person, what happens to her and when, and the timeline expected of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nurture import clock, nodes
from nurture.app.workspace import JourneyFile, Workspace, unreadable
from nurture.compiler.yaml_reader import load as load_yaml
from nurture.model import PERSONAL, Channel, Field, FieldType
from nurture.nodes import Node, Scalar, Sequence, sort_of
from nurture.options.desk import Desk, suggestion
from nurture.options.reader import read_table
from nurture.options.tables import Option, Table
from nurture.options.values import Choice, Custom, Text, Value, moment
from nurture.problems import Mark, NurtureError, Problem
from nurture.steps.update import WORDS, typed

# What may happen to the person. The value names a step, an event or a topic.
ABOUT_STEPS = ("clicks", "opens", "bounces", "complains", "replies", "answers", "done")
HAPPENINGS = ("event", *ABOUT_STEPS, "withdraws", "consents", "sets")
# What a timeline shows.
SHOWN = (
    "email",
    "sms",
    "whatsapp",
    "survey",
    "skips",
    "coupon",
    "task",
    "notify",
    "starts",
    "assign",
    "update",
    "webhook",
    "ends",
)
_BESIDE = {
    "answers": (Field("score", FieldType.NUMBER), Field("comment", FieldType.TEXT)),
    "done": (Field("outcome", FieldType.TEXT),),
}
_KEY = Field("order_id", FieldType.TEXT)


def consent(words: str) -> tuple[str, Channel | None]:
    """The topic and the channel of `offers`, or of `offers by whatsapp`."""
    topic, by, channel = words.partition(" by ")
    return topic.strip(), Channel(channel.strip()) if by and channel.strip() in PERSONAL else None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens to the person. `with_` are the values beside it."""

    at: datetime
    verb: str
    what: str
    with_: Mapping[str, Any]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Expected:
    """A line of the timeline, between `at` and `until`; None: whenever it is its turn."""

    kind: str
    what: Any
    mark: Mark
    at: datetime | None = None
    until: datetime | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """One test."""

    name: str
    journey: str
    mark: Mark
    person: Mapping[str, Any]
    given: tuple[Happening, ...] = ()
    expect: tuple[Expected, ...] = ()
    published: datetime | None = None
    until: datetime | None = None
    held_out: bool = False
    answers: Mapping[str, Any] = field(default_factory=dict)  # what webhooks answer, by step


def read(workspace: Workspace) -> list[Timeline]:
    """Every test of the workspace. Raises NurtureError with all that is wrong in them."""
    found, problems = look(workspace)
    if problems:
        raise NurtureError("the tests can't be run like this", tuple(problems))
    return found


def look(workspace: Workspace) -> tuple[list[Timeline], list[Problem]]:
    """The tests of the workspace, and all that is wrong in them."""
    problems: list[Problem] = []
    found: list[Timeline] = []
    for path in sorted((workspace.folder / "tests").glob("*.yaml")):
        shown = str(path.relative_to(workspace.folder)) if workspace.folder == Path() else str(path)
        try:
            node, wrong = load_yaml(path.read_text(encoding="utf-8-sig"), shown)
        except (UnicodeDecodeError, OSError) as error:
            problems.append(unreadable(path, shown, error))
            continue
        problems += wrong
        if node is not None:
            found += _Reading(workspace, Desk(problems=problems)).file(node)
    return found, problems


@dataclass
class _Reading:
    workspace: Workspace
    desk: Desk
    journey: JourneyFile | None = None
    fields: dict[str, Field] = field(default_factory=dict)

    def file(self, node: Node) -> list[Timeline]:
        table = Table(
            "a file of tests",
            (
                Option("journey", Text(), "Which journey.", "welcome", required=True, default=""),
                Option(
                    "tests", Custom("a list of tests", lambda node, _: node), "The tests.", "", required=True
                ),
            ),
        )
        options = read_table(node, table, self.desk)
        if options is None:
            return []
        self.journey = self.workspace.journeys.get(options["journey"])
        self.fields = self.workspace.context.contact_fields
        if self.journey is None and options["journey"] in self.workspace.context.journeys:
            return []  # it has mistakes of its own, which are said
        if self.journey is None:
            hint = suggestion(options["journey"], list(self.workspace.journeys), "journey")
            options.error("N607", f"there is no journey '{options['journey']}'", "journey", hint)
            return []
        if not isinstance(options["tests"], Sequence):
            return []
        return [test for item in options["tests"].items if (test := self._test(item)) is not None]

    def _test(self, node: Node) -> Timeline | None:
        assert self.journey is not None
        when = Moment(self._zone)
        table = Table(
            "a test",
            (
                Option("test", Text(), "What it shows.", "", required=True, default=""),
                Option(
                    "person",
                    Custom("a person", self._person),
                    "Who.",
                    "{email: ana@example.com}",
                    required=True,
                    default={},
                ),
                Option("published", when, "When the journey went live.", ""),
                Option("until", when, "How far time runs.", ""),
                Option("arm", Choice(("treated", "held_out")), "Which arm she is in.", "held_out"),
                Option(
                    "webhooks",
                    Custom("answers by step", self._answers),
                    "What each webhook is answered, or `fails`; without it with nothing.",
                    "{crm: {tier: gold}}",
                    default={},
                ),
                Option("given", Custom("what happens", self._given), "What happens to her.", "", default=()),
                Option(
                    "expect",
                    Custom("a timeline", self._expected),
                    "What follows.",
                    "",
                    required=True,
                    default=(),
                ),
            ),
        )
        options = read_table(node, table, self.desk)
        if options is None:
            return None
        return Timeline(
            name=options["test"],
            journey=self.journey.name,
            mark=options.mark_of("test"),
            person=options["person"],
            given=options["given"],
            expect=options["expect"],
            published=_first(options["published"]),
            until=_first(options["until"]),
            held_out=options["arm"] == "held_out",
            answers=options["webhooks"],
        )

    def _answers(self, node: Node, desk: Desk) -> dict[str, Any] | None:
        """Numbers and true and false are what they look like: an answer is JSON."""
        if not isinstance(node, nodes.Mapping):
            desk.error(
                "N104", f"expected answers by step, found {sort_of(node)}", node.mark, "crm: {tier: gold}"
            )
            return None
        for key in node.keys:
            self._check_step(node.key(key))
        return {key.text: json_of(value) for key, value in node}

    @property
    def _zone(self) -> str:
        return self.workspace.as_read.company.zone

    def _person(self, node: Node, desk: Desk) -> dict[str, Any] | None:
        fields = {**self.fields, "zone": Field("zone", FieldType.TEXT), "tags": Field("tags", FieldType.LIST)}
        if isinstance(node, nodes.Mapping):
            self._check_topics(node.get("consents"))
        return self._values(node, {**fields, "consents": Field("consents", FieldType.LIST)})

    def _values(
        self, node: Node, fields: Mapping[str, Field], but: tuple[str, ...] = ()
    ) -> dict[str, Any] | None:
        """Values by their declared types."""
        if not isinstance(node, nodes.Mapping):
            self.desk.error("N104", f"expected values by name, found {sort_of(node)}", node.mark)
            return None
        found: dict[str, Any] = {}
        for key, value in node:
            known = fields.get(key.text)
            if key.text in but:
                continue
            if known is None:
                hint = suggestion(key.text, list(fields), "field")
                self.desk.error("N407", f"there is no field '{key.text}' here", key.mark, hint)
            elif isinstance(value, Sequence):
                found[key.text] = [item.text for item in value.items if isinstance(item, Scalar)]
            elif isinstance(value, Scalar):
                found[key.text] = self._typed(known, value)
        return found

    def _typed(self, known: Field, value: Scalar) -> Any:
        try:
            return typed(known, value.text, self._zone)
        except ValueError:
            message = f"expected {WORDS[known.type]} for '{known.name}', found '{value.text}'"
            self.desk.error("N105", message, value.mark)
            return None

    def _given(self, node: Node, desk: Desk) -> tuple[Happening, ...]:
        items = node.items if isinstance(node, Sequence) else ()
        if not isinstance(node, Sequence):
            desk.error("N104", f"expected a list of what happens, found {sort_of(node)}", node.mark)
        found = [happening for item in items if (happening := self._happening(item)) is not None]
        return tuple(sorted(found, key=lambda happening: happening.at))

    def _happening(self, node: Node) -> Happening | None:
        chosen = self._line(node, HAPPENINGS)
        if chosen is None:
            return None
        verb, table, at = chosen
        value = table.get(verb)
        if verb == "sets":
            assert value is not None
            return Happening(at[0], verb, "", self._values(value, self.fields) or {}, table.mark)
        what = value.text if isinstance(value, Scalar) else ""
        if verb in ABOUT_STEPS:
            self._check_step(value)
        if verb in ("withdraws", "consents"):
            self._check_topics(value)
        with_ = self._values(table, self._beside(verb, what, value), but=("at", verb))
        return Happening(at[0], verb, what, with_ or {}, table.mark)

    def _beside(self, verb: str, what: str, value: Node | None) -> dict[str, Field]:
        """The fields that may stand beside a happening."""
        if verb != "event":
            return {
                each.name: each
                for each in (*_BESIDE.get(verb, ()), *((_KEY,) if verb in ABOUT_STEPS else ()))
            }
        events = self.workspace.context.event_fields
        name = self.workspace.context.event_aliases.get(what, what)
        if name not in events and value is not None:
            self.desk.error(
                "N402", f"unknown event '{what}'", value.mark, suggestion(what, list(events), "event")
            )
        return {each.name: each for each in events.get(name, ())}

    def _check_step(self, value: Node | None) -> None:
        assert self.journey is not None
        known = list(self.journey.plan.steps)
        if isinstance(value, Scalar) and value.text not in known:
            hint = suggestion(value.text, known, "step")
            self.desk.error("N406", f"no step has the id '{value.text}'", value.mark, hint)

    def _check_topics(self, node: Node | None) -> None:
        """Somebody whose topic isn't known would have said yes to nothing, without a word."""
        known = self.workspace.context.topics
        for item in node.items if isinstance(node, Sequence) else (node,):
            if not isinstance(item, Scalar) or item.text in known:
                continue
            topic, by, channel = item.text.partition(" by ")
            if topic.strip() not in known:
                hint = suggestion(topic.strip(), known, "topic")
                self.desk.error("N401", f"unknown topic '{topic.strip()}'", item.mark, hint)
            elif by and channel.strip() not in PERSONAL:
                hint = suggestion(channel.strip(), list(PERSONAL), "channel")
                self.desk.error("N105", f"unknown channel '{channel.strip()}'", item.mark, hint)

    def _expected(self, node: Node, desk: Desk) -> tuple[Expected, ...]:
        if isinstance(node, Scalar) and node.text == "nothing":
            return ()
        if not isinstance(node, Sequence):
            hint = "write 'nothing', or a list such as '- {at: 2026-03-02 10:00, email: welcome/hello}'"
            desk.error("N104", f"expected a timeline, found {sort_of(node)}", node.mark, hint)
            return ()
        return tuple(line for item in node.items if (line := self._expectation(item)) is not None)

    def _expectation(self, node: Node) -> Expected | None:
        chosen = self._line(node, SHOWN, timed=False)
        if chosen is None:
            return None
        kind, table, at = chosen
        for key, _ in table:
            if key.text not in (kind, "at", "because"):
                self.desk.error("N101", f"unknown key '{key.text}' in a line of the timeline", key.mark)
        because = table.get("because")
        value = table.get(kind)
        if kind == "skips":
            self._check_step(value)
        if kind == "update" and isinstance(value, Scalar):
            hint = "write what the step says, such as 'update: {tag: curious}'"
            self.desk.error("N104", f"expected changes, found '{value.text}'", value.mark, hint)
        return Expected(
            kind=kind,
            what=plain(value),
            mark=table.mark,
            at=at[0] if at else None,
            until=at[1] if at else None,
            because=because.text if isinstance(because, Scalar) else None,
        )

    def _line(
        self, node: Node, kinds: tuple[str, ...], timed: bool = True
    ) -> tuple[str, nodes.Mapping, Any] | None:
        """The one of `kinds` that a line is, the line, and its time."""
        if not isinstance(node, nodes.Mapping):
            self.desk.error("N104", f"expected a line with its time, found {sort_of(node)}", node.mark)
            return None
        found = [key for key in node.keys if key in kinds]
        if len(found) != 1:
            hint = f"write one of {', '.join(kinds)}"
            self.desk.error("N106" if found else "N103", "a line says one thing", node.mark, hint)
            return None
        at = node.get("at")
        if at is None:
            if timed:
                self.desk.error("N103", "a line needs 'at'", node.mark, "such as 'at: 2026-03-02 10:00'")
            return None if timed else (found[0], node, None)
        moments = Moment(self._zone).read(at, self.desk)
        return (found[0], node, moments) if moments else None


def plain(node: Node | None) -> Any:
    """A node as text, lists and dicts."""
    match node:
        case Scalar(text):
            return text
        case Sequence(items):
            return [plain(item) for item in items]
        case nodes.Mapping(pairs):
            return {key.text: plain(value) for key, value in pairs}
        case None:
            return None


def json_of(node: Node | None) -> Any:
    """A node as JSON: what is not in quotes and looks like a number, true, false or null is one."""
    match node:
        case Scalar() if not node.quoted:
            with suppress(ValueError):
                return json.loads(node.text)
            return node.text
        case Sequence(items):
            return [json_of(item) for item in items]
        case nodes.Mapping(pairs):
            return {key.text: json_of(value) for key, value in pairs}
    return plain(node)


def _first(moments: tuple[datetime, datetime] | None) -> datetime | None:
    return moments[0] if moments else None


class Moment(Value[tuple[datetime, datetime]]):
    """`2026-03-02 10:00`, or until a later time of the day: `2026-03-02 10:00-10:30`."""

    words = "a date and time such as '2026-03-02 10:00'"

    def __init__(self, zone: str) -> None:
        self.zone = zone

    def of(self, text: str) -> tuple[datetime, datetime]:
        first, last = (text[:16], text[:11] + text[17:]) if text[16:17] == "-" else (text, text)
        moments = [moment(each) for each in (first, last)]
        if None in moments:
            raise ValueError(f"expected {self.words}, found '{text}'")
        start, end = (
            clock.at_wall(each.date(), each.hour * 60 + each.minute, self.zone).astimezone(UTC)
            for each in moments
            if each is not None
        )
        return start, end
