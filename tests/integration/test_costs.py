"""A message is written with what it costs: a mail its price, an SMS that of its segments; on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.store import tables
from tests.support.lives import live, open_lives

PRICES = "costs: {email: 0.004, sms_segment: 0.12}\n"
JOURNEY = "journey: a\ntopic: news\ntrigger: {event: signed_up}\nsteps: [{email: a}, {sms: a}]\n"
TEXTS = {"one segment": ("oi " * 50, 1), "two of GSM-7": ("oi " * 60, 2), "three of UCS-2": ("ã" * 140, 3)}


@pytest.mark.parametrize(("text", "segments"), TEXTS.values(), ids=TEXTS)
def test_an_sms_costs_what_its_segments_do(database: str, tmp_path: Path, text: str, segments: int) -> None:
    case: dict[str, Any] = {
        "workspace": PRICES,
        "files": {"templates/sms/a.txt": text},
        "journeys": {"a": JOURNEY},
        "happens": [{"at": "2026-03-02 10:00", "event": "signed_up"}],
        "until": "2026-03-02 11:00",
    }
    lives = open_lives(database, tmp_path, case)
    live(lives, case)
    written = sa.select(tables.messages.c.channel, tables.messages.c.cost_micros)
    with lives.runtime.store.read() as tx:
        paid = dict(tx.execute(written.where(tables.messages.c.accepted_at.is_not(None))).all())
    lives.close()
    assert paid == {"email": 4_000, "sms": 120_000 * segments}
