"""How `nurture merge` shows two people beside each other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nurture.app.merging import Side
from nurture.cli.merging import _show
from nurture.store.merging import Sums

SEEN = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_two_who_said_yes_to_a_lot_stand_beside_each_other_in_80_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    yes = ("news by email", "news by sms", "offers by email", "offers by sms")
    ana = Side("ana", "Ana", SEEN, Sums(3, 1, 1, 0), ("welcome", "reactivation-60-days"), yes)
    bruno = Side("bruno.of-a-very-long-address@example.com", "", SEEN, Sums(1, 0, 0, 0), (), yes)
    _show([ana, bruno], "UTC")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    (first,) = (line for line in lines if line.startswith("said yes to"))
    assert first == "said yes to  news by email, news by sms,     news by email, news by sms,"
