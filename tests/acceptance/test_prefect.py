"""nurture as Prefect flows in production: PostgreSQL, a server, two workers, schedules that do everything."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from nurture.app import advance, ingest, process
from nurture.app.opening import open_runtime
from nurture.model import NewEvent, Person
from nurture.schedule import JOBS
from tests.support import documents, postgres, prefect_server, sink
from tests.support.prefect_server import BIN, Prefect, until

pytestmark = [pytest.mark.prefect, pytest.mark.postgresql]

ROOT = Path(__file__).parents[2]
PEOPLE = 40
JOURNEY = """
journey: hello
trigger: {event: signed_up}
steps:
  - email: welcome/hello
    class: transactional   # so that the hour at which the test runs is no quiet one
"""

PAGE = ROOT / "docs" / "how-to" / "run-with-prefect.md"


def commands(page: Path) -> list[list[str]]:
    """The arguments of each `prefect` that a page shows."""
    return [
        shlex.split(line, comments=True)[1:]
        for fence in documents.fences(page)
        for line in fence.body.splitlines()
        if fence.language == "sh" and line.startswith("prefect ")
    ]


COMMANDS = commands(PAGE)
WORK = ["worker", "start", "--pool", "nurture"]


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    with prefect_server.running(tmp_path_factory.mktemp("prefect") / "home") as found:
        yield found


@dataclass
class Shop:
    """A workspace with the settings for production, and the mail server that its environment names."""

    folder: Path
    ledger: Path
    mail: ExitStack = field(default_factory=ExitStack)

    def mails(self) -> list[str]:
        lines = self.ledger.read_text().splitlines() if self.ledger.exists() else []
        return [re.findall(r'"recipient": "([^"]*)"', line)[0] for line in lines]

    def sign_up(self, *people: str, work: bool = False) -> None:
        """Let people sign up; with `work` their messages are due at once, else the flows have to see to it."""
        runtime, now = open_runtime(self.folder), datetime.now(UTC)
        events = [
            NewEvent(
                name="signed_up",
                person=Person(ref=f"ref-of-{person}", email=f"{person}@people.example"),
                occurred_at=now,
                source="shop",
                source_id=f"sign-up-of-{person}",
                payload={},
            )
            for person in people
        ]
        ingest.ingest(runtime.store, events, now)
        if work:
            process.process(runtime, now)
            advance.advance(runtime, datetime.now(UTC))
        runtime.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("workspace") / "my-shop"
    shop = Shop(folder, folder.parent / "ledger")
    with shop.mail:
        server = shop.mail.enter_context(sink.running(shop.ledger))
        _nurture("init", folder.name, folder=folder.parent)
        secret = (folder / ".env").read_text()
        production = (ROOT / "config" / "production.yaml").read_text(encoding="utf-8")
        loopback = re.sub(r"    (user|password): .*\n", "", production).replace("tls: starttls", "tls: none")
        (folder / "nurture.yaml").write_text(loopback, encoding="utf-8")
        (folder / ".env").write_text(
            f"{secret}DATABASE_URL={postgres.fresh_database()}\nSMTP_HOST=127.0.0.1\nSMTP_PORT={server.port}\n"
            f"NURTURE_WEB_URL=https://mail.example\nTWILIO_ACCOUNT_SID=AC{'0' * 32}\nTWILIO_AUTH_TOKEN=none\n"
        )
        (folder / "journeys" / "hello.yaml").write_text(JOURNEY, encoding="utf-8")
        _nurture("publish", "hello", "--yes", folder=folder)
        yield shop


def _nurture(*arguments: str, folder: Path) -> None:
    done = subprocess.run([BIN / "nurture", *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"


def deployments(file: Path) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in YAML(typ="safe").load(file)["deployments"]}


def sooner(text: str) -> str:
    """The same deployments, whose minute begins in twenty seconds; deliveries come every half minute."""
    start = datetime.now(UTC) + timedelta(seconds=20)

    def planned(written: re.Match[str]) -> str:
        return f'interval: 120, anchor_date: "{start + timedelta(seconds=int(written[1])):%FT%T+00:00}"'

    moved, count = re.subn(r'interval: \d+, anchor_date: ".*:(\d\d)\+00:00"', planned, text)
    assert count == len(JOBS)
    before, name, deliveries = moved.partition("name: deliver-messages")
    return before + name + deliveries.replace("interval: 120", "interval: 30", 1)


def test_the_readme_shows_the_commands_that_are_tried_here() -> None:
    assert commands(ROOT / "README.md") == COMMANDS


def test_the_schedules_of_a_new_workspace_are_deployed(prefect: Prefect, shop: Shop) -> None:
    _, create, deploy, work = COMMANDS
    assert work == WORK
    prefect.command(*create, folder=shop.folder)
    prefect.command(*deploy, folder=shop.folder)
    written = deployments(shop.folder / "prefect.yaml")
    found = {each["name"]: each for each in prefect.ask("deployments/filter")}
    assert set(found) == {job.name for job in JOBS}
    for name, deployed in found.items():
        (schedule,) = deployed["schedules"]
        assert schedule["active"]
        assert schedule["schedule"]["interval"] == written[name]["schedules"][0]["interval"]
        assert deployed["work_pool_name"] == "nurture"
    planned = until(
        lambda: prefect.ask("flow_runs/filter", deployments={"name": {"any_": ["report"]}}),
        "runs that the schedule plans",
    )
    assert all(run["auto_scheduled"] for run in planned)


def test_scheduled_runs_send_mail_and_say_what_failed(prefect: Prefect, shop: Shop) -> None:
    """The same file with its minute soon, two workers, and a mail server that goes away."""
    file = shop.folder / "prefect.yaml"
    file.write_text(sooner(file.read_text()))
    shop.sign_up(*(f"ana-{number}" for number in range(PEOPLE)))
    with prefect_server.workers(prefect, WORK, shop.folder, shop.folder):
        prefect.command(*COMMANDS[2], folder=shop.folder)
        until(lambda: len(shop.mails()) >= PEOPLE, "the mails")
        _all_completed(prefect)
        shop.mail.close()  # the mail server is gone
        shop.sign_up("bruno", work=True)
        failed = until(lambda: _states(prefect, "deliver-messages", "FAILED"), "a run that fails")
    assert sorted(shop.mails()) == sorted(f"ana-{number}@people.example" for number in range(PEOPLE))
    assert failed[0]["auto_scheduled"]
    assert failed[0]["state"]["message"].startswith("email: There is no connection to the provider")
    _nothing_personal(prefect)


def _states(prefect: Prefect, deployment: str, state: str) -> list[dict[str, Any]]:
    return [run for run in prefect.runs(deployment) if run["state_type"] == state]


def _accepted(prefect: Prefect) -> int:
    """How many messages the runs say that they have handed over."""
    said = [run["state"]["message"] for run in _states(prefect, "deliver-messages", "COMPLETED")]
    return sum(int(count) for words in said for count in re.findall(r"accepted (\d+)", words))


def _all_completed(prefect: Prefect) -> None:
    """Each job has completed by its schedule; the ones that did something have left their figures."""
    for job in JOBS:
        (first, *_) = until(
            lambda name=job.name: _states(prefect, name, "COMPLETED"), f"a completed {job.name}"
        )
        assert first["auto_scheduled"], job.name
    until(lambda: _accepted(prefect) >= PEOPLE, "the runs that handed over to say so")
    assert _accepted(prefect) == PEOPLE
    artifacts = {each["key"]: each for each in prefect.ask("artifacts/latest/filter")}
    assert {"process-feedback", "advance-journeys", "deliver-messages", "report"} <= set(artifacts)
    assert '"accepted"' in artifacts["deliver-messages"]["data"]


def _nothing_personal(prefect: Prefect) -> None:
    """No address and no reference of a person anywhere in what Prefect has kept or said."""
    files = dict(prefect.written())
    assert any(b"deliver-messages" in content for path, content in files.items() if "prefect.db" in path.name)
    for path, content in files.items():
        for personal in (b"people.example", b"ref-of-"):
            assert personal not in content, f"{personal.decode()} stands in {path.name}"
    for kind in ("flow_runs", "artifacts", "logs", "task_runs"):
        assert "people.example" not in str(prefect.ask(f"{kind}/filter"))
    assert all(run["parameters"] == {} for run in prefect.ask("flow_runs/filter"))
