"""What a person reads for each mistake: NAME.yaml and NAME.expected, character by character.

`NURTURE_WRITE_EXPECTED=1 pytest tests/problems` writes the expected texts anew; read the difference.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from nurture.app.init import init
from nurture.cli.check import find_problems
from nurture.cli.formats import PAGE
from nurture.compiler import compile_journey
from nurture.compiler.reference import problems_page
from nurture.options.codes import CODES
from nurture.problems import Problem, render
from tests.problems.shop import SHOP

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
JOURNEYS = sorted(HERE.glob("*.yaml"))
WORKSPACES = sorted(path for path in (HERE / "workspaces").iterdir() if path.is_dir())
SECRET = "0123456789abcdef0123456789abcdef"
# Rooms whose problems stand in CODES.
ROOMS = ("options", "steps", "triggers", "compiler", "criteria")
FILES = (
    "workspace",
    "config",
    "returns_options",
    "environment",
    "template_checks",
    "message_checks",
    "whatsapp_checks",
    "whatsapp_options",
    "content_checks",
    "timelines",
)


def compare(found: list[Problem], expected: Path) -> None:
    text = "\n\n".join(render(problem) for problem in found) + "\n"
    if os.environ.get("NURTURE_WRITE_EXPECTED"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", JOURNEYS, ids=lambda path: path.stem)
def test_every_mistake_in_a_journey_is_said_at_once(path: Path) -> None:
    compiled = compile_journey(path.read_text(encoding="utf-8"), path.name, SHOP)
    compare(list(compiled.problems), path.with_suffix(".expected"))


@pytest.mark.parametrize("overlay", WORKSPACES, ids=lambda path: path.name)
def test_every_mistake_in_a_workspace_is_said_at_once(
    overlay: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    init(folder)
    monkeypatch.setenv("NURTURE_SECRET", SECRET)
    monkeypatch.chdir(folder)
    for path in sorted(overlay.rglob("*")):
        if path.is_file() and path.name != "expected.txt":
            target = folder / path.relative_to(overlay)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    compare(find_problems(Path())[1], overlay / "expected.txt")


def test_a_journey_with_ten_mistakes_shows_all_ten() -> None:
    text = (HERE / "ten-mistakes.expected").read_text(encoding="utf-8")
    assert len(re.findall(r": error\[", text)) == 10


def test_every_problem_has_its_place_on_the_page_with_an_example() -> None:
    shown = problems_page({code: example(code) for code in CODES})
    if os.environ.get("NURTURE_WRITE_EXPECTED"):
        (ROOT / PAGE).write_text(shown, encoding="utf-8")
    assert (ROOT / PAGE).read_text(encoding="utf-8") == shown


def example(code: str) -> str:
    """The shortest text that a person reads of this problem."""
    parts = [part for text in expected_texts().values() for part in re.split(r"\n\n(?=\S)", text.strip())]
    return min((part for part in parts if f"[{code}]" in part.partition("\n")[0]), key=len, default="")


def expected_texts() -> dict[str, str]:
    paths = [*HERE.glob("*.expected"), *HERE.glob("workspaces/*/expected.txt")]
    return {str(path.relative_to(HERE)): path.read_text(encoding="utf-8") for path in paths}


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_shown_by_a_file(code: str) -> None:
    assert any(f"[{code}]" in text for text in expected_texts().values())


def test_every_code_in_the_source_is_explained() -> None:
    paths = [path for room in ROOMS for path in (ROOT / "nurture" / room).rglob("*.py")]
    paths += [ROOT / "nurture" / "app" / f"{name}.py" for name in FILES]
    used = {code for path in paths for code in re.findall(r'"(N\d{3})"', path.read_text(encoding="utf-8"))}
    assert used == set(CODES)


@pytest.mark.parametrize("name", sorted(expected_texts()))
def test_no_message_speaks_of_our_insides(name: str) -> None:
    text = expected_texts()[name]
    for word in ("Traceback", "ruamel", "NoneType", "dataclass", "nurture.options"):
        assert word not in text


def test_each_expected_text_has_its_journey() -> None:
    assert {path.stem for path in HERE.glob("*.expected")} == {path.stem for path in JOURNEYS}
