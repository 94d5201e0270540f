"""What the language accepts, and how it writes it itself."""

from __future__ import annotations

import pytest

from nurture.criteria import (
    And,
    BoolName,
    Call,
    Compare,
    Did,
    Expr,
    InList,
    IsEmpty,
    Literal,
    Name,
    Not,
    Or,
    Parsed,
    atoms,
    names,
    parse,
)

SAME = [
    'country in ("BR", "PT") and lifetime_value >= 1000',
    "last_order_at older than 60 days or last_order_at is empty",
    'did("order_completed", at least 2 times, within 90 days, where event.total > 100)',
    'did("product_viewed", at least 2 times, where event.product_id = trigger.product_id)',
    'did not("email_clicked", within 30 days)',
    "clicked(first) and not answered(nps) and nps.score >= 9",
    '(in_segment("vip-customers") or stage in ("mql", "sql")) and consents(offers) and reachable(sms)',
    "trial_ends_at within next 7 days",
    "trial_ends_at within last 1 day",
    'did("signed_up", exactly 1 time, since entry)',
    'did("signed_up", at most 3 times)',
    "birthday >= 1990-02-28 and is_vip",
    'city contains "São" and not tags contains "x"',
    "email is not empty",
    'country not in ("BR")',
    'country != "BR" or not total_orders > 2',
    "not (vip or country is empty)",
    "vip = true and gift != false",
    "points >= -2.5",
    "0 < points",
    'name = "say ""hi"""',
]

REWRITTEN = {
    "more blanks": ("  total_orders   >=1  ", "total_orders >= 1"),
    "single quotes": ("country = 'BR'", 'country = "BR"'),
    "a quote inside single quotes": ("name = 'D\"Ávila'", 'name = "D""Ávila"'),
    "a quoted event that needs none": ("did(order_completed)", 'did("order_completed")'),
    "a topic in quotes": ('consents("offers")', "consents(offers)"),
    "a tag that is a word of the language": ('has_tag("in")', 'has_tag("in")'),
    "at least once": ('did("x", at least 1 time)', 'did("x")'),
    "one time": ('did("x", at least 2 time)', 'did("x", at least 2 times)'),
    "singular unit": ("x older than 1 days", "x older than 1 day"),
    "a contact's field with its owner": ("contact.country = country", "country = country"),
    "zeros behind the point": ("points = 1.50", "points = 1.5"),
    "minus zero": ("points = -0", "points = 0"),
    "a list that repeats itself": ('x in ("a", "b", "a")', 'x in ("a", "b")'),
    "a list without blanks": ("x in (1,2,3)", "x in (1, 2, 3)"),
    "needless parentheses": ("((a) and (b and c))", "a and b and c"),
    "or within and": ("a and (b or c)", "a and (b or c)"),
    "and within or": ("(a and b) or c", "a and b or c"),
    "not twice": ("not not a", "a"),
    "not unequal": ('not a != "x"', 'a = "x"'),
    "not a comparison": ('not a = "x"', 'a != "x"'),
    "not did": ('not did("x")', 'did not("x")'),
    "not did not": ('not did not("x")', 'did("x")'),
    "over two lines": ("a and\n  b", "a and b"),
    "a field named like a function": ("opened and opened(first)", "opened and opened(first)"),
    "a quoted country that is a word": ('state = "OR" or state = "IN"', 'state = "OR" or state = "IN"'),
}


def tree(text: str) -> Expr:
    parsed = parse(text)
    assert parsed.condition is not None, parsed.problems
    return parsed.condition.tree


@pytest.mark.parametrize("text", SAME)
def test_the_canonical_text_is_written_as_it_was(text: str) -> None:
    assert str(parse(text).condition) == text


@pytest.mark.parametrize(("text", "canonical"), REWRITTEN.values(), ids=REWRITTEN)
def test_spellings_with_one_meaning_have_one_text(text: str, canonical: str) -> None:
    parsed = parse(text)
    assert parsed.problems == ()
    assert str(parsed.condition) == canonical
    assert parse(canonical).condition == parsed.condition


def test_and_binds_closer_than_or_and_not_closest() -> None:
    a, b, c = (BoolName(Name((name,))) for name in "abc")
    assert tree("a or b and not c") == Or((a, And((b, Not(c)))))


def test_every_negative_spelling_is_a_not() -> None:
    country, brazil = Name(("country",)), Literal("BR")
    assert tree('country != "BR"') == Not(Compare(country, "=", brazil))
    assert tree('country not in ("BR")') == Not(InList(country, (brazil,)))
    assert tree("country is not empty") == Not(IsEmpty(country))
    assert tree("did not(signed_up)") == Not(Did("signed_up"))


def test_conditions_that_mean_the_same_are_equal_wherever_they_stand() -> None:
    first, second = parse("a and b").condition, parse("  (a)   and b").condition
    assert first == second
    assert len({first, second}) == 1


def test_atoms_come_once_in_the_order_of_the_text() -> None:
    found = atoms(tree("clicked(first) and (vip or not clicked(first)) and vip"))
    assert found == (Call("clicked", "first"), BoolName(Name(("vip",))))


def test_deep_nesting_is_refused_and_no_crash() -> None:
    assert _hints(parse("(" * 500 + "a" + ")" * 500)) == ["make it simpler"]
    assert _hints(parse("not " * 500 + "a")) == ["make it simpler"]


def _hints(parsed: Parsed) -> list[str | None]:
    return [problem.hint for problem in parsed.problems]


def test_its_names_are_known_wherever_they_stand() -> None:
    text = """country = "BR" and not (has_tag(vip) or last_order_at older than 2 days) and vip
        and did("order_completed", where event.total > trigger.total and event.status in ("paid"))"""
    assert names(tree(text)) == {
        "country",
        "last_order_at",
        "vip",
        "event.total",
        "trigger.total",
        "event.status",
    }
