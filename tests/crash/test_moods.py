"""Providers with moods while workers die: answers that come late, byte by byte or not at all, and a no that becomes a yes."""

from __future__ import annotations

import pytest

from tests.crash import moods
from tests.crash.stage import Stage


@pytest.mark.parametrize("provider", ["smtp", "twilio"])
@pytest.mark.parametrize("fault", ["body.before_reply:7", "outcome.after_commit:1"])
def test_a_moody_provider_gets_each_message_once(provider: str, fault: str, stage: Stage) -> None:
    found = moods.lived_with(moods.scene(stage, provider, "sqlite"), [fault], 1)
    assert found.hits == (fault,)
    assert moods.is_sound(found), found
