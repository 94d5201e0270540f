"""The library of journeys: each is right, does what its timelines say, and has a shape of its own."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from nurture.app import library, testing
from nurture.app.adding import add
from nurture.app.formatting import laid_out
from nurture.app.importing.cells import RowError
from nurture.app.importing.rows import event_name
from nurture.app.init import init
from nurture.app.workspace import Workspace, load
from nurture.cli.check import find_problems
from nurture.problems import render
from nurture.steps import STEPS
from nurture.triggers import TRIGGERS
from nurture.vocabulary import EVENTS
from tools import library_page

Played = tuple[Workspace, list[testing.Result]]
LIBRARY = library.library()
ALL = library.everything()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new workspace to which the whole library was added."""
    folder = tmp_path_factory.mktemp("library") / "shop"
    init(folder)
    for old in (folder / "tests").iterdir():
        old.unlink()  # those of the journeys that come with every workspace are lived through elsewhere
    for name in LIBRARY:
        added = add(folder, name)
        assert (added.kept, added.missing) == ((), ())
    return folder


@pytest.fixture(scope="module")
def played(folder: Path) -> Played:
    workspace = load(folder)
    return workspace, list(testing.play(workspace))


def test_nothing_is_wrong_with_any_of_them(folder: Path) -> None:
    workspace, problems = find_problems(folder)
    assert [render(problem) for problem in problems] == []
    assert set(workspace.journeys) == set(ALL)


def test_they_are_laid_out_as_fmt_lays_out() -> None:
    assert [name for name, path in ALL.items() if laid_out(path, write=False)] == []


def test_what_was_expected_happens(played: Played) -> None:
    _, results = played
    assert {f"{r.test.journey}: {r.test.name}": r.differences for r in results if r.differences} == {}
    assert {result.test.journey for result in results} == set(LIBRARY)


def test_every_branch_timeout_exit_and_control_group_is_tried(played: Played) -> None:
    workspace, results = played
    missing = [each for each in testing.uncovered(workspace, results) if each.journey in LIBRARY]
    assert [each.in_words() for each in missing] == []


# --- shapes ------------------------------------------------------------------------------------


