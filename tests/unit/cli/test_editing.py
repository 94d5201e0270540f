"""The commands that help writing, through the command line: schema, fmt, graph and add."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nurture.app.adding import shipped
from nurture.app.init import init
from nurture.app.library import library
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


def test_each_journey_names_its_schema_for_any_editor(shop: Path, terminal: Terminal) -> None:
    assert terminal.run("add webinar")[0] == 0
    journeys = sorted((shop / "journeys").glob("*.yaml"))
    assert len(journeys) > 5
    for path in journeys:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert found is not None, path.name
        assert (path.parent / found[1]).is_file()


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


# --- graph -----------------------------------------------------------------------------------


def test_a_journey_as_mermaid(shop: Path, terminal: Terminal) -> None:
    status, said = terminal.run("graph post-sale-survey")
    assert status == 0
    assert said.startswith("flowchart TD\n")
    assert re.search(r'-->\|"if .*nps.*6"\|', said)
    drawn = set(re.findall(r"^  (\w+)[\[({]", said, re.MULTILINE))
    led_to = set(re.findall(r"(?:-->|\|) (\w+)$", said, re.MULTILINE))
    assert led_to <= drawn
    assert drawn - led_to == {"start"}


def test_a_journey_as_svg_stands_alone(shop: Path, terminal: Terminal) -> None:
    status, said = terminal.run("graph reactivation-60-days --out pictures/reactivation.svg")
    assert (status, said) == (0, "pictures/reactivation.svg\n")
    root = ElementTree.parse(shop / "pictures" / "reactivation.svg").getroot()
    texts = " ".join(text for each in root.iter() if (text := each.text))
    for words in (
        "Journey reactivation-60-days",
        "winback",
        "last_days",
        "otherwise",
        "prefers-color-scheme: dark",
    ):
        assert words.replace(": ", ":") in texts.replace(": ", ":")
    assert not re.search(r"(href|src|url\()", ElementTree.tostring(root, encoding="unicode"))


def test_a_journey_with_mistakes_shows_them(shop: Path, terminal: Terminal) -> None:
    path = shop / "journeys" / "welcome.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("wait: 3 days", "wiat: 3 days"), encoding="utf-8"
    )
    status, said = terminal.run("graph welcome")
    assert status == 1
    assert "error[N102]: unknown step 'wiat'" in said


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("graph welcme", "did you mean 'welcome'?"),
        ("graph welcome --format png", "there is mermaid, svg"),
        ("graph welcome -o /proc/a.svg", "name another file by --out"),
        ("add welcme", "did you mean 'welcome'?"),
        ("add welcome", "has a journey 'welcome' already"),
        ("add welcome -w /nowhere", "`nurture init DIR` makes a workspace"),
    ],
)
def test_a_mistake_has_a_way_out(typed: str, said: str, shop: Path, terminal: Terminal) -> None:
    status, printed = terminal.run(typed)
    assert status == 1
    assert said in " ".join(printed.split())


# --- add -------------------------------------------------------------------------------------


def test_add_lists_what_ships(shop: Path, terminal: Terminal) -> None:
    status, said = terminal.run("add")
    assert status == 0
    assert [line.split()[0] for line in said.splitlines() if line[0] != " "] == [
        each.name for each in shipped()
    ]


@pytest.mark.parametrize("name", [each.name for each in shipped() if each.name not in library()])
def test_an_added_journey_is_right_and_its_tests_pass(name: str, shop: Path, terminal: Terminal) -> None:
    for place in ("journeys", "tests", "templates"):
        shutil.rmtree(shop / place)
    status, said = terminal.run(f"add {name}")
    assert status == 0
    assert f"journeys/{name}.yaml" in said
    assert "to do" not in said
    assert terminal.run("check")[1] == "1 journey: everything is right\n"
    assert terminal.run("test")[0] == 0


def test_what_stands_there_is_kept(shop: Path, terminal: Terminal) -> None:
    (shop / "journeys" / "welcome.yaml").unlink()
    hello = shop / "templates" / "email" / "welcome" / "hello.html"
    hello.write_text("mine", encoding="utf-8")
    (shop / "templates" / "email" / "welcome" / "hello.txt").unlink()
    status, said = terminal.run("add welcome")
    assert status == 0
    assert "templates/email/welcome/hello.html: kept as it is" in said
    assert hello.read_text(encoding="utf-8") == "mine"
    assert (shop / "templates" / "email" / "welcome" / "hello.txt").is_file()


def test_what_the_workspace_lacks_is_said(shop: Path, terminal: Terminal) -> None:
    (shop / "journeys" / "birthday.yaml").unlink()
    (shop / "coupons.yaml").write_text("", encoding="utf-8")
    status, said = terminal.run("add birthday")
    assert status == 0
    assert "to do: unknown coupon pool 'BIRTHDAY10'" in said
    assert "coupons.yaml" in said
