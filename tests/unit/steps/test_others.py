"""Branch, update, coupon, task and exit."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pytest

from nurture.model import (
    Channel,
    Go,
    IssueCoupon,
    Leave,
    OpenTask,
    SetField,
    StartJourney,
    Stay,
    Subscription,
    Suppress,
    Tag,
)
from nurture.steps import STEPS, StepContext
from tests.support.plans import ENTRY, Known, a_run, step_of

BRANCH = """
- branch:
    - if: total_orders >= 10
      then:
        - update: {tag: big}
    - if: total_orders >= 1
      then:
        - update: {tag: some}
    - else:
        - update: {tag: none}
"""


@pytest.mark.parametrize(
    ("true", "reason", "to", "looked_at"),
    [
        ({"total_orders >= 10", "total_orders >= 1"}, "branch.if.1", "update_tag_big", 1),
        ({"total_orders >= 1"}, "branch.if.2", "update_tag_some", 2),
        (set(), "branch.else", "update_tag_none", 2),
    ],
)
def test_branch_takes_the_first_way_that_holds(true: set[str], reason: str, to: str, looked_at: int) -> None:
    decision = step_of(BRANCH).decide(a_run(), Known(true=frozenset(true)), ENTRY + timedelta(hours=1))
    assert (decision.move, decision.reason) == (Go(to, ENTRY), reason)
    assert len(decision.truths) == looked_at


def test_update_changes_the_person() -> None:
    step = step_of("""
        - update:
            set: {city: Campinas, birthday: 1990-03-18, locale: "01310"}
            tag: [a, b]
            untag: c
            subscribe: news
            unsubscribe: offers
            suppress: all
    """)
    decision = step.decide(a_run(), Known(), ENTRY)
    assert decision.effects == (
        SetField("city", "Campinas"),
        SetField("birthday", "1990-03-18"),
        SetField("locale", "01310"),
        Tag("a"),
        Tag("b"),
        Tag("c", add=False),
        Subscription("news", given=True),
        Subscription("offers", given=False),
        Suppress(None),
    )


def test_suppress_one_channel() -> None:
    decision = step_of("- update: {suppress: sms}").decide(a_run(), Known(), ENTRY)
    assert decision.effects == (Suppress(Channel.SMS),)


def test_a_coupon_is_the_persons_own_and_the_same_at_each_replay() -> None:
    step = step_of("- coupon: WINBACK15\n  save_as: present")
    decision = step.decide(a_run(), Known(), ENTRY)
    assert decision == step.decide(a_run(), Known(), ENTRY + timedelta(hours=1))
    (effect,) = decision.effects
    assert isinstance(effect, IssueCoupon)
    assert re.fullmatch(r"VOLTA-[2-9A-HJKMNP-TV-Z]{6}", effect.code)
    assert effect.expires_at == ENTRY + timedelta(days=14)
    assert decision.brings == {
        "code": effect.code,
        "percent": 15.0,
        "expires_at": effect.expires_at.isoformat(),
    }
    assert decision.save_as == "present"


def code_for(ref: str, taken: Collection[str] = ()) -> object:
    run = a_run(ref=ref)
    decision = step_of("- coupon: WINBACK15").decide(run, Known(run=run, taken=taken), ENTRY)
    return decision.brings.get("code")


def test_without_its_pool_a_run_waits_and_holds_up_nobody_else() -> None:
    decision = step_of("- coupon: WINBACK15").decide(a_run(), Known(settings=StepContext()), ENTRY)
    assert (decision.move, decision.effects) == (Stay(ENTRY + timedelta(hours=1)), ())


def test_coupon_codes_do_not_repeat() -> None:
    assert len({code_for(str(number)) for number in range(200)}) == 200


def test_a_code_that_somebody_has_is_drawn_again() -> None:
    first = str(code_for("ana"))
    second = str(code_for("ana", [first]))
    assert second != first
    assert code_for("ana", [first]) == second
    assert code_for("ana", [first, second]) not in (first, second)


class Everything(list[str]):
    def __contains__(self, code: object) -> bool:
        return True


@pytest.mark.parametrize(
    ("facts", "why"),
    [(Known(taken=Everything()), "pool_exhausted"), (Known(settings=StepContext()), "no_pool")],
)
def test_on_empty_skip_goes_on_without_a_code(facts: Known, why: str) -> None:
    decision = step_of("- coupon: WINBACK15\n  on_empty: skip\n- wait: 1 day").decide(a_run(), facts, ENTRY)
    assert (decision.move, decision.reason) == (Go("wait_1_day", ENTRY), f"coupon.skipped.{why}")
    assert (decision.effects, dict(decision.brings)) == ((), {})


def test_a_pool_without_free_codes_holds_the_run() -> None:
    decision = step_of("- coupon: WINBACK15").decide(a_run(), Known(taken=Everything()), ENTRY)
    assert (decision.move, decision.reason) == (Stay(ENTRY + timedelta(hours=1)), "coupon.pool_exhausted")
    assert decision.effects == ()


def test_a_code_that_was_waited_for_counts_from_when_it_was_there() -> None:
    """Neither is it nearer to its end than another's, nor are the waits behind it over already."""
    step, hour = step_of("- coupon: WINBACK15\n- wait: 1 day"), timedelta(hours=1)
    held = step.decide(a_run(), Known(taken=Everything()), ENTRY)
    run = a_run(memory={"coupon_winback15": held.brings})
    (effect,) = (issued := step.decide(run, Known(run=run), ENTRY + 2 * hour)).effects
    (fresh,) = step.decide(a_run(), Known(run=a_run()), ENTRY).effects
    assert isinstance(effect, IssueCoupon)
    assert isinstance(fresh, IssueCoupon)
    assert effect.expires_at
    assert fresh.expires_at
    assert effect.expires_at == fresh.expires_at + hour
    assert issued.move == Go("wait_1_day", ENTRY + hour)


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        ("1 business day", datetime(2026, 3, 9, 13, tzinfo=UTC)),
        ("2 days", datetime(2026, 3, 8, 13, tzinfo=UTC)),
        ("4 hours", datetime(2026, 3, 6, 17, tzinfo=UTC)),
    ],
)
def test_a_task_is_due(due: str, expected: datetime) -> None:
    friday = datetime(2026, 3, 6, 13, tzinfo=UTC)
    step = step_of(f"- task: Warm call\n  due: {due}\n  brief: tasks/warm-call")
    decision = step.decide(a_run(arrived_at=friday), Known(person={"owner": "mariana@example.com"}), friday)
    assert decision.effects == (OpenTask("Warm call", "mariana@example.com", expected, "tasks/warm-call"),)


