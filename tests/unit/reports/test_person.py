"""The page with all that is kept about a person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from nurture.reports import person

NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)
ATTACK = "<script>alert(1)</script>"


def page(locale: str, **more: Any) -> str:
    kept: dict[str, Any] = {name: [] for name in person.SECTIONS if name != "answers"}
    found = {
        "company": "Volta & Cia",
        "contact": {"id": 1, "ref": "ana", "first_name": ATTACK},
        **kept,
        **more,
    }
    topics = {"news": "Notícias da Volta"}
    return person.render(found, locale, "BRL", "#1f4e79", "America/Sao_Paulo", NOW, topics)


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("pt-BR", ('<html lang="pt-BR">', "O que guardamos sobre você", "1 de junho de 2026, 12:00")),
        ("en-GB", ('<html lang="en">', "What we keep about you", "1 June 2026, 12:00")),
    ],
)
def test_it_is_in_the_companys_language(locale: str, said: tuple[str, ...]) -> None:
    shown = page(locale)
    assert [each for each in said if each not in shown] == []


def test_what_she_wrote_is_text_and_nothing_else() -> None:
    event = {
        "name": "survey_answered",
        "occurred_at": NOW.isoformat(),
        "payload": {"score": 9, "comment": ATTACK},
    }
    letter = {"channel": "email", "text": ATTACK}
    shown = page("pt-BR", events=[event], messages=[letter], added_later=[{"what": ATTACK}])
    assert "<script" not in shown
    # the name, the event and the answer that it is, the letter, and what nobody has thought of yet
    assert shown.count("&lt;script&gt;") == 5


def test_amounts_days_and_topics_are_as_she_reads_them() -> None:
    contact = {
        "ref": "ana",
        "birthday": "1990-03-04",
        "lifetime_value": 1240.5,
        "fields": {"renews": "2027-01-31"},
    }
    consent = {"topic": "news", "occurred_at": NOW.isoformat(), "given": True}
    orders = [
        {"order_id": "1", "total": 240.0, "currency": "BRL"},
        {"order_id": "2", "total": 9.9, "currency": "EUR"},
    ]
    told = {"name": "consent_given", "payload": {"topic": "news", "since": "unknown"}}
    shown = page("pt-BR", contact=contact, consents=[consent], orders=orders, events=[told]).replace(
        "\xa0", " "
    )
    said = (
        "4 de março de 1990",
        "R$ 1.240,50",
        "31 de janeiro de 2027",
        "R$ 240,00",
        "€ 9,90",
        "topic: Notícias da Volta",
    )
    assert [each for each in said if each not in shown] == []
    assert [each for each in ("1990-03-04", ">news<", "240.0") if each in shown] == []


def test_both_languages_say_the_same_things() -> None:
    assert person.ENGLISH.keys() == person.PORTUGUESE.keys()
    assert person.SECTIONS.keys() <= person.ENGLISH.keys()
