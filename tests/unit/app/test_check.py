"""`nurture check`: text, JSON, exit status, and how little it loads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nurture.app import workspace
from nurture.app.init import init
from nurture.app.opening import open_runtime
from nurture.cli.check import check
from nurture.problems import NurtureError

HEAVY = ("sqlalchemy", "fastapi", "prefect", "premailer", "uvicorn", "pydantic")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    init(tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def spoil(shop: Path) -> None:
    path = shop / "journeys" / "welcome.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("wait: 3 days", "wiat: 3 days"), encoding="utf-8"
    )


def test_a_new_workspace_is_right(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(Path()) == 0
    assert capsys.readouterr().out == "5 journeys: everything is right\n"


def test_a_mistake_fails_and_is_counted(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(shop)
    assert check(Path()) == 1
    said = capsys.readouterr().out
    assert "error[N102]: unknown step 'wiat'" in said
    assert said.endswith("1 error\n")


def test_one_file_shows_its_own_mistakes_alone(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(shop)
    assert check(Path("journeys/birthday.yaml")) == 0
    assert check(Path("journeys/welcome.yaml")) == 1
    assert "N102" in capsys.readouterr().out


def test_as_json(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(shop)
    assert check(Path(), "json") == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["errors"], said["warnings"]) == (1, 0)
    found = said["problems"][0]
    assert (found["code"], found["file"], found["severity"]) == ("N102", "journeys/welcome.yaml", "error")
    assert found["hint"] == "did you mean 'wait'?"


HOLLOW = {
    "nothing": ("", "'company'"),
    "a list": ("- company", "a list"),
    "no channels": ("company: {name: Loja da Ana, postal_address: Rua A}", "'channels'"),
    "channels as a list": ("channels: [email]", "expected channels, found a list"),
}


@pytest.mark.parametrize("name", HOLLOW)
def test_settings_that_hold_nothing_are_told_what_they_need(
    name: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, said = HOLLOW[name]
    Path("nurture.yaml").write_text(text, encoding="utf-8")
    assert check(Path()) == 1
    assert said in capsys.readouterr().out


def test_a_workspace_that_cannot_be_opened_names_the_file_that_is_wrong(shop: Path) -> None:
    fields = shop / "fields.yaml"
    fields.write_text(fields.read_text(encoding="utf-8") + "\nemail: {type: text}\n", encoding="utf-8")
    with pytest.raises(NurtureError, match=r"^fields\.yaml can't be used yet"):
        open_runtime(Path())


def test_what_the_event_said_is_called_trigger_in_a_template(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "templates" / "sms" / "thanks.txt").write_text("{{ event.total | money }}", encoding="utf-8")
    (shop / "journeys" / "thanks.yaml").write_text(
        "journey: thanks\ntopic: offers\ntrigger: {event: order_completed}\nsteps:\n  - sms: thanks\n",
        encoding="utf-8",
    )
    assert check(Path()) == 1
    assert "write trigger.total: event.x stands in conditions" in capsys.readouterr().out


def test_a_line_that_nobody_s_values_fit_is_told(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`with` gives a text, whatever it looks like."""
    (shop / "templates" / "sms" / "thanks.txt").write_text("Oi\n{{ total | money }}", encoding="utf-8")
    (shop / "journeys" / "thanks.yaml").write_text(
        "journey: thanks\ntopic: offers\ntrigger: {event: order_completed}\n"
        "steps:\n  - sms: thanks\n    with: {total: trigger.total}\n",
        encoding="utf-8",
    )
    assert check(Path()) == 0
    said = capsys.readouterr().out
    assert (
        "templates/sms/thanks.txt:2:1: warning[N807]: this line cannot be worked out: 'money' is for" in said
    )
    assert "nurture preview thanks --contact WHO takes real ones" in " ".join(said.replace("|", " ").split())


def test_where_there_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(NurtureError, match="nurture init"):
        check(tmp_path)


@pytest.mark.parametrize("command", ["check", "--help"])
def test_help_and_check_load_little(shop: Path, command: str) -> None:
    code = (
        "import sys; from nurture.cli.main import main\n"
        f"sys.argv = ['nurture', {command!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as ended:\n    assert not ended.code\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"


def test_init_does_not_touch_a_folder_in_use(shop: Path) -> None:
    with pytest.raises(NurtureError, match="not empty"):
        init(shop)


def test_the_secret_is_the_workspaces_own_and_read_by_its_owner_alone(shop: Path, tmp_path: Path) -> None:
    init(tmp_path / "another")
    one, other = (workspace.load(tmp_path / name).settings for name in ("shop", "another"))
    assert one is not None
    assert other is not None
    assert one.secrets != other.secrets
    assert (shop / ".env").stat().st_mode & 0o077 == 0


def test_for_work_a_missing_secret_is_an_error(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop / ".env").unlink()
    monkeypatch.delenv("NURTURE_SECRET", raising=False)
    found = workspace.load(shop)
    assert found.settings is None
    assert {problem.code for problem in found.errors} == {"N601", "N603"}
    assert check(shop) == 0


def test_the_environment_comes_before_the_file(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NURTURE_SECRET", "x" * 40)
    settings = workspace.load(shop).settings
    assert settings is not None
    assert [key for _, key in settings.secrets] == [b"x" * 40]


def test_secrets_that_notepad_saved(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NURTURE_SECRET", raising=False)
    Path(".env").write_text(f"NURTURE_SECRET={'s' * 40}", encoding="utf-8-sig")
    found = workspace.load(Path(), for_work=True).settings
    assert found is not None
    assert found.secrets[0][1] == b"s" * 40


def test_secrets_in_another_encoding_are_told(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(".env").write_bytes("# chaves da João\n".encode("latin-1"))
    assert check(Path()) == 1
    assert ".env:1:1: error[N015]: the file is not in UTF-8" in capsys.readouterr().out


def test_an_old_secret_stays_readable_behind_the_new_one(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shop / "nurture.yaml"
    text = path.read_text(encoding="utf-8").replace(
        "secret: ${NURTURE_SECRET}", "secret: ['${NEW}', '${OLD}']"
    )
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("NEW", "n" * 40)
    monkeypatch.setenv("OLD", "o" * 40)
    settings = workspace.load(shop).settings
    assert settings is not None
    assert [key[:1] for _, key in settings.secrets] == [b"n", b"o"]
    assert len({name for name, _ in settings.secrets}) == 2


def test_an_sms_may_be_as_long_as_the_channel_allows(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "{{ company.name }}: um presente de aniversário, {{ coupon.code }}, até {{ coupon.expires_at | date }}."
    (shop / "templates" / "sms" / "birthday" / "present.txt").write_text(text * 2, encoding="utf-8")
    assert check(Path()) == 0
    said = capsys.readouterr().out
    assert "warning[N514]: SMS 'birthday/present' needs 3 segments (UCS-2" in said
    settings = (shop / "nurture.yaml").read_text(encoding="utf-8")
    assert "# segments: 2 " in settings
    (shop / "nurture.yaml").write_text(settings.replace("# segments: 2 ", "segments: 3 "), encoding="utf-8")
    assert check(Path()) == 0
    assert capsys.readouterr().out == "5 journeys: everything is right\n"
