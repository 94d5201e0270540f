"""The report as one HTML file: no script, nothing from elsewhere, light and dark, 360 px and up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from nurture.reports import sentences, svg
from nurture.reports.figures import JourneyFigures, Report, TooFew
from nurture.reports.statistics import Effect
from nurture.reports.words import Words

_PLAIN_COLOUR = re.compile(r"#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?")
_ACCENT = "#0b6e4f"


def render(report: Report) -> str:
    """The whole report as an HTML document."""
    words = Words(report.locale, report.currency)
    accent = plain_colour(report.accent)
    pictures = Pictures(report, words)
    page = template("report.html").render(
        report=report, w=words, say=sentences, pictures=pictures, accent=accent, has_answer=_has_answer
    )
    return page + "\n"


def plain_colour(accent: str) -> str:
    """The company's colour; the product's own where it is written otherwise than `#rrggbb`."""
    return accent if _PLAIN_COLOUR.fullmatch(accent) else _ACCENT


@lru_cache(maxsize=4)
def template(name: str) -> Template:
    """A page of this folder."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _has_answer(journey: JourneyFigures) -> bool:
    return not isinstance(journey.figures.answer, TooFew)


@dataclass(frozen=True, slots=True)
class Pictures:
    """The report's charts."""

    report: Report
    words: Words

    def overview(self, journey: JourneyFigures) -> Markup:
        """What a journey brought, on the scale of all."""
        effect = _effect(journey)
        answers = [one.figures.answer for one in self.report.journeys]
        reach = svg.span([answer.revenue for answer in answers if isinstance(answer, Effect)])
        words, revenue = self.words, effect.revenue
        desc = words(
            "overview_desc",
            journey=journey.name,
            value=words.money(revenue.value),
            **words.limits(revenue.low, revenue.high),
        )
        return svg.whisker(revenue, reach, words("incremental"), desc)

    def difference(self, journey: JourneyFigures) -> Markup:
        """The difference between the arms: money for each person, or the rate where money isn't the goal."""
        effect, words = _effect(journey), self.words
        if journey.goal.is_money:
            estimate = effect.per_person
            value = words.money(estimate.value, plus=True, exact=True)
            ends = words.limits(estimate.low, estimate.high, plus=True, exact=True)
            title = words("difference_money")
        else:
            estimate = effect.rate
            value = words.points(estimate.value)
            ends = {
                "low": words.points(estimate.low, unit=False),
                "high": words.points(estimate.high, unit=False),
            }
            title = words("difference_rate")
        desc = words("difference_desc", value=value, **ends)
        shown = (value, ends["low"], ends["high"])
        return svg.labelled_whisker(estimate, title, desc, shown, words("no_difference"))

    def stages(self, journey: JourneyFigures) -> list[svg.Stage]:
        funnel, words = journey.funnel, self.words
        counts = (funnel.entered, funnel.written_to, funnel.clicked, funnel.bought)
        labels = [words(f"funnel_{name}") for name in ("entered", "written", "clicked", "bought")]
        losses = ["", *(self._loss(above, below) for above, below in pairwise(counts))]
        return [
            svg.Stage(label, count, words.number(count), loss)
            for label, count, loss in zip(labels, counts, losses, strict=True)
        ]

    def _loss(self, above: int, below: int) -> str:
        share = self.words.percent((above - below) / above if above else 0.0, 0)
        return self.words("lost_between", count=self.words.number(above - below), share=share)

    def funnel(self, journey: JourneyFigures) -> Markup:
        stages = self.stages(journey)
        told = ", ".join(f"{stage.label} {stage.shown}" for stage in stages)
        return svg.funnel(stages, self.words("funnel"), self.words("funnel_desc", stages=told))

    def trend(self, journey: JourneyFigures) -> Markup:
        words, trend, period = self.words, journey.trend, self.report.period
        desc = words("clicks_desc", step=words.span(timedelta(days=trend.step)), period=words.period(period))
        return svg.trend(
            trend.now,
            trend.before,
            sentences.trend_title(journey, words),
            desc,
            (words("this_period"), words("period_before")),
            (words.short_day(period.first), words.short_day(period.first + timedelta(days=trend.days - 1))),
            words.number(max([*trend.now, *trend.before, 1])),
        )

    def steps(self, journey: JourneyFigures) -> list[tuple[str, int, int]]:
        """The numbers behind the trend: first day of the step, clicks, clicks in the period before."""
        trend, first = journey.trend, self.report.period.first
        return [
            (self.words.short_day(first + timedelta(days=index * trend.step)), now, before)
            for index, (now, before) in enumerate(zip(trend.now, trend.before, strict=True))
        ]


def _effect(journey: JourneyFigures) -> Effect:
    answer = journey.figures.answer
    if isinstance(answer, TooFew):
        raise ValueError(f"{journey.name} has no answer to draw")
    return answer