def shape(journey: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a plan is like when everything is forgotten but kinds and nesting: trigger, steps, exits."""
    trigger = journey["trigger"]
    exits = [
        next(key for key in ("event", "when", "after") if key in rule) for rule in journey.get("exit", ())
    ]
    return _kind(trigger, TRIGGERS), _steps(journey["steps"]), tuple(exits)


def _steps(steps: list[Mapping[str, Any]]) -> tuple[Any, ...]:
    return tuple((_kind(step, STEPS), *_inside(step)) for step in steps)


def _kind(written: Mapping[str, Any], kinds: Mapping[str, Any]) -> str:
    return next(key for key in written if key in kinds)


def _inside(node: Any) -> Iterator[Any]:
    """Lists of steps anywhere below a step, in their order."""
    for value in node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ():
        if isinstance(value, list) and all(
            isinstance(each, Mapping) and set(each) & set(STEPS) for each in value
        ):
            yield _steps(value)
        else:
            yield from _inside(value)


def read(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def test_no_two_have_the_same_shape() -> None:
    alike = defaultdict(list)
    for name, path in ALL.items():
        alike[shape(read(path))].append(name)
    assert [names for names in alike.values() if len(names) > 1] == []


def test_a_shape_sees_kinds_and_nesting_and_nothing_else() -> None:
    text = "trigger: {event: a, where: x}\nexit: [{event: a}]\nsteps:\n- wait: 1 day\n- branch:\n  - if: x\n    then: [{email: a}]\n"
    plain = shape(YAML(typ="safe", pure=True).load(text))
    assert plain == ("event", (("wait",), ("branch", (("email",),))), ("event",))
    other = text.replace("1 day", "2 days").replace("event: a, where: x", "event: b")
    assert shape(YAML(typ="safe", pure=True).load(other)) == plain
    for old, new in (
        ("{email: a}", "{sms: a}"),
        ("[{email: a}]", "[]"),
        ("- wait: 1 day\n", ""),
        ("exit", "no"),
    ):
        assert shape(YAML(typ="safe", pure=True).load(text.replace(old, new))) != plain


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("welcome-offer", "frontiervisionsmarketing.com/resources/email-flow-architecture-blueprint"),
        ("abandoned-cart", "frontiervisionsmarketing.com/resources/email-flow-architecture-blueprint"),
        ("win-back", "frontiervisionsmarketing.com/resources/email-flow-architecture-blueprint"),
        ("nps-follow-up", "mailerlite.com/automation-examples/net-promoter-score-survey"),
        ("ebook-nurture", "yourhubspotexpert.com/?p=1098"),
        ("activation", "smithery.ai, customerio-primary-workflow"),
    ],
)
def test_a_published_recipe_names_its_source(name: str, source: str) -> None:
    assert f"# Source: {source}\n" in LIBRARY[name].read_text(encoding="utf-8")


@dataclass(frozen=True)
class Recipe:
    """A published recipe: the journey that follows it, its times, and what must be so for it to be followed."""

    journey: str
    said: list[int]  # hours that the recipe names, in its order
    timeline: str = ""  # the journey's test that goes all the way
    mails: tuple[int, ...] = ()  # hours from what starts it to each mail
    ends: tuple[str, ...] = ()  # what ends it early


RECIPES = {
    "R01": Recipe(
        "welcome-offer",
        [24, 72],
        "Ana reads three letters and gets the coupon with the last",
        (0, 24, 72),
        ("exit.event.order_completed",),
    ),
    "R02": Recipe(
        "abandoned-cart",
        [1, 24, 48],
        "Ana has never bought, so after two mails comes one with a coupon",
        (1, 24, 48),
        ("exit.event.order_completed",),
    ),
    "R05": Recipe(
        "win-back",
        [60 * 24, 67 * 24, 75 * 24],
        "Ana opens the second mail, so there is a third on day 75",
        (60 * 24, 67 * 24, 75 * 24),
        ("exit.event.order_completed", "exit.step"),
    ),
    "R16": Recipe("nps-follow-up", []),
    "R38": Recipe(
        "ebook-nurture",
        [],
        ends=(
            "exit.event.meeting_booked",
            "exit.event.email_replied",
            "exit.event.email_bounced",
            "exit.when",
        ),
    ),
    "R43": Recipe(
        "activation",
        [24, 3 * 24],
        "Ana has confirmed her address, and gets tips three days later",
        (0, 4 * 24),
    ),
}
HOURS = re.compile(r"\bday (?P<day>\d+)|\b(?P<count>\d+) ?(?P<unit>[hd])\b")


def hours(text: str) -> list[int]:
    return [
        int(each["day"] or each["count"]) * (1 if each["unit"] == "h" else 24)
        for each in HOURS.finditer(text)
    ]


def test_the_published_recipes_are_followed_to_the_hour(shared_data: Path, played: Played) -> None:
    workspace, results = played
    published = json.loads((shared_data / "recipes" / "recipes.json").read_text(encoding="utf-8"))
    assert {each["id"]: hours(each["steps"]) for each in published} == {k: r.said for k, r in RECIPES.items()}
    tests = {(each.test.journey, each.test.name): each.test for each in results}
    for recipe in RECIPES.values():
        ways = {reason for _, reason in testing.ways_of(workspace.journeys[recipe.journey].plan)}
        assert set(recipe.ends) <= ways, recipe.journey
        if recipe.timeline:
            test = tests[recipe.journey, recipe.timeline]
            at = [line.at - test.given[0].at for line in test.expect if line.kind == "email" and line.at]
            assert [each.total_seconds() / 3600 for each in at] == list(recipe.mails), recipe.journey


# --- what each brings ---------------------------------------------------------------------------


def test_there_are_enough_for_a_shop_a_software_company_and_a_school() -> None:
    assert len(LIBRARY) >= 15
    assert len(ALL) >= 20
    whom = [entry.whom for entry in library_page.entries() if entry.name in LIBRARY]
    for each in ("shops", "SaaS companies", "schools", "B2B companies"):
        assert any(each in one for one in whom)


def test_each_says_for_whom_it_is_and_why_it_works() -> None:
    for entry in library_page.entries():
        if entry.name in LIBRARY:
            assert entry.name == read(LIBRARY[entry.name])["journey"]
            assert entry.whom
            assert len(entry.what) > 40, entry.name
            assert len(entry.why) > 60, entry.name


@pytest.mark.parametrize("name", LIBRARY)
def test_it_brings_all_that_it_sends_and_sends_all_that_it_brings(name: str) -> None:
    text = LIBRARY[name].read_text(encoding="utf-8")
    brought = {
        path.relative_to(library.templates()).with_suffix("").as_posix()
        for path in library.templates_of(name)
    }
    assert brought
    for template in brought:
        kind, _, rest = template.partition("/")
        written = template if kind == "tasks" else rest
        assert re.search(rf"(email|sms|whatsapp|brief|template|notify): {re.escape(written)}[\s,}}]", text), (
            written
        )
    own = re.findall(r"(?:email|sms|whatsapp|template|notify): ([a-z-]+)/", text) + re.findall(
        r"brief: tasks/([a-z-]+)/", text
    )
    assert set(own) == {name}


def in_a_file(name: str) -> bool:
    """Whether a file of events may name it, or what files bring leads to it: a yes that has its day there, points that
    journeys count, a segment that people come into."""
    try:
        return name in ("consent_given", "score_reached", "segment_entered") or event_name(name, {}) == name
    except RowError:
        return False


def test_the_importers_can_produce_what_starts_each(played: Played) -> None:
    """Events that the product knows by name, dates and segments of people, and silence after such events."""
    workspace, _ = played
    for name in LIBRARY:
        for trigger in _parts(workspace.journeys[name].plan.trigger):
            names = getattr(trigger, "events", None) or trigger.event_names
            assert set(names) <= set(EVENTS), name
            some = any if getattr(trigger, "events", None) else all  # one sort of silence is enough
            assert not names or some(map(in_a_file, names)), name
            date = getattr(trigger, "field", None)
            assert date is None or date in workspace.context.contact_fields, name


def _parts(trigger: Any) -> list[Any]:
    return list(trigger.parts.values()) if hasattr(trigger, "parts") else [trigger]


def test_the_documents_count_them_right() -> None:
    root = library_page.PAGE.parents[2]
    assert f"**{len(ALL)} journeys to begin with**" in (root / "README.md").read_text(encoding="utf-8")
    assert f"[{len(LIBRARY)} more](docs/reference/library.md)" in (root / "CHANGELOG.md").read_text(
        encoding="utf-8"
    )


def test_the_page_lists_them_all() -> None:
    assert library_page.PAGE.read_text(encoding="utf-8") == library_page.page()
