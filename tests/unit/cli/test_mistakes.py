"""One mistake at each step of a new user's way: said in words with the way out, and never by a traceback."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from nurture.app.init import init
from nurture.cli.main import main

WIDTH = 80
WRONG_JOURNEY = """\
journey: spring
topic: news
trigger: {manual: true}
steps:
  - emial: welcome/hello
"""
PEOPLE = "Nome;E-mail\nAna;ana@example.com\n"
MAPPING = """\
import: contacts
columns: {first_name: Nome, email: E-mal}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops") / "shop"
    init(folder)
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of one journey, with the terminal in it."""
    folder = tmp_path / "shop"
    folder.mkdir()
    for path in made.rglob("*"):
        part = path.relative_to(made)
        wanted = part.parts[0] not in ("journeys", "tests") or part.stem in ("welcome", "journeys", "tests")
        if path.is_file() and wanted:
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
            (folder / part).write_bytes(path.read_bytes())
    (folder / "people.csv").write_text(PEOPLE, encoding="utf-8")
    (folder / "people.yaml").write_text(MAPPING, encoding="utf-8")
    (folder / "notes.bin").write_bytes(bytes(range(256)) * 20)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("NURTURE_SECRET", raising=False)
    return folder


# What is typed: what is said. The way out stands in each.
MISTAKES = {
    "a command that there isn't": ("pubish", "No such command"),
    "a folder that is not empty": ("init .", "name a new folder"),
    "a file where a folder should be": ("init people.csv", "name a new folder"),
    "no workspace here": ("check /", "`nurture init DIR` makes a workspace"),
    "no such folder": ("status -w /nowhere", "`nurture init DIR` makes a workspace"),
    "no such file to check": ("check journeys/welcom.yaml", "there is no journeys/welcom.yaml"),
    "a file of no workspace": ("check /etc/hostname", "there is no nurture.yaml beside or above it"),
    "no such journey to test": ("test welcme", "there is no journey 'welcme'; did you mean 'welcome'?"),
    "no such template": ("preview welcome/helo", "did you mean 'welcome/hello'?"),
    "a template outside": (
        "preview ../../etc/passwd",
        "they stand in templates/email, sms, whatsapp and tasks",
    ),
    "an unknown person": ("preview welcome/hello -c bruno", "leave --contact out for somebody made up"),
    "a place that can't be written": ("preview welcome/hello -o /proc/a.html", "name another file by --out"),
    "an address that is none": ("send-test welcome/hello --to me", "'me' is no e-mail address"),
    "a phone for a mail": ("send-test welcome/hello --to +5511987654321", "is sent by email"),
    "a brief to oneself": (
        "send-test tasks/warm-call --to me@example.com",
        "`nurture preview tasks/warm-call`",
    ),
    "a folder for a page": (
        "preview welcome/hello -o templates",
        "templates is a folder; name a file by --out",
    ),
    "no kind of rows": ("import people.csv people.yaml", "nurture import orders people.csv"),
    "a wrong kind of rows": ("import contact people.csv", "did you mean 'contacts'?"),
    "no such file to import": ("import contacts peple.csv", "did you mean people.csv?"),
    "a column that there isn't": ("import contacts people.csv -m people.yaml", "(did you mean 'E-mail'?)"),
    "a mapping of something else": ("import orders people.csv -m people.yaml", "maps contacts, not orders"),
    "a mapping that there isn't": ("import contacts people.csv -m none.yaml", "none.yaml"),
    "orders without an id": ("import orders people.csv", "name it in a mapping"),
    "a file that is no table": ("import contacts notes.bin", "notes.bin"),
    "a folder to import": ("import contacts templates", "templates is no file; name one in CSV or NDJSON"),
    "an event of the past": ("simulate welcome --history 30d --event order_completed", "say --contact ana"),
    "answers in the past": ("simulate welcome --history 30d --answers clicks", "say --contact ana"),
    "a look ahead into the past": ("simulate welcome --history 30d --days 30", "say --contact ana"),
    "the past as if treated": ("simulate welcome --history 30d --treated", "say --contact ana"),
    "a picture of one person": ("simulate welcome --contact ana --svg a.svg", "say --history 365d"),
    "days of one person": ("simulate welcome --contact ana --by day", "say --history 365d"),
    "a time that is no number": ("up --every nan", "nan is no length of time"),
    "a patience without end": ("status --patience inf", "inf is no length of time"),
    "an answer that may take forever": ("doctor --timeout nan", "nan is no length of time"),
    "a past by the hour": ("simulate welcome --history 30d --by hour", "choose one of day, week, month"),
    "a list of one person": ("simulate welcome --contact ana --people a.csv", "say --history 365d"),
    "no such journey to publish": ("publish welcme", "did you mean 'welcome'?"),
    "nobody there to be asked": ("publish", "--yes publishes without asking"),
    "a pause of what isn't live": ("pause welcome", "no journey called 'welcome' is published"),
    "a pause of nothing": ("pause", "name one journey, or say --all"),
    "a journey entered that isn't live": ("enter welcome ana", "welcome"),
    "an unknown person explained": ("explain ana", "give the ref, e-mail address or phone number"),
    "a task that there isn't": ("tasks show 7", "`nurture tasks` lists those that are open"),
    "a task that no database could number": (
        f"tasks show {10**30}",
        "`nurture tasks` lists those that are open",
    ),
    "a task that isn't open": ("tasks done 7", "`nurture tasks` lists those that are"),
    "a report of what isn't live": ("report welcme", "welcme"),
    "a day that there isn't": ("report --from 2026-02-30", "write it as 2026-10-01"),
    "days the wrong way round": ("report --from 2026-03-01 --to 2026-02-01", "before it begins"),
    "a day to come": ("report --from 2999-01-01", "before it begins on 2999-01-01"),
    "a day beyond all calendars": ("report --to 9999-12-31", "is no day of a shop"),
    "a shop of nobody": ("demo empty --people 0", "0 is not in the range"),
    "a signature of nowhere": ("dkim --domain a..b", "'a..b' is no domain such as shop.example"),
    "a figure that there isn't": ("report --rows peple", "people"),
    "too much haste": ("up --every 0.01", "a tenth of a second is the least"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_has_a_way_out(
    name: str, shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed, said = MISTAKES[name]
    status, printed = run(typed, monkeypatch, capsys)
    assert status in (1, 2), printed
    assert said in " ".join(printed.split()), printed
    assert "Traceback" not in printed
    assert [line for line in printed.splitlines() if len(line) > WIDTH] == []


@pytest.mark.parametrize("place", ["journeys", "tests"])
def test_a_folder_in_the_place_of_a_file_hides_no_other_problem(
    place: str, shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / place / "spring.yaml").mkdir()
    (shop / "journeys" / "summer.yaml").write_text("journey: summer\n", encoding="utf-8")
    status, printed = run("check", monkeypatch, capsys)
    assert status == 1
    assert f"{place}/spring.yaml:1:1: error[N016]: this can't be read: is a directory" in printed
    assert "journeys/summer.yaml:1:1: error[N103]: a journey needs 'trigger'" in printed


def run(typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit status of `nurture TYPED`, and all that it prints."""
    monkeypatch.setattr(sys, "argv", ["nurture", *typed.split()])
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(SystemExit) as ended:
        main()
    code = ended.value.code
    captured = capsys.readouterr()
    return (code if isinstance(code, int) else int(bool(code))), captured.out + captured.err


def test_a_broken_journey_is_neither_tested_nor_published(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "journeys" / "spring.yaml").write_text(WRONG_JOURNEY, encoding="utf-8")
    for command in ("check", "test", "publish --yes"):
        status, printed = run(command, monkeypatch, capsys)
        assert status == 1
        assert "journeys/spring.yaml:5:5: error[N102]: unknown step 'emial'" in printed
        assert "did you mean 'email'?" in printed


def test_a_missing_secret_stops_work_and_no_looking(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = (shop / "nurture.yaml").read_text(encoding="utf-8")
    smtp = "smtp\n    host: smtp.example.com\n    user: me\n    password: ${SMTP_PASSWORD}"
    changed = settings.replace("outbox                        # -> smtp", smtp)
    assert changed != settings
    (shop / "nurture.yaml").write_text(changed, encoding="utf-8")
    for command in ("status", "publish --yes", "up"):
        status, printed = run(command, monkeypatch, capsys)
        assert status == 1
        assert "the environment has no SMTP_PASSWORD" in printed
        assert "into the workspace's .env" in printed
    assert run("check", monkeypatch, capsys)[0] == 0
    assert run("preview welcome/hello", monkeypatch, capsys)[0] == 0
