"""What leaves first, and how fast: on both databases, with a provider that remembers."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nurture import faults
from nurture.app import doubts, pacing
from nurture.app.status import status
from nurture.channels.base import (
    Envelope,
    Features,
    Found,
    Outcome,
    Prepared,
    Sought,
    Trouble,
    Whereabouts,
    accepted,
    outcome,
)
from nurture.limits import Cap
from nurture.model import Channel, Span
from nurture.problems import NurtureError
from nurture.settings import ChannelConfig, Limits, Pace, Rate, Sender
from nurture.store import lanes, tables
from nurture.store.engine import Store, Tx
from tests.support.office import NOW, SECOND, Office, Provider, open_office

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def per_second(count: int, burst: int | None = None) -> Rate:
    return Rate(count, SECOND, burst or count, f"{count}/second")


def set_pace(office: Office, pace: Pace) -> None:
    settings = office.runtime.settings
    config = replace(settings.channels[Channel.EMAIL], pace=pace)
    office.runtime.settings = replace(settings, channels={Channel.EMAIL: config})


@pytest.fixture
def small(one_database: str, tmp_path: Path) -> Iterator[Office]:
    """The same on one of the two, where the store plays no part."""
    made = open_office(one_database, tmp_path)
    yield made
    made.runtime.close()


# --- what goes first --------------------------------------------------------------------------


def test_a_password_does_not_wait_for_a_backlog_of_marketing(office: Office) -> None:
    office.backlog(300, NOW - HOUR)

    def asked_for() -> None:
        if len(office.took) == 60:  # by now a batch of 40 is under way
            office.write("ana@example.com", kind="transactional")
            office.write("davi@example.com", kind="survey", due=NOW)

    office.provider.after = asked_for
    office.deliver(batch=40)
    assert len(office.took) == 302
    assert office.took[80:82] == ["ana@example.com", "davi@example.com"], "first of the next batch"


def test_surveys_go_before_marketing_and_each_by_age(small: Office) -> None:
    small.write("old@example.com", due=NOW - 3 * HOUR)
    small.write("new@example.com", due=NOW - HOUR)
    small.write("asked@example.com", kind="survey", due=NOW)
    small.write("asked-before@example.com", kind="survey", due=NOW - HOUR)
    small.write("password@example.com", kind="transactional", due=NOW)
    small.deliver()
    assert [name.partition("@")[0] for name in small.took] == [
        "password",
        "asked-before",
        "asked",
        "old",
        "new",
    ]


def test_where_only_some_may_leave_they_are_the_surveys(small: Office) -> None:
    set_pace(small, Pace(Rate(1, HOUR, 1, "1/hour")))
    small.write("old@example.com", due=NOW - 3 * HOUR)
    small.write("asked@example.com", kind="survey", due=NOW)
    small.deliver()
    assert small.took == ["asked@example.com"]


def test_a_slow_provider_does_not_hold_what_became_urgent(
    small: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch whose waves take longer than a turn makes way."""
    seconds = iter(range(0, 100_000, 6))  # each look at the clock finds six seconds gone
    monkeypatch.setattr("nurture.app.deliver.time", SimpleNamespace(monotonic=lambda: next(seconds)))
    small.backlog(200, NOW - HOUR)
    small.provider.after = lambda: (
        small.write("ana@example.com", kind="transactional") and None if len(small.took) == 20 else None
    )
    small.deliver()
    assert small.took.index("ana@example.com") == 40
    assert len(small.took) == len(set(small.took)) == 201


# --- rates ------------------------------------------------------------------------------------


def test_a_backlog_leaves_at_the_configured_rate_in_its_order(office: Office) -> None:
    set_pace(office, Pace(per_second(10, burst=5)))
    office.backlog(25, NOW - HOUR, every=SECOND)
    office.live(NOW + HOUR)
    assert office.took == [f"p{number}@example.com" for number in range(25)]
    assert office.most_within(SECOND) == 14, "what was saved up, and then one each tenth of a second"
    last = office.provider.took[-1][0]
    assert last == NOW + 2 * SECOND, "20 at ten a second"


