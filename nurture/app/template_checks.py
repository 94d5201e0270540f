"""Templates held against the journeys that send them: every name that a template takes is given there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nurture.app import whatsapp_checks
from nurture.app.message_checks import MessageChecks
from nurture.app.uses import Sent, sent_by
from nurture.app.workspace import JourneyFile, Workspace
from nurture.compiler.checks import brought
from nurture.compiler.plan import Plan
from nurture.options.desk import PAGE
from nurture.problems import NurtureError, Problem, nearest
from nurture.rendering.sources import TemplateSources
from nurture.steps import Coupon, Exit, Step, Webhook
from nurture.steps.base import base_of

# What every message is given beside the person, the trigger and the steps.
GIVEN = frozenset(("unsubscribe_url", "preferences_url", "locale", "company", "contact", "trigger"))
SURVEY = frozenset(("name", "question", "low", "high", "url", "links", "score"))
_IMPORTED = re.compile(r"\bimport\s+(?:[^\s]+\s+as\s+)?(\w+)")


def check_templates(workspace: Workspace) -> list[Problem]:
    """What is wrong with the templates that journeys send, as far as it shows without a person."""
    from nurture.rendering.renderer import Renderer  # loads Jinja
    from nurture.rendering.unknowns import shown_bare

    renderer = Renderer(TemplateSources.of_workspace(workspace.folder), workspace.as_read)
    used: dict[tuple[str, str], _Used] = {}
    problems: list[Problem] = []
    messages = MessageChecks(renderer, workspace.as_read)
    for journey in workspace.journeys.values():
        for sent in sent_by(journey.plan):
            key = (sent.channel, sent.template)
            if key not in used:
                used[key] = _use(renderer, key, workspace.folder, problems)
            found = list(_Check(journey, sent, used[key], f"template '{sent.template}'").problems())
            if sent.subject:
                own = _Used(shown_bare([sent.subject]))
                found += _Check(journey, sent, own, f"subject '{sent.subject}'").problems()
            if workspace.settings is not None:  # what a mail shows depends on them
                found = found or list(messages.problems(journey.plan, sent))
            problems += found
        problems += _calls(journey)
    if workspace.as_read.whatsapp:
        sources = TemplateSources.of_workspace(workspace.folder)
        problems += whatsapp_checks.of_declared(renderer, sources, workspace.as_read)
    return list(dict.fromkeys(problems))


def _calls(journey: JourneyFile) -> Iterator[Problem]:
    """What is wrong with what webhooks say."""
    from nurture.rendering.unknowns import shown_bare

    for step in journey.plan.steps.values():
        if isinstance(step, Webhook):
            sent = Sent(step, step.KIND.name, step.url, mark=step.mark)
            used = _Used(shown_bare(step.texts()))
            yield from _Check(journey, sent, used, f"webhook '{base_of(step.id)}'").problems()


@dataclass(frozen=True, slots=True)
class _Used:
    """What a template takes from outside, and names that its own imports make."""

    names: frozenset[str] = frozenset()
    imported: frozenset[str] = frozenset()


def _use(renderer: object, key: tuple[str, str], folder: Path, problems: list[Problem]) -> _Used:
    from nurture.rendering.renderer import Renderer

    assert isinstance(renderer, Renderer)
    channel, template = key
    try:
        sources = renderer.bundle(template, channel).sources.values()
        return _Used(renderer.variables(template, channel), imported_names(sources))
    except NurtureError as error:
        problems.extend(error.problems)
        return _Used()


def imported_names(sources: Iterable[str]) -> frozenset[str]:
    """What templates import from each other under a name of their own."""
    return frozenset(name for text in sources for name in _IMPORTED.findall(text))


@dataclass
class _Before:
    """For each step, which names steps before it have brought: on every way, and on some way."""

    always: dict[str, frozenset[str]] = field(default_factory=dict)
    ever: dict[str, frozenset[str]] = field(default_factory=dict)


def brought_before(plan: Plan) -> _Before:
    """Which steps stand before each step. Steps follow their predecessors in a plan's order."""
    found = _Before()
    ways: dict[str, list[str]] = {name: [] for name in plan.steps}
    for step in plan.steps.values():
        for after in _next(step):
            if after is not None:
                ways[after].append(step.id)
    for name in _in_order(plan, ways):
        before = [
            (found.always[way] | _brings_always(plan.steps[way]), found.ever[way] | _brings(plan.steps[way]))
            for way in ways[name]
        ]
        always = [each[0] for each in before]
        found.always[name] = frozenset.intersection(*always) if always else frozenset()
        found.ever[name] = frozenset().union(*(each[1] for each in before))
    return found


