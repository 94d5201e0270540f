"""Messages that go again because their provider drops a second one: what may have arrived stays in doubt until it is
settled, whatever comes between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.app import advance, deliver, doubts, opt_outs
from nurture.app.process import process
from nurture.channels.base import Envelope, Features, Outcome, Prepared, Trouble, accepted, outcome
from nurture.model import Channel
from nurture.store import messages, moving, tables
from nurture.store.engine import Store
from tests.integration.test_in_flight import Shop
from tests.support.office import Office, Provider, open_office

HOUR = timedelta(hours=1)


@pytest.fixture
def office(one_database: str, tmp_path: Path) -> Iterator[Office]:
    """A provider that drops repeats for an hour, and whose first answer was lost ten minutes ago."""
    made = open_office(one_database, tmp_path)
    made.provider.features = Features(idempotency=HOUR)  # type: ignore[misc]
    made.provider.answer = lambda envelope: outcome(envelope, Trouble.LOST)
    made.write("ana@example.com")
    made.deliver()
    made.at += timedelta(minutes=10)
    yield made
    made.runtime.close()


def _slow(envelope: Envelope) -> Outcome:
    return outcome(envelope, Trouble.RATE)


def _taken(envelope: Envelope) -> Outcome:
    return accepted(envelope, "250")


def _lost(envelope: Envelope) -> Outcome:
    return outcome(envelope, Trouble.LOST)


@pytest.mark.parametrize("answer", [_slow, _lost])
def test_a_repeat_that_fails_goes_again_only_as_long_as_the_first_is_known(
    office: Office, answer: Callable[[Envelope], Outcome]
) -> None:
    office.provider.answer = answer
    office.deliver()
    office.provider.answer = _taken
    office.at += timedelta(minutes=21)  # half of the hour since the first is over
    for _ in range(5):
        office.deliver()
        office.at += 4 * HOUR
    assert office.took == ["ana@example.com"] * 2
    assert [row["state"] for row in office.rows()] == ["in_doubt"]


def test_an_opt_out_while_a_repeat_waits_leaves_its_message_in_doubt(office: Office) -> None:
    office.provider.answer = _slow
    office.deliver()
    opt_outs.withdraw(office.runtime, 1, topic=None, channel=Channel.EMAIL, how="page", now=office.at)
    assert [(row["state"], row["reason"]) for row in office.rows()] == [("in_doubt", "consent_withdrawn")]
    office.provider.answer = _taken
    office.at += timedelta(minutes=11)
    office.deliver()
    assert office.took == ["ana@example.com"] * 2, "nothing after the opt-out"
    assert [row["state"] for row in office.rows()] == ["in_doubt"]


def test_a_repeat_that_is_refused_may_have_arrived_the_first_time(office: Office) -> None:
    office.provider.answer = lambda envelope: outcome(envelope, Trouble.INVALID_RECIPIENT, "550")
    office.deliver()
    office.provider.answer = _taken
    office.at += timedelta(minutes=11)
    office.deliver()
    process(office.runtime, office.at)  # and that the address doesn't exist is heard
    assert office.took == ["ana@example.com"] * 2
    assert [(row["state"], row["reason"]) for row in office.rows()] == [("in_doubt", "550")]


def test_nor_where_the_worker_stood_still_since_it_took_the_message(office: Office) -> None:
    prepare, office.provider.answer = office.provider.prepare, _taken

    def after_a_while(wave: Sequence[Envelope]) -> Prepared[Envelope]:
        office.at += timedelta(minutes=21)
        return prepare(wave)

    office.provider.prepare = after_a_while  # type: ignore[method-assign]
    office.deliver()
    assert office.took == ["ana@example.com"]
    assert [row["state"] for row in office.rows()] == ["in_doubt"]


def test_what_goes_again_counts_towards_caps_and_what_was_put_off_does_not(office: Office) -> None:
    office.provider.answer = _slow
    office.deliver()
    office.write("bruno@example.com")
    office.deliver()
    assert {row["state"] for row in office.rows()} == {"deferred"}
    with office.runtime.store.read() as tx:
        counted = messages.recent(tx, [1, 2], office.at - timedelta(days=1))
    assert list(counted) == [1]


def test_a_no_says_nothing_of_a_message_that_another_worker_has_by_now(office: Office) -> None:
    def too_late(wave: Sequence[Envelope]) -> Prepared[Envelope]:
        with office.runtime.store.begin() as tx:
            theirs = {"state": "handover", "lease_owner": "other", "fence": tables.messages.c.fence + 1}
            tx.execute(sa.update(tables.messages).values(**theirs))
        return Prepared(tuple(outcome(each, Trouble.INVALID_RECIPIENT, "550") for each in wave), {})

    office.provider.prepare = too_late  # type: ignore[method-assign]
    office.deliver()
    with office.runtime.store.read() as tx:
        assert tx.execute(sa.select(tables.events.c.name)).scalars().all() == []
    assert [row["state"] for row in office.rows()] == ["handover"]


def test_what_went_again_until_it_may_no_more_stays_in_doubt(one_database: str, tmp_path: Path) -> None:
    made = open_office(one_database, tmp_path)
    made.provider.answer = _lost
    made.write("ana@example.com", on_doubt="resend")
    made.write("bruno@example.com", on_doubt="resend", expires_at=made.at + timedelta(minutes=2))
    for _ in range(40):
        made.deliver()
        made.at += HOUR
    assert [(row["state"], row["reason"]) for row in made.rows()] == [
        ("in_doubt", "gave_up"),
        ("in_doubt", "expired"),
    ]
    made.runtime.close()


@pytest.mark.parametrize("answer", [_slow, _lost])
def test_what_goes_again_as_its_step_wants_stays_in_doubt_when_it_may_no_more(
    answer: Callable[[Envelope], Outcome], one_database: str, tmp_path: Path
) -> None:
    """Its first answer was lost: that she opted out since doesn't call it back."""
    made = open_office(one_database, tmp_path)
    made.provider.answer = _lost
    made.write("ana@example.com", on_doubt="resend")
    made.deliver()
    made.at += HOUR
    made.provider.answer = answer
    made.deliver()
    opt_outs.withdraw(
        made.runtime, made.rows()[0]["contact_id"], topic=None, channel=None, how="page", now=made.at
    )
    made.at += HOUR
    made.deliver()
    assert [row["state"] for row in made.rows()] == ["in_doubt"]
    assert len(made.took) == 2
    made.runtime.close()


