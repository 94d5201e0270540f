"""`ab:` on a message: arms with texts of their own, and the rule by which one of them wins.

The arm is a hash of the journey, the step and the person, so she reads the same text in every run, until an arm
has won: from then on everybody gets that one. What was sent stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass

from nurture.model import PERSONAL, Draft, Run, Span
from nurture.nodes import Node
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import read_table
from nurture.options.tables import Option, Table
from nurture.options.values import ID, Choice, Custom, Integer, Length, Named, Share, Text
from nurture.steps.base import Facts, base_of
from nurture.steps.split import draw, read_arms


@dataclass(frozen=True, slots=True)
class Variant:
    """An arm, and what it says otherwise than the message."""

    name: str
    share: int  # in hundredths of a percent
    subject: str | None = None
    template: str | None = None

    def of(self, draft: Draft) -> Draft:
        """The message as this arm has it."""
        return draft._replace(
            arm=self.name,
            template=self.template or draft.template,
            subject=self.subject if self.subject is not None else draft.subject,
        )


@dataclass(frozen=True, slots=True)
class WinnerRule:
    """When it is decided, and by what: once, `after` the first message, with `at_least` people in each arm."""

    by: str  # clicks, opens or conversions
    after: Span
    at_least: int


@dataclass(frozen=True, slots=True)
class ABTest:
    arms: tuple[Variant, ...]
    winner: WinnerRule

    def give(self, draft: Draft, run: Run, facts: Facts) -> tuple[Draft, str]:
        """The message as this person gets it, and why."""
        arms = {arm.name: arm for arm in self.arms}
        won = facts.winner()
        if won in arms:
            return arms[won].of(draft), f"message.written.winner.{won}"
        shares = tuple((arm.name, arm.share) for arm in self.arms)
        name = draw(shares, f"ab:{run.journey}:{base_of(run.step)}", run.ref)
        return arms[name].of(draft), f"message.written.arm.{name}"

    def describe(self) -> str:
        shares = ", ".join(f"{arm.name} {arm.share / 100:g}%" for arm in self.arms)
        return f"A/B test by {self.winner.by}: {shares}"


BY = ("clicks", "opens", "conversions")
FEWEST = 50  # with fewer in an arm the interval is too short; see reports.ab_tests
EXAMPLES = {each.value: "reactivation/coupon" for each in PERSONAL}


def option(channel: str, *, subject: bool, by: tuple[str, ...]) -> Option:
    """The option `ab` of one channel's messages: those with a subject can test it."""
    arm, rule = arm_table(channel, subject=subject), rule_table(by)
    own = 'subject: "Oi"' if subject else f"template: {EXAMPLES[channel]}"
    arms = Option(
        "arms",
        Custom(
            "arms with their shares",
            lambda node, desk: _read_arms(node, arm, desk),
            lambda desk: {**shapes.table_of(shapes.table(arm, desk), ID.pattern), "minProperties": 2},
        ),
        "The arms by name, two or more. Their shares add up to 100%.",
        f"{{a: {{share: 50%}}, b: {{share: 50%, {own}}}}}",
        required=True,
    )
    winner = Option(
        "winner",
        Custom(
            "a table of by, after, at_least",
            lambda node, desk: _read_rule(node, rule, desk),
            lambda desk: shapes.table(rule, desk),
        ),
        "When and by what it is decided. Without a significant difference nobody wins, and the shares stay.",
        "{by: clicks, after: 24 hours, at_least: 500}",
        required=True,
    )
    table = Table("'ab'", (arms, winner), channel)
    return Option(
        "ab",
        Custom(
            "a table of arms, winner",
            lambda node, desk: _read(node, table, desk),
            lambda desk: shapes.table(table, desk),
        ),
        "Try texts against each other. Each person falls to an arm by its share; it is decided once, and if an arm "
        "is significantly better than every other, all who come later get that one.",
        f"{{arms: {arms.example}, winner: {winner.example}}}",
    )


def arm_table(channel: str, *, subject: bool = True) -> Table:
    share = Option("share", Share(), "Its part of the people.", "50%", required=True, default=0)
    own = Option("subject", Text(), "Its own subject.", '"{{ first_name }}, oi"')
    template = Option(
        "template", Named(f"{channel} template", "N405"), "Its own template.", EXAMPLES[channel]
    )
    return Table("an arm", (share, *((own,) if subject else ()), template), channel)


def rule_table(by: tuple[str, ...] = BY) -> Table:
    return Table(
        "'winner'",
        (
            Option(
                "by",
                Choice(by),
                "What is compared: the share of people who did it. Only people count, no scanners. A conversion is "
                "the journey's goal, reached within its time after that arm's message.",
                "clicks",
                required=True,
            ),
            Option(
                "after",
                Length(fixed=True),
                "Not decided sooner than this after the first message.",
                "24 hours",
                required=True,
            ),
            Option(
                "at_least",
                Integer(FEWEST),
                "Not decided with fewer people than this in each arm.",
                "500",
                required=True,
            ),
        ),
    )


def _read_arms(node: Node, table: Table, desk: Desk) -> tuple[Variant, ...] | None:
    example = "such as: arms: {a: {share: 50%}, b: {share: 50%}}"
    found = read_arms(node, table, desk, example)
    return None if found is None else tuple(Variant(name, **arm.values) for name, arm in found.items())


def _read_rule(node: Node, table: Table, desk: Desk) -> WinnerRule | None:
    options = read_table(node, table, desk)
    if options is None or None in options.values.values():
        return None  # what is missing has been said
    return WinnerRule(**options.values)


def _read(node: Node, table: Table, desk: Desk) -> ABTest | None:
    options = read_table(node, table, desk)
    if options is None or options["arms"] is None or options["winner"] is None:
        return None
    return ABTest(options["arms"], options["winner"])
