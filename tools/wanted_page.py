"""`python -m tools.wanted_page` writes docs/wanted.md: what people ask of such products on their trackers, from the
cases in tests/acceptance/wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "wanted.md"
CASES = ROOT / "tests" / "acceptance" / "wanted"
GROUPS = {
    "coming_in": "Coming in",
    "waiting": "Waiting and deciding",
    "sending": "Sending",
    "steering": "Changing what runs",
}
HEAD = """# What people ask for

On the trackers of Mautic, Dittofeed, Parcelvoy, PostHog and listmonk people describe what such a product must not do to
them, and what they miss. Here are {count} of these behaviors, each with threads that describe it and a test that plays
it: a journey in YAML is published, things happen, time runs on through the production jobs, and what reached the provider
is compared. The products may have changed since; what the tests hold down is nurture.

`python -m pytest tests/acceptance/test_wanted.py tests/acceptance/test_wanted_at_work.py` runs them. A timeline
is [a file to read](../tests/acceptance/wanted), compared to the minute, and its test has the name in the first column; a
name in the last column is a test of [test_wanted_at_work.py](../tests/acceptance/test_wanted_at_work.py). This page is
written from the cases by `python -m tools.wanted_page`, and a test holds the two together.
"""
FOOT = """## Measured, not tested

A process that grows with the number of contacts until it is killed
([mautic/mautic#3695](https://github.com/mautic/mautic/issues/3695),
[#7041](https://github.com/mautic/mautic/issues/7041),
[#10648](https://github.com/mautic/mautic/issues/10648)) is a matter of figures: [benchmarks](benchmarks.md) has the peak
memory of enrolling, among 1,000,000 contacts, and of advancing, rendering and sending. `make bench` fails where it is
above its limit.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One behavior: what is wanted, the threads that describe it (paths below github.com), what happens there, what
    nurture does; and a timeline, or the tests that play it."""

    group: str
    wanted: str
    threads: tuple[str, ...]
    there: str
    here: str
    case: Mapping[str, Any]
    tests: tuple[str, ...]


def wanted() -> list[Wanted]:
    """All of them, in the order of the page."""
    return [_one(group, entry) for group in GROUPS for entry in _read(CASES / f"{group}.yaml")]


def _read(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return found


def _one(group: str, entry: dict[str, Any]) -> Wanted:
    words = {name: entry.pop(name) for name in ("wanted", "there", "here")}
    threads, tests = tuple(entry.pop("threads")), tuple(entry.pop("tests", ()))
    return Wanted(group, threads=threads, case=entry, tests=tests, **words)


def page() -> str:
    """The whole page."""
    every = wanted()
    parts = [HEAD.format(count=len(every))]
    for group, title in GROUPS.items():
        rows = [_row(one) for one in every if one.group == group]
        parts.append(f"## {title}\n\n{_HEADER}\n" + "\n".join(rows) + "\n")
    return "\n".join([*parts, FOOT])


_HEADER = "| wanted | what the threads describe | how nurture behaves | test |\n|---|---|---|---|"


def _row(one: Wanted) -> str:
    threads = ", ".join(f"[{_short(path)}](https://github.com/{path})" for path in one.threads)
    names = ", ".join(f"`{each}`" for each in one.tests)
    test = names or f"[{one.group}.yaml](../tests/acceptance/wanted/{one.group}.yaml)"
    return f"| {_cell(one.wanted)} | {_cell(one.there)} {threads} | {_cell(one.here)} | {test} |"


def _short(path: str) -> str:
    owner, name, _, number = path.split("/")
    return f"{owner}/{name}#{number}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
