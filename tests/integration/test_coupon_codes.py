"""Coupon codes of a small pool: drawn again where somebody has one, also within one batch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from nurture.app.facts import load
from nurture.model import Run
from nurture.steps.base import Needs
from nurture.steps.coupon import make_code
from nurture.store import coupons
from tests.support.plans import a_run
from tests.support.shop import NOW, Shop, open_shop

PATTERN = "CAFE-#"  # thirty codes


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(database, tmp_path)
    yield shop
    shop.runtime.close()


def drawn(shop: Shop, numbers: range, now: datetime = NOW) -> list[str | None]:
    """What these runs get, and keep."""

    def draw(run: Run, turn: int) -> str:
        return make_code(PATTERN, b"secret", run, "coupon", turn)

    ana = shop.people["ana"]
    with shop.runtime.store.begin() as tx:
        runs = [a_run(id=number, ref=f"p{number}", contact_id=ana) for number in numbers]
        facts = load(shop.runtime, tx, Needs(), runs, now)
        codes = {run.id: facts[run.id].code(draw) for run in runs}
        rows = [
            {"code": code, "pool": "CAFE", "contact_id": ana, "enrollment_id": number, "step": "coupon",
             "issued_at": now, "expires_at": None}
            for number, code in codes.items() if code
        ]  # fmt: skip
        coupons.issue(tx, rows)
    return list(codes.values())


def test_nobody_gets_the_code_of_another_even_in_a_crowded_pool(shop: Shop) -> None:
    first, second = drawn(shop, range(1, 13)), drawn(shop, range(13, 25))
    assert len({*first, *second} - {None}) == 24
    assert None not in (*first, *second)


def test_when_no_code_is_free_nobody_gets_one(shop: Shop) -> None:
    codes = [code for start in (1, 21, 41) for code in drawn(shop, range(start, start + 20))]
    given = [code for code in codes if code]
    assert len(given) == len(set(given)) <= 30
    assert codes[-1] is None
