"""What stands in config/ works as it stands: `nurture check` passes on a workspace with it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prefect.settings import Settings
from typer.testing import CliRunner

from nurture.app import environment
from nurture.app.init import init
from nurture.app.workspace import load
from nurture.cli.main import app
from nurture.model import Channel
from nurture.problems import NurtureError
from nurture.rendering.links import LinkContext
from nurture.rendering.message import HeaderContext
from nurture.rendering.renderer import Renderer
from nurture.rendering.sources import TemplateSources, shipped
from tools.samples import PEOPLE

CONFIG = Path(__file__).parents[3] / "config"
SECRET = "5e" * 32


def variables(example: str) -> dict[str, str]:
    """What an example sets, read as nurture reads it; the secret that it leaves out is put in."""
    lines = (CONFIG / example).read_text(encoding="utf-8").splitlines()
    found = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert found["NURTURE_SECRET"] == "", "each installation makes its own"
    return {**found, "NURTURE_SECRET": SECRET}


def asked_for(settings: str) -> set[str]:
    """The variables that a file's settings name, those in commented lines too."""
    return set(re.findall(r"\$\{(\w+)\}", (CONFIG / settings).read_text(encoding="utf-8")))


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    init(folder)
    for name in asked_for("production.yaml"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.mark.parametrize(
    ("settings", "example"),
    [("nurture.yaml", "nurture.env.example"), ("production.yaml", "production.env.example")],
)
def test_a_workspace_with_it_is_right(settings: str, example: str, workspace: Path) -> None:
    (workspace / "nurture.yaml").write_bytes((CONFIG / settings).read_bytes())
    written = "".join(f"{name}={value}\n" for name, value in variables(example).items())
    (workspace / ".env").write_text(written, encoding="utf-8")
    done = CliRunner().invoke(app, ["check", str(workspace)])
    assert done.exit_code == 0, done.output
    assert "everything is right" in done.output


def test_production_is_postgresql_smtp_and_twilio(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace / "nurture.yaml").write_bytes((CONFIG / "production.yaml").read_bytes())
    for name, value in variables("production.env.example").items():
        monkeypatch.setenv(name, value)  # as systemd does
    settings = load(workspace).settings
    assert settings is not None
    assert settings.database.startswith("postgresql://")
    assert settings.channels[Channel.EMAIL].options["host"] == "smtp.example.com"
    assert settings.channels[Channel.SMS].provider == "twilio"
    assert settings.web_url.startswith("https://")


def test_an_address_of_links_with_accents_leaves_mails_in_ascii(workspace: Path) -> None:
    _link_to(workspace, "https://straße.example/olá")
    settings = load(workspace).settings
    assert settings is not None
    header = HeaderContext("ana@example.com", settings.channels[Channel.EMAIL].sender, datetime.now(UTC))
    links = LinkContext("message-1", settings.web_url)
    made = Renderer(TemplateSources(shipped()), settings).email(
        "reactivation/we-miss-you", "pt-BR", PEOPLE[""], links, header
    )
    assert made.body.isascii()
    assert b"\r\nList-Unsubscribe: <https://xn--strae-oqa.example/ol%C3%A1/u/" in made.body


def test_an_address_of_links_that_no_host_can_have_is_told(workspace: Path) -> None:
    _link_to(workspace, "https://-ü-.example")
    (problem,) = load(workspace).errors
    assert problem.message.endswith("'-ü-.example' is no name that a host can have")


def _link_to(workspace: Path, url: str) -> None:
    path = workspace / "nurture.yaml"
    path.write_text(re.sub(r"(?<=^  url: )\S+", url, path.read_text(), flags=re.MULTILINE))
    (workspace / ".env").write_text(f"NURTURE_SECRET={SECRET}\n")


def test_the_embedded_default_is_what_a_new_workspace_gets(workspace: Path) -> None:
    assert (CONFIG / "nurture.yaml").read_bytes() == (workspace / "nurture.yaml").read_bytes()


def test_production_says_what_a_missing_variable_is_called(workspace: Path) -> None:
    (workspace / "nurture.yaml").write_bytes((CONFIG / "production.yaml").read_bytes())
    (workspace / ".env").write_text("")
    said = " ".join(problem.message for problem in load(workspace).errors)
    for name in asked_for("production.yaml") - {"NURTURE_SECRET_BEFORE"}:
        assert f"the environment has no {name}" in said


@pytest.mark.parametrize(
    ("settings", "example", "not_set"),
    [
        ("nurture.yaml", "nurture.env.example", {"DATABASE_URL", "NAME"}),
        ("production.yaml", "production.env.example", {"NURTURE_SECRET_BEFORE"}),
    ],
)
def test_an_example_sets_what_its_settings_ask_for(settings: str, example: str, not_set: set[str]) -> None:
    assert asked_for(settings) - not_set <= set(variables(example))


def test_an_example_reads_the_same_from_dotenv() -> None:
    read = environment.above((CONFIG / "production.env.example").read_text(encoding="utf-8"))
    assert read["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert read["SMTP_PASSWORD"] == "change-me"


def test_prefect_understands_what_the_example_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables("production.env.example").items():
        if name.startswith(("PREFECT_", "DO_NOT")):
            monkeypatch.setenv(name, value)
    found = Settings()
    assert found.api.url == "http://127.0.0.1:4200/api"
    assert found.home == Path("/var/lib/nurture/prefect")
    assert found.server.analytics_enabled is False
    vacuum = found.server.services.db_vacuum
    assert vacuum.enabled_vacuum_types == {"events", "flow_runs", "orphans"}
    assert vacuum.retention_period.days == 7
    url = found.server.database.connection_url
    assert url is not None
    assert url.get_secret_value().startswith("postgresql+asyncpg://prefect:")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("mysql://ana:hidden@db.example/shop", "expected a database such as 'sqlite:///nurture.db'"),
        ("postgresql://ana:hidden@db.example:port/shop", "this is no address of a database"),
        ("sqlite:////dev/null/x/nurture.db", "/dev/null/x can't be made: Not a directory"),
    ],
)
def test_a_database_that_cannot_be_is_said_without_its_password(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, written: str, says: str
) -> None:
    path = workspace / "nurture.yaml"
    text = path.read_text(encoding="utf-8").replace("sqlite:///nurture.db ", "${DATABASE_URL} ")
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL", written)
    done = CliRunner().invoke(app, ["status", "--workspace", str(workspace)])
    assert isinstance(done.exception, NurtureError)
    said = f"{done.exception} {' '.join(each.message for each in done.exception.problems)}"
    assert says in said
    assert "hidden" not in said


def test_a_database_that_the_environment_names_elsewhere_is_no_mistake(workspace: Path) -> None:
    path = workspace / "nurture.yaml"
    text = path.read_text(encoding="utf-8").replace("sqlite:///nurture.db ", "${SHOP_DATABASE} ")
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["check", str(workspace)])
    assert done.exit_code == 0, done.output
    assert "the environment has no SHOP_DATABASE" in done.output


@pytest.mark.parametrize("folder", ["", r"Volta\r\nA NOOP"])
def test_a_folder_that_no_mailbox_can_have_is_said(workspace: Path, folder: str) -> None:
    path = workspace / "nurture.yaml"
    returns = f'returns: {{host: imap.shop.example, user: bounces, password: x, folder: "{folder}"}}\n'
    path.write_text(path.read_text(encoding="utf-8") + returns, encoding="utf-8")
    done = CliRunner().invoke(app, ["check", str(workspace)])
    assert done.exit_code == 1, done.output
    assert "expected the name of a folder" in done.output
