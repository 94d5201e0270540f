"""Somebody at the terminal: the real command, what it prints, and what a person would mind about it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.support import commands

COMMAND = str(Path(sys.executable).parent / "nurture")
WIDTH = 80
PATIENCE = 60.0  # seconds until something that should happen by itself is given up
_T = TypeVar("_T")


class Operator:
    """Runs `nurture` in a folder, each command in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str, status: int = 0, typed: str = "") -> str:
        """What `nurture WORDS` prints. The exit status must be `status`, and no line wider than a terminal."""
        done = commands.nurture(words, self.folder, _environment(), typed)
        said = done.said
        assert done.status == status, f"nurture {' '.join(words)}: exit status {done.status}\n{said}"
        assert "Traceback" not in said, said
        if not {"--json", "json", "--rows"} & set(words):  # those are for programs
            wide = _too_wide(said)
            assert not wide, f"nurture {' '.join(words)}: wider than {WIDTH} columns: {wide}"
        return said

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """`nurture WORDS` in the background until the block ends; then it is told to stop, and must."""
        process = subprocess.Popen(
            [COMMAND, *words],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=_environment(),
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            assert "running" in first, first + (process.stderr.read() if process.stderr else "")
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                said = "".join(process.communicate(timeout=20))
            except subprocess.TimeoutExpired:
                process.kill()
                said = "".join(process.communicate())
        assert process.returncode == 0, said
        assert "Traceback" not in said, said


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NURTURE_")}
    return kept | {"NO_COLOR": "1", "COLUMNS": str(WIDTH), "LC_ALL": "C.UTF-8"}


def _too_wide(said: str) -> list[str]:
    """Lines that would break, but for excerpts and hints of files, which are as wide as what was written."""
    lines = said.splitlines()
    return [line for line in lines if len(line) > WIDTH and not re.match(r" *\d* \| |\S+:\d+:\d+: ", line)]


def until(look: Callable[[], _T], enough: Callable[[_T], bool] = bool) -> _T:
    """What `look` sees as soon as it is enough; fails when patience is at its end."""
    given_up = time.monotonic() + PATIENCE
    while not enough(seen := look()):
        assert time.monotonic() < given_up, f"waited {PATIENCE:.0f} s in vain; last seen: {seen}"
        time.sleep(0.05)
    return seen
