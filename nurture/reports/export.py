"""The report for machines: JSON with every figure, CSV with a line for each journey and version."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from nurture.reports.ab_tests import ABFigures
from nurture.reports.figures import (
    Amount,
    Figures,
    JourneyFigures,
    Report,
    TooFew,
)
from nurture.reports.statistics import Arm, Estimate
from nurture.reports.surveys import SurveyFigures

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> object:
    """A CSV cell that a spreadsheet takes for text, not for a formula. Numbers stay numbers."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return "" if value is None else value


def to_json(report: Report) -> str:
    """Money in major units, shares as fractions, an interval as [low, high], null for "n/a"."""
    return json.dumps(_report(report), ensure_ascii=False, indent=2) + "\n"


def _report(report: Report) -> dict[str, Any]:
    books = report.books
    return {
        "company": report.company,
        "currency": report.currency,
        "period": {
            "first": report.period.first.isoformat(),
            "last": report.period.last.isoformat(),
            "zone": report.period.zone,
        },
        "as_of": report.now.isoformat(),
        "attribution": {
            "model": "last human click",
            "window_days": report.attribution_window.total_seconds() / 86_400,
        },
        "minimum": {"people": report.minimum_people, "conversions": report.minimum_conversions},
        "journeys": [_journey(journey) for journey in report.journeys],
        "orders": {
            "attributed": _amount(books.attributed),
            "held_out": _amount(books.held_out),
            "unattributed": _amount(books.unattributed),
            "total": _amount(books.total),
            "cancelled": books.cancelled,
            "other_currency": books.foreign,
        },
    }


def _journey(journey: JourneyFigures) -> dict[str, Any]:
    goal, known = journey.goal, journey.known
    return {
        "journey": journey.name,
        "goal": {
            "event": goal.event,
            "where": goal.condition,
            "value": goal.value,
            "window_days": goal.window.total_seconds() / 86_400,
            "declared": goal.declared,
        },
        "open_until": journey.open_until.isoformat() if journey.open_until else None,
        **_figures(journey.figures),
        "funnel": {
            "entered": journey.funnel.entered,
            "written_to": journey.funnel.written_to,
            "clicked": journey.funnel.clicked,
            "bought_after_click": journey.funnel.bought,
        },
        "clicks": {
            "days_per_step": journey.trend.step,
            "period": list(journey.trend.now),
            "period_before": list(journey.trend.before),
            "total": journey.trend.total,
            "total_before": journey.trend.total_before,
        },
        "true_effect": known and {"rate": known.rate, "per_person": _money(known.per_person)},
        "versions": {str(number): _figures(part) for number, part in sorted(journey.versions.items())},
        "ab_tests": [_ab_test(test) for test in journey.ab_tests],
        "surveys": [_survey(survey) for survey in journey.surveys],
    }


def _ab_test(test: ABFigures) -> dict[str, Any]:
    verdict = test.verdict
    answer = "winner" if test.winner else "no significant difference" if test.decided_at else None
    return {
        "version": test.version,
        "step": test.step,
        "by": test.by,
        "arms": {
            arm: {"people": people, "reached": reached, "rate": reached / people if people else None}
            for arm, (people, reached) in test.counts.items()
        },
        "best": verdict and verdict.best,
        "best_less": {arm: _estimate(each) for arm, each in verdict.differences.items()} if verdict else {},
        "answer": answer,
        "winner": test.winner,
        "decided_at": test.decided_at and test.decided_at.isoformat(),
    }


def _survey(survey: SurveyFigures) -> dict[str, Any]:
    return {
        "survey": survey.name,
        "kind": survey.kind,
        "asked": survey.asked,
        "answered": survey.answered,
        "scores": {str(score): count for score, count in sorted(survey.scores.items())},
        "groups": survey.groups,
        "score": survey.score and _estimate(survey.score),
    }


def _figures(figures: Figures) -> dict[str, Any]:
    cost = figures.cost
    return {
        "treated": _arm(figures.treated),
        "held_out": _arm(figures.held_out),
        "messages": {
            row.channel: {
                "sent": row.sent,
                "delivered": row.delivered,
                "opened": row.opened,
                "clicked": row.clicked,
                "bounced": row.bounced,
                "in_doubt": row.in_doubt,
            }
            for row in figures.channels
        },
        "cost": {
            "messages": cost.messages / 1e6,
            "fixed": cost.fixed / 1e6,
            "coupons": cost.coupons / 1e6,
            "total": cost.total / 1e6,
        },
        "attributed": {**_amount(figures.attributed), "roi": figures.attributed_roi},
        "incremental": _incremental(figures),
    }


