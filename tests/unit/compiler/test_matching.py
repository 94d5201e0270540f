"""Which step is which, where nobody gave them names."""

from __future__ import annotations

import re

import pytest

from nurture.compiler.difference import difference
from nurture.compiler.matching import match
from nurture.reports.planned import head, svg
from tests.unit.compiler.test_difference import HEAD, made

HELLO, BYE = "email: hello", "email: bye"


def steps(*lines: str) -> str:
    return HEAD + "steps:\n" + "".join(f"  - {line}\n" for line in lines)


def wait(days: int) -> str:
    return f"wait: {days} days"


def said(old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    return [head(change) for change in difference(made(steps(*old)), made(steps(*new)))]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param((wait(3), HELLO), (wait(5), HELLO), ["wait: 3 days -> 5 days (line 5)"], id="longer"),
        pytest.param(
            (wait(3), HELLO, wait(5), BYE),
            (wait(5), HELLO, wait(5), BYE),
            ["wait: 3 days -> 5 days (line 5)"],
            id="as long as another",
        ),
        pytest.param(
            (wait(3), HELLO, wait(5), BYE),
            (wait(5), HELLO, wait(3), BYE),
            ["wait: 3 days -> 5 days (line 5)", "wait: 5 days -> 3 days (line 7)"],
            id="exchanged",
        ),
        pytest.param(
            (wait(3), HELLO, wait(5), BYE),
            (wait(3), BYE),
            ["send marketing email 'hello' (line 6 before)", "wait 5 days (line 7 before)"],
            id="two removed",
        ),
        pytest.param(
            (wait(3), HELLO),
            (BYE, wait(3), HELLO),
            ["send marketing email 'bye' (line 5)"],
            id="one added before",
        ),
        pytest.param(
            (wait(3), HELLO),
            (wait(1), BYE, wait(3), HELLO),
            ["wait 1 day", "send marketing email 'bye'"],
            id="two added before",
        ),
        pytest.param(
            (HELLO, wait(3)), (wait(3), HELLO), ["wait 3 days, now in another place (line 5)"], id="moved"
        ),
        pytest.param((HELLO,), (BYE,), ["email: hello -> bye"], id="another template in its place"),
        pytest.param(
            (f"{{{wait(3)}, id: pause}}", HELLO), (f"{{{wait(3)}}}", HELLO), [], id="the name taken from it"
        ),
        pytest.param(
            ("repeat: 3 times\n    steps: [{wait: 2 days}, {email: hello}]",),
            ("repeat: 4 times\n    steps: [{wait: 4 days}, {email: hello}]",),
            ["repeat: 3 -> 4 (line 5)", "wait: 2 days -> 4 days (line 6)"],
            id="a repeat speaks once",
        ),
        pytest.param(
            ("branch: [{if: total_orders >= 2, then: [{wait: 3 days}, {email: bye}]}]",),
            ("branch: [{if: total_orders >= 2, then: [{wait: 4 days}, {email: bye}]}]",),
            ["wait: 3 days -> 4 days (line 5)"],
            id="inside a way",
        ),
    ],
)
def test_one_change_is_said_once(old: tuple[str, ...], new: tuple[str, ...], told: list[str]) -> None:
    found = said(old, new)
    assert len(found) == len(told)
    assert all(line.startswith(start) for line, start in zip(found, told, strict=True)), found


def test_what_mentions_a_step_that_is_called_otherwise_has_not_changed() -> None:
    ask = "branch: [{if: clicked(email_hello), then: [{exit: true}]}]"
    ask_again = ask.replace("email_hello", "first")
    found = said((HELLO, ask), (f"{{{HELLO}, id: first}}", ask_again))
    assert found == []


def test_a_name_stays_with_its_step_wherever_it_goes() -> None:
    pause, rest = (f"{{{wait(2)}, id: {name}}}" for name in ("pause", "rest"))
    old, new = made(steps(pause, HELLO, rest)), made(steps(rest, HELLO, pause))
    assert match(old, new) == {"pause": "pause", "email_hello": "email_hello", "rest": "rest"}


def test_a_step_of_another_kind_is_another_step() -> None:
    old, new = made(steps(wait(3), HELLO)), made(steps("update: {tag: seen}", HELLO))
    assert match(old, new) == {"email_hello": "email_hello"}


def test_a_split_of_another_name_is_another_split() -> None:
    text = "split: {name}\n    arms: {{a: {{share: {share}%}}, b: {{share: 50%}}}}"
    assert len(said((text.format(name="tone", share=50),), (text.format(name="voice", share=50),))) == 2


def test_each_pass_of_a_repeat_goes_with_its_own() -> None:
    text = "repeat: {times} times\n    steps: [{{wait: {days} days}}]"
    found = match(made(steps(text.format(times=3, days=2))), made(steps(text.format(times=2, days=4))))
    assert found["wait_2_days[2]"] == "wait_4_days[2]"
    assert "wait_2_days[3]" not in found


def test_the_picture_says_what_changes_and_who_stands_there() -> None:
    old, new = (
        made(steps(wait(3), BYE, HELLO, "update: {tag: seen}")),
        made(steps(wait(5), HELLO, "update: {tag: told}", wait(1))),
    )
    drawn = svg(new, difference(old, new), {"wait_5_days": 1200, "email_hello": 1}, {"email_bye": 3})
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
    said = " | ".join(texts)
    assert said.startswith("1 new, 2 changed, 1 removed; 1,204 people | inside | ")
    assert "wait_5_days | wait: 3 days -&gt; 5 days | ~ changed, 1,200 here" in said
    assert "− removed, 3 here" in said
    assert (
        texts.index("wait_5_days")
        < texts.index("email_bye")
        < texts.index("email_hello")
        < texts.index("+ new")
    )
    assert "<desc>1 new, 2 changed, 1 removed; 1,204 people inside</desc>" in drawn


def test_the_picture_shows_settings_that_change_and_each_pass_once() -> None:
    repeat = "repeat: 3 times\n    steps: [{{wait: {days} days}}]"
    old, new = (
        made(steps(repeat.format(days=2))),
        made(steps(repeat.format(days=4)) + "reentry: after_exit\n"),
    )
    drawn = svg(new, difference(old, new), {"wait_4_days": 7}, {})
    assert drawn.count("7 here") == 1
    assert drawn.index(">reentry<") < drawn.index("7 here")
