"""What the terminal shows is never wider than it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from nurture.cli import tables
from nurture.cli.telling import reason

LONG = "2,700 email, 1,200 sms, and a long tail of words that no terminal of eighty columns has room for"


def test_a_last_cell_that_is_too_long_goes_on_below() -> None:
    shown = tables.table(
        [["journey", "enter", "first day"], ["winback", "3,900", LONG]], right=(1,)
    ).splitlines()
    assert len(shown) > 2
    assert all(len(line) <= tables.WIDTH for line in shown)
    assert {line[:16].strip() for line in shown[2:]} == {""}
    assert " ".join(" ".join(line[16:].strip() for line in shown[1:]).split()) == LONG


def test_columns_line_up() -> None:
    shown = tables.table([["job", "due"], ["deliver", "1,000"], ["report", "2"]], right=(1,))
    assert shown == "job        due\ndeliver  1,000\nreport       2"


def test_a_paragraph_is_broken_between_words() -> None:
    lines = tables.paragraph(f"nurture: {LONG}").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("  ")
    assert " ".join(" ".join(lines).split()) == f"nurture: {LONG}"


def test_today_is_said_so_in_the_zone() -> None:
    now = datetime(2026, 6, 2, 1, tzinfo=UTC)  # still 1 June in São Paulo
    at = datetime(2026, 6, 1, 12, 12, tzinfo=UTC)
    assert tables.when(at, "America/Sao_Paulo", now) == "today 09:12"
    assert tables.when(at, "UTC", now) == "2026-06-01 12:12"
    assert tables.when(None, "UTC", now) == "-"


def test_machines_get_plain_values(capsys: pytest.CaptureFixture[str]) -> None:
    tables.as_json({"at": datetime(2026, 6, 1, tzinfo=UTC), "cost": Decimal("1.50"), "names": {"b", "a"}})
    assert json.loads(capsys.readouterr().out) == {
        "at": "2026-06-01T00:00:00+00:00",
        "cost": "1.50",
        "names": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("message.skipped.no_consent", "skipped: no consent"),
        ("message.written.sms", "message written, by sms"),
        ("wait_for.not_sent.no_address", "its message never went out: no address"),
        ("branch.if.1", "takes 'if 1'"),
        ("wait_for.email_clicked", "came: email_clicked"),
        ("wait_for.timeout", "waited in vain"),
        ("exit.event.order_completed", "leaves: order_completed happened"),
        ("no answer", "no answer"),
    ],
)
def test_reasons_are_words(code: str, words: str) -> None:
    assert reason(code) == words
