"""The trials see what they are there to see: each planted bug is caught, and without it all is well."""

from __future__ import annotations

import pytest

from tests.crash.catching import TRAPS
from tests.crash.stage import Stage


@pytest.mark.parametrize("name", sorted(TRAPS))
def test_a_planted_bug_is_caught(name: str, stage: Stage) -> None:
    trap = TRAPS[name]
    caught = trap.caught(stage)
    assert caught, f"{name} was planted and nothing was seen"
    point, _ = caught
    assert trap.trial(trap.scene(stage), point, None) is None, "the product itself was caught"
