"""What `nurture up` says is on the company's clock."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from nurture.cli.logs import OnClock


@pytest.mark.parametrize(
    ("zone", "said"), [("America/Sao_Paulo", "22:30:05 sent"), ("Asia/Kolkata", "07:00:05 sent")]
)
def test_a_line_has_the_time_of_the_companys_zone(zone: str, said: str) -> None:
    record = logging.LogRecord("nurture", logging.INFO, "", 0, "sent", None, None)
    record.created = datetime(2026, 3, 2, 1, 30, 5, tzinfo=UTC).timestamp()
    assert OnClock(zone).format(record) == said
