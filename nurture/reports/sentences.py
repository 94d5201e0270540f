"""What the report says in words: the same sentences in the terminal and in the browser."""

from __future__ import annotations

from collections import Counter

from nurture.reports.ab_tests import ABFigures
from nurture.reports.figures import Doubt, Figures, JourneyFigures, Report, TooFew
from nurture.reports.statistics import Effect, Estimate
from nurture.reports.surveys import GROUPS, SurveyFigures
from nurture.reports.words import Words


def opening(journey: JourneyFigures, words: Words) -> list[str]:
    """The answer, what it cost, and what last click would have said."""
    figures = journey.figures
    if isinstance(figures.answer, TooFew):
        lines = [no_answer(figures.answer, words)]
    else:
        lines = [_effect(journey, figures.answer, words), incremental_roi(figures, words)]
    if figures.attributed.count:
        lines.append(_claimed(figures, words))
    if journey.known is not None:
        lines.append(_known(journey, words))
    return lines


def summed(report: Report, words: Words) -> str:
    """How many journeys brought something, lost, did nothing or have no answer, and what all cost."""
    tones = Counter(_tone(journey) for journey in report.journeys)
    parts = [
        words(f"summed_{tone}", count=words.number(tones[tone]))
        for tone in ("brought", "lost", "chance", "open")
        if tones[tone]
    ]
    cost = sum(journey.figures.cost.total for journey in report.journeys)
    count = words.number(len(report.journeys))
    return words("summed", count=count, parts=", ".join(parts), cost=words.cost(cost))


def _tone(journey: JourneyFigures) -> str:
    answer = journey.figures.answer
    return "open" if isinstance(answer, TooFew) else _direction(_goal_estimate(journey, answer))


def _goal_estimate(journey: JourneyFigures, effect: Effect) -> Estimate:
    return effect.revenue if journey.goal.is_money else effect.people


def _direction(estimate: Estimate) -> str:
    return "chance" if not estimate.excludes_zero else "brought" if estimate.value > 0 else "lost"


def no_answer(answer: TooFew, words: Words) -> str:
    text = words(str(answer.reason), count=words.number(answer.count))
    if answer.reason in (Doubt.NOBODY, Doubt.NO_HOLDOUT, Doubt.MIXED):
        return text
    if answer.answer_on is None:
        return f"{text} {words('answer_never')}"
    return f"{text} {words('answer_on', day=words.day(answer.answer_on))}"


def _effect(journey: JourneyFigures, effect: Effect, words: Words) -> str:
    money = journey.goal.is_money
    estimate = _goal_estimate(journey, effect)
    shown, tone = _direct(estimate), _direction(estimate)
    if money:
        value, ends = words.money(shown.value), words.limits(shown.low, shown.high)
    else:
        value = words.number(shown.value)
        ends = {"low": words.number(shown.low), "high": words.number(shown.high)}
    key = tone if money else f"{tone}_people"
    return words(key, value=value, cost=words.cost(journey.figures.cost.total), **ends)


def _direct(estimate: Estimate) -> Estimate:
    """A loss as the sentence says it: "lost 5 (1 to 9)", not "brought -5 (-9 to -1)"."""
    if estimate.high < 0:
        return Estimate(-estimate.value, -estimate.high, -estimate.low)
    return estimate


def incremental_roi(figures: Figures, words: Words) -> str:
    found = figures.incremental_roi
    if found is None:
        return words("roi_na")
    return words(
        "roi",
        value=words.percent(found.value, 0),
        low=words.percent(found.low, 0),
        high=words.percent(found.high, 0),
    )


def incremental_roi_value(figures: Figures, words: Words) -> str:
    """The ROI in a cell."""
    if isinstance(figures.answer, TooFew):
        return "–"
    found = figures.incremental_roi
    return words("not_reported") if found is None else words.percent(found.value, 0)


def attributed_roi(figures: Figures, words: Words) -> str:
    found = figures.attributed_roi
    return words("not_reported") if found is None else words.percent(found, 0)


def _claimed(figures: Figures, words: Words) -> str:
    value = words.money(figures.attributed.money)
    if figures.attributed_roi is None:
        return words("claimed", value=value)
    return words("claimed_roi", value=value, roi=attributed_roi(figures, words))


def _known(journey: JourneyFigures, words: Words) -> str:
    """The true effect beside the measured one: money where both are known, else the rate."""
    known, answer = journey.known, journey.figures.answer
    assert known is not None
    by_money = known.per_person is not None and (journey.goal.is_money or known.rate is None)
    true = known.per_person if by_money else known.rate
    if true is None:
        return ""
    if isinstance(answer, TooFew):
        return words("known_only", value=_difference(true, words, by_money))
    measured = answer.per_person if by_money else answer.rate
    inside = measured.low <= true <= measured.high
    told = words(
        "known",
        value=_difference(true, words, by_money),
        measured=_difference(measured.value, words, by_money),
    )
    return f"{told} {words('known_inside' if inside else 'known_outside')}"


