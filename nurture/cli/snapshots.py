"""Snapshots in the terminal: what a text says otherwise than it did, as a person would read it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from difflib import SequenceMatcher, unified_diff
from pathlib import Path
from textwrap import wrap

from nurture.app import snapshots
from nurture.app.snapshots import Difference
from nurture.cli.tables import WIDTH, paragraph, plural
from nurture.cli.testing import testable
from nurture.problems import NurtureError

MOST_SHOWN = 8  # snapshots whose difference is shown; git shows the others
MOST_LINES = 12  # of one of them
_URL = re.compile(r"<(https?:[^>]*)>")


def compare(folder: Path, journeys: Collection[str] | None) -> int:
    """Print what differs from the snapshots; 1 where something does."""
    workspace = testable(folder)
    _must_be_journeys(journeys, workspace.journeys)
    count, differing = snapshots.compare(workspace, journeys)
    changed = [each for each in differing if each.old is not None and each.new is not None]
    for group in _alike(changed)[:MOST_SHOWN]:
        print("\n".join(_shown(group)))
    _name("NEW", "has no snapshot yet", [each for each in differing if each.old is None])
    _name("STALE", "its text is gone", [each for each in differing if each.new is None])
    if not differing:
        print(f"{plural(count, 'snapshot')}, all as they were")
        return 0
    print(paragraph(_summary(count, differing, changed)))
    return 1


def update(folder: Path, journeys: Collection[str] | None) -> None:
    """Write the snapshots as the texts are now."""
    workspace = testable(folder)
    _must_be_journeys(journeys, workspace.journeys)
    count, differing = snapshots.compare(workspace, journeys)
    snapshots.update(workspace.folder, differing)
    written = sum(each.new is not None for each in differing)
    print(
        f"{plural(count, 'snapshot')} in {snapshots.FOLDER}: {written:,} written, "
        f"{len(differing) - written:,} taken away"
    )


def _must_be_journeys(wanted: Collection[str] | None, known: Collection[str]) -> None:
    for name in wanted or ():
        if name not in known:
            raise NurtureError(f"there is no journey '{name}'; there are {', '.join(known) or 'none'}")


def _summary(count: int, differing: Sequence[Difference], changed: Sequence[Difference]) -> str:
    new = sum(each.old is None for each in differing)
    stale = sum(each.new is None for each in differing)
    said = [
        f"{len(changed):,} changed" if changed else "",
        f"{new:,} new" if new else "",
        f"{stale:,} stale" if stale else "",
    ]
    return (
        f"{plural(count, 'snapshot')}: {', '.join(filter(None, said))}. If that is meant: "
        "`nurture test --update-snapshots`, and look at them in your version control."
    )


def _name(sign: str, why: str, found: Sequence[Difference]) -> None:
    """One line for each text, however many languages and people it has."""
    texts = dict.fromkeys(_text(each) for each in found)
    for text in list(texts)[:MOST_SHOWN]:
        print(f"{sign:7} {text}: {why}")
    if len(texts) > MOST_SHOWN:
        print(f"{sign:7} and {plural(len(texts) - MOST_SHOWN, 'other text')}")


def _text(each: Difference) -> str:
    """`email/welcome/hello`"""
    below = each.path.relative_to(snapshots.FOLDER)
    return str(below.with_name(below.name.partition(".")[0]))


def _variant(each: Difference) -> str:
    """`pt-BR, longest` of `hello.pt-BR.longest.txt`"""
    _, locale, person, ending = each.path.name.rsplit(".", 3)
    return f"{locale}, {person}{' (HTML)' if ending == 'html' else ''}"


def _alike(changed: Sequence[Difference]) -> list[list[Difference]]:
    """Snapshots of one text that changed in the same way stand together."""
    groups: dict[tuple[str, tuple[str, ...]], list[Difference]] = {}
    for each in changed:
        groups.setdefault((_text(each), tuple(_lines(each))), []).append(each)
    return list(groups.values())


def _shown(group: Sequence[Difference]) -> Iterator[str]:
    yield f"CHANGED {_text(group[0])}"
    yield paragraph("; ".join(map(_variant, group)), 8)
    lines = list(_lines(group[0]))
    for line in lines[:MOST_LINES]:
        yield from wrap(
            line, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 10, break_on_hyphens=False
        )
    if len(lines) > MOST_LINES:
        yield f"        ... {plural(len(lines) - MOST_LINES, 'more line')}"


# --- what is different -------------------------------------------------------------------------


def _lines(each: Difference) -> Iterator[str]:
    """The words that changed; of HTML those that are seen, else that only its markup did."""
    assert each.old is not None
    assert each.new is not None
    if each.path.suffix != ".html":
        yield from _words(each.old.splitlines(), each.new.splitlines())
        return
    old, new = _seen(each.old), _seen(each.new)
    links = [_URL.findall(text) for text in (old, new)]
    words = list(_words(_URL.sub("", old).splitlines(), _URL.sub("", new).splitlines()))
    yield from words
    if links[0] != links[1]:
        yield from _words(links[0], links[1])
    elif not words:
        pairs = unified_diff(each.old.splitlines(), each.new.splitlines(), n=0, lineterm="")
        count = sum(line.startswith("+") and not line.startswith("+++") for line in pairs)
        yield f"the same words and links; {plural(count, 'line')} of markup changed"


def _seen(html: str) -> str:
    from nurture.rendering.text import html_to_text

    return html_to_text(html)


def _words(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """`- line` and `+ line`; where a line was only changed, its old words in [- -] and its new ones in {+ +}."""
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = [line for line in old[a:b] if line.strip()], [line for line in new[c:d] if line.strip()]
        if what == "replace" and len(gone) == len(come):
            yield from (_within(before, after) for before, after in zip(gone, come, strict=True))
        elif what != "equal":
            yield from (f"- {line.strip()}" for line in gone)
            yield from (f"+ {line.strip()}" for line in come)


def _within(before: str, after: str) -> str:
    """One line with its changed words marked, and only some of those around them."""
    old, new = before.split(), after.split()
    parts: list[str] = []
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (what, a, b, c, d) in enumerate(codes):
        if what == "equal":
            parts.append(_near(old[a:b], first=number == 0, last=number == len(codes) - 1))
            continue
        gone, come = " ".join(old[a:b]), " ".join(new[c:d])
        parts += [f"[-{gone}-]" if gone else "", f"{{+{come}+}}" if come else ""]
    return "~ " + " ".join(filter(None, parts))


def _near(words: Sequence[str], *, first: bool, last: bool) -> str:
    """The words next to a change."""
    if len(words) <= 8:
        return " ".join(words)
    before = [] if first else list(words[:4])
    after = [] if last else list(words[-4:])
    return " ".join([*before, "...", *after])
