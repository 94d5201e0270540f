"""The web application of a workspace, as `nurture up` serves it: `python -m benchmarks.webserver FOLDER` prints its
address and serves until its standard input ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.crowd import NOW
from nurture.app.opening import open_runtime
from nurture.web.app import create_app
from nurture.web.server import Server


def main(folder: str) -> None:
    runtime = open_runtime(Path(folder), lambda: NOW)
    with Server(create_app(runtime), "127.0.0.1:0") as server:
        print(server.url, flush=True)
        sys.stdin.read()
    runtime.close()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of an application in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.webserver", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()


if __name__ == "__main__":
    main(sys.argv[1])
