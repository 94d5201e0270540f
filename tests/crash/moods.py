"""A provider with moods: to one after the other it answers late, byte by byte or not at all, or says no once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tests.crash.hunting import Hunt, hunted
from tests.crash.scene import CONNECTIONS, MESSAGES, Scene, person
from tests.crash.stage import Stage
from tests.crash.workers import LONG_DAY

MOODY = ("smtp", "twilio")  # providers that have them
MOODS = ("vanish", "die", "drip", "slow=0.3", "bye", "once")
LOST = 2  # of these moods lose the answer


def scene(stage: Stage, provider: str, dialect: str) -> Scene:
    """The scene with a mood for each of the first people."""
    people = map(person, range(len(MOODS)))
    addresses = [who.phone if provider == "twilio" else who.email for who in people]
    manners = (f"{address}={mood}" for address, mood in zip(addresses, MOODS, strict=True))
    return stage.scene(provider, dialect, *manners)


def lived_with(moody: Scene, wanted: Sequence[str], workers: int) -> Hunt:
    """As `hunted`, and what was told to come again late in the day does so."""
    return hunted(
        moody, wanted, workers, (*LONG_DAY, timedelta(hours=24), timedelta(hours=26), timedelta(hours=28))
    )


def is_sound(found: Hunt) -> bool:
    """Nothing lost or twice; in doubt is what lost its answer, a wave for each who died, and one more: a busy machine may
    answer it too late."""
    lost = LOST * MESSAGES
    return found.audit.sound and lost <= len(found.audit.in_doubt) <= lost + CONNECTIONS * (
        len(found.hits) + 1
    )
