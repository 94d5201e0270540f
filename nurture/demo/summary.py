"""What a demo ends with: three small tables, and where everything is.

What was caused and who was clicked last stand in different tables, so that nobody adds them up.
"""

from __future__ import annotations

from collections.abc import Sequence

from nurture.demo.run import Summary
from nurture.reports.figures import Doubt, JourneyFigures, Report, TooFew
from nurture.reports.sentences import attributed_roi, incremental_roi_value
from nurture.reports.text import table
from nurture.reports.texts import ENGLISH
from nurture.reports.words import Words

_NO_ANSWER = {
    Doubt.NOBODY: "nobody entered",
    Doubt.NO_HOLDOUT: "nobody is held out",
    Doubt.FEW_HELD_OUT: "too few: {count} held out",
    Doubt.FEW_TREATED: "too few: {count} people",
    Doubt.FEW_CONVERSIONS: "too few: {count} bought",
    Doubt.MIXED: "see each version",
}
_CHANNELS = {"email": "mail", "sms": "SMS"}


def as_text(done: Summary) -> str:
    """The demo's result for a terminal, at most 80 columns wide."""
    report = done.report
    words = Words(report.locale, report.currency, ENGLISH)
    number = words.number
    lived = f"{number(done.people)} people, {done.days} days, seed {done.seed}"
    parts = [
        f"{report.company} · {words.period(report.period)} · {report.period.zone} · {report.currency}",
        f"{lived}, lived through in {number(done.seconds)} seconds",
        "",
        _reached(report, words),
        "",
        f"Brought beyond what would have come anyway, in {report.currency} (95 % interval)",
        _brought(report, words),
        "",
        "Last click: who was clicked before an order, not what was caused",
        _clicked(report, words),
        "",
        *_files(done),
    ]
    return "\n".join(parts).replace("\u00a0", " ").replace("\u202f", " ")


def _reached(report: Report, words: Words) -> str:
    """Who entered, what was written to them, and what they did."""
    channels = sorted({row.channel for journey in report.journeys for row in journey.figures.channels})
    head = ["journey", "people", "held out", *(_CHANNELS.get(name, name) for name in channels)]
    rows = [[*head, "delivered", "clicked", "bought"]]
    for journey in report.journeys:
        sent = {row.channel: row for row in journey.figures.channels}
        counts = [sent[name].sent if name in sent else 0 for name in channels]
        figures = journey.figures
        rows.append(
            [
                journey.name,
                *(words.number(count) for count in (figures.treated.people, figures.held_out.people)),
                *(words.number(count) for count in counts),
                _delivered(journey, words),
                words.number(sum(row.clicked for row in figures.channels)),
                words.number(figures.treated.converted),
            ]
        )
    lines = [_flush(rows)]
    if any(row[-3] == words("not_reported") for row in rows):
        lines.append("Delivered is n/a: messages become files here, and a file sends no receipt.")
    return "\n".join(lines)


def _delivered(journey: JourneyFigures, words: Words) -> str:
    told = [row.delivered for row in journey.figures.channels]
    known = [count for count in told if count is not None]
    return words.number(sum(known)) if len(known) == len(told) else words("not_reported")


def _brought(report: Report, words: Words) -> str:
    """The measured effect beside the true one, which only the generator knows."""
    rows = [["journey", "measured", "truly", "cost", "ROI"]]
    for journey in report.journeys:
        figures = journey.figures
        true = journey.known.per_person if journey.known else None
        rows.append(
            [
                journey.name,
                _measured(journey, words),
                "" if true is None else _whole(true * figures.treated.people, words),
                _whole(figures.cost.cents, words),
                incremental_roi_value(figures, words),
            ]
        )
    lines = [_flush(rows)]
    if any("too few" in row[1] for row in rows):
        least = f"{report.minimum_people} people in an arm or {report.minimum_conversions} conversions"
        lines.append(f"Too few: under {least}. Try --people 10000.")
    return "\n".join(lines)


def _measured(journey: JourneyFigures, words: Words) -> str:
    answer = journey.figures.answer
    if isinstance(answer, TooFew):
        return _NO_ANSWER[answer.reason].format(count=words.number(answer.count))
    value, low, high = (
        _whole(end, words) for end in (answer.revenue.value, answer.revenue.low, answer.revenue.high)
    )
    return f"{value} ({low} to {high})"


def _clicked(report: Report, words: Words) -> str:
    rows = [["journey", "orders", "revenue", "cost", "ROI"]]
    for journey in report.journeys:
        figures = journey.figures
        rows.append(
            [
                journey.name,
                words.number(figures.attributed.count),
                _whole(figures.attributed.money, words),
                _whole(figures.cost.cents, words),
                attributed_roi(figures, words),
            ]
        )
    return _flush(rows)


def _whole(cents: float, words: Words) -> str:
    """An amount in whole units of the currency; below ten with its cents."""
    return words.number(cents / 100, 0 if abs(cents) >= 1000 else 2)


def _flush(rows: Sequence[Sequence[str]]) -> str:
    """The table from the left edge."""
    return "\n".join(line.removeprefix(" ") for line in table(rows).splitlines())


def _files(done: Summary) -> list[str]:
    return [
        f"The messages  {done.outbox}",
        f"The report    {done.html}",
        "",
        "Next: open the report. Why somebody got what, step by step:",
        f"  nurture explain {done.somebody} --workspace {done.folder}",
    ]
