"""The nouns of what binds messages: quiet hours and caps, what the gate looks at and what it says.

As in `model`: standard library only, and nothing here does anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeAlias

from nurture.model import Basis, Channel, MessageClass, Span

PERSON = "person"  # holidays: those of her own country and state


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When a channel must not be used, in the person's zone: minutes of the day."""

    start: int
    end: int  # smaller than start: over midnight
    holidays: str | None = None  # "BR" or "BR-SP": quiet all day; PERSON: those of where she lives
    weekends: bool = False  # Saturday and Sunday are quiet all day


@dataclass(frozen=True, slots=True)
class QuietWeek(QuietHours):
    """Quiet hours that aren't alike on all days, and what laws say beside them."""

    # Minutes of the day, as start and end are; None: as on other days.
    saturdays: tuple[int, int] | None = None
    sundays: tuple[int, int] | None = None
    laws: tuple[str, ...] = ()  # "us", "br": binding for who lives there (see nurture.clock.laws)


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many marketing messages in a window."""

    at_most: int
    per: Span
    on_cap: str = "defer"  # "defer" or "skip"
    defer_at_most: Span = Span(seconds=48 * 3600, text="48 hours")


@dataclass(frozen=True, slots=True)
class Limits:
    quiet_hours: Mapping[Channel, QuietHours] = field(default_factory=dict)
    cap: Cap | None = None  # of all channels together
    caps: Mapping[Channel, Cap] = field(default_factory=dict)  # of one channel's messages alone


class GateFacts(NamedTuple):
    """What the gate looks at, read from the store for one person and one message."""

    message_class: MessageClass
    channel: Channel
    zone: str
    has_address: bool
    suppressed: str | None  # the reason, if the address or person is suppressed
    erased: bool
    consent_id: int | None  # the record that allows this message
    consent_given: bool
    run_active: bool
    paused: bool
    planned_at: datetime  # when the step wanted it
    expires_at: datetime | None
    basis: Basis = Basis.CONSENT  # the topic's legal ground
    withdrawn: bool = False  # the person said no to the topic
    on_cap: str | None = None  # what the message's own step says of a full cap
    key: str = ""  # the message's: where in a release it falls
    sent_journey: tuple[datetime, ...] = ()  # of this journey to this person, newest last
    sent_workspace: tuple[datetime, ...] = ()
    sent_channel_journey: tuple[datetime, ...] = ()  # those of them on this message's channel
    sent_channel_workspace: tuple[datetime, ...] = ()
    listed: bool = False  # it is advertising, and the number is on a do-not-disturb list
    region: str | None = None  # where she lives ("BR-SP", "US"), where the limits ask for it
    ahead: tuple[datetime, ...] = ()  # when today those of journeys that go first are due, earliest first
    ahead_channel: tuple[datetime, ...] = ()
    sent_by_phone: tuple[datetime, ...] = ()  # by SMS and WhatsApp together, as laws count them
    # of a WhatsApp message: whether she said yes to WhatsApp at all, wrote to us within 24 hours, and whether the
    # provider knows the text
    opted_in: bool = False
    window_open: bool = False
    approved: bool = False


@dataclass(frozen=True, slots=True)
class Allow:
    consent_id: int | None


@dataclass(frozen=True, slots=True)
class Defer:
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Cancel:
    reason: str


GateVerdict: TypeAlias = Allow | Defer | Cancel
