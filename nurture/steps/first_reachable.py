"""`first_reachable:` sends the first message of a list whose channel reaches the person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from nurture.model import Decision, MessageState, Run, Stay, Truth
from nurture.nodes import Mapping, Node, Sequence, sort_of
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options, read_table
from nurture.options.tables import Kind, Option, Table
from nurture.options.values import Custom
from nurture.problems import nearest
from nurture.steps.base import Facts, Needs, Step
from nurture.steps.message import MESSAGES, UNREACHABLE, Message, settled, skipped
from nurture.steps.on_cap import WORD_ALONE

# A test stands at a message of its own: who is in an arm of it must not hang on whom a channel reaches.
ALONE = ("ab",)
_HOMES = dict.fromkeys(ALONE, "it belongs to a message that is a step of its own")


def _alternatives(node: Node, desk: Desk) -> tuple[Message, ...] | None:
    if not isinstance(node, Sequence) or not node.items:
        desk.error("N104", f"expected a list of messages, found {sort_of(node)}", node.mark, "- email: ...")
        return None
    return tuple(message for item in node.items if (message := _message(item, desk)))


def _message(node: Node, desk: Desk) -> Message | None:
    kinds = [kind for kind in MESSAGES if isinstance(node, Mapping) and kind.KIND.name in node]
    if len(kinds) != 1 or not isinstance(node, Mapping):
        _complain(node, len(kinds), desk)
        return None
    kind = _in_a_list(kinds[0].KIND)
    options = read_table(
        node, Table(f"'{kind.name}'", (kind.argument, *kind.options), kind.name), desk, _HOMES
    )
    return kinds[0].parse(options, id=kind.name, mark=node.key(kind.name).mark) if options else None


def _complain(node: Node, kinds: int, desk: Desk) -> None:
    message = "expected one message here, such as '- email: hello'"
    if kinds > 1:
        desk.error("N106", message, node.mark, "write each as an item of its own, the preferred one first")
        return
    for key, _ in node if isinstance(node, Mapping) else ():
        near = nearest(key.text, [each.KIND.name for each in MESSAGES])
        if near is not None:
            desk.error("N106", message, key.mark, f"did you mean '{near}'?")
            return
    desk.error("N106", message, node.mark)


def _in_a_list(kind: Kind) -> Kind:
    """A message as one of several."""
    options = (WORD_ALONE if each.name == "on_cap" else each for each in kind.options)
    return replace(kind, options=tuple(each for each in options if each.name not in ALONE))


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstReachable(Step):
    """Message n of the list is slot n. Chosen once: a deferral keeps the choice, and only a channel that
    turns out not to reach the person passes on to the next."""

    messages: tuple[Message, ...]

    sends = True
    KIND = Kind(
        "first_reachable",
        "The first message whose channel has an address, consent and no suppression.",
        Option(
            "first_reachable",
            Custom(
                "a list of messages",
                _alternatives,
                lambda desk: shapes.list_of(
                    shapes.kinds([_in_a_list(each.KIND) for each in MESSAGES], desk), 1
                ),
            ),
            "Messages, the preferred one first.",
            "[{sms: birthday/hello}, {email: birthday/hello}]",
            required=True,
            default=(),
        ),
        example="first_reachable:\n  - sms: birthday/hello\n  - email: birthday/hello",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> FirstReachable:
        return cls(**place, messages=options["first_reachable"])

    def describe(self) -> str:
        return "the first that reaches: " + "; else ".join(each.describe() for each in self.messages)

    def needs(self) -> Needs:
        return Needs(tuple(condition for each in self.messages for condition in each.needs().conditions))

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        if not run.messages:
            return self._choose(run, facts, 0, "unreachable")
        last = max(run.messages, key=lambda message: message.slot)
        if last.state is MessageState.CANCELLED and last.reason in UNREACHABLE:
            return self._choose(run, facts, last.slot + 1, last.reason)
        return settled(self, last)

    def _choose(self, run: Run, facts: Facts, slot: int, why: str) -> Decision:
        truths: list[Truth] = []
        for number in range(slot, len(self.messages)):
            message = self.messages[number]
            if message.send_if is not None:
                truths.append(facts.truth(message.send_if))
                if not truths[-1].value:
                    why = "send_if"
                    continue
            draft = message.addressed(run, facts, number)
            unreachable = "no_address" if draft is None else None
            if message.to is None:
                unreachable = facts.reachable(message.CHANNEL, message.message_class, message.topic)
            if draft is not None and unreachable is None:
                return Decision(Stay(), f"message.written.{message.CHANNEL}", (draft,), tuple(truths))
            why = unreachable or why
        at = max((m.done_at for m in run.messages if m.done_at), default=run.arrived_at)
        return skipped(self, why, at, tuple(truths))
