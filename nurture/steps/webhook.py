"""`webhook:` calls another system, and keeps what it answers. The step is done when the call is.

It goes through the outbox as messages do: nothing is lost, nothing is sent twice, and a call whose answer was lost
is in doubt. There is nothing to consent to, and neither caps nor quiet hours bind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from nurture import hosts
from nurture.model import (
    OPEN_STATES,
    Channel,
    Decision,
    Draft,
    FieldType,
    Json,
    Leave,
    MessageClass,
    MessageFact,
    MessageState,
    Run,
    Span,
    Stay,
)
from nurture.model import Field as ModelField
from nurture.nodes import Mapping as MappingNode
from nurture.nodes import Node, Scalar, sort_of
from nurture.nodes import Sequence as SequenceNode
from nurture.options import shapes
from nurture.options.desk import Desk, suggestion
from nurture.options.reader import Options, read_table
from nurture.options.shapes import Schema
from nurture.options.tables import Kind, Option, Table
from nurture.options.values import ID, Choice, Custom, Length, Value
from nurture.steps.base import Facts, Step

LONGEST = timedelta(seconds=60)
LONGEST_TEXT = 1_000  # characters of a text that is kept of an answer
_POINTER = re.compile(r"(?:/[^/]*)+|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


class _Url(Value[str]):
    words = "an address such as 'https://crm.example/leads'"

    def convert(self, scalar: Scalar, desk: Desk) -> str | None:
        url = super().convert(scalar, desk)
        listed = desk.names.get("webhook host", ())
        if url is not None and (why := hosts.why_not(url, listed)) is not None:
            near = suggestion(hosts.place(url).host, listed, "such host")
            hint = near if near.startswith("did") else "list the host in nurture.yaml: channels.webhook.hosts"
            desk.error("N527", why, scalar.mark, None if "https" in why else hint, "webhook")
        return url

    def of(self, text: str) -> str:
        hosts.place(text)
        return text

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, r"https?://[^\s#\\]+")


class _Timeout(Length):
    def of(self, text: str) -> Span:
        span = super().of(text)
        if not timedelta(seconds=1) <= span.elapsed() <= LONGEST:
            raise ValueError(f"expected 1 to 60 seconds, found '{text}'")
        return span


Body = dict[str, Any]  # names with texts, lists and tables of them


def _read_body(node: Node, desk: Desk) -> Body | None:
    if not isinstance(node, MappingNode):
        desk.error("N104", f"expected names with what is said of each, found {sort_of(node)}", node.mark)
        return None
    return {key.text: _plain(value, desk) for key, value in node}


def _plain(node: Node, desk: Desk) -> Any:
    match node:
        case Scalar():
            _check_template(node, desk)
            return None if node.is_nothing else node.text
        case SequenceNode(items):
            return [_plain(item, desk) for item in items]
        case MappingNode():
            return {key.text: _plain(value, desk) for key, value in node}


def _check_template(node: Scalar, desk: Desk) -> None:
    if "{" not in node.text:
        return
    from jinja2 import Environment, TemplateSyntaxError

    try:
        Environment().parse(node.text)
    except TemplateSyntaxError as error:
        desk.error(
            "N528", f"this is no template: {error.message}", node.mark, "such as '{{ email }}'", "webhook"
        )


@dataclass(frozen=True, slots=True)
class Saved:
    """A field of the answer: where it stands there, and of which type it is."""

    at: str  # `data.tier`, or a JSON pointer: `/data/tier`
    type: FieldType = FieldType.TEXT

    def find(self, answer: Any) -> Json:
        """Its value, if it is there and of the type."""
        for part in _parts(self.at):
            if isinstance(answer, dict) and part in answer:
                answer = answer[part]
            elif isinstance(answer, list) and part.isdecimal() and int(part) < len(answer):
                answer = answer[int(part)]
            else:
                return None
        return _typed(answer, self.type)


def _parts(at: str) -> list[str]:
    if not at.startswith("/"):
        return at.split(".")
    return [part.replace("~1", "/").replace("~0", "~") for part in at[1:].split("/")]


def _typed(value: Any, kind: FieldType) -> Json:
    match value, kind:
        case bool(), FieldType.BOOLEAN:
            return value
        case bool(), FieldType.TEXT:
            return "true" if value else "false"
        case bool(), _:
            return None
        case int() | float(), FieldType.NUMBER:
            return value if abs(value) < 1e15 else None
        case str() | int() | float(), FieldType.TEXT:
            return text if len(text := str(value)) <= LONGEST_TEXT else None
        case str(), FieldType.DATE | FieldType.INSTANT:
            return _moment(value, kind)
        case list(), FieldType.LIST if len(value) <= 100:
            texts = [each for each in value if isinstance(each, str) and len(each) <= LONGEST_TEXT]
            return list(texts) if len(texts) == len(value) else None
    return None


def _moment(text: str, kind: FieldType) -> str | None:
    try:
        if kind is FieldType.DATE:
            return date.fromisoformat(text).isoformat()
        at = datetime.fromisoformat(text)
        return at.isoformat() if at.tzinfo is not None else None
    except ValueError:
        return None


class _At(Value[str]):
    words = "where it stands in the answer, such as 'data.tier' or '/data/tier'"

    def of(self, text: str) -> str:
        if not _POINTER.fullmatch(text):
            raise ValueError(f"expected {self.words}, found '{text}'")
        return text

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, _POINTER.pattern)


_AT = _At()
SAVED = Table(
    "a field of the answer",
    (
        Option("at", _AT, "Where it stands in the answer.", "data.tier", required=True, default=""),
        Option(
            "type",
            Choice(tuple(FieldType)),
            "What it holds; another value is left out.",
            "number",
            default="text",
        ),
    ),
    anchor="webhook",
)


def _read_saved(node: Node, desk: Desk) -> dict[str, Saved] | None:
    if not isinstance(node, MappingNode):
        desk.error("N104", f"expected names with fields of the answer, found {sort_of(node)}", node.mark)
        return None
    found: dict[str, Saved] = {}
    for key, value in node:
        if not ID.fullmatch(key.text) or key.text in ("at", "ok"):
            message = f"'{key.text}' is not a name for a field: small letters, digits and underscores, not at and ok"
            desk.error("N113", message, key.mark)
        elif isinstance(value, Scalar):
            at = _AT.read(value, desk)
            found |= {key.text: Saved(at)} if at else {}
        elif (options := read_table(value, SAVED, desk)) is not None:
            found[key.text] = Saved(options["at"], FieldType(options["type"]))
    return found


def _saved_shape(desk: Desk) -> Schema:
    return shapes.table_of({"anyOf": [_AT.schema(desk), shapes.table(SAVED, desk)]}, ID.pattern)


OK = ModelField("ok", FieldType.BOOLEAN, "Whether the call got through.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook(Step):
    url: str
    method: str = "post"
    body: Mapping[str, Any] = field(default_factory=dict)
    timeout: Span = Span(seconds=10, text="10 seconds")
    on_error: str = "continue"
    on_doubt: str = "drop"
    save: Mapping[str, Saved] = field(default_factory=dict)

    sends = True
    reaches = False
    KIND = Kind(
        "webhook",
        "Call another system over HTTPS, and keep fields of what it answers. Only hosts that nurture.yaml lists are "
        "called, and each call is signed (Standard Webhooks). A receiver that is down is called again for about a day; "
        "it drops repeats by `webhook-id`.",
        Option("webhook", _Url(), "The address.", "https://crm.example/leads", required=True, default=""),
        (
            Option("method", Choice(("post", "get")), "How it is called.", "get", default="post"),
            Option(
                "body",
                Custom(
                    "names with texts, lists and tables",
                    _read_body,
                    lambda desk: {"type": "object", "additionalProperties": True},
                ),
                "What is said, as JSON; of a `get`, in the address. Texts are templates; one that is a single name "
                "keeps the type of its value. Without it: who, in which journey, at which step.",
                '{email: "{{ email }}", spent: "{{ lifetime_value }}"}',
                default={},
            ),
            Option(
                "timeout",
                _Timeout(fixed=True, words="a length of time from 1 to 60 seconds, such as '10 seconds'"),
                "How long the answer may take.",
                "10 seconds",
                default=Span(seconds=10, text="10 seconds"),
            ),
            Option(
                "on_error",
                Choice(("continue", "exit")),
                "When the call does not get through for good: go on, or end the run.",
                "exit",
                default="continue",
            ),
            Option(
                "on_doubt",
                Choice(("drop", "hold", "resend")),
                "When the answer was lost: leave it, wait for a person, call again (for receivers that drop repeats).",
                "resend",
                default="drop",
            ),
            Option(
                "save",
                Custom("names with fields of the answer", _read_saved, _saved_shape),
                "Fields of the JSON that was answered, by the names under which conditions and templates see them as "
                "`ID.name`; what is not there, or of another type, stays unknown.",
                "{tier: data.tier, points: {at: /data/points, type: number}}",
                default={},
            ),
        ),
        example='webhook: https://crm.example/leads\nid: crm\nbody: {email: "{{ email }}"}\n'
        "save: {tier: data.tier, points: {at: data.points, type: number}}",
        brings="`ok` and what `save` names",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Webhook:
        return cls(
            **place,
            url=options["webhook"],
            method=options["method"],
            body=options["body"],
            timeout=options["timeout"],
            on_error=options["on_error"],
            on_doubt=options["on_doubt"],
            save=options["save"],
        )

    def describe(self) -> str:
        kept = f", keep {', '.join(self.save)}" if self.save else ""
        return f"{self.method} to {self.url}{kept}"

    def outcomes(self) -> tuple[str, ...]:
        return ("webhook.done", "webhook.failed") if self.on_error == "exit" else ()

    def brings(self) -> tuple[ModelField, ...]:
        """What conditions may name behind it."""
        return (OK, *(ModelField(name, each.type) for name, each in self.save.items()))

    def texts(self) -> Iterator[str]:
        """Every template in its body."""
        return _texts(self.body)

    def kept(self, answer: bytes) -> dict[str, Json]:
        """The fields to keep of an answer."""
        try:
            said = json.loads(answer)
        except ValueError:
            return {}
        found = {name: each.find(said) for name, each in self.save.items()}
        return {name: value for name, value in found.items() if value is not None}

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        if run.messages:
            return self._settled(run.messages[-1])
        draft = Draft(
            channel=Channel.WEBHOOK,
            template=self.url,
            message_class=MessageClass.TRANSACTIONAL,
            topic=None,
            on_doubt=self.on_doubt,
            recipient=self.url,
        )
        return Decision(Stay(), "webhook.written", (draft,))

    def _settled(self, call: MessageFact) -> Decision:
        if call.state in OPEN_STATES or call.done_at is None:
            return Decision(Stay(), "webhook.under_way")
        if call.state is MessageState.CANCELLED:
            why = call.reason or "cancelled"
            return self.done(f"webhook.skipped.{why}", call.done_at, brings={"ok": False})
        if call.state not in (MessageState.REFUSED, MessageState.IN_DOUBT):
            return self.done("webhook.done", call.done_at, brings={"ok": True})
        reason = "webhook.failed" if call.state is MessageState.REFUSED else "webhook.in_doubt"
        if self.on_error == "exit":
            return Decision(Leave(reason, call.done_at), reason, brings={"ok": False})
        return self.done(reason, call.done_at, brings={"ok": False})


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)