def test_what_is_transactional_takes_the_next_token(small: Office) -> None:
    set_pace(small, Pace(per_second(2)))
    small.backlog(20, NOW - HOUR)
    small.live(NOW + 3 * SECOND)
    small.write("ana@example.com", kind="transactional", due=small.at)
    asked = small.at
    small.live(NOW + HOUR)
    (got,) = (at for at, recipient in small.provider.took if recipient == "ana@example.com")
    assert got - asked <= SECOND / 2
    assert small.most_within(SECOND) <= 3


def test_two_workers_share_one_bucket(office: Office, tmp_path: Path) -> None:
    set_pace(office, Pace(per_second(5)))
    other = open_office(office.runtime.store.url.render_as_string(hide_password=False), tmp_path)
    set_pace(other, office.runtime.settings.channels[Channel.EMAIL].pace)
    other.provider.took = office.provider.took  # one ledger
    office.backlog(15, NOW - HOUR)
    for number in range(30):
        office.at = other.at = NOW + number * SECOND / 10
        (office, other)[number % 2].deliver()
    other.runtime.close()
    assert len(office.took) == len(set(office.took)) == 15
    assert office.most_within(SECOND) <= 10, "the burst and a second's worth"
    assert office.provider.took[-1][0] == NOW + 2 * SECOND


def test_who_comes_second_waits_for_what_the_first_takes(office: Office) -> None:
    set_pace(office, Pace(Rate(1, HOUR, 5, "1/hour")))
    office.deliver()  # the bucket is there from now on
    office.backlog(9, NOW)
    second = replace(
        office.runtime, store=Store(office.runtime.store.url.render_as_string(hide_password=False))
    )
    seen: list[int] = []

    def come() -> None:
        with second.store.begin() as tx:
            seen.append(pacing.turn(second, tx, [Channel.EMAIL], NOW, 100).lanes[0].most)

    other = threading.Thread(target=come)
    with office.runtime.store.begin() as tx:
        turn = pacing.turn(office.runtime, tx, [Channel.EMAIL], NOW, 100)
        rows = lanes.lease(tx, NOW, NOW + HOUR, turn.lanes)
        other.start()
        time.sleep(0.3)  # it would be through by now, if nothing held it
        assert (len(rows), seen) == (5, [])
        assert turn.choose(tx, rows) == rows
    other.join()
    second.store.close()
    assert seen == [0]


