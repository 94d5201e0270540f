"""Templates held against the journeys that send them: every name that a template takes is given there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nurture.app import whatsapp_checks
from nurture.app.message_checks import MessageChecks, WorstOf
from nurture.app.uses import Sent, sent_by
from nurture.app.workspace import JourneyFile, Workspace
from nurture.compiler.brought import brings, brought_before
from nurture.compiler.checks import brought
from nurture.options.desk import PAGE
from nurture.problems import Mark, NurtureError, Problem, nearest
from nurture.rendering.sources import TemplateSources
from nurture.steps import Coupon, Webhook
from nurture.steps.base import base_of
from nurture.vocabulary import CONTACT_FIELDS

if TYPE_CHECKING:
    from nurture.rendering.renderer import Renderer

# What every message is given beside the person, the trigger and the steps.
GIVEN = frozenset(("unsubscribe_url", "preferences_url", "locale", "company", "contact", "trigger"))
SURVEY = frozenset(("name", "question", "low", "high", "url", "links", "score"))
_IMPORTED = re.compile(r"\bimport\s+(?:[^\s]+\s+as\s+)?(\w+)")


def check_templates(workspace: Workspace, worst: WorstOf | None = None) -> list[Problem]:
    """What is wrong with the templates that journeys send, as far as it shows without a person; with `worst` SMS are
    counted with the longest values of all."""
    from nurture.rendering.renderer import Renderer  # loads Jinja
    from nurture.rendering.unknowns import shown_bare

    renderer = Renderer(TemplateSources.of_workspace(workspace.folder), workspace.as_read)
    used: dict[tuple[str, str], _Used] = {}
    problems: list[Problem] = []
    messages = MessageChecks(renderer, workspace.as_read, worst)
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
    if any(topic.double_opt_in for topic in workspace.as_read.topics.values()):
        problems += _of_confirming(renderer, workspace)
    return list(dict.fromkeys(problems))


def _of_confirming(renderer: Renderer, workspace: Workspace) -> Iterator[Problem]:
    """What is wrong with the mail that asks to confirm a consent, which no journey sends."""
    from nurture.app.confirming import BROUGHT, TEMPLATE  # with it comes the database

    try:
        names, sources = renderer.variables(TEMPLATE), renderer.bundle(TEMPLATE).sources
    except NurtureError as error:
        yield from error.problems
        return
    what, file = f"template '{TEMPLATE}'", f"templates/email/{TEMPLATE}"
    for ending in (".html", ".txt"):
        texts = [text for name, text in sources.items() if name.endswith(ending)]
        if texts and not any("confirm_url" in text for text in texts):
            message = f"{what} shows no 'confirm_url': nobody could confirm by it"
            yield Problem("N103", message, Mark(file + ending, 1, 1), "write {{ confirm_url }} as a link")
    mark, imported = Mark(f"{file}.html", 1, 1), imported_names(sources.values())
    known = {*CONTACT_FIELDS, *workspace.as_read.fields, *GIVEN, *BROUGHT}
    for name in sorted(names):
        root = name.partition(".")[0]
        if root not in known and root not in imported:
            near = nearest(root, known)
            hint = f"did you mean '{near}'?" if near else "take it away"
            message = f"{what} uses '{name}', which nobody gives to a mail that belongs to no journey"
            yield Problem("N508", message, mark, hint, f"{PAGE}#variables")


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
class _Check:
    journey: JourneyFile
    sent: Sent
    used: _Used
    what: str  # the template, or the subject that stands in for its own

    def problems(self) -> Iterator[Problem]:
        before = brought_before(self.journey.plan)
        own = self.sent.step.id
        anything = frozenset().union(*map(brings, self.journey.plan.steps.values()))  # before an exit
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
        bringers = {each: step for step in plan.steps.values() for each in brings(step)}
        if root in ever and not isinstance(bringers[root], Coupon):
            return None
        if root in ever:
            message = f"{self.what} shows coupon '{root}', which not every way to this step gives"
            return self._problem(
                "N504", message, hint="give the coupon on every way, or move the message behind it"
            )
        if root in bringers:
            message = f"{self.what} uses '{name}', but step '{root}' doesn't come before"
            return self._problem("N504", message, hint="move the message behind it")
        known = {*context.contact_fields, *GIVEN, *ever}
        hint = "give one by a step 'coupon:' before it" if root == "coupon" else None
        inner = name.partition(".")[2]
        if root == "event" and inner in (self._inside("trigger") or ()):
            hint = f"write trigger.{inner}: event.x stands in conditions"
        return self._problem("N508", f"{self.what} uses '{name}', which nobody gives", root, known, hint)

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
        steps = [step for step in plan.steps.values() if root in brings(step)]
        if not steps:
            return None
        return {"at"} | {field.name for step in steps for field in brought(step, context.event_fields)}

    def _problem(
        self, code: str, message: str, word: str = "", known: Iterable[str] = (), hint: str | None = None
    ) -> Problem:
        near, sort = nearest(word, known) if word else None, self.what.partition(" ")[0]
        hint = hint or (f"did you mean '{near}'?" if near else f"correct the {sort}, or give it by 'with:'")
        return Problem(code, message, self.sent.mark, hint, f"{PAGE}#variables")
