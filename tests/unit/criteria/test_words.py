"""Conditions said in English, and letters made small."""

from __future__ import annotations

import pytest

from nurture.criteria import fold, in_words, parse

WORDS = {
    'country = "BR" and total_orders >= 1': "country is 'BR' and total orders is at least 1",
    'country != "BR"': "country is not 'BR'",
    'country in ("BR", "PT")': "country is one of 'BR', 'PT'",
    'country not in ("BR")': "country is not 'BR'",
    "lifetime_value > 1000.5 or points < 10": "lifetime value is more than 1,000.5 or points is less than 10",
    "birthday <= 1990-02-28": "birthday is on or before 28 February 1990",
    "last_order_at older than 60 days": "last order at is at least 60 days ago",
    "not trial_ends_at within next 7 days": "trial ends at is not within the next 7 days",
    'city contains "x"': "city contains 'x'",
    'not city contains "x"': "city does not contain 'x'",
    "last_order_at is empty or city is not empty": "last order at is unknown or city is known",
    "vip and not gift": "vip is true and gift is not true",
    "did(order_completed, at least 2 times, within 90 days, where event.total > 100)": (
        "did order completed at least 2 times within the last 90 days where the event's total is more than 100"
    ),
    "did not(email_clicked, since entry)": "did not do email clicked since entering",
    "clicked(first) and not answered(nps) and nps.score >= 9": (
        "'first' was clicked and 'nps' wasn't answered and score of 'nps' is at least 9"
    ),
    "(has_tag(a) or reachable(sms)) and not consents(offers)": (
        "(has the tag a or can be reached by sms) and doesn't consent to offers"
    ),
    "not (a or b)": "it isn't so that (a is true or b is true)",
}


@pytest.mark.parametrize(("text", "words"), WORDS.items(), ids=WORDS)
def test_in_words(text: str, words: str) -> None:
    parsed = parse(text)
    assert parsed.condition is not None
    assert in_words(parsed.condition) == words


@pytest.mark.parametrize(
    ("text", "small"),
    [
        pytest.param("São PAULO", "são paulo", id="accents stay"),
        pytest.param("ÁÉÍÓÚ ÇÃÕ", "áéíóú çãõ", id="Portuguese"),
        pytest.param("ŁÓDŹ, ŒUVRE", "łódź, œuvre", id="Latin"),
        pytest.param("ΑΘΗΝΑ", "αθηνα", id="Greek"),
        pytest.param("МОСКВА", "москва", id="Cyrillic"),
        pytest.param("3 × 4 @ ß", "3 × 4 @ ß", id="what has no case"),
    ],
)
def test_fold(text: str, small: str) -> None:
    assert fold(text) == small
