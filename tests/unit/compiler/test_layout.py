"""The canonical layout: one text for all the ways to write a journey, and nothing lost."""

from __future__ import annotations

import random
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.compiler import Compiled, compile_journey
from nurture.compiler.layout import lay_out
from nurture.compiler.yaml_reader import load
from nurture.compiler.yaml_tree import comments, read
from nurture.problems import NurtureError
from tests.problems.shop import SHOP
from tests.support.journeys import plain, shipped, texts, written

JOURNEYS = dict(texts())
FREE = {
    "any",
    "body",
    "cases",
    "set",
    "with",
    "arms",
    "save",
}  # tables whose order and names are the writer's own


def laid_out(text: str) -> str:
    return lay_out(dedent(text).lstrip("\n"), "a.yaml")


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_does_the_same_afterwards(name: str) -> None:
    text = JOURNEYS[name]
    made = lay_out(text, "a.yaml")
    assert lay_out(made, "a.yaml") == made
    assert sorted(_comments(made)) == sorted(_comments(text))
    before, after = (compile_journey(each, "a.yaml", SHOP) for each in (text, made))
    assert _messages(before) == _messages(after)
    assert (before.plan is None) == (after.plan is None)
    if before.plan is not None and after.plan is not None:
        assert before.plan.hash == after.plan.hash


def _messages(compiled: Compiled) -> list[str]:
    """What is wrong, but for what names the lines of other steps."""
    return sorted(problem.message for problem in compiled.problems if problem.code != "N115")


def test_some_of_them_have_a_plan_whose_hash_was_compared() -> None:
    plans = [compile_journey(text, "a.yaml", SHOP).plan for text in JOURNEYS.values()]
    assert sum(plan is not None for plan in plans) > 20


def _comments(text: str) -> list[str]:
    tree = read(text)
    assert tree is not None
    return [words for _, words in comments(text.splitlines(), tree).values()]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(JOURNEYS)), st.randoms(use_true_random=False), st.integers(1, 6), st.booleans())
def test_however_it_was_written_it_comes_out_the_same(
    name: str, dice: random.Random, indent: int, flow: bool
) -> None:
    said = plain(load(JOURNEYS[name], "a.yaml")[0])
    one = lay_out(written(said, 2, False), "a.yaml")
    other = lay_out(written(_shuffled(said, dice), indent, flow), "a.yaml")
    assert other == one


def _shuffled(value: Any, dice: random.Random, free: bool = False) -> Any:
    if isinstance(value, list):
        return [_shuffled(each, dice) for each in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    if not free:
        dice.shuffle(keys)
    return {key: _shuffled(value[key], dice, key in FREE) for key in keys}


def test_keys_come_in_one_order_and_blocks_last() -> None:
    assert laid_out("""
        steps:
            - then:
              - id: hello
                email: a
              up_to: 3 days
              id: wait
              wait_for: order_completed
        trigger: {where: total_orders > 1, event: signed_up}
        journey: a
    """) == dedent("""\
        journey: a
        trigger: {event: signed_up, where: total_orders > 1}
        steps:
          - wait_for: order_completed
            id: wait
            up_to: 3 days
            then:
              - email: a
                id: hello
    """)


def test_comments_go_with_what_they_stand_at() -> None:
    assert laid_out("""
        # yaml-language-server: $schema=../schemas/journey.schema.json
        # What this is.


        topic: offers      # of consent
        # its name
        journey: a
        trigger: {manual: true}
        steps:   # all of them
        # first
        - id: hello
          # the letter
          email: a   # template
        - wait: 1 day
          # the end
        # and so on
    """) == dedent("""\
        # yaml-language-server: $schema=../schemas/journey.schema.json
        # What this is.

        # its name
        journey: a
        topic: offers      # of consent
        trigger: {manual: true}
        steps:   # all of them
          # first
          # the letter
          - email: a  # template
            id: hello
          - wait: 1 day
        # the end
        # and so on
    """)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('"plain words"', "plain words"),
        ("'it''s'", "it's"),
        ('"09:00"', '"09:00"'),
        ("'15'", '"15"'),
        ("'true'", '"true"'),
        ("'{{ first_name }}, oi'", '"{{ first_name }}, oi"'),
        ("'a: b'", '"a: b"'),
        ("'a #b'", '"a #b"'),
        ('"he said \\"oi\\""', 'he said "oi"'),
        ("'\"oi\" she said'", "'\"oi\" she said'"),
        ('"tab\\there"', '"tab\\there"'),
        ("'- dash'", '"- dash"'),
        ('"2026-12-01"', "2026-12-01"),
        ("a, b", "a, b"),
    ],
)
def test_quotes_stand_where_they_are_needed(written: str, shown: str) -> None:
    text = "journey: a\ndescription: {}\ntrigger: {{manual: true}}\nsteps:\n  - wait: 1 day\n"
    assert lay_out(text.format(written), "a.yaml") == text.format(shown)


def test_texts_over_several_lines_stay_as_they_are() -> None:
    text = """
        journey: a
        description: >
            Greets people
              who sign up. # no comment

        trigger: {manual: true}
        steps:
            - task: Call her
              brief: "tasks/
                warm-call"
            - update: {
                tag: vip,  # why
                set: {city: Campinas} }
    """
    made = laid_out(text)
    assert "description: >\n    Greets people\n      who sign up. # no comment\n\ntrigger" in made
    assert "tag: vip,  # why" in made
    assert lay_out(made, "a.yaml") == made


def test_a_key_without_a_value_keeps_its_comment() -> None:
    text = """
        steps:
          - until: 2026-12-01
            wait:   # until then
          # the last
          - when: total_orders > 1
            up_to: 1 day
            wait_for:
    """
    made = laid_out(text)
    assert "  - wait:   # until then\n    until: 2026-12-01\n  # the last\n  - wait_for:\n" in made
    assert lay_out(made, "a.yaml") == made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("journey: a\ntopic: &t news\nlimits: *t\n", "anchors"),
        ("journey: a\njourney: b\n", "can't be laid out"),
        ("journey: 'a\n", "can't be laid out"),
        ("", "can't be laid out"),
    ],
)
def test_what_cant_be_laid_out_says_so(text: str, said: str) -> None:
    with pytest.raises(NurtureError, match=said):
        lay_out(text, "a.yaml")


SHIPPED = [path for path in shipped() if path.parent.name == "journeys"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_is_laid_out(path: Path) -> None:
    """`nurture fmt nurture/journeys` does it."""
    text = path.read_text(encoding="utf-8")
    assert lay_out(text, path.name) == text
