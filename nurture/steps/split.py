"""`split:` sends shares of the people different ways. Who was given a way keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture import digests
from nurture.model import Decision, Go, Run, TakeArm
from nurture.nodes import Mapping, Node, sort_of
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options, read_table
from nurture.options.tables import Kind, Option, Table
from nurture.options.values import ID, Custom, Matching, Share
from nurture.steps.base import Facts, Step
from nurture.steps.blocks import Steps

NAME = Matching("a name", ID, "write small letters, digits and underscores, such as 'tone'")
ARM = Table(
    "an arm",
    (
        Option("share", Share(), "Its part of the people.", "50%", required=True, default=0),
        Option("steps", Steps(), "What happens to them.", "[{email: welcome/hello}]", default=()),
    ),
    anchor="split",
)


def read_arms(node: Node, table: Table, desk: Desk, example: str) -> dict[str, Options] | None:
    """Arms by name, two or more, whose shares add up to everybody; None where there are too few."""
    if not isinstance(node, Mapping) or len(node.pairs) < 2:
        found = sort_of(node) if not isinstance(node, Mapping) else "fewer"
        desk.error("N104", f"expected two arms or more, found {found}", node.mark, example, table.anchor)
        return None
    for name, _ in node:
        if not ID.fullmatch(name.text):
            desk.error(
                "N113", f"'{name.text}' is not a name: small letters, digits and underscores", name.mark
            )
    tables = {name.text: read_table(value, table, desk) for name, value in node}
    arms = {name: read for name, read in tables.items() if read is not None}
    check_shares({name: arm["share"] for name, arm in arms.items()}, node, desk, table.anchor)
    return arms


def _arms(node: Node, desk: Desk) -> dict[str, Options] | None:
    return read_arms(node, ARM, desk, "such as: arms: {a: {share: 50%, steps: []}, b: {share: 50%}}")


def check_shares(shares: dict[str, int], node: Mapping, desk: Desk, anchor: str) -> None:
    """Shares of arms add up to everybody."""
    total = sum(shares.values())
    if total != digests.WHOLE:
        message = f"the shares add up to {total / 100:g}%"
        desk.error("N520", message, node.mark, "make them add up to 100%", anchor)


def draw(shares: tuple[tuple[str, int], ...], salt: str, ref: str) -> str:
    """The arm to which a person falls, the same at every replay."""
    place = digests.bucket(salt, digests.hash31(ref))
    for name, share in shares:
        if place < share:
            return name
        place -= share
    return shares[-1][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split(Step):
    """The arm is stored for journey, split and person: shares that change move only newcomers."""

    name: str
    shares: tuple[tuple[str, int], ...]  # in hundredths of a percent

    forks = True
    KIND = Kind(
        "split",
        "Send shares of the people different ways. Who was given an arm keeps it, in later runs and versions too; "
        "shares that change move only newcomers.",
        Option("split", NAME, "Its name, the same for ever.", "tone", required=True, default=""),
        (
            Option(
                "arms",
                Custom(
                    "arms with their shares",
                    _arms,
                    lambda desk: {**shapes.table_of(shapes.table(ARM, desk), ID.pattern), "minProperties": 2},
                ),
                "The arms by name. Their shares add up to 100%.",
                "{a: {share: 50%, steps: [{email: welcome/hello}]}, b: {share: 50%}}",
                required=True,
            ),
        ),
        example="split: tone\narms:\n  warm:\n    share: 50%\n    steps:\n      - email: welcome/hello\n"
        "  quiet:\n    share: 50%",
        brings="`arm`, its name",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Split:
        arms: dict[str, Options] = options["arms"] or {}
        for name, arm in arms.items():
            options.block(f"arm.{name}", arm["steps"])
        shares = tuple((name, arm["share"]) for name, arm in arms.items())
        return cls(**place, name=options["split"], shares=shares)

    def describe(self) -> str:
        shares = ", ".join(f"{name} {share / 100:g}%" for name, share in self.shares)
        return f"split '{self.name}': {shares}"

    def outcomes(self) -> tuple[str, ...]:
        return tuple(f"split.{name}" for name, _ in self.shares)

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        arm = facts.arm(self.name)
        effects: tuple[TakeArm, ...] = ()
        if arm not in dict(self.shares):
            arm = draw(self.shares, f"split:{run.journey}:{self.name}", run.ref)
            effects = (TakeArm(self.name, arm),)
        move = Go(self.starts[f"arm.{arm}"], run.arrived_at)
        return Decision(move, f"split.{arm}", effects, brings={"arm": arm})
