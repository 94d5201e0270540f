"""What people write by mistake, what of it is underlined, and the spelling they are shown."""

from __future__ import annotations

import re

import pytest

from nurture.criteria import parse
from nurture.problems import Mark, Problem

# name: (the condition, [(what is underlined, the hint), ...])
MISTAKES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    # operators of other languages
    "two equal signs": ('country == "BR"', [("==", "write =")]),
    "three": ('country === "BR"', [("===", "write =")]),
    "angle brackets": ("total_orders <> 1", [("<>", "write !=")]),
    "arrow": ("total_orders => 2", [("=>", "write >=")]),
    "mathematical signs": ("a ≥ 1 and b ≠ 2", [("≥", "write >="), ("≠", "write !=")]),
    "double ampersand": ("a && b", [("&&", "write and")]),
    "double bar": ("a || b", [("||", "write or")]),
    "exclamation mark": ("!a", [("!", "write not")]),
    "capitals": ("a AND NOT b", [("AND", "write and"), ("NOT", "write not")]),
    "capital true": ("vip = True", [("True", "write true")]),
    "Portuguese": ("a e não b ou c", [("e", "write and"), ("não", "write not"), ("ou", "write or")]),
    "several at once": ('a == 1 && b = “x”', [("==", "write ="), ("&&", "write and"), ("“x”", 'write "x"')]),
    "colon": ('country: "BR"', [(":", "write =")]),
    "equals": ('country equals "BR"', [("equals", "write =")]),
    "like": ('city like "x"', [("like", "write contains")]),
    "between": ("points between 1 and 5", [("between", "write: x >= 1 and x <= 5")]),
    "before": ("birthday before 1990-01-01", [("before", "write <")]),
    "template braces": ('{{ country }} = "BR"', [("{", "write the name alone")]),
    "arithmetic": ("points + 1 > 2", [("+", None)]),
    "subtraction": ("points -1 > 2", [("-", "names with a hyphen go in quotes")]),
    # nothing
    "= null": ("country = null", [("= null", "write: country is empty")]),
    "!= None": ("country != None", [("!= None", "write: country is not empty")]),
    "is null": ("country is null", [("null", "write: country is empty")]),
    "is not null": ("country is not null", [("null", "write: country is not empty")]),
    "is and a value": ('country is "BR"', [('is "BR"', 'write: country = "BR"')]),
    "is not and a value": ('country is not "BR"', [('is not "BR"', 'write: country != "BR"')]),
    "is not and a word": ("country is not Brasil", [("is not Brasil", 'write: country != "Brasil"')]),
    "is true": ("vip is true", [("is true", "write: vip = true")]),
    "is in": ('country is in ("BR")', [("is", "write: country in ...")]),
    "is older": ("created_at is older than 3 days", [("is", "write: created_at older ...")]),
    "is alone": ("country is", [("is", "write: is empty")]),
    # numbers and days
    "Brazilian amount": ("points > 1.000,50", [("1.000,50", "write 1000.50")]),
    "American amount": ("points > 1,000.50", [("1,000.50", "write 1000.50")]),
    "a million": ("points > 1.000.000", [("1.000.000", "write 1000000")]),
    "underscore": ("points > 10_000", [("10_000", "write 10000")]),
    "decimal comma": ("points > 0,5", [("0,5", "write 0.5")]),
    "a thousand or one": ("points > 1.000", [("1.000", "write 1000 or 1")]),
    "with three decimals": ("points > 1.234", [("1.234", "write 1234 or 1.2340")]),
    "a comma in place of it": ("points > 1,234", [("1,234", "write 1234 or 1.2340")]),
    "currency": ("points > R$ 100", [("R$ ", "write the number alone")]),
    "percent": ("points > 10%", [("%", "write the number alone")]),
    "postcode": ("postcode = 01310", [("01310", 'a code is a text: write "01310"')]),
    "too many digits": ("points = 1234567890123456", [("1234567890123456", None)]),
    "day by slashes": ("birthday < 01/02/2026", [("01/02/2026", "write year-month-day, such as 2026-12-31")]),
    "day by dots": ("birthday < 1.2.2026", [("1.2.2026", "write year-month-day, such as 2026-12-31")]),
    "day without zeros": ("birthday < 2026-1-5", [("2026-1-5", "write 2026-01-05")]),
    "no such day": ("birthday < 2026-02-30", [("2026-02-30", "write year-month-day")]),
    "day and time": ("created_at < 2026-02-03T10:00", [("2026-02-03T10:00", "write 2026-02-03")]),
    # quotes
    "curly quotes": ("country = “BR”", [("“BR”", 'write "BR"')]),
    "curly single quotes": ("country = ‘BR’", [("‘BR’", 'write "BR"')]),
    "angle quotes": ("country = «BR»", [("«BR»", 'write "BR"')]),
    "half curly": ('country = "BR”', [('"', 'a curly quote doesn\'t close it: write "')]),
    "no end": ("country = 'BR", [("'", "close it with '")]),
    "no quotes in a list": ("country in (BR, PT)", [("BR", 'write "BR"'), ("PT", 'write "PT"')]),
    "a country that is a word": ("country in (IN, US)", [("IN", 'write "IN"'), ("US", 'write "US"')]),
    "two words": ("city = São Paulo", [("Paulo", "texts go in quotes; two conditions are joined by and, or")]),
    "an address": ("email = ana@example.com", [("@", "texts go in quotes")]),
    # lengths of time
    "months": ("x older than 2 months", [("2 months", "write 60 days")]),
    "a year": ("x within last 1 year", [("1 year", "write 365 days")]),
    "seconds": ("x older than 30 seconds", [("30 seconds", "write minutes, hours, days or weeks")]),
    "glued": ("x older than 60d", [("60d", "write 60 days")]),
    "glued word": ("x older than 60days", [("60days", "write 60 days")]),
    "no unit": ("x older than 60", [("60", "such as 60 days")]),
    "a fraction": ("x older than 1.5 days", [("1.5", "a smaller unit has no fractions: 36 hours")]),
    "in quotes": ('x older than "60 days"', [('"60 days"', "write 60 days")]),
    "no number": ("x older than days", [("days", "such as 60 days")]),
    "no than": ("x older 60 days", [("60", "write: older than 60 days")]),
    "more than a century": ("x older than 40000 days", [("40000 days", None)]),
    "within and no direction": ("x within 30 days", [("within", "write: within last 30 days, or within next 30 days")]),
    "within the last": ("x within the last 30 days", [("the", "write: within last 30 days")]),
    # lists
    "brackets": ('x in ["a", "b"]', [("[", "write ("), ("]", "write )")]),
    "no parentheses": ('x in "a"', [('"a"', 'write: in ("a", ...)')]),
    "empty list": ("x in ()", [(")", 'such as: in ("BR", "PT")')]),
    "comma at the end": ('x in ("a",)', [(")", 'such as: in ("BR", "PT")')]),
    "no comma": ('x in ("a" "b")', [('"b"', "the parenthesis before it is still open")]),
    "not contains": ('x not contains "a"', [("contains", "write: not x contains ...")]),
    "not older": ("x not older than 3 days", [("older", "write: not x older ...")]),
    "not after the equal sign": ("x = not true", [("not", 'write != or: not country = "BR"')]),
    # shape
    "nothing": ("   ", [("", 'such as: country = "BR"')]),
    "no right side": ("country =", [("", "something is missing here")]),
    "no left side": ('= "BR"', [("=", 'such as: country = "BR"')]),
    "and first": ("and a", [("and", "take and away")]),
    "and twice": ("a and and b", [("and", "take and away")]),
    "not closed": ("(a and b", [("(", "write ) at its end")]),
    "the inner one not closed": ("(a and (b or c)", [("(", "write ) at its end")]),
    "closed twice": ("(a and b))", [(")", "take it away")]),
    "empty parentheses": ("a and ()", [(")", "nothing stands in the parentheses")]),
    "a chain": ("1 < points < 5", [("1 < points <", "write: 1 < x and x < 5")]),
    "a text alone": ('"BR"', [('"BR"', 'compare a field with it: country = "BR"')]),
    "true alone": ("true", [("true", "such as: total_orders >= true")]),
    "no connection": ('a = 1 b = 2', [("b", "join two conditions with and, or")]),
    "comma between conditions": ("vip, gift", [(",", "write and, or or")]),
    "not without and": ("a not b", [("b", 'such as: not in ("BR", "PT")')]),
    # functions
    "unknown function": ("click(first)", [("click", "did you mean 'clicked'?")]),
    "no argument": ("consents()", [(")", "such as: consents(offers)")]),
    "two arguments": ("clicked(a, b)", [(",", "write: clicked(a) or clicked(b)")]),
    "hyphens": ("in_journey(my-journey)", [("my-journey", 'write "my-journey"')]),
    "a hyphen and a digit": ("in_journey(welcome-2)", [("welcome-2", 'write "welcome-2"')]),
    "spaces": ("has_tag(very good customer)", [("very good customer", 'write "very good customer"')]),
    "an event with a hyphen": ("did(order-placed, within 3 days)", [("order-placed", 'write "order-placed"')]),
    "function not closed": ("clicked(a", [("(", "write ) at its end")]),
    # did
    "did without parentheses": ('did "x"', [('"x"', 'such as: did("order_completed", at least 2 times, within 90 days)')]),
    "did nothing": ("did()", [(")", 'such as: did("order_completed", at least 2 times, within 90 days)')]),
    "event of two words": ("did(Order Placed)", [("Order Placed", 'write "Order Placed"')]),
    "twice": ('did("x", at least twice)', [("twice", "write 2 times")]),
    "only a count": ('did("x", 2 times)', [("2", "write: at least 2 times, or exactly 2 times")]),
    "no times": ('did("x", at least 2)', [("2", "write 2 times")]),
    "at nothing": ('did("x", at 2 times)', [("2", "write: at least 2 times, or at most 2 times")]),
    "a clause twice": ('did("x", within 3 days, within 4 days)', [("within", "keep one of them")]),
    "no comma before a clause": ('did("x" within 3 days)', [("within", "write , within")]),
    "within the last in did": ('did("x", within the last 3 days)', [("the last", "write: within 30 days")]),
    "where is not last": ('did("x", where event.a = 1, within 3 days)', [("within", "put where at the end")]),
    "where is left out": ('did("x", event.a = 1)', [("event.a", "write: where event.a")]),
    "did not closed": ('did("x", within 3 days', [("(", "write ) at its end")]),
    "no such clause": ('did("x", today)', [("today", "at least, at most, exactly, within, since entry, where")]),
}  # fmt: skip

