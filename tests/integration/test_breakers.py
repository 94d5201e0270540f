"""A channel's marketing stops by itself where too much comes back, and goes on when somebody says so."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from nurture.app import breakers, ingest, process
from nurture.app.breakers import judge
from nurture.app.status import status
from nurture.channels.base import Envelope, Outcome, Trouble, accepted, outcome
from nurture.model import Channel, NewEvent, Person
from nurture.problems import NurtureError
from nurture.settings import Pace, StopRules
from nurture.store.stops import CameBack
from tests.support.office import NOW, Office, open_office

DAY = timedelta(days=1)
RULES = StopRules(at_least=50)


@pytest.fixture
def office(database: str, tmp_path: Path) -> Iterator[Office]:
    made = open_office(database, tmp_path)
    settings = made.runtime.settings
    config = replace(settings.channels[Channel.EMAIL], pace=Pace(stop_at=RULES))
    made.runtime.settings = replace(settings, channels={Channel.EMAIL: config})
    yield made
    made.runtime.close()


HARD = {"suppress": "hard_bounce", "permanent": True}
FILTERED = {"suppress": None, "permanent": True, "trouble": "policy"}


def say(office: Office, verb: str, count: int, payload: dict[str, Any] = HARD) -> None:
    """What the provider reports of the first so many messages."""
    sent = [row for row in office.rows() if row["state"] == "accepted"][:count]
    payload = payload if verb == "bounced" else {}
    told = [
        NewEvent(
            f"email_{verb}",
            Person(None),
            office.at,
            "provider",
            f"{verb}:{row['id']}",
            payload=payload,
            message_key=row["key"],
        )
        for row in sent
    ]
    ingest.ingest(office.runtime.store, told, office.at)
    process.process(office.runtime, office.at)


@pytest.mark.parametrize(("verb", "count"), [("complained", 3), ("bounced", 9)])
def test_marketing_stops_and_passwords_go_on(
    office: Office, verb: str, count: int, caplog: pytest.LogCaptureFixture
) -> None:
    office.backlog(60, NOW)
    office.deliver()
    with caplog.at_level(logging.WARNING, "nurture"):
        say(office, verb, count)
    assert "marketing by email stopped" in caplog.text
    office.backlog(5, NOW)
    office.write("ana@example.com", kind="transactional")
    office.deliver()
    assert office.took[60:] == ["ana@example.com"]
    found = status(office.runtime, {}, office.at)
    assert f"{count} " in found.channels[0]
    assert "nurture resume --channel email" in found.channels[0]
    assert found.troubles()[0] == found.channels[0]

    breakers.go_on(office.runtime, "email", office.at)
    office.deliver()
    assert len(office.took) == 66
    assert status(office.runtime, {}, office.at).channels == ()


def test_a_clock_that_jumps_goes_on_over_what_has_stopped(office: Office) -> None:
    office.backlog(60, NOW)
    office.deliver()
    say(office, "complained", 3)
    office.backlog(5, NOW)
    office.write("ana@example.com", kind="transactional", due=NOW + DAY)
    office.live(NOW + 2 * DAY)
    assert office.took[60:] == ["ana@example.com"]
    breakers.go_on(office.runtime, "email", office.at)
    office.live(NOW + 3 * DAY)
    assert len(office.took) == 66


def test_what_was_seen_to_does_not_stop_it_again(office: Office) -> None:
    office.backlog(60, NOW)
    office.deliver()
    say(office, "complained", 3)
    office.at += timedelta(hours=2)
    breakers.go_on(office.runtime, "email", office.at)
    office.backlog(60, NOW)
    office.deliver()
    say(office, "delivered", 60)
    office.at += timedelta(hours=1)
    office.backlog(1, NOW)
    office.deliver()
    assert len(office.took) == 121


def refusing_a_third(trouble: Trouble, code: str) -> Callable[[Envelope], Outcome]:
    """A mail server's answers at handover."""

    def answer(envelope: Envelope) -> Outcome:
        if int(envelope.recipient.strip("p").partition("@")[0]) % 3:
            return accepted(envelope, "250")
        return outcome(envelope, trouble, code)

    return answer


def test_refusals_by_policy_stop_it_without_any_report(office: Office) -> None:
    office.provider.answer = refusing_a_third(Trouble.POLICY, "550 5.7.1")
    office.backlog(90, NOW)
    office.deliver(batch=60)
    assert len(office.took) == 60, "the next batch did not leave"
    (said,) = status(office.runtime, {}, office.at).channels
    assert "20 refusals by policy of 60 deliveries" in said


def test_addresses_that_the_server_knows_not_stop_it_without_any_report(office: Office) -> None:
    """Said while the mail is handed over, as a mail server may: nothing bounces later."""
    office.provider.answer = refusing_a_third(Trouble.INVALID_RECIPIENT, "550 5.1.1")
    office.backlog(60, NOW)
    office.deliver()
    process.process(office.runtime, office.at)
    (said,) = status(office.runtime, {}, office.at).channels
    assert "20 hard bounces of 60 deliveries" in said
    office.provider.answer = lambda envelope: accepted(envelope, "250")
    office.backlog(5, NOW)
    office.write("ana@example.com", kind="transactional")
    office.deliver()
    assert office.took[60:] == ["ana@example.com"]


def test_refusals_by_policy_of_the_same_hour_do_not_stop_it_again(office: Office) -> None:
    office.provider.answer = lambda envelope: outcome(envelope, Trouble.POLICY, "550 5.7.1")
    office.backlog(60, NOW)
    office.deliver()
    office.at += timedelta(minutes=10)
    breakers.go_on(office.runtime, "email", office.at)
    office.backlog(60, NOW)
    answers = iter([outcome(Envelope(0, "", Channel.EMAIL, "", "", b""), Trouble.POLICY, "550 5.7.1")])
    office.provider.answer = lambda envelope: replace(
        next(answers, accepted(envelope, "250")), message_id=envelope.message_id
    )
    office.deliver()
    assert status(office.runtime, {}, office.at).channels == ()


def test_so_do_those_that_a_server_took_first_and_gave_back(office: Office) -> None:
    office.backlog(60, NOW)
    office.deliver()
    say(office, "bounced", 9, FILTERED)
    assert status(office.runtime, {}, office.at).channels == ()
    say(office, "bounced", 5, FILTERED)
    (said,) = status(office.runtime, {}, office.at).channels
    assert "14 refusals by policy of 60 deliveries" in said


@pytest.mark.parametrize(
    ("came_back", "reason"),
    [
        (CameBack(49, 49, 49, 49), None),
        (CameBack(500, 1, 0, 0), None),
        (CameBack(500, 6, 0, 0), "complaints"),
        (CameBack(10_000, 30, 0, 0), None),
        (CameBack(10_000, 45, 0, 0), None),  # above it by a 95 % interval, not by a 99.9 % one
        (CameBack(10_000, 50, 0, 0), "complaints"),
        (CameBack(500, 0, 41, 0), None),
        (CameBack(500, 0, 42, 0), "hard_bounces"),
        (CameBack(500, 0, 0, 71), None),
        (CameBack(500, 0, 0, 80), "policy"),
        (CameBack(50, 60, 0, 0), "complaints"),
    ],
)
def test_a_rate_must_be_above_its_limit_for_certain(came_back: CameBack, reason: str | None) -> None:
    found = judge("email", came_back, RULES)
    assert (found.reason if found else None) == reason


def test_only_what_has_stopped_goes_on(office: Office) -> None:
    with pytest.raises(NurtureError, match="'email' has not stopped; stopped channels: none"):
        breakers.go_on(office.runtime, "email", office.at)
