"""The commands that help writing, through the command line: schema, fmt, graph and add."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from nurture.app.init import init
from nurture.cli.main import main

UNTIDY = """\
journey: spring
trigger: {where: total_orders > 1, event: signed_up}
topic: 'offers'    # the consent
steps:
- id: hello
  email: welcome/hello
"""
TIDY = """\
journey: spring
topic: offers      # the consent
trigger: {event: signed_up, where: total_orders > 1}
steps:
  - email: welcome/hello
    id: hello
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    init(folder)
    monkeypatch.chdir(folder)
    return folder


class Terminal:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def run(self, typed: str) -> tuple[int, str]:
        """The exit status of `nurture TYPED`, and what it prints; never a traceback, and in 80 columns."""
        self.monkeypatch.setattr(sys, "argv", ["nurture", *typed.split()])
        self.monkeypatch.setattr(sys, "stdin", io.StringIO())
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self.capsys.readouterr()
        assert "Traceback" not in err
        assert [line for line in err.splitlines() if len(line) > 80 and "error[" not in line] == []
        code = ended.value.code
        return (code if isinstance(code, int) else int(bool(code))), out + err


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(monkeypatch, capsys)


# --- schema ----------------------------------------------------------------------------------


def test_schema_knows_the_workspace_and_outside_takes_any_name(
    shop: Path, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, inside = terminal.run("schema")
    assert status == 0
    assert '"welcome/hello"' in json.dumps(json.loads(inside)["definitions"])
    assert (shop / "schemas" / "journey.schema.json").read_text(encoding="utf-8") == inside
    monkeypatch.chdir(tmp_path)
    status, outside = terminal.run("schema")
    assert status == 0
    assert '"welcome/hello"' not in json.dumps([each["enum"] for each in _enums(json.loads(outside))])


def _enums(value: object) -> list[dict[str, object]]:
    if isinstance(value, list):
        return [found for each in value for found in _enums(each)]
    if not isinstance(value, dict):
        return []
    return [
        *([value] if "enum" in value else []),
        *(found for each in value.values() for found in _enums(each)),
    ]


def test_check_brings_the_schema_up_to_date(shop: Path, terminal: Terminal) -> None:
    (shop / "templates" / "email" / "spring.html").write_text("<p>Oi</p>", encoding="utf-8")
    path = shop / "schemas" / "journey.schema.json"
    assert '"spring"' not in path.read_text(encoding="utf-8")
    terminal.run("check")
    assert '"spring"' in path.read_text(encoding="utf-8")


def test_an_older_workspace_gets_schemas_and_keeps_its_settings(shop: Path, terminal: Terminal) -> None:
    for path in (shop / "schemas").iterdir():
        path.unlink()
    (shop / "schemas").rmdir()
    (shop / ".vscode" / "settings.json").write_text("{}", encoding="utf-8")
    terminal.run("check")
    assert not (shop / "schemas").exists()
    status, said = terminal.run("schema --write")
    assert (status, "schemas/journey.schema.json" in said) == (0, True)
    assert (shop / "schemas" / "journey.schema.json").is_file()
    assert (shop / ".vscode" / "settings.json").read_text(encoding="utf-8") == "{}"
    assert terminal.run("schema --write") == (0, "schemas/ is up to date\n")


def test_the_settings_name_a_schema_for_each_sort_of_file(shop: Path) -> None:
    settings = json.loads((shop / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    for place, files in settings["yaml.schemas"].items():
        assert (shop / place).is_file()
        assert list(shop.glob(files))


# --- fmt -------------------------------------------------------------------------------------


def test_fmt_lays_journeys_out_and_then_has_nothing_to_do(shop: Path, terminal: Terminal) -> None:
    path = shop / "journeys" / "spring.yaml"
    path.write_text(UNTIDY, encoding="utf-8")
    assert terminal.run("fmt --check") == (1, "journeys/spring.yaml would be laid out anew\n")
    assert path.read_text(encoding="utf-8") == UNTIDY
    assert terminal.run("fmt") == (0, "journeys/spring.yaml is laid out anew\n")
    assert path.read_text(encoding="utf-8") == TIDY
    assert terminal.run("fmt --check") == (0, "every journey is laid out as it should be\n")


def test_a_broken_journey_is_shown_and_the_others_are_laid_out(shop: Path, terminal: Terminal) -> None:
    (shop / "journeys" / "broken.yaml").write_text("journey: {{ x }}\n", encoding="utf-8")
    (shop / "journeys" / "latin.yaml").write_bytes("journey: é".encode("latin-1"))
    path = shop / "journeys" / "spring.yaml"
    path.write_text(UNTIDY, encoding="utf-8")
    status, said = terminal.run("fmt")
    assert status == 1
    assert "journeys/broken.yaml:1:10: error[N002]" in said
    assert "journeys/latin.yaml:1:1: error[N015]" in said
    assert path.read_text(encoding="utf-8") == TIDY


@pytest.mark.parametrize(
    "typed", ["fmt nowhere.yaml", "fmt /etc/nothing", "schema jorney", "schema -w /nowhere --write"]
)
def test_what_there_isnt_is_said(typed: str, shop: Path, terminal: Terminal) -> None:
    status, said = terminal.run(typed)
    assert status == 1
    assert said.startswith("nurture: there is no ")
