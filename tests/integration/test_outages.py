"""A provider that says "later" for a while: what lives long enough leaves when it is back, and what doesn't is
cancelled and counted as such."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from nurture.app.status import status
from nurture.channels.base import Envelope, Outcome, Trouble, accepted, outcome
from tests.support.office import NOW, Office, open_office

MINUTE = timedelta(minutes=1)


@pytest.fixture
def office(database: str, tmp_path: Path) -> Iterator[Office]:
    made = open_office(database, tmp_path)
    yield made
    made.runtime.close()


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
