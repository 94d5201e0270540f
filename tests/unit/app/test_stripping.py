"""What stays of what is said of somebody who is erased."""

from __future__ import annotations

from typing import Any

import pytest

from nurture.app.stripping import Asked, Stripping, texts_of

ASKED = Asked(
    names=frozenset(("status", "items", "address", "city", "weight", "starts_at")),
    texts=frozenset(("paid", "grinder", "Campinas")),
    keys=frozenset(("booking",)),
)
KEPT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "what reports count": (
        {"total": 80, "currency": "BRL", "score": 9},
        {"total": 80, "currency": "BRL", "score": 9},
    ),
    "no other amount": ({"cpf": 52998224725, "note": "hers"}, {}),
    "the text that a goal names": ({"status": "paid"}, {"status": "paid"}),
    "of a longer text what a goal names": ({"items": "a red grinder for Ana"}, {"items": "grinder"}),
    "numbers and times that a goal asks for": (
        {"weight": 2.5, "starts_at": "2026-03-01T10:00:00.000000Z"},
        {"weight": 2.5, "starts_at": "2026-03-01T10:00:00.000000Z"},
    ),
    "within lists and tables": (
        {"items": ["grinder"], "address": {"city": "Campinas", "street": "hers"}},
        {"items": ["grinder"], "address": {"city": "Campinas"}},
    ),
}


@pytest.mark.parametrize("case", KEPT)
def test_of_a_payload_stays(case: str) -> None:
    said, kept = KEPT[case]
    assert Stripping(ASKED).thinned("payload", said) == kept


def test_another_text_stays_another_but_none_that_anybody_knows() -> None:
    """So that a goal with `!=` and one with `is not empty` counts her as before."""
    stripping = Stripping(ASKED)
    (one, other) = (stripping.thinned("payload", {"status": text})["status"] for text in ("refunded", "lost"))
    assert one.startswith("erased-")
    assert len({one, other, Stripping(ASKED).renamed("refunded")}) == 3


def test_ids_are_called_the_same_everywhere_for_one_person() -> None:
    stripping = Stripping(ASKED)
    told = stripping.thinned("payload", {"order_id": "A-1", "booking": 12})
    assert told == {"order_id": stripping.renamed("A-1"), "booking": stripping.renamed("12")}
    assert stripping.renamed("") == ""


def test_a_column_stays_where_a_goal_names_it_and_its_text() -> None:
    stripping = Stripping(ASKED)
    assert stripping.thinned("city", "Campinas") == "Campinas"
    assert stripping.thinned("city", "Santos") is None
    assert stripping.thinned("state", "Campinas") is None
    assert stripping.thinned("fields", {"weight": 70, "total": 3}) == {"weight": 70}


def test_the_texts_of_a_condition() -> None:
    assert texts_of(r'event.status = "paid" and name != "a \"b\""') == {"paid", 'a "b"'}