def test_of_two_clocks_that_differ_that_of_all_workers_counts(
    one_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's own is two days ahead: the message goes again as long as the provider knows it, and no longer."""
    office = open_office(one_database, tmp_path)
    office.runtime.wait, start = lambda seconds: None, office.at
    monkeypatch.setattr(Store, "lease_clock", lambda store, tx: office.at - timedelta(days=2))
    office.provider.features = Features(idempotency=HOUR)  # type: ignore[misc]
    office.provider.answer = _lost
    office.write("ana@example.com")
    office.at += timedelta(days=2)
    office.deliver()
    assert [row["handed_at"] for row in office.rows()] == [start]
    office.provider.answer = _taken
    office.at += timedelta(minutes=10)
    office.deliver()
    assert office.took == ["ana@example.com"] * 2
    assert [row["state"] for row in office.rows()] == ["accepted"]
    office.runtime.close()


@pytest.mark.parametrize("ahead", [timedelta(minutes=61), timedelta(days=2)])
def test_what_left_by_a_clock_that_was_ahead_goes_again_by_nobodys_guess(
    one_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    """The machine's clock is set right meanwhile. By what it wrote a second one would be dropped for hours to come."""
    office = open_office(one_database, tmp_path)
    office.runtime.wait = lambda seconds: None
    monkeypatch.setattr(Store, "lease_clock", lambda store, tx: office.at)
    office.provider.features = Features(idempotency=HOUR)  # type: ignore[misc]
    office.provider.answer, start = _lost, office.at
    office.write("ana@example.com")
    office.at += ahead
    office.deliver()
    office.provider.answer, office.at = _taken, start
    while office.at < start + ahead + 2 * HOUR:
        office.deliver()
        office.at += HOUR / 4
    assert office.took == ["ana@example.com"]
    assert [(row["state"], row["reason"]) for row in office.rows()] == [("in_doubt", "undated")]
    office.runtime.close()


JOURNEY = """
journey: thanks
topic: offers
trigger: {event: order_completed}
steps:
  - wait: 1 hour
  - email: reactivation/we-miss-you
    id: only
"""
# What follows, by how her run ends.
ENDS = {"comes to its end": "", "exit step": "  - exit: done\n", "drained": "  - wait: 5 days\n"}


@pytest.mark.parametrize("by", ["repeat", "word"])
@pytest.mark.parametrize("end", ENDS)
def test_who_left_on_her_own_way_gets_what_goes_again(
    one_database: str, tmp_path: Path, end: str, by: str
) -> None:
    """Her run went on when the answer was lost, and is over by the time at which the message goes again."""
    shop, provider = _doubtful(one_database, tmp_path, JOURNEY + ENDS[end])
    if by == "repeat":
        provider.features = Features(idempotency=12 * HOUR)  # type: ignore[misc]
    if end == "drained":
        with shop.runtime.store.begin() as tx:
            moving.drain(tx, "thanks", None, "in_flight.drain", shop.at)
    advance.advance(shop.runtime, shop.at + 6 * 24 * HOUR if end == "drained" else shop.at)
    assert shop.run("chloe")["status"] == ("completed" if end == "comes to its end" else "exited")
    if by == "word":
        doubts.settle(
            shop.runtime, [doubt.id for doubt in doubts.doubts(shop.runtime)], doubts.Word.RESEND, shop.at
        )
    deliver.deliver(shop.runtime, shop.at)
    deliver.deliver(shop.runtime, shop.at)
    assert [recipient for _, recipient in provider.took] == ["chloe@example.com"] * 2
    assert shop.sent("chloe")
    shop.runtime.close()


def test_who_was_taken_out_does_not_and_may_have_it(one_database: str, tmp_path: Path) -> None:
    """Somebody said to send it again; before it leaves she is taken out of the journey."""
    shop, provider = _doubtful(one_database, tmp_path, JOURNEY + "  - wait: 5 days\n")
    (doubt,) = doubts.doubts(shop.runtime)
    doubts.settle(shop.runtime, [doubt.id], doubts.Word.RESEND, shop.at)
    with shop.runtime.store.begin() as tx:
        moving.end(tx, moving.of_people("thanks", [shop.run("chloe")["contact_id"]]), "exit.ejected", shop.at)
    deliver.deliver(shop.runtime, shop.at)
    assert len(provider.took) == 1
    assert [each.id for each in doubts.doubts(shop.runtime)] == [doubt.id]
    shop.runtime.close()


def _doubtful(database: str, folder: Path, journey: str) -> tuple[Shop, Provider]:
    """A shop whose only mail is in doubt: the answer was lost. The next one is heard."""
    shop = Shop(database, folder / "shop")
    shop.runtime.stand_in(Channel.EMAIL, provider := Provider(lambda: shop.at, answer=_lost))
    shop.publish(journey)
    shop.orders("chloe", shop.at)
    shop.at += HOUR
    advance.advance(shop.runtime, shop.at)
    deliver.deliver(shop.runtime, shop.at)
    provider.answer = _taken
    shop.at += HOUR
    return shop, provider
