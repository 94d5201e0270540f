"""Asking a provider whether it would take messages, without sending one. A carrier may offer it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from nurture.channels.base import Trouble


@dataclass(frozen=True, slots=True)
class Checked:
    """What a provider answered. Without `trouble` it would take messages; `said` is worth knowing in any case."""

    said: str
    trouble: Trouble | None = None
    advice: str = ""  # what to do about it, or what would be better
    clock: datetime | None = None  # the time there


@runtime_checkable
class Checkable(Protocol):
    """A carrier that can be asked."""

    def check(self) -> Checked | None:
        """Connect and log in as for a message, and hang up; None where that can't be told without sending one."""
