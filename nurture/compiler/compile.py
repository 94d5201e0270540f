"""From a journey's text to its plan."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.compiler import in_flight
from nurture.compiler.checks import (
    by_id,
    check_aims,
    check_conditions,
    check_mentions,
    check_reach,
    check_repeats,
    check_trigger,
)
from nurture.compiler.context import CompileContext
from nurture.compiler.hashing import behavior_hash
from nurture.compiler.journey import read_journey
from nurture.compiler.linking import Ids, behind_repeats, link, name_steps
from nurture.compiler.passes import renamed
from nurture.compiler.plan import Plan
from nurture.compiler.reading import Placed, read_steps, read_trigger
from nurture.compiler.yaml_reader import load
from nurture.nodes import Mapping, sort_of
from nurture.options.desk import Desk
from nurture.options.reader import Options
from nurture.problems import Mark, Problem, Severity


@dataclass(frozen=True, slots=True)
class Compiled:
    """The plan, unless an error stands in its way, and all problems in the order of the file."""

    plan: Plan | None
    problems: tuple[Problem, ...]
    name: str | None = None  # the journey's, as far as it can be read


def compile_journey(text: str, file: str, context: CompileContext, *, published: bool = False) -> Compiled:
    """Compile a journey. Never raises for what somebody wrote: whatever is wrong is among the problems.

    One that was `published` made sense then: a check of sense that a later release added doesn't stop it.
    """
    node, problems = load(text, file)
    desk = Desk(
        names=context.names,
        problems=problems,
        read_trigger=lambda node: read_trigger(node, desk),
        read_steps=lambda node: read_steps(node, desk),
        aliases=context.event_aliases,
        contact_fields=context.contact_fields,
        event_fields=context.event_fields,
        segments=context.segment_conditions,
        routes=context.routes,
    )
    if node is None:
        return Compiled(None, tuple(problems))
    if not isinstance(node, Mapping):
        desk.error(
            "N009", f"a journey is a table of keys, found {sort_of(node)}", node.mark, "begin with 'journey:'"
        )
        return Compiled(None, tuple(desk.problems))
    options = read_journey(node, desk)
    assert options is not None
    plan = _plan(options, desk, context, published)
    found = tuple(sorted(dict.fromkeys(desk.problems), key=_place))
    failed = any(_stops(problem, published) for problem in found)
    return Compiled(None if failed else plan, found, options["journey"] or None)


def _stops(problem: Problem, published: bool) -> bool:
    of_sense = problem.code.startswith("N5")
    return problem.severity is Severity.ERROR and not (published and of_sense)


def _place(problem: Problem) -> tuple[int, int]:
    return (problem.mark.line, problem.mark.column) if problem.mark else (0, 0)


def _plan(options: Options, desk: Desk, context: CompileContext, published: bool) -> Plan | None:
    placed: tuple[Placed, ...] = options["steps"]
    if options.given("steps") and not placed and not desk.problems:
        options.error(
            "N103", "a journey needs at least one step", "steps", "such as '- email: welcome/hello'"
        )
    ids = name_steps(placed, desk)
    named = by_id(placed, ids)
    journeys = (*context.journeys, options["journey"])
    check_conditions(desk, options["trigger"], named, journeys)
    check_mentions(desk, named)
    check_repeats(desk, placed)
    check_reach(placed, desk)
    in_flight.check(options, frozenset(ids.values()))
    if options["trigger"] is not None:
        check_trigger(options)
    if options["goal"] is None and not options.given("goal"):
        check_aims(named.values(), desk)
    if options["trigger"] is None or any(_stops(problem, published) for problem in desk.problems):
        return None
    return _make(options, placed, ids)


def _make(options: Options, placed: tuple[Placed, ...], ids: Ids) -> Plan:
    first, steps = link(placed, None, ids)
    exits = options["exit"]
    if anywhere := behind_repeats(placed, ids):
        steps = [renamed(step, {}, anywhere) for step in steps]
        exits = renamed(exits, {}, anywhere)
    behavior = {
        name: options[name]
        for name in (
            "journey",
            "trigger",
            "topic",
            "reentry",
            "on_repeat",
            "holdout",
            "goal",
            "priority",
            "limits",
            "backfill",
        )
        + ("in_flight",)
    }
    marks: dict[str, Mark] = {name: options.mark_of(name) for name in options.nodes}
    return Plan(
        **behavior,
        hash=behavior_hash(behavior, exits, first, steps),
        exits=exits,
        steps={step.id: step for step in steps},
        first=first,
        owner=options["owner"],
        description=options["description"],
        marks=marks,
        unnamed=frozenset(ids[id(one)] for outer in placed for one in outer.walk() if one.id is None),
    )
