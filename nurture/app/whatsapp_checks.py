"""WhatsApp's rules, asked before a provider is: of what whatsapp.yaml declares, and of what journeys send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nurture.app.uses import Sent
from nurture.compiler.brought import brought_before
from nurture.compiler.plan import Plan
from nurture.model import Channel
from nurture.problems import NurtureError, Problem, Severity
from nurture.rendering.sources import TemplateSources
from nurture.settings import ApprovedTemplate, Settings
from nurture.steps import FirstReachable, Message, WaitFor

if TYPE_CHECKING:
    from nurture.rendering.renderer import Renderer

PAGE = "docs/reference/whatsapp.md"
ANSWERED = f"{Channel.WHATSAPP}_replied"


def of_declared(renderer: Renderer, sources: TemplateSources, settings: Settings) -> Iterator[Problem]:
    """What a provider would refuse of the templates that whatsapp.yaml declares, in each of their languages."""
    written = list(sources.names())
    for name, template in settings.whatsapp.items():
        for file, locale in _files(name, written, settings.company.locale):
            yield from _of_file(renderer, name, template, file, locale)


def _files(name: str, written: list[str], own: str) -> Iterator[tuple[str, str]]:
    """A template's files, each with its language: that of `hello.txt` is the company's."""
    for file in written:
        stem, _, rest = file.removeprefix("whatsapp/").removesuffix(".txt").partition(".")
        if stem == name and file.startswith("whatsapp/"):
            yield file, rest or own


def _of_file(
    renderer: Renderer, name: str, template: ApprovedTemplate, file: str, locale: str
) -> Iterator[Problem]:
    from nurture.rendering.approved import NotFixed, mistakes  # loads Jinja
    from nurture.rendering.errors import problem_at

    if template.languages and locale not in template.languages:
        message = f"the approved template '{name}' has no language for '{locale}'"
        yield problem_at(
            "N541", message, file, 1, None, f"add '{locale}' to its 'languages' in whatsapp.yaml"
        )
    try:
        form = renderer.approved(name, locale)
    except NotFixed as error:
        hint = "write what differs as {{ ... | default(...) }}, or make two templates"
        yield problem_at("N539", str(error), file, error.line, None, hint)
        return
    except NurtureError:
        return  # told where it is sent
    for message in mistakes(form) if form is not None else ():
        yield problem_at("N540", f"WhatsApp refuses the template '{name}': {message}", file, 1, None, None)


def of_message(renderer: Renderer, settings: Settings, plan: Plan, sent: Sent) -> Iterator[Problem]:
    """What keeps a message from going out, or lets it go out now and then only."""
    from nurture.rendering.approved import has_buttons

    approved = sent.template in settings.whatsapp
    to_other = any(message.to is not None for message in _messages(sent))
    if not approved and to_other:
        message = f"WhatsApp text '{sent.template}' goes to somebody else, to whom no window is open"
        yield _problem("N542", message, sent, "send a template that the provider approved", Severity.ERROR)
    elif not approved and not _answers(plan, sent):
        message = f"WhatsApp text '{sent.template}' is no approved template: it goes out within 24 hours of the person's last message only"
        hint = "declare it in whatsapp.yaml, or send it after 'wait_for: whatsapp_replied'"
        yield _problem("N538", message, sent, hint, Severity.WARNING)
    text = renderer.bundle(sent.template, sent.channel).sources.get(f"whatsapp/{sent.template}.txt", "")
    if not has_buttons(text):
        return
    if not approved:
        message = f"WhatsApp text '{sent.template}' has buttons, which only approved templates have"
        yield _problem("N542", message, sent, "write the link into its text", Severity.ERROR)
    elif to_other:
        message = f"a button of '{sent.template}' counts who follows it, and somebody else is not counted"
        yield _problem("N542", message, sent, "write the link into its text", Severity.ERROR)


def _messages(sent: Sent) -> tuple[Message, ...]:
    step = sent.step
    if isinstance(step, FirstReachable):
        return tuple(each for each in step.messages if each.mark == sent.mark)
    return (step,) if isinstance(step, Message) else ()


def _answers(plan: Plan, sent: Sent) -> bool:
    """Whether the journey writes because the person did: its trigger or a step before is her message."""
    trigger = plan.trigger
    if any(ANSWERED in each.event_names for each in trigger.parts.values()):
        return True
    before = brought_before(plan).always.get(sent.step.id, frozenset())
    return any(_awaits(plan, step) for step in before)


def _awaits(plan: Plan, step: str) -> bool:
    found = plan.steps.get(step)
    return isinstance(found, WaitFor) and any(match.name == ANSWERED for _, match in found.events)


def _problem(code: str, message: str, sent: Sent, hint: str, severity: Severity) -> Problem:
    return Problem(code, message, sent.mark, hint, PAGE, severity)
