"""Names and types, held against what is declared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nurture.criteria import Condition, Scope, check, parse
from nurture.model import Field, FieldType
from nurture.problems import Mark, Problem, Severity
from nurture.vocabulary import CONTACT_FIELDS, EVENT_ALIASES, EVENTS

_T = FieldType
OWN = {
    field.name: field
    for field in (
        Field("vip", _T.BOOLEAN, unknown=False),
        Field("interests", _T.LIST),
        Field("trial_ends_at", _T.INSTANT),
    )
}
ORDER = EVENTS["order_completed"].fields
NPS = (Field("score", _T.NUMBER), Field("comment", _T.TEXT))


def condition(text: str) -> Condition:
    parsed = parse(text)
    assert parsed.condition is not None, parsed.problems
    return parsed.condition


SCOPE = Scope(
    contact={**CONTACT_FIELDS, **OWN},
    events={name: kind.fields for name, kind in EVENTS.items()},
    trigger=ORDER,
    steps={"first": (), "nps": NPS, "pause": ()},
    topics=["offers", "news"],
    journeys=["welcome"],
    segments={"vips": condition("vip"), "good": condition("in_segment(vips) and total_orders > 3")},
    message_steps=["first", "nps"],
    aliases=EVENT_ALIASES,
)
OUTSIDE = replace(SCOPE, steps=None, trigger=None)
LOOKING = replace(SCOPE, event=ORDER)

RIGHT = {
    "texts": 'country = "BR" or city in ("x", "y") or country = city',
    "a number on either side": "0 < total_orders and trigger.total >= lifetime_value",
    "a day and an instant": "birthday < created_at and created_at > 2026-01-31",
    "true and false": "vip and vip = true",
    "lists": 'interests contains "shoes" and interests contains city and interests is not empty',
    "what a step brought": "nps.score >= 9 and nps.comment is empty and first.at older than 2 hours",
    "what started the run": "trigger.total > 10 and trigger.occurred_at within last 3 days",
    "an event's own time": "did(order_completed, where event.occurred_at > trigger.occurred_at)",
    "functions": "clicked(first) and answered(nps) and consents(offers) and in_journey(welcome) and has_tag(any)",
    "segments": "in_segment(vips) and in_segment(good)",
    "since entry": "did not(signed_up, since entry)",
}

# name: (condition, where it stands, what is underlined, what the message says, the hint)
WRONG = {
    "a field nearly right": ("lifetime_valu > 3", SCOPE, "lifetime_valu", "no field", "did you mean 'lifetime_value'?"),
    "a field that nobody knows": ("xyz > 3", SCOPE, "xyz", "no field", "declare it in fields.yaml, or put a text in quotes"),
    "a text without quotes": ("country = BR", SCOPE, "BR", "no field 'BR'", 'a text goes in quotes: "BR"'),
    "a field of the trigger": ("total > 3", SCOPE, "total", "no field", "write trigger.total"),
    "a field of the event": ("total > 3", LOOKING, "total", "no field", "write event.total"),
    "a step alone": ("nps >= 9", SCOPE, "nps", "no field", "it is a step: write a field of it, such as nps.at"),
    "a function alone": ("clicked", SCOPE, "clicked", "no field", "it is a function: clicked(...)"),
    "a field of an event": ("event.totl > 3", LOOKING, "event.totl", "the event has no field 'totl'", "did you mean 'event.total'?"),
    "a field of a step": ("nps.stars > 3", SCOPE, "nps.stars", "step 'nps' has no field", "it has at, comment, score"),
    "a step nearly right": ("frist.at is empty", SCOPE, "frist.at", "no step 'frist'", "did you mean 'first'?"),
    "two dots": ("trigger.a.b = 1", SCOPE, "trigger.a.b", "more than one dot", "a field is never inside another"),
    "no event here": ("event.total > 3", SCOPE, "event.total", "no event", "event.x stands in a where"),
    "no trigger here": ("trigger.total > 3", OUTSIDE, "trigger.total", "nothing has started", "trigger.x stands inside a journey"),
    "no steps here": ("nps.score > 3", OUTSIDE, "nps.score", "only inside a run", "use a field of the contact"),
    "no run here": ("clicked(first)", OUTSIDE, "first", "a run's message", "use did(...)"),
    "since entry outside": ("did(signed_up, since entry)", OUTSIDE, "did(signed_up, since entry)", "only inside a run", "write: within 30 days"),
    "an event nearly right": ('did("order_complete")', SCOPE, "order_complete", "no event", "did you mean 'order_completed'?"),
    "an event by the shop's name": ('did("Order Placed")', SCOPE, "Order Placed", "no event", "did you mean 'order_completed'?"),
    "an event that nobody knows": ("did(xyz)", SCOPE, "xyz", "no event 'xyz'", "declare it in events.yaml"),
    "did within did": ("did(signed_up, where did(signed_up))", SCOPE, "did(signed_up)", "in the where of another", "join the two with and"),
    "a field within did": ('did(signed_up, where event.pge = "x")', SCOPE, "event.pge", "no field 'pge'", "did you mean 'event.page'?"),
    "always": ("did(signed_up, at least 0 times)", SCOPE, "did(signed_up, at least 0 times)", "at least 0 times", "write: did not(...)"),
    "a topic": ("consents(offer)", SCOPE, "offer", "no topic 'offer'", "did you mean 'offers'?"),
    "a channel": ("reachable(fax)", SCOPE, "fax", "no channel 'fax'", "there is email, sms, whatsapp"),
    "a journey": ("in_journey(welcom)", SCOPE, "welcom", "no journey", "did you mean 'welcome'?"),
    "no journeys": ("in_journey(welcome)", replace(SCOPE, journeys=()), "welcome", "no journey", "no journey is declared"),
    "a step that sends nothing": ("opened(pause)", SCOPE, "pause", "no message", "give the step this id"),
    "no survey": ("answered(first)", SCOPE, "first", "no survey", "give the step this id"),
    "a segment": ("in_segment(vip)", SCOPE, "vip", "no segment 'vip'", "did you mean 'vips'?"),
    "no segments": ("in_segment(vips)", replace(SCOPE, segments={}), "vips", "no segments are declared", "write the condition itself"),
    "a segment of itself": (
        "in_segment(a)",
        replace(SCOPE, segments={"a": condition("vip or in_segment(b)"), "b": condition("in_segment(a)")}),
        "a",
        "defined by itself",
        "break the circle in segments.yaml",
    ),
    "a number in quotes": ('total_orders > "3"', SCOPE, 'total_orders > "3"', 'is a number, "3" is text', "write 3 without quotes"),
    "a word for a number": ('total_orders > "many"', SCOPE, 'total_orders > "many"', "is text", "write a number"),
    "a text without its quotes": ("country = 55", SCOPE, "country = 55", "country is text, 55 is a number", 'write "55"'),
    "a day in quotes": ('created_at > "2026-01-01"', SCOPE, 'created_at > "2026-01-01"', "is a date", "write 2026-01-01 without quotes"),
    "a date and a number": ("created_at > 2026", SCOPE, "created_at > 2026", "is a date", "write a day, such as 2026-12-31"),
    "a flag and a text": ('vip = "yes"', SCOPE, 'vip = "yes"', "is true or false", "write true or false"),
    "two fields of two types": ("country = total_orders", SCOPE, "country = total_orders", "country is text", "both sides are of one type"),
    "one wrong in a list": ('total_orders in (1, "2")', SCOPE, 'total_orders in (1, "2")', '"2" is text', "write 2 without quotes"),
    "texts have no order": ('country > "B"', SCOPE, 'country > "B"', "text has no order", "use =, in or contains"),
    "flags have no order": ("vip >= true", SCOPE, "vip >= true", "no order", "use =, in or contains"),
    "a list is no value": ('interests = "x"', SCOPE, 'interests = "x"', "a list isn't equal", "write: interests contains ..."),
    "a number contains nothing": ('total_orders contains "1"', SCOPE, 'total_orders contains "1"', "contains is for", "write ="),
    "a text contains no number": ("city contains 3", SCOPE, "3", "3 is a number", 'write "3"'),
    "a text alone": ("country", SCOPE, "country", "alone is no condition", "such as: country is not empty"),
    "a number alone": ("total_orders", SCOPE, "total_orders", "alone is no condition", "such as: total_orders >= 1"),
    "the age of a text": ("country older than 3 days", SCOPE, "country", "not a date", "write a field that is a date"),
    "a day by the hour": ("birthday older than 3 hours", SCOPE, "birthday older than 3 hours", "a day without a time", "write days or weeks"),
    "two values": ("1 = 2", SCOPE, "1 = 2", "no field", "one side is the name of a field"),
    "an empty text": ('city = ""', SCOPE, '""', "nothing equals an empty text", "write: is empty"),
    "an empty literal": ('"x" is empty', SCOPE, '"x" is empty', "never empty", "write the name of a field"),
}  # fmt: skip


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_is_right_has_no_problem(text: str) -> None:
    assert [problem for problem in check(condition(text), SCOPE) if problem.severity is Severity.ERROR] == []


@pytest.mark.parametrize(("text", "scope", "what", "says", "hint"), WRONG.values(), ids=WRONG)
def test_each_error_is_underlined_and_has_a_way_out(
    text: str, scope: Scope, what: str, says: str, hint: str
) -> None:
    line = f"  if: {text}"
    mark = Mark("j.yaml", 4, 7, len(text), line)
    [problem] = [p for p in check(condition(text), scope, mark) if p.severity is Severity.ERROR]
    assert problem.mark is not None
    assert line[problem.mark.column - 1 :][: problem.mark.length] == what
    assert says in problem.message
    assert problem.hint == hint


def test_all_errors_are_told_at_once_and_each_once() -> None:
    found = check(condition("xyz = 1 and (xyz = 1 or clicked(nobody)) and consents(spam)"), SCOPE)
    assert [problem.code for problem in found] == ["N310", "N310", "N310"]


def warnings(text: str) -> list[Problem]:
    return [problem for problem in check(condition(text), SCOPE) if problem.severity is Severity.WARNING]


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        pytest.param('country != "BR"', 1, id="unequal"),
        pytest.param("not last_order_at older than 3 days", 1, id="not older"),
        pytest.param('not (country = "BR" or city contains "x")', 2, id="a negated group"),
        pytest.param('country = "BR"', 0, id="positive"),
        pytest.param('not country != "BR"', 0, id="twice negated"),
        pytest.param('country != "BR" and country is not empty', 0, id="seen to"),
        pytest.param('country != "BR" or country is empty', 0, id="meant so"),
        pytest.param("not total_orders > 3", 0, id="never unknown"),
        pytest.param("not vip", 0, id="declared as never unknown"),
        pytest.param("not consents(offers) and did not(signed_up)", 0, id="functions are never unknown"),
    ],
)
def test_a_negated_test_of_what_may_be_unknown_is_warned_of(text: str, warned: int) -> None:
    assert len(warnings(text)) == warned


def test_the_warning_says_who_is_meant_too() -> None:
    [problem] = warnings('country != "BR"')
    assert problem.message == "also true for people whose country is unknown"
    assert problem.hint == "if that isn't meant, add: and country is not empty"
