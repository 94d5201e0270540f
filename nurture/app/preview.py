"""A message as one person would see it: to a file, or to one's own mailbox. The outbox knows nothing of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nurture import digests, identity
from nurture.app import samples
from nurture.app.compose import variables
from nurture.app.runtime import Runtime
from nurture.app.uses import Sent, use_of
from nurture.app.workspace import load
from nurture.compiler.plan import Plan
from nurture.model import Channel, Envelope, MessageClass, Outcome
from nurture.problems import NurtureError, nearest
from nurture.rendering.links import LinkContext
from nurture.rendering.message import HeaderContext
from nurture.rendering.renderer import Rendered
from nurture.rendering.sources import TemplateSources
from nurture.rendering.values import thaw
from nurture.store import contacts

MADE_UP = "made up"
TASKS = "tasks"


@dataclass(frozen=True, slots=True)
class Value:
    """A value that a message shows, and where it comes from."""

    name: str
    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A message made for a look: for whom, and what it is. A task's brief has no `rendered`."""

    person: str | None  # None: somebody made up
    channel: Channel | None
    text: str
    rendered: Rendered | None = None
    values: tuple[Value, ...] = ()


def show(
    runtime: Runtime,
    template: str,
    person: str | None,
    now: datetime,
    to: str | None = None,
    locale: str | None = None,
) -> Shown:
    """The template `name`, `email/name`, `sms/name` or `tasks/name` as `person` (or somebody made up) would get it.

    Raises NurtureError for a template that isn't there, for mistakes in it, and for an unknown person.
    """
    kind, name = find(runtime.folder, template)
    plans = [journey.plan for journey in load(runtime.folder, for_work=False).journeys.values()]
    plan, sent = use_of(plans, kind, name) or (None, None)
    known = _known(runtime, person, now)
    locale = locale or known["locale"]
    if kind == TASKS:
        values = {**_all_brought(plans, runtime, now), **known, "locale": locale}
        return Shown(person, None, runtime.renderer.task(name, values, locale).strip())
    values = {**samples.brought_by(plan, runtime.settings, now), **known, "locale": locale}
    rendered = _rendered(runtime, Channel(kind), name, values, sent, to, now)
    return Shown(
        person, Channel(kind), rendered.text, rendered, tuple(_values(rendered, known, person, plan))
    )


def _all_brought(plans: list[Plan], runtime: Runtime, now: datetime) -> dict[str, Any]:
    """What any journey brings: a brief may belong to each of them."""
    found: dict[str, Any] = {}
    for plan in plans:
        brought = samples.brought_by(plan, runtime.settings, now)
        found |= {**brought, "trigger": {**found.get("trigger", {}), **brought["trigger"]}}
    return found


def _known(runtime: Runtime, person: str | None, now: datetime) -> dict[str, Any]:
    """What templates see of the person."""
    if person is None:
        return samples.person(runtime.settings, now)
    with runtime.store.read() as tx:
        row = contacts.by_anything(tx, person)
    if row is None:
        raise NurtureError(f"nobody is known as {person!r}; leave --contact out for somebody made up")
    known = variables(runtime, row, None, {}, {})
    del known["trigger"]
    return known


def _rendered(
    runtime: Runtime,
    channel: Channel,
    name: str,
    values: Mapping[str, Any],
    sent: Sent | None,
    to: str | None,
    now: datetime,
) -> Rendered:
    survey = sent.survey if sent else None
    links = LinkContext(
        key=digests.keyed(runtime.secret, "preview", name, str(values["ref"])),
        base_url=runtime.settings.web_url,
        utm=runtime.settings.utm,
        survey=survey or next(iter(runtime.settings.surveys), None),
    )
    locale = str(values["locale"])
    if channel is Channel.SMS:
        return runtime.renderer.sms(name, locale, values, links)
    header = HeaderContext(
        to_address=to or values["email"] or "nobody@example.com",
        to_name=" ".join(filter(None, (values["first_name"], values["last_name"]))) or None,
        sender=runtime.settings.channels[channel].sender,
        date=now,
        message_class=sent.message_class if sent else MessageClass.MARKETING,
        subject=sent.subject if sent else None,
    )
    return runtime.renderer.email(name, locale, values, links, header)


def _values(
    rendered: Rendered, known: Mapping[str, Any], person: str | None, plan: Plan | None
) -> Iterator[Value]:
    """Each value that the message takes from outside, and its source."""
    journey = f"{MADE_UP}, as {plan.journey} brings it" if plan else MADE_UP
    whose = MADE_UP if person is None else f"contact {person}"
    used = thaw(rendered.used["values"])
    for name, value in used.items():
        if name in ("company", "zone"):
            continue
        source = whose if name in known else journey
        inner = value if isinstance(value, Mapping) else {"": value}
        for part, found in inner.items():
            yield Value(f"{name}.{part}" if part else name, found, source)


def find(folder: Path, template: str) -> tuple[str, str]:
    """The channel (or `tasks`) and the name of a template. Raises NurtureError with the nearest there is."""
    names = {name.rpartition(".")[0] for name in TemplateSources.of_workspace(folder).names()}
    kinds = [*(channel.value for channel in Channel), TASKS]
    for kind in kinds:
        name = template.removeprefix(f"{kind}/")
        if f"{kind}/{name}" in names:
            return kind, name
    known = [name for name in names if name.partition("/")[0] in kinds]
    near = nearest(template, [*known, *(name.partition("/")[2] for name in known)])
    hint = f"did you mean {near!r}?" if near else "they stand in templates/email, sms and tasks"
    raise NurtureError(f"there is no template {template!r}; {hint}")


def send(
    runtime: Runtime, template: str, person: str | None, to: str, now: datetime, locale: str | None = None
) -> tuple[Shown, Outcome]:
    """Send a look of `template` to `to`. Raises NurtureError for an address that is none."""
    kind, _ = find(runtime.folder, template)
    if kind == TASKS:
        raise NurtureError(f"a task's brief is sent to nobody; `nurture preview {template}` shows it")
    channel = Channel(kind)
    recipient = _recipient(runtime, channel, template, to)
    shown = show(runtime, template, person, now, recipient, locale)
    assert shown.rendered is not None
    envelope = Envelope(
        message_id=0,
        key=digests.keyed(runtime.secret, "test", template, now.isoformat()),
        channel=channel,
        sender=runtime.settings.channels[channel].sender.address,
        recipient=recipient,
        body=shown.rendered.body,
    )
    carrier = runtime.carrier(channel)
    prepared = carrier.prepare([envelope])
    (outcome,) = [*prepared.early, *carrier.hand_over(prepared, prepared.ready)]
    return shown, outcome


def _recipient(runtime: Runtime, channel: Channel, template: str, to: str) -> str:
    if channel not in runtime.settings.channels:
        raise NurtureError(f"nurture.yaml has no channel {channel}, which {template!r} needs")
    found = (
        identity.email(to)
        if channel is Channel.EMAIL
        else identity.phone(to, runtime.settings.company.country)
    )
    if found is None:
        what = "e-mail address" if channel is Channel.EMAIL else "phone number"
        raise NurtureError(f"{template!r} is sent by {channel}, and {to!r} is no {what}")
    return found
