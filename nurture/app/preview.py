"""A message as one person would see it: to a file, or to one's own mailbox. The outbox knows nothing of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nurture import digests, identity
from nurture.app.previewing import viewers
from nurture.app.previewing.look import OnWhatsApp, make, on_whatsapp, variables_of
from nurture.app.previewing.pieces import TASKS, Piece, find, shelf
from nurture.app.previewing.scene import Variable, scene
from nurture.app.runtime import Runtime
from nurture.app.workspace import load
from nurture.channels.base import Envelope, Outcome
from nurture.model import BY_PHONE, Channel
from nurture.problems import NurtureError
from nurture.rendering.renderer import Rendered


@dataclass(frozen=True, slots=True)
class Shown:
    """A message made for a look: for whom, and what it is. A task's brief has no `rendered`."""

    person: str | None  # None: somebody made up
    channel: Channel | None
    text: str
    rendered: Rendered | None = None
    values: tuple[Variable, ...] = ()
    whatsapp: OnWhatsApp | None = None


def show(
    runtime: Runtime,
    wanted: str,
    person: str | None,
    now: datetime,
    to: str | None = None,
    locale: str | None = None,
) -> Shown:
    """What `wanted` names (`welcome/hello`, `sms/birthday/present`, `tasks/warm-call`, the journey `welcome` or its
    step `welcome:hello`) as `person` or somebody made up would get it.

    Raises NurtureError for what isn't there, for mistakes in it, and for an unknown person.
    """
    piece = _piece(runtime, wanted)
    viewer = viewers.contact(runtime, person) if person else viewers.made_up(runtime, now)[0]
    locale = locale or str(viewer.known["locale"])
    made_with = scene(runtime, piece, viewer, locale, now)
    if piece.kind == TASKS:
        return Shown(person, None, runtime.renderer.task(piece.template, made_with.values, locale).strip())
    rendered = make(runtime, piece, made_with, locale, now, to=to)
    values = variables_of(runtime, piece, made_with, locale, rendered)
    texted = on_whatsapp(runtime, piece, locale, rendered)
    return Shown(person, Channel(piece.kind), rendered.text, rendered, values, texted)


def _piece(runtime: Runtime, wanted: str) -> Piece:
    return find(shelf(load(runtime.folder, for_work=False)), runtime.folder, wanted)


def send(
    runtime: Runtime, wanted: str, person: str | None, to: str, now: datetime, locale: str | None = None
) -> tuple[Shown, Outcome]:
    """Send a look of `wanted` to `to`. Raises NurtureError for an address that is none."""
    piece = _piece(runtime, wanted)
    if piece.kind == TASKS:
        raise NurtureError(f"a task's brief is sent to nobody; `nurture preview {wanted}` shows it")
    channel = Channel(piece.kind)
    recipient = _recipient(runtime, channel, wanted, to)
    shown = show(runtime, wanted, person, now, recipient, locale)
    assert shown.rendered is not None
    envelope = Envelope(
        message_id=0,
        key=digests.keyed(runtime.secret, "test", wanted, now.isoformat()),
        channel=channel,
        sender=runtime.settings.channels[channel].sender.address,
        recipient=recipient,
        body=shown.rendered.body,
    )
    carrier = runtime.carrier(channel)
    prepared = carrier.prepare([envelope])
    (outcome,) = [*prepared.early, *carrier.hand_over(prepared, prepared.ready)]
    return shown, outcome


def _recipient(runtime: Runtime, channel: Channel, wanted: str, to: str) -> str:
    if channel not in runtime.settings.channels:
        raise NurtureError(f"nurture.yaml has no channel {channel}, which {wanted!r} needs")
    found = (
        identity.phone(to, runtime.settings.company.country) if channel in BY_PHONE else identity.email(to)
    )
    if found is None:
        what = "phone number" if channel in BY_PHONE else "e-mail address"
        raise NurtureError(f"{wanted!r} is sent by {channel}, and {to!r} is no {what}")
    return found
