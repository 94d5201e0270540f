"""What a workspace says of its people: `segments.yaml`, `stages.yaml`, `scores.yaml` and `routes.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nurture import nodes
from nurture.compiler import CompileContext
from nurture.criteria import Condition, Scope, check
from nurture.model import Route
from nurture.nodes import Node, Scalar, Sequence, sort_of
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options, read_table
from nurture.options.shapes import Schema
from nurture.options.tables import Option, Table
from nurture.options.values import EMAIL, ID, NAME, ConditionText, OneOrMore
from nurture.problems import Mark, Problem

_SIGNS = "small letters, digits"


@dataclass(frozen=True, slots=True)
class Segment:
    """Everybody for whom the condition holds, and where it stands."""

    condition: Condition
    mark: Mark


def segments(node: Node | None, problems: list[Problem]) -> dict[str, Segment]:
    """The segments by name; those whose condition can't be read are left out, and it is said why."""
    desk = Desk(problems=problems)
    found = {}
    for name, value in _table(
        node, desk, NAME, "segments with their conditions", "vip: lifetime_value >= 500"
    ):
        condition = ConditionText().read(value, desk)
        if condition is not None:
            found[name] = Segment(condition, value.mark)
    return found


def check_segments(found: Mapping[str, Segment], context: CompileContext, problems: list[Problem]) -> None:
    """Names and types in the conditions, and circles of them: a segment stands outside of any run."""
    scope = _outside(context, {name: each.condition for name, each in found.items()})
    for each in found.values():
        problems += check(each.condition, scope, each.mark)


def _outside(context: CompileContext, segments: Mapping[str, Condition]) -> Scope:
    """What a condition may speak of outside of any run."""
    return Scope(
        contact=context.contact_fields,
        events=context.event_fields,
        topics=context.topics,
        journeys=context.journeys,
        segments=segments,
        aliases=context.event_aliases,
        scores=context.scores,
        stages=context.stages,
    )


ROUTE = Table(
    "a way of the rule",
    (
        Option("when", ConditionText(), "For whom; without it for everybody else.", 'country = "BR"'),
        Option(
            "to", OneOrMore(EMAIL), "Who gets them. Several share them.", "sales@example.com", required=True
        ),
    ),
)


def routes(node: Node | None, problems: list[Problem]) -> dict[str, tuple[Options, ...]]:
    """The routing rules by name, each a list of ways of which the first that fits is taken."""
    desk = Desk(problems=problems)
    found = {}
    example = "sales: [{to: sales@example.com}]"
    for name, value in _table(node, desk, ID, "routing rules", example):
        if not isinstance(value, Sequence):
            desk.error(
                "N104", f"expected a list of ways, found {sort_of(value)}", value.mark, f"such as: {example}"
            )
            continue
        ways = [read_table(item, ROUTE, desk) for item in value.items]
        found[name] = tuple(way for way in ways if way is not None and way["to"])
    return found


def check_routes(
    found: Mapping[str, tuple[Options, ...]], context: CompileContext, problems: list[Problem]
) -> None:
    """Names and types in the rules' conditions."""
    scope = _outside(context, context.segment_conditions)
    for ways in found.values():
        for way in ways:
            if way["when"] is not None:
                problems += check(way["when"], scope, way.mark_of("when"))


def plain_routes(found: Mapping[str, tuple[Options, ...]]) -> dict[str, tuple[Route, ...]]:
    return {
        name: tuple(Route(way["when"].text if way["when"] else None, way["to"]) for way in ways)
        for name, ways in found.items()
    }


def stages(node: Node | None, problems: list[Problem]) -> tuple[str, ...]:
    """The stages in the order in which people pass them."""
    desk = Desk(problems=problems)
    if node is None:
        return ()
    if not isinstance(node, Sequence):
        desk.error("N104", f"expected a list of stages, found {sort_of(node)}", node.mark, "such as: - lead")
        return ()
    found: dict[str, Scalar] = {}
    for item in node.items:
        if not isinstance(item, Scalar) or not NAME.fullmatch(item.text):
            desk.error("N113", f"a stage is a word in {_SIGNS}, hyphens and underscores", item.mark)
        elif item.text in found:
            related = (("first here", found[item.text].mark),)
            desk.error(
                "N114", f"the stage '{item.text}' is here twice", item.mark, "keep one", related=related
            )
        else:
            found[item.text] = item
    return tuple(found)


def scores(node: Node | None, problems: list[Problem]) -> dict[str, str]:
    """The scores by name, with what they say of a person."""
    desk = Desk(problems=problems)
    found = {}
    for name, value in _table(
        node, desk, ID, "scores with what they mean", "interest: How much they look at"
    ):
        if isinstance(value, Scalar):
            found[name] = value.text
        else:
            desk.error("N104", f"expected what '{name}' means, found {sort_of(value)}", value.mark)
    return found


def segments_shape(desk: Desk) -> Schema:
    return shapes.table_of(ConditionText().schema(desk), NAME.pattern)


def scores_shape() -> Schema:
    return shapes.table_of(shapes.or_nothing(shapes.scalar("what it means")), ID.pattern)


def stages_shape() -> Schema:
    return shapes.list_of(shapes.matching("a stage", NAME.pattern))


def _table(
    node: Node | None, desk: Desk, form: re.Pattern[str], words: str, example: str
) -> list[tuple[str, Node]]:
    """The rows of a table whose keys are names of this form."""
    if node is None:
        return []
    if not isinstance(node, nodes.Mapping):
        desk.error("N104", f"expected {words}, found {sort_of(node)}", node.mark, f"such as: {example}")
        return []
    for key, _ in node:
        if not form.fullmatch(key.text):
            more = ", hyphens and underscores" if form is NAME else " and underscores"
            desk.error("N113", f"'{key.text}' can't be a name: {_SIGNS}{more}", key.mark)
    return [(key.text, value) for key, value in node if form.fullmatch(key.text)]
