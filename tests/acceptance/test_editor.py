"""A journey written in an editor: the real yaml-language-server in a workspace that `nurture init` made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture.app.init import init
from nurture.cli.check import find_problems
from nurture.steps import STEPS
from tests.support.language_server import Editor, opened

pytestmark = pytest.mark.node

FILE = "journeys/spring.yaml"
MODELINE = "# yaml-language-server: $schema=../schemas/journey.schema.json\n"
HEAD = MODELINE + "journey: spring\ntopic: offers\ntrigger: {event: signed_up}\nsteps:\n"
# What is written: the lines that are wrong.
WRONG = {
    "a kind that there isn't": ("  - email: welcome/hello\n  - wiat: 2 days\n", [7]),
    "a key that there isn't": ("  - email: welcome/hello\n    sujbect: Oi\n", [7]),
    "a key of another kind": ("  - wait: 1 day\n    subject: Oi\n", [7]),
    "a length without its unit": ("  - wait: 3\n", [6]),
    "a length that is none": ("  - email: welcome/hello\n    expires_after: soon\n", [7]),
    "a word that isn't one of them": ("  - email: welcome/hello\n    class: advert\n", [7]),
    "no such template": ("  - email: welcome/helo\n", [6]),
    "no such event": ("  - wait_for: emial_clicked\n    up_to: 1 day\n", [6]),
    "no such pool": ("  - wait: 1 day\n  - coupon: WINBACK16\n", [7]),
    "no such field": ("  - update:\n      set:\n        town: Campinas\n", [8]),
    "a list where a text should be": ("  - email:\n      - welcome/hello\n", [7]),
    "two steps in one": ("  - email: welcome/hello\n    wait: 2 days\n", [7]),
    "a wait without an end": ("  - wait_for: email_clicked\n", [6]),
    "a branch without a way": ("  - branch: []\n", [6]),
    "a step inside a way": (
        "  - branch:\n      - if: total_orders > 1\n        then:\n          - sms: birthday/presnt\n"
        "      - else:\n          - wiat: 2 days\n",
        [9, 11],
    ),
    "several at once": ("  - email: welcome/helo\n  - wait: soon\n  - copuon: WINBACK15\n", [6, 7, 8]),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops") / "shop"
    init(folder)
    return folder


@pytest.fixture(scope="module")
def editor(shop: Path) -> Iterator[Editor]:
    with opened(shop) as found:
        yield found


def test_behind_a_dash_every_kind_of_step_is_offered(editor: Editor) -> None:
    labels = {each["label"] for each in editor.completions(FILE, HEAD + "  - |")}
    assert labels == set(STEPS)


def test_inside_a_way_every_kind_is_offered_too(editor: Editor) -> None:
    text = HEAD + "  - branch:\n      - if: total_orders > 1\n        then:\n          - |"
    assert {each["label"] for each in editor.completions(FILE, text)} == set(STEPS)


def test_beside_a_kind_its_own_options_are_offered(editor: Editor) -> None:
    labels = {each["label"] for each in editor.completions(FILE, HEAD + "  - wait: 3 days\n    |")}
    assert labels == {"id", *(option.name for option in STEPS["wait"].KIND.options)}


def test_names_of_the_workspace_are_offered(editor: Editor) -> None:
    labels = {each["label"] for each in editor.completions(FILE, HEAD + "  - email: |")}
    assert {"welcome/hello", "reactivation/coupon"} <= labels


def test_the_first_line_of_a_file_is_offered_its_keys(editor: Editor) -> None:
    labels = {each["label"] for each in editor.completions(FILE, MODELINE + "journey: spring\n|")}
    assert {"trigger", "steps", "topic", "holdout", "exit"} <= labels


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  - |wait: 3 days\n", ["Let time pass.", "at: "]),
        ("  - wait: 3 days\n    |only: weekdays\n", ["Only on these days.", "only: weekdays"]),
        ("  - |coupon: WINBACK15\n", ["a code of her own", "save_as: coupon"]),
    ],
)
def test_over_a_word_it_says_what_it_means(text: str, shown: list[str], editor: Editor) -> None:
    said = editor.hover(FILE, HEAD + text)
    assert [words for words in shown if words not in said] == []


def test_over_a_key_of_the_journey_too(editor: Editor) -> None:
    said = editor.hover(FILE, HEAD.replace("topic:", "|topic:") + "  - wait: 1 day\n")
    assert "The consent that its marketing messages need." in said


@pytest.mark.parametrize("name", WRONG)
def test_the_same_lines_are_wrong_as_for_check(name: str, editor: Editor, shop: Path) -> None:
    steps, lines = WRONG[name]
    text = HEAD + steps
    underlined = {each["range"]["start"]["line"] + 1 for each in editor.problems(FILE, text)}
    (shop / FILE).write_text(text, encoding="utf-8")
    try:
        found = find_problems(shop / FILE)[1]
    finally:
        (shop / FILE).unlink()
    assert sorted(underlined) == lines
    assert sorted({each.mark.line for each in found if each.mark and each.severity == "error"}) == lines


def test_what_ships_is_right(editor: Editor, shop: Path) -> None:
    for path in sorted((shop / "journeys").glob("*.yaml")):
        found = editor.problems(f"journeys/{path.name}", path.read_text(encoding="utf-8"))
        assert [each["message"] for each in found] == []
