"""Splits: even, the same at every replay, and kept."""

from __future__ import annotations

from collections import Counter

from nurture.model import Go, TakeArm
from tests.support.plans import ENTRY, Known, a_run, step_of

STEPS = """
- split: tone
  arms:
    warm:
      share: 30%
      steps:
        - email: welcome/hello
    cold: {share: 70%}
  id: which
"""


def test_shares_are_kept_and_a_replay_gives_the_same() -> None:
    step = step_of(STEPS)
    given = [step.decide(a_run(ref=f"p{n}"), Known(), ENTRY).reason for n in range(4000)]
    assert given == [step.decide(a_run(ref=f"p{n}"), Known(), ENTRY).reason for n in range(4000)]
    assert 0.27 < Counter(given)["split.warm"] / len(given) < 0.33


def test_another_split_or_journey_divides_people_otherwise() -> None:
    one, other = step_of(STEPS), step_of(STEPS.replace("tone", "length"))
    runs = [a_run(ref=f"p{n}") for n in range(1000)]
    same = sum(one.decide(r, Known(), ENTRY).reason == other.decide(r, Known(), ENTRY).reason for r in runs)
    assert 500 < same < 660  # 58% by chance


def test_the_arm_is_stored_once_and_decides_from_then_on() -> None:
    step = step_of(STEPS)
    first = step.decide(a_run(), Known(), ENTRY)
    arm = first.brings["arm"]
    assert first.effects == (TakeArm("tone", arm),)
    other = "warm" if arm == "cold" else "cold"
    kept = step.decide(a_run(), Known(arms={"tone": other}), ENTRY)
    assert (kept.effects, kept.reason) == ((), f"split.{other}")
    assert kept.move == Go(step.starts[f"arm.{other}"], ENTRY)


def test_an_arm_that_is_gone_is_drawn_anew() -> None:
    decision = step_of(STEPS).decide(a_run(), Known(arms={"tone": "gone"}), ENTRY)
    assert [type(effect) for effect in decision.effects] == [TakeArm]
