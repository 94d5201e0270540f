"""A/B tests of messages: which arm a person gets, and what it says."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from nurture.model import Draft, Span
from nurture.problems import Mark
from nurture.steps import Email
from nurture.steps.ab import ABTest, Variant, WinnerRule
from tests.support.plans import ENTRY, Known, a_run

RULE = WinnerRule("clicks", Span(days=1, text="1 day"), 100)
TEST = ABTest((Variant("a", 7500), Variant("b", 2500, subject="Oi", template="other")), RULE)
STEP = Email(id="hello", mark=Mark("a.yaml", 1, 1), template="own", subject="Own", ab=TEST)


def given(ref: str, step: Email = STEP, **facts: str) -> tuple[Draft, str]:
    decision = step.decide(a_run(step=step.id, ref=ref), Known(**facts), ENTRY)  # type: ignore[arg-type]
    (draft,) = decision.effects
    assert isinstance(draft, Draft)
    return draft, decision.reason


def test_people_fall_to_arms_by_their_shares_and_always_to_the_same() -> None:
    found = Counter(given(f"c{number}")[0].arm for number in range(2000))
    assert found["a"] == pytest.approx(1500, abs=60)
    assert given("ana") == given("ana")


def test_an_arm_says_otherwise_only_what_it_names() -> None:
    drafts = {draft.arm: draft for draft, _ in (given(f"c{number}") for number in range(50))}
    assert (drafts["a"].template, drafts["a"].subject) == ("own", "Own")
    assert (drafts["b"].template, drafts["b"].subject) == ("other", "Oi")


def test_each_pass_of_a_repeat_gives_the_same_arm() -> None:
    second = replace(STEP, id="hello[2]")
    for number in range(50):
        assert given(f"c{number}")[0].arm == given(f"c{number}", second)[0].arm


@pytest.mark.parametrize("winner", ["a", "b"])
def test_once_an_arm_has_won_everybody_gets_it(winner: str) -> None:
    found = {given(f"c{number}", won=winner)[1] for number in range(50)}
    assert found == {f"message.written.winner.{winner}"}


def test_until_then_the_reason_names_the_arm() -> None:
    draft, reason = given("ana")
    assert reason == f"message.written.arm.{draft.arm}"
