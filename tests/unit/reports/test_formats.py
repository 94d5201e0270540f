"""What the reader sees: sentences, columns, charts, and files for machines."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from string import Formatter
from xml.etree import ElementTree

import pytest

from nurture.reports import export, html, sentences, svg, text
from nurture.reports.figures import JourneyFigures, Known, Trend
from nurture.reports.statistics import Estimate
from nurture.reports.texts import ENGLISH as ENGLISH_TEXTS
from nurture.reports.texts import PORTUGUESE as PORTUGUESE_TEXTS
from nurture.reports.words import Words
from tests.unit.reports import samples

OPENINGS = {
    "brought": (
        samples.BROUGHT,
        "It brought about $36,395 that would not have come otherwise (95 %: ",
    ),
    "lost": (samples.LOST, "It lost about $64,000 that would have come without it (95 %: "),
    "chance": (samples.CHANCE, "No effect that chance could not explain: about $1,051, but anything from −"),
    "few": (
        samples.FEW,
        "Too few to say: 31 people held out. With this traffic an answer takes until about January 13, 2027.",
    ),
    "nobody held out": (samples.FREE, "Nobody is held out"),
    "a goal that is no money": (samples.SURVEY, "It took about 900 people to the goal"),
    "nobody entered": (samples.EMPTY, "Nobody entered in this period."),
}


@pytest.mark.parametrize("name", OPENINGS)
def test_the_report_opens_with_a_sentence(name: str) -> None:
    journey, expected = OPENINGS[name]
    assert sentences.opening(journey, Words("en-US", "USD"))[0].startswith(expected)


def test_a_loss_is_said_in_positive_numbers_from_small_to_large() -> None:
    first = sentences.opening(samples.LOST, Words("en-US", "USD"))[0]
    low, high = (int(end.replace(",", "")) for end in re.findall(r"95 %: ([\d,]+) to ([\d,]+)", first)[0])
    assert 0 < low < 64_000 < high


def test_last_click_stands_beside_it() -> None:
    said = [line.replace("\u00a0", " ") for line in sentences.opening(samples.BROUGHT, Words("en-US", "USD"))]
    assert "Last click alone would have claimed $31,700 (ROI 3,719 %)." in said


def test_without_a_cost_the_roi_is_not_available() -> None:
    free = samples.journey(
        "free", samples.figures(samples.spent(900, 60, 9_000), samples.spent(100, 3, 9_000))
    )
    assert "ROI n/a: nothing was spent." in sentences.opening(free, Words("en-US", "USD"))


KNOWN = {
    "inside": (Known(per_person=250.0), "True effect (the demo knows it): +$2.50 per person.", "covers it"),
    "outside": (Known(per_person=-900.0), "True effect (the demo knows it): −$9.00 per person.", "misses it"),
    "a rate": (Known(rate=0.018), "True effect (the demo knows it): +1.8 pt.", "covers it"),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_true_effect_is_printed_beside_the_measured(name: str) -> None:
    known, value, verdict = KNOWN[name]
    last = sentences.opening(replace(samples.BROUGHT, known=known), Words("en-US", "USD"))[-1]
    last = last.replace("\u00a0", " ")
    assert last.startswith(value)
    assert verdict in last


def test_the_text_fits_eighty_columns_and_aligns() -> None:
    for report in (samples.REPORT, samples.ENGLISH):
        page = text.render(report)
        assert max(len(line) for line in page.splitlines()) <= 80
        assert "\u00a0" not in page
    rows = [
        line
        for line in text.render(samples.REPORT).splitlines()
        if line.startswith((" na jornada", " controle"))
    ]
    assert len({len(row) for row in rows[:2]}) == 1


def test_the_text_says_period_zone_currency_window_version_and_what_is_open() -> None:
    page = " ".join(text.render(samples.ENGLISH).split())
    for part in (
        "Oct 1 – 31, 2026",
        "America/Sao_Paulo",
        "USD",
        "window 30 days",
        "version 4",
        "versions 3, 4",
        "still open until November 30, 2026, 00:00",
        "last human click within 7 days",
    ):
        assert part in page


WHISKERS = {
    "gain": (Estimate(6, 4, 8), "┊   ├─●─┤"),
    "loss": (Estimate(-6, -8, -4), "├─●─┤   ┊"),
    "neither": (Estimate(0, -4, 4), "├───●───┤"),
    "more likely a gain": (Estimate(2, -2, 6), "├─┼─●───┤"),
}


@pytest.mark.parametrize("name", WHISKERS)
def test_the_whisker_in_the_terminal(name: str) -> None:
    estimate, expected = WHISKERS[name]
    assert text.whisker(estimate, 9) == expected


def test_both_languages_say_the_same_things() -> None:
    def places(texts: dict[str, str]) -> dict[str, set[str | None]]:
        return {
            key: {name for _, name, _, _ in Formatter().parse(line) if name} for key, line in texts.items()
        }

    assert places(ENGLISH_TEXTS) == places(PORTUGUESE_TEXTS)


NUMBERS = {
    "Brazil": ("pt-BR", "BRL", "R$ 12.460", "+R$ 1,37", "4,5 %", "+1,2 p.p."),
    "United States": ("en-US", "USD", "$12,460", "+$1.37", "4.5 %", "+1.2 pt"),
    "Germany": ("de-DE", "EUR", "12.460 €", "+1,37 €", "4,5 %", "+1,2 pt"),
    "Japan": ("ja-JP", "JPY", "￥12,460", "+￥1", "4.5 %", "+1.2 pt"),
    "unknown": ("xx-XX", "BRL", "R$12,460", "+R$1.37", "4.5 %", "+1.2 pt"),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_written_as_the_company_writes_them(name: str) -> None:
    locale, currency, *expected = NUMBERS[name]
    words = Words(locale, currency)
    shown = [words.money(1_246_000), words.money(137, plus=True), words.percent(0.045), words.points(0.0123)]
    assert [one.replace("\u00a0", " ") for one in shown] == expected


def test_what_rounds_to_zero_has_no_sign() -> None:
    words = Words("en-US", "USD")
    assert words.money(-0.3) == "$0.00"
    assert words.points(-0.0001).startswith("0.0")


# --- HTML ----------------------------------------------------------------------------------


def test_the_page_stands_by_itself() -> None:
    page = html.render(samples.REPORT)
    assert "<script" not in page
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", page)
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page
    assert len(page.encode()) < 100_000


def test_the_page_escapes_names() -> None:
    page = html.render(samples.REPORT)
    assert "Café &amp; Cia &lt;da Serra&gt;" in page
    assert "<da Serra>" not in page


def test_an_accent_that_is_no_colour_is_not_written() -> None:
    page = html.render(replace(samples.REPORT, accent="red;} body{color:red"))
    assert "color:red" not in page
    assert "--accent: #0b6e4f" in page


def test_every_chart_has_title_description_and_a_table() -> None:
    page = html.render(samples.ENGLISH)
    pictures = [ElementTree.fromstring(found) for found in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]
    assert len(pictures) > 20
    for picture in pictures:
        assert picture.findtext("title")
        assert picture.findtext("desc")
        assert picture.get("role") == "img"
    assert page.count("As a table") == len([one for one in samples.ENGLISH.journeys if one.versions])


def test_attributed_and_incremental_never_share_column_or_colour() -> None:
    page = html.render(samples.ENGLISH)
    colours = {name: set(re.findall(rf"--{name}: (#\w+)", page)) for name in ("brought", "claimed")}
    assert not colours["brought"] & colours["claimed"]
    header = re.search(r"<caption>Brought by each.*?</thead>", page, re.DOTALL)
    assert header
    assert header[0].index(">brought<") < header[0].index(">last click<")
    assert not re.search(r'class="[^"]*brought[^"]*claimed', page)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_colour_of_text_and_marks_has_a_contrast_of_four_and_a_half(theme: int) -> None:
    page = html.render(samples.REPORT)
    page_colour = _luminance(re.findall(r"--page: (#\w+)", page)[theme])
    for name in ("ink", "muted", "brought", "claimed", "held", "click"):
        mark = _luminance(re.findall(rf"--{name}: (#\w+)", page)[theme])
        light, dark = max(mark, page_colour), min(mark, page_colour)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, name


def test_a_report_without_journeys_says_what_to_do() -> None:
    nothing = replace(samples.ENGLISH, journeys=())
    for page in (html.render(nothing), text.render(nothing)):
        assert "No journey is published yet. Publish one with: nurture publish" in page


TRENDS = {
    "rose": (Trend(1, (2, 3), (1, 1), 5, 2), "Clicks rose from 2 to 5", 2),
    "fell": (Trend(1, (1, 0), (2, 2), 1, 4), "Clicks fell from 4 to 1", 2),
    "as before": (Trend(1, (1, 1), (2, 0), 2, 2), "2 clicks, as many as before", 2),
    "new": (Trend(1, (1, 4), (0, 0), 5, 0), "5 clicks, none in the period before", 1),
    "a day old": (Trend(1, (1,), (0,), 1, 0), None, 0),
}


@pytest.mark.parametrize("name", TRENDS)
def test_the_title_of_a_line_says_what_it_shows(name: str) -> None:
    trend, title, lines = TRENDS[name]
    page = html.render(replace(samples.ENGLISH, journeys=(replace(samples.BROUGHT, trend=trend),)))
    assert page.count("<polyline") == lines
    if title:
        assert f"<h3>{title}</h3>" in page


@pytest.mark.parametrize(("day", "shown"), [(31, 1), (32, 0)], ids=["on its last day", "afterwards"])
def test_a_line_that_lacks_today_says_so(day: int, shown: int) -> None:
    now = samples.OCTOBER.since + timedelta(days=day - 1, hours=12)
    trend, _, _ = TRENDS["new"]
    report = replace(samples.ENGLISH, now=now, journeys=(replace(samples.BROUGHT, trend=trend),))
    assert html.render(report).count("today&#39;s clicks come in tomorrow") == shown


def test_bars_of_a_funnel_fall_from_zero() -> None:
    picture = svg.funnel(
        [svg.Stage("entered", 200, "200"), svg.Stage("clicked", 50, "50", "150 fewer (75 %)")], "t", "d"
    )
    bars = [element for element in ElementTree.fromstring(picture) if element.tag == "rect"]
    assert [(float(bar.get("x", "1")), float(bar.get("width", "0"))) for bar in bars] == [(0, 340), (0, 85)]
    assert "150 fewer (75 %)" in picture


def test_labels_of_a_whisker_stay_within_the_picture() -> None:
    estimate = Estimate(1_000_000, 999_999, 1_000_001)
    picture = svg.labelled_whisker(
        estimate, "t", "d", ("+R$ 1.000.000,00", "+999.999,00", "+1.000.001,00"), "nenhuma diferença"
    )
    for label in ElementTree.fromstring(picture).iter("text"):
        half = len(label.text or "") * 3.4
        assert half <= float(label.get("x", "0")) <= svg.WIDTH - half


# --- for machines --------------------------------------------------------------------------


def _found(name: str) -> dict[str, object]:
    document = json.loads(export.to_json(samples.REPORT))
    return next(one for one in document["journeys"] if one["journey"] == name)  # type: ignore[no-any-return]


def test_json_has_the_figures_in_major_units() -> None:
    found = _found("reactivation-60-days")
    assert found["attributed"] == {"orders": 190, "revenue": 31_700.0, "roi": pytest.approx(37.19, abs=0.01)}
    assert found["cost"]["total"] == 830.0  # type: ignore[index]
    incremental = found["incremental"]
    assert isinstance(incremental, dict)
    assert incremental["answer"] == "effect"
    low, high = incremental["revenue"]["interval"]
    assert low < incremental["revenue"]["value"] < high


def test_json_says_why_there_is_no_answer() -> None:
    assert _found("ebook-follow-up")["incremental"] == {
        "answer": None,
        "why": "few_held_out",
        "answer_on": "2027-01-13",
    }


def test_json_orders_add_up() -> None:
    orders = json.loads(export.to_json(samples.REPORT))["orders"]
    parts = [orders[name]["revenue"] for name in ("attributed", "held_out", "unattributed")]
    assert orders["total"]["revenue"] == pytest.approx(sum(parts))


def _lines(journeys: tuple[JourneyFigures, ...]) -> list[dict[str, str]]:
    written = export.to_csv(replace(samples.REPORT, journeys=journeys))
    return list(csv.DictReader(io.StringIO(written)))


def test_csv_has_a_line_for_the_journey_its_versions_and_their_channels() -> None:
    lines = _lines((samples.VERSIONS,))
    assert [(line["version"], line["channel"]) for line in lines] == [
        (version, channel) for version in ("all", "3", "4") for channel in ("", "email", "sms")
    ]
    assert lines[0]["attributed_revenue"] == "31700.0"
    assert lines[2]["delivered"] == "n/a"


def test_csv_columns_can_be_summed() -> None:
    lines = _lines((samples.VERSIONS,))
    assert sum(int(line["entered"] or 0) for line in lines if line["version"] == "all") == 9_120


CELLS = {
    "a formula": ("=1+1", "'=1+1"),
    "a phone number": ("+5511987654321", "'+5511987654321"),
    "a minus": ("-2", "'-2"),
    "an at": ("@SUM(A1)", "'@SUM(A1)"),
    "a tab": ("\t=1", "'\t=1"),
    "a carriage return": ("\r=1", "'\r=1"),
    "text": ("Ana", "Ana"),
    "a negative number": (-2.5, -2.5),
    "nothing": (None, ""),
}


@pytest.mark.parametrize("name", CELLS)
def test_no_cell_is_a_formula(name: str) -> None:
    value, expected = CELLS[name]
    assert export.cell(value) == expected


def test_a_report_of_several_journeys_opens_with_how_many_brought_something() -> None:
    journeys = (samples.BROUGHT, samples.LOST, samples.CHANCE, samples.FEW, samples.EMPTY)
    said = sentences.summed(replace(samples.ENGLISH, journeys=journeys), Words("en-US", "USD"))
    assert said.replace("\u00a0", " ") == (
        "5 journeys: 1 with more than would have come anyway, 1 with a loss, 1 with no effect that chance "
        "could not explain, 2 still without an answer. In all they cost $1,226."
    )
    page = html.render(samples.ENGLISH)
    assert page.index('class="answer"') < page.index("<table")


def test_a_missing_receipt_is_explained_below_the_messages() -> None:
    for shown in (html.render(samples.ENGLISH), text.render(samples.ENGLISH)):
        assert "the provider sends no receipts" in " ".join(shown.split())