def _incremental(figures: Figures) -> dict[str, Any]:
    answer = figures.answer
    if isinstance(answer, TooFew):
        day = answer.answer_on
        return {"answer": None, "why": str(answer.reason), "answer_on": day and day.isoformat()}
    return {
        "answer": "effect" if answer.revenue.excludes_zero else "none shown",
        "revenue": _estimate(answer.revenue.map(_cents)),
        "per_person": _estimate(answer.per_person.map(_cents)),
        "rate": _estimate(answer.rate),
        "people": _estimate(answer.people),
        "roi": figures.incremental_roi and _estimate(figures.incremental_roi),
    }


def _arm(arm: Arm) -> dict[str, Any]:
    return {
        "people": arm.people,
        "converted": arm.converted,
        "rate": arm.rate,
        "revenue": _money(arm.revenue),
        "per_person": _money(arm.per_person),
    }


def _amount(amount: Amount) -> dict[str, Any]:
    return {"orders": amount.count, "revenue": _money(amount.money)}


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {"value": estimate.value, "interval": [estimate.low, estimate.high]}


def _money(cents: float | None) -> float | None:
    return None if cents is None else cents / 100


def _cents(cents: float) -> float:
    return cents / 100


COLUMNS = (
    "journey",
    "version",
    "entered",
    "held_out",
    "channel",
    "sent",
    "delivered",
    "opened",
    "clicked",
    "bounced",
    "in_doubt",
    "converted",
    "held_out_converted",
    "revenue",
    "held_out_revenue",
    "attributed_orders",
    "attributed_revenue",
    "attributed_roi",
    "incremental_revenue",
    "incremental_low",
    "incremental_high",
    "cost",
    "incremental_roi",
    "incremental_roi_low",
    "incremental_roi_high",
    "no_answer",
)


def to_csv(report: Report) -> str:
    """A line for each journey (version "all") and version, then one for each of its channels.

    Only the lines without a channel have people and money, so that a column can be summed.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for journey in report.journeys:
        for version, figures in (("all", journey.figures), *sorted(journey.versions.items())):
            for line in _lines(figures):
                named = {"journey": journey.name, "version": version, **line}
                writer.writerow({name: cell(value) for name, value in named.items()})
    return out.getvalue()


def _lines(figures: Figures) -> Iterator[dict[str, Any]]:
    answer = figures.answer
    line: dict[str, Any] = {
        "entered": figures.treated.people,
        "held_out": figures.held_out.people,
        "converted": figures.treated.converted,
        "held_out_converted": figures.held_out.converted,
        "revenue": _money(figures.treated.revenue),
        "held_out_revenue": _money(figures.held_out.revenue),
        "attributed_orders": figures.attributed.count,
        "attributed_revenue": _money(figures.attributed.money),
        "attributed_roi": "n/a" if figures.attributed_roi is None else round(figures.attributed_roi, 4),
        "cost": round(figures.cost.cents / 100, 6),
        "incremental_roi": "n/a",
    }
    if isinstance(answer, TooFew):
        line["no_answer"] = str(answer.reason)
    else:
        line |= _spread("incremental_revenue", "incremental", answer.revenue.map(_cents), 2)
        if figures.incremental_roi is not None:
            line |= _spread("incremental_roi", "incremental_roi", figures.incremental_roi, 4)
    yield line
    for row in figures.channels:
        yield {
            "channel": row.channel,
            "sent": row.sent,
            "delivered": "n/a" if row.delivered is None else row.delivered,
            "opened": row.opened,
            "clicked": row.clicked,
            "bounced": row.bounced,
            "in_doubt": row.in_doubt,
        }


def _spread(value: str, prefix: str, estimate: Estimate, digits: int) -> dict[str, float]:
    return {
        value: round(estimate.value, digits),
        f"{prefix}_low": round(estimate.low, digits),
        f"{prefix}_high": round(estimate.high, digits),
    }
