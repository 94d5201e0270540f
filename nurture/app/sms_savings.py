"""What an SMS saves by being written in the GSM alphabet, in segments and money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nurture.settings import Settings

if TYPE_CHECKING:
    from nurture.rendering.renderer import Rendered


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
