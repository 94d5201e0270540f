"""What is wrong with a journey beyond its spelling: names of steps, conditions, ways that nobody takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nurture.compiler.linking import Ids
from nurture.compiler.reading import Placed
from nurture.criteria import Name, Scope, check
from nurture.model import PERSONAL, Field
from nurture.nodes import shorten
from nurture.options.desk import Asked, Desk, Mention, Named, suggestion
from nurture.options.reader import Options
from nurture.steps import Coupon, Exit, FirstReachable, Repeat, Step, Survey, WaitFor, Webhook
from nurture.steps.message import Message
from nurture.steps.repeat import MOST_INSIDE
from nurture.triggers import DateTrigger, EventTrigger, InactivityTrigger, ScheduleTrigger, Trigger
from nurture.vocabulary import BROUGHT


def brought(step: Step, events: Mapping[str, tuple[Field, ...]]) -> tuple[Field, ...]:
    """What a step brings back, beside `at`."""
    if isinstance(step, WaitFor):
        fields = {field.name: field for _, match in step.events for field in events.get(match.name, ())}
        kept = {name for _, names in step.fields for name in names}
        return tuple(field for name, field in fields.items() if name in kept)
    return step.brings() if isinstance(step, Webhook) else BROUGHT.get(step.KIND.name, ())


def check_conditions(
    desk: Desk, trigger: Trigger | None, placed: Mapping[str, Placed], journeys: Sequence[str]
) -> None:
    """Names and types of every condition."""
    scope = scope_of(desk, trigger, placed, journeys)
    for asked in desk.asked:
        desk.problems += check(asked.condition, scope_at(asked, scope), asked.mark)
    for named in desk.named:
        _check_named(named, scope, desk)


def scope_of(
    desk: Desk, trigger: Trigger | None, placed: Mapping[str, Placed], journeys: Sequence[str]
) -> Scope:
    """What the conditions of a run may speak of."""
    events = desk.event_fields
    steps = {name: brought(one.step, events) for name, one in placed.items()}
    steps |= {
        one.step.save_as: brought(one.step, events)
        for one in placed.values()
        if isinstance(one.step, Coupon) and one.step.save_as
    }
    return Scope(
        contact=desk.contact_fields,
        events=events,
        trigger=trigger.fields(events) if trigger is not None else (),
        steps=steps,
        topics=desk.names.get("topic", ()),
        journeys=journeys,
        message_steps=[name for name, one in placed.items() if one.step.sends and one.step.reaches],
        aliases=desk.aliases,
        segments=desk.segments,
        scores=desk.names.get("score", ()),
        stages=desk.names.get("stage", ()),
        items=trigger is not None and any(each.items for each in trigger.parts.values()),
    )


def scope_at(asked: Asked, scope: Scope) -> Scope:
    """What one condition may speak of, where it stands: the event looked at; in a trigger no step was yet, and
    a goal is asked of people who came to none."""
    own = replace(scope, event=_event_fields(asked, scope.events))
    if asked.of_trigger:
        return replace(own, steps=None, trigger=own.event, items=False)
    return replace(own, steps=None) if asked.of_goal else own


def _check_named(named: Named, scope: Scope, desk: Desk) -> None:
    """A value that is spoken of by its name is there, and of the type that is wanted."""
    name = Name(tuple(named.name.split(".")))
    field = scope.find(name)
    if field is None:
        known = scope.fields_of(name.owner)
        if known is None:
            owners = [*(scope.steps or {}), "trigger", "contact"]
            desk.error(
                "N407",
                f"nothing here is called '{name.owner}'",
                named.mark,
                suggestion(name.owner, owners, "step"),
            )
            return
        fits = [each.name for each in known.values() if not named.types or each.type in named.types]
        whose = {"contact": "the person", "trigger": "the trigger"}.get(name.owner, f"step '{name.owner}'")
        hint = suggestion(name.last, fits, "such field")
        desk.error("N407", f"{whose} has no field '{name.last}'", named.mark, hint)
    elif named.types and field.type not in named.types:
        fits = [
            each.name for each in (scope.fields_of(name.owner) or {}).values() if each.type in named.types
        ]
        desk.error("N408", f"'{named.name}' is not a date", named.mark, f"there is {', '.join(fits)}")


def _event_fields(asked: Asked, events: Mapping[str, tuple[Field, ...]]) -> tuple[Field, ...] | None:
    if not asked.events:
        return None
    return tuple({field.name: field for name in asked.events for field in events.get(name, ())}.values())


def check_repeats(desk: Desk, block: Sequence[Placed], passes: int = 1) -> None:
    """Repeats inside repeats come to no more passes than can be written out; `passes` are those around them."""
    for one in block:
        inside = passes * one.step.times if isinstance(one.step, Repeat) else passes
        if inside > MOST_INSIDE and inside > passes > 1:
            message = f"a repeat inside a repeat that comes to {inside:,} passes"
            hint = f"together they make at most {MOST_INSIDE}: repeat one of them less often"
            desk.error("N521", message, one.step.mark, hint, "repeat")
            continue
        for nested in one.blocks.values():
            check_repeats(desk, nested, inside)


def check_aims(placed: Iterable[Placed], desk: Desk) -> None:
    """In a journey without a goal nothing is decided by it."""
    for one in placed:
        test = one.step.ab if isinstance(one.step, Message) else None
        if test is not None and test.winner.by == "conversions":
            message = "the A/B test is decided by conversions, and the journey has no goal"
            hint = "add 'goal:' to the journey, or decide by clicks"
            desk.error("N526", message, one.step.mark, hint, "goal")


def check_mentions(desk: Desk, placed: Mapping[str, Placed]) -> None:
    """Steps that are spoken of exist, come before, and can have what is asked of them."""
    for mention in desk.mentions:
        one = placed.get(mention.id)
        if one is None:
            hint = suggestion(mention.id, list(placed), "step")
            desk.error("N406", f"no step has the id '{mention.id}'", mention.mark, hint)
        elif _comes_later(one, mention):
            desk.error(
                "N406", f"step '{mention.id}' comes later", mention.mark, "name a step that comes before"
            )
    for one in placed.values():
        if isinstance(one.step, WaitFor):
            _check_of(one.step, desk, placed)


def _comes_later(one: Placed, mention: Mention) -> bool:
    mark = one.step.mark
    return (mark.line, mark.column) >= (mention.mark.line, mention.mark.column)


def _check_of(wait: WaitFor, desk: Desk, placed: Mapping[str, Placed]) -> None:
    for _, match in wait.events:
        channel = match.name.partition("_")[0]
        if match.of is None or match.of not in placed or channel not in PERSONAL:
            continue
        step = placed[match.of].step
        if channel not in _channels(step):
            kind = step.KIND.name
            message = f"'{match.name}' never comes of step '{match.of}', which is '{kind}'"
            desk.error("N510", message, wait.mark, f"name a step that sends by {channel}")


def _channels(step: Step) -> tuple[str, ...]:
    match step:
        case Message():
            return (step.CHANNEL.value, *((step.instead.channel.value,) if step.instead else ()))
        case FirstReachable():
            return tuple(message.CHANNEL.value for message in step.messages)
        case Survey():
            return (step.channel.value,)
        case _:
            return ()


def check_reach(block: Sequence[Placed], desk: Desk) -> bool:
    """Report steps that come after the end of every way; whether this block always ends the run."""
    ended = False
    reported = False
    for one in block:
        if ended and not reported:
            message = f"nobody gets here: every way before '{one.step.KIND.name}' ends the run"
            desk.error("N503", message, one.step.mark, "take it away, or the 'exit' before it", "exit")
            reported = True
        ways = [check_reach(nested, desk) for nested in one.blocks.values()]
        ended = ended or isinstance(one.step, Exit) or (one.step.forks and bool(ways) and all(ways))
    return ended


def check_trigger(options: Options) -> None:
    """What stands beside the trigger goes with it."""
    trigger = options["trigger"]
    kinds = tuple(trigger.parts.values())
    if options["backfill"] == "all" and not any(isinstance(each, InactivityTrigger) for each in kinds):
        message = "'backfill: all' does nothing here: only silence can have begun before the journey"
        options.error("N509", message, "backfill", "take it away")
    before = (InactivityTrigger, EventTrigger)
    if options["backfill"] == "at_elapsed_step" and not any(isinstance(each, before) for each in kinds):
        message = "'backfill: at_elapsed_step' does nothing here: nobody has qualified before the journey"
        options.error("N509", message, "backfill", "take it away")
    if options["reentry"] is None and any(_repeats(each) for each in kinds):
        message = "the schedule comes again, but 'reentry' lets each person in once in a lifetime"
        options.desk.warn("N515", message, trigger.mark, "add 'reentry: after_exit'")
    if isinstance(trigger, DateTrigger) and trigger.yearly and options["reentry"] is None:
        message = f"'{trigger.field}' comes every year, but 'reentry' lets each person in once in a lifetime"
        hint = "add 'reentry: {after: 300 days}', or 'repeats: never' to the trigger"
        options.desk.warn("N515", message, trigger.mark, hint)


def _repeats(trigger: Trigger) -> bool:
    return isinstance(trigger, ScheduleTrigger) and trigger.calendar.once is None


def by_id(placed: Sequence[Placed], ids: Ids) -> dict[str, Placed]:
    return {ids[id(inner)]: inner for outer in placed for inner in outer.walk()}


def words(step: Step) -> str:
    """The step on one line."""
    return shorten(step.describe(), 80)
