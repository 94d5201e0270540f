"""From a place in a condition's text to a place in its file."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nurture.criteria.tree import At
from nurture.problems import Mark


@dataclass(frozen=True, slots=True)
class Places:
    """Where the characters of `source`, which stands at `mark`, are in the file.

    YAML folds lines and undoes escapes; a character that isn't found in the marked line has the mark
    of the whole condition.
    """

    source: str
    mark: Mark | None

    def of(self, at: At) -> Mark | None:
        if self.mark is None or self.mark.text is None:
            return self.mark
        start, end = at
        begins = self.mark.text.find(self.source[:end], self.mark.column - 1)
        if begins < 0:
            return self.mark
        return replace(self.mark, column=begins + start + 1, length=max(end - start, 1))
