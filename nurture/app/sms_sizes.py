"""How many segments SMS take and may take, and what they save by being written in the GSM alphabet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nurture.app import samples
from nurture.app.uses import sent_by
from nurture.compiler.plan import Plan
from nurture.model import Channel
from nurture.problems import NurtureError
from nurture.settings import Settings

if TYPE_CHECKING:
    from nurture.rendering.renderer import Rendered, Renderer


def saving(made: Rendered, settings: Settings) -> str | None:
    """What replacing signs saves of this message, or would save; None where it is all the same."""
    from nurture.rendering.sms import count, transliterate  # its package loads Jinja

    if made.as_written is not None:
        before, after = count(made.as_written).segments, made.segments or 0
        words = "Transliterated: {} instead of {}"
    elif made.encoding == "UCS-2":
        before, after = made.segments or 0, count(transliterate(made.text)).segments
        words = "`transliterate: true` of the channel makes it {} instead of {}"
    else:
        return None
    if after >= before:
        return None
    plural = "segment" if after == 1 else "segments"
    worth = settings.costs.sms_segment * (before - after)
    saved = f" (saves {settings.company.currency} {worth:,.2f} a message)" if worth else ""
    return words.format(f"{after} {plural}", before) + saved


def allowed_segments(settings: Settings) -> int:
    """How many segments an SMS may take before `nurture check` warns of it."""
    return settings.channels[Channel.SMS].segments if Channel.SMS in settings.channels else 1


def too_many(template: str, segments: int, encoding: str | None, characters: int, allowed: int) -> str:
    """That an SMS takes more segments than it may, in words."""
    are = "is" if allowed == 1 else "are"
    return (
        f"SMS '{template}' needs {segments} segments ({encoding}, {characters} characters), "
        f"and {allowed} {are} allowed"
    )


def savings(renderer: Renderer, settings: Settings, plan: Plan) -> Iterator[str]:
    """What is saved of each SMS that a journey sends, made with sample values."""
    told = set()
    for sent in sent_by(plan):
        if sent.channel != Channel.SMS.value or sent.template in told:
            continue
        told.add(sent.template)
        try:
            values = samples.values(plan, settings, sent)
            made = renderer.sms(sent.template, None, values, samples.links(sent, settings))
        except NurtureError:
            continue  # `nurture check` says what is wrong with it
        if said := saving(made, settings):
            yield f"SMS '{sent.template}': {said[0].lower()}{said[1:]}."
