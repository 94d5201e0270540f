"""`branch:` takes the first of several ways whose condition holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.criteria import Condition, in_words
from nurture.model import Decision, Go, Run, Truth
from nurture.nodes import Node, Sequence, sort_of
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options, read_table
from nurture.options.tables import Kind, Option, Table
from nurture.options.values import ConditionText, Custom
from nurture.steps.base import Facts, Needs, Step
from nurture.steps.blocks import Steps

WAY = Table(
    "a way of the branch",
    (
        Option("if", ConditionText(), "This way, if it holds.", "lifetime_value >= 1000"),
        Option("then", Steps(), "The steps of this way.", ""),
        Option("else", Steps(), "The steps where no condition held. Last.", ""),
    ),
    anchor="branch",
    rules=(shapes.exactly_one("if", "else"), {"dependencies": {"if": ["then"], "then": ["if"]}}),
)


def _ways(node: Node, desk: Desk) -> tuple[Options, ...] | None:
    if not isinstance(node, Sequence) or not node.items:
        hint = "write a list: '- if: ...' with 'then:', and last '- else:'"
        desk.error("N104", f"expected a list of ways, found {sort_of(node)}", node.mark, hint, "branch")
        return None
    ways = [read_table(item, WAY, desk) for item in node.items]
    for way in ways[:-1]:
        if way is not None and way.given("else"):
            way.error("N505", "'else' comes last: the ways after it are never taken", "else")
    return tuple(way for way in ways if way is not None)


def _check(way: Options) -> None:
    if way.given("if") and way.given("else"):
        way.error("N106", "'if' and 'else' in one way", "else", "put '- else:' in an item of its own")
    elif way.given("if") and not way.given("then"):
        way.error("N103", "'if' needs 'then'", "if", "add 'then:' with the steps")
    elif not way.given("if") and not way.given("else") and not way.meant:
        way.error("N103", "a way needs 'if' or 'else'", "", "write '- if: ...' with 'then:'")
    elif way.given("else") and way.given("then"):
        way.error("N108", "'else' takes its steps itself, without 'then'", "then")


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch(Step):
    conditions: tuple[Condition, ...]

    forks = True
    KIND = Kind(
        "branch",
        "The first way whose condition holds, else the last.",
        Option(
            "branch",
            Custom("a list of ways", _ways, lambda desk: shapes.list_of(shapes.table(WAY, desk), 1)),
            "The ways.",
            "",
            required=True,
            default=(),
        ),
        example="branch:\n  - if: lifetime_value >= 1000\n    then:\n      - coupon: WINBACK15\n"
        "  - else:\n      - wait: 1 day",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Branch:
        conditions: list[Condition] = []
        for way in options["branch"]:
            _check(way)
            condition = way.condition("if")
            if way.given("if"):
                if condition is not None:
                    conditions.append(condition)
                options.block(f"if.{len(options.blocks) + 1}", way["then"])
            elif way.given("else"):
                options.block("else", way["else"])
        options.blocks.setdefault("else", ())
        return cls(**place, conditions=tuple(conditions))

    def describe(self) -> str:
        return "branch: " + "; else if ".join(in_words(condition) for condition in self.conditions)

    def needs(self) -> Needs:
        return Needs(self.conditions)

    def outcomes(self) -> tuple[str, ...]:
        return tuple(f"branch.{label}" for label in self.starts)

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        truths: list[Truth] = []
        label = "else"
        for number, condition in enumerate(self.conditions, 1):
            truths.append(facts.truth(condition))
            if truths[-1].value:
                label = f"if.{number}"
                break
        return Decision(Go(self.starts[label], run.arrived_at), f"branch.{label}", truths=tuple(truths))
