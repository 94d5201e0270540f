"""What surveys come to, and how often their interval holds."""

from __future__ import annotations

import math

import pytest

from nurture.reports.surveys import SurveyFigures, net

RATES = [(p, d) for p in (0.05, 0.2, 0.4, 0.6, 0.8, 0.9) for d in (0.02, 0.05, 0.1, 0.3, 0.5) if p + d < 1]


def covered(n: int, promoters: float, detractors: float) -> float:
    """How often the interval of `n` answers covers the truth, over all outcomes."""
    logs = [math.log(promoters), math.log(detractors), math.log(1 - promoters - detractors)]
    share = 0.0
    for more in range(n + 1):
        for less in range(n + 1 - more):
            found, counts = net(more, less, n), (more, less, n - more - less)
            if found.low <= promoters - detractors <= found.high:
                ways = math.lgamma(n + 1) - sum(math.lgamma(count + 1) for count in counts)
                share += math.exp(
                    ways + sum(count * log for count, log in zip(counts, logs, strict=True) if count)
                )
    return share


@pytest.mark.parametrize("answers", [5, 10, 20, 50])
def test_the_interval_of_nps_covers_the_truth(answers: int) -> None:
    assert len(RATES) == 24
    assert min(covered(answers, *rates) for rates in RATES) >= 0.939


def test_nps_is_promoters_less_detractors() -> None:
    figures = SurveyFigures("nps", "nps", 20, {10: 3, 9: 2, 8: 1, 7: 1, 6: 1, 0: 2})
    assert (figures.answered, figures.groups) == (10, {"promoters": 5, "passives": 2, "detractors": 3})
    assert figures.score is not None
    assert figures.score.value == pytest.approx(0.2)
    assert figures.score.low < 0 < figures.score.high  # of ten answers nobody can tell


def test_one_answer_says_little_and_never_more_than_there_is() -> None:
    for one in ({10: 1}, {0: 1}):
        score = SurveyFigures("nps", "nps", 1, one).score
        assert score is not None
        assert -1 <= score.low <= score.value <= score.high <= 1
        assert score.high - score.low > 1


def test_satisfied_and_easy_are_shares() -> None:
    satisfied = SurveyFigures("csat", "csat", 9, {5: 1, 4: 2, 3: 1}).score
    easy = SurveyFigures("ces", "ces", 9, {7: 1, 5: 1, 4: 2}).score
    assert satisfied is not None
    assert easy is not None
    assert (satisfied.value, easy.value) == (0.75, 0.5)


def test_without_an_answer_there_is_no_score() -> None:
    assert SurveyFigures("nps", "nps", 3, {}).score is None
