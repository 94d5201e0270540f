"""What check says to machines: JSON, GitHub's annotations and SARIF; and to a terminal of 80 columns."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft7Validator

from nurture.app.init import init
from nurture.cli.formats import PAGE, to_github, to_sarif
from nurture.cli.main import main
from nurture.options.codes import CODES
from nurture.problems import Mark, Problem, Severity, render

ROOT = Path(__file__).parents[3]
LONG = "  - update: {tag: a, set: {city: Campinas}}   # " + "a long comment that goes on " * 6

# The essentials of the published schema of SARIF 2.1.0: what must be there, and what each key holds.
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
PLACE = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "message": TEXT,
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {
                        "uri": {"type": "string", "pattern": r"^[A-Za-z0-9._~:/%()+,;=@!$&'*-]+$"}
                    },
                },
                "region": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        name: {"type": "integer", "minimum": 1}
                        for name in ("startLine", "startColumn", "endLine", "endColumn")
                    },
                },
            },
        },
    },
}
RULE = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "shortDescription": TEXT, "help": TEXT},
}
RESULT = {
    "type": "object",
    "required": ["message"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "locations": {"type": "array", "items": PLACE},
        "relatedLocations": {"type": "array", "items": PLACE, "uniqueItems": True},
    },
}
DRIVER = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "rules": {"type": "array", "items": RULE, "uniqueItems": True},
    },
}
LOG = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string"},
        "version": {"enum": ["2.1.0"]},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "additionalProperties": False,
                "properties": {
                    "tool": {"type": "object", "required": ["driver"], "properties": {"driver": DRIVER}},
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {"type": "array", "items": RESULT},
                },
            },
        },
    },
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a mistake in each of four files, the terminal in it."""
    folder = tmp_path / "shop"
    init(folder)
    monkeypatch.chdir(folder)
    for path, right, wrong in (
        ("journeys/welcome.yaml", "wait: 3 days", "wiat: 3 days"),
        ("journeys/birthday.yaml", "topic: offers", "topic: offer"),
        ("tests/reactivation-60-days.yaml", "expect:", "expct:"),
        ("nurture.yaml", "currency: BRL", "curency: BRL"),
    ):
        text = (folder / path).read_text(encoding="utf-8")
        assert right in text
        (folder / path).write_text(text.replace(right, wrong, 1), encoding="utf-8")
    (folder / "journeys" / "twice in one.yaml").write_text("journey: a\njourney: b\n", encoding="utf-8")
    (folder / "tests" / "latin.yaml").write_bytes("journey: welcome\ntests: # é".encode("latin-1"))
    return folder


def run(typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[Any, str]:
    monkeypatch.setattr(sys, "argv", ["nurture", *typed.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, capsys.readouterr().out


def test_a_broken_file_hides_no_other(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = run("check --format json", monkeypatch, capsys)
    assert status == 1
    found = {(each["file"], each["code"]) for each in json.loads(said)["problems"]}
    assert found >= {
        ("journeys/welcome.yaml", "N102"),
        ("journeys/birthday.yaml", "N401"),
        ("tests/reactivation-60-days.yaml", "N101"),
        ("nurture.yaml", "N101"),
        ("journeys/twice in one.yaml", "N006"),
        ("tests/latin.yaml", "N015"),
    }
    assert "N607" not in {code for _, code in found}  # tests of a broken journey are not said to have none


def test_sarif_is_as_its_schema_asks(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = run("check --format sarif", monkeypatch, capsys)
    assert status == 1
    log = json.loads(said)
    assert [error.message for error in Draft7Validator(LOG).iter_errors(log)] == []
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    results = log["runs"][0]["results"]
    assert [rules[each["ruleIndex"]]["id"] for each in results] == [each["ruleId"] for each in results]
    places = [each["locations"][0]["physicalLocation"] for each in results]
    assert {unquote(place["artifactLocation"]["uri"]) for place in places} >= {
        "journeys/welcome.yaml",
        "journeys/twice in one.yaml",
    }
    twice = next(each for each in results if each["ruleId"] == "N006")
    assert twice["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 1
    assert twice["locations"][0]["physicalLocation"]["region"]["startLine"] == 2


def test_sarif_of_nothing_is_a_log_too() -> None:
    log = json.loads(to_sarif([], 5))
    assert [error.message for error in Draft7Validator(LOG).iter_errors(log)] == []
    assert log["runs"][0]["results"] == []


def test_github_is_told_on_one_line_each(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = run("check -f github", monkeypatch, capsys)
    assert status == 1
    lines = said.splitlines()
    assert all(re.match(r"::(error|warning) title=nurture N\d{3},file=", line) for line in lines)
    welcome = next(line for line in lines if "file=journeys/welcome.yaml" in line)
    assert welcome.endswith("::unknown step 'wiat'%0Adid you mean 'wait'?")
    assert re.search(r",line=\d+,col=5,endColumn=9::", welcome)


def test_what_means_something_to_github_is_escaped() -> None:
    mark = Mark("a,b:c%.yaml", 1, 1)
    said = to_github([Problem("N101", "50% off\nnow", mark, severity=Severity.WARNING)], 1)
    assert said.startswith("::warning title=nurture N101,file=a%2Cb%3Ac%25.yaml,line=1,")
    assert said.endswith("::50%25 off%0Anow")


def test_a_format_that_there_isnt(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["nurture", "check", "--format", "sarf"])
    with pytest.raises(SystemExit):
        main()
    assert "did you mean 'sarif'?" in capsys.readouterr().err


@pytest.mark.parametrize("column", [5, 30, 60, 120, len(LONG)])
def test_an_excerpt_keeps_to_80_columns_and_shows_the_place(column: int) -> None:
    mark = Mark("a.yaml", 3, column, 4, LONG)
    shown = render(Problem("N101", "no", mark, "a hint that says a lot " * 6)).splitlines()
    assert [line for line in shown if len(line) > 80] == []
    excerpt, carets = shown[1], shown[2]
    start = carets.index("^")
    word = LONG[column - 1 : column + 3]
    assert excerpt[start : start + len(word)].rstrip("…") in word


@pytest.mark.parametrize("code", CODES)
def test_each_page_that_is_named_is_there(code: str) -> None:
    assert f"## {code}\n" in (ROOT / PAGE).read_text(encoding="utf-8")
