"""`nurture up` for real: it ends cleanly when told to, and a second one stands by until the first is gone."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nurture.app import ingest, publish
from nurture.app.init import init
from nurture.app.opening import open_runtime
from nurture.app.workspace import publishable
from nurture.clock import zone_info
from nurture.model import NewEvent, Person
from nurture.scheduler import who_else

NURTURE = [sys.executable, "-c", "from nurture.cli.main import main; main()"]
JOURNEY = """
journey: hello
trigger: {event: signed_up}
steps:
  - email: welcome/hello
    class: transactional   # so that the hour at which the test runs is no quiet one
"""


@dataclass
class Workspace:
    """A workspace with one live journey, which greets who signs up."""

    folder: Path
    url: str

    def sign_up(self, person: str) -> None:
        runtime, now = open_runtime(self.folder), datetime.now(UTC)
        event = NewEvent(
            name="signed_up",
            person=Person(ref=person, email=f"{person}@example.com"),
            occurred_at=now,
            source="shop",
            source_id=person,
            payload={},
        )
        ingest.ingest(runtime.store, [event], now)
        runtime.close()

    def mails(self) -> list[str]:
        """To whom messages have gone, in order of name."""
        texts = [path.read_text(encoding="utf-8") for path in (self.folder / "outbox").glob("*.eml")]
        return sorted(re.findall(r"^To: .*?(\w+)@example\.com", text, re.MULTILINE)[0] for text in texts)

    def serves(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                return bool(json.load(answer)["database"] == "ok")
        except (urllib.error.URLError, OSError):
            return False


@pytest.fixture
def workspace(tmp_path: Path, database: str) -> Workspace:
    folder = tmp_path / "shop"
    init(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    settings = folder / "nurture.yaml"
    text = settings.read_text(encoding="utf-8")
    for old, new in (("127.0.0.1:8025", bind), ("sqlite:///nurture.db", database)):
        assert old in text
        text = text.replace(old, new)
    settings.write_text(text, encoding="utf-8")
    (folder / "journeys" / "hello.yaml").write_text(JOURNEY, encoding="utf-8")
    runtime = open_runtime(folder)
    publish.publish(runtime, publishable(folder, ["hello"]), datetime.now(UTC))
    runtime.close()
    return Workspace(folder, f"http://{bind}")


@dataclass
class Up:
    """A `nurture up` of its own, started somewhere else than in the workspace."""

    process: subprocess.Popen[str]
    log: Path

    def said(self, words: str) -> None:
        """Wait until it has said these words."""
        until(lambda: words in self.log.read_text() or self.process.poll() is not None, f"'{words}'")
        assert words in self.log.read_text()

    def end(self, by: signal.Signals) -> str:
        """What it has said in all, once it has ended."""
        self.process.send_signal(by)
        self.process.wait(60)
        return self.log.read_text()


@contextmanager
def up(workspace: Workspace, name: str) -> Iterator[Up]:
    elsewhere = workspace.folder.parent / name
    elsewhere.mkdir()
    log = elsewhere / "log"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"}
    environment["TZ"] = "Asia/Tokyo"  # the machine's clock, which is nobody's
    command = [*NURTURE, "up", "--every", "0.3", "--workspace", str(workspace.folder)]
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, cwd=elsewhere, stdout=output, stderr=subprocess.STDOUT, text=True, env=environment
        ) as process,
    ):
        try:
            yield Up(process, log)
        finally:
            process.kill()
    assert [path.name for path in elsewhere.iterdir()] == ["log"], "everything stands in the workspace"


def who_else_of(workspace: Workspace) -> str | None:
    runtime = open_runtime(workspace.folder)
    try:
        return who_else(runtime)
    finally:
        runtime.close()


def until(look: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not look():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def test_it_runs_the_journeys_serves_their_pages_and_ends_when_told_to(workspace: Workspace) -> None:
    workspace.sign_up("ana")
    with up(workspace, "first") as first:
        first.said(f"Journeys are running; links and pages are served at {workspace.url}.")
        until(lambda: workspace.mails() == ["ana"], "the mail")
        assert workspace.serves()
        said, wall = first.end(signal.SIGTERM), datetime.now(zone_info("America/Sao_Paulo"))
        assert first.process.returncode == 0, said
    assert said.rstrip().endswith("Stopped. What is due waits for the next `nurture up`.")
    assert "Traceback" not in said
    assert "ana@" not in said
    logged = re.findall(r"^(\d\d):(\d\d):\d\d deliver-messages: accepted 1$", said, re.MULTILINE)
    ago = [(wall.hour - int(hour)) * 60 + wall.minute - int(minute) for hour, minute in logged]
    assert [minutes % (24 * 60) < 5 for minutes in ago] == [True]
    assert not workspace.serves()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["is stopped", "is killed"])
def test_a_second_one_stands_by_and_takes_over_when_the_first(
    how: signal.Signals, workspace: Workspace
) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(up(workspace, "first"))
        first.said("Journeys are running")
        until(lambda: who_else_of(workspace), "the first poke")
        second = stack.enter_context(up(workspace, "second"))
        second.said(f"Another nurture runs this workspace (process {first.process.pid} on ")
        workspace.sign_up("ana")
        until(lambda: workspace.mails() == ["ana"], "the mail")
        first.said("deliver-messages: accepted 1")
        assert "deliver-messages" not in second.log.read_text()
        first.end(how)
        second.said("this one runs the journeys now")
        until(workspace.serves, "the pages, on the same port")
        workspace.sign_up("davi")
        until(lambda: workspace.mails() == ["ana", "davi"], "the mail")
        said = second.end(signal.SIGTERM)
        assert second.process.returncode == 0, said
        assert "deliver-messages: accepted 1" in said
        assert "Traceback" not in said


def test_another_workspace_on_the_same_port_is_told_so(workspace: Workspace) -> None:
    with socket.socket() as taken:
        host, _, port = workspace.url.removeprefix("http://").partition(":")
        taken.bind((host, int(port)))
        taken.listen()
        with up(workspace, "second") as second:
            second.process.wait(60)
            assert second.process.returncode == 1
            said = second.log.read_text()
    assert f"web.bind: can't listen on {host}:{port}" in said
    assert "Traceback" not in said