PREFIX = "    where: "


def underlined(problem: Problem) -> str:
    assert problem.mark is not None
    assert problem.mark.text is not None
    begins = problem.mark.column - 1
    return problem.mark.text[begins : begins + problem.mark.length]


@pytest.mark.parametrize(("text", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_each_mistake_is_underlined_with_the_right_spelling(
    text: str, expected: list[tuple[str, str | None]]
) -> None:
    mark = Mark("journeys/welcome.yaml", 7, len(PREFIX) + 1, len(text), PREFIX + text + " ")
    parsed = parse(text, mark)
    assert parsed.condition is None
    found = [(underlined(problem).strip() or "", problem.hint) for problem in parsed.problems]
    assert found == [(what.strip(), hint) for what, hint in expected]
    assert all(problem.message and problem.help for problem in parsed.problems)


LITERAL = re.compile(r'write (\S+|"[^"]*"|\d+ \w+)')
REPLACED = {
    name: case
    for name, case in MISTAKES.items()
    if all(hint and LITERAL.fullmatch(hint) and "year-month" not in hint for _, hint in case[1])
}


@pytest.mark.parametrize(("text", "hints"), REPLACED.values(), ids=REPLACED)
def test_a_hint_can_be_followed_to_the_letter(text: str, hints: list[tuple[str, str]]) -> None:
    for what, hint in hints:
        text = text.replace(what, hint.removeprefix("write "), 1)
    assert parse(text).problems == ()


def test_without_a_mark_the_problem_still_speaks() -> None:
    [problem] = parse("a == 1").problems
    assert (problem.mark, problem.hint) == (None, "write =")


def test_in_a_folded_text_the_first_line_is_exact_and_the_rest_has_the_mark_of_the_whole() -> None:
    line = "  where: a == 1 and"
    mark = Mark("j.yaml", 3, 10, 10, line)
    first, second = parse("a == 1 and b == 2", mark).problems
    assert (first.mark and first.mark.column, underlined(first)) == (12, "==")
    assert second.mark == mark
