"""A journey as its picture: what starts a run, its steps in reading order, the ways it may take.

The SVG is 360 units wide, a phone's width; what stands inside a way is set in. It brings its own colours for
light and dark, and needs nothing from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap

from nurture.compiler.plan import Exit as ExitRule
from nurture.compiler.plan import Plan
from nurture.criteria import in_words
from nurture.model import Span
from nurture.steps import Branch, Exit, Step, WaitFor

WIDTH = 360
_EDGE, _SET_IN, _LINE, _SIGN = 12, 14, 17, 7.8  # pixels: margin, a level, a line of text, a letter
_SMALL, _SMALL_SIGN = 15, 6.9  # a line of small text and a letter in it
_NAMES = {'"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "#": "#35;"}
_STYLE = """
.j-page{fill:#fff}.j-box{fill:#f4f6f8;stroke:#8a94a0}.j-say{fill:#1b2733;font:14px system-ui,sans-serif}
.j-id{fill:#52606d;font:12px system-ui,sans-serif}.j-way{fill:#0b5c8a;font:600 13px system-ui,sans-serif}
.j-rail{stroke:#8a94a0;stroke-width:1.5;fill:none}.j-end{fill:#e9eef3;stroke:#52606d;stroke-dasharray:4 3}
.j-note{fill:#52606d;font:600 12px system-ui,sans-serif}.j-bar{stroke-width:4;fill:none;stroke-linecap:round}
.j-added-note{fill:#00694c}.j-changed-note{fill:#7a4f00}.j-moved-note{fill:#8c3567}.j-removed-note{fill:#a33f00}
.j-removed-say{fill:#52606d;text-decoration:line-through}
@media (prefers-color-scheme:dark){.j-page{fill:#14191f}.j-box{fill:#1f2730;stroke:#7b8794}.j-say{fill:#eef2f6}
.j-id{fill:#aab4bf}.j-way{fill:#7cc4f0}.j-rail{stroke:#7b8794}.j-end{fill:#27313c;stroke:#aab4bf}
.j-note{fill:#aab4bf}.j-added-note{fill:#4fd1a5}.j-changed-note{fill:#ffc45c}.j-moved-note{fill:#eaa6cb}
.j-removed-note{fill:#ff9d66}.j-removed-say{fill:#aab4bf}}
.j-added{stroke:#009e73}.j-changed{stroke:#e69f00}.j-moved{stroke:#cc79a7}.j-removed{stroke:#d55e00;stroke-dasharray:4 3}
.j-bar{stroke-dasharray:none}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the picture: a step with its id, a way's name (`way`; the whole's at depth -1), or the beginning or
    end of a run."""

    words: str
    depth: int
    id: str = ""
    way: bool = False
    ends: bool = False
    reason: str = ""  # of a rule that ends runs
    note: str = ""  # beside its id, such as how many people are there
    below: str = ""  # under its words, as long as it may be
    look: str = (
        ""  # "added", "changed", "moved" or "removed": a bar of its own color, and how the words are written
    )


def rows(plan: Plan) -> Iterator[Row]:
    """The journey in reading order."""
    yield Row(plan.trigger.describe(), 0, ends=True)
    yield from _block(plan, plan.first, None, 0)
    for rule in plan.exits:
        yield Row(f"leaves: {_rule(rule)}", 0, ends=True, reason=rule.reason)


def _block(plan: Plan, first: str | None, stop: str | None, depth: int) -> Iterator[Row]:
    name = first
    while name is not None and name != stop:
        step = plan.steps[name]
        yield Row(step.describe(), depth, name, ends=isinstance(step, Exit))
        for label, start in step.starts.items():
            if start == step.after and label in ("then", "else", "timeout", "steps"):
                continue  # nothing happens there that doesn't happen anyway
            yield Row(way(step, label), depth, way=True)
            yield from _block(plan, start, step.after, depth + 1)
        name = step.after


def way(step: Step, label: str) -> str:
    """What a way of a step is called."""
    sort, _, name = label.partition(".")
    if isinstance(step, Branch) and sort == "if":
        return f"if {in_words(step.conditions[int(name) - 1])}"
    if isinstance(step, WaitFor):
        up_to: Span = step.up_to
        return {"then": "when it happens", "timeout": f"not within {up_to}"}.get(sort, f"when: {name}")
    return {"else": "otherwise", "arm": name, "steps": "then"}.get(sort, name or sort)


def _rule(rule: ExitRule) -> str:
    if rule.event is not None:
        return f"when {rule.event.name} happens"
    return f"when {in_words(rule.when)}" if rule.when is not None else f"{rule.after} after the start"


def svg(plan: Plan, lines: Sequence[Row] = (), about: str = "") -> str:
    """The picture: of the journey, or of these lines about it, which say so in words by `about`."""
    marks, top = [], _EDGE
    for number, row in enumerate(lines or tuple(rows(plan))):
        top += _SET_IN if number and row.ends and not row.id else 0  # rules that end runs stand apart
        height, drawn = _drawn(row, top)
        marks += drawn
        top += height
    title = escape(f"Journey {plan.journey}")
    desc = escape(about or plan.description or f"{len(plan.steps)} steps")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="100%" role="img" '
        f'style="max-width:{WIDTH * 2}px;color-scheme:light dark">\n<title>{title}</title>\n<desc>{desc}</desc>\n'
        f'<style>{_STYLE}</style>\n<rect class="j-page" width="{WIDTH}" height="{top}"/>\n'
        + "\n".join(marks)
        + "\n</svg>\n"
    )


def _drawn(row: Row, top: int) -> tuple[int, list[str]]:
    """What a row draws from `top` on, and how high it is."""
    left = _EDGE + row.depth * _SET_IN
    width = WIDTH - left - _EDGE
    rails = _rails(row.depth)
    if row.way:
        lines = wrap(row.words, int((width - _SET_IN) / _SIGN)) or [""]
        texts = _texts(lines, left + _SET_IN, top + 16, "j-way")
        height = len(lines) * _LINE + 10
        bend = f'<path class="j-rail" d="M{left + 4} {top - 8}V{top + 12}h7"/>' if row.depth >= 0 else ""
        return height, [*_down(rails, top, height), bend, *texts]
    lines = wrap(row.words, int((width - 20) / _SIGN), break_on_hyphens=False) or [""]
    head = [line for line in (row.id,) if line]
    below = wrap(row.below, int((width - 20) / _SMALL_SIGN))
    inner = len(lines) * _LINE + (len(head) + len(below)) * _SMALL + 14
    box = f'<rect class="{_box(row)}" x="{left}" y="{top}" width="{width}" height="{inner}" rx="6"/>'
    if row.look:
        box += f'<path class="j-{row.look} j-bar" d="M{left + 2} {top + 3}v{inner - 6}"/>'
    said = f"j-say j-{row.look}-say" if row.look else "j-say"
    texts = _texts(head, left + 10, top + 18, "j-id")
    texts += _texts(lines, left + 10, top + 20 + len(head) * _SMALL, said)
    texts += _texts(below, left + 10, top + 19 + len(head) * _SMALL + len(lines) * _LINE, "j-note", _SMALL)
    if row.note:
        at, name = WIDTH - _EDGE - 10, f"j-note j-{row.look}-note" if row.look else "j-note"
        texts.append(
            f'<text class="{name}" x="{at}" y="{top + 18}" text-anchor="end">{escape(row.note)}</text>'
        )
    return inner + 10, [*_down(rails, top, inner + 10), box, *texts]


def _box(row: Row) -> str:
    return f"{'j-end' if row.ends else 'j-box'}{f' j-{row.look}' if row.look else ''}"


def _rails(depth: int) -> list[int]:
    return [_EDGE + level * _SET_IN + 4 for level in range(depth)]


def _down(rails: list[int], top: int, height: int) -> list[str]:
    return [f'<path class="j-rail" d="M{x} {top - 8}v{height + 8}"/>' for x in rails]


def _texts(lines: list[str], x: int, y: int, name: str, apart: int = _LINE) -> list[str]:
    return [
        f'<text class="{name}" x="{x}" y="{y + number * apart}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]


def mermaid(plan: Plan) -> str:
    """The journey as a flowchart of Mermaid."""
    names = {name: f"s{number}" for number, name in enumerate(plan.steps, 1)}
    lines = ["flowchart TD", f'  start(["{_quoted(plan.trigger.describe())}"])', '  finish(["end"])']
    for name, step in plan.steps.items():
        open_, close = ("([", "])") if isinstance(step, Exit) else ("{", "}") if step.starts else ("[", "]")
        lines.append(f'  {names[name]}{open_}"{_quoted(step.describe())}"{close}')
    lines.append(f"  start --> {names.get(plan.first or '', 'finish')}")
    for name, step in plan.steps.items():
        lines += [
            f"  {names[name]} {arrow} {names.get(after or '', 'finish')}" for arrow, after in _arrows(step)
        ]
    return "\n".join(lines) + "\n"


def _arrows(step: Step) -> Iterator[tuple[str, str | None]]:
    if isinstance(step, Exit):
        return
    if not step.starts:
        yield "-->", step.after
    for label, start in step.starts.items():
        yield f'-->|"{_quoted(way(step, label))}"|', start


def _quoted(text: str) -> str:
    """Text inside of quotes, where Mermaid writes signs as `#name;`."""
    return "".join(_NAMES.get(sign, sign) for sign in text)