def _difference(value: float, words: Words, is_money: bool) -> str:
    if not is_money:
        return words.points(value)
    return f"{words.money(value, plus=True, exact=True)} {words('per_person')}"


def heading(report: Report, words: Words) -> str:
    """Period, zone, currency."""
    return " · ".join((words.period(report.period), report.period.zone, report.currency))


def particulars(journey: JourneyFigures, words: Words, zone: str) -> str:
    """Goal, window, versions, and until when the figures may change."""
    goal = journey.goal
    named = goal.event + (f" where {goal.condition}" if goal.condition else "")
    parts = [
        words("goal", goal=named) if goal.declared else words("goal_default"),
        words("window", window=words.span(goal.window)),
        *_versions(journey, words),
    ]
    if journey.open_until is not None:
        parts.append(words("open_until", day=words.at(journey.open_until, zone)))
    elif journey.versions:
        parts.append(words("closed"))
    return " · ".join(parts)


def _versions(journey: JourneyFigures, words: Words) -> list[str]:
    numbers = sorted(journey.versions)
    if not numbers:
        return []
    if len(numbers) == 1:
        return [words("version", number=numbers[0])]
    return [words("versions", numbers=", ".join(map(str, numbers)))]


def ab_title(test: ABFigures, words: Words) -> str:
    return words("ab_title", step=test.step, version=test.version)


def ab_reached(test: ABFigures, words: Words) -> str:
    """What its arms are compared by."""
    return words({"clicks": "funnel_clicked", "opens": "ab_opened"}.get(test.by, "converted"))


def ab_differences(test: ABFigures, words: Words) -> list[str]:
    """The best arm less each other, with the interval."""
    verdict = test.verdict
    if verdict is None:
        return []
    return [
        words(
            "ab_difference",
            best=verdict.best,
            other=other,
            value=words.points(each.value),
            low=words.points(each.low, unit=False),
            high=words.points(each.high, unit=False),
        )
        for other, each in verdict.differences.items()
    ]


def ab_outcome(test: ABFigures, words: Words, zone: str) -> str:
    """Who won, that nobody did, or when it is decided."""
    if test.decided_at is None:
        return words("ab_open", after=words.span(test.after), count=words.number(test.at_least))
    at = words.at(test.decided_at, zone)
    return words("ab_won", arm=test.winner, at=at) if test.winner else words("ab_none", at=at)


def survey_title(survey: SurveyFigures, words: Words) -> str:
    return words(
        "survey_title",
        survey=survey.name,
        answered=words.number(survey.answered),
        asked=words.number(survey.asked),
        share=words.percent(survey.answered / survey.asked if survey.asked else 0.0),
    )


def survey_groups(survey: SurveyFigures, words: Words) -> list[tuple[str, str, str]]:
    """Who answered how: what they are called, how many, their share."""
    if not survey.answered:
        return []
    named = GROUPS[survey.kind]
    return [
        (
            words(f"survey_{group}", scores=f"{named[group][0]}–{named[group][-1]}"),
            words.number(count),
            words.percent(count / survey.answered),
        )
        for group, count in survey.groups.items()
    ]


def survey_score(survey: SurveyFigures, words: Words) -> str:
    """The score with its interval. NPS is said without a unit, from -100 to 100."""
    score = survey.score
    if score is None:
        return words("survey_nobody")
    if survey.kind == "nps":
        shown = [words.change(100 * end) for end in (score.value, score.low, score.high)]
    else:
        shown = [words.percent(end, 0) for end in (score.value, score.low, score.high)]
    return words(f"survey_{survey.kind}", value=shown[0], low=shown[1], high=shown[2])


def method(report: Report, words: Words) -> str:
    return words(
        "method_line",
        window=words.span(report.attribution_window),
        people=words.number(report.minimum_people),
        conversions=words.number(report.minimum_conversions),
    )


def trend_title(journey: JourneyFigures, words: Words) -> str:
    now, before = journey.trend.total, journey.trend.total_before
    key = "clicks_first" if not before else "clicks_same" if now == before else "clicks_rose"
    if now < before:
        key = "clicks_fell"
    return words(key, now=words.number(now), before=words.number(before))


def attribution(journey: JourneyFigures, report: Report, words: Words) -> str:
    found = journey.figures.attributed
    return words(
        "attribution_line",
        count=words.number(found.count),
        value=words.money(found.money),
        window=words.span(report.attribution_window),
    )


def row_commands(report: Report) -> tuple[str, str]:
    """How to see the rows behind any figure of a journey, and behind the orders of the period."""
    days = f"--from {report.period.first} --to {report.period.last}"
    return (
        f"nurture report NAME {days} --rows FIGURE",
        f"nurture report {days} --rows orders",
    )
