"""Providers with moods while workers die: answers that come late, byte by byte or not at all, and a no that becomes a yes."""

from __future__ import annotations

import pytest

from tests.crash.hunting import hunted
from tests.crash.scene import CONNECTIONS, MESSAGES, person
from tests.crash.stage import Stage

MOODS = ("vanish", "die", "drip", "slow=0.3", "bye", "once")
LOST = 2  # of these moods lose the answer


@pytest.mark.parametrize("provider", ["smtp", "twilio"])
@pytest.mark.parametrize("fault", ["body.before_reply:7", "outcome.after_commit:1"])
def test_a_moody_provider_gets_each_message_once(provider: str, fault: str, stage: Stage) -> None:
    manners = []
    for number, mood in enumerate(MOODS):
        who = person(number)
        manners.append(f"{who.phone if provider == 'twilio' else who.email}={mood}")
    found = hunted(stage.scene(provider, "sqlite", *manners), [fault], 1)
    assert found.hits == (fault,)
    assert found.audit.sound, found
    slow = CONNECTIONS  # a busy machine may answer a wave too late
    assert LOST * MESSAGES <= len(found.audit.in_doubt) <= LOST * MESSAGES + CONNECTIONS + slow
