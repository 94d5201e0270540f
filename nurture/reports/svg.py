"""Charts as inline SVG: drawn here, the same in browser, mail and PDF. Colours come from the page's CSS.

All are 340 units wide, a phone's width, so that their text is as large as the text around them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from nurture.reports.statistics import Estimate

WIDTH = 340


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values from `low` to `high` onto pixels from `first` to `last`."""

    low: float
    high: float
    first: float
    last: float

    def __call__(self, value: float) -> float:
        reach = (self.high - self.low) or 1.0
        return round(self.first + (value - self.low) / reach * (self.last - self.first), 1)


@dataclass(frozen=True, slots=True)
class Stage:
    """A bar of a funnel. `loss` says in words how many fewer than in the bar above."""

    label: str
    count: int
    shown: str
    loss: str = ""


def span(estimates: Sequence[Estimate]) -> tuple[float, float]:
    """The least range that holds every interval and zero."""
    ends = [0.0, *(end for estimate in estimates for end in (estimate.low, estimate.high))]
    return min(ends), max(ends)


def whisker(estimate: Estimate, reach: tuple[float, float], title: str, desc: str) -> Markup:
    """A dot with its interval, for a row of a table: no text, the numbers stand beside it."""
    scale = Scale(*reach, 8, WIDTH - 8)
    marks = [_line(scale(0), 0, scale(0), 40, "zero"), *_dot(estimate, scale, 20)]
    return _svg(40, title, desc, marks)


def labelled_whisker(
    estimate: Estimate, title: str, desc: str, shown: tuple[str, str, str], zero: str
) -> Markup:
    """A dot with its interval and its numbers. `shown` are value, low and high in words."""
    value, low, high = shown
    scale = Scale(*span([estimate]), 40, WIDTH - 40)
    first, last = scale(estimate.low), scale(estimate.high)
    marks = [
        _line(scale(0), 18, scale(0), 60, "zero"),
        _text(_inside(scale(0), zero), 12, zero, "muted", "middle"),
        *_dot(estimate, scale, 50),
        _text(_inside(scale(estimate.value), value), 38, value, "strong", "middle"),
        _text(_inside(first, low), 76, low, "", "middle"),
        _text(_inside(last, high), 76, high, "", "middle"),
    ]
    return _svg(84, title, desc, marks)


def funnel(stages: Sequence[Stage], title: str, desc: str) -> Markup:
    """Bars from zero that fall, with the loss between them written out."""
    scale = Scale(0, max((stage.count for stage in stages), default=0), 0, WIDTH)
    marks, top = [], 0
    for stage in stages:
        if stage.loss:
            marks.append(_text(0, top + 12, f"↓ {stage.loss}", "muted", "start"))
            top += 22
        marks.append(_text(0, top + 12, stage.label, "", "start"))
        marks.append(_text(WIDTH, top + 12, stage.shown, "strong", "end"))
        marks.append(
            f'<rect class="bar" x="0" y="{top + 18}" width="{max(scale(stage.count), 1)}" height="12"/>'
        )
        top += 38
    return _svg(top, title, desc, marks)


def trend(
    now: Sequence[int],
    before: Sequence[int],
    title: str,
    desc: str,
    names: tuple[str, str],
    ends: tuple[str, str],
    peak: str,
) -> Markup:
    """Lines from zero: this period, and the one before in grey if there was anything.

    `ends` are the first and last day; each line has at least two points.
    """
    top, bottom, right = 18.0, 126.0, WIDTH - 96.0
    high = max([*now, *before, 1])
    across, up = Scale(0, max(len(now) - 1, 1), 0, right), Scale(0, high, bottom, top)
    marks = [
        _line(0, bottom, right, bottom, "axis"),
        _line(0, top, right, top, "grid"),
        _text(0, top - 5, peak, "muted", "start"),
        _text(0, bottom + 16, ends[0], "muted", "start"),
        _text(right, bottom + 16, ends[1], "muted", "end"),
    ]
    lines = [(now, names[0], "now", "strong"), (before, names[1], "before", "muted")]
    if not any(before):
        lines.pop()
    places = _apart(up(now[-1]), up(before[-1])) if len(lines) == 2 else (up(now[-1]),)
    for (values, name, kind, weight), place in reversed([*zip(lines, places, strict=True)]):
        points = " ".join(f"{across(index)},{up(value)}" for index, value in enumerate(values))
        marks.append(f'<polyline class="line {kind}" points="{points}"/>')
        marks.append(_text(right + 6, place + 4, name, weight, "start"))
    return _svg(148, title, desc, marks)


def _dot(estimate: Estimate, scale: Scale, y: float) -> list[str]:
    first, last = scale(estimate.low), scale(estimate.high)
    return [
        _line(first, y, last, y, "whisker"),
        _line(first, y - 6, first, y + 6, "whisker"),
        _line(last, y - 6, last, y + 6, "whisker"),
        f'<circle class="dot" cx="{scale(estimate.value)}" cy="{y}" r="5.5"/>',
    ]


def _inside(x: float, text: str) -> float:
    """`x`, moved so that a text centred on it stays within the picture."""
    half = len(text) * 3.4
    return min(max(x, half), WIDTH - half)


def _apart(one: float, other: float, least: float = 15) -> tuple[float, float]:
    """Two heights, pushed apart where their labels would cover each other."""
    push = max(0.0, least - abs(one - other)) / 2
    return (one - push, other + push) if one <= other else (one + push, other - push)


def _svg(height: float, title: str, desc: str, marks: Sequence[str]) -> Markup:
    head = f"<title>{escape(title)}</title><desc>{escape(desc)}</desc>"
    box = f'viewBox="0 0 {WIDTH} {height:g}"'
    return Markup(
        f'<svg {box} role="img" aria-label="{escape(title)}. {escape(desc)}">{head}{"".join(marks)}</svg>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