@pytest.mark.parametrize(
    ("assign", "person", "expected"),
    [
        ("owner", {"owner": None}, "owner"),
        ("davi@example.com", {"owner": "mariana@example.com"}, "davi@example.com"),
    ],
    ids=["without an owner", "somebody else"],
)
def test_who_gets_a_task(assign: str, person: dict[str, str | None], expected: str) -> None:
    step = step_of(f"- task: Warm call\n  assign: {assign}")
    (effect,) = step.decide(a_run(), Known(person=person), ENTRY).effects
    assert isinstance(effect, OpenTask)
    assert effect.assign == expected


def test_exit_ends_the_run_with_its_reason() -> None:
    decision = step_of("- exit: not interested").decide(a_run(), Known(), ENTRY)
    assert decision.move == Leave("not interested", ENTRY)


EXAMPLES = {
    **{name: kind.KIND.example for name, kind in STEPS.items()},
    "wait_for": "wait_for: order_completed\nup_to: 3 days",
    "email": "email: welcome/hello",
    "sms": "sms: birthday/present",
}


@pytest.mark.parametrize("name", sorted(STEPS))
def test_every_kind_says_in_words_what_it_does(name: str) -> None:
    example = EXAMPLES[name].replace("birthday/hello", "birthday/present")
    step = step_of("- " + example.replace("\n", "\n  "))
    assert type(step) is STEPS[name]
    assert step.describe()


@pytest.mark.parametrize(("depth", "starts"), [(None, True), (19, True), (20, False)])
def test_a_circle_of_journeys_that_start_one_another_ends(depth: int | None, starts: bool) -> None:
    facts = Known(started={"depth": depth} if depth else {})
    decision = step_of("- start: welcome\n  with: {reason: upsell}").decide(a_run(), facts, ENTRY)
    assert decision.reason == ("start.asked" if starts else "start.too_deep")
    wanted = StartJourney("welcome", {"reason": "upsell", "depth": (depth or 0) + 1})
    assert decision.effects == ((wanted,) if starts else ())
