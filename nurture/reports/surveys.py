"""What people answered to a survey: the score that the field counts by, with its interval.

- `nps`, 0 to 10: the share of promoters (9 and 10) less that of detractors (0 to 6), from -100 to 100 (Reichheld, Harvard
  Business Review, December 2003).
- `csat`, 1 to 5: the share of 4 and 5. `ces`, 1 to 7: the share of 5 and more.

**The interval.** A share has Wilson's. Promoters and detractors come from the same people, so the difference of their
shares has Bonett and Price's adjusted Wald interval (Journal of Educational and Behavioral Statistics 37, 2012, 479-488):
with n answers, P = (promoters + 1) / (n + 2) and D = (detractors + 1) / (n + 2) it is
P - D +- z sqrt((P + D - (P - D)^2) / (n + 2)), cut at -1 and 1. How often it covers the truth is measured in
tests/unit/reports/test_surveys.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

from nurture.reports.statistics import CONFIDENCE, Estimate, wilson

GROUPS: Mapping[str, Mapping[str, range]] = {
    "nps": {"promoters": range(9, 11), "passives": range(7, 9), "detractors": range(7)},
    "csat": {"satisfied": range(4, 6), "others": range(1, 4)},
    "ces": {"easy": range(5, 8), "others": range(1, 5)},
}


@dataclass(frozen=True, slots=True)
class SurveyFigures:
    """A survey that a journey's messages asked. Each run counts once, with its last answer."""

    name: str
    kind: str
    asked: int  # runs of which a message that asks was sent
    scores: Mapping[int, int]  # answers by score

    @property
    def answered(self) -> int:
        return sum(self.scores.values())

    @property
    def groups(self) -> dict[str, int]:
        """Answers by what the field calls those who give them, best first."""
        return {
            group: sum(self.scores.get(score, 0) for score in scores)
            for group, scores in GROUPS[self.kind].items()
        }

    @property
    def score(self) -> Estimate | None:
        """NPS as a difference of shares, from -1 to 1; CSAT and CES as a share. None: nobody has answered."""
        if not self.answered:
            return None
        counts = self.groups
        if self.kind == "nps":
            return net(counts["promoters"], counts["detractors"], self.answered)
        return wilson(next(iter(counts.values())), self.answered)


def net(more: int, less: int, whole: int, confidence: float = CONFIDENCE) -> Estimate:
    """The share of `more` less that of `less` among the same `whole`. Raises ValueError where there is nobody."""
    if not whole:
        raise ValueError("shares of nobody")
    first, second = (more + 1) / (whole + 2), (less + 1) / (whole + 2)
    middle, z = first - second, NormalDist().inv_cdf(0.5 + confidence / 2)
    reach = z * math.sqrt((first + second - middle**2) / (whole + 2))
    value = (more - less) / whole
    return Estimate(value, min(value, max(-1.0, middle - reach)), max(value, min(1.0, middle + reach)))
