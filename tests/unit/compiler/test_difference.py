"""What changes from one plan to another, in words."""

from __future__ import annotations

from nurture.compiler import CompileContext, Plan, compile_journey
from nurture.compiler.difference import Change, difference

CONTEXT = CompileContext(topics=("news",), templates={"email": ("hello", "bye"), "sms": (), "task": ()})
HEAD = "journey: a\ntopic: news\ntrigger: {event: signed_up}\n"
STEPS = """steps:
  - email: hello
    id: first
  - wait: 2 days
    id: pause
  - branch:
      - if: total_orders >= 2
        then:
          - email: bye
            id: last
"""


def made(text: str) -> Plan:
    compiled = compile_journey(text, "a.yaml", CONTEXT)
    assert compiled.plan is not None, compiled.problems
    return compiled.plan


def changes(new: str, head: str = HEAD) -> list[Change]:
    return list(difference(made(HEAD + STEPS), made(head + new)))


def said(new: str, head: str = HEAD) -> list[tuple[str, str | None, list[tuple[str, str, str]]]]:
    return [
        (each.what, each.step, [(v.name, v.old, v.new) for v in each.values]) for each in changes(new, head)
    ]


def test_nothing_changes() -> None:
    assert changes(STEPS) == []


def test_a_longer_wait_is_said_with_both_lengths() -> None:
    assert said(STEPS.replace("2 days", "3 days")) == [("changed", "pause", [("span", "2 days", "3 days")])]


def test_times_of_day_days_and_moves_are_said_as_they_are_written() -> None:
    later = STEPS.replace("wait: 2 days", 'wait: 2 days\n    at: "10:00"\n    only: weekdays')
    (pause,) = said(later)
    assert pause[2] == [("at", "none", "10:00"), ("only", "every day", "weekdays")]
    settings = "limits: {quiet_hours: {sms: '20:00-08:30'}}\nin_flight: {migrate: {pause: first}}\n"
    quiet, moves = (values[0][2] for _, _, values in said(STEPS, HEAD + settings))
    assert quiet == "quiet_hours sms: start 20:00, end 08:30"
    assert moves == "migrate (pause: first)"


def test_another_template() -> None:
    ((what, step, values),) = said(STEPS.replace("email: hello", "email: bye"))
    assert (what, step) == ("changed", "first")
    assert ("template", "hello", "bye") in values


def test_an_ab_test_is_said_with_its_arms() -> None:
    test = "    ab: {arms: {a: {share: 50%}, b: {share: 50%, subject: Oi}}, winner: {by: clicks, after: 1 day, at_least: 500}}"
    ((_, _, values),) = said(STEPS.replace("    id: first", f"    id: first\n{test}"))
    told = (
        "arms name a, share 50%, name b, share 50%, subject Oi, winner by clicks, after 1 day, at_least 500"
    )
    assert values == [("ab", "none", told)]


def test_another_condition_is_said_and_not_that_steps_follow_each_other() -> None:
    found = said(STEPS.replace(">= 2", ">= 3"))
    assert [(what, step) for what, step, _ in found] == [("changed", "branch")]
    assert "total_orders >= 2" in str(found)
    assert "total_orders >= 3" in str(found)


def test_added_and_removed_steps() -> None:
    assert said(STEPS + "  - update: {tag: done}\n")[0][:2] == ("added", "update_tag_done")
    gone = STEPS.replace("  - wait: 2 days\n    id: pause\n", "")
    assert [each[:2] for each in said(gone)] == [("removed", "pause")]


def test_a_step_in_another_place() -> None:
    mail, wait = "  - email: hello\n    id: first\n", "  - wait: 2 days\n    id: pause\n"
    found = said(STEPS.replace(mail + wait, wait + mail))
    assert [each[:2] for each in found] == [("moved", "pause")]


def test_settings() -> None:
    found = said(STEPS, HEAD + "holdout: 10%\nexit: [{event: order_completed}]\n")
    assert [(each[0], each[2][0][0]) for each in found] == [("setting", "holdout"), ("setting", "exit")]
    assert found[0][2] == [("holdout", "0%", "10%")]
    assert found[1][2] == [("exit", "none", "event order_completed")]
