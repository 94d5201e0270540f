"""A real Prefect server and its workers, in a home of their own, for one test session."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

BIN = Path(sys.executable).parent
T = TypeVar("T")


@dataclass
class Prefect:
    """A running server. `environment` is what its commands, its workers and their flows see."""

    home: Path
    url: str
    environment: dict[str, str]

    @cached_property
    def ready(self) -> bool:
        """True as soon as the server answers: it starts while other things are made ready."""
        return until(lambda: _answers(f"{self.url}/health"), "the Prefect server")

    def command(self, *arguments: str, folder: Path) -> str:
        """What `prefect ...` prints, run in `folder` by nobody at a terminal."""
        assert self.ready
        done = subprocess.run(
            [str(BIN / "prefect"), *arguments],
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"prefect {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def ask(self, path: str, **body: Any) -> list[dict[str, Any]]:
        """All that a filter of the server's API finds, such as `flow_runs/filter`."""
        found: list[dict[str, Any]] = []
        while True:
            page = self._post(path, {**body, "offset": len(found), "limit": 200})
            found += page
            if len(page) < 200:
                return found

    def _post(self, path: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        request = urllib.request.Request(
            f"{self.url}/{path}", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: list[dict[str, Any]] = json.load(answer)
            return found

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        """The runs of a deployment that have begun, oldest first."""
        return self.ask(
            "flow_runs/filter",
            sort="START_TIME_ASC",
            deployments={"name": {"any_": [deployment]}},
            flow_runs={"start_time": {"is_null_": False}},
        )

    def written(self) -> Iterator[tuple[Path, bytes]]:
        """Every file that server, workers and flows have written: the database, its journal, the logs."""
        for path in self.home.rglob("*"):
            if path.is_file():
                yield path, path.read_bytes()


def until(look: Callable[[], T], what: str, seconds: float = 300) -> T:
    """What `look` returns, as soon as it is something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.3)
    return found


@contextmanager
def running(home: Path) -> Iterator[Prefect]:
    """A server on a free port of loopback, its SQLite database in `home`; it may still be starting."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    own = {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    found = Prefect(home, url, {**inherited, **own, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"})
    home.mkdir(parents=True)
    with _process(found, "server", "server", "start", "--host", "127.0.0.1", "--port", str(port)):
        yield found


@contextmanager
def workers(prefect: Prefect, command: Sequence[str], *workspaces: Path) -> Iterator[None]:
    """A worker for each of `workspaces`, which its environment names, by `prefect ` and this command."""
    with ExitStack() as stack:
        for number, workspace in enumerate(workspaces):
            worker = Prefect(
                prefect.home, prefect.url, {**prefect.environment, "NURTURE_WORKSPACE": str(workspace)}
            )
            stack.enter_context(_process(worker, f"worker-{number}", *command))
        yield


@contextmanager
def _process(prefect: Prefect, name: str, *arguments: str) -> Iterator[None]:
    """A long-running `prefect ...` whose output goes to a file of `home`; its whole session ends with the block."""
    with (
        (prefect.home / f"{name}.log").open("wb") as log,
        subprocess.Popen(
            [str(BIN / "prefect"), *arguments],
            cwd=prefect.home,
            env=prefect.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
