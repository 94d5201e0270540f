"""Whether a message may go: the order of the reasons, quiet hours and caps."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture import clock, digests
from nurture.engine.gate import PAUSE, RELEASE, judge
from nurture.limits import Allow, Cancel, Cap, Defer, GateFacts, Limits, QuietHours, QuietWeek
from nurture.model import Basis, Channel, MessageClass, Span

NOON = datetime(2026, 6, 1, 15, tzinfo=UTC)  # a Monday, 12:00 in São Paulo
EVENING = NOON + timedelta(hours=11)  # 23:00
MORNING = datetime(2026, 6, 2, 10, tzinfo=UTC)  # 07:00
DAY = timedelta(days=1)
NIGHT = Limits({Channel.EMAIL: QuietHours(22 * 60, 7 * 60)})
NONE = Limits()
OFF = QuietHours(22 * 60, 7 * 60, holidays="BR-SP", weekends=True)
SUNDAYS = QuietWeek(22 * 60, 7 * 60, sundays=clock.quiet.SHUT)
WEEK = Span(days=7)
KEY = "k3jd7qxn"  # of a message
LATER = RELEASE * digests.fraction(KEY)  # how long after the end of quiet hours it leaves

ANA = GateFacts(
    message_class=MessageClass.MARKETING,
    channel=Channel.EMAIL,
    zone="America/Sao_Paulo",
    has_address=True,
    suppressed=None,
    erased=False,
    consent_id=7,
    consent_given=True,
    run_active=True,
    paused=False,
    planned_at=NOON,
    expires_at=None,
    key=KEY,
)
BRUNO = ANA._replace(consent_given=False, consent_id=None, withdrawn=True)
CHLOE = ANA._replace(suppressed="hard_bounce")
DAVI = ANA._replace(zone="America/Manaus")


def test_ana_gets_it_and_the_record_is_named() -> None:
    assert judge(ANA, NIGHT, NONE, NOON) == Allow(7)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        pytest.param(CHLOE, Cancel("suppressed"), id="Chloe bounced"),
        pytest.param(BRUNO, Cancel("no_consent"), id="Bruno unsubscribed"),
        pytest.param(ANA._replace(has_address=False), Cancel("no_address"), id="no address"),
        pytest.param(ANA._replace(run_active=False), Cancel("run_ended"), id="the run ended"),
        pytest.param(ANA._replace(erased=True), Cancel("erased"), id="erased"),
        pytest.param(ANA._replace(expires_at=NOON), Cancel("expired"), id="expired this moment"),
        pytest.param(ANA._replace(expires_at=NOON + DAY), Allow(7), id="not yet expired"),
        pytest.param(ANA._replace(paused=True), Defer(NOON + PAUSE, "paused"), id="paused"),
    ],
)
def test_each_reason(facts: GateFacts, verdict: object) -> None:
    assert judge(facts, NONE, NONE, NOON) == verdict


ON_WHATSAPP = ANA._replace(channel=Channel.WHATSAPP, approved=True)
ORDER = ON_WHATSAPP._replace(
    message_class=MessageClass.TRANSACTIONAL, consent_given=False, consent_id=None, approved=True
)
SURVEY = ORDER._replace(message_class=MessageClass.SURVEY, basis=Basis.LEGITIMATE_INTEREST)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        pytest.param(ON_WHATSAPP, Allow(7), id="an approved template, and she said yes"),
        pytest.param(
            ON_WHATSAPP._replace(consent_given=False, opted_in=True, window_open=True),
            Cancel("no_consent"),
            id="marketing without its topic's consent, whatever else she said",
        ),
        pytest.param(ON_WHATSAPP._replace(approved=False), Cancel("window_closed"), id="our own words"),
        pytest.param(
            ON_WHATSAPP._replace(approved=False, window_open=True), Allow(7), id="our own words in the window"
        ),
        pytest.param(ORDER, Cancel("no_opt_in"), id="an order, and she never said yes to WhatsApp"),
        pytest.param(
            ORDER._replace(opted_in=True), Allow(None), id="an order, and she said yes to something"
        ),
        pytest.param(ORDER._replace(window_open=True), Allow(None), id="an order, and she wrote today"),
        pytest.param(
            ORDER._replace(opted_in=True, approved=False), Cancel("window_closed"), id="an order in our words"
        ),
        pytest.param(SURVEY, Cancel("no_opt_in"), id="a survey that the law allows, without an opt-in"),
        pytest.param(SURVEY._replace(opted_in=True), Allow(None), id="a survey, with an opt-in"),
        pytest.param(
            ON_WHATSAPP._replace(suppressed="stop", window_open=True), Cancel("suppressed"), id="STOP"
        ),
        pytest.param(
            ANA._replace(approved=False, opted_in=False, window_open=False),
            Allow(7),
            id="a mail knows no window",
        ),
    ],
)
def test_what_whatsapp_asks_for(facts: GateFacts, verdict: object) -> None:
    assert judge(facts, NONE, NONE, NOON) == verdict


def test_the_first_of_several_reasons_is_told() -> None:
    """Everything is wrong; mended one after the other, the reasons come in their order."""
    full = Limits(NIGHT.quiet_hours, Cap(1, WEEK, on_cap="skip"))
    facts = GateFacts(
        message_class=MessageClass.MARKETING,
        channel=Channel.EMAIL,
        zone="America/Sao_Paulo",
        has_address=False,
        suppressed="stop",
        erased=True,
        consent_id=None,
        consent_given=False,
        run_active=False,
        paused=True,
        planned_at=NOON,
        expires_at=NOON,
        sent_journey=(NOON,),
    )
    mending: list[tuple[dict[str, Any], str]] = [
        ({}, "erased"),
        ({"erased": False}, "run_ended"),
        ({"run_active": True}, "no_address"),
        ({"has_address": True}, "suppressed"),
        ({"suppressed": None}, "no_consent"),
        ({"consent_given": True}, "expired"),
        ({"expires_at": None}, "paused"),
        ({"paused": False}, "quiet_hours"),
    ]
    for change, reason in mending:
        facts = facts._replace(**change)
        verdict = judge(facts, full, NONE, EVENING)
        assert isinstance(verdict, (Cancel, Defer))
        assert verdict.reason == reason
    assert judge(facts, full, NONE, NOON + timedelta(hours=1)) == Cancel("cap")


@pytest.mark.parametrize(
    ("message_class", "basis", "facts", "allowed"),
    [
        pytest.param("marketing", "consent", ANA, True, id="marketing with consent"),
        pytest.param("marketing", "consent", BRUNO, False, id="marketing without"),
        pytest.param("marketing", "legitimate_interest", BRUNO, False, id="marketing always needs consent"),
        pytest.param("transactional", "consent", BRUNO, True, id="transactional needs none"),
        pytest.param("survey", "consent", ANA, True, id="survey with consent"),
        pytest.param("survey", "consent", BRUNO, False, id="survey without"),
        pytest.param("survey", "contract", BRUNO._replace(withdrawn=False), True, id="survey by contract"),
        pytest.param("survey", "contract", BRUNO, False, id="but not after a no"),
    ],
)
def test_consent(message_class: str, basis: str, facts: GateFacts, allowed: bool) -> None:
    asked = facts._replace(message_class=MessageClass(message_class), basis=Basis(basis))
    assert judge(asked, NONE, NONE, NOON) == (Allow(facts.consent_id) if allowed else Cancel("no_consent"))


# --- quiet hours -----------------------------------------------------------------------------


def test_at_night_it_waits_for_the_morning() -> None:
    assert judge(ANA, NIGHT, NONE, EVENING) == Defer(MORNING + LATER, "quiet_hours")
    assert judge(ANA, NIGHT, NONE, MORNING) == Allow(7)


@pytest.mark.parametrize(
    ("now", "hours", "reason"),
    [
        pytest.param("2026-12-24 23:30", OFF, "holiday: Christmas Day", id="the night before"),
        pytest.param("2026-12-25 10:00", OFF, "holiday: Christmas Day", id="on the day"),
        pytest.param("2026-12-26 10:00", OFF, "weekend", id="a Saturday"),
        pytest.param("2026-12-25 10:00", SUNDAYS, None, id="where holidays are as other days"),
        pytest.param("2026-12-26 23:00", SUNDAYS, "weekend", id="a Sunday that is quiet all day"),
        pytest.param("2026-12-27 23:00", SUNDAYS, "weekend", id="the end of it"),
        pytest.param("2026-12-28 05:00", OFF, "quiet_hours", id="the night after"),
        pytest.param("2026-07-09 10:00", OFF, "holiday: Constitutionalist Revolution", id="of a state"),
    ],
)
def test_what_it_waits_for_is_said(now: str, hours: QuietHours, reason: str | None) -> None:
    at = clock.on_wall(datetime.fromisoformat(now), ANA.zone)
    verdict = judge(ANA, Limits({Channel.EMAIL: hours}), NONE, at)
    assert (verdict.reason if isinstance(verdict, Defer) else None) == reason


def test_the_person_lives_in_her_own_zone() -> None:
    assert judge(DAVI, NIGHT, NONE, EVENING) == Defer(MORNING + timedelta(hours=1) + LATER, "quiet_hours")
    assert judge(DAVI, NIGHT, NONE, EVENING - timedelta(minutes=61)) == Allow(7)


def test_each_channel_has_its_own_hours() -> None:
    assert judge(ANA._replace(channel=Channel.SMS), NIGHT, NONE, EVENING) == Allow(7)


def test_transactional_mail_is_bound_by_no_hours_and_no_cap() -> None:
    facts = ANA._replace(message_class=MessageClass.TRANSACTIONAL, sent_journey=(NOON,))
    assert judge(facts, replace(NIGHT, cap=Cap(1, WEEK)), NIGHT, EVENING) == Allow(7)


def test_the_workspace_binds_too() -> None:
    late = Limits({Channel.EMAIL: QuietHours(20 * 60, 9 * 60)})
    assert judge(ANA, NIGHT, late, EVENING) == Defer(MORNING + timedelta(hours=2) + LATER, "quiet_hours")
    assert judge(ANA, late, NIGHT, EVENING) == Defer(MORNING + timedelta(hours=2) + LATER, "quiet_hours")


def test_hours_that_leave_no_time_cancel() -> None:
    day, night = QuietHours(7 * 60, 22 * 60), QuietHours(22 * 60, 7 * 60)
    verdict = judge(ANA, Limits({Channel.EMAIL: day}), Limits({Channel.EMAIL: night}), NOON)
    assert verdict == Cancel("quiet_hours")


def test_a_release_is_spread() -> None:
    until = [judge(ANA._replace(key=f"key-{n}"), NIGHT, NONE, EVENING) for n in range(1000)]
    late = [each.until - MORNING for each in until if isinstance(each, Defer)]
    assert all(timedelta(0) <= each < RELEASE for each in late)
    by_minutes = Counter(each // timedelta(minutes=6) for each in late)
    assert len(by_minutes) == 5
    assert min(by_minutes.values()) > 150


def test_a_short_opening_is_not_missed_by_the_spread() -> None:
    minute = timedelta(minutes=1)
    assert minute < LATER
    open_a_minute = Limits({Channel.EMAIL: QuietHours(7 * 60 + 1, 7 * 60)})
    assert judge(ANA, open_a_minute, NONE, EVENING) == Defer(MORNING, "quiet_hours")


def test_what_expires_in_the_night_is_looked_at_then() -> None:
    facts = ANA._replace(expires_at=EVENING + timedelta(hours=2))
    assert judge(facts, NIGHT, NONE, EVENING) == Defer(EVENING + timedelta(hours=2), "quiet_hours")


@settings(deadline=None)
@given(
    minutes=st.integers(0, 60 * 24 * 14),
    key=st.text(),
    mine=st.tuples(st.integers(0, 1439), st.integers(0, 1439)),
    ours=st.tuples(st.integers(0, 1439), st.integers(0, 1439)),
)
def test_a_message_let_through_is_never_in_quiet_hours(
    minutes: int, key: str, mine: tuple[int, int], ours: tuple[int, int]
) -> None:
    quiet = [QuietHours(*mine), QuietHours(*ours, weekends=True)]
    journey, workspace = (Limits({Channel.EMAIL: hours}) for hours in quiet)
    now = NOON + timedelta(minutes=minutes)
    verdict = judge(ANA._replace(key=key), journey, workspace, now)
    if isinstance(verdict, Defer):
        assert verdict.until > now
        now = verdict.until
        verdict = judge(ANA, journey, workspace, now)
    if isinstance(verdict, Allow):
        assert all(clock.is_open(now, hours, ANA.zone) for hours in quiet)
    else:
        assert verdict == Cancel("quiet_hours")


# --- caps ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent_days_ago", "verdict"),
    [
        pytest.param([], Allow(7), id="none before"),
        pytest.param([1], Allow(7), id="one of two"),
        pytest.param([8, 7, 1], Allow(7), id="old ones have left the window"),
        pytest.param([6.5, 1], Defer(NOON + DAY / 2, "cap"), id="frees in half a day"),
        pytest.param([6.9, 6.5, 1], Defer(NOON + DAY / 2, "cap"), id="over the cap already"),
        pytest.param([3, 1], Defer(NOON + 2 * DAY, "cap"), id="frees too late: until patience ends"),
    ],
)
def test_a_cap_of_two_a_week(sent_days_ago: list[float], verdict: object) -> None:
    facts = ANA._replace(sent_journey=tuple(NOON - DAY * days for days in sent_days_ago))
    assert judge(facts, Limits(cap=Cap(2, WEEK)), NONE, NOON) == verdict


def test_patience_ends_48_hours_after_the_plan() -> None:
    facts = ANA._replace(sent_journey=(NOON,))
    capped = Limits(cap=Cap(1, WEEK))
    assert judge(facts, capped, NONE, NOON + 2 * DAY - timedelta(seconds=1)) == Defer(NOON + 2 * DAY, "cap")
    assert judge(facts, capped, NONE, NOON + 2 * DAY) == Cancel("cap")


def test_a_cap_that_skips() -> None:
    facts = ANA._replace(sent_journey=(NOON,))
    assert judge(facts, Limits(cap=Cap(1, WEEK, on_cap="skip")), NONE, NOON) == Cancel("cap")


def test_each_cap_counts_its_own_and_both_must_be_free() -> None:
    other_journeys = tuple(NOON - DAY * days for days in (6.75, 6.5, 1))
    facts = ANA._replace(sent_journey=(NOON - DAY * 6.9,), sent_workspace=other_journeys)
    journey, workspace = Limits(cap=Cap(1, WEEK)), Limits(cap=Cap(2, WEEK))
    assert judge(facts, journey, NONE, NOON) == Defer(NOON + DAY * 7 - DAY * 6.9, "cap")
    assert judge(facts, journey, workspace, NOON) == Defer(NOON + DAY / 2, "cap")
    assert judge(facts, NONE, workspace, NOON) == Defer(NOON + DAY / 2, "cap")


def test_a_cap_of_none_cancels_when_patience_ends() -> None:
    capped = Limits(cap=Cap(0, WEEK))
    assert judge(ANA, capped, NONE, NOON) == Defer(NOON + 2 * DAY, "cap")
    assert judge(ANA, capped, NONE, NOON + 2 * DAY) == Cancel("cap")


def test_it_is_asked_twice_for_every_message_and_must_be_quick() -> None:
    facts = ANA._replace(sent_journey=(NOON - DAY,), sent_workspace=(NOON - DAY, NOON - DAY * 3))
    limits = Limits({Channel.EMAIL: QuietHours(22 * 60, 7 * 60, "BR-SP")}, Cap(3, WEEK))
    judge(facts, limits, limits, NOON)
    start = time.perf_counter()
    for _ in range(3000):
        judge(facts, limits, limits, NOON)
    assert time.perf_counter() - start < 1  # a tenth of it on a machine that does nothing else


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
def test_a_law_counts_what_comes_by_sms_and_whatsapp_together(channel: Channel) -> None:
    ana = ANA._replace(channel=channel, zone="America/New_York", region="US-FL", opted_in=True, approved=True)
    by_law = Limits({channel: QuietWeek(0, 0, laws=("us",))})
    today = tuple(NOON - timedelta(hours=hours) for hours in (3, 2, 1))
    assert judge(ana._replace(sent_by_phone=today[1:]), NONE, by_law, NOON) == Allow(7)
    assert judge(ana._replace(sent_by_phone=today), NONE, by_law, NOON) == Defer(NOON + 21 * DAY / 24, "cap")
