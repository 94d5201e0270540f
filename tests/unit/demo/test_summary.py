"""What a demo ends with: the measured effect beside the true one, apart from what was clicked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from nurture.demo.run import Summary
from nurture.demo.summary import as_text
from nurture.reports.figures import ChannelFigures, JourneyFigures, Known
from tests.unit.reports import samples


def _told(*journeys: JourneyFigures) -> str:
    report = replace(samples.REPORT, journeys=journeys, locale="pt-BR", currency="BRL")
    files = (Path("demo-shop/reports/report.html"),)
    counts: MappingProxyType[str, int] = MappingProxyType({})
    return as_text(Summary(Path("demo-shop"), 1, 3000, 120, 700, counts, "C00007", report, files, 41.6))


def _line(text: str, table: str, journey: str) -> str:
    block = next(part for part in text.split("\n\n") if table in part)
    return next(line for line in block.splitlines() if line.startswith(journey))


def test_the_true_effect_stands_beside_the_measured_one() -> None:
    known = replace(samples.BROUGHT, known=Known(per_person=120.0))
    line = _line(_told(known), "measured", known.name)
    answer = known.figures.answer
    measured, true = line.partition(")")[0], line.partition(")")[2].split()[0]
    assert f"{answer.revenue.value / 100:,.0f}".replace(",", ".") in measured  # type: ignore[union-attr]
    assert true == f"{120 * known.figures.treated.people / 100:,.0f}".replace(",", ".")


def test_a_loss_keeps_its_sign() -> None:
    line = _line(_told(samples.LOST), "measured", samples.LOST.name)
    assert line.removeprefix(samples.LOST.name).lstrip().startswith("−")


def test_what_was_clicked_last_stands_in_another_table() -> None:
    told = _told(samples.BROUGHT)
    claimed = f"{samples.BROUGHT.figures.attributed.money / 100:,.0f}".replace(",", ".")
    assert claimed in _line(told, "Last click", samples.BROUGHT.name)
    assert claimed not in _line(told, "measured", samples.BROUGHT.name)


@pytest.mark.parametrize("reported", [pytest.param(True, id="receipts"), pytest.param(False, id="none")])
def test_a_missing_receipt_is_said(reported: bool) -> None:
    channels = (ChannelFigures("email", 100, 97 if reported else None, 40, 12, 1, 0),)
    journey = replace(samples.BROUGHT, figures=replace(samples.BROUGHT.figures, channels=channels))
    told = _told(journey)
    assert ("a file sends no receipt" in told) is not reported
    assert ("97" if reported else "n/a") in _line(told, "held out", journey.name).split()


def test_it_fits_a_terminal_and_ends_with_what_to_do_next() -> None:
    told = _told(*samples.REPORT.journeys)
    assert max(map(len, told.splitlines())) <= 80
    assert told.endswith("  nurture explain C00007 --workspace demo-shop")
    assert "demo-shop/reports/report.html" in told