def test_who_asked_for_the_time_first_and_comes_second_finds_nothing_either(
    postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instant before the one at which the bucket was emptied is no reason to take it for full."""
    first, second = open_office(postgres_database, tmp_path), open_office(postgres_database, tmp_path)
    for each in (first, second):
        set_pace(each, Pace(Rate(1, HOUR, 5, "1/hour")))
        each.runtime.wait = lambda _: None
    first.deliver()  # the bucket is there from now on
    first.backlog(9, NOW)
    hold = pacing.buckets.hold

    def after_the_first(tx: Tx, names: Any) -> Any:
        monkeypatch.setattr(pacing.buckets, "hold", hold)
        first.deliver()
        return hold(tx, names)

    monkeypatch.setattr(pacing.buckets, "hold", after_the_first)
    second.deliver()
    for each in (first, second):
        each.runtime.close()
    assert len(first.took + second.took) == 5


@pytest.mark.postgresql
def test_two_workers_at_once_keep_to_one_persons_cap(postgres_database: str, tmp_path: Path) -> None:
    """Whoever hands over holds her row: another worker counts again when the first has committed."""
    first, second = open_office(postgres_database, tmp_path), open_office(postgres_database, tmp_path)
    for each in (first, second):
        cap = Limits(cap=Cap(1, Span(days=7, text="7 days")))
        each.runtime.settings = replace(each.runtime.settings, limits=cap)
    first.write("ana@example.com")
    (hers,) = first.rows()
    first.write("also-ana@example.com", contact_id=hers["contact_id"], journey="others", due=NOW - HOUR)
    other = threading.Thread(target=lambda: second.deliver(batch=1))
    through: list[bool] = []

    def come(point: str) -> None:
        if point == "handover.before_commit" and threading.current_thread() is not other and not through:
            other.start()
            other.join(0.5)  # it would be through by now, if nothing held it
            through.append(not other.is_alive())

    faults.listen(come)
    try:
        first.deliver(batch=1)
    finally:
        faults.listen(None)
        other.join()
    assert through == [False]
    assert first.took + second.took == ["ana@example.com"]
    said = [(row["state"], row["reason"]) for row in first.rows()]
    for each in (first, second):
        each.runtime.close()
    assert sorted(said) == [("accepted", None), ("deferred", "cap")]


def test_a_domain_with_a_limit_holds_up_nobody_else(office: Office) -> None:
    set_pace(office, Pace(domains={"gmail.com": per_second(2)}))
    office.write(*[f"g{number}@gmail.com" for number in range(20)], due=NOW - 2 * HOUR)
    office.write(*[f"y{number}@example.com" for number in range(20)], due=NOW - HOUR)
    office.deliver()
    assert Counter(name.partition("@")[2] for name in office.took) == {"gmail.com": 2, "example.com": 20}
    office.live(NOW + HOUR)
    limited = [(at, name) for at, name in office.provider.took if name.endswith("gmail.com")]
    assert [name for _, name in limited] == [f"g{number}@gmail.com" for number in range(20)]
    assert limited[-1][0] == NOW + 9 * SECOND


def test_a_limit_that_is_taken_away_lets_out_what_waited_for_it(small: Office) -> None:
    set_pace(small, Pace(domains={"gmail.com": per_second(1)}))
    small.write(*[f"g{number}@gmail.com" for number in range(5)])
    small.deliver()
    assert len(small.took) == 1
    set_pace(small, Pace())
    small.deliver()
    assert len(small.took) == 5


def test_both_limits_hold_where_a_channel_and_a_domain_have_one(small: Office) -> None:
    set_pace(small, Pace(per_second(4), {"gmail.com": per_second(1)}))
    small.write(*[f"g{number}@gmail.com" for number in range(5)])
    small.backlog(12, NOW)
    small.live(NOW + HOUR)
    assert len(small.took) == 17
    assert small.most_within(SECOND) <= 8
    gmail = [at for at, name in small.provider.took if name.endswith("gmail.com")]
    assert max(sum(at <= other < at + SECOND for other in gmail) for at in gmail) <= 2


def test_a_clock_that_jumps_stops_for_a_channel_without_a_limit_beside_one_that_waits(small: Office) -> None:
    set_pace(small, Pace(Rate(1, HOUR, 1, "1/hour")))
    texts = ChannelConfig(Channel.SMS, "outbox", Sender("+5511900000000"))
    settings = small.runtime.settings
    small.runtime.settings = replace(settings, channels={**settings.channels, Channel.SMS: texts})
    small.backlog(2, NOW)
    small.deliver()
    with small.runtime.store.read() as tx:
        assert pacing.next_due(small.runtime, tx, NOW) == NOW + HOUR
    small.write("ana@example.com", channel="sms")
    with small.runtime.store.read() as tx:
        assert pacing.next_due(small.runtime, tx, NOW) == NOW


def test_in_real_time_a_run_waits_for_its_tokens(office: Office) -> None:
    set_pace(office, Pace(per_second(4, burst=1)))
    office.runtime.wait = time.sleep
    office.runtime.now = office.provider.clock = lambda: datetime.now(UTC)
    office.at = datetime.now(UTC)
    office.backlog(4, office.at - HOUR)
    office.deliver()
    assert len(office.took) == 4
    assert office.most_within(SECOND / 2) <= 3


def test_nothing_is_waited_for_that_is_far_away(small: Office) -> None:
    set_pace(small, Pace(Rate(1, HOUR, 1, "1/hour")))
    small.runtime.wait, small.runtime.now = pytest.fail, lambda: datetime.now(UTC)
    small.at = datetime.now(UTC)
    small.backlog(2, small.at - HOUR)
    small.deliver()
    assert len(small.took) == 1


def test_a_clock_that_was_a_year_ahead_does_not_close_the_bucket(small: Office) -> None:
    set_pace(small, Pace(per_second(1)))
    small.at = NOW + 365 * DAY
    small.backlog(3, NOW)
    small.deliver()
    small.at = NOW
    small.live(NOW + 10 * SECOND)
    assert len(small.took) == 3


def test_after_an_outage_thousands_drain_at_the_rate_and_what_expired_is_cancelled(small: Office) -> None:
    set_pace(small, Pace(per_second(100)))
    small.backlog(1800, NOW - 6 * HOUR, every=12 * SECOND)
    small.backlog(100, NOW - 3 * HOUR, expires_at=NOW - HOUR)
    small.backlog(300, NOW - HOUR / 2, expires_at=NOW + 18 * SECOND)
    small.live(NOW + HOUR, step=SECOND / 2)
    states = Counter(row["state"] for row in small.rows())
    reasons = Counter(row["reason"] for row in small.rows() if row["state"] == "cancelled")
    assert states["accepted"] + states["cancelled"] == 2200
    assert 100 < reasons["expired"] == states["cancelled"] < 400, "some were too late, some came in time"
    assert small.most_within(SECOND) <= 200, "the burst and a second's worth"
    left = sorted((row["handed_at"], row["due_at"]) for row in small.rows() if row["handed_at"])
    assert left == sorted(left, key=lambda row: row[1]), "the oldest first"


def delivering(office: Office, at: datetime) -> tuple[int, timedelta, tuple[str, ...]]:
    """What status says: how many messages are late, since when, and what it says of the pace."""
    found = status(office.runtime, {"deliver-messages": 10 * SECOND}, at)
    return found.jobs[0].due, found.jobs[0].lag, found.pacing


def test_what_waits_for_its_turn_is_not_late_unless_nobody_takes_it(office: Office) -> None:
    set_pace(office, Pace(per_second(1)))
    office.backlog(400, NOW - HOUR)
    for _ in range(3):
        office.deliver()
        office.at += SECOND
    said = ("email: 397 due, 1/second (about 7 min)",)
    assert delivering(office, office.at - SECOND) == (0, timedelta(), said)
    due, lag, _ = delivering(office, office.at + HOUR)
    assert due == 397
    assert timedelta(minutes=59) < lag <= HOUR


def test_status_says_what_waits_for_a_domain(small: Office) -> None:
    set_pace(small, Pace(domains={"gmail.com": per_second(1)}))
    small.write(*[f"g{number}@gmail.com" for number in range(90)], due=NOW - HOUR)
    small.deliver()
    said = ("email to gmail.com: 89 due, 1/second (about 1 min)",)
    assert delivering(small, small.at) == (0, timedelta(), said)


def test_many_to_a_limited_domain_are_put_aside_together(
    small: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a hundred for a domain whose tokens are spent stand others, for whom there is one."""
    set_pace(small, Pace(per_second(2, burst=1), {"gmail.com": Rate(1, HOUR, 1, "1/hour")}))
    small.write(*[f"g{number}@gmail.com" for number in range(100)], due=NOW - HOUR)
    small.write("ana@example.com", due=NOW)
    small.deliver()
    assert small.took == ["g0@gmail.com"]
    taken: list[int] = []
    lease = lanes.lease
    monkeypatch.setattr(lanes, "lease", lambda *given: taken.append(1) or lease(*given))
    small.at += SECOND
    small.deliver()
    assert small.took == ["g0@gmail.com", "ana@example.com"]
    assert len(taken) <= 4


# --- outages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("at_once", [1, 20])
def test_a_provider_whose_answers_are_lost_does_not_use_up_what_waits(small: Office, at_once: int) -> None:
    small.provider.connections = at_once  # type: ignore[misc]
    small.backlog(300, NOW - HOUR)
    small.provider.answer = lambda envelope: outcome(envelope, Trouble.LOST, "500")
    for _ in range(5):
        small.deliver()
        small.at += 10 * SECOND
    states = Counter(row["state"] for row in small.rows())
    assert states["in_doubt"] <= 20 + 4, "a wave, and then one in each run"
    small.provider.answer = lambda envelope: accepted(envelope, "250")
    small.deliver()
    now = Counter(row["state"] for row in small.rows())
    assert now == {"in_doubt": states["in_doubt"], "accepted": 300 - states["in_doubt"]}
    assert len(set(small.took)) == 300


def test_a_carrier_that_fails_over_one_message_holds_up_neither_the_others_nor_other_channels(
    small: Office, tmp_path: Path
) -> None:
    texts = Provider(lambda: small.at)
    texts.channel = Channel.SMS  # type: ignore[misc]
    (tmp_path / "templates" / "sms").mkdir()
    (tmp_path / "templates" / "sms" / "a.txt").write_text("Oi", encoding="utf-8")
    settings = small.runtime.settings
    sms = ChannelConfig(Channel.SMS, "twilio", Sender("+15005550006"))
    small.runtime.settings = replace(settings, channels={**settings.channels, Channel.SMS: sms})
    small.runtime.stand_in(Channel.SMS, texts)
    small.write("ana@example.com", "bruno@example.com")
    small.write("davi@example.com", kind="transactional", channel="sms")
    with small.runtime.store.begin() as tx:
        tx.execute(tables.contacts.update().values(phone="+5511999990000"))
    prepare, small.provider.connections = small.provider.prepare, 1  # type: ignore[misc]

    def fails_over_ana(wave: Sequence[Envelope]) -> Prepared[Envelope]:
        if wave[0].recipient == "ana@example.com":
            raise KeyError("what no test has foreseen")
        return prepare(wave)

    small.provider.prepare = fails_over_ana  # type: ignore[method-assign]
    for _ in range(2):
        with suppress(NurtureError):
            small.deliver()
        small.at += 10 * SECOND
    assert (small.took, len(texts.took)) == (["bruno@example.com"], 1)


# --- warming up -------------------------------------------------------------------------------


def test_a_new_sender_follows_its_plan_and_transactional_mail_does_not_wait(office: Office) -> None:
    set_pace(office, Pace(warm_up=(3, 5)))
    office.backlog(20, NOW - HOUR)
    office.deliver()
    assert len(office.took) == 3
    office.write("ana@example.com", kind="transactional")
    office.deliver()
    assert office.took[3:] == ["ana@example.com"]
    said = ("email from volta.example: day 1 of 2, 4 of 3 sent today",)
    assert delivering(office, office.at) == (0, timedelta(), said)
    office.live(NOW + DAY - HOUR)
    days = Counter((at - timedelta(hours=3)).date().day for at, _ in office.provider.took)
    assert days == {1: 4, 2: 5}, "on the second day of the plan, from midnight in São Paulo"
    office.live(NOW + 2 * DAY)
    assert len(office.took) == 21, "then the plan is done"


def test_days_without_a_message_are_not_days_of_the_plan(small: Office) -> None:
    set_pace(small, Pace(warm_up=(2, 4)))
    small.backlog(2, NOW)
    small.deliver()
    small.at = NOW + 30 * DAY
    small.backlog(9, small.at)
    small.deliver()
    assert len(small.took) == 6
    assert small.rows(tables.warm_ups) == [
        {"sender": "email from volta.example", "day": 2, "date": "2026-07-01", "sent": 4}
    ]


@pytest.mark.parametrize("ahead", [1, 365])
def test_a_clock_that_was_ahead_does_not_stop_the_plan(small: Office, ahead: int) -> None:
    set_pace(small, Pace(warm_up=(3, 5)))
    small.at = NOW + ahead * DAY
    small.backlog(20, NOW)
    small.deliver()
    taken = []
    for day in range(3):
        small.at = NOW + day * DAY
        for _ in range(2):
            small.deliver()
        taken.append(len(small.took))
    assert taken == [3 + 3, 6 + 5, 20], "the day of the plan begins anew, and the others follow"


def test_a_second_day_of_the_plan_stays_the_second_after_such_a_clock(small: Office) -> None:
    set_pace(small, Pace(warm_up=(3, 5)))
    small.backlog(20, NOW)
    small.deliver()
    small.at = NOW + 365 * DAY
    small.deliver()
    small.at = NOW + DAY
    assert delivering(small, small.at)[2] == ("email from volta.example: day 2 of 2, 0 of 5 sent today",)
    small.deliver()
    assert len(small.took) == 3 + 5 + 5


def test_what_an_outage_kept_from_leaving_is_not_spent(office: Office) -> None:
    set_pace(office, Pace(warm_up=(50, 100)))
    office.backlog(200, NOW - HOUR)
    office.provider.prepare = lambda wave: Prepared(  # type: ignore[method-assign]
        tuple(outcome(envelope, Trouble.CONNECTION) for envelope in wave)
    )
    for _ in range(3):
        office.deliver()
        office.at += 10 * SECOND
    del office.provider.prepare  # type: ignore[method-assign]
    office.live(NOW + HOUR)
    assert len(office.took) == 50
    office.live(NOW + DAY)
    assert len(office.took) == 150


def test_a_new_domain_begins_anew(small: Office) -> None:
    set_pace(small, Pace(warm_up=(2, 4)))
    small.backlog(2, NOW)
    small.deliver()
    settings = small.runtime.settings
    mail: Any = settings.channels[Channel.EMAIL]
    moved = replace(mail, sender=replace(mail.sender, address="oi@news.example"))
    small.runtime.settings = replace(settings, channels={Channel.EMAIL: moved})
    small.backlog(5, NOW)
    small.deliver()
    assert len(small.took) == 4


# --- doubt ------------------------------------------------------------------------------------


def lost(envelope: Envelope) -> Outcome:
    return outcome(envelope, Trouble.LOST)


def test_a_provider_that_drops_repeats_gets_the_message_again(small: Office) -> None:
    small.provider.features = Features(idempotency=HOUR)  # type: ignore[misc]
    small.provider.answer = lost
    small.write("ana@example.com")
    small.deliver()
    assert [row["state"] for row in small.rows()] == ["in_doubt"]
    small.provider.answer = lambda envelope: accepted(envelope, "250")
    small.at += HOUR / 4
    small.deliver()
    assert [row["state"] for row in small.rows()] == ["accepted"]
    assert small.took == ["ana@example.com"] * 2


@pytest.mark.parametrize("waits", [timedelta(minutes=1), HOUR])
def test_not_when_the_time_for_that_is_over(small: Office, waits: timedelta) -> None:
    """Neither at once nor behind a limit."""
    small.provider.features = Features(idempotency=HOUR)  # type: ignore[misc]
    small.provider.answer = lost
    small.write("ana@example.com")
    small.deliver()
    small.provider.answer = lambda envelope: accepted(envelope, "250")
    set_pace(small, Pace(Rate(1, DAY, 1, "1/day")))
    small.write("password@example.com", kind="transactional")
    small.at += waits
    small.deliver()
    small.at += DAY
    small.deliver()
    states = {row["contact_id"]: (row["state"], row["reason"]) for row in small.rows()}
    assert states == {1: ("in_doubt", "reply_lost"), 2: ("accepted", None)}
    assert small.took == ["ana@example.com", "password@example.com"]


def test_a_provider_without_either_is_asked_nothing(small: Office) -> None:
    small.provider.answer = lost
    small.write("ana@example.com")
    small.deliver()
    small.at += HOUR
    small.deliver()
    assert small.took == ["ana@example.com"]


@dataclass
class Askable(Provider):
    """It can be asked what became of a message, two minutes after it came."""

    says: Whereabouts = Whereabouts.UNKNOWN
    asked: list[tuple[datetime, str]] = field(default_factory=list)
    appears_within = timedelta(minutes=2)

    def search(self, sought: Sequence[Sought]) -> list[Found]:
        self.asked += [(self.clock(), one.recipient) for one in sought]
        return [Found(one.message_id, self.says, "their-id") for one in sought]


def test_what_somebody_left_is_not_sent_again_though_it_never_arrived(small: Office) -> None:
    provider = Askable(lambda: small.at, answer=lost, says=Whereabouts.ABSENT)
    small.runtime.stand_in(Channel.EMAIL, provider)
    small.write("ana@example.com")
    small.deliver()
    ((doubt,), small.at) = doubts.doubts(small.runtime), NOW + timedelta(minutes=1)
    doubts.settle(small.runtime, [doubt.id], doubts.Word.DROP, small.at)
    small.at += 5 * timedelta(minutes=1)
    small.deliver()
    assert len(provider.took) == 1
    assert [each.left for each in doubts.doubts(small.runtime)] == [True]
    doubts.settle(small.runtime, [doubt.id], doubts.Word.RESEND, small.at)
    small.deliver()
    assert len(provider.took) == 2


def test_a_provider_is_asked_when_it_can_know_and_now_and_then(small: Office) -> None:
    provider = Askable(lambda: small.at, answer=lost)
    small.runtime.stand_in(Channel.EMAIL, provider)
    small.write("ana@example.com")
    small.deliver()
    asked = []
    for minutes in (1, 2, 3, 11, 12, 13):
        small.at = NOW + timedelta(minutes=minutes)
        provider.says = Whereabouts.ARRIVED if minutes == 12 else Whereabouts.UNKNOWN
        small.deliver()
        asked.append(len(provider.asked))
    assert asked == [0, 1, 1, 1, 2, 2]
    assert {recipient for _, recipient in provider.asked} == {"ana@example.com"}
    (row,) = small.rows()
    assert (row["state"], row["provider_id"]) == ("accepted", "their-id")
    assert len(provider.took) == 1
