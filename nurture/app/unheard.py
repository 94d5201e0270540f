"""STOPs that silenced nobody, since what they came from is no number that can be read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nurture.store import notes
from nurture.store.engine import Tx

_NAME = "unheard_stops"


@dataclass(frozen=True, slots=True)
class Unheard:
    """How many there were, and which provider told of the last one, and when."""

    count: int
    provider: str
    at: datetime

    def in_words(self) -> str:
        stops = "1 STOP" if self.count == 1 else f"{self.count:,} STOPs"
        last = f"{self.provider} told of {'it' if self.count == 1 else 'the last'} on {self.at:%Y-%m-%d at %H:%M} UTC"
        return f"{stops} from a number that can't be read silenced nobody; {last}: look there who wrote"


def read(tx: Tx) -> Unheard | None:
    kept = notes.read(tx, _NAME)
    return Unheard(kept["count"], kept["provider"], datetime.fromisoformat(kept["at"])) if kept else None


def note(tx: Tx, provider: str, now: datetime) -> None:
    """One more."""
    before = read(tx)
    count = (before.count if before else 0) + 1
    notes.keep(tx, _NAME, {"count": count, "provider": provider, "at": now.isoformat()})
