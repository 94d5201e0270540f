"""What a demo ends with: the report's sentences, and what to look at next."""

from __future__ import annotations

from nurture.demo.run import Summary
from nurture.reports import text


def as_text(done: Summary) -> str:
    """The demo's result for a terminal."""
    lines = [
        text.render(done.report).rstrip(),
        "",
        f"{done.people:,} people, {done.days} days, seed {done.seed}: {done.seconds:.0f} seconds.",
        f"The report: {done.html}",
    ]
    return "\n".join(lines)
