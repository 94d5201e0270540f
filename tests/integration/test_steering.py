"""Taking a hand in what runs: a pause ends without a storm, and people are taken out, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from nurture.app import advance, moving, pause
from nurture.cli import steering
from nurture.cli.main import app
from nurture.problems import NurtureError
from nurture.store import tables
from tests.integration.test_in_flight import DAY, NOW, Shop


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    """As there, with ten more who ordered as Ana did."""
    opened = Shop(database, tmp_path / "shop")
    for number in range(10):
        opened.orders(f"chloe-{number}", NOW)
    yield opened
    opened.runtime.close()


def due(shop: Shop) -> list[datetime]:
    sent = tables.messages
    with shop.runtime.store.read() as tx:
        open_ones = sa.select(sent.c.due_at).where(sent.c.state.in_(("scheduled", "deferred")))
        return sorted(tx.execute(open_ones).scalars())


def pause_for_a_week(shop: Shop) -> datetime:
    pause.pause(shop.runtime, ["thanks"], NOW)
    end = NOW + 7 * DAY
    shop.at = NOW + 3 * DAY
    advance.advance(shop.runtime, shop.at)  # runs go on to their message, which waits
    shop.at = end
    return end


def test_what_a_pause_holds_is_counted_first(shop: Shop) -> None:
    end = pause_for_a_week(shop)
    (held,) = pause.held(shop.runtime, ["thanks"], end)
    assert (held.waiting, held.overdue, held.inside) == ({"email": 11}, 11, 11)
    (again,) = pause.held(shop.runtime, None, end)
    assert again == held  # looking changes nothing


def test_what_is_overdue_leaves_bit_by_bit(shop: Shop) -> None:
    end = pause_for_a_week(shop)
    pause.resume(shop.runtime, ["thanks"], end, overdue="spread", span=timedelta(hours=4))
    times = due(shop)
    assert len(set(times)) == 11
    assert end <= times[0] < times[-1] < end + timedelta(hours=4)
    assert times[-1] - times[0] > timedelta(minutes=1) / 11


def test_what_is_overdue_is_left_out_where_that_is_said(shop: Shop) -> None:
    end = pause_for_a_week(shop)
    pause.resume(shop.runtime, ["thanks"], end, overdue="skip")
    assert due(shop) == []
    shop.until(end + 10 * DAY)
    assert shop.sent("ana") == []
    assert shop.tags("ana") == {"old-way"}  # she goes on
    assert "message.skipped.paused" in shop.reasons("ana")


def test_what_going_on_will_do_is_shown_before_it_asks(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    pause_for_a_week(shop)
    before = due(shop)
    monkeypatch.setattr(steering, "runtime", lambda folder: nullcontext(shop.runtime))
    for overdue, said in (
        ("spread", "11 messages overdue: leave bit by bit over 1 minute."),
        ("now", "11 messages overdue: leave at once."),
        ("skip", "11 messages overdue: left out, and those people go on."),
    ):
        done = CliRunner().invoke(app, ["resume", "thanks", "--overdue", overdue], input="n\n")
        shown = done.output.splitlines()
        assert (done.exit_code, shown[-1]) == (1, "Nothing was done.")
        assert shown[1].split() == ["thanks", "paused", "11", "11", "email", "11", "0"]
        assert said in shown
    assert due(shop) == before


def test_a_hundred_leave_in_a_minute(shop: Shop) -> None:
    assert pause.over(100) == timedelta(minutes=1)
    assert pause.over(0) == timedelta()


def test_somebody_is_taken_out(shop: Shop) -> None:
    assert moving.taken_out(shop.runtime, "thanks", ["ana"]) == (1, 0)
    assert moving.take_out(shop.runtime, "thanks", ["ana"], NOW) == 1
    assert shop.run("ana")["exit_reason"] == "by_hand"
    assert shop.run("bruno")["status"] == "active"
    assert moving.take_out(shop.runtime, "thanks", ["ana"], NOW) == 0  # once is enough
    shop.until(NOW + 10 * DAY)
    assert shop.sent("ana") == []


def test_everybody_is_taken_out_and_what_they_would_get_is_cancelled(shop: Shop) -> None:
    end = pause_for_a_week(shop)
    assert moving.taken_out(shop.runtime, "thanks", []) == (11, 11)
    moving.take_out(shop.runtime, "thanks", [], end)
    assert due(shop) == []


@pytest.mark.parametrize(
    ("journey", "people", "said"),
    [("thank", [], "published are: thanks"), ("thanks", ["davi"], "nobody known as davi")],
)
def test_who_or_what_is_not_there_is_said(shop: Shop, journey: str, people: list[str], said: str) -> None:
    with pytest.raises(NurtureError, match=said):
        moving.take_out(shop.runtime, journey, people, NOW)
