"""SIGKILL of a whole `nurture up`, at random moments while messages are under way."""

from __future__ import annotations

import re
from pathlib import Path

from tests.crash.up import kill_again_and_again, prepare
from tests.support import sink

KILLS, PEOPLE, SEED = 20, 1200, 20260302


def test_every_message_that_is_due_arrives_once_though_nurture_up_is_killed_again_and_again(
    tmp_path: Path,
) -> None:
    with sink.running(tmp_path / "ledger.ndjson", "--fsync", "--delay", "0.02") as provider:
        nurture = prepare(tmp_path / "shop", provider.port, PEOPLE)
        found = kill_again_and_again(nurture, provider, PEOPLE, KILLS, SEED)
    assert (found.lost, found.twice) == (0, 0), found
    assert found.sound, found
    assert found.in_flight >= KILLS // 2, found
    assert re.search(rf"in doubt +{found.in_doubt}\b", found.status), found.status
