"""The report in a terminal: at most 80 columns, figures to the right."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from nurture.reports import sentences
from nurture.reports.ab_tests import ABFigures
from nurture.reports.figures import Amount, ChannelFigures, Figures, JourneyFigures, Report, TooFew
from nurture.reports.statistics import Effect, Estimate
from nurture.reports.surveys import SurveyFigures
from nurture.reports.words import Words

WIDTH = 80
_WHISKER = 44

Table = Sequence[Sequence[str]]


def render(report: Report) -> str:
    """The whole report as plain text."""
    words = Words(report.locale, report.currency)
    blocks = [_wrap(f"{report.company} · {words('title')}"), _wrap(sentences.heading(report, words))]
    if not report.journeys:
        blocks += ["", words("no_journeys")]
    if len(report.journeys) > 1:
        blocks += ["", _wrap(sentences.summed(report, words)), "", _overview(report, words)]
    for journey in report.journeys:
        blocks += ["", "─" * WIDTH, _journey(journey, report, words)]
    blocks += ["", "─" * WIDTH, _books(report, words), "", _wrap(sentences.method(report, words))]
    blocks += ["", _wrap(words("rows")), *(f"  {command}" for command in sentences.row_commands(report))]
    blocks += ["", words("made", at=words.at(report.now, report.period.zone))]
    return "\n".join(blocks).replace("\u00a0", " ").replace("\u202f", " ") + "\n"


def _journey(journey: JourneyFigures, report: Report, words: Words) -> str:
    heading = f"{journey.name} · {sentences.heading(report, words)}"
    blocks = [_wrap(heading), _wrap(sentences.particulars(journey, words, report.period.zone)), ""]
    blocks += [_wrap(line) for line in sentences.opening(journey, words)]
    if not journey.versions:
        return "\n".join(blocks)
    figures = journey.figures
    blocks += ["", arms(journey, words)]
    if figures.channels:
        blocks += ["", messages(figures.channels, words)]
    for test in journey.ab_tests:
        blocks += ["", ab_test(test, words, report.period.zone)]
    for each in journey.surveys:
        blocks += ["", survey(each, words)]
    blocks += ["", _wrap(costs(figures, words)), "", _wrap(sentences.attribution(journey, report, words))]
    if len(journey.versions) > 1:
        blocks += ["", _versions(journey, words)]
    return "\n".join(blocks)


def arms(journey: JourneyFigures, words: Words) -> str:
    """Both sides of the comparison, the difference and its interval."""
    figures, answer = journey.figures, journey.figures.answer
    head = ["", *(words(key) for key in ("people", _reached(journey), "rate", "revenue", "per_person"))]
    body = [head]
    for key, arm in (("treated", figures.treated), ("held_out", figures.held_out)):
        if arm.people:
            counts = [words.number(arm.people), words.number(arm.converted), words.percent(arm.rate)]
            money = [words.money(arm.revenue), words.money(arm.per_person, exact=True)]
            body.append([words(key), *counts, *money])
    if isinstance(answer, TooFew):
        return table(body)
    rate, money_each = answer.rate, answer.per_person
    body.append(
        [
            words("difference"),
            "",
            "",
            words.points(rate.value),
            "",
            words.money(money_each.value, plus=True, exact=True),
        ]
    )
    return "\n".join([table(body), *_intervals(answer, words)])


def _intervals(effect: Effect, words: Words) -> list[str]:
    rate, money = effect.rate, effect.per_person
    ends = {
        "low": words.points(rate.low, unit=False),
        "high": words.points(rate.high),
    }
    spent = words.limits(money.low, money.high, plus=True, exact=True)
    lines = [
        f"{words('rate')}, {words('interval', **ends)}",
        f"{words('per_person')}, {words('interval', **spent)}",
    ]
    return ["", *(f" {line}" for line in lines), f" {whisker(money)}"]


def whisker(estimate: Estimate, width: int = _WHISKER) -> str:
    """`├──●──┤` on a line, with `┊` where nothing would be different."""
    low, high = min(estimate.low, 0.0), max(estimate.high, 0.0)
    reach = (high - low) or 1.0

    def place(value: float) -> int:
        return round((value - low) / reach * (width - 1))

    first, last = place(estimate.low), place(estimate.high)
    line = [" "] * width
    line[first : last + 1] = "─" * (last - first + 1)
    line[place(0.0)] = "┊" if line[place(0.0)] == " " else "┼"
    line[first], line[last] = "├", "┤"
    line[place(estimate.value)] = "●"
    return "".join(line).rstrip()


def messages(rows: Sequence[ChannelFigures], words: Words) -> str:
    keys = ("sent", "delivered", "clicked", "bounced", "in_doubt", "opened")
    body = [[words("channel"), *(words(key) for key in keys[:-1]), f"({words('opened')})"]]
    for row in rows:
        delivered = words("not_reported") if row.delivered is None else words.number(row.delivered)
        counts = [words.number(count) for count in (row.clicked, row.bounced, row.in_doubt, row.opened)]
        body.append([row.channel, words.number(row.sent), delivered, *counts])
    notes = [_wrap(f"({words('opened_note')}.)")]
    if any(row.in_doubt for row in rows):
        notes.append(_wrap(f"{words('in_doubt_note')}."))
    if any(row.delivered is None for row in rows):
        notes.append(_wrap(f"{words('not_reported_note')}."))
    return "\n".join([table(body), *notes])


def ab_test(test: ABFigures, words: Words, zone: str) -> str:
    """The arms of an A/B test, their difference, and what it came to."""
    body = [[words("arm"), words("people"), sentences.ab_reached(test, words), words("rate")]]
    for arm, (people, reached) in test.counts.items():
        rate = words.percent(reached / people) if people else "–"
        body.append([arm, words.number(people), words.number(reached), rate])
    said = [*sentences.ab_differences(test, words), sentences.ab_outcome(test, words, zone)]
    return "\n".join([_wrap(sentences.ab_title(test, words)), table(body), *map(_wrap, said)])


def survey(figures: SurveyFigures, words: Words) -> str:
    """How many answered a survey and how, and the score that this comes to."""
    parts = [_wrap(sentences.survey_title(figures, words))]
    if groups := sentences.survey_groups(figures, words):
        parts.append(
            table([(words("survey_answer"), words("survey_answers"), words("survey_share")), *groups])
        )
    return "\n".join([*parts, _wrap(sentences.survey_score(figures, words))])


def costs(figures: Figures, words: Words) -> str:
    cost = figures.cost
    parts = (("cost_messages", cost.messages), ("cost_fixed", cost.fixed), ("cost_coupons", cost.coupons))
    shown = ", ".join(f"{words(key)} {words.cost(micros)}" for key, micros in parts if micros)
    return f"{words('costs')}: {words.cost(cost.total)}" + (f" ({shown})" if shown else "")


def _overview(report: Report, words: Words) -> str:
    body = [[words(key) for key in ("journey", "incremental", "cost", "roi_short")]]
    for journey in report.journeys:
        figures = journey.figures
        body.append(
            [
                journey.name,
                brought(figures, words),
                words.cost(figures.cost.total),
                sentences.incremental_roi_value(figures, words),
            ]
        )
    return "\n".join([_wrap(words("overview")), "", table(body)])


def brought(figures: Figures, words: Words) -> str:
    """The effect in a cell, or a dash."""
    if isinstance(figures.answer, TooFew):
        return "–"
    revenue = figures.answer.revenue
    ends = words("to", **words.limits(revenue.low, revenue.high))
    return f"{words.money(revenue.value)} ({ends})"


def _versions(journey: JourneyFigures, words: Words) -> str:
    keys = ("entered", "held_out", "cost", "incremental")
    body = [[words("by_version"), *(words(key) for key in keys)]]
    for number, part in sorted(journey.versions.items()):
        counts = (part.treated.people, part.held_out.people)
        cells = [*(words.number(count) for count in counts), words.cost(part.cost.total)]
        body.append([words("version", number=number), *cells, brought(part, words)])
    return table(body)


def _books(report: Report, words: Words) -> str:
    books = report.books
    parts: tuple[tuple[str, Amount], ...] = (
        ("books_attributed", books.attributed),
        ("books_held_out", books.held_out),
        ("books_unattributed", books.unattributed),
        ("books_total", books.total),
    )
    body = [[words("books"), words("orders"), words("revenue")]]
    body += [
        [words(key), words.number(part.count), words.money(part.money, exact=True)] for key, part in parts
    ]
    notes = [_wrap(words("books_note", cancelled=words.number(books.cancelled)))]
    if books.foreign:
        notes.append(_wrap(words("books_foreign", count=words.number(books.foreign))))
    return "\n".join([table(body), *notes])


def _reached(journey: JourneyFigures) -> str:
    return "bought" if journey.goal.is_order else "converted"


def table(rows: Table) -> str:
    """Columns without borders: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        first, *others = (
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append(("  ".join([f" {first}", *others])).rstrip())
    return "\n".join(lines)


def _wrap(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