def _next(step: Step) -> Iterable[str | None]:
    if isinstance(step, Exit):
        return ()
    ways = set(step.starts.values())
    return ways if step.forks else {step.after, *ways}


def _in_order(plan: Plan, ways: Mapping[str, list[str]]) -> Iterator[str]:
    """Each step after all that lead to it."""
    left = {name: len(set(before)) for name, before in ways.items()}
    ready = [name for name, count in left.items() if not count]
    while ready:
        name = ready.pop()
        yield name
        for after in set(_next(plan.steps[name])) - {None}:
            assert after is not None
            left[after] -= 1
            if not left[after]:
                ready.append(after)


def _brings(step: Step) -> frozenset[str]:
    own = base_of(step.id)
    names = {own, step.save_as} if isinstance(step, Coupon) else {own}
    return frozenset(name for name in names if name)


def _brings_always(step: Step) -> frozenset[str]:
    skips = isinstance(step, Coupon) and step.on_empty == "skip"
    return frozenset() if skips else _brings(step)


@dataclass
class _Check:
    journey: JourneyFile
    sent: Sent
    used: _Used
    what: str  # the template, or the subject that stands in for its own

    def problems(self) -> Iterator[Problem]:
        before = brought_before(self.journey.plan)
        own = self.sent.step.id
        anything = frozenset().union(*map(_brings, self.journey.plan.steps.values()))  # before an exit
        always, ever = before.always.get(own, frozenset()), before.ever.get(own, anything)
        for name in sorted(self.used.names):
            root, _, inner = name.partition(".")
            if root in self.used.imported or root in self.sent.own:
                continue
            if (found := self._root(name, root, always, ever)) is not None:
                yield found
            elif (known := self._inside(root)) is not None and inner and inner.split(".")[0] not in known:
                yield self._problem("N508", f"{self.what} uses '{name}', which nobody gives", inner, known)

    def _root(self, name: str, root: str, always: frozenset[str], ever: frozenset[str]) -> Problem | None:
        """What is wrong with the first part of a name."""
        plan, context = self.journey.plan, self.journey.context
        if root in GIVEN or root in context.contact_fields or root in always:
            return None
        if root == "survey" and self.sent.survey:
            return None
        brings = {each: step for step in plan.steps.values() for each in _brings(step)}
        if root in ever and not isinstance(brings[root], Coupon):
            return None
        if root in ever:
            message = f"{self.what} shows coupon '{root}', which not every way to this step gives"
            return self._problem(
                "N504", message, hint="give the coupon on every way, or move the message behind it"
            )
        if root in brings:
            message = f"{self.what} uses '{name}', but step '{root}' doesn't come before"
            return self._problem("N504", message, hint="move the message behind it")
        known = {*context.contact_fields, *GIVEN, *ever}
        return self._problem("N508", f"{self.what} uses '{name}', which nobody gives", root, known)

    def _inside(self, root: str) -> set[str] | None:
        """The names that may stand behind `root.`; None: any."""
        plan, context = self.journey.plan, self.journey.context
        if root == "contact":
            return set(context.contact_fields)
        if root == "survey":
            return set(SURVEY)
        if root == "trigger":
            trigger = plan.trigger
            fields = trigger.fields(context.event_fields)
            item = {"item"} if any(each.items for each in trigger.parts.values()) else set()
            return {"occurred_at", *(field.name for field in fields), *item}
        steps = [step for step in plan.steps.values() if root in _brings(step)]
        if not steps:
            return None
        return {"at"} | {field.name for step in steps for field in brought(step, context.event_fields)}

    def _problem(
        self, code: str, message: str, word: str = "", known: Iterable[str] = (), hint: str | None = None
    ) -> Problem:
        near, sort = nearest(word, known) if word else None, self.what.partition(" ")[0]
        hint = hint or (f"did you mean '{near}'?" if near else f"correct the {sort}, or give it by 'with:'")
        return Problem(code, message, self.sent.mark, hint, f"{PAGE}#variables")
