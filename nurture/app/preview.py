"""A message as one person would see it: to a file, or to one's own mailbox. The outbox knows nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nurture import digests, identity
from nurture.app.compose import variables
from nurture.app.runtime import Runtime
from nurture.app.workspace import load
from nurture.model import Channel, Envelope, MessageClass, Outcome
from nurture.problems import NurtureError, nearest
from nurture.rendering.links import LinkContext
from nurture.rendering.message import HeaderContext
from nurture.rendering.renderer import Rendered
from nurture.rendering.sources import TemplateSources
from nurture.steps import Survey
from nurture.store import contacts

SAMPLE: Mapping[str, Any] = {
    "ref": "sample",
    "email": "ana@example.com",
    "phone": "+5511987654321",
    "first_name": "Ana",
    "last_name": "Souza",
    "country": "BR",
    "state": "SP",
    "city": "Campinas",
    "birthday": "1990-05-17",
    "total_orders": 3,
    "lifetime_value": 34990,
    "fields": {},
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A message made for a look: for whom, and what it is."""

    person: str
    channel: Channel
    rendered: Rendered


def show(runtime: Runtime, template: str, person: str | None, now: datetime, to: str | None = None) -> Shown:
    """The template `name` or `email/name` as `person` (or somebody made up) would get it.

    Raises NurtureError for a template that isn't there, for mistakes in it, and for an unknown person.
    """
    channel, name = find(runtime.folder, template)
    row = _person(runtime, person, now)
    values = {**_stand_ins(runtime, now), **variables(runtime, row, None, {}, {})}
    survey = next(iter(runtime.settings.surveys), None)
    links = LinkContext(
        key=digests.keyed(runtime.secret, "preview", template, row["ref"]),
        base_url=runtime.settings.web_url,
        utm=runtime.settings.utm,
        survey=survey,
    )
    locale = row["locale"] or runtime.settings.company.locale
    if channel is Channel.SMS:
        return Shown(row["ref"], channel, runtime.renderer.sms(name, locale, values, links))
    header = HeaderContext(
        to_address=to or row["email"] or "nobody@example.com",
        to_name=row["first_name"],
        sender=runtime.settings.channels[channel].sender,
        date=now,
        message_class=MessageClass.MARKETING,
    )
    return Shown(row["ref"], channel, runtime.renderer.email(name, locale, values, links, header))


def find(folder: Path, template: str) -> tuple[Channel, str]:
    """The channel and name of a template. Raises NurtureError with the nearest one there is."""
    names = {name.rpartition(".")[0]: name for name in TemplateSources.of_workspace(folder).names()}
    for channel in Channel:
        name = template.removeprefix(f"{channel.value}/")
        if f"{channel.value}/{name}" in names:
            return channel, name
    known = [name for name in names if name.partition("/")[0] in {channel.value for channel in Channel}]
    near = nearest(template, [*known, *(name.partition("/")[2] for name in known)])
    raise NurtureError(f"there is no template {template!r}" + (f"; did you mean {near!r}?" if near else ""))


def _person(runtime: Runtime, person: str | None, now: datetime) -> Mapping[str, Any]:
    if person is None:
        empty = dict.fromkeys(field.column for field in runtime.contact_fields.values() if field.column)
        seen = {"created_at": now, "first_order_at": now, "last_order_at": now - timedelta(days=61)}
        return {**empty, **SAMPLE, **seen, "zone": runtime.settings.company.zone}
    with runtime.store.read() as tx:
        row = contacts.by_anything(tx, person)
    if row is None:
        raise NurtureError(f"nobody is known as {person!r}; leave --contact out for somebody made up")
    return row


def _stand_ins(runtime: Runtime, now: datetime) -> dict[str, Any]:
    """What journeys bring, so that a template can be looked at outside of one."""
    pool = next(iter(runtime.settings.coupons.values()), None)
    code = pool.pattern.replace("#", "7") if pool else "PRESENTE"
    coupon = {
        "code": code,
        "percent": pool.percent if pool else 15,
        "expires_at": now + timedelta(days=14),
    }
    trigger = {"occurred_at": now, "order_id": "10042", "total": 89.9, "ebook": "guia", "page": "/"}
    answers = {
        step.id: {"score": 9, "comment": "Chegou rápido."}
        for journey in load(runtime.folder, for_work=False).journeys.values()
        for step in journey.plan.steps.values()
        if isinstance(step, Survey)
    }
    return {**answers, "coupon": coupon, "trigger": trigger}


def send(runtime: Runtime, template: str, person: str | None, to: str, now: datetime) -> Outcome:
    """Send a look of `template` to `to`. Raises NurtureError for an address that is none."""
    channel, _ = find(runtime.folder, template)
    recipient = (
        identity.email(to)
        if channel is Channel.EMAIL
        else identity.phone(to, runtime.settings.company.country)
    )
    if recipient is None:
        raise NurtureError(f"{to!r} is no {'e-mail address' if channel is Channel.EMAIL else 'phone number'}")
    shown = show(runtime, template, person, now, to=recipient)
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
    outcomes = [*prepared.early, *carrier.hand_over(prepared, prepared.ready)]
    return outcomes[0]
