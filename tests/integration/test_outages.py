"""A provider that says "later" for a while: what lives long enough leaves when it is back, and what doesn't is
cancelled and counted as such."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nurture.app import opening
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.publish import publish
from nurture.app.status import status
from nurture.app.workspace import publishable
from nurture.channels.base import Envelope, Outcome, Trouble, accepted, outcome
from nurture.cli.main import app
from nurture.model import NewEvent, Person
from tests.support.office import NOW, Office

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def away_for(office: Office, span: timedelta) -> None:
    def answer(envelope: Envelope) -> Outcome:
        back = office.at >= NOW + span
        return accepted(envelope, "250") if back else outcome(envelope, Trouble.SERVER, "451")

    office.provider.answer = answer


def test_an_outage_costs_what_expires_in_it_and_nothing_else(office: Office) -> None:
    away_for(office, 20 * MINUTE)
    office.backlog(6, NOW, expires_at=NOW + 30 * MINUTE)
    office.backlog(4, NOW, expires_at=NOW + 10 * MINUTE)
    office.backlog(2, NOW)
    office.live(NOW + timedelta(hours=2))
    ends = Counter((row["state"], row["reason"]) for row in office.rows())
    assert ends == {("accepted", None): 8, ("cancelled", "expired"): 4}
    late = [row["accepted_at"] for row in office.rows() if row["expires_at"] and row["accepted_at"]]
    assert all(at < NOW + 30 * MINUTE for at in late)
    found = status(office.runtime, {}, office.at)
    assert (found.cancelled, found.failed) == ({"expired": 4}, 0)


def test_what_is_tried_for_a_day_in_vain_was_not_refused_by_the_provider(office: Office) -> None:
    away_for(office, timedelta(days=9))
    office.write("ana@example.com", kind="transactional")
    office.live(NOW + timedelta(days=3))
    found = status(office.runtime, {}, office.at)
    assert found.failed == 1
    assert {words: count for words, count in found.failures.items() if count} == {
        "given up after a day of tries": 1
    }


# --- as somebody sees it ----------------------------------------------------------------------

RECEIPTS = """
journey: receipts
trigger: {event: order_completed}
steps:
  - email: welcome/hello
    class: transactional
    expires_after: 2 hours
"""


def test_after_an_outage_the_command_line_shows_what_waits_what_left_and_what_expired(tmp_path: Path) -> None:
    """Thirty receipts are due at noon, good for two hours, and nobody hands them over until one o'clock; ten leave at
    once then, and one every six minutes."""
    at = NOW
    init(tmp_path / "shop")
    (tmp_path / "shop" / "journeys" / "receipts.yaml").write_text(RECEIPTS, encoding="utf-8")
    settings = tmp_path / "shop" / "nurture.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        text.replace("# -> smtp\n", "\n    rate: 10/hour\n    burst: 10\n", 1), encoding="utf-8"
    )

    def nurture(*words: str, status: int = 0) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(opening, "open_runtime", partial(opening.open_runtime, now=lambda: at))
            done = CliRunner().invoke(app, [*words, "--workspace", str(tmp_path / "shop")])
        assert done.exit_code == status, done.output
        return " ".join(done.output.split())

    with closing(opening.open_runtime(tmp_path / "shop", now=lambda: at)) as runtime:
        events = [
            NewEvent("order_completed", Person(f"p{n}", f"p{n}@example.com"), at, "shop", str(n))
            for n in range(30)
        ]
        publish(runtime, publishable(tmp_path / "shop", ["receipts"]), at)
        ingest(runtime.store, events, at)
    nurture("run", "process-feedback")
    nurture("run", "advance-journeys")

    at = NOW + HOUR
    assert "10 accepted" in nurture("run", "deliver-messages")
    assert "email: 20 due, 10/hour (about 2 h 0 min)" in nurture("status", status=1)
    while at < NOW + 3 * HOUR:
        at += HOUR / 2
        cancelled = "15 cancelled" in nurture("run", "deliver-messages")
        assert cancelled == (at == NOW + 2 * HOUR), at
    said = nurture("status", status=1)
    assert "messages 15 accepted, 15 cancelled" in said
    assert "cancelled 15 expired" in said
    assert json.loads(nurture("status", "--json", status=1))["cancelled"] == {"expired": 15}
