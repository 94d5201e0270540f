"""Messages: written once, awaited, and what becomes of the run when they are done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nurture.model import Channel, Draft, Go, MessageClass, MessageFact, MessageState, Stay
from tests.support.plans import ENTRY, Known, a_run, plan_of, step_of

LATER = ENTRY + timedelta(hours=3)


def drafts(decision: object) -> list[Draft]:
    return [effect for effect in decision.effects if isinstance(effect, Draft)]  # type: ignore[attr-defined]


def test_on_arrival_it_is_written_and_the_run_waits() -> None:
    step = step_of(
        "- email: welcome/hello\n  subject: Oi\n  expires_after: 1 day\n  with: {offer: 15}\n- wait: 1 day"
    )
    decision = step.decide(a_run(), Known(), ENTRY)
    assert decision.move == Stay()
    assert drafts(decision) == [
        Draft(
            channel=Channel.EMAIL,
            template="welcome/hello",
            message_class=MessageClass.MARKETING,
            topic="news",
            subject="Oi",
            expires_at=ENTRY + timedelta(days=1),
            variables={"offer": "15"},
        )
    ]


@pytest.mark.parametrize(
    ("state", "done", "reason", "brings"),
    [
        (MessageState.SCHEDULED, False, "message.under_way", None),
        (MessageState.LEASED, False, "message.under_way", None),
        (MessageState.DEFERRED, False, "message.under_way", None),
        (MessageState.HANDOVER, False, "message.under_way", None),
        (MessageState.IN_DOUBT, False, "message.under_way", None),
        (MessageState.ACCEPTED, True, "message.accepted", {"sent": True}),
        (MessageState.DELIVERED, True, "message.accepted", {"sent": True}),
        (MessageState.BOUNCED, True, "message.accepted", {"sent": True}),
        (MessageState.IN_DOUBT, True, "message.in_doubt", {"sent": True}),
        (MessageState.REFUSED, True, "message.refused", {"sent": False, "why": "refused"}),
        (MessageState.CANCELLED, True, "message.skipped.no_consent", {"sent": False, "why": "no_consent"}),
    ],
)
def test_when_woken(state: MessageState, done: bool, reason: str, brings: dict[str, object] | None) -> None:
    step = step_of("- email: welcome/hello\n- wait: 1 day")
    fact = MessageFact(0, state, LATER if done else None, "no_consent")
    decision = step.decide(a_run(messages=(fact,)), Known(), LATER + timedelta(hours=9))
    assert decision.reason == reason
    assert decision.effects == ()
    if brings is None:
        assert decision.move == Stay()
    else:
        assert decision.move == Go("wait_1_day", LATER)  # waits count from when the message was done
        assert decision.brings == brings


def test_send_if_skips() -> None:
    step = step_of("- email: welcome/hello\n  send_if: total_orders = 0")
    decision = step.decide(a_run(), Known(), LATER)
    assert (decision.move, decision.reason) == (Go(None, ENTRY), "message.skipped.send_if")
    assert drafts(step.decide(a_run(), Known(true=frozenset({"total_orders = 0"})), LATER))


@pytest.mark.parametrize("step", ["email: welcome/hello", "survey: post-sale-nps"])
def test_what_send_if_saw_is_kept_either_way(step: str) -> None:
    made = step_of(f"- {step}\n  send_if: total_orders = 0")
    for true, sent in ((frozenset({"total_orders = 0"}), True), (frozenset[str](), False)):
        decision = made.decide(a_run(), Known(true=true), LATER)
        assert ([truth.value for truth in decision.truths], bool(drafts(decision))) == ([sent], sent)


def test_a_transactional_message_needs_no_topic() -> None:
    step = step_of("- email: welcome/hello\n  class: transactional")
    assert drafts(step.decide(a_run(), Known(), ENTRY))[0].topic is None


REACH = """
- first_reachable:
    - sms: birthday/present
    - email: birthday/present
  id: reach
"""


@pytest.mark.parametrize(
    ("unreachable", "slot", "channel"),
    [({}, 0, Channel.SMS), ({Channel.SMS: "no_address"}, 1, Channel.EMAIL)],
    ids=["the first reaches", "only the second"],
)
def test_first_reachable_chooses(unreachable: dict[Channel, str], slot: int, channel: Channel) -> None:
    decision = step_of(REACH).decide(a_run(), Known(unreachable=unreachable), ENTRY)
    assert [(draft.slot, draft.channel) for draft in drafts(decision)] == [(slot, channel)]


def test_nobody_to_be_reached() -> None:
    facts = Known(unreachable={Channel.SMS: "no_address", Channel.EMAIL: "suppressed"})
    decision = step_of(REACH).decide(a_run(), facts, LATER)
    assert (decision.move, decision.reason) == (Go(None, ENTRY), "message.skipped.suppressed")


def test_a_deferral_keeps_the_choice() -> None:
    fact = MessageFact(0, MessageState.DEFERRED, None, "quiet_hours")
    assert step_of(REACH).decide(a_run(messages=(fact,)), Known(), LATER).move == Stay()


def test_unreachable_at_handover_takes_the_next_one() -> None:
    fact = MessageFact(0, MessageState.CANCELLED, LATER, "suppressed")
    decision = step_of(REACH).decide(a_run(messages=(fact,)), Known(), LATER)
    assert [draft.slot for draft in drafts(decision)] == [1]


@pytest.mark.parametrize("reason", ["expired", "run_ended", "cap"])
def test_another_reason_does_not(reason: str) -> None:
    fact = MessageFact(0, MessageState.CANCELLED, LATER, reason)
    decision = step_of(REACH).decide(a_run(messages=(fact,)), Known(), LATER)
    assert (decision.move, decision.effects) == (Go(None, LATER), ())


def test_a_survey_is_a_message_and_the_run_goes_on() -> None:
    made = plan_of("- survey: post-sale-nps\n  id: nps\n- wait: 1 day")
    decision = made.steps["nps"].decide(a_run(), Known(), ENTRY)
    (draft,) = drafts(decision)
    assert (draft.survey, draft.message_class, draft.template) == (
        "post-sale-nps",
        MessageClass.SURVEY,
        "survey/post-sale-nps",
    )
    fact = MessageFact(0, MessageState.ACCEPTED, LATER, None)
    assert made.steps["nps"].decide(a_run(messages=(fact,)), Known(), LATER).move == Go("wait_1_day", LATER)
